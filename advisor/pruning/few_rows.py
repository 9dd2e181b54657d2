"""In how many partitions the few rows at an end of a column lie where a key sorts it within groups of unequal size.

Each group has an end of its own, and of twenty rows as many lie at a group's as it holds: of games of which one has a third of the
plays, the latest twenty lie at the ends of ten games, not in nearly as many of all partitions in which a game ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.closed_form import Floats, Selection

EXACT = 64  # groups that are taken one by one, the largest; the smaller, the more are taken for as large as their mean
COARSER = 1.1
Places = NDArray[np.intp]


def deciding(asks: Sequence[Ask]) -> Ask | None:
    """The condition of which a partition's own ends decide whether it is scanned, of several the one that the fewest rows meet."""
    return min((ask for ask in asks if ask.open or ask.null or ask.outermost), key=lambda ask: ask.share, default=None)


def leading(key: Sequence[KeyPart], column: str) -> int:
    """How many expressions stand in the key before the column's; all of them where it isn't in it."""
    return next((i for i, part in enumerate(key) if part.column == column), len(key))


def at_ends(lead: Sequence[Selection], places: Places, shares: Floats, few: Floats, partitions: int) -> Floats:
    """The expected partitions of so few rows of each of these questions, which match such a share of a column's expression behind
    the leading ones; infinitely many where the groups of these aren't known to differ, or the question asks for some of them.
    """
    found = np.full(len(places), math.inf)
    unequal = [each.sizes for each in lead if each.sizes is not None]
    every = np.flatnonzero(np.all([each.share[places] >= 1 for each in lead], axis=0))
    if len(unequal) == 1 and len(every):
        alike = math.prod(float(each.values[places[every[0]]]) for each in lead if each.sizes is None)
        found[every] = _expected(unequal[0] / alike, alike, shares[every], few[every], partitions)
    return found


def _expected(sizes: Floats, times: float, shares: Floats, few: Floats, partitions: int) -> Floats:
    """Of groups of these sizes, in descending order, each so many times: a group's rows lie anywhere in the partitions that the
    matched part of it fills and the one where it ends, those of small groups anywhere in the ones that these share."""
    large = sizes[: np.searchsorted(-sizes * partitions, -1.0)]
    others = max(0.0, 1 - float(large.sum()) * times) * partitions
    held, counts = _binned(large)
    filled = 1 + np.outer(shares, held) * partitions
    met = filled * -np.expm1(-np.outer(few, held) / filled)
    return np.asarray(met @ counts * times + others * -np.expm1(-few / partitions))


def _binned(sizes: Floats) -> tuple[Floats, Floats]:
    """Their means over ever more of them, and how many these are."""
    steps = EXACT * COARSER ** np.arange(max(0.0, math.log(max(1, len(sizes)) / EXACT, COARSER)))
    firsts = np.unique([*range(min(EXACT, len(sizes))), *steps[steps < len(sizes)].astype(int)]).astype(np.intp)
    counts = np.diff(np.append(firsts, len(sizes))).astype(float)
    return (np.add.reduceat(sizes, firsts) / counts, counts) if len(firsts) else (np.zeros(0), np.zeros(0))
