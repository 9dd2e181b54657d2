"""What the account does today: times by day, pruning by table, how far back queries look. For the report's charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from advisor.account import Account
from advisor.figures import ratio
from advisor.model import (
    FILTERS,
    Baseline,
    ColumnUsage,
    LookBack,
    Reading,
    ReadTemplate,
    TableName,
    TablePruning,
    Value,
)
from advisor.profile import TableProfile

LOOK_BACKS = 4
STEPS = 24


def baseline(account: Account) -> Baseline:
    return Baseline(account.latencies.result(), pruning(account.profiles), look_backs(account))


def pruning(profiles: Iterable[TableProfile]) -> tuple[TablePruning, ...]:
    """Of the tables of which anything is recorded."""
    found = [_pruning(each) for each in profiles if any(load.before is not None for load in each.loads)]
    return tuple(sorted(found, key=lambda entry: (-entry.scanned, entry.table)))


def _pruning(profile: TableProfile) -> TablePruning:
    known = [(load.before, load.template.executions) for load in profile.loads if load.before is not None]
    counted = [scan for scan in profile.scans if scan.rows_matched is not None and scan.rows_scanned is not None]
    return TablePruning(
        profile.table.name,
        profile.partitions,
        sum(before * executions for before, executions in known),
        float(sum(profile.partitions * executions for _, executions in known)),
        ratio(sum(scan.rows_matched or 0 for scan in counted), sum(scan.rows_scanned or 0 for scan in counted)),
    )


# ---------------------------------------------------------------- looking back


@dataclass(frozen=True)
class _Reach:
    """Executions that ask for rows from so many days back on; infinite where they set no beginning."""

    column: str
    days: float
    executions: float


def look_backs(account: Account) -> tuple[LookBack, ...]:
    """For each large table that queries filter by time, the column that most of their executions do it by."""
    large = sorted((profile.table for profile in account.profiles), key=lambda table: (-(table.bytes or 0), table.name))
    reaches: dict[TableName, list[_Reach]] = {}
    for read in account.templates:
        for table, reach in _reaches(read, account.workload.window_end):
            reaches.setdefault(table, []).append(reach)
    found = [_look_back(table.name, reaches[table.name]) for table in large if table.name in reaches]
    return tuple(entry for entry in found if entry is not None)[:LOOK_BACKS]


def _reaches(read: ReadTemplate, end: datetime) -> Iterator[tuple[TableName, _Reach]]:
    readings = read.samples or (read.reading,)
    moments = [one.started for one in read.ran] or [end] * len(readings)
    for reading, moment in zip(readings, moments, strict=True):
        for table, column, low in _beginnings(reading):
            days = float("inf") if low is None else max(0.0, (moment.date() - low).days)
            yield table, _Reach(column, days, read.template.executions / len(readings))


def _beginnings(reading: Reading) -> Iterator[tuple[TableName, str, date | None]]:
    """Where each time filter of a statement begins, one for each scan and column."""
    filters: dict[tuple[int, TableName, str], list[date | None]] = {}
    for usage in reading.usages:
        if usage.role in FILTERS and usage.keeps_order and _is_time(usage):
            filters.setdefault((usage.scan, usage.table, usage.column), []).append(_beginning(usage))
    for (_, table, column), lows in filters.items():
        known = [low for low in lows if low is not None]
        yield table, column, max(known) if known else None


def _is_time(usage: ColumnUsage) -> bool:
    return any(isinstance(value, date) for value in (*usage.values, usage.low, usage.high))


def _beginning(usage: ColumnUsage) -> date | None:
    if usage.negated:
        return None
    found = [_day(value) for value in (usage.low, *usage.values) if isinstance(value, date)]
    return min(found) if found else None


def _day(value: Value) -> date:
    assert isinstance(value, date)
    return value.date() if isinstance(value, datetime) else value


def _look_back(table: TableName, reaches: list[_Reach]) -> LookBack | None:
    weights: dict[str, float] = {}
    for reach in reaches:
        weights[reach.column] = weights.get(reach.column, 0) + reach.executions
    column = min(weights, key=lambda name: (-weights[name], name))
    mine = [reach for reach in reaches if reach.column == column]
    furthest = max((reach.days for reach in mine if reach.days != float("inf")), default=0.0)
    if furthest < 1:
        return None
    days = tuple(round(furthest * step / STEPS, 1) for step in range(STEPS + 1))
    shares = tuple(sum(r.executions for r in mine if r.days > day) / weights[column] for day in days)
    return LookBack(table, column, days, shares)
