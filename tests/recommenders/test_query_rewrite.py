"""Planted accounts whose queries hide a column from pruning, each with the advice it should get by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from advisor.analyzer import analyze
from advisor.blocks import study
from advisor.equality import Trial, difference
from advisor.generator import generate
from advisor.model import Advice, Recommendation, TableName
from advisor.rewrites import unwrap
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.usage.names import Directory, Session
from tests.recommenders import accounts
from tests.recommenders.test_clustering_key import ORDERS, by_week, columns, loads, runs
from tests.recommenders.test_materialized_view import KNOWN, PLACE
from tests.snapshots import START, Row, table, write_snapshot

CUSTOMERS = [{**PLACE, "TABLE_NAME": "CUSTOMERS", "COLUMN_NAME": "SEGMENT", "DATA_TYPE": "TEXT", "ORDINAL_POSITION": 1}]


def advise(folder: Path, history: list[dict[str, Any]], orders: Row = ORDERS, **views: Any) -> Advice:
    views = {"columns": [*columns("ORDERS"), *CUSTOMERS], "column_statistics": KNOWN, **views}
    tables = [orders, table("CUSTOMERS", BYTES=10**6)]
    with open_snapshot(write_snapshot(folder, history, tables, **views), Settings()) as snapshot:
        return analyze(snapshot, Settings())


def rewrites(advice: Advice) -> list[Recommendation]:
    return [r for r in advice.recommendations if r.kind == "query_rewrite"]


def reasons(advice: Advice) -> str:
    return " ".join(r.reason for r in advice.rejections if r.kind == "query_rewrite")


def asked(text: str, times: int = 400, scanned: int = 2000) -> list[dict[str, Any]]:
    return runs(lambda i: text, times, scanned, start=1)


IN_ORDER = runs(by_week, 400, 40) + loads(1000)
"""The table lies by day: a week's range reads 40 of its 2,000 partitions."""


def test_a_year_is_asked_by_range_where_the_rows_lie_by_day(tmp_path: Path) -> None:
    advice = advise(tmp_path / "in", asked("SELECT id, name FROM orders WHERE YEAR(day) = 2023") + IN_ORDER)
    (advised,) = rewrites(advice)
    assert advised.action == "rewrite"
    assert advised.target.type == "query"
    assert advised.details["tables"] == ["DB.PUBLIC.ORDERS"]
    assert advised.details["conditions"] == [
        {"before": "YEAR(DAY) = 2023", "after": "DAY >= '2023-01-01' AND DAY < '2024-01-01'"}
    ]
    assert advised.net_credits_per_month.low > 0
    assert "reads 2,000 of 2,000 micro-partitions each time" in advised.reason
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*query_rewrite*")
    assert "-- ask        DAY >= '2023-01-01' AND DAY < '2024-01-01'" in script.read_text()


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ("YEAR(day) >= 2024", "DAY >= '2024-01-01'"),
        ("YEAR(day) > 2023", "DAY >= '2024-01-01'"),
        ("YEAR(day) < 2024", "DAY < '2024-01-01'"),
        ("YEAR(day) <= 2023", "DAY < '2024-01-01'"),
        ("EXTRACT(YEAR FROM day) = 2024", "DAY >= '2024-01-01' AND DAY < '2025-01-01'"),
        ("TO_CHAR(day, 'YYYY-MM') = '2024-03'", "DAY >= '2024-03-01' AND DAY < '2024-04-01'"),
        ("DATEDIFF('day', day, CURRENT_DATE()) <= 30", "DAY >= DATEADD('DAY', -30, CURRENT_DATE)"),
    ],
)
def test_what_a_column_is_made_into_has_its_range(tmp_path: Path, condition: str, after: str) -> None:
    advice = advise(tmp_path, asked(f"SELECT id, name FROM orders WHERE {condition}") + IN_ORDER)
    (advised,) = rewrites(advice)
    assert after in str(advised.details["conditions"])


