"""Planted accounts whose look-ups a view of a table's rows serves, and the traps, each with the advice it should get by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlglot

from advisor.generator import generate
from advisor.model import Advice, Recommendation
from advisor.settings import Settings
from tests.recommenders.accounts import advise, columns, of, rejected, runs, times
from tests.snapshots import START, Row, table

TYPES = {"ID": "NUMBER", "TENANT": "NUMBER", "DAY": "DATE", "STATUS": "TEXT", "NAME": "TEXT", "CITY": "TEXT"}
MORE = {f"NOTE_{i}": "TEXT" for i in range(54)}
EVENTS = table("EVENTS", ROW_COUNT=2_000_000_000, BYTES=160 * 10**9)
EXTERNAL = {**EVENTS, "TABLE_TYPE": "EXTERNAL TABLE"}
"""Which can have no key."""
PLACE = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "EVENTS"}
DISTINCT = {"TENANT": (20_000, "1", "20000"), "DAY": (730, "2023-01-01", "2024-12-30"), "STATUS": (5, "a", "z")}
KNOWN = [
    {**PLACE, "COLUMN_NAME": name, "APPROX_DISTINCT": count, "MIN_VALUE": low, "MAX_VALUE": high, "NULL_SHARE": 0.0}
    for name, (count, low, high) in DISTINCT.items()
]
QUICK = Settings(proof_databases=60)
RECORD = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "EVENTS"}
GROWING = [{**RECORD, "START_TIME": START, "ROWS_ADDED": 28 * 100_000_000, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}]
"""In the order of the days, a twentieth a day: a key that isn't the day's is dear to keep on all columns."""


def asked(text: str, count: int, scanned: int, name: str, ms: int = 20_000) -> list[dict[str, Any]]:
    """`text` takes the number of its execution."""
    figures = {"PARTITIONS_SCANNED": scanned, "PARTITIONS_TOTAL": 10_000, "EXECUTION_TIME": ms}
    return runs(lambda i, _: text.format(i * 37 % 20_000), times(count), name, QUERY_PARAMETERIZED_HASH=name, **figures)


def days(count: int, name: str = "d") -> list[dict[str, Any]]:
    """Queries that the table's own order serves."""
    text = "SELECT status, COUNT(DISTINCT id) FROM events WHERE day = DATEADD('day', {}, '2024-12-01'::DATE) GROUP BY 1"
    figures = {"PARTITIONS_SCANNED": 14, "PARTITIONS_TOTAL": 10_000, "EXECUTION_TIME": 800}
    return runs(lambda i, _: text.format(i % 28), times(count), name, **figures)


LOOK_UP = "SELECT id, day FROM events WHERE tenant = {}"
SUMMED = "WITH t AS (SELECT id, day, status FROM events WHERE tenant = {}) SELECT day, COUNT(DISTINCT id) FROM t GROUP BY day"


def account(folder: Path, history: list[dict[str, Any]], events: Row = EXTERNAL, **views: Any) -> Advice:
    views = {
        "columns": columns("EVENTS", **TYPES, **MORE),
        "column_statistics": KNOWN,
        "table_dml_history": GROWING,
        **views,
    }
    return advise(folder, history, [events], QUICK, **views)


def views(advice: Advice) -> list[Recommendation]:
    return of(advice, "materialized_view")


def busy() -> list[dict[str, Any]]:
    """Two ways to one table: by day, which it is ordered by, and by tenant."""
    return days(500) + asked(LOOK_UP, 200, 10_000, "t") + asked(SUMMED, 100, 10_000, "s")


