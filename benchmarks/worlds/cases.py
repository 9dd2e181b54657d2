"""What a world is: tables as they were loaded, and the statements that run over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor import model
from advisor.frequent import KEPT, kept
from advisor.model import Churn, ColumnStatistics, TableName
from advisor.quantiles import FEWEST_ROWS, LEVELS
from benchmarks.columns import DAY_US, EPOCH, Codes, Column, Floats
from benchmarks.layouts import Table

NOW = datetime(2026, 1, 5)
WINDOW_DAYS = 28
TODAY = (NOW - EPOCH).days
TYPES = {"number": "NUMBER", "date": "DATE", "timestamp": "TIMESTAMP_NTZ", "text": "TEXT"}

Statement = Callable[[np.random.Generator, date], str]
"""A statement as it would run on a day, with literals drawn for it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A table's rows in the order of loading, cut into micro-partitions."""

    name: str
    columns: Mapping[str, Column]
    partitions: int
    arrived: Floats | None = None
    """The day of each row's arrival, ascending; None where all were there before the window."""
    churn: Churn = Churn(0, 0, 0)  # noqa: RUF009 (frozen)

    @property
    def table_name(self) -> TableName:
        return TableName("DB", "PUBLIC", self.name)

    @property
    def count(self) -> int:
        return len(next(iter(self.columns.values())).values)

    @property
    def starts(self) -> Codes:
        return np.arange(self.partitions) * self.count // self.partitions

    @cached_property
    def births(self) -> Floats:
        """The day on which each partition's last row came."""
        if self.arrived is None:
            return np.full(self.partitions, -np.inf)
        births: Floats = self.arrived[np.append(self.starts[1:], self.count) - 1]
        return births

    def table(self, conditions: tuple[object, ...]) -> Table:
        return Table(self.name, self.columns, self.starts, conditions)  # type: ignore[arg-type]

    def described(self, known: bool) -> model.Table:
        """As the catalog has it, with or without statistics."""
        columns = tuple(
            model.Column(
                name,
                TYPES[column.family],
                i,
                statistics(column) if known else None,
                nullable=bool(np.isnan(column.values).any()),
            )
            for i, (name, column) in enumerate(self.columns.items(), 1)
        )
        size = self.partitions * 16 * 2**20
        return model.Table(self.table_name, "BASE TABLE", self.count, size, columns, created=datetime(2023, 1, 2))


@dataclass(frozen=True)
class Template:
    statement: Statement
    executions: int


@dataclass(frozen=True)
class Case:
    name: str
    tables: tuple[Rows, ...]
    templates: tuple[Template, ...]
    today: int = TODAY
    """The day on which the window ends, since 1970."""
    _: KW_ONLY
    trap: bool = False
    """Nothing should be done."""

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(days=self.today)

    def largest(self) -> Rows:
        return max(self.tables, key=lambda rows: rows.partitions)


def statistics(column: Column) -> ColumnStatistics:
    values = column.values[~np.isnan(column.values)]
    ends = [_shown(column, float(end)) for end in (values.min(), values.max())]
    nulls = 1 - len(values) / len(column.values)
    distinct, counts = np.unique(values, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:KEPT]
    pairs = [(_shown(column, float(distinct[i])), int(counts[i])) for i in most]
    frequent = tuple(kept(pairs, len(column.values)))
    told = column.family == "number" and len(column.values) >= FEWEST_ROWS
    found = np.quantile(values, LEVELS, method="inverted_cdf").tolist() if told else []
    quantiles = tuple((str(value), level) for value, level in zip(found, LEVELS, strict=False))
    return ColumnStatistics(float(len(distinct)), ends[0], ends[1], nulls, frequent=frequent, quantiles=quantiles)


def _shown(column: Column, value: float) -> str:
    if column.family == "text":
        return column.texts[int(value)]
    if column.family == "date":
        return str(day(value))
    return str(EPOCH + timedelta(microseconds=value)) if column.family == "timestamp" else str(value)


# ---------------------------------------------------------------- columns


def number(name: str, values: NDArray[np.generic]) -> Column:
    return Column(name, "number", values.astype(float))


def dates(name: str, days: NDArray[np.generic]) -> Column:
    """`days` since 1970, cut to whole ones."""
    return Column(name, "date", np.floor(days.astype(float)))


def times(name: str, days: NDArray[np.generic]) -> Column:
    return Column(name, "timestamp", np.floor(days.astype(float) * DAY_US))


def texts(name: str, values: NDArray[np.str_]) -> Column:
    distinct, ranks = np.unique(values, return_inverse=True)
    return Column(name, "text", ranks.astype(float), tuple(str(text) for text in distinct))


def with_nulls(column: Column, where: NDArray[np.bool_]) -> Column:
    return replace(column, values=np.where(where, np.nan, column.values))


def day(position: float) -> date:
    return date(1970, 1, 1) + timedelta(days=int(position))
