"""Planted accounts whose queries hide a column from pruning, each with the advice it should get by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.model import Advice, Recommendation
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, by_week, columns, loads, runs
from tests.recommenders.test_materialized_view import KNOWN, PLACE
from tests.snapshots import Row, table, write_snapshot

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
    ],
)
def test_every_comparison_of_a_year_has_its_range(tmp_path: Path, condition: str, after: str) -> None:
    advice = advise(tmp_path, asked(f"SELECT id, name FROM orders WHERE {condition}") + IN_ORDER)
    (advised,) = rewrites(advice)
    assert after in str(advised.details["conditions"])


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
        ("SELECT o.id FROM orders o, customers c WHERE c.segment = 'A'", "a condition may be missing"),
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
        "SELECT id FROM orders WHERE DATE_TRUNC('month', day) = '2024-01-01'",
        "SELECT id FROM orders WHERE name LIKE '%son%'",
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
