"""Statistics and samples of tables: of which columns, within which budget, and what stays of the values."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from advisor.analyzer import analyze
from advisor.collector.collect import Collected, Statistics, collect
from advisor.collector.connection import Connector
from advisor.needs import needs
from advisor.quantiles import LEVELS, pairs
from advisor.redactor.tokens import Values
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.snapshot.catalog import catalog
from advisor.what_if import wanted
from tests.snapshots import write_view
from tests.wire.account import Account
from tests.wire.planted import DAYS

ROWS = 10**6
SECRET = "planted-value"


@pytest.fixture
def tables(connector: Connector, account: Account) -> Connector:
    """The account with the table that its history reads: a million rows, of which no customer has the name of another."""
    account.control(database="DB")
    account.control(
        run=f"""CREATE OR REPLACE TABLE DB.PUBLIC.ORDERS AS SELECT CAST(i AS DECIMAL(38, 0)) AS ID,
            CAST(CASE WHEN i % 4 > 0 THEN i % 5000 END AS DECIMAL(38, 0)) AS CUSTOMER_ID,
            DATE '2024-01-01' + CAST(i // 10000 AS INTEGER) AS DAY, '{SECRET}-' || i AS NAME, 'R' || i % 4 AS REGION
            FROM range({ROWS}) AS r(i)"""
    )
    account.control(run=f"UPDATE SNOWFLAKE.ACCOUNT_USAGE.TABLES SET ROW_COUNT = {ROWS}")
    return connector


def collected(connector: Connector, out: Path, samples: bool = False, **settings: Any) -> Collected:
    held = replace(connector.settings, **settings)
    second = Statistics(lambda folder: needs(folder, held), samples)
    return collect(replace(connector, settings=held), out, days=DAYS, statistics=second)


def of_tables(account: Account) -> list[str]:
    return [sql for sql in account.statements() if "FROM DB.PUBLIC.ORDERS" in sql]


def test_the_columns_that_queries_filter_are_asked_for_and_no_others(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    done = collected(tables, tmp_path / "s")
    (asked,) = of_tables(account)
    assert "CUSTOMER_ID" in asked
    assert not re.search(r"\b(ID|NAME|REGION)\b", asked.replace("CUSTOMER_ID", ""))
    columns = "COLUMN_NAME, MIN_VALUE, MAX_VALUE, NULL_SHARE, SAMPLED_ROWS"
    with open_snapshot(tmp_path / "s") as snapshot:
        found = snapshot.rows("column_statistics", f"SELECT {columns} FROM column_statistics ORDER BY 1")
        distinct = snapshot.rows(
            "column_statistics", "SELECT APPROX_DISTINCT FROM column_statistics ORDER BY COLUMN_NAME"
        )
    assert found == [
        ("CUSTOMER_ID", "1", "4999", 0.25, ROWS),
        ("DAY", "2024-01-01", "2024-04-09", 0.0, ROWS),
    ]
    assert [count for (count,) in distinct] == pytest.approx([3750, 100], rel=0.05)
    said = " ".join(done.notes)
    assert "column statistics: 2 columns of 1 table; " in said
    assert "without frequent values" not in said
    assert "what was scanned is unknown" in said
    assert "row samples: none; --keep-samples takes them" in said
    assert not (tmp_path / "s" / "samples").exists()


def frequent(folder: Path) -> dict[str, tuple[tuple[str, float], ...] | None]:
    with open_snapshot(folder) as snapshot:
        (table,) = catalog(snapshot).tables.values()
    return {c.name: c.statistics.frequent for c in table.columns if c.statistics is not None}


def test_values_that_hold_many_rows_come_with_their_shares_in_the_one_scan(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    account.control(run=f"UPDATE DB.PUBLIC.ORDERS SET CUSTOMER_ID = -1 WHERE ID < {ROWS // 4}")
    account.control(run="UPDATE DB.PUBLIC.ORDERS SET CUSTOMER_ID = 5 WHERE ID % 10 = 1")
    collected(tables, tmp_path / "s")
    (asked,) = of_tables(account)
    assert asked.count("APPROX_TOP_K(") == 2
    assert asked.lstrip().upper().startswith("SELECT")
    found = frequent(tmp_path / "s")
    # The others are 5,000 values of less than a row in 2,000 each.
    assert found["CUSTOMER_ID"] == (("-1", 0.225), ("5", 0.10015))
    assert found["DAY"] is not None
    assert len(found["DAY"]) == 100
    assert set(found["DAY"]) == {(str(date(2024, 1, 1) + timedelta(days=i)), 0.01) for i in range(100)}


def test_quantiles_of_numbers_come_in_the_same_scan(tables: Connector, account: Account, tmp_path: Path) -> None:
    account.control(
        run=f"UPDATE DB.PUBLIC.ORDERS SET CUSTOMER_ID = 4000 + ID % 1000 WHERE ID < {ROWS // 2} AND CUSTOMER_ID > 0"
    )
    collected(tables, tmp_path / "s")
    (asked,) = of_tables(account)
    assert asked.count("APPROX_PERCENTILE_ACCUMULATE(") == 1
    with open_snapshot(tmp_path / "s") as snapshot:
        (table,) = catalog(snapshot).tables.values()
    told = {c.name: c.statistics.quantiles for c in table.columns if c.statistics is not None}
    assert told["DAY"] == ()
    assert tuple(level for _, level in told["CUSTOMER_ID"]) == LEVELS
    # Six in ten of the customers are among the last thousand of five thousand.
    values = {level: float(value) for value, level in told["CUSTOMER_ID"]}
    assert values[0.2] == pytest.approx(2000, rel=0.02)
    assert values[0.7] == pytest.approx(4500, rel=0.02)


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        (None, 5000),
        ("[", 5000),
        ("7", 5000),
        ("[1, 2]", 5000),
        (list(range(len(LEVELS))), 999),
        (["x"] * len(LEVELS), 5000),
        ([None] * len(LEVELS), 5000),
        (["inf"] * len(LEVELS), 5000),
    ],
)
def test_quantiles_that_cannot_be_read_or_are_of_few_rows_are_not_kept(answer: Any, rows: int) -> None:
    assert pairs(answer, rows) is None
    assert pairs(list(range(len(LEVELS))), 1000) is not None


def test_quantiles_are_kept_with_the_decimals_of_which_a_hidden_number_stays_one() -> None:
    kept = pairs([i / 3 for i in range(len(LEVELS))], 1000)
    assert kept is not None
    values = [value for value, _ in json.loads(kept)]
    assert values[1:4] == [0.333333333, 0.666666667, 1.0]
    hidden = Values((), (), b"secret").value(str(values[1]))
    assert float(hidden) != values[1]


def test_an_account_that_does_not_count_frequent_values_gives_the_other_statistics(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    account.fault("refuse", sql="APPROX_TOP_K")
    done = collected(tables, tmp_path / "s")
    assert len(of_tables(account)) == 2
    assert frequent(tmp_path / "s") == {"CUSTOMER_ID": None, "DAY": None}
    said = " ".join(done.notes)
    assert "column statistics: 2 columns of 1 table; " in said
    assert (
        "without frequent values and quantiles: column_statistics/DB.PUBLIC.ORDERS.parquet: Snowflake refused: " in said
    )


def test_statistics_stay_good_for_a_while(tables: Connector, account: Account, tmp_path: Path) -> None:
    collected(tables, tmp_path / "s")
    account.control(reset=True)
    collected(tables, tmp_path / "s")
    assert of_tables(account) == []
    collected(tables, tmp_path / "s", statistics_days=0)
    assert len(of_tables(account)) == 1


def test_what_the_account_measured_is_said_and_ends_the_asking_where_it_is_too_much(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    account.control(scanned=3 * 2**30)
    one = replace(tables, settings=replace(tables.settings, connections=1))
    done = collected(one, tmp_path / "s", samples=True, statistics_gib=20)
    assert "6 GiB scanned" in " ".join(done.notes)
    account.control(scanned=30 * 2**30)
    done = collected(one, tmp_path / "t", samples=True, statistics_gib=20)
    assert len([sql for sql in of_tables(account) if "SAMPLE BERNOULLI" in sql]) == 1
    assert "DB.PUBLIC.ORDERS: the budget is used up" in " ".join(done.notes)


def test_a_kept_sample_is_uniform_and_in_the_manifest(tables: Connector, tmp_path: Path) -> None:
    collected(tables, tmp_path / "s", samples=True)
    sample = pq.read_table(tmp_path / "s" / "samples" / "DB.PUBLIC.ORDERS.parquet")
    assert sample.column_names == ["CUSTOMER_ID", "DAY"]
    assert sample.num_rows == pytest.approx(32_000, rel=0.1)
    assert sample.column("CUSTOMER_ID").null_count == pytest.approx(8_000, rel=0.1)
    assert '"samples/DB.PUBLIC.ORDERS.parquet"' in (tmp_path / "s" / "manifest.json").read_text()


def test_a_table_that_refuses_is_named_and_the_run_goes_on(tables: Connector, account: Account, tmp_path: Path) -> None:
    account.fault("deny", sql="FROM DB.PUBLIC.ORDERS")
    done = collected(tables, tmp_path / "s")
    assert "not authorized" in " ".join(done.notes)
    assert "DB.PUBLIC.ORDERS" not in done.missing
    with open_snapshot(tmp_path / "s") as snapshot:
        assert "column_statistics" not in snapshot.present


def test_a_table_of_which_the_role_sees_few_rows_tells_nothing(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    account.control(run="DELETE FROM DB.PUBLIC.ORDERS WHERE ID >= 1000")
    done = collected(tables, tmp_path / "s")
    assert "DB.PUBLIC.ORDERS: the role sees 1,000 rows where about 1,000,000 are" in " ".join(done.notes)
    assert not (tmp_path / "s" / "column_statistics").exists()


@pytest.mark.parametrize(
    ("kind", "column", "left", "said"),
    [
        ("ROW_ACCESS_POLICY", None, [], "has a row access policy"),
        ("MASKING_POLICY", "CUSTOMER_ID", ["DAY"], "CUSTOMER_ID is masked"),
    ],
)
def test_what_a_policy_covers_is_not_asked_for(
    history: Path, tmp_path: Path, kind: str, column: str | None, left: list[str], said: str
) -> None:
    policy = {"POLICY_KIND": kind, "REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC", "REF_ENTITY_NAME": "ORDERS"}
    for path in history.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_view(tmp_path, "policy_references", [{**policy, "REF_COLUMN_NAME": column}])
    found = needs(tmp_path, Settings())
    assert [column.name for each in found.tables for column in each.columns] == left
    assert said in " ".join(found.notes)


# ---------------------------------------------------------------- what-if


def test_answers_of_the_estimators_become_part_of_the_snapshot_and_raise_the_grade(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    costs = '{"initial": {"unit": "Credits", "value": 3.1}, "maintenance": {"unit": "Credits", "value": 0.001}}'
    account.control(answers={"ESTIMATE_AUTOMATIC_CLUSTERING_COSTS": costs}, scanned=2**20)
    second = Statistics(
        lambda folder: needs(folder, tables.settings), False, lambda folder: wanted(folder, tables.settings, analyze)
    )
    done = collect(tables, tmp_path / "s", days=DAYS, statistics=second)
    (asked,) = [sql for sql in account.statements() if "AUTOMATIC_CLUSTERING_COSTS" in sql]
    assert re.fullmatch(r"SELECT SYSTEM\$\w+\('DB\.PUBLIC\.ORDERS', '\(.+\)'\) AS ANSWER", asked)
    said = " ".join(done.notes)
    assert "what-if: 1 call of SYSTEM$CLUSTERING_INFORMATION went unanswered" in said
    assert (
        "this collection ran 40 statements, 36 s in all, over 1 MiB; at the warehouse's price about 0.01 credits"
        in said
    )
    with open_snapshot(tmp_path / "s") as snapshot:
        advice = analyze(snapshot, tables.settings)
    assert [str(each.grade) for each in advice.recommendations] == ["probed"]


def test_what_the_tool_took_is_unknown_where_the_account_does_not_say(connector: Connector, tmp_path: Path) -> None:
    notes = collect(connector, tmp_path / "s", since=datetime(2025, 1, 2)).notes
    assert (
        "own cost: what this collection took is unknown: the account doesn't show the role its own statements" in notes
    )
    assert "own cost: of earlier collections unknown: QUERY_ATTRIBUTION_HISTORY is not readable" in notes
