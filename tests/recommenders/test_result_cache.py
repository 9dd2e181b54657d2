"""Planted dashboards: what asks the same again, and why it ran."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.model import Advice
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload import duckdb_sql, prepared
from tests.recommenders.accounts import advise, columns, of, rejected, runs, times
from tests.snapshots import START, Row, table

Rows = list[dict[str, Any]]
KIND = "result_cache"
STOCK = table("STOCK", ROW_COUNT=1_000_000, BYTES=10 * 2**30)
COLUMNS = columns("STOCK", ID="NUMBER", SITE="TEXT", AT="TIMESTAMP_NTZ", QTY="NUMBER")
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "STOCK"}
ONE = "SELECT site, SUM(qty) FROM stock GROUP BY site"


def noisy(i: int, at: datetime) -> str:
    return f"select site,  sum(qty) from stock group by site /* request {i} */" if i % 2 else f"{ONE} -- {i}"


def now(i: int, at: datetime) -> str:
    return "SELECT COUNT(*) FROM stock WHERE at >= DATEADD('minute', -90, CURRENT_TIMESTAMP())"


def asked(text: Callable[[int, datetime], str], count: int = 2000, **figures: Any) -> Rows:
    """Every few minutes for four weeks, 5 seconds each."""
    usual = {"EXECUTION_TIME": 5000, "WAREHOUSE_SIZE": "Medium", "USER_NAME": "BI", "ROLE_NAME": "READER"}
    return runs(text, times(count), "q", **{**usual, **figures})


def answered(count: int = 40) -> Rows:
    """Answers from the cache: no warehouse, no bytes."""
    figures = {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0, "EXECUTION_TIME": 20}
    return runs(lambda i, at: ONE, times(count, 3), "hit", USER_NAME="BI", ROLE_NAME="READER", **figures)


def written(every_hours: int) -> Rows:
    """Hours in which rows were loaded."""
    hours = [START + timedelta(hours=i) for i in range(0, 28 * 24, every_hours)]
    return [{"START_TIME": at, "ROWS_ADDED": 10, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0, **PLACE} for at in hours]


def advice(folder: Path, history: Rows, stock: Row = STOCK, **views: Any) -> Advice:
    views = {"columns": COLUMNS, "table_dml_history": written(24), **views}
    return advise(folder, history, [stock], **views)


def kinds(found: Advice) -> set[str]:
    return {r.kind for r in found.recommendations} | {r.kind for r in found.rejections}


@pytest.mark.parametrize("hashed", [True, False])
def test_texts_that_differ_in_noise_alone_become_one(tmp_path: Path, hashed: bool) -> None:
    history = asked(noisy, QUERY_HASH="ab12" if hashed else None) + answered()
    (one,) = of(advice(tmp_path, history), KIND)
    assert (one.action, one.target.type, one.details["cause"]) == ("rewrite", "query", "text")
    assert "ran each time, likely because its text differed in case, blanks or comments" in one.reason
    assert "Today the cache answers 2.0% of the account's queries." in one.reason
    # 2,000 runs of 5 s: those in the hour of the daily load had to run, and so had each day's first
    assert one.benefit.credits is not None
    assert one.benefit.credits.expected == pytest.approx(2000 * 5 / 3600 * 4 * 30 / 28, rel=0.12)
    assert one.benefit.credits.expected < 2000 * 5 / 3600 * 4 * 30 / 28


def test_the_clock_is_cut_to_the_hour_and_to_the_day_where_the_text_cuts_it_itself(tmp_path: Path) -> None:
    (hourly,) = of(advice(tmp_path / "a", asked(now)), KIND)
    assert hourly.details["cause"] == "hour"
    assert hourly.confidence == "low"
    daily = asked(lambda i, at: "SELECT COUNT(*) FROM stock WHERE at >= CURRENT_TIMESTAMP()::DATE")
    (by_day,) = of(advice(tmp_path / "b", daily), KIND)
    assert by_day.details["cause"] == "day"
    wanted = {"fingerprint": by_day.target.name, "query": "SELECT COUNT(*) FROM stock WHERE at >= CURRENT_DATE()"}
    assert by_day.details["rewrites"] == [wanted]


def test_a_user_that_never_gets_an_answer_from_the_cache_has_it_off(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(lambda i, at: ONE))
    (on,) = of(found, KIND)
    assert (on.action, on.target.type, on.target.name) == ("enable", "user", "BI")
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*result_cache*")
    assert "ALTER USER BI SET USE_CACHED_RESULT = TRUE;" in script.read_text()


def test_the_aggregate_that_a_collector_writes_gives_the_same_advice(tmp_path: Path) -> None:
    raw = advice(tmp_path / "raw", asked(noisy, QUERY_HASH="ab12") + answered())
    folder = tmp_path / "aggregated"
    shutil.copytree(tmp_path / "raw", folder)
    with open_snapshot(tmp_path / "raw") as snapshot, prepared(snapshot, Settings()):
        for view, name, value in (
            ("templates", "", ""),
            ("samples", "$samples", "12"),
            ("repeats", "$questions", "200"),
        ):
            statement = duckdb_sql(f"query_{view}").replace(name or "\0", value)
            snapshot.connection.execute(f"COPY ({statement}) TO '{folder / f'query_{view}.parquet'}' (FORMAT parquet)")
    (folder / "query_history.parquet").unlink()
    with open_snapshot(folder) as snapshot:
        aggregated = analyze(snapshot, Settings())
    (here,), (there,) = of(raw, KIND), of(aggregated, KIND)
    assert (here.id, here.benefit.credits, here.details["rewrites"]) == (
        there.id,
        there.benefit.credits,
        there.details["rewrites"],
    )


# ---------------------------------------------------------------- nothing is due


def test_repeats_of_a_table_that_is_loaded_all_day_have_to_run(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(noisy), table_dml_history=written(1))
    assert not of(found, KIND)
    assert "followed a write to its tables, so that they had to run" in rejected(found, KIND)


def test_without_a_write_history_the_statements_that_write_tell(tmp_path: Path) -> None:
    loads = runs(lambda i, at: "INSERT INTO stock SELECT * FROM staging", times(700), "w", QUERY_TYPE="INSERT")
    found = advise(tmp_path, asked(noisy) + loads, [STOCK], columns=COLUMNS)
    assert not of(found, KIND)
    assert "followed a write" in rejected(found, KIND)


def test_hits_of_a_user_mean_that_the_cache_is_on(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(lambda i, at: ONE) + answered())
    assert not of(found, KIND)
    assert "ran again although nothing that the history records had changed" in rejected(found, KIND)


def test_constants_that_differ_are_other_questions(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(lambda i, at: f"SELECT * FROM stock WHERE id = {i}"))
    assert KIND not in kinds(found)


def test_constants_that_differ_in_case_alone_are_other_questions(tmp_path: Path) -> None:
    def site(i: int, at: datetime) -> str:
        return f"SELECT SUM(qty) FROM stock WHERE site = '{'ab' if i % 2 else 'AB'}' /* {i} */"

    assert not [r for r in of(advice(tmp_path, asked(site)), KIND) if r.details["cause"] == "text"]


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        ("SELECT RANDOM(), SUM(qty) FROM stock", {}, "call a function such as RANDOM"),
        (ONE, {"IS_HYBRID": "YES"}, "read a hybrid or an external table"),
    ],
)
def test_what_the_platform_never_reuses_is_said(tmp_path: Path, text: str, change: Row, said: str) -> None:
    found = advice(tmp_path, asked(lambda i, at: text), {**STOCK, **change})
    assert not of(found, KIND)
    assert said in rejected(found, KIND)


def test_repeats_that_take_little_time_are_passed_over(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(noisy, EXECUTION_TIME=20))
    assert KIND not in kinds(found)


def test_a_view_or_a_table_that_is_not_known_leaves_it_unsaid(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(lambda i, at: "SELECT COUNT(*) FROM elsewhere /* {i} */"))
    assert KIND not in kinds(found)
