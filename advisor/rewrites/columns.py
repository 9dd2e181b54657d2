"""Whose a column is, and of which type."""

from __future__ import annotations

from sqlglot import exp

from advisor.blocks import Block
from advisor.model import TableName
from advisor.usage.names import Session


def table_of(column: exp.Expr, block: Block) -> TableName | None:
    owners = {table for table, name in block.columns if name == column.name}
    return owners.pop() if len(owners) == 1 else None


def type_of(table: TableName, column: exp.Expr, session: Session) -> str | None:
    return (session.directory.columns(table) or {}).get(column.name)
