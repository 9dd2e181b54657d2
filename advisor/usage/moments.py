"""Dates and timestamps on the calendar: parse, cut to a unit, step by a unit. All naive, all UTC."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta

SPANS = {
    "NANOSECOND": timedelta(0),
    "MICROSECOND": timedelta(microseconds=1),
    "MILLISECOND": timedelta(milliseconds=1),
    "SECOND": timedelta(seconds=1),
    "MINUTE": timedelta(minutes=1),
    "HOUR": timedelta(hours=1),
    "DAY": timedelta(days=1),
    "WEEK": timedelta(weeks=1),
}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
EPOCH_MONDAY = datetime(1, 1, 1)
# Snowflake's spellings of a unit, beyond those that only add an S (docs.snowflake.com, "Supported date and time parts").
ALIASES = {
    **dict.fromkeys(("Y", "YY", "YYY", "YYYY", "YR"), "YEAR"),
    **dict.fromkeys(("MM", "MON", "MONS"), "MONTH"),
    **dict.fromkeys(("D", "DD", "DAYOFMONTH"), "DAY"),
    **dict.fromkeys(("W", "WK", "WEEKOFYEAR", "WOY", "WY"), "WEEK"),
    **dict.fromkeys(("Q", "QTR", "QTRS"), "QUARTER"),
    **dict.fromkeys(("H", "HH", "HR", "HRS"), "HOUR"),
    **dict.fromkeys(("M", "MI", "MIN", "MINS"), "MINUTE"),
    **dict.fromkeys(("S", "SEC", "SECS"), "SECOND"),
    **dict.fromkeys(("MS", "MSEC"), "MILLISECOND"),
    **dict.fromkeys(("US", "USEC"), "MICROSECOND"),
    **dict.fromkeys(("NS", "NSEC", "NANOSEC"), "NANOSECOND"),
}
# Formats of TO_CHAR whose texts stand in the calendar's order: the unit that they give, and the same for strftime.
FORMATS = {
    "YYYY": ("YEAR", "%Y"),
    "YYYY-MM": ("MONTH", "%Y-%m"),
    "YYYY/MM": ("MONTH", "%Y/%m"),
    "YYYYMM": ("MONTH", "%Y%m"),
    "YYYY-MM-DD": ("DAY", "%Y-%m-%d"),
    "YYYY/MM/DD": ("DAY", "%Y/%m/%d"),
    "YYYYMMDD": ("DAY", "%Y%m%d"),
}
DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}$")


def unit(name: str) -> str | None:
    """The unit's one spelling; None for what is no unit of the calendar."""
    upper = name.upper()
    known = ALIASES.get(upper, upper if upper in SPANS or upper in MONTHS else upper.removesuffix("S"))
    return known if known in SPANS or known in MONTHS else None


def naive(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def parse(text: str) -> date | datetime | None:
    """An ISO date or timestamp as Snowflake's AUTO format takes it; None for any other text."""
    plain = text.strip()
    try:
        if DAY.match(plain):
            year, month, day = plain.split("-")
            return date(int(year), int(month), int(day))
        return naive(datetime.fromisoformat(plain)) if "-" in plain else None
    except (ValueError, OverflowError):
        return None


def moment(value: object) -> datetime | None:
    """The instant that a date (its midnight), a timestamp or a text stands for."""
    if isinstance(value, str):
        value = parse(value)
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None


def floor(value: datetime, unit: str) -> datetime:
    """The start of the unit that holds the moment; a week starts on Monday, Snowflake's default."""
    if unit in MONTHS:
        months = MONTHS[unit]
        return datetime(value.year, (value.month - 1) // months * months + 1, 1)
    if SPANS[unit] <= timedelta(microseconds=1):
        return value
    return value - (value - EPOCH_MONDAY) % SPANS[unit]


def shift(value: datetime, unit: str, count: int) -> datetime:
    """Raises OverflowError beyond the years 1 to 9999."""
    if unit not in MONTHS:
        return value + SPANS[unit] * count
    months = value.year * 12 + value.month - 1 + MONTHS[unit] * count
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"year {year}")
    return value.replace(year=year, month=month + 1, day=min(value.day, calendar.monthrange(year, month + 1)[1]))
