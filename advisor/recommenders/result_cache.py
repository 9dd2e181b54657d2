"""Result cache: let the answer that is there already be used.

What it finds
-------------
Questions that were asked again while their data stood still and yet ran again, by replaying the history hour by hour against
the tables' writes; and the likely reason: texts that differ in case, blanks or comments; CURRENT_TIMESTAMP and its kin; a user
for whom the cache seems off. Each comes with its time and the smallest change that would let the cache answer.

Why it matters
--------------
Snowflake keeps each result for a day, and answers the same text from it at once, without a warehouse. It compares texts to the
letter: a comment with a request's number makes every one of them a new question.

Example
-------
A dashboard asks `select ... /* req 4711 */` 600 times a day. Advice: put the number into QUERY_TAG and send one text; 580 of the
600 runs end.

When not to
-----------
Repeats that follow a write must run: they are counted, and said. A user that measures performance has the cache off for good
reason. What a session sets for itself, the history doesn't show: such reasons are called likely. Hybrid and external tables have
no reusable results. Where no history tells when tables were written, nothing is advised.

References
----------
docs.snowflake.com: Using Persisted Query Results; USE_CACHED_RESULT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from advisor import cost, texts
from advisor.account import Account
from advisor.estimate import MS_PER_HOUR
from advisor.figures import between, many, number, percent, seconds
from advisor.misses import Missed, missed
from advisor.model import (
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Proposed,
    QueryTemplate,
    Range,
    Recommendation,
    Rejection,
    Service,
    TableName,
    Target,
)
from advisor.questions import ReadTemplate
from advisor.replay import Miss
from advisor.settings import Settings
from advisor.terms import evidence, hashes, identity, monthly, short_window, valid_until

CODE = "result_cache"

SURE_SHARE = 0.5  # of the time that is told as saved, at least so much: a warehouse that runs anyway is billed anyway
WITHOUT_REMEDY = {
    Miss.CHANGED: "followed a write to its tables, so that they had to run: running it right after the load moves the wait and saves no credits",
    Miss.EXPIRED: "came more than 24 hours after the last answer, which is as long as Snowflake keeps one",
    Miss.ROLE: "were asked under another role than the last, which needs a run of its own where a policy depends on the role",
    Miss.PLATFORM: "read a hybrid or an external table or call a function such as RANDOM, whose results Snowflake does not reuse",
    Miss.UNEXPLAINED: "ran again although nothing that the history records had changed: a session's settings, or moved micro-partitions",
}


def propose(account: Account, settings: Settings) -> Proposed:
    """One change for each text, each call of the clock and each user that keeps answers from being reused."""
    found = missed(account)
    least = settings.min_repeat_seconds * 1000 / monthly(account.workload)
    reads = {read.template.fingerprint: read for read in account.templates}
    proposals = [
        *_of_texts(found, reads, account, settings, least),
        *_of_users(found, reads, account, settings, least),
    ]
    rejections = _without_remedy(found, reads, account, settings, least)
    return Proposed(tuple(proposals), tuple(rejections), len(proposals) + len(rejections))


def _by_template(found: Sequence[Missed], miss: Miss, least: float) -> list[Missed]:
    """What the reason took of each template, whoever asked; the heavy ones alone."""
    sums: dict[str, Missed] = {}
    for each in found:
        if each.miss is miss:
            sums[each.fingerprint] = sums[each.fingerprint].plus(each) if each.fingerprint in sums else each
    return [each for _, each in sorted(sums.items()) if each.ms >= least]


def _credits(ms: float, template: QueryTemplate, account: Account, settings: Settings) -> Range:
    """A month's credits of so many milliseconds in the window."""
    full = ms * monthly(account.workload) / MS_PER_HOUR * cost.rate(template, settings)
    return Range(full * SURE_SHARE, full, full)


# ---------------------------------------------------------------- texts


def _of_texts(
    found: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> list[Proposal]:
    proposals = []
    for each in _by_template(found, Miss.TEXT, least):
        one, other = each.worst.two_texts or ("", "")
        wanted, instead_of = sorted((one, other), key=lambda text: (len(text), text))
        proposals.append(_text(each, each.ms, wanted, instead_of, reads[each.fingerprint], account, settings))
    for each in _by_template(found, Miss.MOMENT, least):
        template = reads[each.fingerprint].template
        by_day = texts.day_text(template.text)
        by_hour = texts.hour_text(template.text, each.worst.first)
        ms = each.ms if by_day is not None else each.same_hour_ms
        asked = by_day or by_hour
        if asked is not None and ms >= least:
            proposals.append(_text(each, ms, asked, template.text, reads[each.fingerprint], account, settings))
    return proposals


def _text(
    each: Missed, ms: float, wanted: str, instead_of: str, read: ReadTemplate, account: Account, settings: Settings
) -> Proposal:
    cause = "text" if each.miss is Miss.TEXT else "day" if texts.TODAY in wanted else "hour"
    saved = _credits(ms, read.template, account, settings)
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
            **_details([read.template], account, settings),
            "rewrites": [{"fingerprint": read.template.fingerprint, "query": wanted}],
            "instead_of": instead_of,
        },
        benefit=Benefit(execution_seconds=_seconds(ms, [read.template], account), credits=saved),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=saved,
        confidence="low" if cause == "hour" or account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=evidence([read.template]),
        edition="standard",
        privileges=("a change of the text where the query is written",),
        warnings=(*WARNINGS[cause], *_policies(read.reading.scans, account), *short_window(account.workload, settings)),
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


