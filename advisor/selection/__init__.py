"""Which of the proposed changes are best together, and what each of them is worth beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from advisor.model import BudgetPoint, Proposal, Recommendation, Rejection, Totals
from advisor.selection import greedy, program
from advisor.selection.outcome import (
    attributed,
    least_sure,
    net_together,
    only_together,
    passed_over,
    saved_together,
    sum_known,
    unsure,
)
from advisor.selection.problem import Problem
from advisor.settings import Settings

__all__ = ["Settled", "choose", "settle"]

POINTS = 8
"""Budgets that the curve is drawn from, evenly spaced up to what the chosen builds take."""
LARGEST_CURVE = 2_000
"""Services beyond which the curve's points are chosen greedily: exact ones would take minutes."""


@dataclass(frozen=True)
class Settled:
    recommendations: tuple[Recommendation, ...]
    """Most net benefit first, each with what leaving it out would lose; then those that bring no credits."""
    rejections: tuple[Rejection, ...]
    totals: Totals


def settle(proposals: Sequence[Proposal], settings: Settings) -> Settled:
    """The best choice within the budget and the number of changes that are allowed, whatever the order of the proposals.

    What surely pays by itself but not beside the others (even the low end of what is left to it must exceed its upkeep, and the
    access paths that a new order has built anew) is taken out, the least sure first, and the rest chosen anew.
    """
    least, most = settings.min_net_credits_per_month, settings.max_changes
    beside = sorted((p.recommendation for p in proposals if _unpriced(p)), key=lambda r: r.id)
    left, doubted = [p for p in proposals if not _unpriced(p)], []
    while True:
        problem = Problem.of(left, least, settings.budget_credits, most)
        chosen, exact = choose(problem)
        doubtful = least_sure(problem, chosen, settings.payback_months)
        if doubtful is None:
            break
        doubted.append(unsure(problem, doubtful, chosen))
        left = [proposal for i, proposal in enumerate(problem.proposals) if i != doubtful]
    taken = [attributed(problem, i, chosen) for i in sorted(chosen)]
    taken.sort(key=lambda r: (-r.net_credits_per_month.expected, r.id))
    others = [passed_over(problem, i, chosen) for i in range(len(problem.proposals)) if i not in chosen]
    totals = _with(_totals(problem, chosen, exact), beside)
    return Settled((*taken, *beside), (*others, *doubted), totals)


def _unpriced(proposal: Proposal) -> bool:
    """What it brings is no credits at all, such as storage of an unknown price: nothing to weigh it against the others by."""
    return not proposal.services and proposal.recommendation.benefit.credits is None and proposal.alone is None


def _with(totals: Totals, beside: Sequence[Recommendation]) -> Totals:
    """The totals with what the changes beside them take."""
    return replace(
        totals,
        net_credits_per_month=reduce(add, (r.net_credits_per_month for r in beside), totals.net_credits_per_month),
        upkeep_credits_per_month=sum_known(
            [totals.upkeep_credits_per_month, *(r.cost.upkeep_credits_per_month for r in beside)]
        ),
        build_credits=sum_known([totals.build_credits, *(r.cost.build_credits for r in beside)]),
        claimed_alone=totals.claimed_alone + sum(r.net_credits_per_month.expected for r in beside),
    )


def choose(problem: Problem) -> tuple[frozenset[int], bool]:
    """The program's choice, or the greedy one where that is the only one or better; and whether it is proven to be the best."""
    simple = greedy.choose(problem)
    found = program.solve(problem)
    if found is None:
        return simple, False
    best, proven = greedy.pruned(problem, found[0]), found[1]
    if not problem.allowed(best) or problem.value(best) < problem.value(simple):
        # HiGHS keeps within tolerances: what differs by less than that is settled by the exact value.
        return simple, proven
    return best, proven


def _totals(problem: Problem, chosen: frozenset[int], exact: bool) -> Totals:
    taken = [problem.proposals[i].recommendation for i in sorted(chosen)]
    return Totals(
        net_together(problem, chosen),
        saved_together(problem, chosen),
        sum_known(r.cost.upkeep_credits_per_month for r in taken),
        sum_known(r.cost.build_credits for r in taken),
        sum(r.net_credits_per_month.expected for r in taken),
        exact,
        _curve(problem, chosen),
        only_together(problem, chosen),
    )


def _curve(problem: Problem, chosen: frozenset[int]) -> tuple[BudgetPoint, ...]:
    """The best choice at each budget, from nothing to what the chosen builds take."""
    everything = sum(problem.builds[i] for i in chosen)
    small = sum(len(proposal.services) for proposal in problem.proposals) <= LARGEST_CURVE
    points = {}
    for step in range(POINTS + 1):
        within = replace(problem, budget=everything * step / POINTS)
        best, exact = choose(within) if small else (greedy.choose(within), False)
        spent = sum(within.builds[i] for i in best)
        net = within.value(best) + problem.least_net * len(best)
        points[spent] = BudgetPoint(spent, net, len(best), exact)
    return tuple(points.values())
