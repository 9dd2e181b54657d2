"""A statement's own WHERE in the engine's dialect, where the statement is simple enough to be asked of a sample."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from advisor.usage.names import fold

ALONE = ("joins", "laterals", "with_", "match", "connect", "pivots", "sample")
NESTED = (exp.Query, exp.Window, exp.Lateral, exp.Placeholder, exp.Parameter)


def own_filter(text: str, columns: Mapping[str, int]) -> str | None:
    """The WHERE of a SELECT from one table, of column number i as `c<i>`; None where that says less than the statement."""
    where = _where(text)
    if where is None or any(where.find(kind) for kind in NESTED):
        return None
    for column in list(where.find_all(exp.Column)):
        number = columns.get(fold(column.this) or "")
        if number is None:
            return None
        column.replace(exp.column(f"c{number}"))
    try:
        rendered: str = where.this.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError:
        return None
    return rendered


def _where(text: str) -> exp.Where | None:
    try:
        tree = sqlglot.parse_one(text, read="snowflake")
    except (SqlglotError, RecursionError, AttributeError, LookupError, TypeError, ValueError):
        # sqlglot's own slips on malformed texts.
        return None
    if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in ALONE):
        return None
    source = tree.args.get("from_")
    table = source.this if source is not None else None
    if not isinstance(table, exp.Table) or any(table.args.get(part) for part in ALONE):
        return None
    where = tree.args.get("where")
    return where if isinstance(where, exp.Where) else None
