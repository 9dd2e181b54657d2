"""Executions become templates with the right figures, whatever order and form the history has."""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.model import Catalog, Distribution, QueryTemplate, Workload
from advisor.resources import sql
from advisor.settings import Settings
from advisor.snapshot import catalog, open_snapshot
from advisor.workload import compress
from tests.snapshots import START, query, table, write_snapshot, write_view

SHAPES = (
    "select a from t where b = {}",
    "select sum(x.a) as s from t x join u on x.id = u.id where x.d > '{}'",
    "select * from u where id in ({0}, {0}, 7)",
    "insert into t select * from u where id = {}",
)
KINDS = ("SELECT", "SELECT", "SELECT", "INSERT")
SIZES = ("X-Small", "Large")


def _history(rows: int = 400, hashes: bool = False) -> list[dict[str, Any]]:
    """Rows of four statements on two sizes of warehouse, with a few of everything that is left out."""
    draw = random.Random(5)
    history = []
    for number in range(rows):
        shape = draw.randrange(len(SHAPES))
        history.append(
            query(
                SHAPES[shape].format(draw.randrange(50)),
                number,
                QUERY_TYPE=KINDS[shape],
                WAREHOUSE_SIZE=draw.choice(SIZES),
                EXECUTION_TIME=draw.randrange(1, 5000),
                PARTITIONS_SCANNED=draw.choice([None, *range(100)]),
                ROWS_INSERTED=draw.randrange(9) if shape == 3 else None,
                EXECUTION_STATUS=draw.choice(["SUCCESS"] * 9 + ["FAIL"]),
                QUERY_PARAMETERIZED_HASH=f"hash{shape}{draw.randrange(2)}" if hashes else None,
            )
        )
    return history


def _compress(folder: Path, **changes: Any) -> Workload:
    with open_snapshot(folder) as snapshot:
        return compress(snapshot, replace(Settings(), **changes))


def _only(folder: Path, rows: Sequence[dict[str, Any]]) -> QueryTemplate:
    (template,) = _compress(write_snapshot(folder, rows)).templates
    return template


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize("hashes", [False, True])
def test_figures_equal_a_plain_count(tmp_path: Path, hashes: bool) -> None:
    history = _history(hashes=hashes)
    workload = _compress(write_snapshot(tmp_path, history))
    expected = defaultdict(list)
    for row in history:
        if row["EXECUTION_STATUS"] == "SUCCESS":
            expected[row["QUERY_TEXT"][:20]].append(row)
    assert workload.queries == len(history)
    assert {template.text[:20] for template in workload.templates} == set(expected)
    for template in workload.templates:
        _check(template, expected[template.text[:20]])
    every = [row["EXECUTION_TIME"] for rows in expected.values() for row in rows]
    assert workload.execution_ms.total == sum(every)
    assert workload.execution_ms.p99 == pytest.approx(np.percentile(every, 99))
    totals = [template.execution_ms.total for template in workload.templates]
    assert totals == sorted(totals, reverse=True)
    failed = [row["EXECUTION_TIME"] for row in history if row["EXECUTION_STATUS"] == "FAIL"]
    assert [(s.reason, s.queries, s.execution_ms) for s in workload.skipped] == [("failed", len(failed), sum(failed))]


def _check(template: QueryTemplate, rows: list[dict[str, Any]]) -> None:
    times = [row["EXECUTION_TIME"] for row in rows]
    scanned = [row["PARTITIONS_SCANNED"] for row in rows if row["PARTITIONS_SCANNED"] is not None]
    assert template.executions == len(rows)
    assert template.execution_ms.total == sum(times)
    assert template.execution_ms.mean == pytest.approx(statistics.mean(times))
    percentiles = (template.execution_ms.p50, template.execution_ms.p95, template.execution_ms.p99)
    assert percentiles == pytest.approx(tuple(np.percentile(times, [50, 95, 99])))
    assert template.partitions_scanned == sum(scanned)
    assert template.partitions_total == 1000 * len(rows)
    inserted = [row["ROWS_INSERTED"] for row in rows if row["ROWS_INSERTED"] is not None]
    assert template.rows_inserted == (sum(inserted) if inserted else None)
    assert template.hashes == tuple(sorted({row["QUERY_PARAMETERIZED_HASH"] or "" for row in rows} - {""}))
    assert template.first_seen == min(row["START_TIME"] for row in rows).replace(tzinfo=None)
    assert template.last_seen == max(row["START_TIME"] for row in rows).replace(tzinfo=None)
    asked = {row["QUERY_ID"]: (row["QUERY_TEXT"], row["EXECUTION_TIME"], row["PARTITIONS_SCANNED"]) for row in rows}
    assert len(template.samples) == 24
    assert all((s.text, s.execution_ms, s.partitions_scanned) == asked[s.query_id or ""] for s in template.samples)
    for use in template.warehouses:
        _check_warehouse(use, [row for row in rows if row["WAREHOUSE_SIZE"] == use.size])
    assert {use.size for use in template.warehouses} == {row["WAREHOUSE_SIZE"] for row in rows}


