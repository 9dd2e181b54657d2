"""What is asked for beyond a column's ends: no row matches it, and no partition is read for it, whatever the key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.account import read_account
from advisor.model import KeyPart
from advisor.profile import TableProfile
from advisor.pruning import predict_questions
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import FIRST_DAY, ORDERS, columns, runs
from tests.snapshots import START, Row, write_snapshot

ROWS = int(ORDERS["ROW_COUNT"])
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
KEY = (KeyPart("DAY"),)


def ends(column: str, low: object, high: object, distinct: float, seen: int | None = ROWS) -> Row:
    name = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS", "COLUMN_NAME": column}
    of_all = {"APPROX_DISTINCT": distinct, "NULL_SHARE": 0.0, "SAMPLED_ROWS": seen}
    return {**name, **of_all, "MIN_VALUE": str(low), "MAX_VALUE": str(high)}


DAYS = ends("DAY", FIRST_DAY, FIRST_DAY + timedelta(days=364), 365)


def asked(folder: Path, conditions: Sequence[str], *statistics: Row, matched: int | None = None) -> TableProfile:
    """ORDERS as queries for each of the conditions in turn ask for it, which match so many rows on average."""
    text = "SELECT SUM(id) FROM orders WHERE "
    history = runs(lambda i: text + conditions[i % len(conditions)], 28, 1000, QUERY_PARAMETERIZED_HASH="h")
    views: dict[str, Any] = {"columns": columns("ORDERS"), "column_statistics": list(statistics)}
    if matched is not None:
        scans = {"PARTITIONS_SCANNED": 28_000, "PARTITIONS_PRUNED": 28_000, "ROWS_SCANNED": 14 * ROWS}
        views["table_query_pruning_history"] = [
            {**PLACE, **scans, "QUERY_PARAMETERIZED_HASH": "h", "INTERVAL_START_TIME": START, "NUM_QUERIES": 28}
            | {"ROWS_MATCHED": 28 * matched}
        ]
    with open_snapshot(write_snapshot(folder, history, [ORDERS], **views)) as snapshot:
        [profile] = read_account(snapshot, Settings(), lambda *_: None).profiles
    return profile


CUSTOMERS = [f"customer_id = {number}" for number in (3, 700)]


@pytest.mark.parametrize(
    ("seen", "read", "why"),
    [
        (ROWS, {1, 2000}, "700 customers of which 500 were counted: one of the two is none"),
        (ROWS // 10, {2000}, "a tenth of the rows was looked at: there may be a customer 700"),
        (None, {2000}, "how many rows were looked at isn't said"),
    ],
)
def test_a_value_that_no_row_has_reads_nothing(tmp_path: Path, seen: int | None, read: set[int], why: str) -> None:
    dated = [f"{condition} AND day >= '{FIRST_DAY}'" for condition in CUSTOMERS]
    profile = asked(tmp_path, dated, DAYS, ends("CUSTOMER_ID", 1, 500, 500, seen))
    assert set(predict_questions(profile.layout, KEY).round()) == read, why


@pytest.mark.parametrize(
    ("condition", "beyond"),
    [
        ("day >= '2026-01-01'", True),
        ("day < '2023-12-01'", True),
        ("day BETWEEN '2023-12-01' AND '2024-01-01'", False),
        ("customer_id IN (501, 502)", True),
        ("customer_id IN (500, 501)", False),
        ("customer_id = 501 OR customer_id = 3", False),
        ("customer_id = 501 OR customer_id = 502", True),
        ("customer_id IS NULL", False),
        ("name = 'zz'", False),
    ],
)
def test_a_condition_is_empty_where_all_that_it_asks_for_lies_beyond(
    tmp_path: Path, condition: str, beyond: bool
) -> None:
    statistics = DAYS, ends("CUSTOMER_ID", 1, 500, 500), ends("NAME", "aa", "bb", 100)
    profile = asked(tmp_path, [condition], *statistics)
    assert {ask.empty for question in profile.layout.questions for ask in question.asks} == {beyond}


def test_the_rows_that_all_queries_match_are_those_of_the_others(tmp_path: Path) -> None:
    both = asked(tmp_path / "both", CUSTOMERS, DAYS, ends("CUSTOMER_ID", 1, 500, 500), matched=1_000_000)
    shares = [0.0 if ask.empty else ask.share for question in both.layout.questions for ask in question.asks]
    assert 0 < shares.count(0) < len(shares)
    assert sum(shares) / len(shares) == pytest.approx(1_000_000 / ROWS), "a million on average, none of them by those"
