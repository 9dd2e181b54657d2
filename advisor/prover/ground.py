"""A sample of a table's rows in the embedded engine: sorted by a key, cut into partitions, their zone maps asked.

The engine evaluates each key expression on the columns' own values and sorts by it; a partition's least and greatest values
are widened to what its real rows would span (`advisor.sample`); then the engine holds the conditions' own literals
against them. Neither axes nor positions of the prediction take part.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from advisor.engine_sql import literal, quoted
from advisor.model import KeyPart
from advisor.prover.conditions import Condition
from advisor.pruning.cut import Codes, Cut, compact
from advisor.pruning.sample import Floats, Sample
from advisor.settings import Settings
from advisor.snapshot.normal import blaming

Counts = NDArray[np.int64]
Key = tuple[KeyPart, ...]

TIES_SEED = 4_711
ZONES_AT_ONCE = 200_000
CONDITIONS_AT_ONCE = 100


@dataclass(frozen=True)
class Ground:
    """`rows` in the engine holds the sample: `row` from 0 in an order of the contents, and a column `c<i>` each.
    `codes` numbers what each expression gives in the engine's order: `row`, `tie`, and a column `e<i>` each."""

    connection: duckdb.DuckDBPyConnection
    columns: tuple[str, ...]
    zoned: int
    """The first so many of the columns have zone maps: those that the conditions to be counted ask."""
    expressions: tuple[KeyPart, ...]
    codes: tuple[Codes, ...]
    """The columns `e<i>`, row by row."""
    partitions: int
    real_rows: float
    """Of the table: what a partition's span is widened for."""

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        return {column: i for i, column in enumerate(self.columns)}

    @cached_property
    def sample(self) -> Sample:
        """Each column's values as ranks, by the engine's own comparison."""
        ranks = ", ".join(_ranked(f"c{i}") for i in range(self.zoned))
        found = self.connection.execute(f"SELECT {ranks} FROM rows ORDER BY row").fetchnumpy()
        return Sample(
            {
                column: np.ma.filled(np.ma.asarray(values).astype(float), np.nan)
                for column, values in zip(self.columns[: self.zoned], found.values(), strict=True)
            }
        )

    @cached_property
    def telling(self) -> Mapping[str, int]:
        """The numbers of the columns of which the sample has values enough to tell what partitions span."""
        serving = self.sample.serving(self.partitions, self.real_rows)
        return {column: self.numbers[column] for column in (serving.columns if serving is not None else ())}

    def arranged(self, key: Key) -> Cut:
        """The rows as the engine sorts them by the key, ties at random, cut into partitions."""
        numbers = [self.expressions.index(part) for part in key]
        sought = ", ".join(f"e{number}" for number in numbers)
        found = self.connection.execute(f"SELECT row FROM codes ORDER BY {sought}, tie").fetchnumpy()
        order = found["row"].astype(np.intp)
        return self.sample.arranged(order, [self.codes[number][order] for number in numbers], self.partitions)

    def zones(self, key: Key, cut: Cut, widened: bool = True) -> tuple[Floats, Floats]:
        """Least and greatest position in each column's order, by column and partition; NaN in one of NULLs alone."""
        narrow = not widened or self.sample.rows >= self.real_rows
        bounds = [
            self.sample.bounds(column, cut, None if narrow or KeyPart(column) in key else self.real_rows)
            for column in self.columns[: self.zoned]
        ]
        low = np.floor(np.array([each[0] for each in bounds]))
        high = np.ceil(np.array([each[1] for each in bounds]))
        return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)

    def counts(self, keys: Sequence[Key], conditions: Sequence[Condition]) -> Counts:
        """How many partitions may hold a row that each condition wants: a row a key, a column a condition."""
        step = max(1, ZONES_AT_ONCE // self.partitions)
        found = np.zeros((len(keys), len(conditions)), np.int64)
        for first in range(0, len(keys), step):
            self._map([self.zones(key, self.arranged(key)) for key in keys[first : first + step]])
            for at in range(0, len(conditions), CONDITIONS_AT_ONCE):
                some = conditions[at : at + CONDITIONS_AT_ONCE]
                asked = ", ".join(f"count(*) FILTER (WHERE {one.zones})" for one in some)
                rows = self.connection.execute(f"SELECT {asked} FROM zones GROUP BY key ORDER BY key").fetchall()
                found[first : first + step, at : at + len(some)] = rows
        return found

    def _map(self, spans: Sequence[tuple[Floats, Floats]]) -> None:
        """Makes `zones`: the partitions of each sorted sample with the values that they span."""
        positions: dict[str, NDArray[np.generic]] = {
            "key": np.repeat(np.arange(len(spans)), self.partitions),
            "part": np.tile(np.arange(self.partitions), len(spans)),
        }
        for i in range(self.zoned):
            positions[f"l{i}"] = np.concatenate([low[i] for low, _ in spans])
            positions[f"h{i}"] = np.concatenate([high[i] for _, high in spans])
        self.connection.register("positions", positions)
        values = ", ".join(f"a{i}.value AS low{i}, z{i}.value AS high{i}" for i in range(self.zoned))
        looked_up = " ".join(
            f"LEFT JOIN sorted{i} a{i} ON a{i}.at = l{i} LEFT JOIN sorted{i} z{i} ON z{i}.at = h{i}"
            for i in range(self.zoned)
        )
        self.connection.execute(
            f"CREATE OR REPLACE TABLE zones AS SELECT key, part, {values} FROM positions {looked_up}"
        )
        self.connection.unregister("positions")

    def keep(self, key: Key) -> None:
        """Makes `kept`: the rows sorted by the key, each beside the zone map of its own partition, spans not widened."""
        cut = self.arranged(key)
        self._map([self.zones(key, cut, widened=False)])
        lengths = np.diff(np.append(cut.starts, self.sample.rows))
        self.connection.register("places", {"row": cut.order, "part": np.repeat(np.arange(self.partitions), lengths)})
        self.connection.execute(
            "CREATE OR REPLACE TABLE kept AS SELECT * FROM rows JOIN places USING (row) JOIN zones USING (part)"
        )
        self.connection.unregister("places")

    def digests(self, table: str, filters: Sequence[str]) -> list[object]:
        """For each filter a figure that tells which rows of `rows` or `kept` it finds, whatever their order."""
        found: list[object] = []
        for at in range(0, len(filters), CONDITIONS_AT_ONCE):
            some = filters[at : at + CONDITIONS_AT_ONCE]
            asked = ", ".join(f"bit_xor(digest) FILTER (WHERE {one})" for one in some)
            found += self.connection.execute(f"SELECT {asked} FROM {table}").fetchall()[0]
        return found

    def refused(self, filters: Sequence[str]) -> frozenset[str]:
        """Those that the engine can't hold against the sampled rows: their types don't meet."""
        distinct = list(dict.fromkeys(filters))
        chunks = [distinct[at : at + CONDITIONS_AT_ONCE] for at in range(0, len(distinct), CONDITIONS_AT_ONCE)]
        doubtful = [one for chunk in chunks if not self._run(chunk) for one in chunk]
        return frozenset(one for one in doubtful if not self._run([one]))

    def _run(self, filters: Sequence[str]) -> bool:
        selected = ", ".join(f"count(*) FILTER (WHERE {one})" for one in filters)
        try:
            self.connection.execute(f"SELECT {selected} FROM rows").fetchall()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            return False
        return True


@contextmanager
def ground(
    path: Path,
    columns: Sequence[str],
    zoned: int,
    expressions: Sequence[KeyPart],
    partitions: int,
    real_rows: float,
    settings: Settings,
) -> Iterator[Ground]:
    """The sample file's columns in an engine of their own. Raises InputError for a file that can't be read."""
    with tempfile.TemporaryDirectory(prefix="advisor-") as scratch, duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = {literal(scratch)}")
        connection.execute(f"SET memory_limit = {literal(settings.memory_limit)}")
        connection.execute(f"SET threads = {max(1, settings.threads)}")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET autoinstall_known_extensions = false")
        names = [f"c{i}" for i in range(len(columns))]
        read = ", ".join(f"{quoted(column)} AS {name}" for column, name in zip(columns, names, strict=True))
        with blaming(path):
            connection.execute(
                f"CREATE TABLE loaded AS SELECT row_number() OVER (ORDER BY {', '.join(names)}) - 1 AS row, *"
                f" FROM (SELECT {read} FROM read_parquet({literal(str(path))}, binary_as_string = true))"
            )
        connection.execute("CREATE TABLE rows AS SELECT *, hash(row) AS digest FROM loaded")
        connection.execute("DROP TABLE loaded")
        for i, name in enumerate(names[:zoned]):
            connection.execute(
                f"CREATE TABLE sorted{i} AS SELECT row_number() OVER (ORDER BY {name}) - 1 AS at, {name} AS value"
                f" FROM rows WHERE {name} IS NOT NULL"
            )
        asked = [expression(part, names[columns.index(part.column)]) for part in expressions]
        yield Ground(
            connection, tuple(columns), zoned, tuple(expressions), _numbered(connection, asked), partitions, real_rows
        )


def expression(part: KeyPart, column: str) -> str:
    """The key's expression in the engine's dialect, of a column that goes by that name there."""
    if part.unit is not None:
        return f"date_trunc('{part.unit}', {column})"
    if part.digits is not None:
        return f"trunc({column} / {10**part.digits})"
    if part.substring is not None:
        return f"substring({column}, {part.substring[0]}, {part.substring[1]})"
    return column


def held(path: Path) -> tuple[tuple[str, ...], int]:
    """The columns and the number of rows of a sample file. Raises InputError for one that can't be read."""
    with duckdb.connect() as connection, blaming(path):
        file = f"read_parquet({literal(str(path))})"
        described = connection.execute(f"SELECT * FROM {file} LIMIT 0").description or ()
        count = connection.execute(f"SELECT count(*) FROM {file}").fetchall()[0][0]
    return tuple(column[0] for column in described), int(count)


def _numbered(connection: duckdb.DuckDBPyConnection, asked: Sequence[str]) -> tuple[Codes, ...]:
    """Makes the table `codes`; its columns of what each expression gives."""
    count = connection.execute("SELECT count(*) FROM rows").fetchall()[0][0]
    ties = {"row": np.arange(count), "tie": np.random.default_rng(TIES_SEED).permutation(count)}
    ranks = "".join(f", dense_rank() OVER (ORDER BY {each} NULLS LAST) - 1 AS e{i}" for i, each in enumerate(asked))
    connection.register("ties", ties)
    connection.execute(f"CREATE TABLE codes AS SELECT row, tie{ranks} FROM rows JOIN ties USING (row)")
    connection.unregister("ties")
    return tuple(compact(_column(connection, f"e{i}")) for i in range(len(asked)))


def _column(connection: duckdb.DuckDBPyConnection, name: str) -> Counts:
    """One at a time: all as wide as they come would take more than the engine may."""
    found = connection.execute(f"SELECT {name} FROM codes ORDER BY row").fetchnumpy()
    return np.asarray(found[name])


def _ranked(name: str) -> str:
    return f"CASE WHEN {name} IS NOT NULL THEN (rank() OVER (ORDER BY {name} NULLS LAST)) - 1 END AS r_{name}"
