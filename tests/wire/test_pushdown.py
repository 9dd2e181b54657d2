"""The statements that compress the history, run by the account in its dialect and by DuckDB offline, on the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from advisor.analyzer import analyze
from advisor.collector.collect import collect, sampling
from advisor.collector.connection import Connector
from advisor.collector.extracts import COMPRESSED, Window, extracts
from advisor.collector.views import read
from advisor.model import Advice
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.tracking.runs import executions
from advisor.workload import compress
from tests.recommenders.test_clustering_key import ORDERS
from tests.snapshots import START, query, write_snapshot
from tests.wire.account import Account, contents, filling
from tests.wire.planted import DAYS


def in_duckdb(text: str) -> str:
    """The very text that is sent, over the snapshot's own history."""
    tree = sqlglot.parse_one(text, read="snowflake")
    for table in [each for each in tree.find_all(exp.Table) if each.catalog]:
        table.replace(exp.to_table("query_history"))
    return tree.sql(dialect="duckdb", comments=False)


def offline_pair(history: Path, folder: Path) -> Path:
    """The same days compressed by DuckDB, as a snapshot."""
    with open_snapshot(history) as snapshot:
        run = snapshot.connection.execute
        folder.mkdir()
        for view in ("tables", "columns"):
            run(f"COPY (FROM {view}) TO '{folder / view}.parquet' (FORMAT parquet)")
        window = Window(START.replace(tzinfo=None), START.replace(tzinfo=None) + timedelta(days=DAYS + 1))
        held = {"query_history": frozenset(read("query_history"))}
        for extract in extracts(held, window, sampling(Settings()), raw=False):
            (folder / extract.view).mkdir(exist_ok=True)
            run(f"CREATE OR REPLACE TABLE answer AS {in_duckdb(extract.sql)}")
            run(f"COPY answer TO '{folder / extract.file}' (FORMAT parquet)")
    return folder


def advised(folder: Path) -> Advice:
    with open_snapshot(folder) as snapshot:
        return analyze(snapshot, Settings())


def test_the_account_and_duckdb_compress_alike(connector: Connector, history: Path, tmp_path: Path) -> None:
    collect(connector, tmp_path / "live", days=DAYS)
    live, offline = contents(tmp_path / "live"), contents(offline_pair(history, tmp_path / "offline"))
    assert len(live["query_templates"]) == 10
    assert len(live["query_repeats"]) == 1
    for view in COMPRESSED:
        assert live[view] == offline[view]


def test_raw_rows_are_those_of_the_account_and_give_the_same_advice(
    connector: Connector, history: Path, tmp_path: Path
) -> None:
    collect(connector, tmp_path / "live", days=DAYS, raw=True)
    found, given = contents(tmp_path / "live"), contents(history)
    assert {view: found[view] for view in given} == given
    live, offline = advised(tmp_path / "live"), advised(history)
    assert live.recommendations == offline.recommendations != ()
    assert (live.rejections, live.workload) == (offline.rejections, offline.workload)


def test_templates_and_samples_give_the_same_changes(connector: Connector, history: Path, tmp_path: Path) -> None:
    """The samples differ, since each day is sampled by itself; the executions and what should be changed do not."""
    collect(connector, tmp_path / "live", days=DAYS)
    live, offline = advised(tmp_path / "live"), advised(history)
    assert [r.id for r in live.recommendations] == [r.id for r in offline.recommendations] != []
    assert (live.workload.queries, live.workload.skipped) == (offline.workload.queries, offline.workload.skipped)
    totals = [
        sorted(
            (t.fingerprint, t.executions, t.execution_ms.total, t.partitions_scanned) for t in each.workload.templates
        )
        for each in (live, offline)
    ]
    assert totals[0] == totals[1]


# ---------------------------------------------------------------- what is left out, and asked for once

MANY = 30


