"""A task that asks a question between the load and its first reader, so that nobody waits for the first run.

It saves no credits: the run is the same whoever waits for it, and one that no reader follows is wasted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from advisor import cost
from advisor.account import Account
from advisor.cost import DAYS_PER_MONTH
from advisor.errors import InputError
from advisor.figures import between, number, seconds
from advisor.model import (
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    QueryTemplate,
    Range,
    ReadTemplate,
    Recommendation,
    Rejection,
    Repeats,
    Service,
    Target,
)
from advisor.quoting import identifier
from advisor.recommenders.result_cache.shared import CODE, by_template, details
from advisor.reuse import texts
from advisor.reuse.misses import Missed, changes_of, never_served
from advisor.reuse.replay import Miss
from advisor.reuse.warming import Warming, warming
from advisor.settings import Settings
from advisor.terms import evidence, identity, monthly, short_window

LEAST_BILLED_SECONDS = 60  # what each start of a warehouse is billed at least
WARNINGS = (
    "Snowflake marks no cached result, and a reader whose session sets a time zone or a format of its own asks another question: see by the "
    "checks whether the day's first reader is answered from the cache.",
    "When a load ends is known to the hour: where one runs late, the task asks too soon and nobody is spared. A task AFTER the load's "
    "own is surer where the load is a task.",
    "It saves no credits; it only pays by the value of a second that you set.",
)


def of_loads(
    found: Sequence[Missed], reads: Mapping[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> dict[str, Proposal | Rejection]:
    """By fingerprint, for questions whose runs after a load take long and could be had before their readers come."""
    questions: defaultdict[str, defaultdict[str, list[Repeats]]] = defaultdict(lambda: defaultdict(list))
    for day in account.workload.repeats or ():
        questions[day.fingerprint][day.question].append(day)
    outcomes = {}
    for each in by_template(found, Miss.CHANGED, least):
        read, asked = reads[each.fingerprint], list(questions[each.fingerprint].values())
        changes = changes_of(read, account)
        if len(asked) != 1 or changes is None or never_served(read, account.catalog):
            continue
        if not _one_text(read, asked[0]) or not _open_to_all(read, account):
            continue
        when = warming(asked[0], changes)
        if when is not None:
            outcomes[each.fingerprint] = _outcome(when, read, account, settings)
    return outcomes


def _one_text(read: ReadTemplate, days: Sequence[Repeats]) -> bool:
    """Asked to the letter alike by one role, in a text that a task can hold: one statement that ends as it is written."""
    template, found = read.template, texts.tokens(read.template.text)
    alike = all(sample.text == template.text for sample in template.samples)
    plain = bool(found) and found[-1].end == len(template.text) and not any(token.text == ";" for token in found)
    fixed = not texts.asks_moment(template.text)
    return alike and plain and fixed and all(day.texts == 1 and day.roles == 1 for day in days)


def _open_to_all(read: ReadTemplate, account: Account) -> bool:
    """No policy makes the answer another's; and its names mean the same in the task's schema."""
    tables = [account.catalog.tables[name] for name in read.reading.scans]
    try:
        named = bool(identifier(read.template.database or "") and identifier(read.template.schema or ""))
    except InputError:
        return False
    return named and not any(table.row_policy or table.masked for table in tables)


@dataclass(frozen=True)
class _Figures:
    """A month's."""

    runs: float
    spared: float
    waited_seconds: float
    credits: Range
    """What asking first takes beyond the runs that it spares."""


def _figures(when: Warming, template: QueryTemplate, account: Account, settings: Settings) -> _Figures:
    """At the low end each spared run pays for one; at the high end none does, and each starts a warehouse."""
    runs, spared = when.runs(DAYS_PER_MONTH), when.spared * monthly(account.workload)
    each = when.ms_each / 1000
    per_second = cost.rate(template, settings) / 3600
    wasted = max(0.0, runs - spared) * each
    most = max(runs * max(each, LEAST_BILLED_SECONDS), wasted)
    return _Figures(runs, spared, spared * each, Range(wasted, (wasted + most) / 2, most).scaled(per_second))


