"""Proofs on rows sampled from a live account: what is asked, what stays, what the advice says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.collector.connection import Connector
from tests import commands
from tests.wire.account import PYTHON, Account, advisor
from tests.wire.planted import DAYS

ROWS = 10**6


@pytest.fixture
def tables(connector: Connector, account: Account) -> Connector:
    """The account with the table that its history reads, and as many rows as its catalog says."""
    account.control(database="DB")
    account.control(
        run=f"""CREATE OR REPLACE TABLE DB.PUBLIC.ORDERS AS SELECT CAST(i AS DECIMAL(38, 0)) AS ID,
            CAST(hash(i) % 100000 AS DECIMAL(38, 0)) AS CUSTOMER_ID,
            DATE '2024-01-01' + CAST(hash(i + {ROWS}) % 366 AS INTEGER) AS DAY, 'planted-value-' || i AS NAME,
            'R' || i % 4 AS REGION FROM range({ROWS}) AS r(i)"""
    )
    account.control(run=f"UPDATE SNOWFLAKE.ACCOUNT_USAGE.TABLES SET ROW_COUNT = {ROWS}")
    return connector


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_bounded_sample_is_read_by_select_alone_and_not_kept(
    tables: Connector, account: Account, tmp_path: Path
) -> None:
    history = ("--snapshot", str(tmp_path / "s"))
    collecting = ("collect", "--connection", "test", "--days", str(DAYS))
    collected = commands.advisor(*collecting, "--out", "s", cwd=tmp_path)
    assert collected.returncode == 0, collected.stderr
    account.control(reset=True)
    proven = commands.advisor("prove", *history, "--connection", "test", "--out", "out", cwd=tmp_path)
    assert proven.returncode == 0, proven.stderr
    assert "row samples of 1 table: about 32,000 rows, " in proven.stderr
    assert " to scan of 20 GiB allowed" in proven.stderr
    (asked,) = (sql for sql in account.statements() if "DB.PUBLIC.ORDERS" in sql)
    assert asked.startswith(
        "SELECT CUSTOMER_ID AS CUSTOMER_ID, DAY AS DAY\nFROM DB.PUBLIC.ORDERS SAMPLE BERNOULLI (3.2)"
    )
    assert not [name for name in files(tmp_path) if "/samples/" in f"/{name}"]
    advice = json.loads((tmp_path / "out" / "advice.json").read_bytes())
    (recommended,) = advice["recommendations"]
    assert recommended["evidence"]["grade"] == "measured"
    assert recommended["details"]["proof"]["predicted_from"] == "statistics"
    assert recommended["details"]["proof"]["results"]["differing"] == 0

    # With the older connector, in a process of its own.
    keep = ("--connection", "test", "--keep-samples", "--out", tmp_path / "kept")
    kept = advisor(account, "prove", *history, *keep, python=PYTHON)
    assert kept.returncode == 0, kept.stderr
    assert (tmp_path / "s" / "samples" / "DB.PUBLIC.ORDERS.parquet").is_file()
    offline = commands.advisor("prove", *history, "--out", "offline", cwd=tmp_path)
    assert offline.returncode == 0, offline.stderr


def test_what_the_budget_does_not_allow_is_not_asked(tables: Connector, account: Account, tmp_path: Path) -> None:
    options = ("--connection", "test", "--days", str(DAYS), "--statistics-gib", "0.001")
    done = commands.advisor("prove", *options, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "row samples of 0 tables" in done.stderr
    assert "advisor: nothing could be measured: DB.PUBLIC.ORDERS: there is no sample of its rows" in done.stderr
    assert not [sql for sql in account.statements() if "SAMPLE BERNOULLI" in sql]
