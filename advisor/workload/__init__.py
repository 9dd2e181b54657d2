"""Executions → templates. DuckDB does the work and spills to disk; only templates and their samples come to Python.

    query_history → executions → statements, samples → templates
        (a snapshot that was aggregated where the history is starts at the last arrow)

The first two arrows are the texts of `sql/`, in Snowflake's dialect. A *statement* is one parameterized hash; a template is
the statements of one fingerprint in one session context, since an unqualified name means another table elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from advisor.errors import InputError
from advisor.model import (
    Distribution,
    Execution,
    QueryTemplate,
    Skipped,
    WarehouseUse,
    Workload,
    recent_from,
)
from advisor.reuse import repeats
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.workload import cached, history, percentiles, statements
from advisor.workload.askings import asked_again
from advisor.workload.loads import loads
from advisor.workload.spread import spread
from advisor.workload.statements import classify, redefinitions
from advisor.workload.texts import duckdb_sql

__all__ = ["compress", "duckdb_sql"]

UNREADABLE = "a value that cannot be read"

_TOTALS = """
sum(EXECUTIONS), sum(EXECUTION_MS), sum(BYTES_SCANNED), sum(PARTITIONS_SCANNED), sum(PARTITIONS_TOTAL)
"""

_TEMPLATES = f"""
SELECT FINGERPRINT, {_TOTALS}, sum(ROWS_INSERTED), sum(ROWS_UPDATED), sum(ROWS_DELETED), min(FIRST_SEEN), max(LAST_SEEN),
    any_value(DATABASE_NAME), any_value(SCHEMA_NAME), min(QUERY_TYPE),
    list_sort(list_distinct(flatten(list(string_split(coalesce(PARAMETERIZED_HASH, ''), ' ')))))
FROM members WHERE REASON IS NULL GROUP BY FINGERPRINT
ORDER BY sum(EXECUTION_MS) DESC, FINGERPRINT
"""

_WAREHOUSES = """
SELECT FINGERPRINT, WAREHOUSE_SIZE, sum(EXECUTIONS), sum(EXECUTION_MS), sum(PARTITIONS_SCANNED),
    sum(SCAN_COUNT), sum(SCAN_SUM), sum(SCAN_MS), sum(SCAN_SQUARES), sum(SCAN_PRODUCTS)
FROM members WHERE REASON IS NULL GROUP BY ALL ORDER BY ALL
"""

# An aggregate that reaches far to both sides of the mark doesn't tell what came after it.
_RECENT = """
SELECT FINGERPRINT, CASE
    WHEN NOT bool_or(FIRST_SEEN < $recent AND LAST_SEEN >= $recent AND LAST_SEEN - FIRST_SEEN > $longest)
    THEN CAST(coalesce(sum(EXECUTIONS) FILTER (FIRST_SEEN >= $recent), 0) AS BIGINT)
