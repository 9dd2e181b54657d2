"""A column's values laid on a line, so that a condition becomes a share of the table's rows and a number of buckets.

With `column_statistics` an axis runs from the column's minimum to its maximum; without, from what the literals, the
table's age and the window's end let one infer, and `known` is False.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from advisor.model import Column, ColumnStatistics, KeyPart, Value

Floats = NDArray[np.float64]

EPOCH = datetime(1970, 1, 1)
UNIT_DAYS = {"HOUR": 1 / 24, "DAY": 1.0, "WEEK": 7.0, "MONTH": 30.44, "QUARTER": 91.31, "YEAR": 365.25}
WEEK_BEGINS = 3  # 1970-01-01 was a Thursday; weeks start on Monday
TEXT_DIGITS = 8
MOST_NULLS = 0.999999  # a column that is asked for values holds some
UNUSUAL = 0.05  # more repeats than chance (Poisson) has so rarely tell that values aren't asked for evenly
INSTANT = 1e-9  # days: what an excluded upper bound is pulled back by


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
    demanded: tuple[float, ...] = ()
    """Where the single values stand that queries ask for, one for each query, if they ask for those the more that hold the more
    rows (advisor/pruning/groups.py tells); else empty."""
    uncommon: float = 1.0
    """The share of the rows that hold values like those asked for; less than all where a few others hold the rest."""
    told_by: float = 0.0
    """So many single values that were asked for told that."""
    led: tuple[KeyPart, float] | None = None
    """A coarser form that another column is too, and as how many groups of one size queries for that one show it."""

    @property
    def is_time(self) -> bool:
        return self.family in ("date", "timestamp")

    @property
    def span(self) -> float:
        return max(self.high - self.low, 1e-12)

    def position(self, value: Value) -> float | None:
        """Where a value stands; None for one that isn't of the axis' family."""
        return _position(self.family, self.prefix, value)

    def share(self, low: float | None, high: float | None) -> float:
        """The share of rows between two positions (None: open), values taken as spread evenly."""
        start = self.low if low is None else min(max(low, self.low), self.high)
        end = self.high if high is None else min(max(high, self.low), self.high)
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
            return max(1.0, min(self.distinct, math.pow(10, max(0, letters))))
        return max(1.0, self.distinct)

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
        if seen and all(_position(family, "", value) is not None for value in seen):
            return family
    return "text"


def axis(
    name: str,
    column: Column | None,
    rows: float,
    literals: Iterable[Value],
    lifetime: tuple[datetime | None, datetime],
) -> Axis:
    """The axis of one column of a table with that many rows.

    `literals` are the constants that queries compare it with; `lifetime` is the table's creation (where known) and the
    window's end: a time column without statistics is taken to span it.
    """
    values = list(literals)
    family = family_of(column.data_type if column else None, values)
    statistics = column.statistics if column else None
    if statistics is not None:
        known = _from_statistics(name, family, rows, statistics)
        if known is not None:
            return known
    return _from_literals(name, family, rows, values, lifetime)


def _from_statistics(name: str, family: str, rows: float, statistics: ColumnStatistics) -> Axis | None:
    """None where they are incomplete or contradict themselves."""
    if statistics.distinct is None or statistics.distinct < 1:
        return None
    prefix = ""
    if family == "text" and statistics.minimum is not None and statistics.maximum is not None:
        prefix = _shared_prefix([statistics.minimum, statistics.maximum])
    ends = [_position(family, prefix, text) for text in (statistics.minimum, statistics.maximum) if text is not None]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:
        return None
    if ends[0] == ends[1] and family != "text" and statistics.distinct >= 2:
        return None
    distinct = max(1.0, min(statistics.distinct, rows))
    nulls = min(MOST_NULLS, max(0.0, statistics.null_share or 0.0))
    return Axis(name, family, ends[0], ends[1], distinct, nulls, True, prefix)


def _from_literals(
    name: str, family: str, rows: float, values: list[Value], lifetime: tuple[datetime | None, datetime]
) -> Axis:
    prefix = _shared_prefix([str(value) for value in values]) if family == "text" and len(set(values)) > 1 else ""
    positions = [p for p in (_position(family, prefix, value) for value in values) if p is not None]
    if family in ("date", "timestamp") and not _before(positions, lifetime[0]):
        positions += [p for p in (_position(family, "", end) for end in lifetime if end is not None) if p is not None]
    low, high = (min(positions), max(positions)) if positions else (0.0, 1.0)
    distinct = max(1.0, min(rows, max(_chao(values), _dense(values))))
    if family in ("date", "timestamp"):
        distinct = max(1.0, min(rows, (high - low + 1) * (1 if family == "date" else 86_400)))
    return Axis(name, family, low, high, distinct, prefix=prefix)


def _before(positions: list[float], created: datetime | None) -> bool:
    """All that is asked for happened before the table was made: it holds an older history."""
    start = None if created is None else _position("timestamp", "", created)
    return bool(positions) and start is not None and max(positions) < start


def _shared_prefix(texts: list[str]) -> str:
    first, last = min(texts), max(texts)
    same = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def _chao(values: list[Value]) -> float:
    """Chao's lower bound (1984) of the distinct values behind a sample of them."""
    counts = Counter(values)
    once, twice = (sum(count == n for count in counts.values()) for n in (1, 2))
    return len(counts) + once * (once - 1) / (2 * (twice + 1))


def _dense(values: list[Value]) -> float:
    """Whole numbers that repeat no more than chance has it are taken for dense identifiers, as many as the span that
    they stand in.

    Chao's bound says too little then: twelve look-ups of twelve customers would make 78. (The ends of n draws leave out
    2/(n + 1) of the span.)
    """
    counts = Counter(value for value in values if isinstance(value, int) and not isinstance(value, bool))
    drawn = counts.total()
    if len(counts) < 3 or drawn < len(values):
        return 0.0
    many = (max(counts) - min(counts)) * (len(counts) + 1) / (len(counts) - 1) + 1
    repeats = sum(count * (count - 1) // 2 for count in counts.values())
    by_chance = drawn * (drawn - 1) / 2 / many
    return many if not repeats or pdtrc(repeats - 1, by_chance) >= UNUSUAL else 0.0


def _position(family: str, prefix: str, value: Value) -> float | None:
    if family == "number":
        return _number(value)
    if family in ("date", "timestamp"):
        return _days(value)
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


def _days(value: Value) -> float | None:
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
