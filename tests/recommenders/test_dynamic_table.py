"""Planted accounts whose repeated questions no materialized view can hold, each with the advice it should get by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.model import Advice, Recommendation
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import GB, ORDERS, columns, loads, runs
from tests.recommenders.test_materialized_view import KNOWN, statistics
from tests.snapshots import START, Row, query, table, write_snapshot

CUSTOMERS = table("CUSTOMERS", ROW_COUNT=1_000_000, BYTES=GB // 10)
COLUMNS = [
    *columns("ORDERS"),
    *(
        {
            "TABLE_CATALOG": "DB",
            "TABLE_SCHEMA": "PUBLIC",
            "TABLE_NAME": "CUSTOMERS",
            "COLUMN_NAME": name,
            "DATA_TYPE": kind,
            "ORDINAL_POSITION": i,
        }
        for i, (name, kind) in enumerate([("CUSTOMER_ID", "NUMBER"), ("SEGMENT", "TEXT")], 1)
    ),
]
SEGMENTS = [
    {**row, "TABLE_NAME": "CUSTOMERS", "COLUMN_NAME": "SEGMENT", "APPROX_DISTINCT": 5} for row in statistics(REGION=5)
]
JOINED = "SELECT c.segment, SUM(o.id) AS ids FROM orders o JOIN customers c ON c.customer_id = o.customer_id GROUP BY c.segment"


def advise(folder: Path, history: list[dict[str, Any]], orders: Row = ORDERS, **views: Any) -> Advice:
    views = {"columns": COLUMNS, "column_statistics": [*KNOWN, *SEGMENTS], **views}
    tables = [orders, CUSTOMERS, table("STAGING")]
    with open_snapshot(write_snapshot(folder, history, tables, **views), Settings()) as snapshot:
        return analyze(snapshot, Settings())


def dynamic(advice: Advice) -> list[Recommendation]:
    return [r for r in advice.recommendations if r.kind == "dynamic_table"]


def reasons(advice: Advice) -> str:
    return " ".join(r.reason for r in advice.rejections if r.kind == "dynamic_table")


def asked(text: str | Callable[[int], str], times: int = 4000) -> list[dict[str, Any]]:
    return runs(text if callable(text) else lambda i: text, times, 2007, 2007)


def test_a_join_that_is_grouped_again_and_again_gets_a_table_that_the_queries_name(tmp_path: Path) -> None:
    advice = advise(tmp_path / "in", asked(JOINED) + loads(100_000))
    (advised,) = dynamic(advice)
    assert advised.details["tables"] == ["DB.PUBLIC.ORDERS", "DB.PUBLIC.CUSTOMERS"]
    assert advised.details["keys"] == ["C.SEGMENT"]
    assert advised.details["target_lag"] == "8 hours"
    assert advised.edition == "standard"
    assert "each query must be changed to name it" in advised.warnings[0]
    assert " times a day, so results are up to 2" in advised.reason
    rewrites = advised.details["rewrites"]
    assert isinstance(rewrites, list)
    assert "ORDERS_DT_" in rewrites[0]["query"]
    assert "JOIN" not in rewrites[0]["query"]
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*dynamic_table*")
    created = script.read_text().partition("-- apply")[2]
    assert "CREATE DYNAMIC TABLE IF NOT EXISTS DB.PUBLIC.ORDERS_DT_" in created
    assert "TARGET_LAG = '8 hours'" in created


def test_the_definition_is_one_query_over_the_sources(tmp_path: Path) -> None:
    (advised,) = dynamic(advise(tmp_path, asked(JOINED) + loads(100_000)))
    tree = sqlglot.parse_one(str(advised.details["definition"]), read="snowflake")
    assert {table.name for table in tree.find_all(exp.Table)} == {"ORDERS", "CUSTOMERS"}
    assert isinstance(tree, exp.Select)
    assert tree.named_selects == ["SEGMENT", "SUM_O_ID"]


def test_filters_that_differ_become_keys(tmp_path: Path) -> None:
    text = "SELECT SUM(o.id) FROM orders o JOIN customers c ON c.customer_id = o.customer_id WHERE c.segment = '{}'"
    (advised,) = dynamic(advise(tmp_path, asked(lambda i: text.format("ABCDE"[i % 5])) + loads(100_000)))
    assert advised.details["keys"] == ["C.SEGMENT"]


def test_distinct_customers_are_stored_for_the_very_groups_that_are_asked(tmp_path: Path) -> None:
    text = "SELECT day, COUNT(DISTINCT customer_id) FROM orders WHERE region = '{}' GROUP BY day"
    (advised,) = dynamic(advise(tmp_path, asked(lambda i: text.format("ABCDE"[i % 5])) + loads(100_000)))
    assert advised.details["keys"] == ["DAY", "REGION"]
    assert advised.details["aggregates"] == ["COUNT(DISTINCT CUSTOMER_ID)"]


def test_the_latest_row_of_each_key_is_stored_as_it_is(tmp_path: Path) -> None:
    text = (
        "SELECT region, id FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY region ORDER BY id DESC) = 1 ORDER BY id"
    )
    advice = advise(tmp_path, asked(text) + loads(100_000))
    (advised,) = dynamic(advice) or [pytest.fail(reasons(advice))]
    assert "QUALIFY" in str(advised.details["definition"])
    assert "ORDER BY\n  ID DESC" not in str(advised.details["definition"]).partition("QUALIFY")[0]


JOIN = "FROM orders o JOIN customers c ON c.customer_id = o.customer_id"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "SELECT day, COUNT(DISTINCT customer_id) FROM orders WHERE region > '{}' GROUP BY day",
            "can't be added up over what REGION > ",
        ),
        (
            "SELECT o.name, SUM(o.id) FROM orders o JOIN customers c USING (customer_id) WHERE o.id > {} GROUP BY 1",
            "saves too little",
        ),
        (
            "SELECT region, RANK() OVER (ORDER BY id) AS place FROM orders QUALIFY place < {}",
            "It asks with other constants",
        ),
        ("SELECT region, RANK() OVER (ORDER BY id) FROM orders", "Its columns have no names"),
        ("SELECT region, MODE(id) FROM orders WHERE id <> {} GROUP BY region", "can't be added up over"),
        (
            f"SELECT c.segment, SUM(IFF(o.day > CURRENT_DATE - 30, o.id, 0)) {JOIN} GROUP BY 1",
            "CURRENT_DATE is not certain to be allowed",
        ),
        (
            f"SELECT c.segment, COUNT(DISTINCT my_udf(o.id)) {JOIN} GROUP BY 1",
            "MY_UDF(O.ID) is not certain to be allowed in a dynamic table.",
        ),
        (
            f"SELECT c.segment, SUM(o.id) {JOIN} AND o.day > CURRENT_DATE - 30 GROUP BY 1",
            "CURRENT_DATE is not certain to be allowed",
        ),
        (
            "SELECT c.segment, SUM(o.id) FROM orders o LEFT JOIN customers c ON c.customer_id > o.customer_id GROUP BY 1",
            "is more than equality: over such an outer join a dynamic table can't be refreshed incrementally.",
        ),
    ],
)
def test_what_cannot_be_stored_is_named(tmp_path: Path, text: str, said: str) -> None:
    advice = advise(tmp_path, asked(lambda i: text.format(i % 7)) + loads(100_000))
    assert not dynamic(advice)
    assert said in reasons(advice)


def test_sources_loaded_all_day_cost_more_to_follow_than_the_queries_take(tmp_path: Path) -> None:
    insert = "INSERT INTO orders SELECT * FROM staging"
    often = [
        query(insert, i * 2, QUERY_ID=f"w-{i}", QUERY_TYPE="INSERT", ROWS_INSERTED=100, PARTITIONS_SCANNED=None)
        for i in range(14 * 720)
    ]
    advice = advise(tmp_path, asked(JOINED, 100) + often)
    assert not dynamic(advice)
    assert "refreshes a day)" in reasons(advice)


def test_without_a_load_in_sight_no_lag_is_made_up(tmp_path: Path) -> None:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "CUSTOMERS"}
    churn = [{"START_TIME": START, **place, "ROWS_ADDED": 5, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}]
    advice = advise(tmp_path, asked(JOINED) + loads(100_000), table_dml_history=churn)
    assert not dynamic(advice)
    assert "Nothing tells how often DB.PUBLIC.CUSTOMERS is loaded" in reasons(advice)


def test_a_source_with_a_policy_is_not_copied(tmp_path: Path) -> None:
    where = {"REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC", "REF_ENTITY_NAME": "CUSTOMERS"}
    policy = {**where, "POLICY_KIND": "ROW_ACCESS_POLICY", "REF_COLUMN_NAME": None}
    advice = advise(tmp_path, asked(JOINED) + loads(100_000), policy_references=[policy])
    assert not dynamic(advice)
    assert "a stored copy would show its rows as the owner sees them" in reasons(advice)


def test_over_a_source_that_a_job_makes_anew_it_would_stop_refreshing(tmp_path: Path) -> None:
    build = "CREATE OR REPLACE TABLE customers AS SELECT * FROM raw_customers"
    anew = [query(build, 1440 * i, QUERY_ID=f"c-{i}", QUERY_TYPE="CREATE_TABLE_AS_SELECT") for i in range(14)]
    advice = advise(tmp_path, asked(JOINED) + loads(100_000) + anew)
    assert not dynamic(advice)
    assert "a dynamic table over DB.PUBLIC.CUSTOMERS fails to refresh until somebody turns it on again" in reasons(
        advice
    )


@pytest.mark.parametrize("figures", [{"IS_HYBRID": "YES"}, {"IS_DYNAMIC": "YES"}, {"IS_ICEBERG": "YES"}])
def test_sources_that_are_no_plain_tables_need_checking(tmp_path: Path, figures: Row) -> None:
    advice = advise(tmp_path, asked(JOINED) + loads(100_000), {**ORDERS, **figures})
    assert not dynamic(advice)
    assert "needs checking" in reasons(advice)


def test_what_a_materialized_view_can_hold_gets_no_dynamic_table(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked("SELECT region, SUM(id) FROM orders GROUP BY region") + loads(100_000))
    assert [r.kind for r in advice.recommendations] == ["materialized_view"]
    assert not reasons(advice)


# ---------------------------------------------------------------- those in force

LEFT_ALONE = table("SALES_BY_DAY", ROW_COUNT=1000, BYTES=GB, IS_DYNAMIC="YES", CREATED=START - timedelta(days=400))
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC"}


def refreshed(count: int = 40, **more: Any) -> list[dict[str, Any]]:
    """As an account's own view has them, in the first days of the window; each names the query that ran it."""
    row = {**PLACE, "NAME": "SALES_BY_DAY", "STATE": "SUCCEEDED", "REFRESH_ACTION": "INCREMENTAL", **more}
    return [{**row, "REFRESH_START_TIME": START + timedelta(hours=i), "QUERY_ID": f"refresh-{i}"} for i in range(count)]


