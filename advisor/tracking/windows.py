"""The two windows that `advisor track` compares: each snapshot read as far as that needs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from advisor.cost import DAYS_PER_MONTH
from advisor.model import Catalog, QueryTemplate
from advisor.published import Published
from advisor.settings import Settings
from advisor.snapshot import Snapshot, catalog
from advisor.snapshot.views import VIEWS
from advisor.tracking.effect import Estimated, shift
from advisor.tracking.runs import Runs, executions
from advisor.usage import Request, read_all
from advisor.workload import compress

BILLS = {
    "clustering_key": "automatic_clustering_history",
    "materialized_view": "materialized_view_refresh_history",
    "search_optimization": "search_optimization_history",
}
"""Where Snowflake bills the upkeep of a kind."""


@dataclass(frozen=True)
class Window:
    catalog: Catalog
    templates: Mapping[str, QueryTemplate]
    """By fingerprint, as all the maps below."""
    runs: Mapping[str, Runs]
    touched: Mapping[str, frozenset[str]]
    """The tables that a template reads or writes, `DATABASE.SCHEMA.NAME`; templates that can't be read are left out."""
    days: float


def window(snapshot: Snapshot, settings: Settings, since: datetime) -> Window:
    """Executions count from `since` on; the catalog and the templates are the whole snapshot's."""
    known, workload = catalog(snapshot), compress(snapshot, settings)
    requests = [Request(t.text, t.database, t.schema, workload.window_end) for t in workload.templates]
    readings = zip(workload.templates, read_all(requests, known, settings), strict=True)
    return Window(
        known,
        {template.fingerprint: template for template in workload.templates},
        executions(snapshot, settings, since),
        {
            template.fingerprint: frozenset(map(str, (*reading.scans, *reading.writes)))
            for template, reading in readings
            if reading.problem is None
        },
        max((snapshot.window_end - since).total_seconds() / 86_400, 1 / 24),
    )


def controls(old: Window, new: Window, touched: Collection[str]) -> list[Estimated]:
    """How each template moved that has nothing to do with those tables nor with any whose layout differs, in order of
    fingerprint."""
    busy = frozenset(touched) | _changed(old.catalog, new.catalog)
    both = (name for name in sorted(old.runs.keys() & new.runs.keys()) if new.touched.get(name))
    moves = (shift(old.runs[name], new.runs[name]) for name in both if not new.touched[name] & busy)
    return [move for move in moves if move is not None]


def _changed(before: Catalog, after: Catalog) -> frozenset[str]:
    both = before.tables.keys() & after.tables.keys()
    pairs = ((name, before.tables[name], after.tables[name]) for name in both)
    return frozenset(
        str(name) for name, old, new in pairs if (old.clustering_key, old.traits) != (new.clustering_key, new.traits)
    )


def billed(about: Published, snapshot: Snapshot, since: datetime) -> float | None:
    """Credits a month that were billed from `since` on for keeping the change up; None where the snapshot doesn't say."""
    view = BILLS.get(about.kind)
    if view is None or view not in VIEWS or view not in snapshot.present:
        return None
    sql = f"""
        SELECT coalesce(sum(CREDITS_USED), 0) FROM {view} WHERE START_TIME >= $since
        AND DATABASE_NAME = $database AND SCHEMA_NAME = $schema AND TABLE_NAME = $name
    """
    target = about.target
    parameters = {"since": since, "database": target.database, "schema": target.schema, "name": target.name}
    days = max((snapshot.window_end - since).total_seconds() / 86_400, 1 / 24)
    return float(snapshot.rows(view, sql, parameters)[0][0]) / days * DAYS_PER_MONTH
