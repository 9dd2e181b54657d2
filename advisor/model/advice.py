"""What the analysis says: proposals, what became of them, and the advice as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from advisor.model.baseline import Baseline
from advisor.model.catalog import Table, TableName
from advisor.model.inputs import Inputs
from advisor.model.workload import Skipped, Workload


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
    after_low: float | None = None
    after_high: float | None = None
    """The range that `after` is expected to lie in; None where the kind gives none a template."""


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
class Service:
    """What a proposal does for one template, in credits a month that it no longer takes; negative where it takes more."""

    fingerprint: str
    table: TableName | None
    """The template's scans of this table; None: the whole template, every scan in it."""
    saved: Range


@dataclass(frozen=True)
class Proposal:
    """A legal change that was estimated: it competes with the others for the same templates' time.

    Each scan is served by one change at most: two proposals that serve the same template never both claim its time.
    """

    recommendation: Recommendation
    """As if it were taken alone. What it saves is the sum of `services` and `apart`."""
    alone: str | None
    """Why it isn't worth it by itself, one sentence; None where it is. Others may still make it worth it."""
    label: str
    """What tells it from its rivals, in a few words: `(TENANT_ID, TO_DATE(TS))`."""
    brief: Mapping[str, object]
    """The details that its rejection keeps, should it come to that."""
    services: tuple[Service, ...]
    layout: TableName | None = None
    """The table whose layout it sets. A table has one: such proposals exclude each other and bind every scan of the table,
    those that they slow included. A view in a second order is one too, though it slows none: each partition that a new key of the
    table rewrites would be rewritten in the view. None: each scan may use it or not."""
    apart: Range = ZERO
    """Credits a month that it saves whatever the queries do: upkeep that ends, storage that is freed."""


@dataclass(frozen=True)
class Proposed:
    """What one recommender says of an account."""

    proposals: tuple[Proposal, ...]
    rejections: tuple[Rejection, ...]
    judged: int
    """How many candidates it looked at."""


@dataclass(frozen=True)
class BudgetPoint:
    """The best that builds of so many credits together bring."""

    build_credits: float
    """What the changes chosen for it take; at most the budget."""
    net_credits_per_month: float
    changes: int
    exact: bool
    """No choice within the budget is better; False where it was chosen greedily."""


@dataclass(frozen=True)
class Totals:
    """What the recommended changes bring together: never the sum of what each would bring alone."""

    net_credits_per_month: Range
    saved_credits_per_month: Range
    upkeep_credits_per_month: Range | None
    """None where a part of it is unknown."""
    build_credits: Range | None
    claimed_alone: float
    """The sum of the nets that they would have alone, expected: more than the total where they serve the same queries."""
    exact: bool
    """No other choice is better; False where the solver's bound was reached."""
    curve: tuple[BudgetPoint, ...]
    """From nothing to all, by budget."""
    only_together: tuple[tuple[str, str], ...]
    """Ids of changes of which the first wouldn't pay without the second."""


@dataclass(frozen=True)
class Decision:
    """What somebody has decided about a recommendation."""

    id: str
    state: str
    """accepted, dismissed or snoozed."""
    reason: str
    author: str
    until: date | None = None
    """The last day on which it holds; None: for good."""


@dataclass(frozen=True)
class BackTest:
    """Advice chosen on the earlier part of the window, scored by the later part's executions."""

    since: datetime
    """Where the later part begins."""
    changes: int
    promised: float
    """Net credits a month that the changes chosen on the earlier part bring together, expected."""
    kept: float
    """The same changes, judged by the later part."""


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
    totals: Totals
    back_test: BackTest | None
    """None: the window is too short, or its history doesn't tell when its templates ran."""
    inputs: Inputs = field(default_factory=Inputs)
    baseline: Baseline = field(default_factory=Baseline)
    decisions: tuple[Decision, ...] = ()
    """Those in force about the recommendations."""
