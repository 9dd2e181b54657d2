"""What Snowflake allows in a materialized view (docs: "Working with materialized views", limitations).

Only what is known to be allowed is let through. Where a result hangs on a session parameter (a time zone, a date format, the
week's first day) Snowflake refuses the view, and so is it here.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from advisor.blocks.expressions import text, within
from advisor.blocks.stored import Stored, column_names, parsed

AGGREGATES = (exp.Sum, exp.Count, exp.CountIf, exp.Min, exp.Max)
CLOCKLESS = ("DATE", "TIMESTAMP_NTZ")
"""Types whose calendar doesn't hang on the session's time zone."""
TYPES = ("NUMBER", "FLOAT", "TEXT", "BOOLEAN", *CLOCKLESS)
CUTS = (exp.TsOrDsToDate, exp.DateTrunc, exp.TimestampTrunc, exp.Year, exp.Month, exp.Quarter, exp.Day)
PLAIN = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.Tuple,
    exp.Neg,
    exp.Not,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.DPipe,
    exp.Concat,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Nullif,
    exp.And,
    exp.Or,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Between,
    exp.In,
    exp.Is,
    exp.Like,
    exp.Upper,
    exp.Lower,
    exp.Left,
    exp.Right,
    exp.Substring,
    exp.Trim,
    exp.Abs,
    exp.Round,
    exp.Floor,
    exp.Ceil,
    exp.Trunc,
    exp.Var,
    *CUTS,
)
VIEW = "a materialized view"
FORBIDDEN_NAMES = ("SYSTEM$", "METADATA$")


def view_obstacle(kept: Stored, types: Mapping[str, str]) -> str | None:
    """Why no materialized view may hold this, as a sentence; None where it may. `types`: the base table's, by column."""
    if len(kept.tables) != 1:
        return "A materialized view reads one table."
    if not kept.keys and not kept.aggregates:
        return "It would hold nothing."
    for aggregate in kept.aggregates:
        node = parsed(aggregate)
        if not isinstance(node, AGGREGATES) or isinstance(node.this, exp.Distinct):
            return f"A materialized view can't hold {aggregate} so that it can be aggregated further."
    for expression in (*kept.keys, *kept.conditions):
        why = expression_obstacle(parsed(expression), types)
        if why is not None:
            return why
    for aggregate in kept.aggregates:
        whys = [
            expression_obstacle(child, types)
            for child in parsed(aggregate).iter_expressions()
            if not isinstance(child, exp.Star)
        ]
        if any(whys):
            return next(why for why in whys if why)
    names = [name.upper() for name in column_names(kept).values()]
    if any(
        name.startswith(FORBIDDEN_NAMES) or "$SYS_FACADE$" in name or name == "SYS_MV_SOURCE_PARTITION"
        for name in names
    ):
        return "One of its columns would have a name that Snowflake reserves."
    return None


def expression_obstacle(node: exp.Expr, types: Mapping[str, str], holder: str = VIEW) -> str | None:
    """Why `holder` may not hold the expression, or isn't certain to."""
    for inner in within(node):
        if isinstance(inner, (exp.Cast, exp.DataType, exp.DataTypeParam)):
            why = _cast_obstacle(inner, types)
        elif isinstance(inner, exp.Column):
            kind = types.get(inner.name, "UNKNOWN")
            why = (
                None if kind in TYPES else f"{inner.name} is of type {kind}, on which it is not certain to be allowed."
            )
        elif isinstance(inner, PLAIN):
            why = _cut_obstacle(inner, types) if isinstance(inner, CUTS) else None
        else:
            why = f"{text(inner)} is not certain to be allowed in {holder}."
        if why is not None:
            return why
    return _format_obstacle(node, types)


def _cast_obstacle(node: exp.Expr, types: Mapping[str, str]) -> str | None:
    if not isinstance(node, exp.Cast):
        return None
    if node.is_type("date"):
        return _cut_obstacle(node, types)
    kinds = {types.get(column.name) for column in node.find_all(exp.Column)}
    number = node.is_type(*exp.DataType.NUMERIC_TYPES) and kinds == {"NUMBER"}
    same = node.is_type(*exp.DataType.TEXT_TYPES) and kinds == {"TEXT"}
    return None if number or same else f"{text(node)} may hang on a session parameter."


def _cut_obstacle(node: exp.Expr, types: Mapping[str, str]) -> str | None:
    kinds = {types.get(column.name, "UNKNOWN") for column in node.find_all(exp.Column)}
    if not kinds or not kinds <= set(CLOCKLESS):
        return f"{text(node)} hangs on the session's time zone or date format."
    if node.text("unit").upper().startswith("WEEK"):
        return f"{text(node)} hangs on the session's WEEK_START."
    return None


def _format_obstacle(node: exp.Expr, types: Mapping[str, str]) -> str | None:
    timed = [column.name for column in node.find_all(exp.Column) if types.get(column.name) in CLOCKLESS]
    written = any(isinstance(inner, exp.Literal) and inner.is_string for inner in within(node))
    return (
        f"{text(node)} reads text as a date, which hangs on the session's date format." if timed and written else None
    )
