"""A column's values laid on a line, so that a condition becomes a share of the table's rows and a number of buckets.

With `column_statistics` an axis runs from the column's minimum to its maximum; without, from what the literals, the
table's age and the window's end let one infer, and `known` is False.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart, Value
from advisor.pruning.frequencies import Frequencies, Place
from advisor.pruning.paces import Pace
from advisor.pruning.spread import Spread

Floats = NDArray[np.float64]

EPOCH = datetime(1970, 1, 1)
UNIT_DAYS = {"HOUR": 1 / 24, "DAY": 1.0, "WEEK": 7.0, "MONTH": 30.44, "QUARTER": 91.31, "YEAR": 365.25}
WEEK_BEGINS = 3  # 1970-01-01 was a Thursday; weeks start on Monday
TEXT_DIGITS = 8
OF_TEXT = 10.0  # letters that a place of a text is taken to tell apart where nothing tells
INSTANT = 1e-9  # days: what an excluded upper bound is pulled back by


@dataclass(frozen=True)
class Outer:
    """A column that another one's numbers begin with."""

    part: KeyPart
    """The form of the other one that it is."""
    frequent: Frequencies
    """What its values hold, put where the other one's numbers begin."""
    distinct: float
    stretch: float
    """How far the numbers reach that begin with one of its values."""


@dataclass(frozen=True)
class Axis:
    """`low` and `high` are positions: numbers as they are, times in days since 1970, text as a fraction of its alphabet."""

    column: str
    family: str
    """number, date, timestamp or text."""
    low: float
    high: float
    distinct: float
    null_share: float = 0.0
    known: bool = False
    """Its span and distinct count come from statistics, not from the literals."""
    prefix: str = ""
    """Text: what every value starts with."""
    letters: tuple[float, float] | None = None
    """Text in digits: how many of these begin what follows the prefix, and how many there are for each later place
    (advisor/pruning/letters.py); None of other texts.
    """
    demanded: tuple[float, ...] = ()
    """Where the single values stand that queries ask for, one for each query, if they ask for those the more that hold the more
    rows (advisor/pruning/groups.py tells); else empty."""
    uncommon: float = 1.0
    """The share of the rows that hold values like those asked for; less than all where a few others hold the rest."""
    told_by: float = 0.0
    """So many single values that were asked for told that."""
    stand_ins: tuple[float, ...] = ()
    """Values beyond its ends that stand for none (advisor/pruning/far_ends.py)."""
    stood_in: float = 0.0
    """The share of the rows that hold one of these; 0 where nothing tells."""
    moments: bool = False
    """Numbers that are taken for times: what they are compared with are seconds since 1970, or parts of these."""
    spread: Spread | None = None
    """How its values are spread, those left out that `frequent` tells of; None where statistics don't tell."""
    frequent: Frequencies | None = None
    """What its most frequent values hold, those that stand for none left out; None where statistics don't tell."""
    led: tuple[KeyPart, float] | None = None
    """A coarser form that another column is too, and as how many groups of one size queries for that one show it."""
    outer: Outer | None = None
    """The same where statistics tell what that column's values hold."""
    pace: Pace | None = None
    """On which days the rows come, of a time that a row sample has; None where nothing tells."""

    @property
    def is_time(self) -> bool:
        return self.family in ("date", "timestamp")

    @property
    def span(self) -> float:
        return max(self.high - self.low, 1e-12)

    @property
    def absent(self) -> float:
        """The share of the rows that have no value between its ends."""
        return self.null_share + (1 - self.null_share) * self.stood_in

    def position(self, value: Value) -> float | None:
        """Where a value stands; None for one that isn't of the axis' family."""
        return placed(self.family, self.prefix, value)

    def place(self, value: Value) -> Place | None:
        """What tells a value from the others; None for one that isn't of the axis' family."""
        position = self.position(value)
        return value if position is not None and self.family == "text" and isinstance(value, str) else position

    def share(self, low: float | None, high: float | None) -> float:
        """The share of rows between two positions (None: open), values taken as spread evenly where no quantiles tell."""
        start = self.low if low is None else min(max(low, self.low), self.high)
        end = self.high if high is None else min(max(high, self.low), self.high)
        if self.spread is not None:
            return self.spread.between(start, end)
        if self.family == "date":
            # A date stands for its whole day: n dates between two ends take n days of span + 1.
            return max(0.0, end - start + 1) / (self.span + 1) if _overlap(self, low, high) else 0.0
        return max(0.0, end - start) / self.span

    def buckets(self, part: KeyPart) -> float:
        """How many distinct values the key expression has."""
        if part.unit is not None:
            return max(1.0, min(self.distinct, self.span / UNIT_DAYS[part.unit] + 1))
        if part.digits is not None:
            return max(1.0, min(self.distinct, self.span / math.pow(10, part.digits) + 1))
        if part.substring is not None:
            letters = part.substring[1] - max(0, len(self.prefix) + 1 - part.substring[0])
            return max(1.0, min(self.distinct, self._beginnings(letters)))
        return max(1.0, self.distinct)

    def _beginnings(self, letters: int) -> float:
        """How many different ones the texts have, of so many letters after the prefix."""
        first, each = self.letters or (OF_TEXT, OF_TEXT)
        return first * math.pow(each, letters - 1) if letters > 0 else 1.0

    def buckets_at(self, part: KeyPart, positions: Floats) -> Floats | None:
        """The numbers of the buckets that positions fall into; None where the expression has no arithmetic of its own."""
        if part.unit in ("HOUR", "DAY"):
            return np.floor(positions / UNIT_DAYS[part.unit])
        if part.unit == "WEEK":
            return np.floor((positions + WEEK_BEGINS) / 7)
        if part.unit is not None:
            return np.array([math.floor(in_units(part, position)) for position in positions.tolist()], dtype=float)
        if part.digits is not None:
            return np.trunc(positions / math.pow(10, part.digits))
        return np.floor(positions) if part.substring is None and self.family == "date" else None