END
FROM members WHERE REASON IS NULL GROUP BY FINGERPRINT
"""

# What is chosen is sorted without its text.
_SAMPLES = f"""
WITH bare AS (SELECT rowid AS PLACE, STATEMENT, QUERY_ID, PARTITIONS_SCANNED, WEIGHT FROM samples),
chosen AS ({spread("bare", "STATEMENT", "$samples")})
SELECT samples.STATEMENT, samples.QUERY_ID, QUERY_TEXT, START_TIME, EXECUTION_MS, samples.PARTITIONS_SCANNED, PARTITIONS_TOTAL, BYTES_SCANNED
FROM samples JOIN chosen ON samples.rowid = chosen.PLACE
ORDER BY samples.STATEMENT, md5(samples.QUERY_ID), samples.QUERY_ID
"""


def compress(snapshot: Snapshot, settings: Settings, tell: Callable[[int, int], None] = lambda *_: None) -> Workload:
    """The snapshot's history as templates, and what was left out of them.

    Times are those of the executions in templates; `queries` counts every row. Percentiles are None for a snapshot that was
    aggregated before it was written. Raises InputError when no SELECT was executed in the window.
    """
    with percentiles.beside(snapshot, settings) as times, prepared(snapshot, settings, tell, times.begin) as view:
        by_template = times.of_templates() if view == "query_history" else _recent(snapshot, view)
        templates, shares = _templates(snapshot, settings, view, by_template)
        if not any(template.kind == "SELECT" for template in templates):
            raise InputError(
                f"{snapshot.folder / view} holds no SELECT that was executed; export a window with queries in it"
            )
        totals = snapshot.rows(view, f"SELECT {_TOTALS} FROM members WHERE REASON IS NULL")[0]
        skipped, again = _skipped(snapshot, view), asked_again(snapshot, settings, view)
        return Workload(
            window_start=snapshot.window_start,
            window_end=snapshot.window_end,
            queries=int(totals[0]) + sum(reason.queries for reason in skipped),
            execution_ms=_distribution(totals, shares),
            result_cache_hit_rate=cached.hit_rate(snapshot, view),
            result_cache_days=cached.days(snapshot, view),
            bytes_scanned=_whole(totals[2]),
            partitions_scanned=_whole(totals[3]),
            partitions_total=_whole(totals[4]),
            templates=templates,
            skipped=skipped,
            repeats=None if isinstance(again, str) else again,
            repeats_unknown=again if isinstance(again, str) else None,
            writes=repeats.writes(snapshot) if not isinstance(again, str) and view == "query_history" else None,
            loads=loads(snapshot, view),
            redefinitions=redefinitions(snapshot, view),
        )


@contextmanager
def prepared(
    snapshot: Snapshot,
    settings: Settings,
    tell: Callable[[int, int], None] = lambda *_: None,
    when_told: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """The tables that the figures are taken from; gives the view that they come from. `when_told` is called as soon as the single
    executions are counted, where the snapshot has any.

    Inside, STATEMENT is a template's fingerprint in `executions` (a row each) where the view is `query_history`, else in
    `samples`; those left out of the templates, cached ones among them, are in neither.
    """
    view = "query_history" if "query_history" in snapshot.present else "query_templates"
    try:
        if view == "query_history":
            history.aggregate(snapshot, settings, tell, when_told)
        else:
            snapshot.rows(view, "CREATE OR REPLACE TEMP TABLE statements AS FROM query_templates")
            snapshot.rows(view, "CREATE OR REPLACE TEMP TABLE samples AS FROM query_samples")
            for name in ("candidates", "candidate_texts"):
                snapshot.rows(view, f"CREATE OR REPLACE TEMP VIEW {name} AS FROM samples")
            snapshot.rows(view, history.WEIGHED)
        classify(snapshot, view, settings)
        yield view
    finally:
        for name in history.TEMPORARY_VIEWS:
            snapshot.connection.execute(f"DROP VIEW IF EXISTS {name}")
        for name in (*history.TABLES, *statements.TABLES, "repeats", "contexts"):
            snapshot.connection.execute(f"DROP TABLE IF EXISTS {name}")
        snapshot.release(settings)


def _recent(snapshot: Snapshot, view: str) -> Callable[[], percentiles.Found]:
    since = recent_from(snapshot.window_start, snapshot.window_end)
    longest = min(timedelta(days=2), snapshot.window_end - since)
    found = dict(snapshot.rows(view, _RECENT, {"recent": since, "longest": longest}))
    return lambda: ({}, found)


def _templates(
    snapshot: Snapshot, settings: Settings, view: str, by_template: Callable[[], percentiles.Found]
) -> tuple[tuple[QueryTemplate, ...], tuple[float, ...] | None]:
    """The templates, and the percentiles of all times."""
    samples, warehouses = _samples(snapshot, settings, view), _warehouses(snapshot, view)
    shown = {name: (_known(query), text) for name, query, text in snapshot.rows(view, "FROM representatives")}
    days = max((snapshot.window_end - snapshot.window_start).total_seconds() / 86_400, 1 / 24)
    rows = snapshot.rows(view, _TEMPLATES)
    shares, recent = by_template()
    templates = (
        _template(row, shares.get(row[0]), tuple(warehouses[row[0]]), shown[row[0]], samples[row[0]], days)
        for row in rows
    )
    return tuple(replace(each, recent=recent.get(each.fingerprint)) for each in templates), shares.get(None)


def _template(
    row: tuple[Any, ...],
    shares: tuple[float, ...] | None,
    warehouses: tuple[WarehouseUse, ...],
    shown: tuple[str | None, str],
    samples: list[Execution],
    days: float,
) -> QueryTemplate:
    (
        name,
        executions,
        _,
        size,
        scanned,
        total,
        inserted,
        updated,
        deleted,
        first,
        last,
        database,
        schema,
        kind,
        hashes,
    ) = row
    return QueryTemplate(
        fingerprint=name,
        text=shown[1],
        kind=kind,
        database=database,
        schema=schema,
        executions=int(executions),
        example_query_id=shown[0],
        first_seen=first,
        last_seen=last,
        executions_per_day=int(executions) / days,
        execution_ms=_distribution(row[1:], shares),
        bytes_scanned=_whole(size),
        partitions_scanned=_whole(scanned),
        partitions_total=_whole(total),
        rows_inserted=_whole(inserted),
        rows_updated=_whole(updated),
        rows_deleted=_whole(deleted),
        warehouses=warehouses,
        hashes=tuple(filter(None, hashes)),
        samples=tuple(sorted(samples, key=lambda sample: (sample.started, sample.query_id or "", sample.text))),
    )


def _samples(snapshot: Snapshot, settings: Settings, view: str) -> Mapping[str, list[Execution]]:
    """Each template's samples."""
    found: defaultdict[str, list[Execution]] = defaultdict(list)
    for name, query_id, text, started, ms, *figures in snapshot.rows(
        view, _SAMPLES, {"samples": settings.samples_per_template}
    ):
        found[name].append(Execution(_known(query_id), text, started, _float(ms), *figures))
    return found


