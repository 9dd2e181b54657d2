"""Storage, warehouses, services and pipelines: summed where the data is, and what an account may lack of them."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from advisor import resources
from advisor.collector.collect import collect
from advisor.collector.connection import Connector
from advisor.collector.doctor import examine
from advisor.collector.views import ACCOUNT_VIEWS, NEEDED
from advisor.snapshot import info, missing_views, open_snapshot
from advisor.snapshot.services import SERVICES
from advisor.snapshot.views import VIEWS
from tests.snapshots import START
from tests.wire.account import Account, contents

SINCE = datetime(2025, 1, 1)
OPTIONAL = sorted(set(ACCOUNT_VIEWS) - set(NEEDED))
DAY_1, DAY_2 = SINCE, SINCE + timedelta(days=1)


@pytest.fixture
def collected(rich: Connector, tmp_path: Path) -> Path:
    assert collect(rich, tmp_path / "all", since=SINCE).missing == ()
    return tmp_path / "all"


def in_duckdb(view: str) -> str:
    """The statement of a view, over the snapshot's own views."""
    tree = sqlglot.parse_one(resources.sql(view), read="snowflake")
    for table in [each for each in tree.find_all(exp.Table) if each.catalog]:
        table.replace(exp.to_table(table.name.lower()))
    return tree.sql(dialect="duckdb", comments=False)


def test_the_account_sums_services_as_duckdb_does(collected: Path, services: Path, tmp_path: Path) -> None:
    offline = tmp_path / "offline"
    shutil.copytree(services, offline)
    with open_snapshot(services) as snapshot:
        for view in SERVICES:
            (offline / f"{view}.parquet").unlink()
            # Weeks begin on Monday; what is summed over a year ends with the account's day.
            until = START + timedelta(days=2 if ACCOUNT_VIEWS[view].days is None else 5)
            sql = in_duckdb(view)
            given = {"since": START - timedelta(days=2), "until": until}
            values = {name: value for name, value in given.items() if f"${name}" in sql}
            snapshot.rows(view, f"CREATE OR REPLACE TABLE answer AS {sql}", values)
            snapshot.rows(view, f"COPY answer TO '{offline / view}.parquet' (FORMAT parquet)")
    live, expected = contents(collected), contents(offline)
    assert {view: live[view] for view in SERVICES} == {view: expected[view] for view in SERVICES}


@pytest.mark.parametrize(
    ("view", "columns", "expected"),
    [
        ("table_storage_metrics", "ID, FAILSAFE_BYTES", [(1, None), (2, 7)]),
        ("table_pruning_history", "START_TIME, END_TIME, NUM_SCANS", [(DAY_1, DAY_1 + timedelta(hours=2), 7)]),
        ("materialized_view_refresh_history", "START_TIME, CREDITS_USED", [(DAY_1, 1.75), (DAY_2, 2.0)]),
        ("search_optimization_history", "START_TIME, CREDITS_USED", [(DAY_1, 1.75), (DAY_2, 2.0)]),
        ("warehouse_load_history", "INTERVALS, AVG_RUNNING, AVG_QUEUED_LOAD", [(2, 0.75, 1.0)]),
        ("warehouse_events_history", "EVENT_NAME, EVENT_STATE, EVENTS", [("SUSPEND_WAREHOUSE", "STARTED", 1), ("SUSPEND_WAREHOUSE", "STARTED", 2)]),
        ("query_acceleration_eligible", "QUERIES, QUERY_ID, ELIGIBLE_QUERY_ACCELERATION_TIME", [(1, "q-3", 8), (2, "q-1", 4)]),
        ("query_insights", "QUERIES, MESSAGE, TOTAL_ELAPSED_TIME", [(1, '{"c":3}', 40), (2, '{"a":1}', 30)]),
        (
            "query_attribution_history",
            "QUERY_TAG, CREDITS_ATTRIBUTED_COMPUTE",
            [("advisor 0.1", 0.25), (None, 0.5), (None, 1.0)],
        ),
        ("task_history", "NAME, DAY, RUNS", [("NIGHTLY", DAY_1, 2), ("NIGHTLY", DAY_2, 1)]),
        (
            "dynamic_table_refresh_history",
            "REFRESH_ACTION, REFRESHES, WAREHOUSE_SIZE, EXECUTION_MS",
            [("FULL", 1, "Large", 20_000), ("FULL", 1, None, None), ("INCREMENTAL", 1, None, None)],
        ),
        ("column_query_pruning_history", "NUM_QUERIES, AGGREGATE_QUERY_EXECUTION_TIME", [(3, 300), (4, 400)]),
    ],
)  # fmt: skip
def test_a_day_s_sums_are_those_by_hand(
    services: Path, view: str, columns: str, expected: list[tuple[Any, ...]]
) -> None:
    """Of DuckDB, which the account is compared with."""
    with open_snapshot(services) as snapshot:
        sql = in_duckdb(view)
        given = {"since": START - timedelta(days=2), "until": START + timedelta(days=5)}
        values = {name: value for name, value in given.items() if f"${name}" in sql}
        assert snapshot.rows(view, f"SELECT {columns} FROM ({sql}) ORDER BY ALL", values) == expected


