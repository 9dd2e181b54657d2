"""The truth about a layout, counted: the demo's rows sorted by a key, cut into blocks, and each block's minimum and maximum
held against every condition that ran. Equal to what the engine scans, and thousands of times faster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.model import ColumnUsage, KeyPart, Role, Value
from benchmarks.columns import Codes, Column, Floats

PRUNABLE = frozenset({Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.NULL_TEST})
LAST_LETTER = "\U0010ffff"


# ---------------------------------------------------------------- conditions


@dataclass(frozen=True)
class Test:
    """A column lies in one of these closed intervals."""

    column: str
    intervals: tuple[tuple[float, float], ...]
    null: bool = False
    """It is NULL instead."""

    def holds(self, least: Floats, most: Floats, nulls: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where values between `least` and `most` may be in one of the intervals; NaN bounds hold none."""
        if self.null:
            return nulls
        if len(self.intervals) == 1:
            ((low, high),) = self.intervals
            return np.asarray((low <= most) & (least <= high))
        lows, highs = (np.sort(ends) for ends in zip(*self.intervals, strict=True))
        begun, ended = np.searchsorted(lows, most, "right"), np.searchsorted(highs, least, "left")
        found: NDArray[np.bool_] = (begun > ended) & ~np.isnan(least)
        return found


Condition = tuple[tuple[tuple[Test, ...], ...], ...]
"""AND-ed clauses, each of OR-ed alternatives, each of AND-ed tests."""


def condition(usages: Iterable[ColumnUsage], columns: Mapping[str, Column]) -> Condition:
    """What a minimum and a maximum can decide of one scan's filters."""
    clauses: dict[int, dict[int | None, list[Test | None]]] = {}
    for usage in usages:
        clauses.setdefault(usage.clause, {}).setdefault(usage.branch, []).append(_test(usage, columns))
    found = []
    for branches in clauses.values():
        alternatives = [tuple(test for test in tests if test is not None) for tests in branches.values()]
        if all(alternatives):
            found.append(tuple(alternatives))
    return tuple(found)


def _test(usage: ColumnUsage, columns: Mapping[str, Column]) -> Test | None:
    column = columns.get(usage.column)
    # The engine has no minimum and maximum of DATE_TRUNC, though it keeps order.
    opaque = usage.wrapper is not None and "TRUNC" in usage.wrapper
    if column is None or usage.role not in PRUNABLE or usage.negated or not usage.keeps_order or opaque:
        return None
    if usage.role is Role.NULL_TEST:
        return Test(column.name, (), null=True)
    if usage.role is Role.PREFIX:
        prefix = str(usage.values[0])
        return _interval(column, prefix, prefix + LAST_LETTER)
    if usage.low is not None or usage.high is not None:
        return _interval(column, usage.low, usage.high, usage.low_included, usage.high_included)
    points = [column.position(value) for value in usage.values]
    known = [(point, point) for point in points if point is not None]
    return Test(column.name, tuple(known)) if known and len(known) == len(points) else None


def _interval(
    column: Column, low: Value | None, high: Value | None, low_included: bool = True, high_included: bool = True
) -> Test | None:
    least = -np.inf if low is None else column.position(low)
    most = np.inf if high is None else column.position(high)
    if least is None or most is None:
        return None
    least = least if low_included else float(np.nextafter(least, np.inf))
    most = most if high_included else float(np.nextafter(most, -np.inf))
    return Test(column.name, ((least, most),))


@dataclass(frozen=True)
class Table:
    """A table's rows and the distinct conditions that its scans hold against them."""

    name: str
    columns: Mapping[str, Column]
    starts: Codes
    """The first row of each block, as loaded."""
    conditions: tuple[Condition, ...]

    @property
    def blocks(self) -> int:
        return len(self.starts)

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())).values)

    @cached_property
    def tests(self) -> dict[Test, int]:
        every = (test for one in self.conditions for clause in one for tests in clause for test in tests)
        return {test: i for i, test in enumerate(dict.fromkeys(every))}

    @cached_property
    def shuffled(self) -> Codes:
        """Ties between equal keys fall at random, or a key would profit from the order of arrival."""
        return np.random.default_rng(2026).permutation(self.rows)

    def as_loaded(self) -> NDArray[np.bool_]:
        """Which blocks each condition scans: one row a condition."""
        return self._hits(np.arange(self.rows), self.starts)

    def keyed(self, key: Sequence[KeyPart], every: int = 1) -> NDArray[np.int64]:
        """How many blocks each condition scans when the rows lie in the key's order.

        `every` takes one row in so many and keeps the number of blocks: quick, and nearly exact with hundreds of rows a block.
        """
        return self.cut(self.ordered(key, every), self.blocks)

    def ordered(self, key: Sequence[KeyPart], every: int = 1) -> Codes:
        """The rows in the key's order."""
        picked = self.shuffled[: self.rows // every]
        order: Codes = picked[np.argsort(self._code(key, picked))]
        return order

    def cut(self, order: Codes, blocks: int) -> NDArray[np.int64]:
        """How many of so many blocks of rows in this order each condition scans."""
        starts = np.arange(blocks) * len(order) // blocks
        scanned: NDArray[np.int64] = self._hits(order, starts).sum(axis=1)
        return scanned

    def _code(self, key: Sequence[KeyPart], picked: Codes) -> Codes:
        code = np.zeros(len(picked), np.int64)
        for part in key:
            codes = self.columns[part.column].codes(part, picked)
            if (int(code.max()) + 1) * (int(codes.max()) + 1) >= 2**62:
                code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            code = code * (int(codes.max()) + 1) + codes
        return code

    def leaves_room(self, part: KeyPart, every: int) -> bool:
        """Groups of the leading part larger than a block exist: only within them can a second part skip anything."""
        picked = self.shuffled[: self.rows // every]
        sizes = np.unique(self._code((part,), picked), return_counts=True)[1]
        return len(sizes) > 1 and float(sizes[sizes > len(picked) / self.blocks].sum()) > 0.02 * len(picked)

    def _hits(self, order: Codes, starts: Codes) -> NDArray[np.bool_]:
        """Row by condition, column by block. The last row of the matches stands for a condition that decides nothing."""
        matches = np.ones((len(self.tests) + 1, len(starts)), np.bool_)
        for name, tests in self._by_column.items():
            values = self.columns[name].values[order]
            least, most = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
            nulls = np.logical_or.reduceat(np.isnan(values), starts)
            for test in tests:
                matches[self.tests[test]] = test.holds(least, most, nulls)
        asked, alternatives, clauses, conditions = self._nested
        met = np.logical_and.reduceat(matches[asked], alternatives, axis=0)
        hits: NDArray[np.bool_] = np.logical_and.reduceat(
            np.logical_or.reduceat(met, clauses, axis=0), conditions, axis=0
        )
        return hits

    @cached_property
    def _by_column(self) -> dict[str, list[Test]]:
        found: dict[str, list[Test]] = {}
        for test in self.tests:
            found.setdefault(test.column, []).append(test)
        return found

    @cached_property
    def _nested(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """The numbers of all tests asked; where each alternative's begin, each clause's alternatives, each condition's clauses."""
        asked: list[int] = []
        alternatives: list[int] = []
        clauses: list[int] = []
        conditions: list[int] = []
        for one in self.conditions:
            conditions.append(len(clauses))
            for clause in one or (((),),):
                clauses.append(len(alternatives))
                for tests in clause:
                    alternatives.append(len(asked))
                    asked += [self.tests[test] for test in tests] or [len(self.tests)]
        return asked, alternatives, clauses, conditions
