"""Conditions on a function of a date, as ranges of the bare column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

from sqlglot import exp

from advisor.blocks import Block, Statement
from advisor.blocks.expressions import conjuncts, text
from advisor.blocks.legality import CLOCKLESS
from advisor.model import TableName
from advisor.rewrites.columns import table_of, type_of
from advisor.rewrites.cuts import Asked, Bound, asked
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


def unwrap(statement: Statement, session: Session, idle: frozenset[TableName]) -> tuple[Unwrapped, ...]:
    """Replace, in the statement's tree, conditions on a date's year, month or day by ranges of the column.

    YEAR(column) is known not to prune reliably, and a text or a distance made of the column has no order that Snowflake knows.
    TO_DATE(column) and DATE_TRUNC usually prune, so they are only touched on the tables in `idle`, whose scans show that they don't.
    """
    found = []
    for block in statement.blocks:
        parts = conjuncts(statement.nodes[block.place])
        found += _months(parts, block, session)
        parts = conjuncts(statement.nodes[block.place])
        found += [one for part in parts if (one := _ranged(part, block, session, idle)) is not None]
    return tuple(found)


def _ranged(node: exp.Expr, block: Block, session: Session, idle: frozenset[TableName]) -> Unwrapped | None:
    each = asked(node)
    if not each:
        return None
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
