"""What a constant expression was worth when the query ran.

`evaluate` is the one entrance: a syntax tree in, a value out; None for NULL and for what can't be known (a bind variable,
a function that is not modelled). A session's time zone is not recorded in the history, so the clock is UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlglot import exp

from advisor.model import Value
from advisor.usage import moments

DATE, TIMESTAMP, NUMBER, TEXT, BOOLEAN, VARIANT = "date", "timestamp", "number", "text", "boolean", "variant"


def family(data_type: str | None) -> str | None:
    """Which of the six families a type belongs to, by Snowflake's or sqlglot's name of it; None when unknown.

    >>> family("TIMESTAMP_NTZ"), family("NUMBER"), family("GEOGRAPHY")
    ('timestamp', 'number', None)
    """
    name = (data_type or "").upper().split("(")[0].strip()
    if name.startswith(("TIMESTAMP", "DATETIME")):
        return TIMESTAMP
    if name.startswith(("NUM", "DEC", "FLOAT", "DOUBLE", "REAL", "INT", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT")):
        return NUMBER
    if name.startswith(("TEXT", "VARCHAR", "CHAR", "STRING", "NCHAR", "NVARCHAR")):
        return TEXT
    return {"DATE": DATE, "BOOLEAN": BOOLEAN, "VARIANT": VARIANT, "OBJECT": VARIANT, "ARRAY": VARIANT}.get(name)


def coerce(value: Value | None, to: str | None) -> Value | None:
    """The value as a member of the family; unchanged when the family is unknown, None when it has no such member."""
    if value is None or to in (None, VARIANT):
        return value
    if to in (DATE, TIMESTAMP):
        return moments.moment(value) if to == TIMESTAMP else _date(value)
    if to == NUMBER:
        return _number(value)
    if to == BOOLEAN:
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _date(value: Value) -> date | None:
    moment = moments.moment(value)
    return moment.date() if moment else None


def _number(value: Value) -> int | float | None:
    if isinstance(value, (bool, int)):
        return int(value)
    if not isinstance(value, (str, float)):
        return None
    try:
        number = float(value)
        exact = int(value) if isinstance(value, str) and value.strip().lstrip("+-").isdigit() else None
    except ValueError:
        return None
    return exact if exact is not None else number if math.isfinite(number) else None


@dataclass(frozen=True)
class Interval:
    unit: str
    count: int


def evaluate(node: exp.Expr | None, at: datetime) -> Value | None:
    """`at` is when the query started, naive UTC."""
    if isinstance(node, exp.Paren):
        return evaluate(node.this, at)
    rule = RULES.get(type(node)) if node is not None else None
    if rule is None or node is None:
        return None
    try:
        return rule(node, at)
    except (OverflowError, ValueError, ZeroDivisionError, re.error):
        # A date beyond year 9999, a number that is none, a broken format: Snowflake would have refused it too.
        return None


def interval(node: exp.Expr) -> Interval | None:
    """`INTERVAL '7 days'`; None for one of several parts."""
    if not isinstance(node, exp.Interval) or not isinstance(node.this, exp.Literal) or node.unit is None:
        return None
    unit = moments.unit(node.unit.name)
    count = node.this.name.strip()
    return Interval(unit, int(count)) if unit and re.fullmatch(r"[+-]?[0-9]{1,9}", count) else None


def moved(value: Value | None, step: Interval) -> Value | None:
    """A date stays a date when it moves by whole days or more."""
    moment = moments.moment(value)
    if moment is None:
        return None
    result = moments.shift(moment, step.unit, step.count)
    whole = step.unit in ("DAY", "WEEK", *moments.MONTHS)
    is_date = not isinstance(value, datetime) and (
        isinstance(value, date)
        or (isinstance(moments.parse(str(value)), date) and result.time() == datetime.min.time())
    )
    return result.date() if whole and is_date else result


def step(node: exp.Expr, at: datetime) -> Interval | None:
    """How far DATEADD and ADD_MONTHS move; None when that is no constant."""
    count = coerce(evaluate(node.args.get("expression"), at), NUMBER)
    unit = "MONTH" if isinstance(node, exp.AddMonths) else moments.unit(node.text("unit") or "DAY")
    if unit is None or not isinstance(count, (int, float)):
        return None
    return Interval(unit, round(count) * (-1 if isinstance(node, exp.DateSub) else 1))


def _literal(node: exp.Expr, at: datetime) -> Value | None:
    return str(node.this) if node.is_string else _number(str(node.this))


def _negative(node: exp.Expr, at: datetime) -> Value | None:
    value = coerce(evaluate(node.this, at), NUMBER)
    return -value if isinstance(value, (int, float)) else None


def _cast(node: exp.Expr, at: datetime) -> Value | None:
    target = family(node.args["to"].this.name)
    value = coerce(evaluate(node.this, at), target)
    if target == NUMBER and isinstance(value, float) and node.args["to"].is_type("int", "bigint", "smallint"):
        return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)
    return value if target else None


def _parsed(to: str) -> Callable[[exp.Expr, datetime], Value | None]:
    def parsed(node: exp.Expr, at: datetime) -> Value | None:
        value = evaluate(node.this, at)
        form = node.args.get("format")
        if isinstance(form, exp.Literal) and isinstance(value, str):
            value = datetime.strptime(value, form.name)
        return coerce(value, to)

    return parsed


def _added(node: exp.Expr, at: datetime) -> Value | None:
    distance = step(node, at)
    return None if distance is None else moved(evaluate(node.this, at), distance)


def _sum(node: exp.Expr, at: datetime) -> Value | None:
    sign = -1 if isinstance(node, exp.Sub) else 1
    left, right = node.this, node.expression
    distance = interval(right)
    if distance is not None:
        return moved(evaluate(left, at), Interval(distance.unit, sign * distance.count))
    a, b = evaluate(left, at), evaluate(right, at)
    if isinstance(a, date) and isinstance(b, (int, float)):
        return moved(a, Interval("DAY", sign * round(b)))
    if isinstance(a, date) and isinstance(b, date):
        days = moments.moment(a), moments.moment(b)
        return (days[0] - days[1]).days if sign < 0 and days[0] and days[1] else None
    x, y = coerce(a, NUMBER), coerce(b, NUMBER)
    return x + sign * y if isinstance(x, (int, float)) and isinstance(y, (int, float)) else None


def _product(node: exp.Expr, at: datetime) -> Value | None:
    x, y = (coerce(evaluate(side, at), NUMBER) for side in (node.this, node.expression))
    if not isinstance(x, (int, float)) or not isinstance(y, (int, float)):
        return None
    result = x / y if isinstance(node, exp.Div) else x * y
    return int(result) if isinstance(result, float) and result.is_integer() else result


def _joined(node: exp.Expr, at: datetime) -> Value | None:
    parts = [node.this, node.expression] if isinstance(node, exp.DPipe) else node.expressions
    values = [coerce(evaluate(part, at), TEXT) for part in parts]
    return None if None in values else "".join(str(value) for value in values)


def _truncated(node: exp.Expr, at: datetime) -> Value | None:
    value = evaluate(node.this, at)
    moment, unit = moments.moment(value), moments.unit(node.text("unit"))
    if moment is None or unit is None:
        return None
    result = moments.floor(moment, unit)
    return result if isinstance(value, datetime) else result.date()


def _last_day(node: exp.Expr, at: datetime) -> Value | None:
    moment, unit = moments.moment(evaluate(node.this, at)), moments.unit(node.text("unit") or "MONTH")
    if moment is None or unit is None:
        return None
    return (moments.shift(moments.floor(moment, unit), unit, 1) - timedelta(days=1)).date()


def _from_parts(node: exp.Expr, at: datetime) -> Value | None:
    names = ("year", "month", "day", "hour", "min", "sec")
    parts = [evaluate(node.args[name], at) for name in names if node.args.get(name) is not None]
    numbers = [part for part in parts if isinstance(part, int)]
    if len(numbers) != len(parts) or len(parts) < 3:
        return None
    moment = datetime(*numbers)  # type: ignore[arg-type]
    return moment.date() if isinstance(node, exp.DateFromParts) else moment


def _printed(node: exp.Expr, at: datetime) -> Value | None:
    moment, form = moments.moment(evaluate(node.this, at)), node.args.get("format")
    return moment.strftime(form.name) if moment and isinstance(form, exp.Literal) else None


def _called(node: exp.Expr, at: datetime) -> Value | None:
    name, arguments = str(node.this).upper(), node.expressions
    if not name.startswith("TO_TIMESTAMP") or len(arguments) != 1:
        return None
    return coerce(evaluate(arguments[0], at), TIMESTAMP)


RULES: dict[type[exp.Expr], Callable[[exp.Expr, datetime], Value | None]] = {
    exp.Literal: _literal,
    exp.Neg: _negative,
    exp.Boolean: lambda node, at: bool(node.this),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.CurrentDate: lambda node, at: at.date(),
    exp.CurrentTimestamp: lambda node, at: at,
    exp.Localtimestamp: lambda node, at: at,
    exp.TsOrDsToDate: _parsed(DATE),
    exp.StrToTime: _parsed(TIMESTAMP),
    exp.StrToDate: _parsed(DATE),
    exp.ToNumber: lambda node, at: coerce(evaluate(node.this, at), NUMBER),
    exp.DateAdd: _added,
    exp.DateSub: _added,
    exp.TsOrDsAdd: _added,
    exp.TimestampAdd: _added,
    exp.AddMonths: _added,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _product,
    exp.DPipe: _joined,
    exp.Concat: _joined,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.LastDay: _last_day,
    exp.DateFromParts: _from_parts,
    exp.TimestampFromParts: _from_parts,
    exp.TimeToStr: _printed,
    exp.Upper: lambda node, at: str(evaluate(node.this, at)).upper() if evaluate(node.this, at) is not None else None,
    exp.Lower: lambda node, at: str(evaluate(node.this, at)).lower() if evaluate(node.this, at) is not None else None,
    exp.Anonymous: _called,
}
