"""What the account ran: executions, their templates, and the workload that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from advisor.model.facts import Repeats, WarehouseLoad
from advisor.model.usage import Reading


@dataclass(frozen=True)
class Distribution:
    """A template's or an account's times, in milliseconds; None where the history holds none."""

    total: float
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class Execution:
    """One query as it ran: a sample of its template."""

    query_id: str | None
    text: str
    started: datetime
    execution_ms: float | None
    partitions_scanned: int | None
    partitions_total: int | None
    bytes_scanned: int | None


@dataclass(frozen=True)
class WarehouseUse:
    """A template's executions on one size of warehouse; the sums of squares are about the template's means.

    `scan_sxx` sums (partitions - mean)², `scan_sxy` sums (partitions - mean)(milliseconds - mean): pooled over templates
    they give the milliseconds that one more partition costs, whatever else each template does.
    """

    size: str | None
    executions: int
    execution_ms: float
    partitions_scanned: int | None
    scan_sxx: float | None
    scan_sxy: float | None


@dataclass(frozen=True)
class QueryTemplate:
    """All executions of one statement that differ in literals, comments, case or aliases only."""

    fingerprint: str
    text: str
    """One representative, as it was run."""
    kind: str
    """Snowflake's QUERY_TYPE in upper case (SELECT, INSERT, CREATE_TABLE_AS_SELECT, …), UNKNOWN when not recorded."""
    database: str | None
    schema: str | None
    """The session's context: what an unqualified name in the text refers to."""
    executions: int
    example_query_id: str | None
    first_seen: datetime
    last_seen: datetime
    executions_per_day: float
    execution_ms: Distribution
    bytes_scanned: int | None
    partitions_scanned: int | None
    """Summed over executions and, as Snowflake records it, over all tables that the query reads."""
    partitions_total: int | None
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    warehouses: tuple[WarehouseUse, ...]
    hashes: tuple[str, ...]
    """Snowflake's parameterized hashes that fell into this template."""
    samples: tuple[Execution, ...]
    """Bounded, deterministic, spread over the range of partitions scanned."""
    recent: int | None = None
    """Of `executions`, those since `Workload.recent_from`; None where the history doesn't tell."""


@dataclass(frozen=True)
class ReadTemplate:
    """A template with what its representative and its samples say."""

    template: QueryTemplate
    reading: Reading
    samples: tuple[Reading, ...]
    """Of some of `template.samples`, in their order; empty for a template that no candidate needs."""
    ran: tuple[Execution, ...] = ()
    """Which each of `samples` is; empty where that isn't known."""


@dataclass(frozen=True)
class Redefinition:
    """All executions of a statement that creates, swaps or renames a table and reads none: it belongs to no template."""

    fingerprint: str
    text: str
    """One of them, as it was run."""
    database: str | None
    schema: str | None
    executions: int
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Skipped:
    """Queries that the advice does not speak for, and why."""

    reason: str
    queries: int
    execution_ms: float


def recent_from(window_start: datetime, window_end: datetime) -> datetime:
    """Where the window's last quarter begins."""
    return window_end - (window_end - window_start) / 4


@dataclass(frozen=True)
class DayHits:
    """SELECTs that succeeded on one day (UTC), and how many of them the result cache likely answered."""

    day: date
    executions: int
    hits: int


@dataclass(frozen=True)
class Workload:
    window_start: datetime
    window_end: datetime
    queries: int
    """All rows of the history, the skipped ones included."""
    execution_ms: Distribution
    result_cache_hit_rate: float | None
    bytes_scanned: int | None
    partitions_scanned: int | None
    partitions_total: int | None
    templates: tuple[QueryTemplate, ...]
    """Ordered by execution time, most first, then by fingerprint."""
    skipped: tuple[Skipped, ...]
    repeats: tuple[Repeats, ...] | None = None
    """Questions that were asked again on the same day; None where the snapshot doesn't tell."""
    repeats_unknown: str | None = None
    """Why they are None."""
    writes: Mapping[str, frozenset[datetime]] | None = None
    """By template that writes: the hours in which it ran; None where single executions aren't recorded."""
    loads: tuple[WarehouseLoad, ...] = ()
    """What each warehouse did; empty where no query names its warehouse."""
    redefinitions: tuple[Redefinition, ...] = ()
    """The most frequent first."""
    result_cache_days: tuple[DayHits, ...] = ()
    """In order of day; empty where the rate isn't known, or single executions aren't recorded."""

    @property
    def recent_from(self) -> datetime:
        return recent_from(self.window_start, self.window_end)

    @property
    def days(self) -> float:
        return max((self.window_end - self.window_start).total_seconds() / 86_400, 1 / 24)