def _check_warehouse(use: Any, rows: list[dict[str, Any]]) -> None:
    pairs = [
        (row["PARTITIONS_SCANNED"], row["EXECUTION_TIME"]) for row in rows if row["PARTITIONS_SCANNED"] is not None
    ]
    x, y = np.array(pairs, dtype=float).T
    assert use.executions == len(rows)
    assert use.execution_ms == sum(row["EXECUTION_TIME"] for row in rows)
    assert use.partitions_scanned == int(x.sum())
    assert use.scan_sxx == pytest.approx(((x - x.mean()) ** 2).sum())
    assert use.scan_sxy == pytest.approx(((x - x.mean()) * (y - y.mean())).sum())


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_percentiles_are_exact(tmp_path_factory: pytest.TempPathFactory, times: list[int]) -> None:
    rows = [query("select a from t", number, EXECUTION_TIME=ms) for number, ms in enumerate(times)]
    found = _only(tmp_path_factory.mktemp("times"), rows).execution_ms
    assert (found.p50, found.p95, found.p99) == pytest.approx(tuple(np.percentile(times, [50, 95, 99])))


def test_total_elapsed_time_stands_in_for_execution_time(tmp_path: Path) -> None:
    rows = [
        query("select 1 from t", 0, EXECUTION_TIME=None, TOTAL_ELAPSED_TIME=70),
        query("select 1 from t", 1, EXECUTION_TIME=5),
    ]
    assert _only(tmp_path, rows).execution_ms.total == 75


def test_a_context_of_its_own_is_a_template_of_its_own(tmp_path: Path) -> None:
    """An unqualified name means another table in another schema."""
    rows = [
        query("select a from t", number, SCHEMA_NAME=schema) for number, schema in enumerate(["S1", "S2", None, "S1"])
    ]
    workload = _compress(write_snapshot(tmp_path, rows))
    assert sorted((t.schema or "", t.executions) for t in workload.templates) == [("", 1), ("S1", 2), ("S2", 1)]
    assert len({template.fingerprint for template in workload.templates}) == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/* dbt */ with x as (select 1) select * from x", "SELECT"),
        ("(select a from t)", "SELECT"),
        ("insert into t values (1)", "INSERT"),
        ("create or replace temporary table d.s.t as (select 1)", "CREATE_TABLE_AS_SELECT"),
        ("copy into t from @stage", "COPY"),
        ("copy into @stage from t", "UNLOAD"),
        ("merge into t using u on t.a = u.a when matched then delete", "MERGE"),
    ],
)
@pytest.mark.parametrize("recorded", [None, "UNKNOWN", ""])
def test_the_kind_is_read_from_the_text_where_it_is_not_recorded(
    tmp_path: Path, text: str, kind: str, recorded: str | None
) -> None:
    rows = [query(text, 0, QUERY_TYPE=recorded), query("select 'other' from u limit 1", 1)]
    kinds = [t.kind for t in _compress(write_snapshot(tmp_path, rows)).templates if t.text == text]
    assert kinds == [kind]


# ---------------------------------------------------------------- what is left out

