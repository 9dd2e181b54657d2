"""The nouns: frozen values that the stages hand to each other.

Units stand in the names (`_ms`, `_bytes`, `_credits`); shares are 0..1; a figure that is not known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

Value = int | float | str | bool | date | datetime
"""A constant as a query wrote it, evaluated at the moment the query ran (`CURRENT_DATE - 7` is a date)."""


# ---------------------------------------------------------------- catalog


@dataclass(frozen=True, order=True)
class TableName:
    """Where a table stands, each part in the exact case that Snowflake stores."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"


@dataclass(frozen=True)
class ColumnStatistics:
    """What is known of a column's values. `minimum` and `maximum` are text, as Snowflake prints them."""

    distinct: float | None = None
    minimum: str | None = None
    maximum: str | None = None
    null_share: float | None = None
    average_length: float | None = None
    sampled_rows: int | None = None


@dataclass(frozen=True)
class Column:
    name: str
    data_type: str
    """Snowflake's canonical type: NUMBER, FLOAT, TEXT, BOOLEAN, DATE, TIMESTAMP_NTZ, VARIANT, …"""
    position: int
    statistics: ColumnStatistics | None = None


@dataclass(frozen=True)
class Table:
    name: TableName
    kind: str
    """BASE TABLE, VIEW, EXTERNAL TABLE, … as TABLES.TABLE_TYPE says."""
    rows: int | None
    bytes: int | None
    columns: tuple[Column, ...] = ()
    """In ordinal order; empty when the snapshot has no `columns`."""
    clustering_key: tuple[str, ...] = ()
    """The expressions of the key in force, in order; empty when there is none."""
    auto_clustering: bool | None = None
    created: datetime | None = None
    traits: frozenset[str] = frozenset()
    """Of: transient, temporary, external, event, hybrid, iceberg, dynamic."""

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Catalog:
    """The account's tables and views as they stand at the end of the window."""

    tables: Mapping[TableName, Table]
    views: Mapping[TableName, str] = field(default_factory=dict)
    """A view's definition: the text of its CREATE VIEW statement or of its SELECT."""


@dataclass(frozen=True)
class KeyPart:
    """One expression of a clustering key: a column, bare or coarsened in one way that keeps its order."""

    column: str
    unit: str | None = None
    """HOUR, DAY, WEEK, MONTH, QUARTER or YEAR: dates and timestamps cut to it."""
    digits: int | None = None
    """TRUNC(column, -digits): whole tens for 1, hundreds for 2."""
    substring: tuple[int, int] | None = None
    """SUBSTRING(column, start, length), start counted from 1."""

    @property
    def rank(self) -> tuple[str, str, int, tuple[int, ...]]:
        """What to sort by, the bare column first."""
        return self.column, self.unit or "", self.digits or 0, self.substring or ()


# ---------------------------------------------------------------- what the account's own histories say of a table


@dataclass(frozen=True)
class Churn:
    """Rows written a day, averaged over the window."""

    rows_added: float
    rows_removed: float
    rows_updated: float


@dataclass(frozen=True)
class TableScans:
    """TABLE_QUERY_PRUNING_HISTORY summed over the window for one table and one parameterized hash."""

    hash: str
    queries: int
    partitions_scanned: int
    partitions_pruned: int
    rows_scanned: int | None
    rows_matched: int | None
    """Rows that survived the filters pushed down to the scan: the filter's true selectivity."""


@dataclass(frozen=True)
class TableHistory:
    """What is recorded of one table; None (or empty) where the view is missing or says nothing of it."""

    churn: Churn | None = None
    scans: tuple[TableScans, ...] = ()
    clustering_credits: float | None = None
    """What automatic clustering billed for it over the window."""


# ---------------------------------------------------------------- workload


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


@dataclass(frozen=True)
class Skipped:
    """Queries that the advice does not speak for, and why."""

    reason: str
    queries: int
    execution_ms: float


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

    @property
    def days(self) -> float:
        return max((self.window_end - self.window_start).total_seconds() / 86_400, 1 / 24)


# ---------------------------------------------------------------- column usage


class Role(StrEnum):
    EQUALITY = "equality"
    MEMBERSHIP = "membership"
    RANGE = "range"
    PREFIX = "prefix"
    CONTAINS = "contains"
    NULL_TEST = "null_test"
    OTHER = "other"
    """A filter of any other form: inequality, a function's truth, a comparison of two columns, a subquery's result."""
    JOIN = "join"
    GROUP = "group"
    ORDER = "order"


FILTERS = frozenset(
    {Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.CONTAINS, Role.NULL_TEST, Role.OTHER}
)


@dataclass(frozen=True)
class ColumnUsage:
    """How one statement uses one physical column, once for each scan of the table and each place in the text.

    For a filter whose wrapper keeps order, `values`, `low` and `high` speak of the **bare column**:
    `TO_DATE(ts) = '2024-01-01'` is the range from 2024-01-01 (included) to 2024-01-02 (excluded), with `role` EQUALITY as
    written. A bound that is no constant (a join's, a subquery's) is None.
    """

    table: TableName
    column: str
    """`V:a.b` for a variant path."""
    role: Role
    scan: int
    """Which scan of the statement, from 0: a self-join has two."""
    wrapper: str | None = None
    """What stands between column and comparison, `_` for the column: `DATE_TRUNC('MONTH', _)`. None for the bare column."""
    keeps_order: bool = True
    """A partition's minimum and maximum of the column can decide the filter (no wrapper, or a monotone one)."""
    negated: bool = False
    values: tuple[Value, ...] = ()
    """EQUALITY: one; MEMBERSHIP: all that the list holds; PREFIX, CONTAINS: the text without wildcards."""
    low: Value | None = None
    high: Value | None = None
    low_included: bool = True
    high_included: bool = True
    clause: int = 0
    """AND-ed conditions of one scan have different numbers; the alternatives of an OR share one."""
    branch: int | None = None
    """Which alternative of its clause's OR; None when the clause is no OR."""
    partner: tuple[TableName, str] | None = None
    """JOIN: the column it is compared with."""


