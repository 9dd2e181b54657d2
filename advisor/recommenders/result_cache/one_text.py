"""One text for a question that is sent in many, or that asks for the present moment."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.account import Account
from advisor.figures import between, many, number, seconds
from advisor.model import ZERO, Benefit, Cost, Grade, Proposal, Range, ReadTemplate, Recommendation, Service, Target
from advisor.recommenders.result_cache.shared import (
    CODE,
    baseline,
    by_template,
    credits,
    details,
    policies,
    seconds_saved,
)
from advisor.reuse import texts
from advisor.reuse.misses import Missed
from advisor.reuse.replay import Miss
from advisor.settings import Settings
from advisor.terms import evidence, identity, monthly, short_window


def of_texts(
    found: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> list[Proposal]:
    proposals = []
    for each in by_template(found, Miss.TEXT, least):
        one, other = each.worst.two_texts or ("", "")
        wanted, instead_of = sorted((one, other), key=lambda text: (len(text), text))
        wanted = texts.uncommented(wanted)
        proposals.append(_text(each, each.ms, wanted, instead_of, reads[each.fingerprint], account, settings))
    for each in by_template(found, Miss.MOMENT, least):
        template = reads[each.fingerprint].template
        plain = texts.uncommented(template.text)
        by_day, by_hour = texts.day_text(plain), texts.hour_text(plain, each.worst.first)
        ms = each.ms if by_day is not None else each.same_hour_ms
        asked = by_day or by_hour
        if asked is not None and ms >= least:
            proposals.append(_text(each, ms, asked, template.text, reads[each.fingerprint], account, settings))
    return proposals


def _text(
    each: Missed, ms: float, wanted: str, instead_of: str, read: ReadTemplate, account: Account, settings: Settings
) -> Proposal:
    cause = "text" if each.miss is Miss.TEXT else "day" if texts.TODAY in wanted else "hour"
    saved = credits(ms, read.template, account, settings)
    target = Target("query", read.template.fingerprint)
    brief = {"tables": sorted({str(name) for name in read.reading.scans}), "cause": cause}
    recommendation = Recommendation(
        id=identity(CODE, read.template.fingerprint, cause),
        kind=CODE,
        action="rewrite",
        target=target,
        title=TITLES[cause].format(read.template.fingerprint),
        reason=_reason(each, ms, cause, saved, account),
        details={
            **brief,
            **details([read.template], account, settings),
            "rewrites": [{"fingerprint": read.template.fingerprint, "query": wanted}],
            "instead_of": instead_of,
        },
        benefit=Benefit(execution_seconds=seconds_saved(ms, [read.template], account), credits=saved),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=saved,
        confidence="low" if cause == "hour" or account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=evidence([read.template]),
        edition="standard",
        privileges=("a change of the text where the query is written",),
        warnings=(*WARNINGS[cause], *policies(read.reading.scans, account), *short_window(account.workload, settings)),
    )
    service = Service(read.template.fingerprint, None, saved)
    return Proposal(recommendation, None, f"one text for {read.template.fingerprint}", brief, (service,))


TITLES = {
    "text": "Send query {} in one text",
    "day": "Ask query {} by day instead of by moment",
    "hour": "Ask query {} by hour instead of by moment",
}
WARNINGS = {
    "text": (
        "Snowflake marks no cached result: that the text is the reason is likely, not certain.",
        "What the comments or the letter case were for goes elsewhere: a request's number into QUERY_TAG.",
    ),
    "day": ("CURRENT_DATE gives a date where the text had a timestamp: compare both results before it is changed.",),
    "hour": (
        "Answers are then up to an hour old: the client sends the hour as a constant, cut in its own code, since DATE_TRUNC of "
        "CURRENT_TIMESTAMP isn't reused either.",
        "Compare both results before it is changed.",
    ),
}


def _reason(each: Missed, ms: float, cause: str, saved: Range, account: Account) -> str:
    month = monthly(account.workload)
    why = {
        "text": f"its text differed in case, blanks or comments ({many(each.worst.texts, 'text')} on {each.worst.day:%Y-%m-%d})",
        "day": "its text asks for the moment where it needs the day",
        "hour": "its text asks for the moment; by the hour it would be the same question",
    }[cause]
    return (
        f"It was asked again {number(each.executions * month)} times a month while nothing had changed, and ran each time, likely because "
        f"{why}. That takes {seconds(ms * month / 1000)} a month: {between(saved)} credits. {baseline(account)}"
    )
