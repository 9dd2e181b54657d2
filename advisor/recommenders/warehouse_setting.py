"""Warehouse settings: only what the same history proves.

What it finds
-------------
Warehouses that are billed while nothing runs for longer than a shorter AUTO_SUSPEND would let them, from the gaps between their
own queries beside the credits that were attributed to none, and from the setting in force where SHOW WAREHOUSES tells
it. Told without a change: warehouses that spill to remote storage or queue, queries that ran until their statement
timeout, and templates of which a few executions run for hours where half take next to nothing.

Why it matters
--------------
A running warehouse is billed whether it works or not. With ten minutes of AUTO_SUSPEND and a query every nine it never stops.

Example
-------
LOAD_WH was billed 310 credits in four weeks, 190 of them for nothing. With AUTO_SUSPEND = 60 its gaps would have cost 12. Advice:
that setting; it saves up to 178 credits.

When not to
-----------
What a suspended warehouse forgets is its cache of table data: of the settings that save nearly the same, the longest is taken.
Nothing is advised that is no shorter than the setting in force, or that would suspend a warehouse less often than it is today.
Whether a larger warehouse would spill less for less money the history doesn't show unless it ran on one, so that is said and not
advised; nor is a statement timeout, since nothing tells a runaway from a question that needs its hours. Where queries or credits
aren't recorded by warehouse, nothing is said.

References
----------
docs.snowflake.com: Warehouse considerations (auto-suspension); SHOW WAREHOUSES; WAREHOUSE_METERING_HISTORY (idle is what is
attributed to no query); WAREHOUSE_EVENTS_HISTORY.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor import cost
from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import between, duration, many, number, percent, seconds, size
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    Proposal,
    Proposed,
    Range,
    Recommendation,
    Rejection,
    Target,
    WarehouseCredits,
    WarehouseLoad,
)
from advisor.quoting import identifier
from advisor.settings import Settings, normal_size
from advisor.terms import identity, monthly, short_window, valid_until

CODE = "warehouse_setting"

AS_GOOD = 0.8  # the share of the best setting's saving that a longer one must keep to be preferred
SECONDS_PER_HOUR = 3600
LEAST_BILLED = 60  # seconds that each start is billed at least
AS_OFTEN = 1.1  # a setting that would suspend it so many times less often than today is no shorter than today's
RUNAWAY_MS = 3_600_000.0
RUNAWAY_RATIO = 50  # of the median: times that differ so much are seldom those of one question


def propose(account: Account, settings: Settings) -> Proposed:
    """At most one change for each warehouse, and what is told of it."""
    proposals: list[Proposal] = []
    rejections: list[Rejection] = []
    for load in account.workload.loads:
        outcome = _suspended_sooner(load, account, settings)
        if isinstance(outcome, Proposal):
            proposals.append(outcome)
        rejections += [outcome] if isinstance(outcome, Rejection) else []
        rejections += _told(load, account, settings)
    rejections += _runaways(account)[: settings.near_misses_kept]
    return Proposed(tuple(proposals), tuple(rejections), len(proposals) + len(rejections))


@dataclass(frozen=True)
class _Idle:
    """A warehouse that is billed for nothing, and what is known of its suspensions."""

    load: WarehouseLoad
    billed: WarehouseCredits
    credits: float
    """Attributed to no query."""
    in_force: int | None
    """AUTO_SUSPEND in seconds, 0 for never; None where it isn't known."""
    suspended: int | None
    """Times over the window; None where nothing records them."""

    def shorter(self) -> tuple[tuple[int, float, int], ...]:
        """Of the settings that are tried those that would surely suspend it sooner than today."""
        return tuple(
            each
            for each in self.load.idle
            if (not self.in_force or each[0] < self.in_force)
            and (self.suspended is None or self.suspended <= each[2] * AS_OFTEN)
        )


def _suspended_sooner(load: WarehouseLoad, account: Account, settings: Settings) -> Proposal | Rejection | None:
    """None where it is not known or not worth a word."""
    facts = account.facts
    billed = (facts.warehouses or {}).get(load.name)
    if billed is None or billed.attributed is None or not load.idle:
        return None
    suspended = None if facts.suspensions is None else facts.suspensions.get(load.name, 0)
    idle = _Idle(load, billed, billed.compute - billed.attributed, facts.auto_suspends.get(load.name), suspended)
    if idle.credits <= 0 or idle.credits < settings.min_idle_share * billed.compute:
        return None
    if normal_size(load.size) == "ADAPTIVE":
        return _reject(
            load, "auto_suspend", "It is an adaptive warehouse, billed by the query: nothing is saved by suspending it."
        )
    shorter = idle.shorter()
    if not shorter:
        return _reject(load, "auto_suspend", _soon_already(idle))
    rate = settings.price(load.size) / SECONDS_PER_HOUR
    saved = {after: idle.credits - waited * rate for after, waited, _ in shorter}
    best = max(saved.values())
    if best < settings.min_idle_share * billed.compute:
        return _reject(load, "auto_suspend", _needed(idle))
    after = max(each for each, credits in saved.items() if credits >= best * AS_GOOD)
    try:
        identifier(load.name)
    except InputError:
        return _reject(load, "auto_suspend", "Its name can't be written as SQL: look at the snapshot's rows of it.")
    restarts = next(count for each, _, count in shorter if each == after)
    least = saved[after] - max(0, restarts - (suspended or 0)) * LEAST_BILLED * rate
    month = monthly(account.workload)
    credits = Range(max(0.0, least) * month, (max(0.0, least) + saved[after]) / 2 * month, saved[after] * month)
    return _proposal(idle, after, restarts, credits, account, settings)


def _for_nothing(idle: _Idle) -> str:
    return f"{number(idle.credits)} of its {number(idle.billed.compute)} credits were attributed to no query, but"


