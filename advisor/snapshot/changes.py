"""When the tables' data changed, to the hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from advisor.model import TableName
from advisor.snapshot.covered import covered
from advisor.snapshot.folder import Snapshot

# Reclustering changes micro-partitions, which ends cached results as a write does.
_CHANGES = """
SELECT DISTINCT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, date_trunc('hour', START_TIME)
FROM (
    SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, START_TIME FROM table_dml_history
    WHERE coalesce(ROWS_ADDED, 0) + coalesce(ROWS_REMOVED, 0) + coalesce(ROWS_UPDATED, 0) > 0
    UNION ALL
    SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, START_TIME FROM automatic_clustering_history
    WHERE coalesce(NUM_BYTES_RECLUSTERED, 1) > 0
)
WHERE START_TIME IS NOT NULL AND list_contains($names, concat_ws(chr(31), DATABASE_NAME, SCHEMA_NAME, TABLE_NAME))
"""


def changes(snapshot: Snapshot, names: Collection[TableName]) -> Mapping[TableName, frozenset[datetime]] | None:
    """The hours in which rows of each table were written or reclustered, and those of the window that `table_dml_history` doesn't
    cover; None where it is missing."""
    if "table_dml_history" not in snapshot.present:
        return None
    wanted = [chr(31).join((name.database, name.schema, name.name)) for name in sorted(names)]
    found: defaultdict[TableName, set[datetime]] = defaultdict(set)
    for database, schema, table, hour in snapshot.rows("table_dml_history", _CHANGES, {"names": wanted}):
        found[TableName(database, schema, table)].add(hour)
    untold = _untold(snapshot)
    return {name: untold.union(found[name]) for name in sorted(names)}


def _untold(snapshot: Snapshot) -> frozenset[datetime]:
    """Any table may have changed in each of these hours."""
    start, end = covered(snapshot, "table_dml_history")
    first = snapshot.window_start.replace(minute=0, second=0, microsecond=0)
    hours = (first + timedelta(hours=i) for i in range(int((snapshot.window_end - first) / timedelta(hours=1)) + 1))
    return frozenset(hour for hour in hours if not start - timedelta(hours=1) < hour <= end)