@pytest.mark.parametrize(("scanned", "times"), [(2000, 1), (170, 0)], ids=["the scans show that it doesn't", "it does"])
def test_a_truncated_date_is_left_alone_where_it_prunes(tmp_path: Path, scanned: int, times: int) -> None:
    text = "SELECT * FROM orders WHERE DATE_TRUNC('month', day) = '2024-01-01'"
    advice = advise(tmp_path, asked(text, scanned=scanned) + IN_ORDER)
    conditions = [
        {"before": "DATE_TRUNC('MONTH', DAY) = '2024-01-01'", "after": "DAY >= '2024-01-01' AND DAY < '2024-02-01'"}
    ]
    assert [found.details["conditions"] for found in rewrites(advice)] == [conditions] * times
    said = "which usually prunes and by its scans doesn't, though the rows lie in that order, and reads 2,000 of 2,000"
    assert all(said in found.reason for found in rewrites(advice))
    assert not reasons(advice)


def test_a_saving_is_the_samples_mean_and_not_the_representative_s(tmp_path: Path) -> None:
    """Half of the executions ask for a day, half for ten years."""

    def days(i: int) -> str:
        return f"SELECT id FROM orders WHERE DATEDIFF('day', day, '2025-01-01') < {3650 if i % 2 else 1}"

    (advised,) = rewrites(advise(tmp_path, runs(days, 400, 2000, start=1) + IN_ORDER))
    (evidence,) = advised.templates
    assert evidence.after is not None
    assert 0.3 < evidence.after < 0.7


def test_rows_in_no_such_order_gain_nothing_by_a_range(tmp_path: Path) -> None:
    scattered = runs(by_week, 400, 1990) + loads(1000)
    advice = advise(tmp_path, asked("SELECT id, name FROM orders WHERE YEAR(day) = 2023") + scattered)
    assert not rewrites(advice)
    assert "no fewer than" in reasons(advice)


def test_without_sight_of_the_rows_order_no_saving_is_claimed(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked("SELECT id, name FROM orders WHERE YEAR(day) = 2023") + loads(1000))
    assert not rewrites(advice)
    assert "For review: DAY >= '2023-01-01' AND DAY < '2024-01-01' asks the same as YEAR(DAY) = 2023" in reasons(advice)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT id FROM orders WHERE name LIKE '%son'", "NAME LIKE '%son' begins with a wildcard"),
        ("SELECT id FROM orders WHERE name = 5", "NAME = 5 compares text with a number"),
        ("SELECT id FROM orders WHERE TO_DATE(name) = '2024-01-01'", "reads text as a date for every row"),
        ("SELECT id FROM orders WHERE name IN (5, 6)", "NAME IN (5, 6) compares text with a number"),
        ("SELECT id FROM orders WHERE name >= CURRENT_DATE() - 7", "compares text with a date"),
        ("SELECT id FROM orders WHERE TO_NUMBER(name) = 5", "reads text as a number for every row"),
        ("SELECT id FROM orders WHERE day LIKE '2024-01%'", "reads each row's date as text, which skips no partition"),
        ("SELECT id FROM orders WHERE id::VARCHAR = '5'", "reads each row's number as text"),
        ("SELECT o.id FROM orders o, customers c WHERE c.segment = 'A'", "a condition may be missing"),
        (
            "SELECT o.id FROM orders o, orders p, customers c WHERE o.region = p.region AND c.segment = 'A'",
            "joins every row of one side with every row of C: a condition may be missing",
        ),
        (
            "SELECT 'low' AS k, MIN(id) FROM orders UNION SELECT 'high', MAX(id) FROM orders",
            "UNION returned the same as UNION ALL",
        ),
    ],
)
def test_what_hangs_on_what_was_meant_is_for_review_and_saves_nothing(tmp_path: Path, text: str, said: str) -> None:
    advice = advise(tmp_path, asked(text) + IN_ORDER)
    assert not rewrites(advice)
    assert said in reasons(advice)
    assert "For review: " in reasons(advice)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, name FROM orders WHERE day >= '2023-01-01' AND day < '2024-01-01'",
        "SELECT id FROM orders WHERE DATE_TRUNC('week', day) = '2024-01-01'",
        "SELECT id FROM orders WHERE TO_CHAR(day, 'YYYY-MM') = '2024-1'",
        "SELECT id FROM orders WHERE id = '5' AND name = '5' AND day = '2024-01-05'",
        "SELECT id FROM orders WHERE name LIKE '%son%'",
        "SELECT o.id FROM orders o CROSS JOIN customers c",
        "SELECT id FROM orders o JOIN customers c ON c.segment = o.region",
    ],
)
def test_queries_that_are_well_as_they_are_are_left_alone(tmp_path: Path, text: str) -> None:
    advice = advise(tmp_path, asked(text) + IN_ORDER)
    assert not rewrites(advice)
    assert not reasons(advice)


