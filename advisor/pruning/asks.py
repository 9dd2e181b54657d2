"""Conditions as the model sees them: shares of a table's rows and positions on a column's axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.model import ColumnUsage, Role
from advisor.pruning.axes import Axis

PRUNABLE = frozenset({Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.NULL_TEST})
UNTOLD = 0.5  # share of the rows that what stands for no value is taken to have where it is asked for and nothing tells
FEW = 0.01  # of the rows: that few of a column's values hold is about even
FEWEST = 1e-9  # share of the rows that a condition is taken to match at least
MANY = 1000.0  # values: of so many each holds too few rows to tell one that came since statistics from one that no row holds
LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True)
class Ask:
    """One AND-ed condition of one scan on one column that a minimum and a maximum can decide."""

    column: str
    share: float
    """Of the table's rows."""
    values: int = 0
    """How many single values it asks for; 0 for a range."""
    low: float | None = None
    high: float | None = None
    """A range's ends as positions on the column's axis; None where open."""
    positions: tuple[float, ...] = ()
    """Where the single values stand, those that stand anywhere."""
    bare: bool = True
    """No function or cast stands around the column."""
    located: bool = True
    """False for a stretch of which only the length is known."""
    null: bool = False
    """It asks for NULLs, which lie with no value."""
    derived: bool = False
    """It isn't written on the column: a joined table's filter or a top-k implies it while the query runs."""
    stretches: int = 0
    """How many stretches of values that follow each other the single ones make up; 0 where that isn't known."""
    unmatched: bool = False
    """No row meets it: of a join, no row of the other table, all of whose rows are known, passes its filters; of single values,
    all lie beyond the column's known ends.
    """
    outermost: bool = False
    """It asks for the rows at an end of the column, whichever that is."""
    moving: bool = False
    """It asks for the latest rows of a table that grows, so its beginning moves on with the clock."""
    stood: bool = False
    """Among the rows that it asks for are those with what stands for no value."""
    counted: bool = False
    """Statistics tell what its single values hold."""
    apart: bool = False
    """It is what two conditions that exclude each other ask together: partitions that reach from the one's last
    position, `low`, to the other's first, `high`. No row matches it.
    """

    @property
    def places(self) -> int:
        """In how many places of the column its single values lie."""
        return self.stretches or self.values

    @property
    def open(self) -> bool:
        """A range without one of its ends: rows at the far end of the column, wherever they lie."""
        return not self.values and self.located and (self.low is None) != (self.high is None)

    @property
    def placed(self) -> bool:
        """It is known where on the axis it lies."""
        return not self.null and (bool(self.positions) if self.values else self.located)

    def met_by(self, positions: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Of a column's values, NaN for NULL, those that it asks for; it says where they stand."""
        if self.null:
            return np.isnan(positions)
        if self.values:
            return np.isin(positions, self.positions)
        least, most = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        return np.asarray((positions >= least) & (positions < most))


@dataclass(frozen=True)
class Question:
    """One scan of the table by one sampled execution: conditions joined by AND."""

    load: int
    """Which of the profile's loads it belongs to."""
    weight: float
    """Its part of the load's scans: a load of n samples with one scan each has n questions of weight 1/n, whose scans
    have no alternatives over several columns.
    """
    asks: tuple[Ask, ...]
    barren: bool = False
    """A table that it joins left none of the rows, or none holds what it asks for: the scan ends as it begins."""
    together: tuple[int, ...] = ()
    """Of a scan with alternatives over several columns: which of them it takes together. What they read is summed with
    each one's own weight, of which that of an even number of alternatives is negative.
    """
    matched: float | None = None
    """The share of the table's rows that its template's scans match, as recorded, where it asks all that they ask and
    neither a join nor a LIMIT spares these the partitions of some.
    """
    ran: float | None = None
    """When its execution ran, in days since 1970, where that is known."""
    read: float | None = None
    """The share of the partitions that its own execution read, where it asks for the first rows of an order and that is known."""
    counted: tuple[Ask, ...] = ()
    """The same conditions where so many rows are the first as the others leave, in whatever partitions."""

    @property
    def written(self) -> bool:
        """All its conditions hold for each row that the scan finds."""
        return not self.together


def asks_of(usages: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    """What the filters of one scan ask, those that a minimum and a maximum can decide; by column, the narrowest first."""
    asks = [ask for clause in clauses(usages) for ask in clause_asks(clause, axes)]
    return tuple(sorted(asks, key=lambda ask: (ask.column, ask.share)))


def may_prune(usage: ColumnUsage) -> bool:
    """A minimum and a maximum can decide it, whether or not it is known how much that leaves."""
    return usage.role in PRUNABLE and usage.keeps_order and not usage.negated


def clauses(usages: Sequence[ColumnUsage]) -> list[list[ColumnUsage]]:
    """The conditions joined by AND, each with its alternatives."""
    clauses: dict[int, list[ColumnUsage]] = {}
    for usage in usages:
        clauses.setdefault(usage.clause, []).append(usage)
    return [clause for _, clause in sorted(clauses.items())]


def clause_asks(clause: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> list[Ask]:
    """What a condition asks of the one column that it is on; nothing where its alternatives are on several."""
    asks = [_bare_or_not(_ask(usage, axes), usage) for usage in clause]
    if all(usage.branch is None for usage in clause):
        return [ask for ask in asks if ask is not None]
    # An OR prunes on a column only if each of its alternatives does.
    found = [ask for ask in asks if ask is not None]
    if len(found) != len(asks) or len({ask.column for ask in found}) != 1:
        return []
    return [_union(found)]


def _bare_or_not(ask: Ask | None, usage: ColumnUsage) -> Ask | None:
    return ask if ask is None or usage.wrapper is None else replace(ask, bare=False)


def _union(asks: Sequence[Ask]) -> Ask:
    share = min(1.0, sum(ask.share for ask in asks))
    if any(ask.null for ask in asks):
        # NULLs lie apart from the values: the alternatives have no place in common.
        return Ask(asks[0].column, share, sum(max(1, ask.values) for ask in asks))
    stood = any(ask.stood for ask in asks)
    if all(ask.values for ask in asks):
        positions = tuple(position for ask in asks for position in ask.positions)
        counted = all(ask.counted for ask in asks)
        values = sum(ask.values for ask in asks)
        return Ask(asks[0].column, share, values, positions=positions, stood=stood, counted=counted)
    lows = [ask.low for ask in asks]
    highs = [ask.high for ask in asks]
    low = None if None in lows else min(low for low in lows if low is not None)
    high = None if None in highs else max(high for high in highs if high is not None)
    return Ask(asks[0].column, share, 0, low, high, stood=stood)


def _ask(usage: ColumnUsage, axes: Mapping[str, Axis]) -> Ask | None:
    line = axes.get(usage.column)
    if line is None or not may_prune(usage):
        return None
    if usage.role is Role.NULL_TEST:
        return Ask(usage.column, max(FEWEST, line.null_share), 1, null=True) if line.known else None
    if usage.role is Role.PREFIX and usage.values:
        return _prefix(line, str(usage.values[0]))
    if usage.low is not None or usage.high is not None:
        return _between(line, usage)
    return _points(line, usage) if usage.role in (Role.EQUALITY, Role.MEMBERSHIP) else None


def _prefix(line: Axis, text: str) -> Ask:
    low, high = line.position(text), line.position(text + LAST_LETTER)
    # A position tells the first letters only: the prefix may be longer.
    later = None if low is None or high is None else max(high, math.nextafter(low, math.inf))
    return _range(line, low, later)


def _between(line: Axis, usage: ColumnUsage) -> Ask | None:
    low = None if usage.low is None else line.position(usage.low)
    high = None if usage.high is None else line.position(usage.high)
    if (low is None) != (usage.low is None) or (high is None) != (usage.high is None):
        return None
    if not line.known and not line.is_time and not line.moments and (low is None or high is None):
        return None  # the literals seen don't tell how far the column reaches beyond them
    # A range includes its low end and, for dates, its last day; any other high end is excluded.
    step = 1.0 if line.family == "date" else 0.0
    if low is not None and not usage.low_included:
        low = low + step if step else math.nextafter(low, math.inf)
    if high is not None and step and not usage.high_included:
        high -= step
    if high is not None and not step and usage.high_included:
        high = math.nextafter(high, math.inf)
    return _range(line, low, high)


def _points(line: Axis, usage: ColumnUsage) -> Ask:
    positions = [line.position(value) for value in usage.values]
    known = tuple(sorted({position for position in positions if position is not None}))
    count = max(1, len(usage.values))
    stood = sum(position in line.stand_ins for position in known)
    nowhere = not stood and len(known) == len(set(usage.values)) > 0 and all(_beyond_ends(line, each) for each in known)
    if line.frequent is not None and len(known) == len(set(usage.values)) > 0:
        places = {place for value in usage.values if (place := line.place(value)) not in line.stand_ins}
        held = sum(line.frequent.share(place) for place in places if place is not None) + _standing(line, stood)
        counted = all(place in line.frequent.held for place in places) or line.frequent.others < FEW
        counted = counted and (not stood or line.stood_in > 0)
        share = min(1.0, max(FEWEST, held))
        return Ask(usage.column, share, count, positions=known, stood=stood > 0, counted=counted, unmatched=nowhere)
    share = (1 - line.absent) * (count - stood) / line.distinct + _standing(line, stood)
    return Ask(usage.column, min(1.0, share), count, positions=known, stood=stood > 0, unmatched=nowhere)


def _beyond_ends(line: Axis, position: float) -> bool:
    """No row holds it, as far as statistics tell; of times, those that came since may. Of many values each holds few rows and is
    read in one partition too where it came since: ids that count on, above the high end by no more than it is above the low one.
    """
    since = line.span if line.distinct > MANY else 0.0
    return line.known and not line.is_time and not line.low <= position <= line.high + since


def _standing(line: Axis, values: int) -> float:
    """The share of the rows that hold so many of the values that stand for none."""
    known = (1 - line.null_share) * line.stood_in or UNTOLD
    return known * values / len(line.stand_ins) if values else 0.0


def within(line: Axis, low: float | None, high: float | None) -> float:
    """The share of the rows between two positions (None: open), of values that are spread evenly."""
    even, held = 1 - line.absent, 0.0
    if line.frequent is not None:
        even = line.frequent.others
        held = line.frequent.between(-math.inf if low is None else low, _beyond(line, high))
    return min(1.0, even * line.share(low, high) + held + _standing(line, _stood(line, low, high)))


def _beyond(line: Axis, high: float | None) -> float:
    """The first position after a range, of which only a date's high end is included."""
    if high is None:
        return math.inf
    return high + 1 if line.family == "date" else high


def _stood(line: Axis, low: float | None, high: float | None) -> int:
    """How many of the values that stand for none are between two positions, of which only a date's high end is included."""
    most = math.inf if high is None else high if line.family == "date" else math.nextafter(high, -math.inf)
    return sum((low is None or low <= each) and each <= most for each in line.stand_ins)


def _range(line: Axis, low: float | None, high: float | None) -> Ask:
    # Text isn't spread evenly over its alphabet: a range holds one of its values at least.
    least = 1 / line.distinct if line.family == "text" else 0.0
    share = max((1 - line.absent) * least, within(line, low, high))
    # The bucket arithmetic takes the upper end as excluded: a date's day ends a day later.
    end = high + 1 if line.family == "date" and high is not None else high
    return Ask(line.column, share, 0, low, end, stood=_stood(line, low, high) > 0)