def test_look_ups_beside_the_tables_own_order_get_a_view_in_theirs(tmp_path: Path) -> None:
    advice = account(tmp_path / "in", busy())
    (view,) = views(advice)
    assert view.title == "Keep 4 columns of DB.PUBLIC.EVENTS in a materialized view clustered by (TENANT)"
    assert view.details["cluster_by"] == ["TENANT"]
    assert view.details["columns"] == ["DAY", "ID", "STATUS", "TENANT"]
    tree = sqlglot.parse_one(str(view.details["definition"]), read="snowflake")
    assert tree.sql("snowflake") == "SELECT DAY, ID, STATUS, TENANT FROM DB.PUBLIC.EVENTS"
    assert "ask 10.8 times a day for rows of DB.PUBLIC.EVENTS by TENANT, reading 10,000 of its 10,000" in view.reason
    assert "The view holds the 4 of its 60 columns that they use, in 667 partitions of its own order" in view.reason
    assert 5 < view.net_credits_per_month.expected < 7
    rewrites = view.details["rewrites"]
    assert isinstance(rewrites, list)
    assert [rewrite["query"].count("EVENTS_MV_") for rewrite in rewrites] == [1, 1]
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*materialized_view*")
    text = script.read_text()
    assert "(\n  DAY, ID, STATUS, TENANT\n)\nCLUSTER BY (TENANT)\nAS\nSELECT" in text


def test_a_narrow_copy_is_kept_in_order_for_less_than_a_wide_table_that_grows(tmp_path: Path) -> None:
    load = runs(lambda *_: "INSERT INTO events SELECT * FROM landed", times(28), "w", QUERY_TYPE="INSERT")
    advice = account(tmp_path, asked(LOOK_UP, 200, 10_000, "t") + load, EVENTS)
    assert [(r.kind, r.details.get("cluster_by")) for r in advice.recommendations] == [
        ("materialized_view", ["TENANT"])
    ]


CUSTOMERS = table("TENANTS", ROW_COUNT=20_000, BYTES=10**6)
TENANTS = columns("TENANTS", TENANT="NUMBER", SEGMENT="TEXT")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT t.segment, e.id FROM events e JOIN tenants t ON t.tenant = e.tenant WHERE e.tenant = {}",
        "SELECT x.id FROM (SELECT id, day FROM events WHERE tenant = {}) x WHERE x.day > '2024-01-01'",
        "SELECT * FROM events WHERE tenant = {}",
        "SELECT day, COUNT(DISTINCT id) FROM events WHERE tenant = {} GROUP BY day",
    ],
    ids=["join", "subquery", "all columns", "aggregation"],
)
def test_a_look_up_is_found_wherever_it_stands(tmp_path: Path, text: str) -> None:
    history = days(500) + asked(text, 900, 10_000, "t")
    known = {"columns": [*columns("EVENTS", **TYPES, **MORE), *TENANTS], "column_statistics": KNOWN}
    found = advise(tmp_path, history, [EXTERNAL, CUSTOMERS], QUICK, table_dml_history=GROWING, **known)
    (view,) = views(found)
    assert view.details["cluster_by"] == ["TENANT"]


def recorded(hash: str, rows: int, queries: int) -> list[Row]:
    """Every partition read, so many rows left each time."""
    figures = {"PARTITIONS_SCANNED": 10_000 * queries, "PARTITIONS_PRUNED": 0, "NUM_QUERIES": queries}
    left = {"ROWS_SCANNED": 2_000_000_000 * queries, "ROWS_MATCHED": rows * queries}
    return [{**RECORD, "INTERVAL_START_TIME": START, "QUERY_PARAMETERIZED_HASH": hash, **figures, **left}]


OPEN = "SELECT id, name FROM events WHERE status LIKE '%OPEN' AND city IS NOT NULL"
OF_A_CITY = "SELECT id, day FROM events WHERE status LIKE '%OPEN' AND city IS NOT NULL AND name LIKE '%{}'"


