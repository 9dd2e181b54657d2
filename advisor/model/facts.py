"""What the account's further views say: repeats of questions, storage, services, warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from advisor.model.catalog import TableName
from advisor.model.owner import Task


@dataclass(frozen=True)
class Repeats:
    """One question on one day on which it was asked more than once: texts that differ in case, blanks and comments at most."""

    question: str
    fingerprint: str
    """The template that it is an instance of."""
    day: datetime
    """Its midnight."""
    user: str | None
    """Who asked it, where it was one user alone."""
    executions: int
    """That ran on a warehouse."""
    cached: int
    """That did not: the result cache (or metadata) answered them."""
    execution_ms: float
    hours: tuple[tuple[int, int], ...]
    """(hour of the day, executions that began in it), in order."""
    texts: int
    """Distinct texts that it was asked in."""
    roles: int
    first: datetime
    last: datetime
    query_id: str | None
    two_texts: tuple[str, str] | None
    """Two of its texts; None where there is one alone."""


@dataclass(frozen=True)
class Storage:
    """What a table takes, by what it is kept for; in bytes."""

    active: int
    time_travel: int
    failsafe: int
    clones: int
    """Deleted here, but a clone still has them."""
    dropped: int
    """Of earlier versions of the same name that were dropped or replaced: all that is still kept of them."""
    versions: int
    """How many such earlier versions there are."""
    is_clone: bool


@dataclass(frozen=True)
class SearchService:
    """Search optimization in force, over the window."""

    credits: float
    pruned: int | None
    """Partitions that it let queries skip beyond what the table's order did; None where nothing records them."""


@dataclass(frozen=True)
class Refreshes:
    """Of one dynamic table over the window, on warehouses of one size: those that had something to do."""

    size: str | None
    count: int
    ms: float | None
    """That their queries ran for together; None where no query of theirs is recorded."""


@dataclass(frozen=True)
class Accelerable:
    """Queries of one template on one warehouse that the acceleration service could have served, over the window."""

    warehouse: str
    size: str | None
    hash: str | None
    """Their parameterized hash."""
    queries: int
    seconds: float
    """Of their time that the service could have taken over."""
    scale_factor: int
    """The largest that would have helped."""
    query_id: str | None


@dataclass(frozen=True)
class WarehouseCredits:
    """What a warehouse was billed for computing, over the window."""

    compute: float
    attributed: float | None
    """To queries; the rest was idle. None where it isn't recorded."""


@dataclass(frozen=True)
class WarehouseLoad:
    """What a warehouse ran over the window."""

    name: str
    size: str | None
    """On which it spent most time."""
    executions: int
    execution_ms: float
    remote_spill_bytes: int | None
    queued_ms: float | None
    """Waited because it was full. None, as above, where it isn't recorded."""
    timed_out: int | None
    """Executions that their statement timeout ended; None where the snapshot was made before they were counted."""
    timed_out_ms: float | None
    idle: tuple[tuple[int, float, int], ...]
    """(AUTO_SUSPEND in seconds, seconds that it would have idled with it, times that it would have been suspended); empty where
    single queries aren't recorded."""


@dataclass(frozen=True)
class Remark:
    """What Snowflake itself remarks on queries of one template, over the window (QUERY_INSIGHTS)."""

    hash: str
    """Their parameterized hash."""
    kind: str
    """EXPLODING_JOIN, UNNECESSARY_UNION_DISTINCT, …: the insight's type without its prefix."""
    queries: int


@dataclass(frozen=True)
class Facts:
    """The account's further views; None where the snapshot lacks them."""

    storage: Mapping[TableName, Storage] | None = None
    search: Mapping[TableName, SearchService] | None = None
    refreshes: Mapping[TableName, float] | None = None
    """Credits that each materialized view's refreshes took over the window."""
    refreshed: Mapping[TableName, tuple[Refreshes, ...]] = field(default_factory=dict)
    """By dynamic table; empty where nothing records refreshes."""
    defined_over: frozenset[TableName] | None = None
    """Dynamic tables that a view or another object names in its definition; what another dynamic table reads isn't told."""
    last_scans: Mapping[TableName, datetime] | None = None
    """When each table was scanned last, over the year before the window's end."""
    scanned_since: datetime | None = None
    """From when on such scans are recorded."""
    accelerable: tuple[Accelerable, ...] | None = None
    accelerated: Mapping[str, float] = field(default_factory=dict)
    """Credits that the acceleration service took over the window, by warehouse."""
    warehouses: Mapping[str, WarehouseCredits] | None = None
    auto_suspends: Mapping[str, int] = field(default_factory=dict)
    """Seconds of AUTO_SUSPEND in force by warehouse, 0 for never; a warehouse whose setting isn't known isn't among them."""
    suspensions: Mapping[str, int] | None = None
    """How often each warehouse was suspended over the window; one that never was isn't among them."""
    covered: Mapping[str, float] = field(default_factory=dict)
    """Which share of the window the record of each service's bills covers, by view; one that isn't named covers all of it."""
    tasks: tuple[Task, ...] = ()
    """Those that ran in the window; empty where nothing records them."""
    remarks: tuple[Remark, ...] = ()
    """In order of hash and kind; empty where Snowflake made none, or the snapshot lacks them."""
