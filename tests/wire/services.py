"""Rows of the account's views of storage, warehouses, services and pipelines: two hours of one day and one of the next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.snapshots import START
from tests.wire.planted import write_history

PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
OBJECT = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS"}
TIMES = [START + timedelta(hours=hours) for hours in (1, 2, 25)]


def _thrice(time: str, constant: dict[str, Any], **figures: tuple[Any, Any, Any]) -> list[dict[str, Any]]:
    return [
        {time: TIMES[i], **constant, **{name: values[i] for name, values in figures.items()}} for i in range(len(TIMES))
    ]


def rows() -> dict[str, list[dict[str, Any]]]:
    """By view, in the account's own columns and grain."""
    counts = {"NUM_QUERIES": (1, 2, 4), "PARTITIONS_SCANNED": (10, 20, 40), "PARTITIONS_PRUNED": (1, 2, 4)}
    return {
        "table_storage_metrics": [
            {**OBJECT, "ID": 1, "ACTIVE_BYTES": 5, "TIME_TRAVEL_BYTES": 1, "FAILSAFE_BYTES": None, "TABLE_DROPPED": None},
            {**OBJECT, "ID": 2, "ACTIVE_BYTES": 0, "TIME_TRAVEL_BYTES": 0, "FAILSAFE_BYTES": 7, "TABLE_DROPPED": TIMES[0]},
            {**OBJECT, "ID": 3, "ACTIVE_BYTES": 0, "TIME_TRAVEL_BYTES": 0, "FAILSAFE_BYTES": 0, "TABLE_DROPPED": TIMES[0]},
        ],
        "table_pruning_history": [
            *_thrice("START_TIME", {**PLACE, "TABLE_ID": 1, "END_TIME": TIMES[1]}, NUM_SCANS=(1, 2, 4)),
            {**PLACE, "TABLE_ID": 1, "START_TIME": START - timedelta(days=400), "END_TIME": START, "NUM_SCANS": 8},
        ],
        "column_query_pruning_history": _thrice(
            "INTERVAL_START_TIME", {**PLACE, "COLUMN_NAME": "CUSTOMER", "ACCESS_TYPE": "WHERE"},
            AGGREGATE_QUERY_EXECUTION_TIME=(100, 200, 400), **counts,
        ),
        "materialized_view_refresh_history": _thrice("START_TIME", PLACE, CREDITS_USED=("0.5", "1.25", "2")),
        "search_optimization_history": _thrice("START_TIME", PLACE, CREDITS_USED=(0.5, 1.25, 2.0)),
        "search_optimization_benefits": _thrice(
            "START_TIME", PLACE, NUM_SCANS=(1, 2, 4), PARTITIONS_SCANNED=(1, 1, 1), PARTITIONS_PRUNED_ADDITIONAL=(3, 5, 7)
        ),
        "warehouse_metering_history": _thrice(
            "START_TIME", {"WAREHOUSE_NAME": "WH"}, CREDITS_USED_COMPUTE=(1.0, 2.0, 4.0),
            CREDITS_ATTRIBUTED_COMPUTE_QUERIES=(0.5, 1.5, None),
        ),
        "warehouse_load_history": [
            {"WAREHOUSE_NAME": "WH", "START_TIME": TIMES[0] + timedelta(minutes=5 * i), "AVG_RUNNING": running,
             "AVG_QUEUED_LOAD": queued, "AVG_QUEUED_PROVISIONING": 0.0, "AVG_BLOCKED": None}
            for i, (running, queued) in enumerate([(1.0, 0.0), (0.5, 2.0), (0.0, 0.0)])
        ],
        "warehouse_events_history": [
            {"TIMESTAMP": at, "WAREHOUSE_NAME": "WH", "EVENT_NAME": event, "EVENT_STATE": state}
            for at in TIMES
            for event, state in (("RESUME_WAREHOUSE", "STARTED"), ("SUSPEND_WAREHOUSE", "STARTED"), ("SUSPEND_CLUSTER", "COMPLETED"))
        ],
        "query_attribution_history": _thrice(
            "START_TIME", {"QUERY_PARAMETERIZED_HASH": "abc", "WAREHOUSE_NAME": "WH"}, CREDITS_ATTRIBUTED_COMPUTE=(0.5, 0.25, 1.0),
            QUERY_TAG=("nightly", "advisor 0.1", None),
        ),
        "query_acceleration_eligible": _thrice(
            "START_TIME", {"WAREHOUSE_NAME": "WH", "WAREHOUSE_SIZE": "Large", "QUERY_PARAMETERIZED_HASH": "abc"},
            QUERY_ID=("q-2", "q-1", "q-3"), UPPER_LIMIT_SCALE_FACTOR=(4, 4, 4), ELIGIBLE_QUERY_ACCELERATION_TIME=(1.5, 2.5, 8.0),
        ),
        "query_acceleration_history": _thrice("START_TIME", {"WAREHOUSE_NAME": "WH"}, CREDITS_USED=(0.5, 1.25, 2.0)),
        "metering_daily_history": _thrice(
            "USAGE_DATE", {"CREDITS_BILLED": 1.0}, SERVICE_TYPE=("AUTO_CLUSTERING", "PIPE", "PIPE"), CREDITS_USED=(1.0, 2.0, 4.0)
        ),
        "query_insights": _thrice(
            "START_TIME", {"QUERY_PARAMETERIZED_HASH": "abc", "INSIGHT_TYPE_ID": "QUERY_INSIGHT_EXPLODING_JOIN",
                           "IS_OPPORTUNITY": "true", "WAREHOUSE_NAME": "WH"},
            QUERY_ID=("q-2", "q-1", "q-3"), MESSAGE=('{"a":1}', '{"b":2}', '{"c":3}'), TOTAL_ELAPSED_TIME=(10, 20, 40),
        ),
        "task_history": _thrice(
            "QUERY_START_TIME", {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "NAME": "NIGHTLY", "STATE": "SUCCEEDED"},
            QUERY_TEXT=("CREATE OR REPLACE TABLE a AS SELECT 1",) * 3, QUERY_PARAMETERIZED_HASH=("t", "t", "t"),
        ),
        "dynamic_table_refresh_history": _thrice(
            "REFRESH_START_TIME", {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "NAME": "DT", "STATE": "SUCCEEDED"},
            REFRESH_ACTION=("FULL", "FULL", "INCREMENTAL"), TARGET_LAG_SEC=(3600, 3600, 3600),
            QUERY_ID=("q-0", None, "of no history"),
        ),
        "object_dependencies": [{"REFERENCED_OBJECT_NAME": "ORDERS", "REFERENCING_OBJECT_NAME": "V", "DEPENDENCY_TYPE": "BY_NAME"}],
        "databases": [
            {"DATABASE_NAME": "DB", "TYPE": "STANDARD", "DELETED": None},
            {"DATABASE_NAME": "WEATHER", "TYPE": "IMPORTED DATABASE", "DELETED": None},
            {"DATABASE_NAME": "OLD", "TYPE": "STANDARD", "DELETED": TIMES[0]},
        ],
        "policy_references": [
            {"POLICY_KIND": "ROW_ACCESS_POLICY", "REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC", "REF_ENTITY_NAME": "ORDERS",
             "REF_COLUMN_NAME": None, "TAG_NAME": None},
        ],
    }  # fmt: skip


def write_services(folder: Path) -> Path:
    """The planted history, with the services beside it."""
    return write_history(folder, rows())
