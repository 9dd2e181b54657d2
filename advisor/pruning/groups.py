"""Into how many groups a key expression puts the rows.

Groups are rarely of one size. Of the first and the last, a table holds what lies between the column's ends only: TRUNC(ID, -4) of
2 to 20000 makes two groups and a single row's. And where some values hold far more rows than others, queries for
single values show it. The pruning history says how many rows such queries match. If that is more than an even part,
those that hold more are asked for more, and how often two queries ask for the same group tells how much of the rows a
group holds. If it is less, most rows hold one of a few values that are rarely asked for: in an order by the column they
fill partitions that the queries skip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from advisor.model import KeyPart
from advisor.pruning import sizes
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis, Floats, Outer, bucket_codes, in_units
from advisor.pruning.frequencies import Frequencies
from advisor.pruning.unequal import MOST_TOLD, Groups, in_length, unequal

UNEVEN = 2.0
"""Queries that match this many times the even part of the rows, or one part in as many of it, show that values differ in rows."""
RARER = 0.8
"""The same of two columns that go one to one: twice the evidence, and a count of values that both confirm."""
MOST_ROWS = 0.5
SOME_ROWS = 0.05
FEWEST_ASKED = 8
"""Fewer queries than this don't tell how often each group is asked for."""


def groups(axis: Axis, part: KeyPart) -> float:
    """As how many groups of equal size the expression's are: one over the sum of their squared shares of the rows."""
    told = unequal(axis, part)
    if told is not None:
        return max(1.0, min(axis.buckets(part), (1 - axis.absent) ** 2 / max(told.squares, 1e-18)))
    if axis.demanded:
        return _demanded(axis, part)
    if part.unit is None and part.digits is None:
        return axis.buckets(part)
    return in_length(axis, part, axis.distinct)


def held(axis: Axis, part: KeyPart, first: Floats, last: Floats) -> Floats | None:
    """The shares of the rows in the buckets from `first` to `last`, of which the outermost hold what lies between the column's
    ends; None for an expression without buckets of even length, or where values differ in rows."""
    if axis.demanded or (part.unit is None and part.digits is None):
        return None
    low, high = in_units(part, axis.low), in_units(part, axis.high)
    length = np.minimum(last + 1, high) - np.maximum(first, low)
    share: Floats = np.minimum(1.0, np.maximum(0.0, length) / max(high - low, 1e-12))
    return share


def on_average(axis: Axis, part: KeyPart, low: float) -> float:
    """The share of the rows in the buckets from `low` on, whenever that is asked: a bucket has begun half of its length
    earlier on average. On the fifth of January a quarter holds five days' rows, and late in March all of its own. What
    begins with a day begins with a bucket of days.
    """
    begins, high = in_units(part, low), in_units(part, axis.high)
    step = in_units(part, low + 1) - begins if axis.family == "date" or low % 1 == 0 else 0.0
    early = max(0.0, 1 - step) / 2
    return min(1.0, max(0.0, high - begins + early) / max(high - in_units(part, axis.low), 1e-12))


def _demanded(axis: Axis, part: KeyPart) -> float:
    """By how often two queries ask for the same group: as often as two rows lie in the same."""
    _, counts = np.unique(bucket_codes(axis, part, np.array(axis.demanded)), return_counts=True)
    pairs = len(axis.demanded) * (len(axis.demanded) - 1)
    alike = float((counts * (counts - 1)).sum())
    found = pairs / alike if alike else math.inf
    if axis.led is not None:
        told, led = axis.led
        finer, coarser = (part.digits or 0) <= (told.digits or 0), (part.digits or 0) >= (told.digits or 0)
        found = min(max(found, led) if finer else found, led if coarser else math.inf)
    return min(axis.buckets(part), found)


def sizes_of(axis: Axis, part: KeyPart) -> Floats | None:
    """The shares of the rows that the largest of the expression's groups hold; None where nothing tells them from equal ones."""
    buckets = axis.buckets(part)
    told = unequal(axis, part)
    if told is not None:
        return _told(axis, told)
    if axis.demanded:
        return sizes.shares(buckets, sizes.exponent_of_squares(buckets, 1 / _demanded(axis, part)))
    if axis.uncommon == 1:
        return _beside_nulls(axis, buckets)
    exponent = sizes.exponent_of_rest(axis.distinct, axis.told_by, axis.uncommon)
    # Where the largest values stand isn't known: each is taken to fall into a coarse group of its own.
    largest = sizes.shares(axis.distinct, exponent)[: int(buckets)]
    return largest if buckets >= axis.distinct else largest + (1 - largest.sum()) / buckets


def _told(axis: Axis, told: Groups) -> Floats | None:
    """Of groups of known size and the NULLs; None where none is much larger than the others."""
    present = 1 - axis.absent
    largest = max(float(told.held.max(initial=0.0)), told.each)
    even = present / max(1.0, len(told.held) * told.times + told.others)
    if largest < UNEVEN * even and axis.absent <= MOST_ROWS and axis.stood_in < SOME_ROWS:
        return None
    return np.sort(np.append(told.sizes, axis.absent))[::-1]


