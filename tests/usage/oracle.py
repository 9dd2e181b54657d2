"""DuckDB as a second opinion: which columns its plans filter and join, for the TPC-H and TPC-DS queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import duckdb_extension_tpcds
import duckdb_extension_tpch
import sqlglot

from advisor.model import Catalog, Column, Table, TableName

# Each of these would hide a condition of the text: folded away on empty tables, turned into a join, or run in another operator.
UNWANTED_OPTIMIZERS = "statistics_propagation,in_clause,compressed_materialization,join_filter_pushdown,top_n,join_elimination,empty_result_pullup"
EXTENSIONS: dict[str, tuple[ModuleType, str]] = {
    "tpch": (duckdb_extension_tpch, "dbgen"),
    "tpcds": (duckdb_extension_tpcds, "dsdgen"),
}
NAME = re.compile(r"[a-z_][a-z0-9_]*")
TEXT = re.compile(r"'[^']*'")
AGGREGATE = re.compile(r"\b(avg|sum|count|count_star|min|max|stddev_samp)\(")
EQUALITY = re.compile(r"\(?([a-z0-9_]+) (?:=|IS NOT DISTINCT FROM) ([a-z0-9_]+)\)?")


@dataclass(frozen=True)
class Plan:
    """What EXPLAIN says: filters as (TABLE, COLUMN), joins as pairs of columns in alphabetical order."""

    filters: frozenset[tuple[str, str]]
    joins: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Benchmark:
    connection: duckdb.DuckDBPyConnection
    name: str
    owners: dict[str, str]
    """The table of each column, both in lower case: TPC's column names are unique."""

    @staticmethod
    def load(name: str) -> Benchmark:
        package, generate = EXTENSIONS[name]
        connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        (extension,) = Path(package.__path__[0]).rglob("*.duckdb_extension")
        connection.load_extension(str(extension))
        connection.execute(f"CALL {generate}(sf = 0)")
        connection.execute(f"SET disabled_optimizers = '{UNWANTED_OPTIMIZERS}'")
        owners = connection.execute(
            "SELECT column_name, table_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        return Benchmark(connection, name, dict(owners))

    def catalog(self) -> Catalog:
        rows = self.connection.execute(
            "SELECT table_name, column_name, data_type, column_index FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        columns: dict[TableName, list[Column]] = {}
        for table, column, data_type, position in rows:
            name = TableName("DB", "S", table.upper())
            columns.setdefault(name, []).append(Column(column.upper(), _snowflake_type(data_type), position))
        tables = {name: Table(name, "BASE TABLE", None, None, tuple(own)) for name, own in columns.items()}
        return Catalog(tables)

    def queries(self) -> Iterator[tuple[int, str]]:
        """Each query's number and its text in DuckDB's dialect."""
        rows = self.connection.execute(f"SELECT query_nr, query FROM {self.name}_queries() ORDER BY 1").fetchall()
        yield from ((number, text) for number, text in rows)

    def plan(self, text: str) -> Plan:
        row = self.connection.execute(f"EXPLAIN (FORMAT JSON) {text}").fetchone()
        assert row is not None
        filters: set[tuple[str, str]] = set()
        joins: set[tuple[str, str]] = set()
        for node in _nodes(json.loads(row[1])):
            filters |= self._filters(node)
            joins |= self._joins(node)
        return Plan(frozenset(filters), frozenset(joins))

    def _filters(self, node: dict[str, Any]) -> set[tuple[str, str]]:
        info = node["extra_info"]
        if "SCAN" in node["name"]:
            table = str(info.get("Table", "")).split(".")[-1].lower()
            return {own for own in self._columns(_conditions(info.get("Filters"))) if own[0] == table.upper()}
        if node["name"].strip() == "FILTER":
            parts = [part for part in _conditions(info.get("Expression")) if not AGGREGATE.search(part)]
            return self._columns(parts)
        return set()

    def _columns(self, conditions: list[str]) -> set[tuple[str, str]]:
        words = {word for text in conditions for word in NAME.findall(TEXT.sub("", text))}
        return {(self.owners[word].upper(), word.upper()) for word in words if word in self.owners}

    def _joins(self, node: dict[str, Any]) -> set[tuple[str, str]]:
        if "JOIN" not in node["name"]:
            return set()
        matches = [EQUALITY.fullmatch(text.strip()) for text in _list(node["extra_info"].get("Conditions"))]
        pairs = [match.groups() for match in matches if match]
        return {_pair(a, b) for a, b in pairs if a in self.owners and b in self.owners}


def snowflake(text: str) -> str:
    """DuckDB's text in Snowflake's dialect."""
    return sqlglot.transpile(text, read="duckdb", write="snowflake")[0]


def _pair(a: str, b: str) -> tuple[str, str]:
    first, second = sorted((a.upper(), b.upper()))
    return first, second


def _nodes(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        yield node
        yield from _nodes(node["children"])


def _list(value: Any) -> list[str]:
    return [] if value is None else [str(item) for item in (value if isinstance(value, list) else [value])]


def _conditions(value: Any) -> list[str]:
    """The conjuncts of a plan's condition, without the IS NOT NULL that DuckDB derives from joins."""
    parts = [part for text in _list(value) for part in re.split(r"\bAND\b", text)]
    return [part for part in parts if "IS NOT NULL" not in part]


def _snowflake_type(data_type: str) -> str:
    plain = data_type.split("(")[0]
    return {"VARCHAR": "TEXT", "DECIMAL": "NUMBER", "INTEGER": "NUMBER", "BIGINT": "NUMBER"}.get(plain, plain)
