"""Into how many groups a key expression puts the rows.

Groups are rarely of one size. Of the first and the last, a table holds what lies between the column's ends only: TRUNC(ID, -4) of
2 to 20000 makes two groups and a single row's. And where some values hold far more rows than others, queries for
single values show it. The pruning history says how many rows such queries match. If that is more than an even part, those that hold
more are asked for more, and how often two queries ask for the same group tells how much of the rows a group holds. If it is
less, most rows hold one of a few values that are rarely asked for: in an order by the column they fill partitions that the queries skip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from advisor.asks import Ask, Question
from advisor.axes import Axis, bucket_codes, in_units
from advisor.model import KeyPart

UNEVEN = 2.0
"""Queries that match this many times the even part of the rows, or one part in as many of it, show that values differ in rows."""
FEWEST_ASKED = 8
"""Fewer queries than this don't tell how often each group is asked for."""


def groups(axis: Axis, part: KeyPart) -> float:
    """As how many groups of equal size the expression's are: one over the sum of their squared shares of the rows."""
    if axis.demanded:
        return _demanded(axis, part)
    if part.unit is None and part.digits is None:
        return axis.buckets(part)
    low, high = in_units(part, axis.low), in_units(part, axis.high)
    whole = math.floor(high) - math.floor(low) - 1
    if whole < 0:
        return 1.0
    ends = (1 - low % 1) ** 2 + (high % 1) ** 2
    return max(1.0, min(axis.distinct, (high - low) ** 2 / (whole + ends)))


def _demanded(axis: Axis, part: KeyPart) -> float:
    """By how often two queries ask for the same group: as often as two rows lie in the same."""
    _, counts = np.unique(bucket_codes(axis, part, np.array(axis.demanded)), return_counts=True)
    pairs = len(axis.demanded) * (len(axis.demanded) - 1)
    alike = float((counts * (counts - 1)).sum())
    return min(axis.buckets(part), pairs / alike) if alike else axis.buckets(part)


def as_asked(axes: Mapping[str, Axis], questions: Sequence[Question]) -> dict[str, Axis]:
    """The axes with what queries for single values, and the rows that these match, tell of how the rows are spread over them."""
    single: dict[str, list[Ask]] = {}
    for question in questions:
        for ask in question.asks:
            if ask.values == len(ask.positions) > 0 and not ask.derived:
                single.setdefault(ask.column, []).append(ask)
    return {name: _as_asked(line, single.get(line.column, ())) for name, line in axes.items()}


def _as_asked(line: Axis, asks: Sequence[Ask]) -> Axis:
    """`asks` are for its single values."""
    values = sum(ask.values for ask in asks)
    if values < FEWEST_ASKED:
        return line
    each = sum(ask.share for ask in asks) / values / (1 - line.null_share)
    if not line.known and not counted(line):
        # Literals tell of few values; there are as many as it takes at the share that these hold.
        line = replace(line, distinct=max(line.distinct, 1 / each))
    of_even = each * line.distinct
    if of_even >= UNEVEN:
        return replace(line, demanded=tuple(position for ask in asks for position in ask.positions))
    return replace(line, uncommon=of_even) if (line.known or counted(line)) and of_even <= 1 / UNEVEN else line


def counted(line: Axis) -> bool:
    """Without statistics: the values are taken for whole numbers one after the other, of which the span tells how many there are."""
    return line.family == "number" and line.distinct > line.span
