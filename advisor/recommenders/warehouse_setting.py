"""Warehouse settings: only what the same history proves.

What it finds
-------------
Warehouses that are billed while nothing runs for longer than a shorter AUTO_SUSPEND would let them, from the gaps between their
own queries beside the credits that were attributed to none; and, told without a change, warehouses that spill to remote storage or
queue.

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
Whether a larger warehouse would spill less for less money the history doesn't show unless it ran on one, so that is said and not
advised. Where queries or credits aren't recorded by warehouse, nothing is said.

References
----------
docs.snowflake.com: Warehouse considerations (auto-suspension); WAREHOUSE_METERING_HISTORY (idle is what is attributed to no query).
"""

from __future__ import annotations

from advisor import cost
from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import between, number, percent, seconds, size
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
    return Proposed(tuple(proposals), tuple(rejections), len(proposals) + len(rejections))


def _suspended_sooner(load: WarehouseLoad, account: Account, settings: Settings) -> Proposal | Rejection | None:
    """None where it is not known or not worth a word."""
    billed = (account.facts.warehouses or {}).get(load.name)
    if billed is None or billed.attributed is None or not load.idle:
        return None
    idle = billed.compute - billed.attributed
    if idle < settings.min_idle_share * billed.compute:
        return None
    if normal_size(load.size) == "ADAPTIVE":
        return _reject(
            load, "auto_suspend", "It is an adaptive warehouse, billed by the query: nothing is saved by suspending it."
        )
    rate = settings.price(load.size) / SECONDS_PER_HOUR
    saved = {after: idle - waited * rate for after, waited, _ in load.idle}
    best = max(saved.values())
    if best < settings.min_idle_share * billed.compute:
        return _reject(load, "auto_suspend", _needed(load, idle, billed))
    after = max(each for each, credits in saved.items() if credits >= best * AS_GOOD)
    try:
        identifier(load.name)
    except InputError:
        return _reject(load, "auto_suspend", "Its name can't be written as SQL: look at the snapshot's rows of it.")
    restarts = next(count for each, _, count in load.idle if each == after)
    least = saved[after] - restarts * LEAST_BILLED * rate
    month = monthly(account.workload)
    credits = Range(max(0.0, least) * month, (max(0.0, least) + saved[after]) / 2 * month, saved[after] * month)
    return _proposal(load, billed, after, restarts, credits, account, settings)


def _needed(load: WarehouseLoad, idle: float, billed: WarehouseCredits) -> str:
    return (
        f"{number(idle)} of its {number(billed.compute)} credits were attributed to no query, but its gaps are so short that suspending it sooner "
        f"would not have saved {percent(idle / billed.compute / 2)} of them."
    )


def _proposal(
    load: WarehouseLoad,
    billed: WarehouseCredits,
    after: int,
    restarts: int,
    credits: Range,
    account: Account,
    settings: Settings,
) -> Proposal:
    workload = account.workload
    idle = billed.compute - (billed.attributed or 0.0)
    brief: dict[str, object] = {"tables": [], "setting": "auto_suspend"}
    recommendation = Recommendation(
        id=identity(CODE, load.name, "auto_suspend"),
        kind=CODE,
        action="change",
        target=Target("warehouse", load.name),
        title=f"Suspend warehouse {load.name} after {after} seconds without a query",
        reason=(
            f"It was billed {number(billed.compute)} credits in {number(workload.days)} days, {number(idle)} of them ({percent(idle / billed.compute)}) for no "
            f"query. With AUTO_SUSPEND = {after} the gaps between its own queries would have cost "
            f"{number(idle - credits.high / monthly(workload))}, and it would have been suspended {restarts:,} times. That saves "
            f"{between(credits)} credits a month."
        ),
        details={
            **brief,
            "auto_suspend_seconds": after,
            "suspensions_per_month": restarts * monthly(workload),
            "idle_credits_per_month": idle * monthly(workload),
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
            "Each start is billed for 60 seconds at least: the low end of the range takes that for every one.",
            *short_window(workload, settings),
        ),
    )
    return Proposal(recommendation, None, f"suspending {load.name} sooner", brief, (), None, credits)


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
    return found


def _reject(load: WarehouseLoad, setting: str, reason: str) -> Rejection:
    return Rejection(CODE, Target("warehouse", load.name), {"tables": [], "setting": setting}, reason)
