"""Functions around a column: which keep its order, and what a condition on their result says of the bare column.

A function keeps order when a ≤ b implies f(a) ≤ f(b); then every interval of results comes from one interval of column
values, and a partition's minimum and maximum decide the condition (docs.snowflake.com, "Micro-partitions & data
clustering"). YEAR(ts) would qualify, but Snowflake's pruning on it is reported as unreliable, so it counts as opaque.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from advisor.usage import constants, moments
from advisor.usage.constants import DATE, NUMBER, TEXT, TIMESTAMP, VARIANT, Interval, family
from advisor.usage.names import fold
from advisor.usage.scope import Layer, base_column, leaves, path
from advisor.usage.steps import Calendar, Grid, Offset, Prefix, Same, Shift, Span, Step, rounding


@dataclass(frozen=True)
class Wrapping:
    """All functions between a column and its use."""

    text: str | None
    """As SQL, `_` for the column; None when there is none."""
    steps: tuple[Step, ...] | None
    """Innermost first; None when one of them does not keep order."""
    column: str | None
    """The column's family of types."""
    result: str | None
    """The family of what is compared."""

    @property
    def keeps_order(self) -> bool:
        return self.steps is not None

    @property
    def prefix(self) -> bool:
        return self.steps is not None and any(isinstance(step, Prefix) for step in self.steps)

    def span(self, span: Span) -> Span:
        """The bare column's interval for an interval of results; both in their own types."""
        typed = _typed(span, self.result)
        try:
            for step in reversed(self.steps or ()):
                typed = step.preimage(typed)
        except ArithmeticError:
            # A bound beyond the calendar's end, or beyond all numbers, bounds nothing.
            return Span()
        return _typed(typed, self.column or (DATE if self.result == DATE and _midnights(typed) else None))


def wrapping(layers: tuple[Layer, ...], data_type: str | None, at: datetime) -> Wrapping:
    """`at`: when the query ran, for constants within the functions."""
    column = result = family(data_type)
    steps: list[Step] | None = []
    text: str | None = None
    for layer in layers:
        text = _render(layer, text)
        for node, inner in _upwards(layer):
            if steps is None or isinstance(node, exp.Paren):
                continue
            found = _step(node, inner, result, at)
            steps = None if found is None else [*steps, found[0]]
            result = None if found is None else found[1]
    return Wrapping(text, None if steps is None else tuple(steps), column, result)


def _upwards(layer: Layer) -> list[tuple[exp.Expr, exp.Expr]]:
    """Each function with the argument that holds the column, innermost first."""
    found: list[tuple[exp.Expr, exp.Expr]] = []
    inner = layer.leaf
    while inner is not layer.expression and inner.parent is not None:
        found.append((inner.parent, inner))
        inner = inner.parent
    return found


def _render(layer: Layer, beneath: str | None) -> str:
    """Other columns go by their bare names, so that the text doesn't depend on the query's aliases."""
    replaced = [_stand_in(layer.leaf, beneath or "_")]
    replaced += [_stand_in(leaf, f"{fold(base_column(leaf).this)}{path(leaf)}") for leaf in leaves(layer.expression)]
    try:
        text = layer.expression.sql(dialect="snowflake", comments=False, unsupported_level=ErrorLevel.IGNORE)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # sqlglot's own slips: it parses what it can't write again.
        raise SqlglotError("can't be written again") from error
    for stand_in, leaf in replaced:
        stand_in.replace(leaf)
    return text


def _stand_in(leaf: exp.Expr, name: str) -> tuple[exp.Expr, exp.Expr]:
    placeholder = exp.Var(this=name)
    leaf.replace(placeholder)
    return placeholder, leaf


Stepped = tuple[Step, str | None]
Rule = Callable[[exp.Expr, exp.Expr, str | None, datetime], Stepped | None]