def test_a_union_that_does_drop_duplicates_is_left_alone(tmp_path: Path) -> None:
    advice = advise(tmp_path, asked("SELECT region FROM orders UNION SELECT name FROM orders") + IN_ORDER)
    assert "UNION" not in reasons(advice)


WIDE = [f"C{i}" for i in range(60)]


@pytest.mark.parametrize(
    ("text", "others", "said"),
    [
        ("SELECT * FROM orders", ["id", "name"], True),
        ("SELECT * FROM orders LIMIT 100", ["id", "name"], False),
        ("SELECT * EXCLUDE (c1) FROM orders", ["id", "name"], False),
        ("SELECT o.* FROM (SELECT * FROM orders) o WHERE o.id = 5", ["id", "name"], False),
        ("SELECT * FROM orders", WIDE, False),
    ],
    ids=["few used", "a look at some", "some left out", "within another query", "most used"],
)
def test_every_column_of_a_wide_table_is_asked_for_where_few_are_used(
    tmp_path: Path, text: str, others: list[str], said: bool
) -> None:
    named = runs(lambda i: f"SELECT {', '.join(others)} FROM orders WHERE day = '2024-01-05'", 400, 40)
    kinds = {"ID": "NUMBER", "NAME": "TEXT", "DAY": "DATE", **dict.fromkeys(WIDE, "TEXT")}
    found = advise(tmp_path, asked(text) + named + loads(1000), columns=accounts.columns("ORDERS", **kinds))
    wanted = (
        "For review: SELECT * returns all 63 columns of DB.PUBLIC.ORDERS, of which the window's other queries use 3: name those "
        "that are read."
    )
    assert reasons(found) == (wanted if said else "")


@pytest.mark.parametrize(
    ("by", "filled", "said"),
    [
        ("day DESC", "YES", True),
        ("day DESC", None, True),
        ("day NULLS FIRST", "YES", True),
        ("day DESC NULLS LAST", "YES", False),
        ("day DESC", "NO", False),
        ("day", "YES", False),
        ("YEAR(day) DESC", "YES", False),
        ("day:since DESC", "YES", False),
        ("place DESC", "YES", False),
    ],
)
def test_a_top_k_that_rows_without_a_value_keep_from_skipping_is_told(
    tmp_path: Path, by: str, filled: str | None, said: bool
) -> None:
    columns = [each | {"IS_NULLABLE": filled} for each in accounts.columns("ORDERS", ID="NUMBER", DAY="DATE")]
    found = advise(tmp_path, asked(f"SELECT id FROM orders ORDER BY {by} LIMIT 10") + IN_ORDER, columns=columns)
    wanted = (
        f"For review: ORDER BY DAY{' DESC' if 'DESC' in by else ''} LIMIT 10 puts rows without a value first, so Snowflake skips partitions "
        "for the LIMIT only if the column is declared NOT NULL, which the catalog doesn't say: with NULLS LAST it can, and where no row "
        "lacks a value the answer is the same."
    )
    assert reasons(found) == (wanted if said else "")


@pytest.mark.parametrize(
    ("insight", "said"),
    [("QUERY_INSIGHT_EXPLODING_JOIN", True), ("QUERY_INSIGHT_FILTER_WITH_CLUSTERING_KEY", False)],
)
def test_a_join_that_snowflake_remarks_on_is_told(tmp_path: Path, insight: str, said: bool) -> None:
    joined = runs(lambda i: "SELECT o.id FROM orders o JOIN customers c ON c.segment = o.region", 400, 2000, start=1)
    for row in joined:
        row["QUERY_PARAMETERIZED_HASH"] = "ab"
    remark = {"QUERY_PARAMETERIZED_HASH": "ab", "INSIGHT_TYPE_ID": insight, "IS_OPPORTUNITY": True, "QUERY_ID": "q"}
    found = advise(tmp_path, joined + IN_ORDER, query_insights=[{**remark, "START_TIME": START, "QUERIES": 12}])
    wanted = (
        "For review: a join that Snowflake remarks on in 12 executions gives many more rows than it reads: a condition may be missing, or a "
        "key may repeat on both sides."
    )
    assert reasons(found) == (wanted if said else "")


