"""The statements that compress the history, run by the account in its dialect and by DuckDB offline, on the same rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from advisor.analyzer import analyze
from advisor.collector.collect import collect
from advisor.collector.connection import Connector
from advisor.collector.extracts import COMPRESSED
from advisor.model import Advice
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload import duckdb_sql
from tests.snapshots import START
from tests.wire.account import contents
from tests.wire.planted import DAYS


def offline_pair(history: Path, folder: Path) -> Path:
    """The same days compressed by DuckDB, as a snapshot."""
    with open_snapshot(history) as snapshot:
        run = snapshot.connection.execute
        run("CREATE TABLE every AS FROM query_history")
        for view in ("tables", "columns"):
            folder.mkdir(exist_ok=True)
            run(f"COPY (FROM {view}) TO '{folder / view}.parquet' (FORMAT parquet)")
        for view in COMPRESSED:
            (folder / view).mkdir()
        for day in range(DAYS + 1):
            since = (START + timedelta(days=day)).replace(tzinfo=None)
            during = f"END_TIME >= TIMESTAMP '{since}' AND END_TIME < TIMESTAMP '{since + timedelta(days=1)}'"
            run(f"CREATE OR REPLACE VIEW query_history AS SELECT * FROM every WHERE {during}")
            run(f"CREATE OR REPLACE TABLE executions AS {duckdb_sql('executions')}")
            for view, values in (
                ("query_templates", {}),
                ("query_samples", {"samples": Settings().samples_per_day}),
                ("query_repeats", {"questions": Settings().questions_per_day}),
            ):
                run(f"CREATE OR REPLACE TABLE answer AS {duckdb_sql(view)}", values)
                run(f"COPY answer TO '{folder / view / str(day)}.parquet' (FORMAT parquet)")
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
