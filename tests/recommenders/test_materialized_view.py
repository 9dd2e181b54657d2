"""Planted accounts with repeated aggregations, each with the advice it should get by hand, from the files to the sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
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
from tests.recommenders.test_clustering_key import FIRST_DAY, ORDERS, columns, loads, runs
from tests.snapshots import START, Row, query, table, write_snapshot

PLACE = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS"}


def statistics(**distinct: int) -> list[dict[str, Any]]:
    ends = {"DAY": ("2023-01-01", "2024-12-31"), "REGION": ("AFRICA", "EUROPE"), "NAME": ("a", "z")}
    return [
        {**PLACE, "COLUMN_NAME": name, "APPROX_DISTINCT": count, "NULL_SHARE": 0.0, "SAMPLED_ROWS": 100_000}
        | dict(zip(("MIN_VALUE", "MAX_VALUE"), ends.get(name, ("1", "1000000")), strict=True))
        for name, count in distinct.items()
    ]


KNOWN = statistics(DAY=731, REGION=5, CUSTOMER_ID=1_000_000, NAME=50_000_000, ID=400_000_000)


def advise(folder: Path, history: list[dict[str, Any]], orders: Row = ORDERS, **views: Any) -> Advice:
    views = {"columns": columns("ORDERS"), "column_statistics": KNOWN, **views}
    with open_snapshot(write_snapshot(folder, history, [orders, table("STAGING")], **views), Settings()) as snapshot:
        return analyze(snapshot, Settings())


def views(advice: Advice) -> list[Recommendation]:
    return [r for r in advice.recommendations if r.kind == "materialized_view"]


def reasons(advice: Advice) -> str:
    return " ".join(r.reason for r in advice.rejections if r.kind == "materialized_view")


def by_region(i: int) -> str:
    low = FIRST_DAY + timedelta(days=i * 37 % 360)
    return f"SELECT region, SUM(id), AVG(customer_id) FROM orders WHERE day >= '{low}' GROUP BY region"


def of_a_region(i: int) -> str:
    region = ("EUROPE", "ASIA", "AFRICA")[i % 3]
    return f"SELECT day AS d, COUNT(*) FROM orders o WHERE o.region = '{region}' GROUP BY 1 ORDER BY d"


def asked(text: Callable[[int], str], times: int = 400, scanned: int = 2000, start: int = 0) -> list[dict[str, Any]]:
    return runs(text, times, scanned, start=start)


# ---------------------------------------------------------------- advice is due


def test_two_questions_share_one_view_of_their_keys_and_aggregates(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked(by_region) + asked(of_a_region, start=7) + loads(100_000))
    (view,) = views(advice)
    assert view.details["keys"] == ["DAY", "REGION"]
    assert view.details["aggregates"] == ["COUNT(*)", "COUNT(CUSTOMER_ID)", "SUM(CUSTOMER_ID)", "SUM(ID)"]
    assert view.details["tables"] == ["DB.PUBLIC.ORDERS"]
    assert view.target.type == "materialized_view"
    assert view.target.name.startswith("ORDERS_MV_")
    assert view.edition == "enterprise"
    assert view.net_credits_per_month.low > 0
    assert (
        "2 query templates ask 28.9 times a day for groups of the 400,000,000 rows of DB.PUBLIC.ORDERS" in view.reason
    )
    rewrites = view.details["rewrites"]
    assert isinstance(rewrites, list)
    assert len(rewrites) == 2
    assert all("ORDERS_MV_" in rewrite["query"] for rewrite in rewrites)


def test_the_definition_groups_the_one_table_by_its_keys(tmp_path: Path) -> None:
    (view,) = views(advise(tmp_path, asked(by_region) + loads(100_000)))
    tree = sqlglot.parse_one(str(view.details["definition"]), read="snowflake")
    assert isinstance(tree, exp.Select)
    assert tree.sql("snowflake") == (
        "SELECT DAY, REGION, COUNT(CUSTOMER_ID) AS COUNT_CUSTOMER_ID, SUM(CUSTOMER_ID) AS SUM_CUSTOMER_ID, SUM(ID) AS SUM_ID"
        " FROM DB.PUBLIC.ORDERS GROUP BY DAY, REGION"
    )


@pytest.mark.parametrize(
    "text",
    [
        "WITH s AS (SELECT region, SUM(id) AS ids FROM orders GROUP BY region) SELECT * FROM s WHERE ids > {}",
        "SELECT * FROM (SELECT region, SUM(id) AS ids FROM orders GROUP BY ALL) WHERE ids > {}",
        "SELECT s.name, t.ids FROM staging s JOIN (SELECT region, SUM(id) ids FROM orders GROUP BY 1) t ON t.region = s.name AND ids > {}",
        "SELECT region, MAX(id) FROM orders GROUP BY region UNION ALL SELECT 'x', {}",
    ],
    ids=["CTE", "subquery", "join", "union"],
)
def test_an_aggregation_is_found_wherever_it_stands(tmp_path: Path, text: str) -> None:
    advice = advise(
        tmp_path,
        asked(lambda i: text.format(i)) + loads(100_000),
        columns=[
            *columns("ORDERS"),
            {**PLACE, "TABLE_NAME": "STAGING", "COLUMN_NAME": "NAME", "DATA_TYPE": "TEXT", "ORDINAL_POSITION": 1},
        ],
    )
    (view,) = views(advice)
    assert view.details["keys"] == ["REGION"]


def test_a_filter_that_never_changes_stays_in_the_view(tmp_path: Path) -> None:
    text = "SELECT day, COUNT(*) FROM orders WHERE id % 7 = 3 GROUP BY day"
    (view,) = views(advise(tmp_path, asked(lambda i: text) + loads(100_000)))
    assert view.details["keys"] == ["DAY"]
    assert "ID % 7 = 3" in str(view.details["definition"])


def test_the_output_folder_holds_a_script_of_the_view(tmp_path: Path) -> None:
    advice = advise(tmp_path / "in", asked(by_region) + loads(100_000))
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*materialized_view*")
    assert "CREATE MATERIALIZED VIEW IF NOT EXISTS DB.PUBLIC.ORDERS_MV_" in script.read_text()


# ---------------------------------------------------------------- advice is not due


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT name, SUM(id) FROM orders GROUP BY name", "reading it instead saves too little"),
        (
            "SELECT region, COUNT(DISTINCT customer_id) FROM orders GROUP BY region",
            "can't hold COUNT(DISTINCT CUSTOMER_ID)",
        ),
        ("SELECT region, MEDIAN(id) FROM orders GROUP BY region", "can't hold MEDIAN(ID)"),
        ("SELECT region, SUM(id) FROM orders GROUP BY ROLLUP (region)", "groups by ROLLUP"),
        ("SELECT region, SUM(score(id)) FROM orders GROUP BY region", "SCORE(ID) is not certain to be allowed"),
        ("SELECT TO_CHAR(day, 'YYYY') y, SUM(id) FROM orders GROUP BY 1", "is not certain to be allowed"),
        ("SELECT DATE_TRUNC('week', day) y, SUM(id) FROM orders GROUP BY 1", "hangs on the session's WEEK_START"),
        ("SELECT region, SUM(IFF(day > '2024-05-01', id, 0)) FROM orders GROUP BY region", "the session's date format"),
    ],
)
def test_what_a_view_may_not_hold_or_would_not_shrink_is_named(tmp_path: Path, text: str, said: str) -> None:
    advice = advise(tmp_path, asked(lambda i: text) + loads(100_000))
    assert not views(advice)
    assert said in reasons(advice)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"IS_HYBRID": "YES"}, "no materialized view on hybrid tables"),
        ({"IS_DYNAMIC": "YES"}, "no materialized view on dynamic tables"),
        ({"TABLE_TYPE": "TEMPORARY TABLE"}, "no materialized view on temporary tables"),
        ({"IS_ICEBERG": "YES"}, "needs checking"),
    ],
)
def test_tables_that_cannot_have_one_are_refused(tmp_path: Path, figures: Row, said: str) -> None:
    advice = advise(tmp_path, asked(by_region) + loads(100_000), {**ORDERS, **figures})
    assert not views(advice)
    assert said in reasons(advice)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"POLICY_KIND": "ROW_ACCESS_POLICY", "REF_COLUMN_NAME": None}, "It has a row access policy"),
        ({"POLICY_KIND": "MASKING_POLICY", "REF_COLUMN_NAME": "CUSTOMER_ID"}, "CUSTOMER_ID has a masking policy"),
        ({"POLICY_KIND": "MASKING_POLICY", "REF_COLUMN_NAME": "NAME"}, None),
    ],
)
def test_policies_forbid_a_view_that_they_would_touch(tmp_path: Path, policy: Row, said: str | None) -> None:
    where = {"REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC", "REF_ENTITY_NAME": "ORDERS"}
    advice = advise(tmp_path, asked(by_region) + loads(100_000), policy_references=[{**where, **policy}])
    assert bool(views(advice)) == (said is None)
    assert said is None or said in reasons(advice)
    assert not any("policy_references" in warning for view in views(advice) for warning in view.warnings)


def test_a_table_that_a_job_recreates_gets_no_view(tmp_path: Path) -> None:
    build = "CREATE OR REPLACE TABLE orders AS SELECT * FROM staging"
    rebuilt = [query(build, i * 1440, QUERY_ID=f"c-{i}", QUERY_TYPE="CREATE_TABLE_AS_SELECT") for i in range(28)]
    advice = advise(tmp_path, asked(by_region) + rebuilt)
    assert not views(advice)
    assert "A job recreates it" in reasons(advice)


def test_a_table_rewritten_all_day_costs_more_to_refresh_than_it_saves(tmp_path: Path) -> None:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    start = date(2025, 1, 1)
    churn = [
        {
            "START_TIME": start + timedelta(days=i),
            **place,
            "ROWS_ADDED": 10**8,
            "ROWS_REMOVED": 10**8,
            "ROWS_UPDATED": 10**8,
        }
        for i in range(28)
    ]
    advice = advise(tmp_path, asked(by_region, 40), table_dml_history=churn)
    assert not views(advice)
    assert "of its rows are written a day" in reasons(advice)


def test_a_group_of_unknown_size_is_not_guessed(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked(by_region) + loads(100_000), column_statistics=statistics(DAY=731))
    assert not views(advice)
    assert "Nothing tells how many values REGION has" in reasons(advice)


def test_an_aggregation_that_reads_little_gets_no_view(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked(by_region, 4000, 100) + loads(100_000))
    assert not views(advice)
    assert "read 100 of 2,000 micro-partitions already" in reasons(advice)


def test_a_small_table_gets_no_view(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_region, 400, 60, 60) + loads(100_000))
    assert not views(advice)
    assert not reasons(advice)


def test_an_aggregation_in_a_cte_that_nobody_reads_is_no_candidate(tmp_path: Path) -> None:
    text = (
        "WITH unread AS (SELECT region, SUM(id) FROM orders GROUP BY region) SELECT COUNT(*) FROM staging WHERE id > {}"
    )
    other = {**PLACE, "TABLE_NAME": "STAGING", "COLUMN_NAME": "ID", "DATA_TYPE": "NUMBER", "ORDINAL_POSITION": 1}
    advice = advise(tmp_path, asked(lambda i: text.format(i)) + loads(100_000), columns=[*columns("ORDERS"), other])
    assert not views(advice)


# ---------------------------------------------------------------- in force

STANDING = table("ORDERS_BY_REGION", TABLE_TYPE="MATERIALIZED VIEW", ROW_COUNT=5, BYTES=1000)
TEXT = (
    "create or replace materialized view orders_by_region as select region, sum(id) as ids from orders group by region"
)


def standing(
    folder: Path, history: list[dict[str, Any]], credits: float, text: str = TEXT, base: dict[str, Any] = ORDERS
) -> list[Recommendation]:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS_BY_REGION"}
    shape: dict[str, Any] = {
        "columns": columns("ORDERS"),
        "column_statistics": KNOWN,
        "materialized_view_refresh_history": [{"START_TIME": START, "CREDITS_USED": credits, **place}],
        "views": [{**PLACE, "TABLE_NAME": "ORDERS_BY_REGION", "VIEW_DEFINITION": text}],
    }
    tables = [base, table("STAGING"), STANDING]
    with open_snapshot(write_snapshot(folder / "in", history, tables, **shape), Settings()) as snapshot:
        advice = analyze(snapshot, Settings())
    generate(advice, folder / "out")
    return [r for r in views(advice) if r.action == "drop"]


def test_a_view_that_took_more_than_all_that_queries_were_spared_is_dropped(tmp_path: Path) -> None:
    (drop,) = standing(tmp_path, asked(of_a_region, 40, 1990) + loads(100_000), 90.0)
    assert (drop.grade, str(drop.target)) == ("observed", "DB.PUBLIC.ORDERS_BY_REGION")
    assert "Refreshing it took 90 credits in 27.3 days." in drop.reason
    assert "All partitions of DB.PUBLIC.ORDERS that the queries of that time did not read" in drop.reason
    (script,) = (tmp_path / "out" / "scripts").glob("*ORDERS_BY_REGION*")
    assert "\nDROP MATERIALIZED VIEW IF EXISTS DB.PUBLIC.ORDERS_BY_REGION;" in script.read_text()
    assert "-- CREATE MATERIALIZED VIEW DB.PUBLIC.ORDERS_BY_REGION AS" in script.read_text()


def test_what_creates_a_dropped_view_anew_keeps_all_but_what_needs_the_view_to_be_there(tmp_path: Path) -> None:
    text = TEXT.replace("materialized view orders_by_region", "secure materialized view orders_by_region copy grants")
    (drop,) = standing(tmp_path, asked(of_a_region, 40, 1990) + loads(100_000), 90.0, text)
    definition = " ".join(str(drop.details["definition"]).split())
    assert definition.startswith("CREATE SECURE MATERIALIZED VIEW DB.PUBLIC.ORDERS_BY_REGION AS SELECT")
    (script,) = (tmp_path / "out" / "scripts").glob("*ORDERS_BY_REGION*")
    assert "COPY GRANTS" not in script.read_text()


def test_no_view_is_advised_where_one_that_the_same_writes_refresh_takes_more_than_it_would_save(
    tmp_path: Path,
) -> None:
    history = asked(of_a_region, 40, 1990) + loads(100_000)
    for credits, advised in ((90.0, False), (0.5, True)):
        standing(tmp_path / str(credits), history, credits)
        with open_snapshot(tmp_path / str(credits) / "in", Settings()) as snapshot:
            found = analyze(snapshot, Settings())
        assert any(r.action == "create" for r in views(found)) == advised
        said = "but those of DB.PUBLIC.ORDERS_BY_REGION, which the same writes refresh, took 98.9."
        assert (said in " ".join(r.reason for r in found.rejections)) != advised


@pytest.mark.parametrize(
    ("history", "credits", "text"),
    [
        (asked(of_a_region, 4000, 20) + loads(100_000), 9.0, TEXT),
        (asked(of_a_region, 40, 1990) + loads(100_000) + [query("SELECT FROM orders WHERE (", 77)], 90.0, TEXT),
        (asked(of_a_region, 40, 1990) + loads(100_000), 0.0, TEXT),
        (asked(of_a_region, 40, 1990) + loads(100_000), 90.0, "as it was"),
    ],
    ids=["may be what spares them", "a query that isn't understood", "no bill", "no definition"],
)
def test_a_view_that_may_pay_or_of_unknown_use_is_kept(
    tmp_path: Path, history: list[dict[str, Any]], credits: float, text: str
) -> None:
    assert standing(tmp_path, history, credits, text) == []


def test_a_view_over_a_table_of_unknown_size_is_kept_while_it_is_read(tmp_path: Path) -> None:
    sizeless = {**ORDERS, "BYTES": None}
    unseen = [{**row, "PARTITIONS_TOTAL": None, "PARTITIONS_SCANNED": None} for row in asked(of_a_region, 40, 1990)]
    assert standing(tmp_path / "read", unseen, 90.0, base=sizeless) == []
    elsewhere = asked(lambda i: f"SELECT COUNT(*) FROM staging WHERE id > {i}")
    (drop,) = standing(tmp_path / "unread", elsewhere + loads(100_000), 90.0, base=sizeless)
    assert "worth 0 credits at most" in drop.reason