def _policies(names: Sequence[TableName], account: Account) -> tuple[str, ...]:
    tables = [account.catalog.tables[name] for name in sorted(set(names))]
    held = [str(table.name) for table in tables if table.row_policy or table.masked]
    if not held:
        return ()
    return (
        f"{' and '.join(held)} {'has' if len(held) == 1 else 'have'} policies: what they hide may differ by user or role, so that whether one "
        f"answer serves another's question needs checking.",
    )


def _reason(each: Missed, ms: float, cause: str, saved: Range, account: Account) -> str:
    month = monthly(account.workload)
    why = {
        "text": f"its text differed in case, blanks or comments ({many(each.worst.texts, 'text')} on {each.worst.day:%Y-%m-%d})",
        "day": "its text asks for the moment where it needs the day",
        "hour": "its text asks for the moment; by the hour it would be the same question",
    }[cause]
    return (
        f"It was asked again {number(each.executions * month)} times a month while nothing had changed, and ran each time, likely because "
        f"{why}. That takes {seconds(ms * month / 1000)} a month: {between(saved)} credits. {_baseline(account)}"
    )


def _baseline(account: Account) -> str:
    rate = account.workload.result_cache_hit_rate
    return "" if rate is None else f"Today the cache answers {percent(rate)} of the account's queries."


def _seconds(ms: float, templates: Sequence[QueryTemplate], account: Account) -> Change:
    month = monthly(account.workload) / 1000
    spent = sum(template.execution_ms.total for template in templates) * month
    gone = min(spent, ms * month)
    return Change(spent, Range(spent - gone, spent - gone, spent - gone * SURE_SHARE))


def _details(templates: Sequence[QueryTemplate], account: Account, settings: Settings) -> dict[str, object]:
    return {
        "fingerprints": sorted(template.fingerprint for template in templates),
        "hit_rate": account.workload.result_cache_hit_rate,
        "valid_until": valid_until(account.workload, settings),
        "hashes": hashes(templates),
    }


# ---------------------------------------------------------------- users


def _of_users(
    found: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> list[Proposal]:
    users: defaultdict[str, list[Missed]] = defaultdict(list)
    for each in found:
        if each.miss is Miss.SETTING and each.user is not None:
            users[each.user].append(each)
    heavy = [(user, each) for user, each in sorted(users.items()) if sum(m.ms for m in each) >= least]
    enough = [(user, each) for user, each in heavy if sum(m.executions for m in each) >= settings.min_uncached_repeats]
    return [_user(user, each, reads, account, settings) for user, each in enough]


def _user(
    user: str, misses: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings
) -> Proposal:
    templates = [reads[each.fingerprint].template for each in misses]
    saved = [_credits(each.ms, t, account, settings) for each, t in zip(misses, templates, strict=True)]
    total, ms = sum(saved, ZERO), sum(each.ms for each in misses)
    tables = sorted({str(name) for each in misses for name in reads[each.fingerprint].reading.scans})
    brief = {"tables": tables, "cause": "setting"}
    month = monthly(account.workload)
    asked = sum(each.executions for each in misses)
    recommendation = Recommendation(
        id=identity(CODE, user, "setting"),
        kind=CODE,
        action="enable",
        target=Target("user", user),
        title=f"Turn the result cache on for user {user}",
        reason=(
            f"It asked the same texts again {number(asked * month)} times a month while nothing had changed, and none of its questions was "
            f"answered from the cache in {number(account.workload.days)} days: USE_CACHED_RESULT is likely off for it. That takes "
            f"{seconds(ms * month / 1000)} a month: {between(total)} credits. {_baseline(account)}"
        ),
        details={**brief, **_details(templates, account, settings)},
        benefit=Benefit(execution_seconds=_seconds(ms, templates, account), credits=total),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=total,
        confidence="low" if account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=evidence(templates),
        edition="standard",
        privileges=(f"OWNERSHIP on user {user}",),
        warnings=(
            "Where the application or its driver sets USE_CACHED_RESULT for its session, that wins: change it there. The check below tells.",
            "Users that measure performance have it off for good reason.",
            *_policies([name for each in misses for name in reads[each.fingerprint].reading.scans], account),
            *short_window(account.workload, settings),
        ),
    )
    services = tuple(Service(t.fingerprint, None, each) for t, each in zip(templates, saved, strict=True))
    return Proposal(recommendation, None, f"the result cache for {user}", brief, services)


# ---------------------------------------------------------------- no remedy


def _without_remedy(
    found: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> list[Rejection]:
    heavy = [each for miss in WITHOUT_REMEDY for each in _by_template(found, miss, least)]
    heavy.sort(key=lambda each: (-each.ms, each.fingerprint, each.miss))
    month = monthly(account.workload)
    return [
        Rejection(
            CODE,
            Target("query", each.fingerprint),
            {
                "tables": sorted({str(name) for name in reads[each.fingerprint].reading.scans}),
                "cause": each.miss.name.lower(),
            },
            f"{number(each.executions * month)} repeats a month ({seconds(each.ms * month / 1000)}) {WITHOUT_REMEDY[each.miss]}.",
        )
        for each in heavy[: settings.near_misses_kept]
    ]
