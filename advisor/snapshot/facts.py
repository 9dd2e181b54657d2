"""What a snapshot's further views say: storage, services, warehouses. A view that is missing is None."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from advisor.model import (
    Accelerable,
    Facts,
    Refreshes,
    Remark,
    SearchService,
    Storage,
    TableName,
    Task,
    WarehouseCredits,
)
from advisor.snapshot.catalog import during
from advisor.snapshot.covered import TIMES, share
from advisor.snapshot.folder import Snapshot

# A name's newest version that was not dropped is the one in use; the others' bytes are still billed.
_STORAGE = """
WITH versions AS (
    SELECT *, row_number() OVER (
        PARTITION BY TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME
        ORDER BY TABLE_DROPPED IS NULL DESC, TABLE_CREATED DESC NULLS LAST, ID DESC
    ) AS NTH
    FROM table_storage_metrics
    WHERE TABLE_CATALOG IS NOT NULL AND TABLE_SCHEMA IS NOT NULL AND TABLE_NAME IS NOT NULL
)
SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME,
    {sums},
    coalesce(sum({all}) FILTER (NTH > 1), 0), count(*) FILTER (NTH > 1),
    coalesce(bool_or(CLONE_GROUP_ID <> ID) FILTER (NTH = 1), false)
FROM versions GROUP BY ALL HAVING bool_or(NTH = 1 AND TABLE_DROPPED IS NULL AND ACTIVE_BYTES IS NOT NULL) ORDER BY ALL
"""
_KEPT = ("ACTIVE_BYTES", "TIME_TRAVEL_BYTES", "FAILSAFE_BYTES", "RETAINED_FOR_CLONE_BYTES")

_SEARCH = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, sum(CAST(CREDITS_USED AS DECIMAL(30, 12)))
FROM search_optimization_history
WHERE TABLE_NAME IS NOT NULL AND coalesce(upper(INDEX_TYPE), 'SEARCH OPTIMIZATION INDEX') = 'SEARCH OPTIMIZATION INDEX' AND {during}
GROUP BY ALL
"""

_BENEFITS = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, sum(PARTITIONS_PRUNED_ADDITIONAL)
FROM search_optimization_benefits WHERE {during} GROUP BY ALL
"""

_REFRESHES = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, sum(CAST(CREDITS_USED AS DECIMAL(30, 12)))
FROM materialized_view_refresh_history WHERE TABLE_NAME IS NOT NULL AND {during} GROUP BY ALL
"""

# A plain export of the account's view names its queries: their times are in the history beside it. A refresh that found nothing
# to do ran none.
_REFRESHED = """
WITH refreshes AS (
    SELECT * FROM dynamic_table_refresh_history
    WHERE upper(coalesce(REFRESH_ACTION, '')) <> 'NO_DATA' AND {during}
),
ran AS (
    SELECT QUERY_ID, max(WAREHOUSE_SIZE) AS SIZE, max(EXECUTION_TIME) AS MS FROM query_history
    WHERE QUERY_ID IN (SELECT QUERY_ID FROM refreshes WHERE EXECUTION_MS IS NULL) GROUP BY QUERY_ID
)
SELECT DATABASE_NAME, SCHEMA_NAME, NAME, coalesce(refreshes.WAREHOUSE_SIZE, ran.SIZE), sum(coalesce(REFRESHES, 1)),
    sum(coalesce(EXECUTION_MS, ran.MS))
FROM refreshes LEFT JOIN ran ON ran.QUERY_ID = refreshes.QUERY_ID AND EXECUTION_MS IS NULL
WHERE DATABASE_NAME IS NOT NULL AND SCHEMA_NAME IS NOT NULL AND NAME IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""

_DEFINED_OVER = """
SELECT DISTINCT REFERENCED_DATABASE, REFERENCED_SCHEMA, REFERENCED_OBJECT_NAME FROM object_dependencies
WHERE REFERENCED_DATABASE IS NOT NULL AND REFERENCED_SCHEMA IS NOT NULL AND REFERENCED_OBJECT_NAME IS NOT NULL
    AND REFERENCED_OBJECT_NAME IN (SELECT NAME FROM dynamic_table_refresh_history)
"""

_LAST_SCANS = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, max(coalesce(END_TIME, START_TIME))
FROM table_pruning_history WHERE coalesce(NUM_SCANS, 1) > 0 AND TABLE_NAME IS NOT NULL GROUP BY ALL
"""

