"""What the account does today, beyond its totals: what the report's charts are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from advisor.model.catalog import TableName


@dataclass(frozen=True)
class DayTimes:
    """Execution times of one warehouse on one day (UTC), in milliseconds; each may be up to 5% too high."""

    day: date
    warehouse: str | None
    """None where the history names none."""
    executions: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class TablePruning:
    """What the queries of the window read of one table, in micro-partitions summed over their executions."""

    table: TableName
    partitions: int
    scanned: float
    """Read."""
    offered: float
    """There to be read: all of the table's, each time."""
    matched_share: float | None
    """Rows that passed the filters, of the rows that were read; None where nothing records it."""


@dataclass(frozen=True)
class LookBack:
    """How far back the queries that filter a table by time reach."""

    table: TableName
    column: str
    days: tuple[float, ...]
    """Ascending."""
    shares: tuple[float, ...]
    """The share of those queries' executions that reach further back than the `days` beside it."""


@dataclass(frozen=True)
class Baseline:
    """Empty where the snapshot doesn't say."""

    latencies: tuple[DayTimes, ...] = ()
    """Of the warehouses that take most time, in order of warehouse (most time first) and day."""
    pruning: tuple[TablePruning, ...] = ()
    """Most partitions read first."""
    look_back: tuple[LookBack, ...] = ()
    """Largest table first."""
