"""Views of groups: aggregations of one table, kept at the grain that several queries ask for."""

from __future__ import annotations

from collections.abc import Sequence

from advisor import stored_advice as said
from advisor.account import Account
from advisor.asked import Asked
from advisor.figures import between, number, percent
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
from advisor.served import Candidate, Market, candidates
from advisor.settings import Settings


def propose(profile: TableProfile, asked: Sequence[Asked], account: Account, settings: Settings) -> Proposed:
    worth = [one for one in asked if one.worth > settings.min_net_credits_per_month]
    if not worth:
        return Proposed((), (), 0)
    why = obstacle(profile)
    if why is not None:
        return Proposed((), (reject(profile, None, why),), 0)
    market = Market.of(profile, account, settings)
    found, refused = candidates(worth, market)
    proposals = []
    for candidate in found:
        outcome, fallen = said.settled(candidate, market, lambda c: fault(c, profile, settings), view_name, account)
        refused += fallen
        if outcome is not None:
            words = _words(outcome[0], market, account)
            proposals.append(proposal(*outcome, words, profile, account, settings))
    refused.sort(key=lambda one: -one.worth)
    rejections = tuple(reject(profile, one.kept, one.reason) for one in refused[:REJECTED_EACH])
    return Proposed(tuple(proposals), rejections, len(found) + len(refused))


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
        f"{said.asking(candidate, account)} for groups of the {rows:,.0f} rows of {candidate.kept.tables[0]} and read "
        f"{number(candidate.mean_read)} of its {market.profile.partitions:,} micro-partitions each time; the view holds "
        f"{between(candidate.size.rows)} rows ({percent(candidate.size.rows.expected / rows)}) in "
        f"{between(candidate.size.partitions)} partitions. That saves {between(candidate.credits)} credits a month; "
        f"refreshing takes {between(candidate.keeping.upkeep)} a month and the build {between(candidate.keeping.build)} once."
    )
