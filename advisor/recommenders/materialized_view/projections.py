"""Views of rows: the few that conditions leave which never change, or all of them in a second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from advisor.account import Account
from advisor.clustering import verdict
from advisor.figures import between, many, number, percent, some
from advisor.keys import render
from advisor.model import Proposed, Rejection
from advisor.profile import TableProfile
from advisor.recommenders.materialized_view.words import (
    REJECTED_EACH,
    Words,
    fault,
    obstacle,
    proposal,
    reject,
    view_name,
)
from advisor.settings import Settings
from advisor.stored_results import advice as said
from advisor.stored_results.asked import Asked
from advisor.stored_results.projections import Filtered, Ground, columns_of, filtered
from advisor.stored_results.second_orders import Ordered, ordered
from advisor.stored_results.served import Candidate, Refused

WIDE = 9
"""Columns from which a table is wide."""
CLEARLY = 1.25
"""So many times the net of the table's own best key must a copy in a second order bring: it is more to look after."""
FEW = 3
"""Its queries use few of them where they use no more than one in so many."""


def begin(
    profile: TableProfile, asked: Sequence[Asked], account: Account, settings: Settings
) -> Callable[[], Proposed]:
    """What proposes them once it is asked; the proofs that this takes are begun at once."""
    least = min(settings.stored_scan_share * profile.partitions, settings.stored_scan)
    worth = [one for one in asked if one.worth > settings.min_net_credits_per_month and one.before >= least]
    if not worth or not profile.table.rows or not profile.table.bytes:
        return lambda: Proposed((), (), 0)
    ground = Ground.of(profile, account, settings)
    views: list[tuple[Filtered | Ordered, list[Asked]]] = [*filtered(worth, ground), *ordered(worth, ground)]
    why = obstacle(profile)
    if why is not None:
        forbidden = (reject(profile, None, why),) if views else ()
        return lambda: Proposed((), forbidden, 0)
    if not views:
        return lambda: Proposed((), tuple(_narrow(worth, ground)), 0)
    settling = [(view, _settling(view, members, account)) for view, members in views]
    return lambda: _propose(settling, ground)


def _propose(settling: Sequence[tuple[Filtered | Ordered, Callable[[], said.Outcome]]], ground: Ground) -> Proposed:
    profile, account, settings = ground.profile, ground.account, ground.settings
    proposals, refused = [], []
    for view, settled in settling:
        outcome, fallen = settled()
        refused += fallen
        if outcome is not None:
            words = _ordered(outcome[0], view) if isinstance(view, Ordered) else _filtered(outcome[0], view)
            proposals.append(proposal(*outcome, words, profile, account, settings))
    refused.sort(key=lambda one: -one.worth)
    rejections = (reject(profile, one.kept, one.reason) for one in refused[:REJECTED_EACH])
    return Proposed(tuple(proposals), tuple(rejections), len(settling))


def _settling(view: Filtered | Ordered, members: Sequence[Asked], account: Account) -> Callable[[], said.Outcome]:
    judged = _judged(view, members)
    if isinstance(judged, Refused):
        return lambda: (None, [judged])
    return said.settling(judged, view, lambda c: fault(c, view.profile, view.settings), view_name, account)


def _judged(view: Filtered | Ordered, members: Sequence[Asked]) -> Candidate | Refused:
    judged = view.judge(members)
    if isinstance(judged, Candidate):
        gaining = [one for one, saved in zip(judged.members, judged.saved, strict=True) if saved.expected > 0]
        judged = view.judge(gaining) if 0 < len(gaining) < len(members) else judged
    if isinstance(judged, Refused):
        return judged
    why = _better_keyed(judged, view) if isinstance(view, Ordered) else None
    return judged if why is None else Refused(judged.members, judged.kept, why)


def _better_keyed(candidate: Candidate, view: Ordered) -> str | None:
    """Why a key of the table itself is to be preferred to a copy in a second order; None where the copy nets clearly more."""
    profile, settings = view.profile, view.settings
    if verdict.obstacle(profile, settings) is not None:
        return None
    found = view.account.keys(profile, settings)
    best = next((key for key in found if verdict.fault(key, profile, settings) is None), None)
    if best is None or candidate.net.expected > best.net.expected * CLEARLY:
        return None
    shown, both = ", ".join(map(render, best.key)), (number(best.net.expected), number(candidate.net.expected))
    return (
        f"The table's own key ({shown}) nets {both[0]} credits a month and needs no second copy, which would net {both[1]}: a copy must "
        f"bring clearly more."
    )


def _narrow(asked: Sequence[Asked], ground: Ground) -> list[Rejection]:
    """Why a view of the few columns that queries of a wide table use is none."""
    used, every = columns_of([one.block for one in asked], ground.name), len(ground.profile.table.columns)
    if every < WIDE or len(used) * FEW > every or len({one.fingerprint for one in asked}) < 2:
        return []
    why = (
        f"Its queries use {len(used)} of its {every} columns, but a view of those alone saves nothing: a micro-partition stores its "
        f"columns apart, and a scan reads those that it needs."
    )
    return [reject(ground.profile, None, why)]


# ---------------------------------------------------------------- in words


def _filtered(candidate: Candidate, view: Filtered) -> Words:
    columns, own = many(len(candidate.kept.keys), "column"), view.name
    return Words(
        f"Keep {columns} of the rows of {own} that its queries always ask for in a materialized view",
        "a materialized view of the rows that are always asked for",
        f"{said.asking(candidate, view.account)} for rows of {own} with the same conditions each time, reading {number(candidate.mean_read)} of "
        f"its {view.profile.partitions:,} micro-partitions; they leave {percent(view.share)} of its rows, as the history records. The "
        f"view holds these, {between(candidate.size.rows)} rows in {some(candidate.size.partitions, 'partition')}. {_credits(candidate)}",
        ("Rows that a condition lets through later make the view grow: what it saves holds for the share recorded.",),
    )


def _ordered(candidate: Candidate, view: Ordered) -> Words:
    kept, own = candidate.kept, view.name
    columns, key = many(len(kept.keys), "column"), ", ".join(kept.order)
    runs = sum(asked.monthly for asked in candidate.members)
    return Words(
        f"Keep {columns} of {own} in a materialized view clustered by ({key})",
        f"a materialized view clustered by ({key})",
        f"{said.asking(candidate, view.account)} for rows of {own} by {view.column}, reading {number(candidate.mean_read)} of its "
        f"{view.profile.partitions:,} micro-partitions each time. The view holds the {len(kept.keys)} of its "
        f"{len(view.profile.table.columns)} columns that they use, in {some(candidate.size.partitions, 'partition')} of its own order; "
        f"they would read {between(candidate.partitions.after.scaled(1 / runs))} of them. {_credits(candidate)}",
        (
            "It is a second copy of its columns, in another order: what moves a row in the table, a new clustering key above all, moves "
            "it in the view, so leave the table's order as it is.",
        ),
    )


def _credits(candidate: Candidate) -> str:
    taken = candidate.keeping
    return (
        f"That saves {between(candidate.credits)} credits a month; refreshing it and keeping its order takes {between(taken.upkeep)} a "
        f"month and the build {between(taken.build)} once."
    )
