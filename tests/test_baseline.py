"""What the report's charts are drawn from: times by day, pruning by table, how far back queries look."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from advisor.account import read_account
from advisor.baseline import baseline
from advisor.model import Baseline, LookBack
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload.latencies import Latencies
from tests.snapshots import START, query, table, write_snapshot

DAY = date(2025, 1, 1)


def study(folder: Path, history: list[dict[str, Any]], **views: list[dict[str, Any]]) -> Baseline:
    with open_snapshot(write_snapshot(folder, history, None, "parquet", 1, **views)) as snapshot:
        account = read_account(snapshot, Settings(), lambda *_: None)
        return baseline(account)


def test_percentiles_by_warehouse_and_day_are_within_five_percent(tmp_path: Path) -> None:
    times = [(7919 * i) % 10_007 + 1 for i in range(800)]
    history = [query("SELECT a FROM t", i, EXECUTION_TIME=ms, WAREHOUSE_NAME="WH") for i, ms in enumerate(times)]
    (found,) = study(tmp_path, history).latencies
    assert (found.day, found.warehouse, found.executions) == (DAY, "WH", 800)
    marks = quantiles(times, n=100, method="inclusive")
    for said, true in ((found.p50, marks[49]), (found.p95, marks[94]), (found.p99, marks[98])):
        assert 0.99 * true <= said <= 1.05 * true


def test_days_and_warehouses_are_kept_apart_the_busiest_first(tmp_path: Path) -> None:
    history = [query("SELECT a FROM t", 1440 * day, EXECUTION_TIME=10, WAREHOUSE_NAME="SMALL") for day in range(3)]
    history += [query("SELECT a FROM t", 1440 * day + 5, EXECUTION_TIME=100, WAREHOUSE_NAME="LARGE") for day in (0, 2)]
    found = study(tmp_path, history).latencies
    assert [(row.warehouse, row.day, row.p99) for row in found] == [
        *(("LARGE", DAY + timedelta(days=day), 100.0) for day in (0, 2)),
        *(("SMALL", DAY + timedelta(days=day), 10.0) for day in range(3)),
    ]


def test_what_failed_or_ran_on_no_warehouse_has_no_part_in_the_times(tmp_path: Path) -> None:
    nowhere: dict[str, Any] = {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0}
    history = [query("SELECT a FROM t"), query("SELECT a FROM t", 1, EXECUTION_STATUS="FAIL")]
    (found,) = study(tmp_path, [*history, query("SELECT a FROM t", 2, **nowhere)]).latencies
    assert (found.executions, found.warehouse) == (1, None)


def test_a_table_of_which_no_scan_is_recorded_is_left_out_and_not_read_nothing(tmp_path: Path) -> None:
    history = [
        query("SELECT a FROM t WHERE a = 1", i, PARTITIONS_SCANNED=None, PARTITIONS_TOTAL=None) for i in range(4)
    ]
    assert study(tmp_path, history).pruning == ()


def test_a_table_s_pruning_counts_what_each_execution_read_and_what_there_was(tmp_path: Path) -> None:
    history = [query("SELECT a FROM t WHERE a = 1", i, PARTITIONS_SCANNED=250, PARTITIONS_TOTAL=1000) for i in range(4)]
    (found,) = study(tmp_path, history).pruning
    assert (found.partitions, found.scanned, found.offered, found.matched_share) == (1000, 1000.0, 4000.0, None)


def test_rows_read_in_vain_are_those_that_the_filters_held_back_where_it_is_recorded(tmp_path: Path) -> None:
    recorded = {
        "DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "T", "QUERY_PARAMETERIZED_HASH": "h",
        "INTERVAL_START_TIME": START, "NUM_QUERIES": 2, "PARTITIONS_SCANNED": 100, "PARTITIONS_PRUNED": 900,
    }  # fmt: skip
    views = [{**recorded, "ROWS_SCANNED": 1000, "ROWS_MATCHED": 250}]
    history = [query("SELECT a FROM t WHERE a = 1", i, QUERY_PARAMETERIZED_HASH="h") for i in range(2)]
    (found,) = study(tmp_path, history, table_query_pruning_history=views).pruning
    assert found.matched_share == 0.25


COLUMNS = [
    {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "T", "COLUMN_NAME": name, "DATA_TYPE": kind}
    for name, kind in (("AT", "DATE"), ("ID", "NUMBER"))
]


def looking(folder: Path, *conditions: str) -> tuple[LookBack, ...]:
    history = [query(f"SELECT id FROM t WHERE {condition}", i) for i, condition in enumerate(conditions)]
    return study(folder, history, columns=COLUMNS).look_back


def test_the_look_back_says_which_share_of_the_executions_reaches_further(tmp_path: Path) -> None:
    (found,) = looking(
        tmp_path, "at >= '2024-12-31'", "at BETWEEN '2024-12-22' AND '2024-12-23'", "at = '2024-09-23'", "id = 3"
    )
    assert (found.column, found.days[0], found.days[-1]) == ("AT", 0.0, 100.0)
    by_days = dict(zip(found.days, found.shares, strict=True))
    assert by_days[0.0] == 1.0
    assert by_days[100.0] == 0.0
    assert by_days[50.0] == pytest.approx(1 / 3)


def test_a_query_that_sets_no_beginning_reaches_back_without_end(tmp_path: Path) -> None:
    (found,) = looking(tmp_path, "at >= '2024-12-22'", "at < '2024-12-01'")
    assert found.shares[-1] == 0.5


def test_without_a_filter_on_time_nothing_is_said(tmp_path: Path) -> None:
    assert looking(tmp_path, "id = 1", "id = 2") == ()


def test_a_history_summed_up_elsewhere_has_no_times_by_day(tmp_path: Path) -> None:
    moment = {"FIRST_SEEN": START, "LAST_SEEN": START, "LAST_END": START}
    statement = {"STATEMENT": "s", "OUTCOME": "executed", "QUERY_TYPE": "SELECT"}
    templates = [{**statement, **moment, "EXECUTIONS": 1, "EXECUTION_MS": 5}]
    sample = {**statement, "QUERY_ID": "q", "QUERY_TEXT": "SELECT a FROM t", "START_TIME": START, "WEIGHT": 1}
    folder = write_snapshot(tmp_path, query_templates=templates, query_samples=[sample], tables=[table("T")])
    (folder / "query_history.parquet").unlink()
    with open_snapshot(folder) as snapshot:
        assert Latencies(snapshot).result() == ()
