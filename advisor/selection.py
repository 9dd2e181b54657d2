"""Which of the proposed changes to take together."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.figures import number
from advisor.model import Proposal, Recommendation, Rejection, TableName
from advisor.settings import Settings


def settle(
    proposals: Sequence[Proposal], settings: Settings
) -> tuple[tuple[Recommendation, ...], tuple[Rejection, ...]]:
    """Per layout the change worth most, then all of them in order of worth within the budget; and what was passed over."""
    best: dict[TableName, Proposal] = {}
    for proposal in sorted(proposals, key=_worth):
        if proposal.layout is not None:
            best.setdefault(proposal.layout, proposal)
    chosen = [p for p in proposals if p.layout is None or p is best[p.layout]]
    beaten = [_beaten(p, best[p.layout]) for p in proposals if p.layout is not None and p is not best[p.layout]]
    within, beyond = _within_budget(sorted(chosen, key=_worth), settings.budget_credits)
    return tuple(within), (*beaten, *beyond)


def _worth(proposal: Proposal) -> tuple[float, str]:
    return -proposal.recommendation.net_credits_per_month.expected, proposal.recommendation.id


def _beaten(proposal: Proposal, by: Proposal) -> Rejection:
    more = by.recommendation.net_credits_per_month.expected - proposal.recommendation.net_credits_per_month.expected
    return reject(proposal, f"{by.label} nets {number(more)} credits a month more.")


def reject(proposal: Proposal, reason: str) -> Rejection:
    recommendation = proposal.recommendation
    return Rejection(recommendation.kind, recommendation.target, proposal.brief, reason)


def _within_budget(chosen: Sequence[Proposal], budget: float | None) -> tuple[list[Recommendation], list[Rejection]]:
    """The first of them whose builds fit the budget together; what doesn't fit is rejected for that reason."""
    within, beyond, spent = [], [], 0.0
    for proposal in chosen:
        build = proposal.recommendation.cost.build_credits
        needed = build.expected if build is not None else 0.0
        if budget is None or spent + needed <= budget:
            within.append(proposal.recommendation)
            spent += needed
        else:
            left = f"{budget - spent:.3g} of {budget:g} are left"
            beyond.append(reject(proposal, f"Its build of {needed:.3g} credits doesn't fit the budget: {left}."))
    return within, beyond
