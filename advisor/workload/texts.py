"""The texts of `sql/`, in DuckDB's dialect, over the tables that stand for an account's."""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp

from advisor import resources

_PADDED = "CASE WHEN {0} LIKE ' %' OR {0} LIKE '% ' THEN TRIM({0}) ELSE {0} END"


@cache
def duckdb_sql(name: str, history: str = "query_history", executions: str = "executions") -> str:
    """The text of `sql/<name>.sql` in DuckDB's dialect, over these two tables of a snapshot."""
    return _duckdb(_tree(name, history, executions))


@cache
def executions_of(history: str, unique: bool) -> str:
    """`sql/executions.sql` over other rows, where the repeated ids of the whole history are known. Where there are none, the
    ids need not be read again."""
    tree = _tree("executions", history, "executions")
    repeated, latest = tree.ctes
    repeated.set("this", sqlglot.parse_one("SELECT * FROM temp.repeated", read="duckdb"))
    if unique:
        latest.set("this", sqlglot.parse_one(f"SELECT * FROM {history}", read="duckdb"))
    return _duckdb(tree)


def _duckdb(tree: exp.Expr) -> str:
    # What a value begins and ends with is seen at once; DuckDB's TRIM reads all of it.
    for trim in list(tree.find_all(exp.Trim)):
        value = trim.this.sql(dialect="duckdb")
        trim.replace(sqlglot.parse_one(_PADDED.format(value), read="duckdb"))
    return tree.sql(dialect="duckdb", comments=False)


def _tree(name: str, history: str, executions: str) -> exp.Query:
    tree = sqlglot.parse_one(resources.sql(name), read="snowflake")
    if not isinstance(tree, exp.Query):
        raise TypeError(f"sql/{name}.sql is no query")
    for table in list(tree.find_all(exp.Table)):
        if table.catalog:
            table.replace(exp.to_table(history))
        elif table.name == "EXECUTIONS":
            table.replace(exp.to_table(executions))
    return tree