@pytest.fixture
def many(connector: Connector, account: Account, tmp_path: Path) -> Connector:
    """Thirty statements a day, each with a hash for every length of its IN list."""
    texts = [f"SELECT a{i} FROM orders WHERE day IN ({', '.join('1' * n)})" for i in range(MANY) for n in (1, 2)]
    rows = [
        query(text, day * 1440 + i, QUERY_ID=f"m-{day}-{i}", QUERY_PARAMETERIZED_HASH=f"h{i:02}", QUERY_PARAMETERIZED_HASH_VERSION=1)
        for day in range(DAYS)
        for i, text in enumerate(texts)
    ]  # fmt: skip
    (account.home / "many").mkdir(exist_ok=True)
    account.fill(filling(write_snapshot(tmp_path / "many", rows, [ORDERS]), account.home / "many"))
    return replace(connector, settings=replace(connector.settings, statements_per_day=8))


def asked_by_name(account: Account) -> list[str]:
    return [sql for sql in account.statements() if "WHERE STATEMENT IN (" in sql]


def test_hashes_of_one_text_are_one_statement(many: Connector, tmp_path: Path) -> None:
    collect(many, tmp_path / "s", days=DAYS)
    templates = contents(tmp_path / "s")["query_templates"]
    assert len(templates) == MANY * DAYS
    with open_snapshot(tmp_path / "s") as snapshot:
        hashes = {t.hashes for t in compress(snapshot, Settings()).templates}
    assert hashes == {(f"h{i:02}", f"h{i + 1:02}") for i in range(0, 2 * MANY, 2)}


def test_what_was_sampled_on_no_day_is_asked_for_once(many: Connector, account: Account, tmp_path: Path) -> None:
    collect(many, tmp_path / "s", days=DAYS)
    assert len(asked_by_name(account)) in (1, 2)
    first = contents(tmp_path / "s")
    named = {row[0] for row in first["query_templates"]}
    sampled = {row[0] for row in first["query_samples"]}
    assert sampled == named
    assert len(first["query_samples"]) < 2 * MANY * DAYS
    account.control(reset=True)
    collect(many, tmp_path / "s", days=DAYS)
    assert asked_by_name(account) == []
    assert contents(tmp_path / "s") == first


def test_a_sample_stands_for_the_days_that_were_not_sampled(many: Connector, tmp_path: Path) -> None:
    collect(many, tmp_path / "s", days=DAYS)
    with open_snapshot(tmp_path / "s") as snapshot:
        runs = executions(snapshot, Settings())
    assert {each.executions for each in runs.values()} == {2.0 * DAYS}


def test_gaps_between_a_warehouse_s_queries_survive_compression(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    """A query every fifty minutes or so, over midnight too; the second warehouse changes its size."""
    took = timedelta(seconds=90)
    rows = [
        query("SELECT a FROM orders", i * 50 + i % 7, QUERY_ID=f"g-{i}", END_TIME=at + took, WAREHOUSE_NAME=f"WH{i % 3 % 2}",
              WAREHOUSE_SIZE="Large" if i < 20 else "Small", BYTES_SPILLED_TO_REMOTE_STORAGE=i, QUEUED_OVERLOAD_TIME=2 * i)
        for i in range(57)
        for at in [START + timedelta(minutes=i * 50 + i % 7)]
    ]  # fmt: skip
    bill = [{"WAREHOUSE_NAME": "WH0", "START_TIME": START, "CREDITS_USED_COMPUTE": 4.0, "CREDITS_USED": 4.0}]
    (account.home / "gaps").mkdir(exist_ok=True)
    plain = write_snapshot(tmp_path / "plain", rows, [ORDERS], warehouse_metering_history=bill)
    account.fill(filling(plain, account.home / "gaps"))
    collect(connector, tmp_path / "s", days=DAYS)
    loads = []
    for folder in (plain, tmp_path / "s"):
        with open_snapshot(folder) as snapshot:
            loads.append(compress(snapshot, Settings()).loads)
    assert loads[0] == loads[1]
    assert [load.name for load in loads[1]] == ["WH0", "WH1"]
    assert all(seconds * stops > 0 for load in loads[1] for _, seconds, stops in load.idle)