@dataclass(frozen=True)
class Reading:
    """What one statement says, resolved to physical tables."""

    scans: tuple[TableName, ...]
    """One entry a scan, in the order of the text; `ColumnUsage.scan` indexes it."""
    usages: tuple[ColumnUsage, ...]
    writes: tuple[TableName, ...] = ()
    """Tables that the statement inserts into, updates, deletes from, or merges into."""
    creates: tuple[TableName, ...] = ()
    """Tables that it creates or replaces with their contents (CREATE [OR REPLACE] TABLE … AS, INSERT OVERWRITE)."""
    limit: int | None = None
    unresolved: tuple[str, ...] = ()
    """Columns that could not be given to one table; sorted, each once."""
    problem: str | None = None
    """Why the statement was not understood, in a few words (`does not parse`, `too long`, …); None when it was."""


# ---------------------------------------------------------------- advice


@dataclass(frozen=True)
class Range:
    """A figure that is not known exactly: low ≤ expected ≤ high."""

    low: float
    expected: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.expected <= self.high:
            raise ValueError(f"not in order: {self}")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        """The difference of two independent figures: its low is this low less the other's high."""
        return Range(self.low - other.high, self.expected - other.expected, self.high - other.low)

    def scaled(self, factor: float) -> Range:
        if factor < 0:
            return Range(self.high * factor, self.expected * factor, self.low * factor)
        return Range(self.low * factor, self.expected * factor, self.high * factor)


ZERO = Range(0, 0, 0)


@dataclass(frozen=True)
class Change:
    """A figure per month, before (observed) and after (predicted)."""

    before: float
    after: Range


class Grade(StrEnum):
    ESTIMATED = "estimated"
    PROBED = "probed"
    MEASURED = "measured"
    OBSERVED = "observed"


@dataclass(frozen=True)
class Target:
    type: str
    """table, materialized_view, warehouse, user, account or query."""
    name: str
    database: str | None = None
    schema: str | None = None

    @staticmethod
    def table(name: TableName) -> Target:
        return Target("table", name.name, name.database, name.schema)

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.name) if part is not None)


@dataclass(frozen=True)
class TemplateEvidence:
    """One template that the change serves or harms: shares of the target's partitions that it scans."""

    fingerprint: str
    executions: int
    example_query_id: str | None
    before: float | None
    after: float | None
    """The change's expectation for this template."""


@dataclass(frozen=True)
class Benefit:
    """Per month; None where the history does not say."""

    partitions_scanned: Change | None = None
    bytes_scanned: Change | None = None
    execution_seconds: Change | None = None
    credits: Range | None = None
    storage_bytes: Range | None = None


@dataclass(frozen=True)
class Cost:
    """`build_credits` once; the rest per month."""

    build_credits: Range | None = None
    upkeep_credits_per_month: Range | None = None
    storage_bytes: Range | None = None


@dataclass(frozen=True)
class Recommendation:
    id: str
    kind: str
    action: str
    """create, change, drop, enable, disable or rewrite."""
    target: Target
    title: str
    reason: str
    details: Mapping[str, object]
    """The kind's own facts, JSON-ready: contract section 3 names the keys that readers rely on."""
    benefit: Benefit
    cost: Cost
    net_credits_per_month: Range
    """Benefit − upkeep − the build spread over `Settings.payback_months`."""
    confidence: str
    """high, medium or low."""
    grade: Grade
    templates: tuple[TemplateEvidence, ...]
    edition: str
    """standard or enterprise."""
    privileges: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejection:
    kind: str
    target: Target
    details: Mapping[str, object]
    reason: str
    """One sentence."""


@dataclass(frozen=True)
class ViewMissing:
    view: str
    effect: str
    """What its absence costs the advice, one sentence."""


@dataclass(frozen=True)
class Coverage:
    queries: int
    templates: int
    templates_parsed: int
    execution_time_understood_share: float
    views_missing: tuple[ViewMissing, ...]
    skipped: tuple[Skipped, ...]
    """Reasons of both stages: rows left out of the templates, and templates not understood."""


@dataclass(frozen=True)
class SnapshotInfo:
    source: str
    """snowflake, export or demo."""
    account: str | None
    window_start: datetime
    window_end: datetime
    taken_at: datetime | None
    notes: tuple[str, ...] = ()
    """What a reader must know of how the snapshot was made (the demo says how its start times were spread)."""


@dataclass(frozen=True)
class Advice:
    """The result of an analysis; the generator writes it and computes nothing."""

    snapshot: SnapshotInfo
    coverage: Coverage
    workload: Workload
    tables: tuple[Table, ...]
    """The largest, most bytes first."""
    recommendations: tuple[Recommendation, ...]
    rejections: tuple[Rejection, ...]
    candidates: int
    """How many were judged: the funnel's third figure."""