SKIPPED: dict[str, tuple[dict[str, Any], str]] = {
    "failed": ({"EXECUTION_STATUS": "FAIL"}, "failed"),
    "incident": ({"EXECUTION_STATUS": "incident"}, "failed"),
    "error alone": ({"EXECUTION_STATUS": None, "ERROR_CODE": "1003"}, "failed"),
    "timed out": (
        {
            "EXECUTION_STATUS": "FAIL",
            "ERROR_CODE": "630",
            "ERROR_MESSAGE": "Statement reached its timeout and was canceled.",
        },
        "timed out",
    ),
    "cancelled": ({"EXECUTION_STATUS": "FAIL", "ERROR_MESSAGE": "SQL execution canceled"}, "cancelled"),
    "running": ({"EXECUTION_STATUS": "RUNNING"}, "still running"),
    "SHOW": ({"QUERY_TYPE": "SHOW", "QUERY_TEXT": "show tables"}, "neither a scan nor a write (SHOW, USE, …)"),
    "USE, unrecorded": ({"QUERY_TYPE": None, "QUERY_TEXT": "use role r"}, "neither a scan nor a write (SHOW, USE, …)"),
    "CREATE VIEW": (
        {"QUERY_TYPE": None, "QUERY_TEXT": "create view v as select 1"},
        "neither a scan nor a write (SHOW, USE, …)",
    ),
    "no text": ({"QUERY_TEXT": None}, "text missing or redacted"),
    "redacted": ({"QUERY_TEXT": "<redacted>"}, "text missing or redacted"),
    "no start": ({"START_TIME": None}, "start time missing"),
    "no time": ({"EXECUTION_TIME": None, "TOTAL_ELAPSED_TIME": None}, "execution time missing"),
    "cached": (
        {
            "WAREHOUSE_SIZE": None,
            "BYTES_SCANNED": 0,
            "PARTITIONS_SCANNED": None,
            "QUERY_TEXT": "select a from t where b = 1",
        },
        "answered from the result cache (likely)",
    ),
    "read from a result": (
        {
            "WAREHOUSE_SIZE": None,
            "BYTES_SCANNED": 0,
            "PARTITIONS_SCANNED": 0,
            "BYTES_READ_FROM_RESULT": 9,
            "QUERY_TEXT": "select c from t",
        },
        "answered from the result cache (likely)",
    ),
    "from metadata": (
        {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0, "QUERY_TEXT": "select count(*) from t"},
        "answered without a warehouse, from metadata",
    ),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_no_work_is_counted_apart(tmp_path: Path, name: str) -> None:
    columns, reason = SKIPPED[name]
    rows = [query("select a from t where b = 1"), query("select a from t where b = 2", 1, **columns)]
    workload = _compress(write_snapshot(tmp_path, rows))
    assert [(s.reason, s.queries) for s in workload.skipped] == [(reason, 1)]
    assert [template.executions for template in workload.templates] == [1]
    assert workload.queries == 2


CACHED: dict[str, Any] = {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0}


def test_the_hit_rate_is_that_of_the_selects_that_succeeded(tmp_path: Path) -> None:
    rows = [query("select a from t", n, **(CACHED if n < 3 else {})) for n in range(10)]
    rows += [query("insert into t values (1)", 10, QUERY_TYPE="INSERT"), query("select", 11, EXECUTION_STATUS="FAIL")]
    assert _compress(write_snapshot(tmp_path, rows)).result_cache_hit_rate == pytest.approx(0.3)


def test_the_hits_of_each_day_add_up_to_the_rate(tmp_path: Path) -> None:
    rows = [query("SELECT a FROM t", minutes) for minutes in (0, 1, 1440)]
    rows += [query("SELECT a FROM t", minutes, **CACHED) for minutes in (2, 1441, 1442)]
    rows += [query("SELECT 1 AS one", 3, **CACHED), query("SELECT a FROM t", 4, EXECUTION_STATUS="FAIL")]
    rows += [query("INSERT INTO t SELECT 1", 5, QUERY_TYPE="INSERT")]
    workload = _compress(write_snapshot(tmp_path, rows))
    days = workload.result_cache_days
    assert [(each.day, each.executions, each.hits) for each in days] == [
        (date(2025, 1, 1), 4, 1),
        (date(2025, 1, 2), 3, 2),
    ]
    assert workload.result_cache_hit_rate == sum(each.hits for each in days) / sum(each.executions for each in days)


def test_without_warehouse_sizes_no_query_passes_for_cached(tmp_path: Path) -> None:
    rows = [query("select a from t", n, WAREHOUSE_SIZE=..., PARTITIONS_SCANNED=n, BYTES_SCANNED=n) for n in range(4)]
    workload = _compress(write_snapshot(tmp_path, rows))
    assert workload.templates[0].executions == 4
    assert workload.skipped == ()
    assert workload.result_cache_hit_rate is None


def test_a_repeated_query_id_is_one_query_as_it_ended(tmp_path: Path) -> None:
    rows = [query("select a from t", n) for n in range(5)]
    early = query("select a from t", 2, END_TIME=START, EXECUTION_TIME=1, EXECUTION_STATUS="RUNNING")
    late = query("select a from t", 3, END_TIME=START + timedelta(days=1), EXECUTION_TIME=7000)
    template = _only(tmp_path, [*rows, early, late, rows[0], rows[0]])
    assert template.executions == 5
    assert template.execution_ms.total == 900 + 901 + 902 + 7000 + 904
    assert len({sample.query_id for sample in template.samples}) == len(template.samples) == 5


def test_queries_without_an_id_are_not_taken_for_one(tmp_path: Path) -> None:
    row = query("select a from t", 0, QUERY_ID=...)
    template = _only(tmp_path, [row, row, row])
    assert template.executions == 3
    assert {sample.query_id for sample in template.samples} == {None}


# ---------------------------------------------------------------- samples


def test_samples_are_bounded_and_span_the_partitions_scanned(tmp_path: Path) -> None:
    rows = [query(f"select a from t where b = {n}", n, PARTITIONS_SCANNED=n) for n in range(600)]
    samples = _only(tmp_path, rows).samples
    strata = Counter((sample.partitions_scanned or 0) // 25 for sample in samples)
    assert strata == Counter(range(24))
    assert all(sample.text == f"select a from t where b = {sample.partitions_scanned}" for sample in samples)


def test_hot_values_are_sampled_as_often_as_they_are_asked(tmp_path: Path) -> None:
    rows = [query(f"select a from t where b = {0 if n % 4 else n}", n, PARTITIONS_SCANNED=5) for n in range(4000)]
    samples = _compress(write_snapshot(tmp_path, rows), samples_per_template=200).templates[0].samples
    hot = sum(sample.text.endswith("= 0") for sample in samples)
    assert len(samples) == 200
    assert 0.65 <= hot / 200 <= 0.85


def test_a_statement_is_sampled_by_its_weight_in_the_template(tmp_path: Path) -> None:
    """Snowflake's hashes tell IN lists of two lengths apart: the rare one must not take half of the samples."""
    common = [query(f"select a from t where b in ({n})", n, QUERY_PARAMETERIZED_HASH="one") for n in range(950)]
    rare = [query(f"select a from t where b in ({n}, 0)", 950 + n, QUERY_PARAMETERIZED_HASH="two") for n in range(50)]
    template = _compress(write_snapshot(tmp_path, common + rare), samples_per_template=20).templates[0]
    assert template.hashes == ("one", "two")
    assert template.executions == 1000
    assert sum(", 0" in sample.text for sample in template.samples) <= 3
    assert 15 <= len(template.samples) <= 20


# ---------------------------------------------------------------- a history too long to sample all of


@pytest.mark.parametrize("hashes", [False, True])
def test_samples_from_a_part_of_the_window_stand_for_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashes: bool
) -> None:
    common = _history(900, hashes)
    rare = query("select max(b) from t", 2000, START_TIME=START + timedelta(hours=77))
    history = [row | {"START_TIME": START + timedelta(minutes=n)} for n, row in enumerate(common)] + [rare]
    folder = write_snapshot(tmp_path, history)
    whole = _compress(folder)
    monkeypatch.setattr("advisor.workload.history.EXECUTIONS_A_PART", 200)
    sampled = _compress(folder)
    assert [replace(t, samples=(), text="", example_query_id="") for t in sampled.templates] == [
        replace(t, samples=(), text="", example_query_id="") for t in whole.templates
    ]
    assert (sampled.execution_ms, sampled.skipped) == (whole.execution_ms, whole.skipped)
    kept = [sample for template in sampled.templates for sample in template.samples]
    hours = {(sample.started.replace(tzinfo=START.tzinfo) - START) // timedelta(hours=1) for sample in kept}
    assert sorted(len(t.samples) for t in sampled.templates)[0] == 1
    assert all(len(t.samples) > 9 for t in sampled.templates if t.executions > 1)
    assert len(hours) < 12


@pytest.mark.parametrize("between", [" ", " /* by 'what */ ", " -- by what\n", "\n  "])
def test_without_a_hash_ordinals_tell_statements_apart_whatever_stands_between(tmp_path: Path, between: str) -> None:
    texts = [f"select a, b from t where c = {n} order{between}by{between}{1 + n % 2}" for n in range(6)]
    templates = _compress(write_snapshot(tmp_path, [query(text, n) for n, text in enumerate(texts)])).templates
    assert [template.executions for template in templates] == [3, 3]


def test_a_hash_tells_a_statement_whose_text_was_redacted(tmp_path: Path) -> None:
    rows = [query("select a from t where b = 1", n, QUERY_PARAMETERIZED_HASH="one") for n in range(4)]
    rows += [
        query("<redacted>", 4, QUERY_PARAMETERIZED_HASH="one"),
        query("", 5, QUERY_TEXT=None, QUERY_PARAMETERIZED_HASH="two"),
    ]
    workload = _compress(write_snapshot(tmp_path, rows))
    assert [(t.executions, {s.text for s in t.samples}) for t in workload.templates] == [
        (5, {"select a from t where b = 1"})
    ]
    assert [(s.reason, s.queries) for s in workload.skipped] == [("text missing or redacted", 1)]


# ---------------------------------------------------------------- laws


def _read(folder: Path) -> tuple[Workload, Catalog]:
    with open_snapshot(folder) as snapshot:
        return compress(snapshot, Settings()), catalog(snapshot)


def _lower(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name.lower(): value for name, value in row.items()} for row in rows]


@pytest.fixture(scope="module")
def material() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    history = _history(300) + _history(300, hashes=True)
    for number, row in enumerate(history):
        row["QUERY_ID"] = f"q{number}"
        row["EXECUTION_TIME"] = row["EXECUTION_TIME"] + 0.125
    tables = [table("T", CLUSTERING_KEY="LINEAR(A)", CREATED=START), table("u", IS_TRANSIENT="YES")]
    columns = [
        {
            "TABLE_CATALOG": "DB",
            "TABLE_SCHEMA": "PUBLIC",
            "TABLE_NAME": "T",
            "COLUMN_NAME": name,
            "ORDINAL_POSITION": position,
        }
        for position, name in enumerate("AB")
    ]
    return history, tables, columns


@pytest.mark.parametrize(
    ("form", "parts", "shuffled", "lower"),
    [
        ("parquet", 1, False, False),
        ("parquet", 1, True, False),
        ("parquet", 1, False, True),
        ("parquet", 3, False, False),
        ("csv", 1, False, False),
        ("csv", 3, True, True),
    ],
)
def test_the_form_of_a_snapshot_changes_nothing(
    tmp_path: Path,
    material: tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]],
    form: str,
    parts: int,
    shuffled: bool,
    lower: bool,
) -> None:
    plain = write_snapshot(tmp_path / "plain", material[0], material[1], columns=material[2])
    views = [list(rows) for rows in material]
    if shuffled:
        for rows in views:
            random.Random(1).shuffle(rows)
    if lower:
        views = [_lower(rows) for rows in views]
    other = write_snapshot(tmp_path / "other", views[0], views[1], form, parts, columns=views[2])
    assert _read(other) == _read(plain)


