"""Pieces of sqlglot's tree under plain names: what a node is called, what it holds, what it offers."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from advisor.usage.names import fold, parts

FLATTEN_COLUMNS = dict.fromkeys(("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"), "VARIANT")
NESTS = "holds a query or a window"


def alias_columns(alias: object) -> tuple[str, ...]:
    names = alias.args.get("columns") or () if isinstance(alias, exp.TableAlias) else ()
    return tuple(fold(name) or "" for name in names)


def identifier(node: exp.Expr) -> exp.Expr:
    """The identifier of a column, a column definition or a bare name."""
    return node.this if isinstance(node, (exp.Column, exp.ColumnDef)) else node


def name_parts(text: str) -> list[str]:
    """A name written in a string: `IDENTIFIER('db.schema."t"')`."""
    try:
        table = exp.to_table(text, dialect="snowflake")
    except sqlglot.errors.SqlglotError:
        return [text]
    return [fold(part) or "" for part in table.parts] if len(table.parts) > 3 else parts(table)


def is_limited(node: exp.Expr) -> bool:
    return node.args.get("limit") is not None or node.args.get("fetch") is not None


def set_operands(node: exp.Expr) -> list[exp.Expr]:
    """The operands of a chain of set operations; one with its own WITH, ORDER BY or LIMIT stays whole."""
    found: list[exp.Expr] = []
    stack = [node]
    while stack:
        operand = stack.pop()
        own = operand is node or not any(operand.args.get(part) for part in ("with_", "order", "limit"))
        if isinstance(operand, exp.SetOperation) and own:
            stack += [operand.expression, operand.this]
        else:
            found.append(operand)
    return found


def mentions(node: exp.Expr, name: str) -> bool:
    return any(fold(table.this) == name and table.args.get("db") is None for table in node.find_all(exp.Table))


def expressions(node: exp.Select) -> list[exp.Expr]:
    """The parts of a SELECT that can hold subqueries and windows, but for its FROM and joins."""
    parts = [*node.expressions, *(node.args.get("distinct"),)]
    parts += [node.args.get(name) for name in ("where", "group", "having", "qualify", "order", "connect", "match")]
    return [part for part in parts if isinstance(part, exp.Expr)]


def nests(node: exp.Expr) -> bool:
    """Whether queries or windows stand in it. The next sample of the template has the same tree with other constants: what was
    found stays with the node."""
    if NESTS not in node.meta:
        node.meta[NESTS] = node.find(exp.Query, exp.Window) is not None
    return bool(node.meta[NESTS])


def opaque_columns(node: exp.Expr, renamed: tuple[str, ...]) -> Mapping[str, str] | None:
    """The columns of what is no table: FLATTEN's six, those of VALUES; None for a table function's."""
    kind = node.this if isinstance(node, (exp.Lateral, exp.TableFromRows)) else node
    if renamed:
        return dict.fromkeys(renamed, "")
    if isinstance(kind, (exp.Explode, exp.Unnest)):
        return FLATTEN_COLUMNS
    if isinstance(kind, exp.Values) and kind.expressions:
        width = len(kind.expressions[0].expressions) or 1
        return {f"COLUMN{number}": "" for number in range(1, width + 1)}
    return None


def view_definition(text: str) -> exp.Expr | None:
    """A view's CREATE or SELECT; None for a text that doesn't parse or holds no query."""
    try:
        tree = sqlglot.parse_one(text, read="snowflake")
    except sqlglot.errors.SqlglotError:
        return None
    query = tree.expression if isinstance(tree, exp.Create) else tree
    return tree if isinstance(query, exp.Query) else None