_ACCELERABLE = """
SELECT WAREHOUSE_NAME, max(WAREHOUSE_SIZE), QUERY_PARAMETERIZED_HASH, sum(coalesce(QUERIES, 1)),
    sum(CAST(ELIGIBLE_QUERY_ACCELERATION_TIME AS DECIMAL(30, 6))), max(UPPER_LIMIT_SCALE_FACTOR), min(QUERY_ID)
FROM query_acceleration_eligible
WHERE WAREHOUSE_NAME IS NOT NULL AND ELIGIBLE_QUERY_ACCELERATION_TIME > 0 AND {during}
GROUP BY WAREHOUSE_NAME, QUERY_PARAMETERIZED_HASH ORDER BY ALL
"""

_ACCELERATED = """
SELECT WAREHOUSE_NAME, sum(CAST(CREDITS_USED AS DECIMAL(30, 12))) FROM query_acceleration_history
WHERE WAREHOUSE_NAME IS NOT NULL AND {during} GROUP BY ALL
"""

_WAREHOUSES = """
SELECT WAREHOUSE_NAME, sum(CAST(coalesce(CREDITS_USED_COMPUTE, CREDITS_USED) AS DECIMAL(30, 12))),
    CASE WHEN count(CREDITS_ATTRIBUTED_COMPUTE_QUERIES) = count(*) THEN sum(CAST(CREDITS_ATTRIBUTED_COMPUTE_QUERIES AS DECIMAL(30, 12))) END
FROM warehouse_metering_history WHERE WAREHOUSE_NAME IS NOT NULL AND {during} GROUP BY ALL
"""

# The states of an event tell of the same suspension.
_SUSPENDED = """
SELECT WAREHOUSE_NAME, max(TIMES) FROM (
    SELECT WAREHOUSE_NAME, upper(EVENT_STATE), sum(coalesce(EVENTS, 1)) AS TIMES FROM warehouse_events_history
    WHERE WAREHOUSE_NAME IS NOT NULL AND EVENT_NAME = 'SUSPEND_WAREHOUSE' AND {during} GROUP BY ALL
) GROUP BY ALL ORDER BY ALL
"""

_IN_FORCE = """
SELECT WAREHOUSE_NAME, max(AUTO_SUSPEND) FROM warehouses
WHERE WAREHOUSE_NAME IS NOT NULL AND AUTO_SUSPEND IS NOT NULL GROUP BY ALL ORDER BY ALL
"""

_TASKS = """
SELECT DATABASE_NAME, SCHEMA_NAME, NAME, QUERY_PARAMETERIZED_HASH, min(QUERY_TEXT) FROM task_history
WHERE DATABASE_NAME IS NOT NULL AND SCHEMA_NAME IS NOT NULL AND NAME IS NOT NULL AND QUERY_TEXT IS NOT NULL AND {during}
GROUP BY ALL ORDER BY ALL
"""

_REMARKS = """
SELECT QUERY_PARAMETERIZED_HASH, replace(upper(INSIGHT_TYPE_ID), 'QUERY_INSIGHT_', ''), sum(coalesce(QUERIES, 1))
FROM query_insights
WHERE QUERY_PARAMETERIZED_HASH IS NOT NULL AND INSIGHT_TYPE_ID IS NOT NULL
    AND lower(coalesce(IS_OPPORTUNITY, 'true')) = 'true' AND {during}
GROUP BY ALL ORDER BY ALL
"""


def facts(snapshot: Snapshot) -> Facts:
    scans = _by_table(snapshot, "table_pruning_history", _LAST_SCANS, None)
    return Facts(
        storage=_storage(snapshot),
        search=_search(snapshot),
        refreshes=_floats(_by_table(snapshot, "materialized_view_refresh_history", _REFRESHES, "START_TIME")),
        refreshed=_refreshed(snapshot),
        defined_over=_defined_over(snapshot),
        last_scans=scans,
        scanned_since=_scanned_since(snapshot),
        accelerable=_accelerable(snapshot),
        accelerated={
            row[0]: float(row[1] or 0)
            for row in during(snapshot, "query_acceleration_history", _ACCELERATED, "START_TIME")
        },
        warehouses=_warehouses(snapshot),
        auto_suspends={name: int(seconds) for name, seconds in snapshot.rows("warehouses", _IN_FORCE)},
        suspensions=_suspensions(snapshot),
        covered={view: share(snapshot, view) for view in TIMES},
        tasks=_tasks(snapshot),
        remarks=_remarks(snapshot),
    )


def _by_table(snapshot: Snapshot, view: str, sql: str, time: str | None) -> dict[TableName, Any] | None:
    if view not in snapshot.present:
        return None
    rows = snapshot.rows(view, sql) if time is None else during(snapshot, view, sql, time)
    return {TableName(*row[:3]): row[3] for row in rows if None not in row[:4]}


