"""A table's column as the benchmarks hold it: its values as numbers, in the order of loading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart, Value

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
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