def refreshing(count: int = 40, seconds: float = 900.0) -> list[dict[str, Any]]:
    """What QUERY_HISTORY has of them."""
    ran: dict[str, Any] = {
        "QUERY_TYPE": "REFRESH_DYNAMIC_TABLE_AT_REFRESH_VERSION",
        "WAREHOUSE_SIZE": "Medium",
        "EXECUTION_TIME": seconds * 1000,
    }
    return [
        query("REFRESH", **{**ran, "QUERY_ID": f"refresh-{i}", "START_TIME": START + timedelta(hours=i)})
        for i in range(count)
    ]


def scans(days_ago: float | None) -> list[dict[str, Any]]:
    """A year of scans of another table, and one of this, so many days before the window's end."""
    other = [
        {**PLACE, "TABLE_NAME": "ORDERS", "START_TIME": START - timedelta(days=365), "END_TIME": START, "NUM_SCANS": 9}
    ]
    if days_ago is None:
        return other
    at = START + timedelta(days=28 - days_ago)
    return [*other, {**PLACE, "TABLE_NAME": "SALES_BY_DAY", "START_TIME": at, "END_TIME": at, "NUM_SCANS": 1}]


def over(name: str) -> list[dict[str, Any]]:
    place = {"REFERENCED_DATABASE": "DB", "REFERENCED_SCHEMA": "PUBLIC", "REFERENCED_OBJECT_NAME": name}
    return [{**place, "REFERENCING_OBJECT_NAME": "V", "DEPENDENCY_TYPE": "BY_NAME"}]