def _needed(idle: _Idle) -> str:
    return (
        f"{_for_nothing(idle)} its gaps are so short that suspending it sooner would not have saved "
        f"{percent(idle.credits / idle.billed.compute / 2)} of them."
    )


def _soon_already(idle: _Idle) -> str:
    shortest, _, stops = min(idle.load.idle)
    if idle.in_force and idle.in_force <= shortest:
        how = f"AUTO_SUSPEND = {idle.in_force} is in force, which may have been set since"
    else:
        how = f"it was suspended {many(idle.suspended or 0, 'time')}, more often than AUTO_SUSPEND = {shortest} would ({stops:,})"
    return f"{_for_nothing(idle)} {how}: no shorter setting is advised."


def _today(idle: _Idle) -> str:
    """What is known of today, as a sentence that follows another."""
    setting = {None: "", 0: " Nothing suspends it today."}.get(
        idle.in_force, f" Today's AUTO_SUSPEND is {idle.in_force}."
    )
    return (
        setting
        if idle.suspended is None
        else f"{setting} It was suspended {many(idle.suspended, 'time')} in that time."
    )


def _proposal(idle: _Idle, after: int, restarts: int, credits: Range, account: Account, settings: Settings) -> Proposal:
    workload, load, billed = account.workload, idle.load, idle.billed
    brief: dict[str, object] = {"tables": [], "setting": "auto_suspend"}
    recommendation = Recommendation(
        id=identity(CODE, load.name, "auto_suspend"),
        kind=CODE,
        action="change",
        target=Target("warehouse", load.name),
        title=f"Suspend warehouse {load.name} after {after} seconds without a query{_instead(idle)}",
        reason=(
            f"It was billed {number(billed.compute)} credits in {number(workload.days)} days, {number(idle.credits)} of them "
            f"({percent(idle.credits / billed.compute)}) for no query.{_today(idle)} With AUTO_SUSPEND = {after} the gaps between its own queries "
            f"would have cost {number(idle.credits - credits.high / monthly(workload))}, and it would have been suspended {restarts:,} times. "
            f"That saves {between(credits)} credits a month."
        ),
        details={
            **brief,
            "auto_suspend_seconds": after,
            "auto_suspend_today": idle.in_force,
            "suspensions_per_month": restarts * monthly(workload),
            "idle_credits_per_month": idle.credits * monthly(workload),
            "hashes": [],
            "valid_until": valid_until(workload, settings),
        },
        benefit=Benefit(credits=credits),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=credits,
        confidence="low" if workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=(f"MODIFY on warehouse {load.name}",),
        warnings=(
            "A suspended warehouse loses its cache of table data: the first queries after a start read from storage again.",
            "Each start is billed for 60 seconds at least: the low end of the range takes that for every one that is not recorded today.",
            *(UNKNOWN if idle.in_force is None else ()),
            *short_window(workload, settings),
        ),
    )
    return Proposal(recommendation, None, f"suspending {load.name} sooner", brief, (), None, credits)


UNKNOWN = (
    "The AUTO_SUSPEND in force is not in the snapshot: the script shows it, and the statement to take the change back is yours to fill in.",
)


def _instead(idle: _Idle) -> str:
    return {None: "", 0: " instead of never"}.get(idle.in_force, f" instead of {idle.in_force}")


def _told(load: WarehouseLoad, account: Account, settings: Settings) -> list[Rejection]:
    month = monthly(account.workload)
    found = []
    spilled, queued = (load.remote_spill_bytes or 0) * month, (load.queued_ms or 0.0) / 1000 * month
    if spilled >= settings.min_spilled_gib * cost.GIB:
        why = (
            f"Its queries spill {size(spilled)} a month to remote storage. No run of the same queries on a larger warehouse is told apart in the "
            f"history, so whether one would cost less is not known: try the heaviest of them on the next size."
        )
        found.append(_reject(load, "size", why))
    if queued >= settings.min_queued_seconds:
        why = (
            f"Its queries wait {seconds(queued)} a month because it is full. More clusters (Enterprise edition) or another warehouse would end "
            f"that and save no credits."
        )
        found.append(_reject(load, "clusters", why))
    lost = (load.timed_out_ms or 0.0) / 1000 * month
    if lost >= settings.min_timed_out_seconds:
        why = (
            f"{number((load.timed_out or 0) * month)} of its queries a month run until their statement timeout ends them, {seconds(lost)} in all that "
            f"give no answer. Which they are QUERY_HISTORY tells by ERROR_CODE 630: whether they need less to do, or more time, the history "
            f"doesn't say."
        )
        found.append(_reject(load, "statement_timeout", why))
    return found


def _runaways(account: Account) -> list[Rejection]:
    """Templates whose slowest hundredth runs for hours, those that take most time first."""
    found = []
    for template in account.workload.templates:
        half, slowest = template.execution_ms.p50, template.execution_ms.p99
        if half is None or slowest is None or template.executions < 100:
            continue
        if slowest < RUNAWAY_MS or slowest < RUNAWAY_RATIO * half:
            continue
        why = (
            f"A hundredth of its {template.executions:,} executions take {duration(slowest)} or more, half of them {duration(half)} or less. No statement "
            f"timeout is advised: whether the few that take hours run away or have more to do, the history doesn't tell. Look at query "
            f"{template.example_query_id or 'of this template'} and its like first."
        )
        brief: dict[str, object] = {"tables": [], "setting": "statement_timeout"}
        found.append(Rejection(CODE, Target("query", template.fingerprint), brief, why))
    return found


def _reject(load: WarehouseLoad, setting: str, reason: str) -> Rejection:
    return Rejection(CODE, Target("warehouse", load.name), {"tables": [], "setting": setting}, reason)