def test_one_snapshot_compresses_twice_to_the_same(tmp_path: Path) -> None:
    with open_snapshot(write_snapshot(tmp_path, _history())) as snapshot:
        assert compress(snapshot, Settings()) == compress(snapshot, Settings())


def test_unknown_columns_and_an_unrelated_file_change_nothing(tmp_path: Path) -> None:
    history = _history(50)
    plain = write_snapshot(tmp_path / "plain", history)
    more = write_snapshot(tmp_path / "more", [row | {"NEWS": [1, 2]} for row in history])
    write_view(more, "login_history", [{"USER_NAME": "A"}])
    (more / "notes.txt").write_text("as exported on Monday")
    assert _read(more) == _read(plain)


# ---------------------------------------------------------------- a history that was aggregated where it is


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Workload]:
    """A folder with `query_templates` and `query_samples` in the history's place, and what the history itself says."""
    folder = write_snapshot(tmp_path / "snapshot", _history(hashes=True))
    with open_snapshot(folder) as snapshot:
        whole = compress(snapshot, Settings())
        for view, statements in aggregates().items():
            target = folder / f"{view}.parquet"
            snapshot.connection.execute(f"COPY ({statements}) TO '{target}' (FORMAT parquet)")
    (folder / "query_history.parquet").unlink()
    return folder, whole


