"""One change after another: the fallback where the program finds nothing, and the check on it.

Two orders, since neither is safe alone under a budget: what adds most, and what adds most per credit of its build
(Extend and the greedy of Harinarayan et al. do the latter). Afterwards whatever pays no longer is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from heapq import heapify, heappop, heappush

from advisor.selection.problem import Problem

Score = Callable[[float, float], float]


def choose(problem: Problem) -> frozenset[int]:
    """The better of both orders."""
    by_gain = _greedy(problem, lambda gain, build: gain)
    by_ratio = _greedy(problem, lambda gain, build: gain / max(build, 1e-12))
    return max((by_gain, by_ratio), key=problem.value)


def _greedy(problem: Problem, score: Score) -> frozenset[int]:
    """A gain is computed anew only when it comes to the front: others chosen meanwhile hardly ever raise it."""
    chosen: set[int] = set()
    ranked = [(-score(problem.gain(i, chosen), problem.builds[i]), i, 0) for i in range(len(problem.proposals))]
    heapify(ranked)
    while ranked:
        _, i, seen = heappop(ranked)
        gain = problem.gain(i, chosen)
        if gain <= 0 or not _fits(problem, i, chosen):
            continue
        if seen == len(chosen):
            chosen.add(i)
        else:
            heappush(ranked, (-score(gain, problem.builds[i]), i, len(chosen)))
    return pruned(problem, chosen)


def _fits(problem: Problem, i: int, chosen: Collection[int]) -> bool:
    layout = problem.proposals[i].layout
    taken = layout is not None and any(problem.proposals[j].layout == layout for j in chosen)
    return not taken and problem.within_limits({*chosen, i})


def pruned(problem: Problem, chosen: Collection[int]) -> frozenset[int]:
    """Without those that the others have made useless, the most useless first."""
    kept = set(chosen)
    while kept:
        gain, i = min((problem.gain(i, kept), i) for i in kept)
        if gain > 0:
            break
        kept.discard(i)
    return frozenset(kept)
