"""Views of groups: aggregations of one table, kept at the grain that several queries ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from advisor.account import Account
from advisor.figures import between, number, percent, some
from advisor.model import Proposed
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
from advisor.stored_results.served import Candidate, Market, Refused, candidates


def begin(
    profile: TableProfile, asked: Sequence[Asked], account: Account, settings: Settings
) -> Callable[[], Proposed]:
    """What proposes them once it is asked; the proofs that this takes are begun at once."""
    worth = [one for one in asked if one.worth > settings.min_net_credits_per_month]
    if not worth:
        return lambda: Proposed((), (), 0)
    why = obstacle(profile)
    if why is not None:
        return lambda: Proposed((), (reject(profile, None, why),), 0)
    market = Market.of(profile, account, settings)
    found, refused = candidates(worth, market)
    settling = [
        said.settling(candidate, market, lambda c: fault(c, profile, settings), view_name, account)
        for candidate in found
    ]
    return lambda: _propose(settling, refused, market, account)


def _propose(
    settling: Sequence[Callable[[], said.Outcome]], refused: Sequence[Refused], market: Market, account: Account
) -> Proposed:
    profile, settings = market.profile, market.settings
    proposals, fallen = [], list(refused)
    for settled in settling:
        outcome, lost = settled()
        fallen += lost
        if outcome is not None:
            words = _words(outcome[0], market, account)
            proposals.append(proposal(*outcome, words, profile, account, settings))
    fallen.sort(key=lambda one: -one.worth)
    rejections = tuple(reject(profile, one.kept, one.reason) for one in fallen[:REJECTED_EACH])
    return Proposed(tuple(proposals), rejections, len(settling) + len(fallen))


def _words(candidate: Candidate, market: Market, account: Account) -> Words:
    kept = candidate.kept
    return Words(
        f"Keep {kept.tables[0]} aggregated by {said.keys(kept)} in a materialized view",
        f"a materialized view by {said.keys(kept)}",
        _reason(candidate, market, account),
    )


def _reason(candidate: Candidate, market: Market, account: Account) -> str:
    rows = market.rows
    return (
        f"{said.asking(candidate, account)} for groups of the {rows:,.0f} rows of {candidate.kept.tables[0]}, reading "
        f"{number(candidate.mean_read)} of its {market.profile.partitions:,} micro-partitions each time; the view holds "
        f"{between(candidate.size.rows)} rows ({percent(candidate.size.rows.expected / rows)} of the table's) in "
        f"{some(candidate.size.partitions, 'partition')}. That saves {between(candidate.credits)} credits a month; "
        f"refreshing takes {between(candidate.keeping.upkeep)} a month and the build {between(candidate.keeping.build)} once."
    )
