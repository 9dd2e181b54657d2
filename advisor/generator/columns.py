"""The columns that a statement rests on, for the check that they are still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from advisor.model import TableName


def named(expressions: Sequence[str]) -> list[str]:
    """Those in expressions of a key or in clauses of search optimization; an expression that doesn't parse names none.

    >>> named(["TO_DATE(TS)", 'EQUALITY(id, "Mail")'])
    ['ID', 'Mail', 'TS']
    """
    return sorted({name for text in expressions for _, name in _columns(f"SELECT {text}")})


def read(definition: str, table: TableName) -> list[str]:
    """Those of one table in the SELECT of a stored result, where that tells whose they are.

    >>> read("SELECT C.A, SUM(B) FROM D.S.T AS C GROUP BY C.A", TableName("D", "S", "T"))
    ['A', 'B']
    """
    tree = _tree(definition)
    tables = list(tree.find_all(exp.Table)) if tree is not None else []
    own = {each.alias_or_name for each in tables if (each.catalog, each.db, each.name) == _parts(table)}
    alone = len({(each.catalog, each.db, each.name) for each in tables}) == 1
    return sorted({name for of, name in _columns(definition) if of in own or (not of and alone and own)})


def _columns(text: str) -> Iterator[tuple[str, str]]:
    tree = _tree(text)
    for column in tree.find_all(exp.Column) if tree is not None else ():
        if isinstance(column.this, exp.Identifier):
            yield column.table, column.name if column.this.quoted else column.name.upper()


def _tree(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, read="snowflake")
    except SqlglotError:
        return None


def _parts(table: TableName) -> tuple[str, str, str]:
    return table.database, table.schema, table.name