def aggregates() -> dict[str, str]:
    """The two statements as a collector would send them: each with the executions before it."""
    executions = sqlglot.transpile(sql("executions"), read="snowflake", write="duckdb", comments=False)[0]
    found = {}
    for view in ("query_templates", "query_samples"):
        body = sqlglot.transpile(sql(view), read="snowflake", write="duckdb", comments=False)[0]
        text = f"SELECT * FROM (WITH EXECUTIONS AS ({executions}) {body.replace('WITH strata', ', strata')})"
        found[view] = text.replace("SNOWFLAKE.ACCOUNT_USAGE.", "").replace("$samples", "24")
    return found


def _unsampled(template: QueryTemplate) -> QueryTemplate:
    times = _without_percentiles(template.execution_ms)
    return replace(template, text="", example_query_id=None, samples=(), execution_ms=times, recent=None)


def _without_percentiles(times: Distribution) -> Distribution:
    return replace(times, p50=None, p95=None, p99=None)


def test_executions_of_the_last_quarter_are_told_apart(tmp_path: Path) -> None:
    history = [query("SELECT a FROM t", minutes) for minutes in (0, 10, 70, 75, 79)]
    history += [query("SELECT b FROM t", minutes) for minutes in (5, 80)]
    found = _compress(write_snapshot(tmp_path, history, [table("T")]))
    assert {t.text: t.recent for t in found.templates} == {"SELECT a FROM t": 3, "SELECT b FROM t": 1}


