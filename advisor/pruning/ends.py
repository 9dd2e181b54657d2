"""Where a column's axis begins and ends: as statistics say, else as far as what queries ask for, and the table's life, go.

A value that stands for none is no end of it (advisor/pruning/far_ends.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from scipy.special import pdtrc

from advisor.frequent import least_share
from advisor.model import Column, ColumnStatistics, Value
from advisor.pruning import far_ends
from advisor.pruning.axes import Axis, family_of, in_days, placed
from advisor.pruning.frequencies import Frequencies
from advisor.pruning.letters import letters
from advisor.pruning.spread import Spread

UNITS_A_DAY = (86_400.0, 86_400e3, 86_400e6)
"""Of numbers that count the seconds since 1970, or thousandths or millionths of them."""
A_WEEK = 7.0
"""Days: what is asked for over weeks lies further apart, if it is moments, than ids of nine or ten digits mostly do."""
UNUSUAL = 0.05  # more repeats than chance (Poisson) has so rarely tell that values aren't asked for evenly
WHOLE = 0.9  # of the rows: a table of which so many were counted was read whole
MOST_NULLS = 0.999999  # a column that is asked for values holds some


def axis(
    name: str,
    column: Column | None,
    rows: float,
    literals: Iterable[Value],
    lifetime: tuple[datetime | None, datetime],
    looked_up: bool = False,
) -> Axis:
    """The axis of one column of a table with that many rows.

    `literals` are the constants that queries compare it with; `lifetime` is the table's creation (where known) and the
    window's end: a time column without statistics is taken to span it. Single values of it are `looked_up`, or ranges
    alone are asked for.
    """
    values = list(literals)
    family = family_of(column.data_type if column else None, values)
    statistics = column.statistics if column else None
    if statistics is not None:
        known = _from_statistics(name, family, rows, statistics, values)
        if known is not None:
            return _with_spread(
                _with_frequencies(_without_stand_ins(known, values, lifetime[1]), statistics, rows), statistics
            )
    return _from_literals(name, family, rows, values, lifetime, looked_up)


def _from_statistics(
    name: str, family: str, rows: float, statistics: ColumnStatistics, values: list[Value]
) -> Axis | None:
    """None where they are incomplete or contradict themselves."""
    if statistics.distinct is None or statistics.distinct < 1:
        return None
    prefix, told = "", None
    if family == "text" and statistics.minimum is not None and statistics.maximum is not None:
        prefix = _shared_prefix([statistics.minimum, statistics.maximum])
        told = letters(map(str, values), prefix, (statistics.minimum, statistics.maximum))
    ends = [placed(family, prefix, text) for text in (statistics.minimum, statistics.maximum) if text is not None]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:
        return None
    if ends[0] == ends[1] and family != "text" and statistics.distinct >= 2:
        return None
    distinct = max(1.0, min(statistics.distinct, rows))
    nulls = min(MOST_NULLS, max(0.0, statistics.null_share or 0.0))
    return Axis(name, family, ends[0], ends[1], distinct, nulls, True, prefix, told)


def _with_frequencies(line: Axis, statistics: ColumnStatistics, rows: float) -> Axis:
    """The axis with what each frequent value holds. Where one stands for none and isn't among them, they don't tell of it."""
    frequent = statistics.frequent
    if frequent is None:
        return line
    pairs = [(place, line.position(text), share) for text, share in frequent if (place := line.place(text)) is not None]
    placed_ = [(place, position, share) for place, position, share in pairs if position is not None]
    stood = sum(share for _, position, share in placed_ if position in line.stand_ins)
    if line.stand_ins:
        line = replace(line, stood_in=min(MOST_NULLS, stood / (1 - line.null_share)))
    whole = statistics.sampled_rows is None or statistics.sampled_rows >= WHOLE * rows
    least = least_share(rows) if whole else None
    values = [each for each in placed_ if each[1] not in line.stand_ins]
    return replace(line, frequent=Frequencies.of(values, line.distinct, 1 - line.absent, least))


def _with_spread(line: Axis, statistics: ColumnStatistics) -> Axis:
    """The axis with how its numbers are spread. Where some stand for none, quantiles tell of these too."""
    if line.family != "number" or line.stand_ins:
        return line
    found = [(position, level) for text, level in statistics.quantiles if (position := line.position(text)) is not None]
    return replace(line, spread=Spread.of(found, (line.low, line.high), line.frequent, 1 - line.null_share))


def _without_stand_ins(line: Axis, values: list[Value], now: datetime) -> Axis:
    """The axis between the ends that are values of the column: as long as its days are many, or as what is asked for."""
    others = [position for value in values if (position := line.position(value)) is not None]
    ends = (line.low, line.high)
    dense = line.distinct if line.family != "timestamp" else 0.0
    if line.is_time:
        clock = in_days(now) or 0.0
        found = far_ends.times(ends, others, clock, dense or None)
        rest = [each for each in others if each not in found] or [clock]
        rest = [*rest, clock] if line.high in found else rest
    else:
        found = far_ends.numbers(ends, others, dense) if line.family == "number" else ()
        rest = [each for each in others if each not in found and each not in far_ends.beside(found)]
    if not found:
        return line
    low, high = min(rest), max(rest)
    if line.low not in found:
        low, high = line.low, max(high, line.low + dense - 1)
    elif line.high not in found:
        low, high = min(low, line.high - dense + 1), line.high
    else:
        low = min(low, high - dense + 1)
    return replace(line, low=low, high=high, distinct=max(1.0, line.distinct - len(found)), stand_ins=found)


def _from_literals(
    name: str,
    family: str,
    rows: float,
    values: list[Value],
    lifetime: tuple[datetime | None, datetime],
    looked_up: bool,
) -> Axis:
    prefix = _shared_prefix([str(value) for value in values]) if family == "text" and len(set(values)) > 1 else ""
    positions = [p for p in (placed(family, prefix, value) for value in values) if p is not None]
    apart = _standing_in(family, positions, lifetime[1])
    if apart:
        none = {*apart, *(far_ends.beside(apart) if family == "number" else ())}
        values = [value for value in values if placed(family, prefix, value) not in none]
        positions = [each for each in positions if each not in none]
    if family in ("date", "timestamp") and not _before(positions, lifetime[0]):
        positions += [p for p in (placed(family, "", end) for end in lifetime if end is not None) if p is not None]
    low, high = (min(positions), max(positions)) if positions else (0.0, 1.0)
    distinct = max(1.0, min(rows, max(_chao(values), _dense(values))))
    # Nobody looks up a second: numbers of which single ones are asked for are ids.
    life = _life(positions, lifetime) if family == "number" and not looked_up else None
    if life is not None:
        distinct = max(1.0, min(rows, life[1] - life[0]))
        return Axis(name, family, *life, distinct, stand_ins=apart, moments=True)
    if family in ("date", "timestamp"):
        distinct = max(1.0, min(rows, (high - low + 1) * (1 if family == "date" else 86_400)))
    told = letters(map(str, values), prefix) if family == "text" else None
    return Axis(name, family, low, high, distinct, prefix=prefix, letters=told, stand_ins=apart)


def _standing_in(family: str, positions: list[float], now: datetime) -> tuple[float, ...]:
    if family in ("date", "timestamp"):
        return far_ends.times(positions, positions, in_days(now) or 0.0, None)
    return far_ends.numbers(positions, positions, 0.0) if family == "number" else ()


def _life(positions: list[float], lifetime: tuple[datetime | None, datetime]) -> tuple[float, float] | None:
    """The table's life in the units that numbers are in, if all that these are compared with are moments of it."""
    made = None if lifetime[0] is None else in_days(lifetime[0])
    now = in_days(lifetime[1])
    if made is None or now is None or len(set(positions)) < far_ends.TELLING:
        return None
    low, high = min(positions), max(positions)
    units = (u for u in UNITS_A_DAY if made <= low / u and low / u + A_WEEK <= high / u <= now + 1)
    unit = next(units, None)
    return None if unit is None else (made * unit, max(now * unit, high))


def _before(positions: list[float], created: datetime | None) -> bool:
    """All that is asked for happened before the table was made: it holds an older history."""
    start = None if created is None else placed("timestamp", "", created)
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
