"""The demo at a small part of its rows and executions, with the real engine: as many partitions as at full size."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from advisor import demo
from advisor.demo import traffic
from advisor.demo.tables import TABLES, WINDOW_DAYS
from advisor.errors import InputError
from advisor.model import KeyPart, TableName
from advisor.quantiles import LEVELS
from advisor.settings import Settings
from advisor.snapshot import catalog, info, open_snapshot
from tests.commands import advisor

SCALE = 0.03
STOCK_LEVELS = TableName("DEMO", "RETAIL", "STOCK_LEVELS")
ORDER_LINES = TableName("DEMO", "RETAIL", "ORDER_LINES")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    demo.snapshot(home, lambda _: None, SCALE)
    return home


def rows(home: Path, view: str, query: str) -> list[tuple[Any, ...]]:
    """A query over one file of the snapshot, called `view` in it."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW view AS SELECT * FROM '{home}/snapshot/{view}.parquet'")
        return connection.execute(query).fetchall()


def test_every_template_of_the_workload_is_in_the_history(home: Path) -> None:
    texts = {text for (text,) in rows(home, "query_history", "SELECT QUERY_TEXT FROM view")}
    executed = traffic.statements(SCALE)
    assert {statement.text for statement in executed} == texts
    assert len({statement.template.name for statement in executed}) == len(traffic.READS + traffic.WRITES) >= 40


def test_the_full_workload_has_thousands_of_executions_and_repeats_itself() -> None:
    executed = traffic.statements(1.0)
    assert 3_000 <= len(executed) <= 5_000
    assert 0.1 < 1 - len({statement.text for statement in executed}) / len(executed) < 0.9


def test_large_tables_have_at_least_300_partitions(home: Path) -> None:
    counted = rows(
        home,
        "table_query_pruning_history",
        "SELECT TABLE_NAME, MIN((PARTITIONS_SCANNED + PARTITIONS_PRUNED) / NUM_QUERIES) FROM view GROUP BY ALL",
    )
    large = {table.name.upper() for table in TABLES if table.blocks > 1}
    assert {name: count >= 300 for name, count in counted if name in large} == dict.fromkeys(large, True)


def test_the_scans_per_table_add_up_to_the_scans_per_query(home: Path) -> None:
    per_query = rows(home, "query_history", "SELECT SUM(PARTITIONS_SCANNED), SUM(PARTITIONS_TOTAL) FROM view")
    per_table = rows(
        home,
        "table_query_pruning_history",
        "SELECT SUM(PARTITIONS_SCANNED), SUM(PARTITIONS_SCANNED + PARTITIONS_PRUNED) FROM view",
    )
    assert per_query == per_table


def test_a_scan_matches_no_more_rows_than_it_reads(home: Path) -> None:
    view = "table_query_pruning_history"
    assert rows(home, view, "SELECT COUNT(*) FROM view WHERE ROWS_MATCHED > ROWS_SCANNED") == [(0,)]
    assert rows(home, view, "SELECT COUNT(*) > 50 FROM view WHERE ROWS_MATCHED < ROWS_SCANNED") == [(True,)]


def test_writes_change_as_many_rows_as_the_tables_show(home: Path) -> None:
    added = rows(home, "table_dml_history", "SELECT SUM(ROWS_ADDED) FROM view WHERE TABLE_NAME = 'ORDER_LINES'")
    ((staged,),) = rows(home, "tables", "SELECT ROW_COUNT FROM view WHERE TABLE_NAME = 'ORDER_LINES_ARRIVALS'")
    assert added == [(staged,)]
    churned = "SELECT SUM(ROWS_ADDED) - SUM(ROWS_REMOVED) FROM view WHERE TABLE_NAME = 'CART_ITEMS'"
    ((net,),) = rows(home, "table_dml_history", churned)
    ((left,),) = rows(home, "tables", "SELECT ROW_COUNT FROM view WHERE TABLE_NAME = 'CART_ITEMS'")
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT COUNT(*) FROM '{home}/data/cart_items.parquet'").fetchone()
    assert found is not None
    assert left == found[0] + net


def test_the_start_times_are_spread_as_the_manifest_says(home: Path) -> None:
    ((first, last),) = rows(
        home, "query_history", "SELECT MIN(START_TIME)::TIMESTAMP, MAX(END_TIME)::TIMESTAMP FROM view"
    )
    assert abs((last - first) - timedelta(days=WINDOW_DAYS)) < timedelta(hours=1)
    notes = json.loads((home / "snapshot" / "manifest.json").read_text())["notes"]
    assert any(f"stretched over {WINDOW_DAYS} days" in note for note in notes)