def _floats(found: Mapping[TableName, Any] | None) -> dict[TableName, float] | None:
    return None if found is None else {name: float(value) for name, value in found.items()}


def _storage(snapshot: Snapshot) -> dict[TableName, Storage] | None:
    if "table_storage_metrics" not in snapshot.present:
        return None
    sums = ",\n    ".join(f"coalesce(sum({column}) FILTER (NTH = 1), 0)" for column in _KEPT)
    every = " + ".join(f"coalesce({column}, 0)" for column in _KEPT)
    rows = snapshot.rows("table_storage_metrics", _STORAGE.format(sums=sums, all=every))
    return {TableName(*row[:3]): _stored(row[3:]) for row in rows}


def _stored(figures: tuple[Any, ...]) -> Storage:
    active, time_travel, failsafe, clones, dropped, versions, is_clone = figures
    return Storage(
        int(active), int(time_travel), int(failsafe), int(clones), int(dropped), int(versions), bool(is_clone)
    )


def _search(snapshot: Snapshot) -> dict[TableName, SearchService] | None:
    credits = _by_table(snapshot, "search_optimization_history", _SEARCH, "START_TIME")
    if credits is None:
        return None
    pruned = {
        TableName(*row[:3]): None if row[3] is None else int(row[3])
        for row in during(snapshot, "search_optimization_benefits", _BENEFITS, "START_TIME")
    }
    # A table that the others' record doesn't name was not served; where nothing is recorded, nothing is known.
    unnamed = 0 if pruned else None
    return {name: SearchService(float(spent), pruned.get(name, unnamed)) for name, spent in credits.items()}


def _refreshed(snapshot: Snapshot) -> dict[TableName, tuple[Refreshes, ...]]:
    found: defaultdict[TableName, list[Refreshes]] = defaultdict(list)
    if "dynamic_table_refresh_history" in snapshot.present:
        rows = during(snapshot, "dynamic_table_refresh_history", _REFRESHED, "REFRESH_START_TIME")
        for *name, size, count, ms in rows:
            found[TableName(*name)].append(Refreshes(size, int(count), None if ms is None else float(ms)))
    return {name: tuple(each) for name, each in found.items()}


def _defined_over(snapshot: Snapshot) -> frozenset[TableName] | None:
    if "object_dependencies" not in snapshot.present:
        return None
    return frozenset(TableName(*row) for row in snapshot.rows("object_dependencies", _DEFINED_OVER))


def _scanned_since(snapshot: Snapshot) -> datetime | None:
    row = snapshot.rows("table_pruning_history", "SELECT min(START_TIME) FROM table_pruning_history")[0]
    return row[0] if row[0] is None or isinstance(row[0], datetime) else None


def _accelerable(snapshot: Snapshot) -> tuple[Accelerable, ...] | None:
    if "query_acceleration_eligible" not in snapshot.present:
        return None
    rows = during(snapshot, "query_acceleration_eligible", _ACCELERABLE, "START_TIME")
    return tuple(
        Accelerable(warehouse, size, hash_, int(queries), float(seconds), int(factor or 0), query_id)
        for warehouse, size, hash_, queries, seconds, factor, query_id in rows
    )


def _tasks(snapshot: Snapshot) -> tuple[Task, ...]:
    if "task_history" not in snapshot.present:
        return ()
    rows = during(snapshot, "task_history", _TASKS, "QUERY_START_TIME")
    return tuple(Task(".".join(name), hash_, text) for *name, hash_, text in rows)


def _remarks(snapshot: Snapshot) -> tuple[Remark, ...]:
    if "query_insights" not in snapshot.present:
        return ()
    rows = during(snapshot, "query_insights", _REMARKS, "START_TIME")
    return tuple(Remark(hash_, kind, int(queries)) for hash_, kind, queries in rows)


def _suspensions(snapshot: Snapshot) -> dict[str, int] | None:
    if "warehouse_events_history" not in snapshot.present:
        return None
    rows = during(snapshot, "warehouse_events_history", _SUSPENDED, "TIMESTAMP")
    part = share(snapshot, "warehouse_events_history")
    return {name: round(count / part) for name, count in rows}


def _warehouses(snapshot: Snapshot) -> dict[str, WarehouseCredits] | None:
    if "warehouse_metering_history" not in snapshot.present:
        return None
    rows = during(snapshot, "warehouse_metering_history", _WAREHOUSES, "START_TIME")
    part = share(snapshot, "warehouse_metering_history")
    return {
        name: WarehouseCredits(float(compute or 0) / part, None if attributed is None else float(attributed) / part)
        for name, compute, attributed in rows
    }