def _overlap(axis: Axis, low: float | None, high: float | None) -> bool:
    return (
        (low is None or low <= axis.high)
        and (high is None or high >= axis.low)
        and (low is None or high is None or low <= high)
    )


def in_units(part: KeyPart, position: float) -> float:
    """A position in an expression's own units, DATE_TRUNC's or TRUNC's, counted from where they begin."""
    if part.digits is not None:
        return position / math.pow(10, part.digits)
    if part.unit in ("HOUR", "DAY"):
        return position / UNIT_DAYS[part.unit]
    if part.unit == "WEEK":
        return (position + WEEK_BEGINS) / 7
    held = min(max(position, -700_000.0), 2_900_000.0)
    day = EPOCH + timedelta(days=math.floor(held))
    passed = (day.day - 1 + held % 1) / monthrange(day.year, day.month)[1]
    return (day.year * 12 + day.month - 1 + passed) / {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[str(part.unit)]


def bucket_codes(axis: Axis, part: KeyPart, positions: Floats) -> Floats:
    """The key expression of many values at once, as numbers in the expression's order; NULLs (NaN) come last."""
    codes = positions
    if part.unit in ("HOUR", "DAY", "WEEK"):
        days = np.floor(positions * 24 if part.unit == "HOUR" else positions)
        codes = np.floor((days + WEEK_BEGINS) / 7) if part.unit == "WEEK" else days
    elif part.unit is not None:
        days = np.where(np.isnan(positions), 0, np.floor(positions)).astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64).astype(float)
        codes = np.floor(months / {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[part.unit])
    elif part.digits is not None:
        codes = np.trunc(positions / math.pow(10, part.digits))
    elif part.substring is not None:
        letters = part.substring[1] - max(0, len(axis.prefix) + 1 - part.substring[0])
        codes = np.floor(positions * math.pow(96, max(0, letters)))
    return np.where(np.isnan(positions), np.inf, codes)


def family_of(data_type: str | None, values: Iterable[Value]) -> str:
    """The family of a column: from its type where the catalog has it, else from the literals compared with it."""
    kind = (data_type or "").upper()
    if kind == "DATE":
        return "date"
    if kind.startswith(("TIMESTAMP", "DATETIME")):
        return "timestamp"
    if kind in ("NUMBER", "FLOAT", "BOOLEAN", "DECIMAL", "INT", "INTEGER", "BIGINT", "DOUBLE"):
        return "number"
    if kind:
        return "text"
    seen = list(values)
    for family in ("number", "date", "timestamp"):
        if seen and all(placed(family, "", value) is not None for value in seen):
            return family
    return "text"


def placed(family: str, prefix: str, value: Value) -> float | None:
    if family == "number":
        return _number(value)
    if family in ("date", "timestamp"):
        return in_days(value)
    if not isinstance(value, str):
        return None
    return _text(value.removeprefix(prefix)) if value.startswith(prefix) else (0.0 if value < prefix else 1.0)


def _number(value: Value) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    if value.lower() in ("true", "false"):
        return float(value.lower() == "true")
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def in_days(value: Value) -> float | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return (plain - EPOCH).total_seconds() / 86_400
    return float(value.toordinal() - EPOCH.toordinal()) if isinstance(value, date) else None


def _text(value: str) -> float:
    """Text as a fraction in base 96, so that its order is the numbers' order for printable ASCII."""
    return sum(min(95, max(0, ord(letter) - 32)) / 96.0 ** (i + 1) for i, letter in enumerate(value[:TEXT_DIGITS]))
