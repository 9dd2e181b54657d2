"""Which part of the window a history speaks for: an export may begin later than the query history, or end sooner.

Only a history with records on most days tells: in one with few, a day without a record is a day on which nothing happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from advisor.snapshot.folder import Snapshot

TIMES: Mapping[str, str] = MappingProxyType(
    {
        "automatic_clustering_history": "START_TIME",
        "materialized_view_refresh_history": "START_TIME",
        "search_optimization_history": "START_TIME",
        "table_dml_history": "START_TIME",
        "warehouse_events_history": "TIMESTAMP",
        "warehouse_metering_history": "START_TIME",
    }
)
"""The histories whose sums are taken for those of the whole window, and when each of their records was."""
GAP = timedelta(days=3)
"""What is left out on either side by less may be a long weekend, or a view that is hours behind."""
LEAST_DAYS = 5
DENSE = 0.6  # of the days between its first record and its last: of seven days, the working ones

_RECORDS = """
SELECT date_trunc('day', min({time})), date_trunc('day', max({time})) + INTERVAL 1 DAY,
    count(DISTINCT date_trunc('day', {time})) FILTER ({time} >= $start), bool_or({time} IS NULL)
FROM {view} WHERE {time} IS NULL OR {time} <= $end
"""


def covered(snapshot: Snapshot, view: str) -> tuple[datetime, datetime]:
    """From when to when in the window, to the day; all of it where nothing tells otherwise."""
    whole = start, end = snapshot.window_start, snapshot.window_end
    if view not in snapshot.present:
        return whole
    sql = _RECORDS.format(view=view, time=TIMES[view])
    first, last, days, untold = snapshot.rows(view, sql, {"start": start, "end": end})[0]
    if first is None or last <= start or untold:
        return whole
    first, last = max(first, start), min(last, end)
    if days < LEAST_DAYS or days < DENSE * (last - first).days:
        return whole
    return first if first - start >= GAP else start, last if end - last >= GAP else end


def share(snapshot: Snapshot, view: str) -> float:
    """Of the window that it covers."""
    (start, end), window = covered(snapshot, view), snapshot.window_end - snapshot.window_start
    return (end - start) / window if window else 1.0


def notes(snapshot: Snapshot) -> tuple[str, ...]:
    """What to say of histories that don't cover all of it, a sentence each, by view."""
    whole = snapshot.window_start, snapshot.window_end
    each = ((view, covered(snapshot, view)) for view in TIMES)
    return tuple(
        f"{view}: its records cover {start:%Y-%m-%d} to {end:%Y-%m-%d} only of the window from {whole[0]:%Y-%m-%d} to {whole[1]:%Y-%m-%d}"
        for view, (start, end) in each
        if (start, end) != whole
    )