def test_the_few_rows_that_conditions_always_leave_are_kept_apart(tmp_path: Path) -> None:
    history = days(500) + asked(OPEN, 2000, 10_000, "o") + asked(OF_A_CITY, 1000, 10_000, "c")
    advice = account(tmp_path, history, table_query_pruning_history=recorded("o", 4_000_000, 2000))
    (view,) = views(advice)
    assert "CITY IS NULL" in str(view.details["definition"])
    assert "STATUS LIKE '%OPEN'" in str(view.details["definition"])
    assert view.details["columns"] == ["CITY", "DAY", "ID", "NAME", "STATUS"]
    assert view.details["cluster_by"] == []
    assert "they leave 0.2% of its rows, as the history records" in view.reason
    assert len(view.details["rewrites"]) == 2  # type: ignore[arg-type]


# ---------------------------------------------------------------- advice is not due


@pytest.mark.parametrize(
    ("left", "said"),
    [(None, ""), (1_500_000_000, "a month"), (200_000_000, "")],
    ids=["unrecorded", "most rows", "another template's"],
)
def test_rows_are_not_kept_apart_where_they_are_many_or_unknown(tmp_path: Path, left: int | None, said: str) -> None:
    history = asked(OPEN if left != 200_000_000 else OF_A_CITY, 2000, 10_000, "o")
    found: dict[str, Any] = {} if left is None else {"table_query_pruning_history": recorded("o", left, 2000)}
    advice = account(tmp_path, history, **found)
    assert not views(advice)
    assert said in rejected(advice, "materialized_view")


def test_a_key_that_serves_as_well_is_preferred_to_a_copy(tmp_path: Path) -> None:
    still = [{**row, "ROWS_ADDED": 0} for row in GROWING]
    for name, key in (("bare", None), ("keyed", "LINEAR(DAY)")):
        advice = account(tmp_path / name, busy(), {**EVENTS, "CLUSTERING_KEY": key}, table_dml_history=still)
        assert [r.kind for r in advice.recommendations] == ["clustering_key"]
        assert "and needs no second copy, which would net" in rejected(advice, "materialized_view")


def test_fewer_columns_alone_save_nothing(tmp_path: Path) -> None:
    history = asked("SELECT id, day FROM events WHERE name LIKE '%{}'", 2000, 10_000, "a")
    history += asked("SELECT id FROM events WHERE LENGTH(name) = {}", 2000, 10_000, "b")
    advice = account(tmp_path, history)
    assert not views(advice)
    assert (
        "Its queries use 3 of its 60 columns, but a view of those alone saves nothing: a micro-partition stores its columns apart"
        in rejected(advice, "materialized_view")
    )


def test_a_table_whose_rows_move_all_day_moves_them_in_a_second_order_too(tmp_path: Path) -> None:
    moving = [{**RECORD, "START_TIME": START, "ROWS_ADDED": 0, "ROWS_REMOVED": 0, "ROWS_UPDATED": 28 * 200_000}]
    advice = account(tmp_path, busy(), table_dml_history=moving)
    assert not views(advice)
    assert "refreshing it takes" in rejected(advice, "materialized_view")


def test_look_ups_that_read_little_get_no_view(tmp_path: Path) -> None:
    advice = account(tmp_path, days(500) + asked(LOOK_UP, 3000, 90, "t", 500))
    assert not views(advice)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"POLICY_KIND": "ROW_ACCESS_POLICY", "REF_COLUMN_NAME": None}, "It has a row access policy"),
        ({"POLICY_KIND": "MASKING_POLICY", "REF_COLUMN_NAME": "TENANT"}, "TENANT has a masking policy"),
        ({"POLICY_KIND": "MASKING_POLICY", "REF_COLUMN_NAME": "CITY"}, None),
    ],
)
def test_policies_forbid_a_projection_that_they_would_touch(tmp_path: Path, policy: Row, said: str | None) -> None:
    where = {"REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC", "REF_ENTITY_NAME": "EVENTS"}
    advice = account(tmp_path, busy(), policy_references=[{**where, **policy}])
    assert bool(views(advice)) == (said is None)
    assert said is None or said in rejected(advice, "materialized_view")