def _warehouses(snapshot: Snapshot, view: str) -> Mapping[str, list[WarehouseUse]]:
    found: defaultdict[str, list[WarehouseUse]] = defaultdict(list)
    for name, size, executions, ms, partitions, count, *sums in snapshot.rows(view, _WAREHOUSES):
        squares, products = _about_the_mean(int(count or 0), [Fraction(figure or 0) for figure in sums])
        found[name].append(WarehouseUse(size, int(executions), float(ms), _whole(partitions), squares, products))
    return found


def _about_the_mean(count: int, sums: list[Fraction]) -> tuple[float | None, float | None]:
    """Sxx and Sxy from plain sums, exact: they may be large and nearly equal."""
    if count < 2:
        return None, None
    x, y, squares, products = sums
    return float(squares - x * x / count), float(products - x * y / count)


def _skipped(snapshot: Snapshot, view: str) -> tuple[Skipped, ...]:
    found = snapshot.rows(
        view,
        "SELECT REASON, sum(EXECUTIONS), sum(EXECUTION_MS) FROM members WHERE REASON IS NOT NULL GROUP BY REASON",
    )
    skipped = [Skipped(reason, int(queries), float(ms)) for reason, queries, ms in found]
    if unreadable := snapshot.unreadable.get("query_history"):
        sql = "SELECT sum(coalesce(EXECUTION_TIME, TOTAL_ELAPSED_TIME, 0)) FROM query_history_unreadable"
        skipped.append(Skipped(UNREADABLE, unreadable, float(snapshot.rows(view, sql)[0][0])))
    return tuple(sorted(skipped, key=lambda reason: (-reason.execution_ms, -reason.queries, reason.reason)))


def _distribution(totals: tuple[Any, ...], shares: tuple[float, ...] | None) -> Distribution:
    executions, ms = int(totals[0] or 0), float(totals[1] or 0)
    p50, p95, p99 = shares or (None, None, None)
    return Distribution(ms, ms / executions if executions else None, p50, p95, p99)


def _known(query_id: str) -> str | None:
    """None where it was made up."""
    return None if query_id.startswith("~") else query_id


def _whole(figure: Any) -> int | None:
    return None if figure is None else int(figure)


def _float(figure: Any) -> float | None:
    return None if figure is None else float(figure)
