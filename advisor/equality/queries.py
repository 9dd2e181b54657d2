"""A query and its rewrite as DuckDB's SQL: over one generated database, and over many of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlglot
from sqlglot import ErrorLevel, exp

from advisor.engine_sql import quoted
from advisor.equality import limits
from advisor.equality.boundaries import boundaries
from advisor.equality.compared import Compared, compared
from advisor.equality.databases import ENGINE_TYPES, EngineTable, Pools, near, pools
from advisor.model import TableName
from advisor.usage import moments
from advisor.usage.names import Session, fold

ALL = "all_databases"
"""Of each table: the rows of all databases, told apart by the column NUMBER."""
NUMBERS = "database_numbers"
NUMBER = "database_number"
ITS_NUMBER = f"getvariable('{NUMBER}')"
"""Where one database is run alone."""
FLAT = "table__"
KEPT_ARGS = ("joins", "laterals", "pivots", "sample")
SOME_TIME = datetime(2024, 5, 17, 10, 30)
"""Around which dates are drawn for queries that don't ask for the clock: they meet the same rows in every run."""


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


class UnprovenError(Exception):
    """The message says why the pair can't be run."""


@dataclass(frozen=True)
class Queries:
    """Both queries in DuckDB's dialect over flat names."""

    tables: tuple[EngineTable, ...]
    views: tuple[tuple[str, str], ...]
    alone: tuple[str, str]
    """The original and its rewrite."""
    together: tuple[str, str]
    """The same for each number of NUMBERS, which comes first in a row."""
    values: Pools
    scans: int

    @staticmethod
    def of(trial: Trial) -> Queries:
        flat: dict[TableName, str] = {}
        trees = [tree.copy() for tree in (trial.original, trial.rewritten, *trial.stored.values())]
        constants = [constant for tree in trees[:2] for constant in tree.find_all(exp.Literal)]
        scans, at = 0, SOME_TIME
        for tree in trees:
            scans = max(scans, _flatten(tree, trial, flat))
            at = trial.at if _freeze(tree, trial.at) else at
        turns = boundaries(trees[:2]) if at is trial.at else ()
        known = {flat[name]: trial.session.directory.columns(name) or {} for name in flat if name not in trial.stored}
        asked = compared(trees[:2], turns, known)
        why = limits.differ(trees[0], trees[1])
        if why is not None:
            raise UnprovenError(why)
        for tree in trees[:2]:
            limits.lift(tree, ITS_NUMBER)
        texts = [_engine_sql(tree) for tree in trees]
        stored = {flat[name]: tree for name, tree in zip(trial.stored, trees[2:], strict=True)}
        tables = tuple(
            _engine_table(flat[name], name, trees, asked, trial.session) for name in flat if name not in trial.stored
        )
        original, rewritten = (_together(tree, tables, stored) for tree in trees[:2])
        drawn = pools(constants, at, [moment for _, moment in turns])
        views = tuple(zip(stored, texts[2:], strict=True))
        return Queries(tables, views, (texts[0], texts[1]), (original, rewritten), drawn, scans)


def _engine_sql(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.RAISE)


def _together(tree: exp.Expr, tables: Sequence[EngineTable], stored: Mapping[str, exp.Expr]) -> str:
    return f"SELECT {NUMBERS}.{NUMBER}, each_.* FROM {NUMBERS}, LATERAL ({_engine_sql(_numbered(tree, tables, stored))}) AS each_"


def _numbered(tree: exp.Expr, tables: Sequence[EngineTable], stored: Mapping[str, exp.Expr]) -> exp.Expr:
    """The query over the rows of the database that NUMBERS is at."""
    sources = {name: _numbered(definition, tables, {}) for name, definition in stored.items()}
    for table in tables:
        columns = ", ".join(map(quoted, table.columns))
        rows = f"SELECT {columns} FROM {table.name}_{ALL} AS r_ WHERE r_.{NUMBER} = {NUMBERS}.{NUMBER}"
        sources[table.name] = sqlglot.parse_one(rows, read="duckdb")
    numbered = tree.copy()
    alone = sqlglot.parse_one(ITS_NUMBER, read="duckdb")
    for asked in [each for each in numbered.find_all(exp.Anonymous) if each == alone]:
        asked.replace(exp.column(NUMBER, NUMBERS))
    for node in list(numbered.find_all(exp.Table)):
        if node.name in sources and not node.args.get("db"):
            rest = {part: node.args.get(part) for part in KEPT_ARGS}
            node.replace(exp.Subquery(this=sources[node.name].copy(), alias=node.args.get("alias"), **rest))
    return numbered


def _flatten(tree: exp.Expr, trial: Trial, flat: dict[TableName, str]) -> int:
    """Give each table a plain name of its own; how many scans there are."""
    ctes = {fold(cte.args["alias"].this) for cte in tree.find_all(exp.CTE)}
    if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
        raise UnprovenError("it is recursive")
    count = 0
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise UnprovenError("it reads a table function")
        count += 1
        if not table.args.get("db") and fold(table.this) in ctes:
            continue
        name = trial.session.table(table)
        if name not in trial.stored and trial.session.directory.columns(name) is None:
            raise UnprovenError(f"the columns of {name} are not known")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name.name, quoted=True))
        table.set("this", exp.to_identifier(flat.setdefault(name, f"{FLAT}{len(flat)}")))
        table.set("db", None)
        table.set("catalog", None)
        table.set("alias", alias)
        for column in tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)
    return count


def _freeze(tree: exp.Expr, at: datetime) -> bool:
    """The clock's functions become the moment that the query is taken to run at; COUNT_IF counts, and TO_CHAR of a date writes,
    as Snowflake's does. Whether it asks for the clock."""
    day, moment = f"{at:%Y-%m-%d}", f"{at:%Y-%m-%d %H:%M:%S}"
    clocks = list(tree.find_all(exp.CurrentDate, exp.CurrentTimestamp))
    for node in clocks:
        kind, value = ("date", day) if isinstance(node, exp.CurrentDate) else ("timestamp", moment)
        node.replace(exp.cast(exp.Literal.string(value), kind))
    for written in list(tree.find_all(exp.ToChar)):
        form = moments.FORMATS.get(written.text("format").upper())
        if form is not None:
            written.replace(exp.Anonymous(this="STRFTIME", expressions=[written.this, exp.Literal.string(form[1])]))
    for count in list(tree.find_all(exp.CountIf)):
        # DuckDB's is NULL where there are no rows, Snowflake's is 0.
        met = exp.Case(ifs=[exp.If(this=count.this.copy(), true=exp.Literal.number(1))])
        count.replace(exp.Count(this=met))
    return bool(clocks)


def _engine_table(
    flat: str, name: TableName, trees: Sequence[exp.Expr], asked: Compared, session: Session
) -> EngineTable:
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
        raise UnprovenError(f"{alien[0]} is of type {named[alien[0]]}")
    kept = {column: kind for column, kind in known.items() if kind in ENGINE_TYPES} if whole else named
    met = {column: near(asked[flat, column], kind) for column, kind in kept.items() if (flat, column) in asked}
    return EngineTable(flat, kept or {next(iter(known)): "TEXT"}, {c: found for c, found in met.items() if found.met})