def _step(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    """What one function does to values of a family, and the family of its result; None when order may be lost."""
    rule = RULES.get(type(node))
    return None if rule is None else rule(node, inner, of, at)


def _to_date(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    if of not in (None, DATE, TIMESTAMP) or node.args.get("format") is not None:
        return None
    return (Same(), DATE) if of == DATE else (Calendar("DAY"), DATE)


def _truncated(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    unit = moments.unit(node.text("unit"))
    if unit is None or of not in (None, DATE, TIMESTAMP) or inner is not node.this:
        return None
    return Calendar(unit), of


def _cast(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    kind = node.args["to"]
    target = family(kind.this.name)
    if of == VARIANT:
        return (Same(), target) if target else None
    if target == DATE:
        return _to_date(node, inner, of, at)
    if target == TIMESTAMP:
        return (Same(), TIMESTAMP) if of in (None, DATE, TIMESTAMP) else None
    if target == NUMBER and of == NUMBER:
        narrowed = _narrowed(kind)
        return None if narrowed is None else (narrowed, NUMBER)
    return (Same(), TEXT) if target == TEXT and of == TEXT and not kind.expressions else None


def _narrowed(kind: exp.Expr) -> Step | None:
    """A cast to a number of fewer decimals rounds half away from zero."""
    if kind.is_type("float", "double"):
        return Same()
    scale = kind.expressions[1].this.name if len(kind.expressions) > 1 else "0"
    return rounding(int(scale)) if scale.isdecimal() and len(scale) < 3 else None


def _gridded(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    decimals = constants.evaluate(node.args["decimals"], at) if node.args.get("decimals") is not None else 0
    if of not in (None, NUMBER) or inner is not node.this or not isinstance(decimals, int) or abs(decimals) > 38:
        return None
    size, one, none = Decimal(1).scaleb(-decimals), Decimal(1), Decimal(0)
    if isinstance(node, exp.Floor):
        return Grid(size, none, one, True, False), NUMBER
    if isinstance(node, exp.Ceil):
        return Grid(size, one, none, False, False), NUMBER
    if isinstance(node, exp.Trunc):
        return Grid(size, none, one, True, True), NUMBER
    return rounding(decimals), NUMBER


def _dateadd(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    distance = constants.step(node, at)
    if distance is None or of not in (None, DATE, TIMESTAMP) or inner is not node.this:
        return None
    fine = distance.unit not in ("DAY", "WEEK", *moments.MONTHS)
    return Shift(distance), TIMESTAMP if of == DATE and fine else of


def _added(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    subtracted = isinstance(node, exp.Sub)
    other = node.expression if inner is node.this else node.this
    if subtracted and inner is not node.this:
        return None
    sign = -1 if subtracted else 1
    distance = constants.interval(other)
    if distance is not None:
        return (Shift(replace(distance, count=sign * distance.count)), of) if of in (None, DATE, TIMESTAMP) else None
    by = constants.evaluate(other, at)
    if isinstance(by, bool) or not isinstance(by, (int, float)):
        return None
    if of == DATE:
        return Shift(Interval("DAY", sign * round(by))), DATE
    return (Offset(sign * by), NUMBER) if of == NUMBER else None


def _prefixed(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    is_left = isinstance(node, exp.Left)
    start = 1 if is_left else constants.evaluate(node.args.get("start"), at)
    length = constants.evaluate(node.expression if is_left else node.args.get("length"), at)
    if of not in (None, TEXT) or inner is not node.this or start not in (0, 1) or not isinstance(length, int):
        return None
    return Prefix(length), TEXT


def _called(node: exp.Expr, inner: exp.Expr, of: str | None, at: datetime) -> Stepped | None:
    stamped = str(node.this).upper().startswith("TO_TIMESTAMP") and len(node.expressions) == 1
    return (Same(), TIMESTAMP) if stamped and of in (None, DATE, TIMESTAMP) else None


RULES: dict[type[exp.Expr], Rule] = {
    exp.TsOrDsToDate: _to_date,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Floor: _gridded,
    exp.Ceil: _gridded,
    exp.Trunc: _gridded,
    exp.Round: _gridded,
    exp.DateAdd: _dateadd,
    exp.DateSub: _dateadd,
    exp.TsOrDsAdd: _dateadd,
    exp.TimestampAdd: _dateadd,
    exp.AddMonths: _dateadd,
    exp.Add: _added,
    exp.Sub: _added,
    exp.Left: _prefixed,
    exp.Substring: _prefixed,
    exp.Anonymous: _called,
}


def _typed(span: Span, to: str | None) -> Span:
    low, high = constants.coerce(span.low, to), constants.coerce(span.high, to)
    # A day column against an instant within a day: `d >= noon` begins the day after, `d < noon` ends with the day itself.
    low_inside = to == DATE and isinstance(span.low, datetime) and span.low.time() != datetime.min.time()
    high_inside = to == DATE and isinstance(span.high, datetime) and span.high.time() != datetime.min.time()
    return Span(low, high, span.low_included and not low_inside, span.high_included or high_inside)


def _midnights(span: Span) -> bool:
    bounds = [bound for bound in (span.low, span.high) if isinstance(bound, datetime)]
    return all(bound.time() == datetime.min.time() for bound in bounds)