# ---------------------------------------------------------------- conditions and their ranges, run beside each other

PLANTED = TableName("DB", "PUBLIC", "T")
HERE = Session(Directory({PLANTED: (("ID", "NUMBER"), ("D", "DATE"), ("TS", "TIMESTAMP_NTZ"), ("LTZ", "TIMESTAMP_LTZ"))}, {}), "DB", "PUBLIC")  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ("2023 <= YEAR(d)", "D >= '2023-01-01'"),
        ("YEAR(d) IN (2023, 2022)", "D >= '2022-01-01' AND D < '2024-01-01'"),
        ("YEAR(d) = 2023 AND MONTH(d) = 12", "D >= '2023-12-01' AND D < '2024-01-01'"),
        (
            "YEAR(d) = YEAR(CURRENT_DATE()) - 1",
            "D >= DATEADD('YEAR', -1, DATE_TRUNC('YEAR', CURRENT_DATE)) AND D < DATE_TRUNC('YEAR', CURRENT_DATE)",
        ),
        ("DATE_TRUNC('month', ts) >= '2024-01-02'", "TS >= '2024-02-01'"),
        ("DATE_TRUNC('month', ts) < '2024-01-02'", "TS < '2024-02-01'"),
        ("DATE_TRUNC('quarter', d) BETWEEN '2024-01-01' AND '2024-04-01'", "D >= '2024-01-01' AND D < '2024-07-01'"),
        (
            "DATE_TRUNC('hour', ts) = '2024-01-01 05:00:00'",
            "TS >= '2024-01-01 05:00:00' AND TS < '2024-01-01 06:00:00'",
        ),
        ("ts::DATE = CURRENT_DATE()", "TS >= CURRENT_DATE AND TS < DATEADD('DAY', 1, CURRENT_DATE)"),
        ("TO_VARCHAR(d, 'YYYYMM') BETWEEN '202301' AND '202306'", "D >= '2023-01-01' AND D < '2023-07-01'"),
        (
            "DATEDIFF('month', ts, CURRENT_TIMESTAMP()) < 3",
            "TS >= DATEADD('MONTH', -2, DATE_TRUNC('MONTH', CURRENT_DATE))",
        ),
        ("DATEDIFF('day', '2024-01-05', ts) = 0", "TS >= '2024-01-05' AND TS < '2024-01-06'"),
    ],
)
def test_a_range_returns_what_the_condition_did_on_200_databases(condition: str, after: str) -> None:
    query = f"SELECT id, d FROM t WHERE {condition}"
    statement = study(query, HERE)
    assert statement is not None
    (found,) = unwrap(statement, HERE, frozenset({PLANTED}))
    assert found.after == after
    original = sqlglot.parse_one(query, read="snowflake")
    assert difference(Trial(original, statement.tree, {}, HERE, datetime(2024, 5, 17, 13)), Settings()) is None


@pytest.mark.parametrize(
    "condition",
    [
        "YEAR(d) IN (2023, 2021)",
        "YEAR(d) <> 2023",
        "YEAR(ltz) = 2023",
        "DATE_TRUNC('month', ts) = '2024-01-02'",
        "DATE_TRUNC('week', ts) = '2024-01-01'",
        "DATE_TRUNC('hour', d) = '2024-01-01'",
        "TO_CHAR(d, 'DD.MM.YYYY') = '05.01.2024'",
        "TO_CHAR(d, 'YYYY-MM') < '2024-01-05'",
        "TO_DATE(ts) = '9999-12-31'",
        "DATEDIFF('hour', ts, CURRENT_TIMESTAMP()) < 3",
        "DATEDIFF('day', d, ts) < 3",
        "MONTH(d) = 12",
    ],
)
def test_a_condition_that_is_no_range_is_left_as_it_is(condition: str) -> None:
    statement = study(f"SELECT id FROM t WHERE {condition}", HERE)
    assert statement is not None
    assert unwrap(statement, HERE, frozenset({PLANTED})) == ()


def test_a_truncated_date_is_not_touched_on_a_table_whose_scans_are_well() -> None:
    statement = study("SELECT id FROM t WHERE DATE_TRUNC('month', ts) = '2024-01-01' AND ts::DATE > '2023-01-01'", HERE)
    assert statement is not None
    assert unwrap(statement, HERE, frozenset()) == ()
