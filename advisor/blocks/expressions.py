"""Expressions of a SELECT: their text, their aggregates, and what a condition asks."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import ErrorLevel, exp

from advisor.model import TableName
from advisor.quoting import identifier

CALENDAR = (exp.TsOrDsToDate, exp.DateTrunc, exp.TimestampTrunc, exp.Year, exp.Month, exp.Quarter)
RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
MOVING = (
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentUser,
    exp.CurrentRole,
    exp.Rand,
    exp.Uuid,
    exp.Parameter,
    exp.Placeholder,
)
MOVING_NAMES = ("CURRENT_", "SYSDATE", "RANDOM", "UUID", "SEQ", "GETDATE", "LOCALTIME", "RANDSTR", "UNIFORM", "NORMAL")


def text(node: exp.Expr) -> str:
    """As Snowflake SQL on one line, without comments."""
    return node.sql(dialect="snowflake", comments=False, unsupported_level=ErrorLevel.IGNORE)


def named(name: str) -> exp.Identifier:
    """An identifier spelt as the scripts spell it: bare where that means the same name."""
    return exp.Identifier(this=name, quoted=identifier(name) != name)


def table_named(name: TableName) -> exp.Table:
    return exp.Table(this=named(name.name), db=named(name.schema), catalog=named(name.database))


def within(node: exp.Expr) -> Iterator[exp.Expr]:
    """The node and all beneath it, but for nested queries, outer before inner and in the order of the text."""
    stack = [node]
    while stack:
        inner = stack.pop()
        if inner is not node and isinstance(inner, exp.Query):
            continue
        yield inner
        stack.extend(reversed(list(inner.iter_expressions())))


def aggregates(node: exp.Select) -> list[exp.Expr]:
    """The aggregates that make its groups' rows. A window's own function is none; its arguments may hold some."""
    found: list[exp.Expr] = []
    parts = [node.args.get(name) for name in ("having", "qualify", "order")]
    stack = [*node.expressions, *(part for part in parts if isinstance(part, exp.Expr))][::-1]
    while stack:
        inner = stack.pop()
        if isinstance(inner, exp.Query):
            continue
        if isinstance(inner, exp.Window):
            function = inner.this.this if isinstance(inner.this, (exp.IgnoreNulls, exp.RespectNulls)) else inner.this
            rest = [child for child in inner.iter_expressions() if child is not inner.this]
            stack.extend(reversed([*function.iter_expressions(), *rest]))
        elif is_aggregate(inner):
            found.append(inner)
        else:
            stack.extend(reversed(list(inner.iter_expressions())))
    return found


def is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, (exp.AggFunc, exp.Filter, exp.WithinGroup))


def conjuncts(node: exp.Select) -> list[exp.Expr]:
    where = node.args.get("where")
    return [] if where is None else ands(where.this)


def ands(condition: exp.Expr) -> list[exp.Expr]:
    """Its AND-ed parts."""
    whole = condition.unnest()
    return [part.unnest() for part in whole.flatten()] if isinstance(whole, exp.And) else [condition]


def nested_query(node: exp.Expr) -> exp.Expr | None:
    return next((query for query in node.find_all(exp.Query) if query is not node), None)


def context_function(node: exp.Expr) -> str | None:
    """The name of a function in it that gives something else at another moment, for another user, or at random."""
    for inner in within(node):
        if isinstance(inner, MOVING):
            return text(inner)
        if isinstance(inner, exp.Anonymous) and str(inner.this).upper().startswith(MOVING_NAMES):
            return str(inner.this).upper()
    return None


def is_range(node: exp.Expr) -> bool:
    return any(isinstance(inner, RANGES) for inner in within(node))


def lifted(node: exp.Expr) -> tuple[str, ...]:
    """The columns of a condition; a column cut to a calendar unit stays so, since it has fewer values than the bare one."""
    found: dict[str, None] = {}
    stack = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, exp.Query):
            continue
        if isinstance(inner, exp.Column) or is_calendar(inner):
            found[text(inner)] = None
        else:
            stack.extend(inner.iter_expressions())
    return tuple(sorted(found))


def is_calendar(node: exp.Expr) -> bool:
    cut = isinstance(node, CALENDAR) or (isinstance(node, exp.Cast) and node.is_type("date"))
    return cut and len(list(node.find_all(exp.Column))) == 1


def is_pinned(node: exp.Expr) -> bool:
    """`column = constant`, or IN with one constant."""
    if isinstance(node, exp.EQ):
        sides = [list(side.find_all(exp.Column)) for side in (node.this, node.expression)]
        kept = node.this if sides[0] else node.expression
        return sorted(map(len, sides)) == [0, 1] and (isinstance(kept, exp.Column) or is_calendar(kept))
    one = isinstance(node, exp.In) and len(node.expressions) == 1 and not node.args.get("query")
    return one and isinstance(node.this, exp.Column) and not node.expressions[0].find(exp.Column)