def in_force(
    folder: Path, history: list[dict[str, Any]] | None = None, dynamic_table: Row = LEFT_ALONE, **views: Any
) -> Advice:
    busy = runs(lambda i: "SELECT id FROM orders WHERE customer_id = 1", 28, 5, 5)
    views = {
        "dynamic_table_refresh_history": refreshed(),
        "object_dependencies": over("OTHER"),
        "table_pruning_history": scans(None),
        **views,
    }
    given = {view: rows for view, rows in views.items() if rows is not None}
    folder = write_snapshot(
        folder, busy + (refreshing() if history is None else history), [ORDERS, dynamic_table], **given
    )
    with open_snapshot(folder) as snapshot:
        return analyze(snapshot, Settings())


def test_a_dynamic_table_that_nothing_reads_is_suspended(tmp_path: Path) -> None:
    found = in_force(tmp_path / "in")
    (suspended,) = dynamic(found)
    assert (suspended.action, suspended.title) == (
        "disable",
        "Suspend the dynamic table DB.PUBLIC.SALES_BY_DAY, which nothing reads",
    )
    # 40 refreshes of a quarter of an hour on a medium warehouse
    net, days = (
        suspended.net_credits_per_month,
        (found.snapshot.window_end - found.snapshot.window_start).total_seconds() / 86400,
    )
    assert net.high == pytest.approx(40 * 0.25 * 4 * 30 / days)
    assert net.low == pytest.approx(net.high / 2)
    assert (
        "No scan of it is recorded since 2024-01-02 00:00 UTC, its own refreshes included, and no view is defined over it."
        in suspended.reason
    )
    assert "Its 40 refreshes that had something to do ran for 40 credits of warehouse time" in suspended.reason
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*dynamic_table*")
    assert "ALTER DYNAMIC TABLE DB.PUBLIC.SALES_BY_DAY SUSPEND;" in script.read_text()
    assert "-- ALTER DYNAMIC TABLE DB.PUBLIC.SALES_BY_DAY RESUME;" in script.read_text()
    assert "SELECT GET_DDL('DYNAMIC_TABLE', 'DB.PUBLIC.SALES_BY_DAY', TRUE) AS definition;" in script.read_text()


