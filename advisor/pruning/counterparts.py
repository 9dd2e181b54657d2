"""Columns that go together although the layout doesn't show it: a product's number and its code, the day of an order
and of its delivery.

Nothing that is known without a sample of the rows shows it outright, but it leaves traces that are rarely there by chance.

*One to one.* Of two columns that have nothing to do with each other the distinct counts are seldom the same: spread
evenly over the orders of magnitude from 100 to a million, 1 pair in 150 lies within 3% (approximate counts themselves
are off by 2%). Let one pair in ten go together, and equal counts mean it 94 times in 100 (Bayes). From the history
alone, the rows that a queried value holds are compared: 1 unrelated pair in 7 holds them within a factor of two, so of
the pairs that do, about half go together. Where it is so, a partition that holds a single value of the one holds a
single value of the other, whatever their orders are. Where statistics tell what their frequent values hold, columns of which
these hold otherwise don't go together: one scan counts both, and a value's counterpart lies in the same rows.

*Abreast.* Times of one row are mostly those of one thing's life and follow each other; some don't (a birth, a hiring).
Those whose first and last are the same but for days are taken to. Where the ends differ, or aren't known, and rows lie
in the order of neither, nothing tells, and half of the pairs are taken to.

What is as probable as not is reckoned both ways: the mean is expected, and the range holds both. It does so too where times are
taken to follow each other, for they may lie between the same days by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, zip_longest

from advisor.pruning.asks import Question
from advisor.pruning.axes import Axis
from advisor.pruning.groups import as_rare, single_values
from advisor.pruning.widths import UNSORTED

FEWEST_VALUES = 100
"""Smaller counts are alike by chance."""
SAME_COUNT = 0.03
SAME_SHARES = 0.05
"""Of all rows: by how many at most the frequent values of columns that go one to one are taken to differ together, as counts that
are too high do.
"""
SAME_ROWS = 2.0
MOST_APART = 8.0
"""How far apart they may be where values are known to differ in rows: further apart, nearly any two columns are."""
SAME_ENDS = 0.05
"""Numbers from about the same minimum to the same maximum are of one kind (who ordered, who paid), which explains equal
counts.
"""
SAME_DAYS = 0.02
"""How far the ends of times that follow each other lie apart, as a share of their span: a month of some years."""
EVEN_ODDS = 0.5
STRAYING = 0.05
"""How wide one time is taken to stay where another is narrow, as a share of its span: weeks of a year or months of several."""

Pairs = Mapping[str, frozenset[str]]
"""By column those that go with it."""


@dataclass(frozen=True)
class Ties:
    """Which columns go together."""

    one_to_one: Pairs = field(default_factory=dict)
    abreast: Pairs = field(default_factory=dict)


def ties(
    axes: Mapping[str, Axis], questions: Sequence[Question], widths: Mapping[str, float]
) -> tuple[Ties, Ties | None]:
    """What is expected, and what holds besides if all that is as probable as not is so; None where nothing is."""
    lines = [line for line in axes.values() if not line.is_time and line.distinct >= FEWEST_VALUES]
    pairs = [(a, b) for a, b in combinations(lines, 2) if not _of_one_kind(a, b) and not _otherwise_frequent(a, b)]
    sure = [(a, b) for a, b in pairs if a.known and b.known and _within(a.distinct, b.distinct, 1 + SAME_COUNT)]
    rows = _rows_asked(questions)
    maybe = [
        (a, b) for a, b in pairs
        if not (a.known and b.known) and a.column in rows and b.column in rows and _within(rows[a.column], rows[b.column], min(MOST_APART, SAME_ROWS / min(a.uncommon, b.uncommon)))
    ]  # fmt: skip
    loose = [line for line in axes.values() if line.is_time and widths.get(line.column, 1.0) >= UNSORTED]
    times = list(combinations(loose, 2))
    following = [(a, b) for a, b in times if a.known and b.known and _between_same_days(a, b)]
    surmised = Ties(_by_column([*sure, *maybe]), _by_column(times)) if maybe or len(following) < len(times) else None
    return Ties(_by_column(sure), _by_column(following)), surmised


def told_together(axes: Mapping[str, Axis], pairs: Pairs, questions: Sequence[Question]) -> dict[str, Axis]:
    """The axes, those of columns that go one to one with what the queries of either tell of how the rows are spread."""
    found, single = dict(axes), single_values(questions) if pairs else {}
    for name, others in sorted(pairs.items()):
        for other in sorted(others):
            found[name], found[other] = as_rare(found[name], found[other], single)
    return found


def _of_one_kind(one: Axis, other: Axis) -> bool:
    ends = abs(one.low - other.low) + abs(one.high - other.high)
    return one.family == other.family and ends <= SAME_ENDS * max(one.span, other.span)


def _otherwise_frequent(one: Axis, other: Axis) -> bool:
    """The most frequent value of one and that of the other, the second ones and so on, hold other shares of the rows. Where
    either has no more of them, the next holds as much as it may.
    """
    if one.frequent is None or other.frequent is None:
        return False
    apart = 0.0
    for mine, its in zip_longest(_shares(one), _shares(other)):
        if mine is None or its is None:
            apart += max(0.0, its - one.frequent.most if mine is None else mine - other.frequent.most)
        else:
            apart += abs(mine - its)
    return apart > SAME_SHARES


def _shares(line: Axis) -> list[float]:
    """What frequent values hold, in descending order; what stands for none and NULL are values here, for a code may have them."""
    assert line.frequent is not None
    none = [share for share in (line.null_share, line.absent - line.null_share) if share]
    return sorted([*map(float, line.frequent.shares), *none], reverse=True)


def _between_same_days(one: Axis, other: Axis) -> bool:
    return max(abs(one.low - other.low), abs(one.high - other.high)) <= SAME_DAYS * max(one.span, other.span)


def _within(one: float, other: float, factor: float) -> bool:
    return max(one, other) <= factor * min(one, other)


def _by_column(pairs: Iterable[tuple[Axis, Axis]]) -> Pairs:
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one.column, set()).add(other.column)
        found.setdefault(other.column, set()).add(one.column)
    return {name: frozenset(others) for name, others in sorted(found.items())}


def _rows_asked(questions: Sequence[Question]) -> dict[str, float]:
    """The mean share of the rows that one of the single values asked for holds, by column."""
    found: dict[str, list[float]] = {}
    for question in questions:
        for ask in question.asks:
            if ask.values and not ask.derived and not ask.null:
                found.setdefault(ask.column, []).append(ask.share / ask.values)
    return {column: sum(shares) / len(shares) for column, shares in found.items()}