def test_a_view_that_is_refused_is_named_with_what_it_costs(
    rich: Connector, account: Account, collected: Path, tmp_path: Path
) -> None:
    """Each in turn. What else the snapshot holds stands as a killed run would have left it, so that it isn't asked again."""
    for view in OPTIONAL:
        account.control(reset=True)
        account.fault("deny", sql=rf"FROM SNOWFLAKE\.ACCOUNT_USAGE\.{view}\b")
        shutil.copytree(
            collected, tmp_path / ".s.collecting", ignore=shutil.ignore_patterns(view, f"{view}.*", "manifest.json")
        )
        assert collect(rich, tmp_path / "s", since=SINCE).missing == (view,)
        with open_snapshot(tmp_path / "s") as snapshot:
            missing = {each.view: each.effect for each in missing_views(snapshot)}
        assert missing == {
            view: VIEWS[view].effect, "column_statistics": VIEWS["column_statistics"].effect
        }  # fmt: skip
        shutil.rmtree(tmp_path / "s")


def test_both_shapes_of_search_optimization_history_say_the_same(
    rich: Connector, account: Account, collected: Path, tmp_path: Path
) -> None:
    table = "SNOWFLAKE.ACCOUNT_USAGE.SEARCH_OPTIMIZATION_HISTORY"
    account.control(run=f"ALTER TABLE {table} RENAME COLUMN TABLE_NAME TO BASE_TABLE_NAME")
    collect(rich, tmp_path / "newer", since=SINCE)
    view = "search_optimization_history"
    assert contents(tmp_path / "newer")[view] == contents(collected)[view] != []
    with open_snapshot(tmp_path / "newer") as snapshot:
        assert not [note for note in info(snapshot).notes if view in note]


def test_an_older_account_lacks_columns_and_says_so(rich: Connector, account: Account, tmp_path: Path) -> None:
    account.control(run="ALTER TABLE SNOWFLAKE.ACCOUNT_USAGE.SEARCH_OPTIMIZATION_HISTORY DROP COLUMN INDEX_TYPE")
    collect(rich, tmp_path / "s", since=SINCE)
    with open_snapshot(tmp_path / "s") as snapshot:
        assert "search_optimization_history: the account has no column INDEX_TYPE" in info(snapshot).notes


def test_a_view_without_a_column_that_nothing_stands_in_for_is_missing(
    rich: Connector, account: Account, tmp_path: Path
) -> None:
    account.control(run="ALTER TABLE SNOWFLAKE.ACCOUNT_USAGE.QUERY_INSIGHTS DROP COLUMN INSIGHT_TYPE_ID")
    assert collect(rich, tmp_path / "s", since=SINCE).missing == ("query_insights",)


def test_views_of_the_enterprise_edition_are_no_fault_of_the_role(rich: Connector, account: Account) -> None:
    for view in ("MATERIALIZED_VIEW_REFRESH_HISTORY", "SEARCH_OPTIMIZATION_HISTORY", "SEARCH_OPTIMIZATION_BENEFITS"):
        account.control(run=f"DROP TABLE SNOWFLAKE.ACCOUNT_USAGE.{view}")
    checkup = examine(rich)
    assert checkup.healthy
    lacking = [check for check in checkup.views if check.rows is None]
    assert {check.view for check in lacking} == {
        "materialized_view_refresh_history", "search_optimization_history", "search_optimization_benefits"
    }  # fmt: skip
    assert {check.remedy for check in lacking} == {None}