def test_a_read_of_long_ago_is_told(tmp_path: Path) -> None:
    (suspended,) = dynamic(in_force(tmp_path, table_pruning_history=scans(200)))
    assert "It was scanned last on " in suspended.reason


def test_what_a_collector_sums_says_the_same(tmp_path: Path) -> None:
    (raw,) = dynamic(in_force(tmp_path / "raw"))
    summed = refreshed(1, WAREHOUSE_SIZE="Medium", EXECUTION_MS=40 * 900_000, REFRESHES=40)
    (collected,) = dynamic(in_force(tmp_path / "sums", [], dynamic_table_refresh_history=summed))
    assert collected.id == raw.id
    assert "Its 40 refreshes that had something to do ran for 40 credits of warehouse time" in collected.reason


def test_refreshes_without_a_query_are_not_priced_and_said_to_be(tmp_path: Path) -> None:
    (suspended,) = dynamic(in_force(tmp_path, refreshing(30)))
    assert "ran for 30 credits of warehouse time" in suspended.reason
    assert "; 10 of them are not priced, since their query is not recorded. Suspended" in suspended.reason


def test_where_no_refresh_has_a_price_it_is_unknown_and_not_zero(tmp_path: Path) -> None:
    found = in_force(tmp_path, [])
    assert not dynamic(found)
    assert "Nothing reads it, and it was refreshed 40 times in" in reasons(found)
    assert "What that takes is unknown: the history holds no query of these refreshes" in reasons(found)


@pytest.mark.parametrize(
    "changed",
    [
        {"dynamic_table": {**LEFT_ALONE, "CREATED": START - timedelta(days=30)}},
        {"dynamic_table": {**LEFT_ALONE, "IS_DYNAMIC": "NO"}},
        {"dynamic_table_refresh_history": refreshed(9)},
        {"dynamic_table_refresh_history": refreshed(REFRESH_ACTION="NO_DATA")},
        {"object_dependencies": over("SALES_BY_DAY")},
        {"object_dependencies": None},
        {"table_pruning_history": scans(2)},
        {"table_pruning_history": scans(170)},
        {"table_pruning_history": None},
        {"history": [*refreshing(), query("SELECT views FROM sales_by_day")]},
        {"history": [*refreshing(), query("SELECT FROM WHERE sales_by_day ((")]},
    ],
    ids=[
        "young", "an ordinary table", "few refreshes", "nothing to do", "a view over it", "dependencies unknown",
        "another dynamic table reads it", "read some months ago", "scans unknown", "a template reads it", "a text that isn't understood",
    ],
)  # fmt: skip
def test_a_dynamic_table_that_may_be_read_is_left(tmp_path: Path, changed: dict[str, Any]) -> None:
    found = in_force(tmp_path, **changed)
    assert not dynamic(found)
    assert "Nothing reads it" not in reasons(found)
