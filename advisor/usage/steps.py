"""Functions that keep order, as steps from column values to results; each knows the way back for an interval.

Values below are exact: a preimage holds a column value if and only if the interval holds the function's result. Only
moving by months at a month's end is wider, by at most three days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from advisor.model import Value
from advisor.usage import constants, moments
from advisor.usage.constants import Interval


@dataclass(frozen=True)
class Span:
    """An interval of values; a side that is open or not known is None."""

    low: Value | None = None
    high: Value | None = None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True)
class Calendar:
    """The start of the unit: DATE_TRUNC, TO_DATE."""

    unit: str

    def preimage(self, span: Span) -> Span:
        low, high = moments.moment(span.low), moments.moment(span.high)
        if low is not None:
            start = moments.floor(low, self.unit)
            on_grid = start == low and span.low_included
            low = start if on_grid else moments.shift(start, self.unit, 1)
        if high is not None:
            start = moments.floor(high, self.unit)
            below = start == high and not span.high_included
            high = start if below else moments.shift(start, self.unit, 1)
        return Span(low, high, True, high is None)


@dataclass(frozen=True)
class Grid:
    """Whole multiples of `size`: `before` and `after` say how far around the multiple 0 < m reaches, as shares of the size."""

    size: Decimal
    before: Decimal
    after: Decimal
    before_included: bool
    mirrored: bool
    """Towards zero or away from it, so that negative multiples reach the other way round."""

    def preimage(self, span: Span) -> Span:
        low, low_included = self._low(span)
        high, high_included = self._high(span)
        return Span(low, high, low_included, high_included)

    def _low(self, span: Span) -> tuple[Value | None, bool]:
        if span.low is None:
            return None, True
        exact = Decimal(str(span.low)) / self.size
        multiple = exact.to_integral_value(ROUND_CEILING)
        if exact == multiple and not span.low_included:
            multiple += 1
        flipped = self.mirrored and multiple <= 0
        reach, included = (self.after, not self.before_included) if flipped else (self.before, self.before_included)
        return _plain((multiple - reach) * self.size), included

    def _high(self, span: Span) -> tuple[Value | None, bool]:
        if span.high is None:
            return None, True
        exact = Decimal(str(span.high)) / self.size
        multiple = exact.to_integral_value(ROUND_FLOOR)
        if exact == multiple and not span.high_included:
            multiple -= 1
        flipped = self.mirrored and multiple < 0
        reach, included = (self.before, self.before_included) if flipped else (self.after, not self.before_included)
        return _plain((multiple + reach) * self.size), included


def rounding(decimals: int) -> Grid:
    """ROUND, and casts to fewer decimals: half a unit goes away from zero."""
    half = Decimal("0.5")
    return Grid(Decimal(1).scaleb(-decimals), half, half, True, True)


@dataclass(frozen=True)
class Shift:
    """DATEADD and `_ + n` on dates and timestamps."""

    by: Interval

    def preimage(self, span: Span) -> Span:
        back = replace(self.by, count=-self.by.count)
        low, high = (constants.moved(value, back) if value is not None else None for value in (span.low, span.high))
        if self.by.unit in moments.MONTHS:
            # Adding months maps the last days of a long month to one day: widen rather than miss a value.
            low, high = _widened(low, span.low, -3), _widened(high, span.high, 3)
        return replace(span, low=low, high=high)


@dataclass(frozen=True)
class Offset:
    """`_ + n` on numbers."""

    by: int | float

    def preimage(self, span: Span) -> Span:
        low, high = (
            _plain(Decimal(str(v)) - Decimal(str(self.by))) if v is not None else None for v in (span.low, span.high)
        )
        return replace(span, low=low, high=high)


LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Prefix:
    """LEFT and SUBSTRING from the first character. What begins with a text sorts from it to the text and LAST_CHARACTER."""

    length: int

    def preimage(self, span: Span) -> Span:
        low, high, low_included, high_included = span.low, span.high, span.low_included, span.high_included
        if isinstance(low, str) and (len(low) > self.length or (len(low) == self.length and not low_included)):
            low, low_included = low[: self.length] + LAST_CHARACTER, False
        if isinstance(high, str) and (len(high) > self.length or (len(high) == self.length and high_included)):
            high, high_included = high[: self.length] + LAST_CHARACTER, True
        return Span(low, high, low_included, high_included)


@dataclass(frozen=True)
class Same:
    """A cast to a type that holds the same values in the same order."""

    def preimage(self, span: Span) -> Span:
        return span


Step = Calendar | Grid | Shift | Offset | Prefix | Same


def _plain(number: Decimal) -> Value:
    return int(number) if number == number.to_integral_value() else float(number)


def _widened(value: Value | None, original: Value | None, days: int) -> Value | None:
    moment = moments.moment(original)
    if moment is None or moment.day < 28 or not isinstance(value, date):
        return value
    return value + timedelta(days=days)
