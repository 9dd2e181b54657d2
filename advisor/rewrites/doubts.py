"""What may be meant otherwise: conditions that read every row in another type, and joins that nothing holds together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from advisor.blocks import Block, Statement
from advisor.blocks.expressions import conjuncts, is_calendar, text
from advisor.model import TableName
from advisor.rewrites.columns import table_of, type_of
from advisor.usage.constants import DATE, NUMBER, TEXT, TIMESTAMP, family
from advisor.usage.names import Session

COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclass(frozen=True)
class Doubt:
    """What may be meant otherwise, for a person to look at."""

    table: TableName
    before: str
    said: str


def doubts(statement: Statement, session: Session) -> Iterator[Doubt]:
    for block in statement.blocks:
        node = statement.nodes[block.place]
        for part in conjuncts(node):
            yield from _condition_doubts(part, block, session)
        apart = _unjoined(node, block)
        if apart is not None:
            said = f"joins every row of one side with every row of {apart}: a condition may be missing"
            yield Doubt(block.tables[0], block.source, said)


def _condition_doubts(node: exp.Expr, block: Block, session: Session) -> Iterator[Doubt]:
    column = node.find(exp.Column)
    table = table_of(column, block) if column is not None else None
    if column is None or table is None or node.find(exp.Query) is not None or len(list(node.find_all(exp.Column))) > 1:
        return
    said = _said(node, column, family(type_of(table, column, session)))
    if said is not None:
        yield Doubt(table, text(node), said)


def _said(node: exp.Expr, column: exp.Expr, kind: str | None) -> str | None:
    bare = node.args.get("this") is column
    if isinstance(node, exp.Like) and bare and kind == TEXT and _ends_with(node.expression):
        return (
            "begins with a wildcard, so it reads every partition: where the whole value is meant, = skips most of them"
        )
    if isinstance(node, (exp.Like, exp.ILike)) and bare and kind in (DATE, TIMESTAMP, NUMBER):
        return f"reads each row's {kind} as text, which skips no partition: ask for a range of {column.name}"
    if isinstance(node, COMPARISONS) and bare and kind == TEXT:
        return AS_TEXT.get(_compared(node) or TEXT)
    function = column.parent
    if function is node or not isinstance(function, exp.Expr):
        return None
    if kind == TEXT and is_calendar(function):
        return "reads text as a date for every row, which skips no partition: keep the date in a DATE column"
    if kind == TEXT and (isinstance(function, exp.ToNumber) or _is_cast(function, NUMBER)):
        return "reads text as a number for every row, which skips no partition: keep the number in a NUMBER column"
    as_text = (isinstance(function, exp.ToChar) and function.args.get("format") is None) or _is_cast(function, TEXT)
    if as_text and kind in (DATE, TIMESTAMP, NUMBER):
        return f"reads each row's {kind} as text, which skips no partition: compare {column.name} itself"
    return None


AS_TEXT = {
    NUMBER: "compares text with a number, so every row's text is read as a number: compare it with text",
    DATE: "compares text with a date, so every row's text is read as a date: keep the date in a DATE column",
    TIMESTAMP: "compares text with a moment, so every row's text is read as one: keep it in a TIMESTAMP column",
}
"""By what a text column is compared with."""


def _compared(node: exp.Expr) -> str | None:
    """The family of the constants that a bare column is compared with, where they are all of one."""
    given = [
        node.args.get("expression"),
        node.args.get("low"),
        node.args.get("high"),
        *(node.args.get("expressions") or ()),
    ]
    families = {_family(constant) for constant in given if isinstance(constant, exp.Expr)}
    return families.pop() if len(families) == 1 else None


def _family(constant: exp.Expr) -> str | None:
    if isinstance(constant, exp.Literal):
        return TEXT if constant.is_string else NUMBER
    if isinstance(constant, exp.Neg):
        return _family(constant.this)
    if isinstance(constant, exp.Cast):
        return family(constant.args["to"].this.name)
    if isinstance(constant, (exp.CurrentDate, exp.TsOrDsToDate)):
        return DATE
    if isinstance(constant, (exp.DateAdd, exp.TsOrDsAdd, exp.DateTrunc, exp.TimestampTrunc, exp.Add, exp.Sub)):
        return _family(constant.this)
    return TIMESTAMP if isinstance(constant, exp.CurrentTimestamp) else None


def _is_cast(node: exp.Expr, to: str) -> bool:
    return isinstance(node, exp.Cast) and family(node.args["to"].this.name) == to


def _ends_with(pattern: exp.Expr | None) -> bool:
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        return False
    return pattern.name.startswith("%") and not any(wildcard in pattern.name[1:] for wildcard in "%_")


# ---------------------------------------------------------------- joins


def _unjoined(node: exp.Select, block: Block) -> str | None:
    """The alias of a table that no condition compares with any of those before it; None where all are held together.

    CROSS JOIN says that it is meant.
    """
    joins = node.args.get("joins") or ()
    meant = any(join.args.get("using") or join.args.get("method") or join.args.get("kind") == "CROSS" for join in joins)
    if len(block.tables) < 2 or meant:
        return None
    conditions = [join.args["on"] for join in joins if join.args.get("on") is not None] + conjuncts(node)
    pairs = [frozenset(column.table for column in part.find_all(exp.Column)) for part in conditions]
    sources = [node.args["from_"].this.alias_or_name, *(join.this.alias_or_name for join in joins)]
    held = {sources[0]}
    while True:
        more = {alias for pair in pairs if pair & held for alias in pair} - held
        if not more:
            break
        held |= more
    return next((alias for alias in sources if alias not in held), None)