def _outcome(when: Warming, read: ReadTemplate, account: Account, settings: Settings) -> Proposal | Rejection:
    figures = _figures(when, read.template, account, settings)
    worth = figures.waited_seconds * settings.credits_per_second_saved
    benefit = Range(worth / 2, worth, worth)
    net = benefit - figures.credits
    brief: dict[str, object] = {"tables": sorted({str(name) for name in read.reading.scans}), "cause": "load"}
    target = Target("query", read.template.fingerprint)
    if net.expected <= settings.min_net_credits_per_month:
        even = figures.credits.expected / figures.waited_seconds
        why = (
            f"{number(figures.spared)} runs a month follow a load and make their reader wait, {seconds(figures.waited_seconds)} in all. A task "
            f"at {_clock(when)}, after the load and before the first reader, would spare them that for {between(figures.credits)} credits a "
            f"month and save none. It pays where a second is worth more than {number(even)} credits (credits_per_second_saved)."
        )
        return Rejection(CODE, target, brief, why)
    recommendation = _recommend(when, figures, benefit, net, brief, read, account, settings)
    service = Service(read.template.fingerprint, None, benefit)
    return Proposal(recommendation, None, f"asking {read.template.fingerprint} first", brief, (service,))


def _clock(when: Warming) -> str:
    return f"{when.hour:02d}:30 UTC"


def _recommend(
    when: Warming,
    figures: _Figures,
    benefit: Range,
    net: Range,
    brief: Mapping[str, object],
    read: ReadTemplate,
    account: Account,
    settings: Settings,
) -> Recommendation:
    template, waited = read.template, figures.waited_seconds
    spent = template.execution_ms.total * monthly(account.workload) / 1000
    return Recommendation(
        id=identity(CODE, template.fingerprint, "load"),
        kind=CODE,
        action="create",
        target=Target("query", template.fingerprint),
        title=f"Ask query {template.fingerprint} at {_clock(when)}, after the load and before its first reader",
        reason=(
            f"{number(figures.spared)} of its runs a month follow a load and make their reader wait, {seconds(waited)} in all, which you value "
            f"at {number(settings.credits_per_second_saved)} credits a second. A task that asks the same text first leaves the answer in the "
            f"cache; it runs {number(figures.runs)} times a month and takes {between(figures.credits)} credits. Net: {between(net)}."
        ),
        details={**brief, **details([template], account, settings), **_task(when, figures, read, settings)},
        benefit=Benefit(execution_seconds=Change(spent, Range(spent - waited, spent - waited, spent)), credits=benefit),
        cost=Cost(ZERO, figures.credits),
        net_credits_per_month=net,
        confidence="low",
        grade=Grade.ESTIMATED,
        templates=evidence([template]),
        edition="standard",
        privileges=(
            f"CREATE TASK on schema {template.database}.{template.schema}",
            "EXECUTE TASK on the account",
            f"USAGE on warehouse {settings.refresh_warehouse}",
            "SELECT on its tables",
        ),
        warnings=(*WARNINGS, *short_window(account.workload, settings)),
    )


def _task(when: Warming, figures: _Figures, read: ReadTemplate, settings: Settings) -> dict[str, object]:
    template = read.template
    schedule = f"USING CRON 30 {when.hour} * * {','.join(map(str, when.weekdays))} UTC"
    return {
        "database": template.database,
        "schema": template.schema,
        "task": f"WARM_{template.fingerprint.upper()}",
        "schedule": schedule,
        "mark": f"Warms the result cache ({sha256(f'{schedule}: {template.text}'.encode()).hexdigest()[:16]})",
        "warehouse": settings.refresh_warehouse,
        "query": template.text,
        "runs_per_month": figures.runs,
        "reads": [[name.database, name.schema, name.name] for name in sorted(set(read.reading.scans))],
    }