def test_the_snapshot_opens_as_any_other(home: Path) -> None:
    with open_snapshot(home / "snapshot", Settings()) as snapshot:
        assert info(snapshot).source == "demo"
        table = catalog(snapshot).tables[ORDER_LINES]
    column = table.column("ORDER_DATE")
    assert column is not None
    assert column.data_type == "DATE"
    assert column.statistics is not None
    assert column.statistics.minimum == "2023-07-01"
    assert column.statistics.average_length is None


def test_statistics_have_the_frequent_values(home: Path) -> None:
    with open_snapshot(home / "snapshot", Settings()) as snapshot:
        tables = catalog(snapshot).tables
        assert "column_statistics" not in snapshot.unreadable
    payments = tables[TableName("DEMO", "RETAIL", "PAYMENTS")]
    told = {column.name: column.statistics.frequent for column in payments.columns if column.statistics is not None}
    assert all(found is not None for found in told.values())
    assert sum(share for _, share in told["STATUS"] or ()) == pytest.approx(1, abs=1e-3)


def test_statistics_have_the_quantiles_of_numbers(home: Path) -> None:
    with open_snapshot(home / "snapshot", Settings()) as snapshot:
        lines = catalog(snapshot).tables[TableName("DEMO", "RETAIL", "ORDER_LINES")]
    told = {column.name: column.statistics.quantiles for column in lines.columns if column.statistics is not None}
    assert len(told["PRODUCT_ID"]) == len(LEVELS)
    assert not told["ORDER_DATE"]
    values = [float(value) for value, _ in told["PRODUCT_ID"]]
    assert values == sorted(values)


def test_a_second_run_scans_the_same_partitions_and_leaves_the_working_directory_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    demo.snapshot(tmp_path / "again", lambda _: None, SCALE)
    counts = "SELECT QUERY_TEXT, PARTITIONS_SCANNED, PARTITIONS_TOTAL, ROWS_PRODUCED, ROWS_UPDATED FROM view ORDER BY START_TIME"
    assert rows(tmp_path / "again", "query_history", counts) == rows(home, "query_history", counts)
    assert list(elsewhere.iterdir()) == []


def test_a_key_on_the_product_prunes_look_ups_by_product_and_leaves_the_table_as_it_was(home: Path) -> None:
    one = "SELECT COUNT(*) FROM stock_levels WHERE product_id = 77"
    day = "SELECT COUNT(*) FROM retail.stock_levels WHERE stock_date = '2026-06-01'"
    every = "SELECT SUM(on_hand) FROM stock_levels"
    write = "DELETE FROM stock_levels WHERE product_id = 77"
    for _ in range(2):
        measured = demo.verify(
            home, {STOCK_LEVELS: (KeyPart("PRODUCT_ID", digits=1),)}, {STOCK_LEVELS: (one, day, every, write)}, print
        )
        of_one, of_day, of_every = measured
        assert (of_one.table, of_one.text) == (STOCK_LEVELS, one)
        assert of_one.before > 300
        assert of_one.after < 10
        assert of_day.before < 5
        assert of_day.after > 300
        assert of_every.before == of_every.total_before > 300
        assert of_every.after == of_every.total_after > 300


def test_what_is_measured_before_is_what_the_history_recorded(home: Path) -> None:
    last_write = "(SELECT MAX(START_TIME) FROM view WHERE QUERY_TYPE <> 'SELECT')"
    recorded = rows(
        home,
        "query_history",
        f"""SELECT DISTINCT QUERY_TEXT, PARTITIONS_SCANNED FROM view
            WHERE START_TIME > {last_write} AND QUERY_TEXT LIKE '%FROM order_lines WHERE%'""",
    )
    key = {ORDER_LINES: (KeyPart("ORDER_DATE", unit="WEEK"), KeyPart("CUSTOMER_ID", digits=2))}
    measured = demo.verify(home, key, {ORDER_LINES: [text for text, _ in recorded]}, print)
    assert recorded
    assert {one.text: one.before for one in measured} == dict(recorded)


def test_a_folder_that_holds_a_demo_is_refused(home: Path) -> None:
    with pytest.raises(InputError, match="already holds a demo"):
        demo.snapshot(home, print, SCALE)


def test_the_command_keeps_the_snapshot_and_nothing_else(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "snapshot", lambda scratch, _: shutil.copytree(home, scratch / "demo") / "snapshot")
    done = advisor("demo", "--out", "made/demo", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["demo"]
    with open_snapshot(tmp_path / "made" / "demo", Settings()) as snapshot:
        assert info(snapshot).source == "demo"
    again = advisor("demo", "--out", "made/demo", cwd=tmp_path)
    assert again.returncode == 2
    assert (
        again.stderr
        == "advisor: cannot write the demo's snapshot to made/demo: something is there; name another --out\n"
    )


def test_a_missing_engine_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "databend.py").write_text("raise ImportError('not installed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(InputError, match=r"pip install 'advisor\[demo\]'"):
        demo.snapshot(tmp_path / "home", print, SCALE)
