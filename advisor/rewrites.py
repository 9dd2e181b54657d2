"""Texts that keep Snowflake from skipping partitions, and the same questions in a form that doesn't.

Only what can be proven on generated rows counts as a saving; what hangs on what was meant is for a person to review.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from advisor.blocks import Block, Statement
from advisor.blocks.expressions import conjuncts, is_calendar, text
from advisor.blocks.legality import CLOCKLESS
from advisor.model import TableName
from advisor.usage.names import Session

WIDE = 50
"""Columns from which SELECT * is worth a look."""
YEARS = range(1, 9999)


@dataclass(frozen=True)
class Unwrapped:
    """A condition on a function of a column, and the same on the bare column."""

    table: TableName
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Doubt:
    """What may be meant otherwise, for a person to look at."""

    table: TableName
    before: str
    said: str


def unwrap(statement: Statement, session: Session, idle: frozenset[TableName]) -> tuple[Unwrapped, ...]:
    """Replace, in the statement's tree, conditions on a year or a day by ranges on the column.

    YEAR(column) is known not to prune reliably. TO_DATE(column) usually prunes, so it is only touched on the tables in `idle`,
    whose scans show that it doesn't.
    """
    found = []
    for block in statement.blocks:
        node = statement.nodes[block.place]
        for part in conjuncts(node):
            changed = _ranged(part, block, session, idle)
            if changed is not None:
                unwrapped, condition = changed
                part.replace(condition)
                found.append(unwrapped)
    return tuple(found)


def _ranged(
    node: exp.Expr, block: Block, session: Session, idle: frozenset[TableName]
) -> tuple[Unwrapped, exp.Expr] | None:
    function, value = node.args.get("this"), node.args.get("expression")
    if not isinstance(node, (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)) or not isinstance(value, exp.Literal):
        return None
    if not isinstance(function, exp.Expr):
        return None
    column = function.find(exp.Column)
    table = _owner(column, block) if column is not None else None
    if column is None or table is None or _type(table, column, session) not in CLOCKLESS:
        return None
    if isinstance(function, (exp.Year, exp.Extract)) and not value.is_string and value.name.isdecimal():
        whole = isinstance(function, exp.Year) or function.name.upper() == "YEAR"
        bounds = _years(node, int(value.name)) if whole and int(value.name) in YEARS else None
    elif table in idle and isinstance(node, exp.EQ) and is_calendar(function) and value.is_string:
        day = isinstance(function, (exp.TsOrDsToDate, exp.Cast))
        bounds = (text(value), f"DATEADD('day', 1, TO_DATE({text(value)}))") if day else None
    else:
        bounds = None
    if bounds is None:
        return None
    low, high = bounds
    sides = [f"{text(column)} >= {low}" if low else "", f"{text(column)} < {high}" if high else ""]
    after = " AND ".join(side for side in sides if side)
    condition = exp.condition(after, dialect="snowflake")
    return Unwrapped(table, column.name, text(node), after), condition


def _years(node: exp.Expr, year: int) -> tuple[str, str]:
    this, following = f"'{year:04d}-01-01'", f"'{year + 1:04d}-01-01'"
    if isinstance(node, exp.EQ):
        return this, following
    if isinstance(node, exp.GT):
        return following, ""
    if isinstance(node, exp.GTE):
        return this, ""
    return ("", this) if isinstance(node, exp.LT) else ("", following)


def _owner(column: exp.Expr, block: Block) -> TableName | None:
    owners = {table for table, name in block.columns if name == column.name}
    return owners.pop() if len(owners) == 1 else None


def _type(table: TableName, column: exp.Expr, session: Session) -> str | None:
    return (session.directory.columns(table) or {}).get(column.name)


# ---------------------------------------------------------------- for review


def doubts(statement: Statement, session: Session) -> Iterator[Doubt]:
    for block in statement.blocks:
        node = statement.nodes[block.place]
        for part in conjuncts(node):
            yield from _condition_doubts(part, block, session)
        if _unjoined(node, block):
            yield Doubt(
                block.tables[0],
                block.source,
                "joins every row of one table with every row of the other: a condition may be missing",
            )


def _condition_doubts(node: exp.Expr, block: Block, session: Session) -> Iterator[Doubt]:
    column = node.find(exp.Column)
    table = _owner(column, block) if column is not None else None
    if column is None or table is None:
        return
    kind, value = _type(table, column, session), node.args.get("expression")
    constant = value if isinstance(value, exp.Literal) else None
    bare = node.args.get("this") is column
    if isinstance(node, exp.Like) and bare and constant is not None and _ends_with(constant.name):
        said = (
            "begins with a wildcard, so it reads every partition: where the whole value is meant, = skips most of them"
        )
        yield Doubt(table, text(node), said)
    elif isinstance(node, exp.EQ) and bare and kind == "TEXT" and constant is not None and not constant.is_string:
        said = "compares text with a number, so every row's text is read as a number: compare it with text"
        yield Doubt(table, text(node), said)
    elif kind == "TEXT" and any(is_calendar(inner) and inner.find(exp.Column) is column for inner in node.walk()):
        said = "reads text as a date for every row, which skips no partition: keep the date in a DATE column"
        yield Doubt(table, text(node), said)


def _ends_with(pattern: str) -> bool:
    return pattern.startswith("%") and not any(wildcard in pattern[1:] for wildcard in "%_")


def _unjoined(node: exp.Select, block: Block) -> bool:
    """Two tables, and nothing compares them."""
    joins = node.args.get("joins") or ()
    if len(block.tables) != 2 or any(join.args.get("using") or join.args.get("method") for join in joins):
        return False
    conditions = [join.args["on"] for join in joins if join.args.get("on") is not None] + conjuncts(node)
    return not any(len({column.table for column in part.find_all(exp.Column)}) > 1 for part in conditions)


def union_all(tree: exp.Expr) -> exp.Expr | None:
    """The statement with its outermost UNION as UNION ALL; None where it has none."""
    if not isinstance(tree, exp.Union) or not tree.args.get("distinct"):
        return None
    changed = tree.copy()
    changed.set("distinct", False)
    return changed


def returns_all(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Select) and any(isinstance(item, exp.Star) for item in tree.expressions)
