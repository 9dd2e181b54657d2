"""Conditions on a column that a constant moves or multiplies, as conditions on the column itself: `D + 7 > x` is `D > x - 7`.

Only what is exact is solved: NUMBER moved by decimals or multiplied by whole numbers, days moved by days, moments by spans of one
length. Months are of several lengths, floating-point numbers round, and a division rounds as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, localcontext

from sqlglot import exp

from advisor.blocks.expressions import text
from advisor.rewrites.cuts import FLIPPED, Comparison, moment_of, whole
from advisor.usage import constants, moments

SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
DIGITS = 38
"""A NUMBER has no more."""
PRECISION = 4 * DIGITS
DAYS = {"DAY": 1, "WEEK": 7}
SPANS = ("SECOND", "MINUTE", "HOUR", *DAYS)
ADDITIONS = (exp.DateAdd, exp.DateSub, exp.TsOrDsAdd, exp.TimestampAdd)
_DECIMAL = re.compile(r"\d+(\.\d*)?|\.\d+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?")


@dataclass(frozen=True)
class _Equation:
    function: exp.Expr
    """What holds the column."""
    comparison: Comparison
    constant: exp.Expr

    def flipped(self) -> _Equation:
        return replace(self, comparison=FLIPPED[self.comparison])


def solved(node: exp.Expr, kind: str) -> str | None:
    """The condition asked of the bare column, which is of that type; None for one that isn't solved, or is bare already.

    >>> from sqlglot import condition
    >>> solved(condition("2 * (id - 3) > 4"), "NUMBER")
    'id > 5'
    """
    sides = []
    for equation in _equations(node):
        side = _of_numbers(equation) if kind == "NUMBER" else _of_moments(equation, kind)
        if side is None:
            return None
        sides.append(side)
    return " AND ".join(sides) or None


def _equations(node: exp.Expr) -> list[_Equation]:
    if isinstance(node, exp.Between):
        return [_Equation(node.this, exp.GTE, node.args["low"]), _Equation(node.this, exp.LTE, node.args["high"])]
    if type(node) not in FLIPPED:
        return []
    equation = _Equation(node.this, type(node), node.expression)
    return [equation if node.this.find(exp.Column) else _Equation(node.expression, FLIPPED[type(node)], node.this)]


# ---------------------------------------------------------------- numbers


def _of_numbers(equation: _Equation) -> str | None:
    value = _number(equation.constant)
    while value is not None and not isinstance(equation.function, exp.Column):
        found = _peeled(equation, value)
        if found is None:
            return None
        equation, value = found
    return None if value is None else f"{text(equation.function)} {SIGNS[equation.comparison]} {value:f}"


def _peeled(equation: _Equation, value: Decimal) -> tuple[_Equation, Decimal] | None:
    """Without the outermost operation."""
    node = equation.function
    if isinstance(node, exp.Paren):
        return replace(equation, function=node.this), value
    if not isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        return None
    on_the_left = node.this.find(exp.Column) is not None
    inner, other = (node.this, node.expression) if on_the_left else (node.expression, node.this)
    by = _number(other)
    if by is None:
        return None
    with localcontext(prec=PRECISION):
        equation = replace(equation, function=inner)
        if isinstance(node, exp.Mul):
            if not by or by != by.to_integral_value() or (value / by) * by != value:
                return None
            equation, result = equation if by > 0 else equation.flipped(), value / by
        elif isinstance(node, exp.Add):
            result = value - by
        else:
            equation, result = (equation, value + by) if on_the_left else (equation.flipped(), by - value)
    result = _plain(result)
    return (equation, result) if _fits(result) else None


def _plain(value: Decimal) -> Decimal:
    with localcontext(prec=PRECISION):
        return value.normalize() + 0


def _fits(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and len(digits) + max(exponent, 0) <= DIGITS and -exponent < DIGITS


def _number(node: exp.Expr) -> Decimal | None:
    """A decimal constant; one with an exponent is a floating-point number."""
    if isinstance(node, exp.Paren):
        return _number(node.this)
    if isinstance(node, exp.Neg):
        value = _number(node.this)
        return None if value is None else -value
    plain = isinstance(node, exp.Literal) and not node.is_string and _DECIMAL.fullmatch(node.name)
    value = Decimal(node.name) if plain else None
    return value if value is not None and _fits(value) else None


# ---------------------------------------------------------------- days and moments


def _of_moments(equation: _Equation, kind: str) -> str | None:
    node = equation.function.unnest()
    if kind == "DATE" and isinstance(node, exp.Sub) and whole(equation.constant) is not None:
        return _of_distance(node, equation)
    moved = _moved(node, kind)
    if moved is None or not isinstance(node.this, exp.Column):
        return None
    unit, count = moved
    if kind == "DATE" and unit not in DAYS:
        return None
    value = _back(equation.constant, unit, count, kind)
    return None if value is None else f"{text(node.this)} {SIGNS[equation.comparison]} {value}"


def _of_distance(node: exp.Sub, equation: _Equation) -> str | None:
    """`CURRENT_DATE - D <= 30`: the days between two dates."""
    count, from_column = whole(equation.constant), isinstance(node.this, exp.Column)
    column, other = (node.this, node.expression) if from_column else (node.expression, node.this)
    dated = isinstance(other, exp.CurrentDate) or (isinstance(other, exp.Cast) and other.is_type("date"))
    bound = moment_of(other, "DAY") if dated else None
    if count is None or bound is None or not isinstance(column, exp.Column):
        return None
    equation = equation if from_column else equation.flipped()
    try:
        return f"{text(column)} {SIGNS[equation.comparison]} {bound.moved(count if from_column else -count).sql()}"
    except OverflowError:
        return None


def _moved(node: exp.Expr, kind: str) -> tuple[str, int] | None:
    """Unit and count of what is added to `node.this`."""
    if isinstance(node, ADDITIONS):
        unit, count = moments.unit(node.text("unit") or "DAY"), whole(node.expression)
        found = None if unit is None or count is None else (unit, -count if isinstance(node, exp.DateSub) else count)
    elif isinstance(node, (exp.Add, exp.Sub)):
        span, days = constants.interval(node.expression), whole(node.expression) if kind == "DATE" else None
        sign = -1 if isinstance(node, exp.Sub) else 1
        found = (span.unit, sign * span.count) if span is not None else None if days is None else ("DAY", sign * days)
    else:
        return None
    return found if found is not None and found[0] in SPANS else None


def _back(constant: exp.Expr, unit: str, count: int, kind: str) -> str | None:
    """The constant moved back, as SQL; None where it isn't of the column's kind, or leaves the calendar."""
    at = _moment(constant)
    try:
        if at is not None:
            earlier = moments.shift(at, unit, -count)
            at_midnight = earlier.time() == datetime.min.time()
            if kind == "DATE" and not at_midnight:
                return None
            return f"'{earlier.date() if at_midnight else earlier.isoformat(' ')}'"
        by_today = unit in DAYS and isinstance(constant, (*ADDITIONS, exp.Add, exp.Sub, exp.CurrentDate))
        bound = moment_of(constant, "DAY") if by_today else None
        return None if bound is None or isinstance(bound.at, datetime) else bound.moved(-count * DAYS[unit]).sql()
    except OverflowError:
        return None


def _moment(constant: exp.Expr) -> datetime | None:
    """A date or a moment without a time zone, written out."""
    written = constant.this if isinstance(constant, exp.Cast) and constant.is_type("date", "timestampntz") else constant
    plain = isinstance(written, exp.Literal) and written.is_string and _MOMENT.fullmatch(written.name)
    at = moments.moment(written.name) if plain else None
    days = isinstance(constant, exp.Cast) and constant.is_type("date")
    return None if at is None or (days and at != moments.floor(at, "DAY")) else at
