"""A column cut to a unit of the calendar, as conditions write it, and the moments that it is compared with.

YEAR(d), DATE_TRUNC('month', d), TO_DATE(d), TO_CHAR(d, 'YYYY-MM') and DATEDIFF('day', d, CURRENT_DATE()) all give one value for
all of a unit, so that what they are compared with is a unit's start, and the unit is a range of the column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from advisor.blocks.expressions import context_function, text
from advisor.usage import constants, moments

UNITS = ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE")
"""A week begins on the day that the session says."""
YEARS = range(1, 9999)
DIGITS = {"YEAR": 4, "MONTH": 6, "DAY": 8}
"""How many of a date's digits a text of the unit has."""
CLOCK = (exp.CurrentDate, exp.CurrentTimestamp)
FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
Comparison = type[exp.Expr]


@dataclass(frozen=True)
class Bound:
    """The start of a unit, or a moment within one, moved by whole units."""

    at: datetime | str
    """A constant; or as SQL, the start of the unit that it is now."""
    unit: str
    aligned: bool = True
    """It is the start itself."""
    units: int = 0

    @staticmethod
    def of(moment: datetime, unit: str) -> Bound:
        start = moments.floor(moment, unit)
        return Bound(start, unit, start == moment)

    def moved(self, units: int) -> Bound:
        return replace(self, units=self.units + units)

    def sql(self) -> str:
        """Raises OverflowError beyond the calendar."""
        if isinstance(self.at, datetime):
            moment = moments.shift(self.at, self.unit, self.units)
            return f"'{moment.date() if moment.time() == datetime.min.time() else moment.isoformat(' ')}'"
        return f"DATEADD('{self.unit}', {self.units}, {self.at})" if self.units else self.at


@dataclass(frozen=True)
class Asked:
    """`cut of the column` `comparison` `bound`."""

    column: exp.Column
    unit: str
    comparison: Comparison
    bound: Bound
    prunes: bool
    """As far as is known Snowflake sees through the function, so that only scans can tell that it doesn't."""

    @property
    def sides(self) -> tuple[Bound | None, Bound | None]:
        """The column's own range: included below, excluded above."""
        this, after = self.bound, self.bound.moved(1)
        if self.comparison is exp.EQ:
            return this, after
        if self.comparison is exp.GT or (self.comparison is exp.GTE and not this.aligned):
            return after, None
        if self.comparison is exp.GTE:
            return this, None
        within = self.comparison is exp.LTE or not this.aligned
        return None, after if within else this


def asked(node: exp.Expr) -> tuple[Asked, ...]:
    """What a condition asks of one column that it cuts; empty for any other condition, and for one that is never met."""
    if isinstance(node, exp.Between):
        sides = [(exp.GTE, node.args["low"]), (exp.LTE, node.args["high"])]
        found = [_asked(node.this, comparison, constant) for comparison, constant in sides]
    elif isinstance(node, exp.In) and node.expressions and not node.args.get("query"):
        return _in_list([_asked(node.this, exp.EQ, constant) for constant in node.expressions])
    elif type(node) in FLIPPED:
        flipped = node.this.find(exp.Column) is None
        function, constant = (node.expression, node.this) if flipped else (node.this, node.expression)
        found = [_asked(function, FLIPPED[type(node)] if flipped else type(node), constant)]
    else:
        return ()
    each = tuple(one for one in found if one is not None)
    return each if len(each) == len(found) else ()


def _in_list(found: list[Asked | None]) -> tuple[Asked, ...]:
    """The first and the last of a list without gaps."""
    each = {one.bound.at: one for one in found if one is not None and isinstance(one.bound.at, datetime)}
    starts = [start for start in sorted(each) if isinstance(start, datetime)]
    if len(each) != len(set(found)) or not starts:
        return ()
    units = {one.unit for one in each.values()}
    follows = [moments.shift(start, min(units), 1) for start in starts]
    if len(units) > 1 or follows[:-1] != starts[1:]:
        return ()
    return replace(each[starts[0]], comparison=exp.GTE), replace(each[starts[-1]], comparison=exp.LTE)


def _asked(function: exp.Expr, comparison: Comparison, constant: exp.Expr) -> Asked | None:
    if constant.find(exp.Column) is not None or len(list(function.find_all(exp.Column))) != 1:
        return None
    if isinstance(function, exp.DateDiff):
        return _distance(function, comparison, constant)
    rule = RULES.get(type(function))
    cut = rule(function) if rule is not None else None
    if cut is None or cut.unit not in UNITS:
        return None
    bound = cut.bound(constant, cut.unit)
    if bound is None or (comparison is exp.EQ and not bound.aligned):
        return None
    return Asked(cut.column, cut.unit, comparison, bound, cut.prunes)


# ---------------------------------------------------------------- the column's side


@dataclass(frozen=True)
class _Cut:
    column: exp.Column
    unit: str
    bound: Callable[[exp.Expr, str], Bound | None]
    """Of what it is compared with."""
    prunes: bool = False


def _year(node: exp.Expr) -> _Cut | None:
    column = node.expression if isinstance(node, exp.Extract) else node.this
    if isinstance(node, exp.Extract) and moments.unit(node.name) != "YEAR":
        return None
    return _Cut(column, "YEAR", _of_number) if isinstance(column, exp.Column) else None


def _truncated(node: exp.Expr) -> _Cut | None:
    unit = moments.unit(node.text("unit"))
    column = node.this
    return _Cut(column, unit, moment_of, True) if isinstance(column, exp.Column) and unit is not None else None


