"""Both queries run on generated databases: a few one by one, the rest all at once.

All at once, each query stands as a LATERAL beside the databases' numbers, so that DuckDB plans it once: planning is most of the
time that a query over a few rows takes. That form is only believed where it says of the few what they said one by one.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from advisor.engine_sql import literal, quoted
from advisor.equality.databases import ENGINE_TYPES, WHOLE, Cell, rows
from advisor.equality.queries import ALL, NUMBER, NUMBERS, Queries

ENGINE = {
    "threads": "1",
    "memory_limit": "256MB",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
ALONE = 4
"""Databases of each kind of numbers that are run one by one."""

AGAIN_SECONDS = 0.01
CHANCE = (
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.FatalException,
)
"""Errors that another machine, or another moment, may not have."""

Rows = Counter[tuple[object, ...]]
Answers = dict[int, Rows]
"""By the database's number; one without rows may lack."""


@dataclass(frozen=True)
class Tried:
    problem: str | None = None
    differs: bool = False
    filled: int = 0
    """Databases in which the original returned a row with anything in it."""
    chance: bool = False
    """At another moment it may end otherwise."""


def run(
    queries: Queries, numbers: range, whole: bool, seconds: float, given_up: threading.Event | None = None
) -> Tried:
    """`seconds`: the longest that it may take; less when `given_up` is set meanwhile."""
    with duckdb.connect(config=dict(ENGINE)) as engine, _deadline(engine, seconds, given_up or threading.Event()):
        try:
            _create(engine, queries, numbers, whole)
            before, after = _answers(engine, queries, numbers)
        except duckdb.Error as error:
            return Tried(first_line(error), chance=isinstance(error, CHANCE))
    for number in numbers:
        one, other = before.get(number, Rows()), after.get(number, Rows())
        if one != other:
            return Tried(f"differs from the original: {_first_difference(one, other)}", differs=True)
    return Tried(filled=sum(any(cell not in (None, 0) for row in found for cell in row) for found in before.values()))


def _answers(engine: duckdb.DuckDBPyConnection, queries: Queries, numbers: range) -> tuple[Answers, Answers]:
    """Of the original and of its rewrite."""
    few = [_one_by_one(engine, queries, text, numbers[:ALONE]) for text in queries.alone]
    try:
        every = [_all_at_once(engine, text) for text in queries.together]
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        every = []  # It can't be put that way: one by one it may do.
    if not every or any(each.get(n, Rows()) != found[n] for each, found in zip(every, few, strict=True) for n in found):
        every = [
            found | _one_by_one(engine, queries, text, numbers[ALONE:])
            for text, found in zip(queries.alone, few, strict=True)
        ]
    return every[0], every[1]


def _one_by_one(engine: duckdb.DuckDBPyConnection, queries: Queries, text: str, numbers: Iterable[int]) -> Answers:
    for table in queries.tables:
        columns = ", ".join(map(quoted, table.columns))
        only = f"SELECT {columns} FROM {table.name}_{ALL} WHERE {NUMBER} = getvariable('{NUMBER}')"
        engine.execute(f"CREATE OR REPLACE VIEW {table.name} AS {only}")
    for name, definition in queries.views:
        engine.execute(f"CREATE OR REPLACE VIEW {name} AS {definition}")
    found = {}
    for number in numbers:
        engine.execute(f"SET VARIABLE {NUMBER} = {number}")
        found[number] = Rows(tuple(map(_plain, row)) for row in engine.execute(text).fetchall())
    return found


def _all_at_once(engine: duckdb.DuckDBPyConnection, text: str) -> Answers:
    found: defaultdict[int, Rows] = defaultdict(Rows)
    for number, *row in engine.execute(text).fetchall():
        found[number][tuple(map(_plain, row))] += 1
    return dict(found)


@contextmanager
def _deadline(engine: duckdb.DuckDBPyConnection, seconds: float, given_up: threading.Event) -> Iterator[None]:
    """Interrupts again and again: between two statements an interrupt is lost."""
    done, last = threading.Event(), time.monotonic() + seconds

    def watch() -> None:
        while not done.wait(AGAIN_SECONDS):
            if given_up.is_set() or time.monotonic() > last:
                engine.interrupt()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


# ---------------------------------------------------------------- rows in


def _create(engine: duckdb.DuckDBPyConnection, queries: Queries, numbers: range, whole: bool) -> None:
    engine.execute("SET TimeZone = 'UTC'")
    engine.execute(f"CREATE TABLE {NUMBERS} AS SELECT unnest({list(numbers)})::INTEGER AS {NUMBER}")
    written: list[list[tuple[Cell, ...]]] = [[] for _ in queries.tables]
    for number in numbers:
        content = rows(queries.tables, queries.values, number, queries.scans, whole)
        for lines, of_table in zip(written, content, strict=True):
            lines += [(number, *row) for row in of_table]
    for table, lines in zip(queries.tables, written, strict=True):
        types = ["INTEGER", *(_engine_type(kind, whole) for kind in table.columns.values())]
        names = [NUMBER, *map(quoted, table.columns)]
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
        engine.execute(f"CREATE TABLE {table.name}_{ALL} ({columns})")
        if lines:
            # A column as one text: thousands of constants in a statement, or of values in a list, take the engine far
            # longer. And in the statement: to bind a parameter it imports pandas, which takes as long as a proof.
            texts = zip(types, map(_json, zip(*lines, strict=True)), strict=True)
            casts = ", ".join(f"unnest({literal(text)}::JSON::VARCHAR[])::{kind}" for kind, text in texts)
            engine.execute(f"INSERT INTO {table.name}_{ALL} SELECT {casts}")


def _engine_type(kind: str, whole: bool) -> str:
    return WHOLE if kind == "NUMBER" and whole else ENGINE_TYPES[kind]


def _json(column: Sequence[Cell]) -> str:
    return json.dumps([None if cell is None else str(cell) for cell in column])


# ---------------------------------------------------------------- rows out


def _plain(cell: object) -> object:
    """Numbers of any type as one, to the digits that sums in another order keep."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else float(f"{cell:.12g}")
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(f"{float(cell):.12g}")
    return tuple(map(_plain, cell)) if isinstance(cell, list) else str(cell) if isinstance(cell, dict) else cell


def _first_difference(before: Rows, after: Rows) -> str:
    lost, new = before - after, after - before
    example = min(map(repr, lost or new))
    return f"the row {example} is {'lost' if lost else 'new'}"


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
