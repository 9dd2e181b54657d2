"""Small random databases for a statement: what its constants single out, what lies just beside, NULLs, duplicates, extremes.

Seeded by the database's number alone: the same statement meets the same rows in every run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from sqlglot import exp

Cell = int | Decimal | float | str | bool | date | datetime | None
Pools = Mapping[str, tuple[Sequence[Cell], Sequence[Cell]]]
"""By family of types: the values that the statement's constants are about, and others."""

ENGINE_TYPES = {
    "NUMBER": "DECIMAL(18, 2)",
    "FLOAT": "DOUBLE",
    "TEXT": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMPTZ",
    "TIMESTAMP_TZ": "TIMESTAMPTZ",
}
WHOLE = "BIGINT"
"""NUMBER's other type: the catalog doesn't tell its scale, so both are tried."""
CELLS = 20_000
"""So many rows may a join of all scans without a condition have."""
MOST_ROWS = 16
PLAIN = 5
"""In one database of so many, columns draw as if nothing told what they are compared with: what must meet through a function or
an alias, of which no condition tells, does so there. Odd: whole numbers are in every other database."""
YEARS = range(1000, 9999)
"""A whole number among these may be a year."""
DECIMAL = re.compile(r"[+-]?\d{1,12}(\.\d{1,6})?", re.ASCII)
"""A text that is compared with a number."""
LARGEST = 10**12
FAR_DAYS = (1, 7, 31, 366)


@dataclass(frozen=True)
class EngineTable:
    name: str
    columns: Mapping[str, str]
    """Snowflake's type by column name."""
    near: Mapping[str, Near] = field(default_factory=dict)
    """By column name, where the queries compare it with anything."""


@dataclass(frozen=True)
class Near:
    """What a column is compared with, as values of its own type, and what lies just beside."""

    met: tuple[Cell, ...]
    beside: tuple[Cell, ...]


@dataclass(frozen=True)
class _Meant:
    """What constants may mean, each once."""

    texts: dict[str, None] = field(default_factory=dict)
    numbers: dict[Decimal, None] = field(default_factory=dict)
    days: dict[date, None] = field(default_factory=dict)
    moments: dict[datetime, None] = field(default_factory=dict)

    def add(self, constant: exp.Literal | date) -> None:
        if isinstance(constant, date):
            self.days[_day(constant)] = None
            self.moments[_start(constant)] = None
        elif constant.is_string:
            self.texts[constant.this] = None
            if DECIMAL.fullmatch(constant.this):
                self.numbers[Decimal(constant.this)] = None
            moment = _moment(constant.this)
            if moment is not None:
                self.moments[moment] = None
                self.days[moment.date()] = None
        else:
            number = _number(constant.this)
            if number is not None:
                self.numbers[-number if isinstance(constant.parent, exp.Neg) else number] = None
            self.texts[constant.this] = None
            if constant.this.isdecimal() and int(constant.this) in YEARS:
                self.days.update(
                    {date(int(constant.this), month, day): None for month, day in ((1, 1), (6, 15), (12, 31))}
                )


def pools(constants: Iterable[exp.Literal], at: datetime, turns: Iterable[date] = ()) -> Pools:
    """`turns` are the moments, or days, that conditions reckon from `at`."""
    turning = [_later(turn, days) for turn in turns for days in (0, 1, -1)]
    meant = _Meant(days={at.date(): None}, moments={at.replace(tzinfo=None, microsecond=0): None})
    for constant in constants:
        meant.add(constant)
    return {
        "TEXT": (_texts(meant.texts) or ["a", "b"], ("", "a", "A", "b", "zz")),
        "NUMBER": (
            _numbers(meant.numbers) or [Decimal(1), Decimal(2)],
            (Decimal(0), Decimal(1), Decimal(-1), Decimal(2), Decimal(10**9)),
        ),
        "DATE": (
            _joined(_days(meant.days), map(_day, turning)),
            (date(1, 1, 1), date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31)),
        ),
        "TIMESTAMP": (
            _joined(_moments(meant.moments, meant.days), map(_start, turning)),
            (datetime(1, 1, 1), datetime(2024, 2, 29, 12), datetime(9999, 12, 31)),
        ),
        "BOOLEAN": ((True, False), (True, False)),
    }


def near(compared: Iterable[exp.Literal | date], kind: str) -> Near:
    """What a column of that type is compared with; empty where that is nothing that its type holds."""
    meant = _Meant()
    for constant in compared:
        meant.add(constant)
    met: Iterable[Cell]
    around: Sequence[Cell]
    match _family(kind):
        case "TEXT":
            met, around = meant.texts, _texts(meant.texts)
        case "NUMBER":
            met, around = meant.numbers, _numbers(meant.numbers)
        case "DATE":
            met, around = meant.days, _days(meant.days)
        case "TIMESTAMP":
            met, around = meant.moments, _moments(meant.moments, meant.days)
        case _:
            met, around = (), ()
    drawn = set(around)
    some = dict.fromkeys(value for value in met if value in drawn)
    return Near(tuple(some), tuple(value for value in around if value not in some))


