"""Dynamic tables in force that nothing reads: each refresh of such a one is for nobody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.account import Account
from advisor.cost import MS_PER_HOUR
from advisor.errors import InputError
from advisor.figures import between, count, number
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    Maker,
    Proposal,
    Range,
    Recommendation,
    Refreshes,
    Rejection,
    Table,
    TableName,
    Target,
)
from advisor.quoting import qualified
from advisor.settings import Settings
from advisor.terms import identity, monthly, short_window, valid_until
from advisor.unread import last_scan, unread

CODE = "dynamic_table"

FEWEST = 10  # refreshes in the window; fewer tell too little of what they take
SURE_SHARE = 0.5  # of the refreshes' time, at least so much is saved: a warehouse that runs anyway is billed anyway
WARNINGS = (
    "It may be there for an audit, a stream or a share: ask its owner. Reads of other accounts aren't recorded here.",
    "Dynamic tables that read it would be suspended with it; each of their refreshes would have been recorded as a scan of it.",
    "Its rows stand still from then on. Suspended for longer than its sources' Time Travel reaches back, it must be built anew to go on.",
    "The low end of the range takes half of the refreshes' time to be on a warehouse that runs anyway.",
)


def dynamic_tables(account: Account, settings: Settings) -> tuple[tuple[Proposal, ...], tuple[Rejection, ...]]:
    """Those to suspend, and those whose refreshes' price isn't known; silent where it isn't known who reads one."""
    proposals, rejections = [], []
    for name, refreshes in sorted(account.facts.refreshed.items()):
        table, done = account.catalog.tables.get(name), sum(each.count for each in refreshes)
        if table is None or "dynamic" not in table.traits or done < FEWEST:
            continue
        if not _left_alone(table, account, settings):
            continue
        spent = _spent(refreshes, settings)
        if spent is None:
            rejections.append(_unpriced(name, done, account))
        elif spent.credits * SURE_SHARE * monthly(account.workload) > settings.min_net_credits_per_month:
            proposals.append(_suspend(table, done, spent, account, settings))
    return tuple(proposals), tuple(rejections)


def _left_alone(table: Table, account: Account, settings: Settings) -> bool:
    """Nothing is defined over it and nothing scans it, another dynamic table's refresh or its own included."""
    over = account.facts.defined_over
    try:
        qualified(table.name)
    except InputError:
        return False
    return over is not None and table.name not in over and unread(table, account, settings)


@dataclass(frozen=True)
class _Spent:
    """Over the window."""

    credits: float
    priced: int
    """Refreshes whose time and warehouse are known."""


def _spent(refreshes: Sequence[Refreshes], settings: Settings) -> _Spent | None:
    """None where the time or the warehouse of no refresh is known."""
    priced = [(each, each.ms) for each in refreshes if each.ms is not None and each.size is not None]
    if not priced:
        return None
    credits = math.fsum(ms / MS_PER_HOUR * settings.price(each.size) for each, ms in priced)
    return _Spent(credits, sum(each.count for each, _ in priced))


def _unpriced(name: TableName, done: int, account: Account) -> Rejection:
    why = (
        f"Nothing reads it, and it was refreshed {count(done)} times in {number(account.workload.days)} days. What that takes is unknown: the history "
        f"holds no query of these refreshes, so that suspending it is not advised by figures. See QUERY_ATTRIBUTION_HISTORY by their query_id."
    )
    return Rejection(CODE, Target.table(name), {"tables": [str(name)], "cause": "unread"}, why)


def _suspend(table: Table, done: int, spent: _Spent, account: Account, settings: Settings) -> Proposal:
    name, month = table.name, monthly(account.workload)
    net = Range(spent.credits * SURE_SHARE, spent.credits, spent.credits).scaled(month)
    brief: dict[str, object] = {"tables": [str(name)], "cause": "unread"}
    some = (
        ""
        if spent.priced == done
        else f"; {count(done - spent.priced)} of them are not priced, since their query is not recorded"
    )
    recommendation = Recommendation(
        id=identity(CODE, str(name), "unread"),
        kind=CODE,
        action="disable",
        target=Target.table(name),
        title=f"Suspend the dynamic table {name}, which nothing reads",
        reason=(
            f"{last_scan(table, account)}, its own refreshes included, and no view is defined over it. Its {count(done)} refreshes that had something to do ran for {number(spent.credits)} credits of "
            f"warehouse time in {number(account.workload.days)} days{some}. Suspended it keeps its rows and is refreshed no more: that saves "
            f"{between(net)} credits a month."
        ),
        details={
            **brief,
            "refreshes_per_month": done * month,
            "hashes": [],
            "valid_until": valid_until(account.workload, settings),
        },
        benefit=Benefit(credits=net),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=net,
        confidence="low" if account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=(f"OWNERSHIP or OPERATE on dynamic table {name}",),
        warnings=(*WARNINGS, *_of_dbt(name, account), *short_window(account.workload, settings)),
    )
    return Proposal(recommendation, None, f"suspending {name}", brief, (), None, net)


def _of_dbt(name: TableName, account: Account) -> tuple[str, ...]:
    owner = account.owners.get(name)
    if owner is None or (owner.maker is not Maker.DBT and owner.model is None):
        return ()
    node = owner.model.node if owner.model is not None and owner.model.node else "a model"
    return (f"dbt's {node} defines it: take it out of the project as well, or its next run may bring it back.",)
