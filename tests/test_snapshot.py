"""A snapshot folder is read as the contract says, and whatever is wrong with it is one line that names the file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advisor.errors import InputError
from advisor.model import Churn, Column, ColumnStatistics, TableHistory, TableName, TableScans
from advisor.settings import Settings
from advisor.snapshot import (
    catalog,
    histories,
    info,
    key_expressions,
    missing_views,
    open_snapshot,
    write_manifest,
)
from advisor.snapshot.normal import blaming
from advisor.workload import compress
from tests.commands import advisor
from tests.snapshots import START, Row, query, table, write_snapshot, write_view

T = TableName("DB", "PUBLIC", "T")


def _opened(folder: Path) -> None:
    with open_snapshot(folder) as snapshot:
        catalog(snapshot)
        compress(snapshot, Settings())


# ---------------------------------------------------------------- damage


def _cut(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_bytes(content))


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _history(**columns: Any) -> Callable[[Path], None]:
    return lambda folder: write_view(folder, "query_history", [query("select 1 from t", **columns)])


def _manifest(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        write_manifest(folder, "export")
        content = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(content | changes))

    return damage


def _scribbled(folder: Path) -> None:
    """The pages of the texts are damaged; the footer is sound."""
    rows = [query(f"select a from t where b = '{number}'", number) for number in range(2000)]
    write_view(folder, "query_history", rows)
    path = folder / "query_history.parquet"
    content = bytearray(path.read_bytes())
    content[2000:12000] = b"\xff" * 10000
    path.write_bytes(content)


def void(_: object) -> None:
    """For a lambda whose value is of no interest."""


def _csv(content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "query_history.parquet").unlink()
        (folder / "query_history.csv").write_bytes(content)

    return damage


HEADER = b"QUERY_TEXT,START_TIME,EXECUTION_TIME\n"

DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no history": (_remove("query_history.parquet"), "holds no query_history; export ACCOUNT_USAGE.QUERY_HISTORY"),
    "no tables": (_remove("tables.parquet"), "holds no tables; export ACCOUNT_USAGE.TABLES"),
    "an empty file": (_write("query_history.parquet", b""), "query_history.parquet is empty (0 bytes)"),
    "an empty optional file": (_write("columns.csv", b""), "columns.csv is empty (0 bytes)"),
    "a file that was cut": (_cut("query_history.parquet"), "cannot read {folder}/query_history.parquet: "),
    "a file of noise": (_write("tables.parquet", b"PAR1 noise PAR1"), "cannot read {folder}/tables.parquet: "),
    "damaged pages": (_scribbled, "cannot read {folder}/query_history"),
    "no text": (_history(QUERY_TEXT=...), "query_history.parquet has no column QUERY_TEXT"),
    "no start": (_history(START_TIME=...), "query_history.parquet has no column START_TIME"),
    "no time": (
        _history(EXECUTION_TIME=..., TOTAL_ELAPSED_TIME=...),
        "query_history.parquet has no column EXECUTION_TIME or TOTAL_ELAPSED_TIME",
    ),
    "text for a number": (
        _history(EXECUTION_TIME="soon"),
        "query_history.parquet: column EXECUTION_TIME holds text where a number is needed",
    ),
    "figures that no query comes to": (
        _history(EXECUTION_TIME=2**40),
        "query_history.parquet: none of its 1 rows can be used, each has a value that cannot be read or a figure that no query comes to",
    ),
    "fewer partitions than none": (
        _history(PARTITIONS_SCANNED=-1),
        "query_history.parquet: none of its 1 rows can be used, each has a value that cannot be read or a figure that no query comes to",
    ),
    "text for an optional number": (
        _history(PARTITIONS_SCANNED="all"),
        "query_history.parquet: column PARTITIONS_SCANNED holds text where a number is needed",
    ),
    "text for a time": (
        _history(START_TIME="noon"),
        "query_history.parquet: column START_TIME holds text where a time is needed",
    ),
    "a number for a time": (
        _history(START_TIME=1735689600),
        "query_history.parquet: column START_TIME is BIGINT, a time is needed",
    ),
    "a list for a number": (
        _history(EXECUTION_TIME=[1, 2]),
        "query_history.parquet: column EXECUTION_TIME is BIGINT[], a number is needed",
    ),
    "no start time at all": (_history(START_TIME=None), "query_history: column START_TIME holds no time"),
    "no rows": (
        lambda folder: pq.write_table(
            pq.read_table(folder / "query_history.parquet").slice(0, 0), folder / "query_history.parquet"
        ),
        "query_history.parquet holds no rows",
    ),
    "a CSV with a header alone": (_csv(HEADER), "query_history.csv holds no rows"),
    "a CSV that is not UTF-8": (
        _csv(HEADER + b"select '\xff\xfe',2025-01-01,5\n"),
        "cannot read {folder}/query_history.csv: ",
    ),
    "a CSV that ends within a row": (
        _csv(HEADER + b"select 1,2025-01-01,5\nselect 2,2025"),
        "cannot read {folder}/query_history.csv: ",
    ),
    "a CSV that ends within a quote": (
        _csv(HEADER + b'select 1,2025-01-01,5\n"select 2,2025'),
        "cannot read {folder}/query_history.csv: ",
    ),
    "no SELECT": (_history(QUERY_TYPE="INSERT"), "query_history holds no SELECT that was executed"),
    "no SELECT that succeeded": (_history(EXECUTION_STATUS="FAIL"), "query_history holds no SELECT that was executed"),
    "two forms of one view": (
        lambda folder: write_view(folder, "query_history", [query("select 1")], "csv"),
        "holds query_history both as query_history.csv and query_history.parquet; remove one",
    ),
    "a manifest that is no JSON": (_write("manifest.json", b"{"), "cannot read {folder}/manifest.json: "),
    "a manifest that is not UTF-8": (_write("manifest.json", b"\xff"), "cannot read {folder}/manifest.json: "),
    "a manifest that is a list": (_write("manifest.json", b"[]"), "cannot read {folder}/manifest.json: "),
    "a manifest whose rows are no number": (
        _manifest(files={"tables.parquet": {"rows": "many"}}),
        "cannot read {folder}/manifest.json: ",
    ),
    "a file that is not there": (
        _manifest(files={"columns.csv": {"rows": 1, "sha256": "0"}}),
        "columns.csv is listed in manifest.json but is not there",
    ),
    "another content": (
        _manifest(files={"tables.parquet": {"rows": 1, "sha256": "0" * 64}}),
        "tables.parquet does not match its sha256 in manifest.json",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_one_line_that_says_where(tmp_path: Path, name: str) -> None:
    damage, line = DAMAGE[name]
    write_snapshot(tmp_path)
    _opened(tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError) as raised:
        _opened(tmp_path)
    assert line.format(folder=tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "; " in str(raised.value), "says what to do"


def test_a_row_count_that_is_not_the_manifests_is_refused(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    write_manifest(tmp_path, "export")
    content = json.loads((tmp_path / "manifest.json").read_text())
    content["files"]["tables.parquet"]["rows"] = 7
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"tables\.parquet holds 1 rows where manifest\.json says 7"):
        open_snapshot(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        open_snapshot(tmp_path / "nowhere")


# ---------------------------------------------------------------- what is read


def test_single_bad_values_in_a_csv_cost_their_rows_and_are_counted(tmp_path: Path) -> None:
    rows = [query(f"select a from t where b = {n}", n) for n in range(10)]
    rows[3]["START_TIME"] = "yesterday"
    rows[5]["PARTITIONS_SCANNED"] = "many"
    write_snapshot(tmp_path, rows, form="csv")
    with open_snapshot(tmp_path) as snapshot:
        workload = compress(snapshot, Settings())
    assert workload.queries == 10
    assert [(s.reason, s.queries, s.execution_ms) for s in workload.skipped] == [
        ("a value that cannot be read", 2, 903 + 905)
    ]
    assert workload.templates[0].executions == 8


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_impossible_figures_cost_their_rows_and_are_counted(tmp_path: Path, form: str) -> None:
    rows = [
        query(f"select a from t where b = {n}", n, BYTES_SCANNED=2**60, PARTITIONS_SCANNED=2**30) for n in range(50)
    ]
    rows[3]["PARTITIONS_SCANNED"] = 2**62
    rows[4]["EXECUTION_TIME"] = 2**32
    rows[5]["EXECUTION_TIME"] = -(2**62)
    rows[7]["BYTES_SCANNED"] = 2**61
    write_snapshot(tmp_path / "snapshot", rows, form=form)
    done = advisor("analyze", "--snapshot", "snapshot", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    advice = json.loads((tmp_path / "out" / "advice.json").read_text())
    [skipped] = advice["coverage"]["skipped"]
    assert (skipped["reason"], skipped["queries"]) == ("a value that cannot be read", 3)
    lost, kept = 903 + 1005 + 907, 2**32 + sum(900 + n for n in range(50) if n not in (3, 4, 5, 7))
    assert skipped["execution_time_share"] == pytest.approx(lost / (lost + kept))
    assert advice["coverage"]["queries"] == 50


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("written", [datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59)])
def test_times_that_no_query_began_at_cost_their_rows_and_not_the_window(
    tmp_path: Path, form: str, written: datetime
) -> None:
    rows = [query(f"select a from t where b = {n}", n) for n in range(10)]
    rows[3] |= {"START_TIME": written, "END_TIME": written}
    write_snapshot(tmp_path, rows, form=form)
    with open_snapshot(tmp_path) as snapshot:
        assert snapshot.window_start == START.replace(tzinfo=None)
        assert snapshot.window_end.date() == START.date()
        workload = compress(snapshot, Settings())
    assert [(s.reason, s.queries) for s in workload.skipped] == [("a value that cannot be read", 1)]
    assert workload.templates[0].executions == 9


def test_a_nan_is_a_figure_that_is_missing(tmp_path: Path) -> None:
    rows = [query("select a from t", n, PARTITIONS_SCANNED=float("nan") if n else 4.0) for n in range(3)]
    with open_snapshot(write_snapshot(tmp_path, rows)) as snapshot:
        workload = compress(snapshot, Settings())
    assert (workload.skipped, workload.partitions_scanned) == ((), 4)


def test_bad_values_of_other_views_are_noted(tmp_path: Path) -> None:
    write_snapshot(tmp_path, tables=[table("T"), table("U", ROW_COUNT="lots")], form="csv")
    with open_snapshot(tmp_path) as snapshot:
        tables = catalog(snapshot).tables
        assert info(snapshot).notes == ("tables: 1 row with a value that cannot be read; the value counts as missing",)
    assert tables[TableName("DB", "PUBLIC", "U")].rows is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-01-01 10:00:00", datetime(2025, 1, 1, 10)),
        ("2025-01-01T10:00:00Z", datetime(2025, 1, 1, 10)),
        ("2025-01-01 10:00:00.250 -0800", datetime(2025, 1, 1, 18, 0, 0, 250_000)),
        ("2025-01-01 10:00:00.000 Z", datetime(2025, 1, 1, 10)),
        ("2025-01-01 10:00:00+02:00", datetime(2025, 1, 1, 8)),
        ("2025-01-01 10:00:00.123456789 +0530", datetime(2025, 1, 1, 4, 30, 0, 123_456)),
        ("2025-01-01", datetime(2025, 1, 1)),
    ],
)
def test_times_in_a_csv_are_utc(tmp_path: Path, written: str, meant: datetime) -> None:
    write_snapshot(tmp_path, [query("select 1 from t", START_TIME=written, END_TIME=None)], form="csv")
    with open_snapshot(tmp_path) as snapshot:
        assert snapshot.window_start == meant


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("s"), pa.timestamp("us", tz="America/New_York")])
def test_times_in_parquet_are_utc_in_any_resolution(tmp_path: Path, kind: pa.DataType) -> None:
    write_snapshot(tmp_path)
    when = pa.array([START if kind.tz else START.replace(tzinfo=None)], kind)
    rows = pa.table({"QUERY_TEXT": ["select a from t"], "START_TIME": when, "EXECUTION_TIME": [5.5]})
    pq.write_table(rows, tmp_path / "query_history.parquet")
    with open_snapshot(tmp_path) as snapshot:
        assert snapshot.window_start == START.replace(tzinfo=None)


def test_missing_and_null_optional_columns_are_unknown_and_not_zero(tmp_path: Path) -> None:
    bare = {"QUERY_TEXT": "select a from t", "START_TIME": START, "TOTAL_ELAPSED_TIME": 7}
    empty = dict.fromkeys(["PARTITIONS_SCANNED", "BYTES_SCANNED", "WAREHOUSE_SIZE", "QUERY_TYPE", "END_TIME"])
    for number, row in enumerate([bare, bare | empty]):
        folder = write_snapshot(tmp_path / str(number), [row])
        with open_snapshot(folder) as snapshot:
            workload = compress(snapshot, Settings())
        (template,) = workload.templates
        assert template.kind == "SELECT"
        assert template.example_query_id is None
        assert (template.partitions_scanned, template.bytes_scanned, template.rows_inserted) == (None, None, None)
        assert workload.result_cache_hit_rate is None
        assert template.execution_ms.total == 7


def test_a_size_below_zero_is_unknown(tmp_path: Path) -> None:
    write_snapshot(tmp_path, tables=[table("ORDERS", ROW_COUNT=-5, BYTES=-7)])
    with open_snapshot(tmp_path) as snapshot:
        (found,) = catalog(snapshot).tables.values()
    assert (found.rows, found.bytes) == (None, None)


@pytest.mark.parametrize(("small", "threads"), [(2**20, 1), (0, 3)])
def test_a_small_snapshot_is_read_by_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int, threads: int
) -> None:
    monkeypatch.setattr("advisor.snapshot.folder.SMALL_BYTES", small)
    with open_snapshot(write_snapshot(tmp_path / "s"), Settings(threads=3)) as snapshot:
        assert snapshot.rows("tables", "SELECT current_setting('threads')") == [(threads,)]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spill, work = tmp_path / "spill", tmp_path / "work"
    spill.mkdir()
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    monkeypatch.chdir(work)
    _opened(write_snapshot(tmp_path / "snapshot", form="csv"))
    (tmp_path / "snapshot" / "tables.csv").write_bytes(b"")
    with pytest.raises(InputError):
        _opened(tmp_path / "snapshot")
    assert list(spill.iterdir()) == []
    assert list(work.iterdir()) == []


# ---------------------------------------------------------------- manifest and info


def test_the_manifest_tells_where_the_snapshot_comes_from(tmp_path: Path) -> None:
    write_snapshot(tmp_path, [query("select 1 from t", number) for number in (0, 60)])
    taken = datetime(2025, 2, 1)
    write_manifest(tmp_path, "demo", ["start times are spread over 30 days"], "ACME", taken)
    with open_snapshot(tmp_path) as snapshot:
        told = info(snapshot)
    assert (told.source, told.account, told.taken_at) == ("demo", "ACME", taken)
    assert told.notes == ("start times are spread over 30 days",)
    start = START.replace(tzinfo=None)
    assert (told.window_start, told.window_end) == (start, start + timedelta(hours=1, seconds=1))


def test_a_manifest_of_ones_own_may_say_less(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    (tmp_path / "manifest.json").write_text('{"source": "by hand", "files": {"tables.parquet": {"rows": 1}}}')
    with open_snapshot(tmp_path) as snapshot:
        assert info(snapshot).source == "export"


def test_a_folder_without_a_manifest_is_an_export(tmp_path: Path) -> None:
    with open_snapshot(write_snapshot(tmp_path)) as snapshot:
        assert (info(snapshot).source, info(snapshot).account) == ("export", None)


def test_missing_views_say_what_they_cost(tmp_path: Path) -> None:
    write_snapshot(
        tmp_path,
        views=[],
        columns=[{"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "T", "COLUMN_NAME": "A"}],
    )
    (tmp_path / "views.parquet").unlink()
    with open_snapshot(tmp_path) as snapshot:
        missing = {view.view: view.effect for view in missing_views(snapshot)}
    assert "columns" not in missing
    assert missing["table_dml_history"] == "upkeep is judged from the writes seen in the query history alone"


# ---------------------------------------------------------------- catalog


def test_the_catalog_holds_the_newest_of_a_name_and_nothing_that_was_dropped(tmp_path: Path) -> None:
    tables = [
        table("T", TABLE_ID=1, ROW_COUNT=1, CREATED=START),
        table("T", TABLE_ID=3, ROW_COUNT=3, CREATED=START + timedelta(days=2), IS_TRANSIENT="YES"),
        table("T", TABLE_ID=2, ROW_COUNT=2, CREATED=START + timedelta(days=3), DELETED=START + timedelta(days=4)),
        table("GONE", DELETED=START),
    ]
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "T"}
    columns = [
        place | {"COLUMN_NAME": "b", "ORDINAL_POSITION": 2, "DATA_TYPE": "text", "TABLE_ID": 3},
        place | {"COLUMN_NAME": "A", "ORDINAL_POSITION": 1, "DATA_TYPE": "NUMBER", "TABLE_ID": 3, "IS_NULLABLE": "NO"},
        place | {"COLUMN_NAME": "OLD", "ORDINAL_POSITION": 1, "DATA_TYPE": "NUMBER", "TABLE_ID": 1},
        place | {"COLUMN_NAME": "C", "ORDINAL_POSITION": 3, "DATA_TYPE": "DATE", "TABLE_ID": 3, "DELETED": START},
        place
        | {"COLUMN_NAME": "D", "ORDINAL_POSITION": 4, "DATA_TYPE": "DATE", "TABLE_ID": 3, "KIND": "VIRTUAL_COLUMN"},
        place | {"COLUMN_NAME": "E", "ORDINAL_POSITION": 5, "DATA_TYPE": "DATE", "TABLE_ID": 3, "KIND": "COLUMN"},
    ]
    statistics = [place | {"COLUMN_NAME": "A", "APPROX_DISTINCT": 9.0, "MIN_VALUE": "1", "MAX_VALUE": "9"}]
    views = [place | {"TABLE_NAME": "V", "VIEW_DEFINITION": "create view v as select 1"}]
    write_snapshot(tmp_path, tables=tables, columns=columns, column_statistics=statistics, views=views)
    with open_snapshot(tmp_path) as snapshot:
        found = catalog(snapshot)
    assert set(found.tables) == {T}
    assert found.tables[T].rows == 3
    assert found.tables[T].traits == {"transient"}
    assert found.tables[T].created == datetime(2025, 1, 3)
    assert found.tables[T].columns == (
        Column("A", "NUMBER", 1, ColumnStatistics(distinct=9.0, minimum="1", maximum="9"), nullable=False),
        Column("b", "TEXT", 2),
        Column("D", "DATE", 4, virtual=True),
        Column("E", "DATE", 5),
    )
    assert found.views == {TableName("DB", "PUBLIC", "V"): "create view v as select 1"}


@pytest.mark.parametrize(
    ("text", "read", "lost"),
    [
        (
            '[["a", 0.5], [7, 0.25], ["it\\"s", 1e-05], [true, 0]]',
            (("a", 0.5), ("7", 0.25), ('it"s', 1e-05), ("true", 0.0)),
            0,
        ),
        ("[]", (), 0),
        (None, None, 0),
        ("", None, 1),
        ("{}", None, 1),
        ("[[1, 0.5]", None, 1),
        ("[" * 100_000, None, 1),
        ('[["a", "b"]]', None, 1),
        ('[["\\ud800", 0.5]]', None, 1),
        ('[["a", -0.5]]', None, 1),
        ('[["a", NaN]]', None, 1),
        ('[["a", 0.7], ["b", 0.7]]', None, 0),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_frequent_values_that_cannot_be_read_are_counted_and_cost_nothing_else(
    tmp_path: Path, text: str | None, read: tuple[tuple[str, float], ...] | None, lost: int, form: str
) -> None:
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "T", "COLUMN_NAME": "A"}
    columns = [place | {"ORDINAL_POSITION": 1, "DATA_TYPE": "TEXT"}]
    statistics = [place | {"APPROX_DISTINCT": 9.0, "MIN_VALUE": "a", "MAX_VALUE": "z", "FREQUENT_VALUES": text}]
    write_snapshot(tmp_path, tables=[table("T")], columns=columns, column_statistics=statistics)
    if form == "csv":
        path = tmp_path / "column_statistics.parquet"
        duckdb.sql(f"COPY (FROM '{path}') TO '{path.with_suffix('.csv')}' (HEADER)")
        path.unlink()
    with open_snapshot(tmp_path) as snapshot:
        found = catalog(snapshot).tables[T].columns[0].statistics
        # An empty text of a CSV is a missing one.
        assert snapshot.unreadable.get("column_statistics", 0) == (0 if form == "csv" and not text else lost)
    assert found == ColumnStatistics(distinct=9.0, minimum="a", maximum="z", frequent=read)


@pytest.mark.parametrize(
    ("text", "read"),
    [('[[1.5, 0.5], ["2", 0.99]]', (("1.5", 0.5), ("2", 0.99))), ("[]", ()), (None, ()), ("[[1, 2]]", ())],
)
def test_quantiles_are_values_with_the_share_that_is_no_larger(
    tmp_path: Path, text: str | None, read: tuple[tuple[str, float], ...]
) -> None:
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "T", "COLUMN_NAME": "A"}
    statistics = [place | {"APPROX_DISTINCT": 9.0, "MIN_VALUE": "1", "MAX_VALUE": "9", "QUANTILES": text}]
    columns = [place | {"ORDINAL_POSITION": 1, "DATA_TYPE": "NUMBER"}]
    write_snapshot(tmp_path, tables=[table("T")], columns=columns, column_statistics=statistics)
    with open_snapshot(tmp_path) as snapshot:
        found = catalog(snapshot).tables[T].columns[0].statistics
    assert found == ColumnStatistics(distinct=9.0, minimum="1", maximum="9", quantiles=read)


@pytest.mark.parametrize(
    ("columns", "traits"),
    [
        ({"IS_TRANSIENT": "NO", "IS_HYBRID": "NO"}, set()),
        ({"IS_TRANSIENT": "YES", "IS_DYNAMIC": "YES"}, {"transient", "dynamic"}),
        ({"IS_TRANSIENT": True, "IS_HYBRID": True}, {"transient", "hybrid"}),
        ({"IS_ICEBERG": "YES"}, {"iceberg"}),
        ({"TABLE_TYPE": "EXTERNAL TABLE"}, {"external"}),
        ({"TABLE_TYPE": "EVENT TABLE"}, {"event"}),
        ({"TABLE_TYPE": "TEMPORARY TABLE"}, {"temporary"}),
        ({"IS_TEMPORARY": "YES"}, {"temporary"}),
    ],
)
def test_traits_are_read_however_they_are_spelt(tmp_path: Path, columns: dict[str, Any], traits: set[str]) -> None:
    with open_snapshot(write_snapshot(tmp_path, tables=[table("T", **columns)])) as snapshot:
        assert catalog(snapshot).tables[T].traits == traits


@pytest.mark.parametrize(
    ("written", "on"), [("ON", True), ("YES", True), (True, True), ("OFF", False), ("NO", False), (None, None)]
)
def test_automatic_clustering_is_read_however_it_is_spelt(tmp_path: Path, written: object, on: bool | None) -> None:
    with open_snapshot(write_snapshot(tmp_path, tables=[table("T", AUTO_CLUSTERING_ON=written)])) as snapshot:
        assert catalog(snapshot).tables[T].auto_clustering is on


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("", ()),
        ("  ", ()),
        ("LINEAR(A, B)", ("A", "B")),
        ("linear (a)", ("a",)),
        ("(A,B)", ("A", "B")),
        ("LINEAR(TO_DATE(TS), SUBSTRING(V, 1, 4))", ("TO_DATE(TS)", "SUBSTRING(V, 1, 4)")),
        ('LINEAR("a,b", "c)d", "e""f,")', ('"a,b"', '"c)d"', '"e""f,"')),
        ("LINEAR(V:a[0]::DATE, IFF(B = ',)', 1, 2))", ("V:a[0]::DATE", "IFF(B = ',)', 1, 2)")),
        ("(A), (B)", ("(A)", "(B)")),
        ("LINEAR((A))", ("(A)",)),
        ("LINEAR_ID, B", ("LINEAR_ID", "B")),
    ],
)
def test_a_clustering_key_is_cut_into_its_expressions(text: str, expressions: tuple[str, ...]) -> None:
    assert key_expressions(text) == expressions


# ---------------------------------------------------------------- histories


def _record(**columns: object) -> dict[str, object]:
    return {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "T", **columns}


def test_histories_are_those_of_the_window(tmp_path: Path) -> None:
    hours = [START + timedelta(hours=h) for h in (-1000, 0, 24, 1000)]
    history = [query("select 1 from t", number) for number in (30, 2880)]
    written = {"ROWS_ADDED": 100, "ROWS_REMOVED": 10, "ROWS_UPDATED": None}
    scanned = {"QUERY_PARAMETERIZED_HASH": "h", "NUM_QUERIES": 2, "PARTITIONS_SCANNED": 5, "PARTITIONS_PRUNED": 95}
    write_snapshot(
        tmp_path,
        history,
        table_dml_history=[_record(START_TIME=hour, **written) for hour in hours],
        table_query_pruning_history=[_record(INTERVAL_START_TIME=hour, ROWS_MATCHED=7, **scanned) for hour in hours],
        automatic_clustering_history=[_record(START_TIME=hour, CREDITS_USED=0.1) for hour in hours],
    )
    with open_snapshot(tmp_path) as snapshot:
        found = histories(snapshot, 2.0)
    scans = (TableScans("h", 4, 10, 190, None, 14),)
    assert found == {T: TableHistory(Churn(100.0, 10.0, 0.0), scans, 0.2)}


def test_no_row_of_churn_is_none_written_and_no_view_is_unknown(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "with", table_dml_history=[_record(TABLE_NAME="U", START_TIME=START, ROWS_ADDED=1)])
    write_snapshot(tmp_path / "without")
    with open_snapshot(tmp_path / "with") as snapshot:
        assert histories(snapshot, 1.0)[T].churn == Churn(0.0, 0.0, 0.0)
    with open_snapshot(tmp_path / "without") as snapshot:
        assert histories(snapshot, 1.0)[T] == TableHistory()


@pytest.mark.parametrize(
    "rows",
    [[{"START_TIME": START, "ROWS_ADDED": None}], [{"START_TIME": START - timedelta(days=400), "ROWS_ADDED": 5}]],
)
def test_writes_without_a_figure_or_of_another_time_are_unknown_and_not_none(tmp_path: Path, rows: list[Row]) -> None:
    """A table that is taken for never written pays no upkeep."""
    write_snapshot(tmp_path, table_dml_history=[_record(**row) for row in rows])
    with open_snapshot(tmp_path) as snapshot:
        assert histories(snapshot, 1.0)[T].churn is None


@pytest.mark.parametrize(("taken", "end"), [(2, 2), (40, 21), (-1, 21)], ids=["before", "after", "of another history"])
def test_a_time_after_the_snapshot_was_taken_does_not_stretch_the_window(tmp_path: Path, taken: int, end: int) -> None:
    """The last query's clock is 20 hours ahead; a manifest that is older than the first query is not this history's."""
    write_snapshot(tmp_path, [query("select 1 from t", 60 * hour, END_TIME=...) for hour in (0, 1, 21)])
    write_manifest(tmp_path, "snowflake", taken_at=(START + timedelta(hours=taken)).replace(tzinfo=None))
    with open_snapshot(tmp_path) as snapshot:
        assert snapshot.window_end == (START + timedelta(hours=end)).replace(tzinfo=None)


def test_an_aware_manifest_time_is_told_in_utc(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    write_manifest(tmp_path, "snowflake", taken_at=datetime(2025, 2, 1, 3, tzinfo=UTC))
    with open_snapshot(tmp_path) as snapshot:
        assert info(snapshot).taken_at == datetime(2025, 2, 1, 3)


def test_an_interrupt_at_the_keyboard_is_one(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), blaming(tmp_path):
        raise RuntimeError("Query interrupted") from KeyboardInterrupt()


def test_a_query_that_seems_to_end_years_later_does_not_stretch_the_window(tmp_path: Path) -> None:
    odd = query("select 1", 5, END_TIME=datetime(2099, 1, 1, tzinfo=UTC))
    with open_snapshot(write_snapshot(tmp_path, [query("select 1", 0), odd])) as snapshot:
        assert snapshot.window_end == datetime(2025, 1, 1, 0, 5)


@pytest.mark.parametrize("name", ["query_history.csv.gz", "query_history/data_0_0_0.csv.gz", "TABLES.xlsx"])
def test_a_view_in_another_form_is_named_instead_of_called_missing(tmp_path: Path, name: str) -> None:
    write_snapshot(tmp_path)
    view = name.lower().split("/")[0].split(".")[0]
    (tmp_path / f"{view}.parquet").unlink()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"packed")
    with pytest.raises(InputError, match="unpack it"):
        open_snapshot(tmp_path)


def test_what_the_engine_has_freed_is_given_back_at_once(tmp_path: Path) -> None:
    def held() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

    folder = write_snapshot(tmp_path, [query("SELECT 1 FROM orders", 0)], [table("ORDERS")])
    with open_snapshot(folder, Settings()) as snapshot:
        snapshot.connection.execute(
            "CREATE TEMP TABLE texts AS SELECT repeat(md5(i::VARCHAR), 40) FROM range(100_000) t(i)"
        )
        snapshot.connection.execute("DROP TABLE texts")
        before = held()
        snapshot.release(Settings())
        assert before - held() > 50