def _joined(near: Sequence[Cell], turning: Iterable[Cell]) -> list[Cell]:
    return list(dict.fromkeys((*near, *turning)))


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _start(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


def _later(moment: date, days: int) -> date:
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return moment


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    """None for one that no column is given."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.copy_abs() < LARGEST else None


def _texts(found: Iterable[str]) -> list[Cell]:
    """A LIKE pattern's own text is among its matches where its wildcards match themselves."""
    each = [variant for text in found for variant in (text, text.replace("%", ""), text.lower(), f"{text}x")]
    return list(dict.fromkeys(each))


def _numbers(found: Iterable[Decimal]) -> list[Cell]:
    near = [value + step for value in found for step in (Decimal(0), Decimal(1), Decimal(-1), Decimal("0.5"))]
    return list(dict.fromkeys(value for value in near if abs(value) < LARGEST))


def _days(found: Iterable[date]) -> list[Cell]:
    near = [_shifted(day, step * way) for day in found for step in (0, *FAR_DAYS) for way in (1, -1)]
    return list(dict.fromkeys(near))


def _shifted(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _moments(found: Iterable[datetime], days: Iterable[date]) -> list[Cell]:
    middles = [datetime(day.year, day.month, day.day) for day in days if date(1, 1, 3) < day < date(9999, 12, 29)]
    starts = [*found, *middles]
    steps = (timedelta(0), timedelta(hours=12), timedelta(seconds=-1), timedelta(days=1), timedelta(days=-1))
    safe = [start for start in starts if date(1, 1, 3) < start.date() < date(9999, 12, 29)]
    return list(dict.fromkeys(start + step for start in safe for step in steps))


def rows(tables: Sequence[EngineTable], values: Pools, number: int, scans: int, whole: bool) -> list[list[list[Cell]]]:
    """The rows of each table in database `number`; the first database is empty."""
    source = random.Random(f"database {number}")
    few = {family: _few(source, *pool) for family, pool in values.items()}
    most = max(2, min(MOST_ROWS, int(CELLS ** (1 / max(1, scans)))))
    nulls = source.choice((0.0, 0.0, 0.2, 0.5))
    found: list[list[list[Cell]]] = []
    for table in tables:
        near = {} if number % PLAIN == 0 else table.near
        kinds = [
            [_typed(value, kind, whole) for value in _of_column(source, near.get(name), few[_family(kind)])]
            for name, kind in table.columns.items()
        ]
        count = source.choice((0, 1, 2, most // 2, most, most)) if number else 0
        drawn = [(values, len(values), len(values).bit_length()) for values in kinds]
        found.append([_row(source, drawn, nulls) for _ in range(count)])
    return found


def _few(source: random.Random, asked: Sequence[Cell], others: Sequence[Cell]) -> list[Cell]:
    """Few values, so that rows repeat and joins meet."""
    some = source.sample(list(asked), min(len(asked), source.choice((1, 2, 3, 6))))
    return [*some, *source.sample(list(others), source.choice((0, 0, 1, 2)) % (len(others) + 1))]


def _of_column(source: random.Random, asked: Near | None, few: list[Cell]) -> list[Cell]:
    """What the column is compared with in most rows: each condition beside it must be met, too, for a row to be returned."""
    if asked is None:
        return few
    beside = source.sample(asked.beside, min(len(asked.beside), source.choice((0, 1, 2))))
    return [*source.choices(asked.met, k=2), *beside, *few[: source.choice((0, 0, 1))]]


def _row(source: random.Random, drawn: Sequence[tuple[Sequence[Cell], int, int]], nulls: float) -> list[Cell]:
    """A cell each: `Random.choice` of its values, or NULL, without the calls between: there are a million cells in the proofs of
    one account. The values come with their count and the bits that this takes."""
    chance, bits_of = source.random, source.getrandbits
    cells: list[Cell] = []
    for values, count, bits in drawn:
        if chance() < nulls:
            cells.append(None)
            continue
        at = bits_of(bits)
        while at >= count:
            at = bits_of(bits)
        cells.append(values[at])
    return cells


def _family(kind: str) -> str:
    return "TIMESTAMP" if kind.startswith("TIMESTAMP") else "NUMBER" if kind == "FLOAT" else kind


def _typed(value: Cell, kind: str, whole: bool) -> Cell:
    if kind == "NUMBER" and whole and isinstance(value, Decimal):
        return int(value)
    # Quarters add up without rounding, in whatever order they are added.
    return round(float(value) * 4) / 4 if kind == "FLOAT" and isinstance(value, Decimal) else value
