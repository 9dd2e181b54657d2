"""Conditions on a function of a column, as ranges of the bare column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

from sqlglot import exp

from advisor.blocks import Block, Statement
from advisor.blocks.expressions import ands, nested_query, text
from advisor.blocks.legality import CLOCKLESS
from advisor.model import TableName
from advisor.rewrites.columns import table_of, type_of
from advisor.rewrites.cuts import Asked, Bound, asked
from advisor.rewrites.shifts import solved
from advisor.usage import moments
from advisor.usage.names import Session

FINE = ("HOUR", "MINUTE")


@dataclass(frozen=True)
class Unwrapped:
    """A condition on a function of a column, and the same on the bare column."""

    table: TableName
    column: str
    before: str
    after: str
    usual: bool = False
    """Snowflake usually sees through the function: the scans alone show that here it doesn't."""
    shifted: bool = False
    """A constant moves or multiplies the column: whether Snowflake sees through that the scans alone show."""


def unwrap(statement: Statement, session: Session, idle: frozenset[TableName]) -> tuple[Unwrapped, ...]:
    """Replace, in the statement's tree, conditions on a date's year, month or day by ranges of the column, and solve
    those on a column that a constant moves for the column: in WHERE, in a join's ON, and in HAVING where it asks of a
    group's key.

    YEAR(column) is known not to prune reliably, and a text or a distance made of the column has no order that Snowflake knows.
    TO_DATE(column) and DATE_TRUNC usually prune, and of a moved column it isn't known, so they are only touched on the tables in
    `idle`, whose scans show that they don't.
    """
    found = []
    for block in statement.blocks:
        for holder, arg in _conditions(statement.nodes[block.place]):
            found += _months(_parts(holder, arg), block, session)
            ranged = (_ranged(part, block, session, idle) for part in _parts(holder, arg))
            found += [one for one in ranged if one is not None]
    return tuple(found)


def _conditions(node: exp.Select) -> list[tuple[exp.Expr, str]]:
    """What holds a condition, and where."""
    clauses = [(node.args.get(name), "this") for name in ("where", "having")]
    return [(each, arg) for each, arg in [*clauses, *((join, "on") for join in node.args.get("joins") or ())]
            if isinstance(each, exp.Expr) and each.args.get(arg) is not None]  # fmt: skip


def _parts(holder: exp.Expr, arg: str) -> list[exp.Expr]:
    parts = ands(holder.args[arg])
    if not isinstance(holder, exp.Having):
        return parts
    keys = _keys(holder.parent)
    return [part for part in parts if all(text(column) in keys for column in part.find_all(exp.Column))]


def _keys(node: exp.Expr | None) -> frozenset[str]:
    """The columns that each row of a group has alike; none where ROLLUP and the like leave some of them out."""
    group = node.args.get("group") if node is not None else None
    if group is None or any(value for name, value in group.args.items() if name != "expressions"):
        return frozenset()
    return frozenset(text(key) for key in group.expressions if isinstance(key, exp.Column))


def _ranged(node: exp.Expr, block: Block, session: Session, idle: frozenset[TableName]) -> Unwrapped | None:
    each = asked(node)
    if not each:
        return _shifted(node, block, session, idle)
    column, table = each[0].column, table_of(each[0].column, block)
    if table is None or (table not in idle and any(one.prunes for one in each)):
        return None
    kind = type_of(table, column, session)
    if kind not in CLOCKLESS or (kind == "DATE" and any(one.unit in FINE for one in each)):
        return None
    sides = _sides(column, each)
    if not sides:
        return None
    before, after = text(node), " AND ".join(sides)
    node.replace(exp.condition(after, dialect="snowflake"))
    return Unwrapped(table, column.name, before, after, any(one.prunes for one in each))


def _shifted(node: exp.Expr, block: Block, session: Session, idle: frozenset[TableName]) -> Unwrapped | None:
    columns = list(node.find_all(exp.Column))
    table = table_of(columns[0], block) if len(columns) == 1 and nested_query(node) is None else None
    kind = type_of(table, columns[0], session) if table in idle and table is not None else None
    after = solved(node, kind) if kind in (*CLOCKLESS, "NUMBER") else None
    if table is None or after is None or (columns[0] in (node.this, node.args.get("expression"))):
        return None
    before = text(node)
    node.replace(exp.condition(after, dialect="snowflake"))
    return Unwrapped(table, columns[0].name, before, after, shifted=True)


def _sides(column: exp.Column, each: Sequence[Asked]) -> list[str]:
    """The range's conditions; none where one of them would lie beyond the calendar."""
    bounds = [one.sides for one in each]
    try:
        lows = [f"{text(column)} >= {low.sql()}" for low, _ in bounds if low is not None]
        return [*lows, *(f"{text(column)} < {high.sql()}" for _, high in bounds if high is not None)]
    except OverflowError:
        return []


# ---------------------------------------------------------------- a year and a month of it


def _months(parts: Sequence[exp.Expr], block: Block, session: Session) -> list[Unwrapped]:
    """YEAR(d) = 2024 AND MONTH(d) = 3, which together are a range of a month: one end in place of each."""
    found = []
    for part, other in permutations(parts, 2):
        year, month = _year(part), _month(other)
        if year is None or month is None or year[0] != month[0]:
            continue
        column, start = year
        table = table_of(column, block)
        if table is None or type_of(table, column, session) not in CLOCKLESS:
            continue
        one = Asked(column, "MONTH", exp.EQ, Bound(start.replace(month=month[1]), "MONTH"), False)
        low, high = _sides(column, [one])
        found.append(Unwrapped(table, column.name, f"{text(part)} AND {text(other)}", f"{low} AND {high}"))
        part.replace(exp.condition(low, dialect="snowflake"))
        other.replace(exp.condition(high, dialect="snowflake"))
    return found


def _year(node: exp.Expr) -> tuple[exp.Column, datetime] | None:
    each = asked(node) if isinstance(node, exp.EQ) and isinstance(node.this, (exp.Year, exp.Extract)) else ()
    return (each[0].column, each[0].bound.at) if each and isinstance(each[0].bound.at, datetime) else None


def _month(node: exp.Expr) -> tuple[exp.Expr, int] | None:
    if not isinstance(node, exp.EQ) or not isinstance(node.this, (exp.Month, exp.Extract)):
        return None
    asks_month = isinstance(node.this, exp.Month) or moments.unit(node.this.name) == "MONTH"
    column = node.this.expression if isinstance(node.this, exp.Extract) else node.this.this
    value = node.expression
    known = isinstance(value, exp.Literal) and not value.is_string and value.name.isdecimal()
    return (column, int(value.name)) if asks_month and known and 1 <= int(value.name) <= 12 else None