def test_aggregates_of_the_whole_window_do_not_tell_what_is_recent(pair: tuple[Path, Workload]) -> None:
    folder, whole = pair
    assert None in {t.recent for t in _compress(folder).templates}
    assert None not in {t.recent for t in whole.templates}


def test_the_aggregates_serve_in_place_of_the_history(pair: tuple[Path, Workload]) -> None:
    folder, whole = pair
    found = _compress(folder)
    assert [_unsampled(t) for t in found.templates] == [_unsampled(t) for t in whole.templates]
    assert all(0 < len(t.samples) <= 24 for t in found.templates)
    assert {t.execution_ms.p50 for t in found.templates} == {None}
    assert found.skipped == whole.skipped
    assert (found.queries, found.window_start, found.window_end) == (
        whole.queries,
        whole.window_start,
        whole.window_end,
    )
    assert found.execution_ms == _without_percentiles(whole.execution_ms)


def test_an_aggregate_without_its_samples_is_counted_as_textless(pair: tuple[Path, Workload]) -> None:
    folder, _ = pair
    samples = pq.read_table(folder / "query_samples.parquet")
    kept = samples.filter([not statement.startswith("hash0") for statement in samples["STATEMENT"].to_pylist()])
    pq.write_table(kept, folder / "query_samples.parquet")
    assert "text missing or redacted" in {reason.reason for reason in _compress(folder).skipped}


def test_a_context_without_samples_is_counted_as_textless(pair: tuple[Path, Workload]) -> None:
    folder, whole = pair
    templates = pq.read_table(folder / "query_templates.parquet").to_pylist()
    elsewhere = [row | {"SCHEMA_NAME": "ELSEWHERE"} for row in templates if row["OUTCOME"] == "executed"]
    write_view(folder, "query_templates", templates + elsewhere)
    found = _compress(folder)
    executed = sum(row["EXECUTIONS"] for row in elsewhere)
    assert ("text missing or redacted", executed) in [(reason.reason, reason.queries) for reason in found.skipped]
    assert len(found.templates) == len(whole.templates)
