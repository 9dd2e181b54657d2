"""Repeats that ran again and for which no change is advised: counted, with the reason; and those that can't be judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from advisor.account import Account
from advisor.figures import number, seconds
from advisor.model import ReadTemplate, Rejection, Target
from advisor.recommenders.result_cache.shared import CODE, by_template
from advisor.reuse.misses import Missed, unjudged
from advisor.reuse.replay import Miss
from advisor.settings import Settings
from advisor.terms import monthly

WITHOUT_REMEDY = {
    Miss.CHANGED: "followed a write to its tables, so that they had to run: running it right after the load moves the wait and saves no credits",
    Miss.EXPIRED: "came more than 24 hours after the last answer, which is as long as Snowflake keeps one",
    Miss.ROLE: "were asked under another role than the last, which needs a run of its own where a policy depends on the role",
    Miss.PLATFORM: "read a hybrid or an external table or call a function such as RANDOM, whose results Snowflake does not reuse",
    Miss.UNEXPLAINED: "ran again although nothing that the history records had changed: a session's settings, or moved micro-partitions",
}


def without_remedy(
    found: Sequence[Missed],
    reads: dict[str, ReadTemplate],
    account: Account,
    settings: Settings,
    least: float,
    warmed: Collection[str],
) -> list[Rejection]:
    """`warmed`: fingerprints of which another sentence says what comes of the runs that follow a load."""
    heavy = [
        each
        for miss in WITHOUT_REMEDY
        for each in by_template(found, miss, least)
        if miss is not Miss.CHANGED or each.fingerprint not in warmed
    ]
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


def not_judged(account: Account, least: float) -> list[Rejection]:
    """Repeats of which it isn't known whether their data had changed; all that may be some, where nothing tells them."""
    executions, ms, reasons = unjudged(account)
    month = monthly(account.workload)
    if account.workload.repeats is None:
        again = [t for t in account.workload.templates if t.kind == "SELECT" and t.executions > 1]
        executions, ms = sum(t.executions for t in again), sum(t.execution_ms.total for t in again)
        why = (
            f"Whether the result cache could have answered more is not known: {account.workload.repeats_unknown}. Without it nothing is advised of "
            f"the {number(executions * month)} executions a month ({seconds(ms * month / 1000)}) whose statements ran more than once."
        )
        return [] if ms < least else [_unknown(why)]
    if ms < least:
        return []
    why = (
        f"{number(executions * month)} executions a month ({seconds(ms * month / 1000)}) of questions that were asked again on the same day "
        f"are not judged: {'; '.join(reasons)}."
    )
    return [_unknown(why)]


def _unknown(why: str) -> Rejection:
    return Rejection(CODE, Target("account", "account"), {"tables": [], "cause": "unknown"}, why)
