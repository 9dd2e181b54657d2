"""The truth about a layout, counted: the demo's rows sorted by a key, cut into blocks, and each block's minimum and maximum
held against every condition that ran. Equal to what the engine scans, and thousands of times faster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from advisor.model import ColumnUsage, KeyPart, Role, Value

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
PRUNABLE = frozenset({Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.NULL_TEST})
LAST_LETTER = "\U0010ffff"
DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Column:
    name: str
    family: str
    """number, date (days), timestamp (microseconds) or text (ranks among `texts`)."""
    values: Floats
    """One a row, in the order of loading; NaN for NULL."""
    texts: tuple[str, ...] = ()
    """The distinct texts in order."""

    def position(self, value: Value) -> float | None:
        """Where a literal stands among the values; between two ranks for a text that no row has."""
        if self.family == "text":
            if not isinstance(value, str):
                return None
            rank = int(np.searchsorted(self._sorted_texts, value))
            return float(rank) if rank < len(self.texts) and self.texts[rank] == value else rank - 0.5
        if self.family == "number":
            return float(value) if isinstance(value, (int, float)) else None
        moment = _moment(value)
        if moment is None:
            return None
        micros = (moment - EPOCH).total_seconds() * 1e6
        return micros / DAY_US if self.family == "date" else micros

    @cached_property
    def _sorted_texts(self) -> NDArray[np.str_]:
        return np.array(self.texts)

    def codes(self, part: KeyPart, picked: Codes) -> Codes:
        """The key part's value for each picked row, as integers from 0 in the same order."""
        values = self.values[picked]
        nulls = np.isnan(values)
        if nulls.any():
            values = np.where(nulls, np.nanmax(values, initial=0), values)
            return np.asarray(np.where(nulls, np.iinfo(np.int32).max, self._codes(part, values)), np.int64)
        return self._codes(part, values)

    def _codes(self, part: KeyPart, values: Floats) -> Codes:
        if part.unit is not None:
            codes = _cut(values if self.family == "timestamp" else values * DAY_US, part.unit)
        elif part.digits is not None:
            codes = np.trunc(values / 10**part.digits).astype(np.int64)
        elif part.substring is not None:
            codes = self._pieces(*part.substring)[values.astype(np.int64)]
        else:
            codes = np.round(values * 100 if self.family == "number" else values).astype(np.int64)
        shifted: Codes = codes - codes.min()
        return shifted

    @cache  # noqa: B019 (columns live as long as the program)
    def _pieces(self, start: int, length: int) -> Codes:
        pieces = np.array([text[start - 1 : start - 1 + length] for text in self.texts])
        return np.unique(pieces, return_inverse=True)[1].astype(np.int64)

    def ladder(self) -> tuple[KeyPart, ...]:
        """The column bare and in every coarser form that keeps its order."""
        bare = KeyPart(self.name)
        if self.family in ("date", "timestamp"):
            units = ("WEEK", "MONTH", "QUARTER") if self.family == "date" else ("DAY", "WEEK", "MONTH", "QUARTER")
            return (bare, *(KeyPart(self.name, unit=unit) for unit in units))
        if self.family == "number":
            span = np.nanmax(self.values) - np.nanmin(self.values)
            return (bare, *(KeyPart(self.name, digits=digits) for digits in range(1, 7) if span >= 2 * 10**digits))
        shared = _shared_prefix(self.texts)
        longest = max(len(text) for text in self.texts) - shared
        return (bare, *(KeyPart(self.name, substring=(shared + 1, n)) for n in range(1, min(6, longest))))


def _moment(value: Value) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None


def _cut(micros: Floats, unit: str) -> Codes:
    if unit == "HOUR":
        return np.floor(micros / (DAY_US / 24)).astype(np.int64)
    days: Codes = np.floor(micros / DAY_US).astype(np.int64)
    if unit == "DAY":
        return days
    if unit == "WEEK":
        return (days + 3) // 7  # 1970-01-01 was a Thursday; weeks start on Monday
    months: Codes = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]


def _shared_prefix(texts: Sequence[str]) -> int:
    first, last = texts[0], texts[-1]
    return next(
        (i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last))
    )


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


# ---------------------------------------------------------------- counting


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
        matches = np.empty((len(self.tests), len(starts)), np.bool_)
        for name in {test.column for test in self.tests}:
            values = self.columns[name].values[order]
            least, most = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
            nulls = np.logical_or.reduceat(np.isnan(values), starts)
            for test, i in self.tests.items():
                if test.column == name:
                    matches[i] = test.holds(least, most, nulls)
        hits = np.ones((len(self.conditions), len(starts)), np.bool_)
        for i, one in enumerate(self.conditions):
            for clause in one:
                hits[i] &= np.any([matches[[self.tests[t] for t in tests]].all(axis=0) for tests in clause], axis=0)
        return hits


# ---------------------------------------------------------------- reading the rows


def read_column(parquets: Sequence[Path], name: str) -> Column:
    """One column of the files, one after the other, in the order of their rows. Upper-case `name`."""
    files = [str(path) for path in parquets]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {name} AS c FROM read_parquet({files}, union_by_name => true)")
        kind = str(connection.execute("SELECT any_value(typeof(c)) FROM t").fetchall()[0][0])
        if kind == "VARCHAR":
            texts = tuple(text for (text,) in connection.execute("SELECT DISTINCT c FROM t ORDER BY c").fetchall())
            connection.execute("CREATE TYPE ranked AS ENUM (SELECT DISTINCT c FROM t ORDER BY c)")
            return Column(name, "text", _values(connection, "enum_code(c::ranked)"), texts)
        if kind == "DATE":
            return Column(name, "date", _values(connection, "c - DATE '1970-01-01'"))
        if kind == "TIMESTAMP":
            return Column(name, "timestamp", _values(connection, "epoch_us(c)"))
        return Column(name, "number", _values(connection, "c"))


def _values(connection: duckdb.DuckDBPyConnection, expression: str) -> Floats:
    found = connection.execute(f"SELECT ({expression})::DOUBLE AS v FROM t").fetchnumpy()["v"]
    return np.asarray(found, np.float64)
