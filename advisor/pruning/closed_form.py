"""The closed form of what is scanned of a sorted table: a walk along the key, one expression after another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


LEAST_WIDTH = 1e-12  # of a spread that nothing matches
AT_THE_END = 0.5  # partitions that a range reads beside what it matches where it ends with the table


@dataclass(frozen=True)
class Selection:
    """What each question matches of one key expression: so many of its values, holding such a share of the rows."""

    values: Floats
    share: Floats
    places: Floats
    """How many places these lie in if they are single ones (equality, membership); 0 where they follow each other;
    infinitely many where any partition with two values of the expression may hold them, for they are another column's.
    """
    open: NDArray[np.bool_]
    """They reach to an end of the column: the partition that reads on into the next group is the only one at that end."""
    among: float = 1.0
    """The share of the rows among which single values lie."""
    sizes: Floats | None = None
    """The shares of the rows that its largest groups hold, in descending order; None where they are taken as equal."""
    mixed: bool = False
    """Large and small groups lie beside each other: those of a text, where numbers are given out as things come up, and
    what came up at one time is of about one size.
    """

    count: float = 0.0
    """How many groups there are, large and small ones, where statistics tell that they differ; 0 where they don't."""

    @staticmethod
    def none(
        questions: int,
        distinct: float,
        among: float,
        sizes: Floats | None = None,
        mixed: bool = False,
        count: float = 0.0,
    ) -> Selection:
        """Of questions that match all of its values."""
        every, nowhere = np.full(questions, distinct, dtype=float), np.zeros(questions)
        return Selection(
            every, np.ones(questions), nowhere, np.zeros(questions, dtype=bool), among, sizes, mixed, count
        )

    def same(self, other: Selection) -> bool:
        mine, theirs = ((s.among, s.mixed, s.count, s.sizes is None) for s in (self, other))
        alike = mine == theirs
        pairs = zip(self._arrays, other._arrays, strict=True)
        return alike and all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    @property
    def _arrays(self) -> tuple[Floats | NDArray[np.bool_], ...]:
        sizes = () if self.sizes is None else (self.sizes,)
        return self.values, self.share, self.places, self.open, *sizes

    @cached_property
    def scattered(self) -> NDArray[np.intp]:
        """Where `places` tells of any."""
        return np.flatnonzero(self.places)

    @cached_property
    def unasked(self) -> NDArray[np.intp]:
        """The questions that match all of its values."""
        return np.flatnonzero(self.share >= 1)

    @cached_property
    def running(self) -> Floats:
        """The running sum of `sizes`, from none of them on."""
        return np.append(0.0, np.cumsum(self.sizes if self.sizes is not None else ()))


@dataclass(frozen=True)
class Walked:
    """How far the closed form has walked a key, by question: the partitions wholly inside one matching group (`pure`) and
    those that straddle two groups and can't be skipped by any later expression (`fixed`)."""

    pure: Floats
    width: Floats
    runs: Floats
    fixed: Floats
    whole: bool = False
    """No expression was walked yet: the only group is the table."""

    @staticmethod
    def start(partitions: int, questions: int) -> Walked:
        whole = np.full(questions, float(partitions))
        return Walked(whole, whole, np.ones(questions), np.zeros(questions), True)

    def by(self, chosen: Selection, distinct: float, depth: float) -> Walked:
        """One expression further, of which a group of the earlier ones holds so many distinct values."""
        every = max(distinct, chosen.count)
        values = np.minimum(chosen.values, every)
        # A condition outside of all values leaves a width of 0.
        beside = np.where(chosen.open, AT_THE_END if self.whole else 0.0, 1.0)
        spread = (depth - 1 + beside) / np.maximum(self.width, LEAST_WIDTH)
        touched = self.pure * np.minimum(1, chosen.share + spread)
        at = chosen.scattered
        if len(at):
            most = np.where(np.isfinite(chosen.places[at]), values[at], every)
            missed = (1 - chosen.share[at]) * (1 - np.minimum(1, spread[at])) ** np.minimum(chosen.places[at], most)
            touched[at] = self.pure[at] * np.minimum(1 - missed, self._among(chosen, at, spread[at], depth))
        runs, width = self.runs * values, self.width * chosen.share / values
        pure = np.minimum(touched, runs * np.maximum(0, width - depth))
        if chosen.sizes is not None and len(at := chosen.unasked[chosen.values[chosen.unasked] <= distinct]):
            pure[at], width[at], runs[at] = self._uneven(chosen, chosen.sizes, at, depth)
        return Walked(pure, width, runs, self.fixed + touched - pure)

    def _among(self, chosen: Selection, at: NDArray[np.intp], spread: Floats, depth: float) -> Floats:
        """The share of the partitions among which single values lie; those of another column, where the groups lie in no order of
        their size, in all that don't hold a single group."""
        # What is asked for may be among the large groups where their sizes are known.
        among = (np.maximum(chosen.among, chosen.share[at]) if chosen.count else chosen.among) + spread
        if chosen.mixed and chosen.sizes is not None:
            whole, _ = self._filled(chosen, chosen.sizes, at, depth)
            among = np.where(np.isinf(chosen.places[at]), 1 - whole, among)
        return among

    def _filled(
        self, chosen: Selection, sizes: Floats, at: NDArray[np.intp], depth: float
    ) -> tuple[Floats, NDArray[np.intp]]:
        """The share of the partitions that hold a single group, of unequal ones, and how many such groups there are."""
        least = depth / np.maximum(self.width[at], LEAST_WIDTH)
        large = np.searchsorted(-sizes, -least)
        return np.maximum(0.0, chosen.running[large] - large * least), large

    def _uneven(
        self, chosen: Selection, sizes: Floats, at: NDArray[np.intp], depth: float
    ) -> tuple[Floats, Floats, Floats]:
        """What is left pure where every group is read, of unequal ones: those that fill more than a partition; how wide these are
        on average, and how many."""
        whole, large = self._filled(chosen, sizes, at, depth)
        pure = self.pure[at] * whole
        runs = np.maximum(1.0, self.runs[at] * large)
        return pure, pure / runs + depth, runs

    def scanned(self, partitions: int) -> Floats:
        found: Floats = np.clip(self.fixed + self.pure, min(1, partitions), partitions)
        return found