def _day(node: exp.Expr) -> _Cut | None:
    column = node.this
    if not isinstance(column, exp.Column) or node.args.get("format") is not None:
        return None
    return _Cut(column, "DAY", moment_of, True) if isinstance(node, exp.TsOrDsToDate) or node.is_type("date") else None


def _as_text(node: exp.Expr) -> _Cut | None:
    column, form = node.this, moments.FORMATS.get(node.text("format").upper())
    if form is None or not isinstance(column, exp.Column):
        return None
    unit, written = form
    return _Cut(column, unit, lambda constant, unit: _of_text(constant, unit, written))


RULES: dict[type[exp.Expr], Callable[[exp.Expr], _Cut | None]] = {
    exp.Year: _year,
    exp.Extract: _year,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.TsOrDsToDate: _day,
    exp.Cast: _day,
    exp.ToChar: _as_text,
}


def _distance(function: exp.Expr, comparison: Comparison, constant: exp.Expr) -> Asked | None:
    """DATEDIFF counts the units' starts between two moments."""
    until, since, unit = function.this, function.expression, moments.unit(function.text("unit"))
    from_column = isinstance(since, exp.Column)
    column, other = (since, until) if from_column else (until, since)
    count = whole(constant)
    if not isinstance(column, exp.Column) or unit not in UNITS or count is None:
        return None
    start = _start(other, unit)
    if start is None:
        return None
    if from_column:
        return Asked(column, unit, FLIPPED[comparison], start.moved(-count), False)
    return Asked(column, unit, comparison, start.moved(count), False)


# ---------------------------------------------------------------- what it is compared with


def _of_number(constant: exp.Expr, unit: str) -> Bound | None:
    """A year: 2024, YEAR(CURRENT_DATE), YEAR(CURRENT_DATE) - 1."""
    if isinstance(constant, (exp.Add, exp.Sub)):
        inner, count = _of_number(constant.this, unit), whole(constant.expression)
        return (
            None if inner is None or count is None else inner.moved(-count if isinstance(constant, exp.Sub) else count)
        )
    year = whole(constant)
    if year is not None:
        return Bound(datetime(year, 1, 1), unit) if year in YEARS else None
    now = constant.expression if isinstance(constant, exp.Extract) else constant.this
    asks_year = isinstance(constant, exp.Year) or (
        isinstance(constant, exp.Extract) and moments.unit(constant.name) == unit
    )
    return _start(now, unit) if asks_year and isinstance(now, CLOCK) else None


def moment_of(constant: exp.Expr, unit: str) -> Bound | None:
    """A date or timestamp; DATE_TRUNC of the clock, moved by whole units."""
    if context_function(constant) is None:
        moment = moments.moment(constants.evaluate(constant, datetime.min))
        return None if moment is None else Bound.of(moment, unit)
    if isinstance(constant, (exp.DateAdd, exp.TsOrDsAdd, exp.TimestampAdd)):
        inner, count = moment_of(constant.this, unit), whole(constant.expression)
        same = moments.unit(constant.text("unit")) == unit
        return inner.moved(count) if same and inner is not None and count is not None else None
    if isinstance(constant, (exp.Add, exp.Sub)) and unit == "DAY":
        inner, count = moment_of(constant.this, unit), whole(constant.expression)
        return (
            None if inner is None or count is None else inner.moved(-count if isinstance(constant, exp.Sub) else count)
        )
    if isinstance(constant, (exp.DateTrunc, exp.TimestampTrunc)):
        same = moments.unit(constant.text("unit")) == unit
        return _start(constant.this, unit) if same and isinstance(constant.this, CLOCK) else None
    days = isinstance(constant, exp.CurrentDate) or (
        isinstance(constant, (exp.TsOrDsToDate, exp.Cast)) and _day_of_clock(constant)
    )
    return _start(exp.CurrentDate(), unit) if days and unit == "DAY" else None


def _day_of_clock(node: exp.Expr) -> bool:
    return isinstance(node.this, CLOCK) and (isinstance(node, exp.TsOrDsToDate) or node.is_type("date"))


def _of_text(constant: exp.Expr, unit: str, written: str) -> Bound | None:
    """Texts of one length in digits are in the calendar's order; another text is never met, or sorts as no date does."""
    if not isinstance(constant, exp.Literal) or not constant.is_string:
        return None
    try:
        moment = datetime.strptime(constant.name, written)
    except ValueError:
        return None
    whole = "".join(
        part.zfill(size) for part, size in ((str(moment.year), 4), (str(moment.month), 2), (str(moment.day), 2))
    )
    digits = "".join(filter(str.isdigit, constant.name))
    return Bound.of(moment, unit) if whole.startswith(digits) and len(digits) == DIGITS[unit] else None


def _start(node: exp.Expr, unit: str) -> Bound | None:
    """The start of the unit that holds a moment. The clock's day is the session's: CURRENT_DATE, whichever function asks it."""
    if isinstance(node, CLOCK):
        if unit not in DIGITS and unit != "QUARTER":
            return None
        today = text(exp.CurrentDate())
        return Bound(today if unit == "DAY" else f"DATE_TRUNC('{unit}', {today})", unit)
    if context_function(node) is not None:
        return None
    moment = moments.moment(constants.evaluate(node, datetime.min))
    return None if moment is None else replace(Bound.of(moment, unit), aligned=True)


def whole(node: exp.Expr) -> int | None:
    value = (
        constants.evaluate(node, datetime.min)
        if node.find(exp.Column) is None and context_function(node) is None
        else None
    )
    return value if isinstance(value, int) and not isinstance(value, bool) else None
