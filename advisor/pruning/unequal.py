"""The groups of a key expression whose sizes statistics tell: those that a frequent value lies in, and the others, which share
what is left evenly.

Where the column's numbers begin with another's (users' with their tenants'), that one's frequent values tell of the groups too:
cut to it, or coarser, they are its groups; finer, each of its groups falls into as many alike as it has values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.axes import Axis, bucket_codes, in_units
from advisor.pruning.frequencies import Frequencies

Floats = NDArray[np.float64]

LARGER = 4.0
"""Times as many values as the mean that a large group is taken to have at most."""
LARGE = 0.01  # of the rows
MOST_TOLD = 10_000
"""Groups of one size whose sizes are told one by one."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Shares are of all rows."""

    part: KeyPart
    """By which the large ones are told apart: the expression, or a coarser form of it."""
    codes: Floats
    """Of the large ones, in order."""
    held: Floats
    """What each of them holds; one that falls into several, what each of these does."""
    times: float
    """Into how many each falls."""
    each: float
    """What any other group holds."""
    others: float
    """How many other groups there are."""

    @property
    def count(self) -> float:
        return max(1.0, len(self.held) * self.times + self.others)

    @property
    def squares(self) -> float:
        return float((self.held**2).sum()) * self.times + self.others * self.each**2

    @property
    def sizes(self) -> Floats:
        """In descending order; other groups that are too many to fill a partition are left out."""
        large = np.repeat(self.held, max(1, round(self.times)))
        rest = np.full(round(self.others) if 1 <= self.others <= MOST_TOLD else 0, self.each)
        return np.sort(np.concatenate([large, rest]))[::-1]

    def at(self, axis: Axis, positions: Floats) -> Floats:
        """What the groups hold that these positions lie in."""
        if not len(self.codes):
            return np.full(len(positions), self.each)
        codes = bucket_codes(axis, self.part, positions)
        nearest = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[nearest] == codes, self.held[nearest], self.each)

    def between(self, first: Floats, last: Floats, even: Floats) -> tuple[Floats, Floats]:
        """What the groups hold from one code to another, and as how many of one size they are; of the others so large a
        part is taken to lie there.
        """
        low, high = np.searchsorted(self.codes, first), np.searchsorted(self.codes, last, side="right")
        held, squares = (np.append(0.0, np.cumsum(self.held**power)) for power in (1, 2))
        count = np.maximum(0.0, even * self.others)
        share = (held[high] - held[low]) * self.times + count * self.each
        all_squares = (squares[high] - squares[low]) * self.times + count * self.each**2
        return share, share**2 / np.maximum(all_squares, 1e-18)


def unequal(axis: Axis, part: KeyPart) -> Groups | None:
    """None where statistics don't tell."""
    if axis.frequent is None:
        return None
    if axis.outer is None or part.unit is not None or part.substring is not None:
        return _groups(axis, axis.frequent, part, axis.distinct)
    outer, unit = axis.outer, 10.0 ** (part.digits or 0)
    if (part.digits or 0) >= (outer.part.digits or 0):
        return _groups(axis, outer.frequent, part, outer.distinct)
    # Large groups have more values than others, and all of them lie in the same stretch.
    within = min(outer.stretch, LARGER * axis.distinct / outer.distinct) / unit
    return _split(_groups(axis, outer.frequent, outer.part, outer.distinct), max(1.0, within))


def count_of(axis: Axis, part: KeyPart) -> float:
    """How many groups there are; 0 where statistics don't tell that they differ."""
    found = unequal(axis, part)
    return 0.0 if found is None else found.count


def mixed(axis: Axis) -> bool:
    """Large and small groups lie beside each other, as those of a text do, and those of numbers whose frequent values are
    seen to lie apart.
    """
    if axis.family == "text" or axis.frequent is None:
        return axis.family == "text"
    large = axis.frequent.positions[axis.frequent.shares >= LARGE]
    between = int((np.diff(large) > 2 * axis.span / axis.distinct).sum())
    return between * 2 >= max(2, len(large))


def of_values(axis: Axis, part: KeyPart, found: float | None = None) -> bool:
    """Each group of the expression, of which so many were `found`, is one of the column's values."""
    if axis.frequent is None and found is not None:
        return found >= axis.distinct
    return part == KeyPart(part.column) or axis.buckets(part) >= axis.distinct


def _groups(axis: Axis, frequent: Frequencies, part: KeyPart, distinct: float) -> Groups:
    """Of a column of so many values; `part` may be the coarsest form in which they are told apart."""
    codes, which = np.unique(bucket_codes(axis, part, frequent.positions), return_inverse=True)
    held = np.zeros(len(codes))
    np.add.at(held, which, frequent.shares)
    count = in_length(axis, part, distinct)
    if count >= distinct:
        others = max(0.0, distinct - len(codes))
        return Groups(part, codes, held, 1.0, frequent.others / max(1.0, others), others)
    each = frequent.others / count
    return Groups(part, codes, held + each, 1.0, each, max(0.0, count - len(codes)))


def _split(groups: Groups, times: float) -> Groups:
    """Each of them in so many."""
    return Groups(groups.part, groups.codes, groups.held / times, times, groups.each / times, groups.others * times)


def in_length(axis: Axis, part: KeyPart, distinct: float) -> float:
    """As how many groups of one size the expression's are, of values that are spread evenly."""
    if part.unit is None and part.digits is None:
        return min(distinct, axis.buckets(part))
    low, high = in_units(part, axis.low), in_units(part, axis.high)
    whole = math.floor(high) - math.floor(low) - 1
    if whole < 0:
        return 1.0
    ends = (1 - low % 1) ** 2 + (high % 1) ** 2
    return max(1.0, min(distinct, (high - low) ** 2 / (whole + ends)))
