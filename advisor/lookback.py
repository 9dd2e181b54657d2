"""How far back the queries of a table reach, column by column: what lies before that is history that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from advisor.loads import Load
from advisor.model import ColumnUsage, Reading, ReadTemplate, Role, TableName, Workload
from advisor.profile import TableProfile
from advisor.pruning.axes import EPOCH, Axis

BOUNDED = (Role.RANGE, Role.EQUALITY, Role.MEMBERSHIP)


@dataclass(frozen=True)
class LookBack:
    """A table's readers by what they ask of one time column."""

    axis: Axis
    days: float
    """The furthest that any query with a lower bound reached back from the moment it ran."""
    bounded: tuple[Load, ...]
    """Readers whose every scan begins at a moment."""
    whole: tuple[Load, ...]
    """Readers that may need all of the history."""

    def cold_share(self, boundary: datetime) -> float:
        """The share of the rows that lies before the boundary, rows taken as spread evenly over the column."""
        return 1 - self.axis.share((boundary - EPOCH) / timedelta(days=1), None)

    @property
    def age_days(self) -> float:
        return self.axis.span


def look_backs(
    profile: TableProfile, templates: Mapping[str, ReadTemplate], workload: Workload
) -> tuple[LookBack, ...]:
    """One for each time column that any query of the table bounds from below; those that bound most time first."""
    found = []
    readers = [load for load in profile.loads if not _indifferent(load)]
    for _, axis in sorted(profile.layout.axes.items()):
        if not axis.is_time:
            continue
        reaches = {
            load.template.fingerprint: _reach(profile.table.name, axis, templates[load.template.fingerprint], workload)
            for load in readers
        }
        bounded = tuple(load for load in readers if reaches[load.template.fingerprint] is not None)
        if bounded:
            days = max(reach for reach in reaches.values() if reach is not None)
            found.append(LookBack(axis, days, bounded, tuple(load for load in readers if load not in bounded)))
    return tuple(sorted(found, key=lambda each: (-_spent(each.bounded), each.axis.column)))


def _spent(loads: Sequence[Load]) -> float:
    return sum(load.template.execution_ms.total for load in loads)


def _indifferent(load: Load) -> bool:
    """A LIMIT without conditions takes whatever rows come first."""
    return load.limited and not load.asks


def _reach(table: TableName, axis: Axis, read: ReadTemplate, workload: Workload) -> float | None:
    """Days that the template reaches back at most; None where one of its scans has no lower bound on the column."""
    readings = read.samples or (read.reading,)
    # Where it isn't told when a reading's query ran: taken at the end, none reaches back less than it did.
    moments = [one.started for one in read.ran] or [workload.window_end] * len(readings)
    reaches = [_reading_reach(table, axis, *pair) for pair in zip(readings, moments, strict=True)]
    if any(reach is None for reach in reaches):
        return None
    return max(0.0, *(reach for reach in reaches if reach is not None))


def _reading_reach(table: TableName, axis: Axis, reading: Reading, started: datetime) -> float | None:
    starts: list[float] = []
    for scan, name in enumerate(reading.scans):
        if name != table:
            continue
        found = (_low(usage, table, axis) for usage in reading.usages if usage.scan == scan)
        lows = [low for low in found if low is not None]
        if not lows:
            return None
        starts.append(max(lows))
    return (started - EPOCH) / timedelta(days=1) - min(starts)


def _low(usage: ColumnUsage, table: TableName, axis: Axis) -> float | None:
    """Where the condition lets the column begin, as a position on its axis; None where it sets no such bound."""
    alone = usage.branch is None and not usage.negated and usage.role in BOUNDED
    if usage.table != table or usage.column != axis.column or not alone or not usage.keeps_order:
        return None
    values = [usage.low] if usage.low is not None else list(usage.values)
    positions = [axis.position(value) for value in values]
    known = [position for position in positions if position is not None]
    return min(known) if known and len(known) == len(positions) else None
