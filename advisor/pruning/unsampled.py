"""Conditions on a column of which a key has the buckets, and what of each bucket they ask for.

Within a bucket the rows are in no order of the column: where a range takes in the last hours of a quarter, each of its partitions
holds rows of them. A sample of one row in a hundred may have none, and the condition would seem to be met in none of that
quarter's partitions, or in the next one's. So it is widened to the bucket, if enough real rows lie in what it asks of it. Where
another expression of the key goes along with the column, its rows lie in an order all the same: then it is only moved to the
bucket's nearest sampled row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asked import Intervals
from advisor.pruning.asks import Ask
from advisor.pruning.axes import INSTANT, Axis, Floats, in_units
from advisor.pruning.sample import Sample

LEAST = math.log(2)
"""Rows that each partition of a bucket is to have there, on average, so that more hold one than don't."""
Span = tuple[float, float]


@dataclass(frozen=True)
class _Buckets:
    """A column's sampled values in ascending order, and the bucket of each; partitions have so many real rows `each`."""

    values: Floats
    codes: Floats
    axis: Axis
    part: KeyPart
    each: float
    ordered: bool
    """The key puts a bucket's rows into an order of the column all the same."""

    def span(self, position: float) -> tuple[int, int]:
        """Where the sampled rows of its bucket begin and end."""
        codes = self.axis.buckets_at(self.part, np.array([position]))
        assert codes is not None
        first, end = (int(np.searchsorted(self.codes, codes[0], side)) for side in ("left", "right"))
        return first, end

    def rank(self, at: int) -> float:
        return float(np.searchsorted(self.values, self.values[at]))

    def begin(self, ask: Ask, found: float) -> float:
        """The rank at which a range begins."""
        if ask.low is None:
            return found
        first, end = self.span(ask.low)
        here = in_units(self.part, ask.low)
        length = 1 - here % 1 if ask.high is None else min(1 - here % 1, in_units(self.part, ask.high) - here)
        if first == end or length * self.each < LEAST:
            return found
        return (
            self.rank(end - 1) if self.ordered and self.values[end - 1] < ask.low else found if self.ordered else first
        )

    def end(self, ask: Ask, found: float) -> float:
        """The rank at which a range ends."""
        if ask.high is None:
            return found
        last = ask.high - INSTANT
        first, end = self.span(last)
        here = in_units(self.part, last)
        length = here % 1 if ask.low is None else min(here % 1, here - in_units(self.part, ask.low))
        if first == end or length * self.each < LEAST:
            return found
        return (
            float(first)
            if self.ordered and self.values[first] > last
            else found
            if self.ordered
            else self.rank(end - 1)
        )

    def around(self, position: float, found: float) -> Span:
        """The ranks of a single value that each partition of its bucket has."""
        first, end = self.span(position)
        if first == end:
            return found, found
        if not self.ordered:
            return first, self.rank(end - 1)
        near = min(max(found, first), self.rank(end - 1))
        return near, near


@dataclass(frozen=True)
class Bucketed:
    """What is asked of a column as its real rows lie in a key's buckets of it."""

    intervals: Intervals
    whole: NDArray[np.bool_]
    """Conditions that are widened to whole buckets: partitions hold those of which they have sampled rows."""


def in_buckets(intervals: Intervals, sample: Sample, axis: Axis, part: KeyPart, each: float, ordered: bool) -> Bucketed:
    """What is asked of a column, of whose buckets the key has `part`; `ordered` where the key has another expression that goes
    along with it, and partitions have so many rows each."""
    values, whole = sample.sorted[axis.column], np.zeros(len(intervals.firsts), dtype=bool)
    codes = axis.buckets_at(part, values) if part.unit is not None or part.digits is not None else None
    if codes is None or not len(values):
        return Bucketed(intervals, whole)
    buckets = _Buckets(values, codes, axis, part, each, ordered)
    low, high = intervals.low.copy(), intervals.high.copy()
    # A top-k goes back over so few rows that some of a bucket's partitions have none (`trailing.in_own_buckets`).
    for ask, row in ((ask, row) for ask, row in intervals.rows.items() if not ask.derived):
        at = int(intervals.firsts[row])
        for i, (first, last) in enumerate(_spans(buckets, ask, float(low[at]), intervals, at)):
            whole[row] |= not ordered and (first, last) != (low[at + i], high[at + i])
            low[at + i], high[at + i] = first, last
    return Bucketed(Intervals(intervals.rows, low, high, intervals.firsts), whole)


def _spans(buckets: _Buckets, ask: Ask, low: float, intervals: Intervals, at: int) -> Iterator[Span]:
    if not ask.values and not ask.apart:
        yield buckets.begin(ask, low), buckets.end(ask, float(intervals.high[at]))
    elif ask.values and ask.share / ask.values * buckets.each * buckets.axis.buckets(buckets.part) >= LEAST:
        for i, position in enumerate(ask.positions):
            yield buckets.around(position, float(intervals.low[at + i]))
