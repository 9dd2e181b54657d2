"""Whether a rewritten query returns what the original returned: both are run on generated databases, in DuckDB.

What can't be run there isn't believed. Rows are compared as a multiset, floating-point numbers to 12 digits; LIMIT is left
out on both sides, since it may cut ties either way, and what the outermost ORDER BY sorts by is compared too.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from advisor.equality.databases import ENGINE_TYPES, WHOLE, Cell, EngineTable, Pools, pools, rows
from advisor.model import TableName
from advisor.usage.names import Session, fold

LEAST_ROWS = 3
"""A query that returns nothing in nearly every database proves nothing."""
ENGINE = {
    "threads": "1",
    "memory_limit": "256MB",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@dataclass(frozen=True)
class Trial:
    """A query and its rewrite, as parsed Snowflake SQL."""

    original: exp.Expr
    rewritten: exp.Expr
    stored: Mapping[TableName, exp.Expr]
    """What the rewrite reads that isn't there yet: name and definition."""
    session: Session
    at: datetime
    """The value of CURRENT_TIMESTAMP."""


class _UnprovenError(Exception):
    pass


def difference(trial: Trial, databases: int, seconds: float) -> str | None:
    """Why the rewrite isn't proven, in a few words; None where it returned the same in that many databases.

    `seconds`: the longest that each of both kinds of numbers may take.
    """
    try:
        queries = _Queries.of(trial)
        tried = [_run(queries, range(whole, databases, 2), bool(whole), seconds) for whole in (0, 1)]
    except (_UnprovenError, SqlglotError, RecursionError) as error:
        return f"could not be proven: {_first_line(error)}"
    problems = [found.problem for found in tried]
    if any(found.differs for found in tried):
        return next(found.problem for found in tried if found.differs)
    # Decimals may not fit where the statement wants whole numbers, as in DATEADD; then the whole ones decide.
    if problems[1] is not None:
        return f"could not be proven: {problems[1]}"
    if sum(found.filled for found in tried) < min(LEAST_ROWS, databases // 4):
        return "could not be proven: it returned no rows on the generated ones"
    return None


@dataclass(frozen=True)
class _Tried:
    problem: str | None = None
    differs: bool = False
    filled: int = 0
    """Databases in which the original returned a row with anything in it."""


@dataclass(frozen=True)
class _Queries:
    """Both queries in DuckDB's dialect over flat names."""

    tables: tuple[EngineTable, ...]
    views: tuple[tuple[str, str], ...]
    original: str
    rewritten: str
    values: Pools
    scans: int

    @staticmethod
    def of(trial: Trial) -> _Queries:
        flat: dict[TableName, str] = {}
        trees = [tree.copy() for tree in (trial.original, trial.rewritten, *trial.stored.values())]
        constants = [constant for tree in trees[:2] for constant in tree.find_all(exp.Literal)]
        scans = 0
        for tree in trees:
            scans = max(scans, _flatten(tree, trial, flat))
            _freeze(tree, trial.at)
        for tree in trees[:2]:
            _unlimited(tree)
        texts = [tree.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.RAISE) for tree in trees]
        views = tuple((flat[name], text) for name, text in zip(trial.stored, texts[2:], strict=True))
        tables = tuple(
            _engine_table(flat[name], name, trees, trial.session) for name in flat if name not in trial.stored
        )
        return _Queries(tables, views, texts[0], texts[1], pools(constants, trial.at), scans)


def _flatten(tree: exp.Expr, trial: Trial, flat: dict[TableName, str]) -> int:
    """Give each table a plain name of its own; how many scans there are."""
    ctes = {fold(cte.args["alias"].this) for cte in tree.find_all(exp.CTE)}
    if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
        raise _UnprovenError("it is recursive")
    count = 0
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise _UnprovenError("it reads a table function")
        count += 1
        if not table.args.get("db") and fold(table.this) in ctes:
            continue
        name = trial.session.table(table)
        if name not in trial.stored and trial.session.directory.columns(name) is None:
            raise _UnprovenError(f"the columns of {name} are not known")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name.name, quoted=True))
        table.set("this", exp.to_identifier(flat.setdefault(name, f"t{len(flat)}")))
        table.set("db", None)
        table.set("catalog", None)
        table.set("alias", alias)
        for column in tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)
    return count