def _beside_nulls(axis: Axis, buckets: float) -> Floats | None:
    """Of groups of one size beside the NULLs, which are a group of their own, where these are most rows, or beside what
    stands for no value; of very many groups each is too small to fill a partition.
    """
    nulls = axis.absent
    each = [(1 - nulls) / buckets] * (round(buckets) if buckets <= MOST_TOLD else 0)
    return np.sort([nulls, *each])[::-1] if nulls > MOST_ROWS or axis.stood_in >= SOME_ROWS else None


def as_asked(axes: Mapping[str, Axis], questions: Sequence[Question]) -> dict[str, Axis]:
    """The axes with what queries for single values, and the rows that these match, tell of how the rows are spread over them."""
    single = single_values(questions)
    return {
        name: _as_asked(line, asks) if line.frequent is None else _as_counted(line, line.frequent, asks)
        for name, line in axes.items()
        for asks in [single.get(line.column, ())]
    }


def _as_counted(line: Axis, frequent: Frequencies, asks: Sequence[Ask]) -> Axis:
    """The axis of a column of which mostly values are asked for that aren't among the frequent ones."""
    hot = sum(ask.share > ask.values * max(frequent.each, frequent.most) for ask in asks)
    rare = len(asks) > 1 and hot * 2 <= len(asks)
    return replace(line, uncommon=frequent.others / (1 - line.absent)) if rare and frequent.others > 0 else line


def _as_asked(line: Axis, asks: Sequence[Ask]) -> Axis:
    """`asks` are for its single values."""
    each = _each(line, asks)
    if each is None:
        return line
    if not line.known and not counted(line):
        # Literals tell of few values; there are as many as it takes at the share that these hold.
        line = replace(line, distinct=max(line.distinct, 1 / each))
    of_even = each * line.distinct
    if of_even >= UNEVEN:
        return replace(line, demanded=tuple(position for ask in asks for position in ask.positions))
    # One value that is always asked for doesn't tell that the others are few: -1 for "unknown", beside accounts.
    several = len({position for ask in asks for position in ask.positions}) > 1
    rare = (line.known or (counted(line) and several)) and of_even <= 1 / UNEVEN
    return replace(line, uncommon=of_even, told_by=_values(asks)) if rare else line


def as_led(inner: Axis, part: KeyPart, outer: Axis, single: Mapping[str, Sequence[Ask]]) -> Axis:
    """A column of which `part` is another one, with what queries for that one tell of it: how many rows these match on
    average, of values that are as many as the part has.
    """
    if inner.frequent is not None and outer.frequent is not None:
        unit = 10.0 ** (part.digits or 0)
        ends = [position % unit for ask in single.get(inner.column, ()) for position in ask.positions]
        ends += (inner.frequent.positions % unit).tolist()
        stretch = max(ends) - min(ends) + 1 if len(ends) >= FEWEST_ASKED else unit
        return replace(inner, outer=Outer(part, outer.frequent.scaled(unit), outer.distinct, stretch))
    each, asks = _each(outer, single.get(outer.column, ())), single.get(inner.column, ())
    if each is None or _values(asks) < FEWEST_ASKED or each * inner.buckets(part) < UNEVEN:
        return inner
    asked = tuple(position for ask in asks for position in ask.positions)
    if not inner.demanded:
        # Its own queries don't match more rows where they repeat a value: of that only how they lie on the part is told.
        asked = tuple(sorted(set(asked)))
    return replace(inner, demanded=asked, uncommon=1.0, led=(part, max(1.0, 1 / each)))


def as_rare(one: Axis, other: Axis, single: Mapping[str, Sequence[Ask]]) -> tuple[Axis, Axis]:
    """Two columns that go one to one, with what the queries of either tell of both. Few queries meet one of the few
    values that hold most rows, and those that do hide how few rows the others match: so the lesser figure is taken.
    Where only one of them has its values counted, the other has as many.
    """
    counts = [line.distinct for line in (one, other) if line.known or counted(line)]
    if not counts:
        return one, other
    one, other = (line if line.known or counted(line) else replace(line, distinct=counts[0]) for line in (one, other))
    parts = [
        (each * line.distinct, _values(single[line.column])) for line in (one, other)
        if (each := _each(line, single.get(line.column, ()))) is not None
    ]  # fmt: skip
    least, told_by = min(parts, default=(1.0, 0.0))
    if least > RARER:
        return one, other
    first, second = (
        line
        if line.demanded or line.frequent is not None or line.uncommon <= least
        else replace(line, uncommon=least, told_by=told_by)
        for line in (one, other)
    )
    return first, second


def single_values(questions: Sequence[Question]) -> dict[str, list[Ask]]:
    """By column what is asked of single values of it, of which the rows that match are recorded."""
    found: dict[str, list[Ask]] = {}
    for question in filter(lambda each: each.written, questions):
        for ask in question.asks:
            if ask.values == len(ask.positions) > 0 and not ask.derived and not ask.stood:
                found.setdefault(ask.column, []).append(ask)
    return found


def _each(line: Axis, asks: Sequence[Ask]) -> float | None:
    """The mean share of the rows that one value holds; None where too few are asked for."""
    values = _values(asks)
    return None if values < FEWEST_ASKED else sum(ask.share for ask in asks) / values / (1 - line.absent)


def _values(asks: Sequence[Ask]) -> float:
    return float(sum(ask.values for ask in asks))


def counted(line: Axis) -> bool:
    """Without statistics: the values are taken for whole numbers one after the other, of which the span tells how many
    there are.
    """
    return line.family == "number" and line.distinct > line.span
