"""A small account whose history the server and a folder both hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns
from tests.snapshots import START, Row, query, write_snapshot, write_view

DAYS = 2


def executions() -> list[dict[str, Any]]:
    """Two days: look-ups that deserve a key, loads, failures, cached answers, hashes, contexts, and a query without a size."""
    look_ups = [
        query(by_customer(i), i * 20, QUERY_ID=f"q-{i}", PARTITIONS_SCANNED=2000 - i % 3, PARTITIONS_TOTAL=2000,
              EXECUTION_TIME=20_000 + i, WAREHOUSE_SIZE="Large")
        for i in range(DAYS * 72)
    ]  # fmt: skip
    insert = "INSERT INTO orders SELECT * FROM staging"
    loads = [
        query(insert, i * 1440 + 7, QUERY_ID=f"w-{i}", QUERY_TYPE="INSERT", ROWS_INSERTED=1000, PARTITIONS_SCANNED=None)
        for i in range(DAYS)
    ]
    odd = [
        query("SELECT nope -- 100%", 11, QUERY_ID="f-1", EXECUTION_STATUS="FAIL", ERROR_CODE="904", ERROR_MESSAGE="cancelled"),
        query("SELECT 'it''s' || $$a$$ FROM \"Odd \"\"Name\"\"\"", 12, QUERY_ID="o-1", SCHEMA_NAME="s p"),
        query("SELECT COUNT(*) FROM orders", 13, QUERY_ID="c-1", WAREHOUSE_SIZE=None, BYTES_SCANNED=None,
              PARTITIONS_SCANNED=None, BYTES_READ_FROM_RESULT=100),
        query("SELECT 1 AS h", 14, QUERY_ID="h-1", QUERY_PARAMETERIZED_HASH="abc", QUERY_PARAMETERIZED_HASH_VERSION=1),
        query("SELECT 2 AS h", 15, QUERY_ID="h-2", QUERY_PARAMETERIZED_HASH="abc", QUERY_PARAMETERIZED_HASH_VERSION=1),
    ]  # fmt: skip
    again = [
        query("select count(*) from orders where day = 1" if i % 2 else "SELECT COUNT(*) FROM orders WHERE day = 1", 30 + 40 * i,
              QUERY_ID=f"a-{i}", QUERY_HASH="r", QUERY_HASH_VERSION=2, ROLE_NAME=f"R{i}", WAREHOUSE_NAME="WH")
        for i in range(3)
    ]  # fmt: skip
    return [*look_ups, *loads, *odd, *again]


def dml() -> list[dict[str, Any]]:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    return [
        {**place, "START_TIME": START + timedelta(days=i), "ROWS_ADDED": 1000, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}
        for i in range(DAYS)
    ]


def scans() -> list[dict[str, Any]]:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS", "QUERY_PARAMETERIZED_HASH": "abc"}
    counts = {
        "NUM_QUERIES": 3,
        "PARTITIONS_SCANNED": 6000,
        "PARTITIONS_PRUNED": 0,
        "ROWS_SCANNED": 9,
        "ROWS_MATCHED": 1,
    }
    return [{**place, **counts, "INTERVAL_START_TIME": START + timedelta(hours=i)} for i in range(DAYS * 24)]


def write_history(folder: Path, more: Mapping[str, Sequence[Row]] = {}) -> Path:
    views: dict[str, Sequence[Row]] = {
        "columns": columns("ORDERS"),
        "table_dml_history": dml(),
        "table_query_pruning_history": scans(),
        **more,
    }
    write_snapshot(folder, executions(), [ORDERS])
    for view, held in views.items():
        write_view(folder, view, held)
    return folder