def _freeze(tree: exp.Expr, at: datetime) -> None:
    """The clock's functions become the moment that the query is taken to run at; COUNT_IF counts as Snowflake's does."""
    day, moment = f"{at:%Y-%m-%d}", f"{at:%Y-%m-%d %H:%M:%S}"
    for node in list(tree.find_all(exp.CurrentDate, exp.CurrentTimestamp)):
        kind, value = ("date", day) if isinstance(node, exp.CurrentDate) else ("timestamp", moment)
        node.replace(exp.cast(exp.Literal.string(value), kind))
    for count in list(tree.find_all(exp.CountIf)):
        # DuckDB's is NULL where there are no rows, Snowflake's is 0.
        met = exp.Case(ifs=[exp.If(this=count.this.copy(), true=exp.Literal.number(1))])
        count.replace(exp.Count(this=met))


def _unlimited(tree: exp.Expr) -> None:
    for query in [*tree.find_all(exp.Query)]:
        for part in ("limit", "offset"):
            query.set(part, None)
    order = tree.args.get("order")
    if isinstance(tree, exp.Select) and order is not None and tree.args.get("distinct") is None:
        sorted_by = [item.this for item in order.expressions if not isinstance(item.this, exp.Literal)]
        tree.set(
            "expressions", [*tree.expressions, *(exp.alias_(key.copy(), f"o{i}") for i, key in enumerate(sorted_by))]
        )


def _engine_table(flat: str, name: TableName, trees: Sequence[exp.Expr], session: Session) -> EngineTable:
    known = session.directory.columns(name) or {}
    used = {
        fold(node.this if isinstance(node, exp.Column) else node)
        for tree in trees
        for node in tree.find_all(exp.Column, exp.Identifier)
    }
    whole = any(not isinstance(star.parent, exp.Count) for tree in trees for star in tree.find_all(exp.Star))
    named = {column: kind for column, kind in known.items() if column in used}
    alien = sorted(column for column, kind in named.items() if kind not in ENGINE_TYPES)
    if alien:
        raise _UnprovenError(f"{alien[0]} is of type {named[alien[0]]}")
    kept = {column: kind for column, kind in known.items() if kind in ENGINE_TYPES} if whole else named
    return EngineTable(flat, kept or {next(iter(known)): "TEXT"})


# ---------------------------------------------------------------- running


def _run(queries: _Queries, numbers: range, whole: bool, seconds: float) -> _Tried:
    filled = 0
    with duckdb.connect(config=dict(ENGINE)) as engine, _deadline(engine, seconds):
        try:
            _create(engine, queries, whole)
            for number in numbers:
                _fill(engine, queries, number, whole)
                before, after = (_result(engine, text) for text in (queries.original, queries.rewritten))
                if before != after:
                    return _Tried(f"differs from the original: {_first_difference(before, after)}", differs=True)
                filled += any(cell not in (None, 0) for row in before for cell in row)
        except duckdb.Error as error:
            return _Tried(_first_line(error))
    return _Tried(filled=filled)


@contextmanager
def _deadline(engine: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, engine.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _create(engine: duckdb.DuckDBPyConnection, queries: _Queries, whole: bool) -> None:
    engine.execute("SET TimeZone = 'UTC'")
    # Planning is most of the time that a query over a few rows takes.
    engine.execute("PRAGMA disable_optimizer")
    for table in queries.tables:
        columns = [f"{_quoted(name)} {_engine_type(kind, whole)}" for name, kind in table.columns.items()]
        engine.execute(f"CREATE TABLE {table.name} ({', '.join(columns)})")
    for name, text in queries.views:
        engine.execute(f"CREATE VIEW {name} AS {text}")


def _engine_type(kind: str, whole: bool) -> str:
    return WHOLE if kind == "NUMBER" and whole else ENGINE_TYPES[kind]


def _fill(engine: duckdb.DuckDBPyConnection, queries: _Queries, number: int, whole: bool) -> None:
    for table, content in zip(
        queries.tables, rows(queries.tables, queries.values, number, queries.scans, whole), strict=True
    ):
        engine.execute(f"DELETE FROM {table.name}")
        if content:
            written = ", ".join(f"({', '.join(map(_constant, row))})" for row in content)
            engine.execute(f"INSERT INTO {table.name} VALUES {written}")


def _constant(cell: Cell) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, (bool, int, float, Decimal)):
        return str(cell)
    return "'" + str(cell).replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


Rows = Counter[tuple[object, ...]]


def _result(engine: duckdb.DuckDBPyConnection, text: str) -> Rows:
    return Counter(tuple(map(_plain, row)) for row in engine.execute(text).fetchall())


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


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
