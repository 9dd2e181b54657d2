"""Planted dashboards: what asks the same again, and why it ran."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.errors import InputError
from advisor.generator import generate
from advisor.model import Advice
from advisor.reuse.texts import tokens, uncommented
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload import askings, duckdb_sql, prepared
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


def advice(folder: Path, history: Rows, stock: Row = STOCK, settings: Settings | None = None, **views: Any) -> Advice:
    views = {"columns": COLUMNS, "table_dml_history": written(24), **views}
    return advise(folder, history, [stock], settings, **views)


def kinds(found: Advice) -> set[str]:
    return {r.kind for r in found.recommendations} | {r.kind for r in found.rejections}


@pytest.mark.parametrize("hashed", [True, False])
def test_texts_that_differ_in_noise_alone_become_one(tmp_path: Path, hashed: bool) -> None:
    history = asked(noisy, QUERY_HASH="ab12" if hashed else None) + answered()
    (one,) = of(advice(tmp_path, history), KIND)
    assert (one.action, one.target.type, one.details["cause"]) == ("rewrite", "query", "text")
    assert "ran each time, likely because its text differed in case, blanks or comments" in one.reason
    assert "Today the cache answers 2.0% of the account's queries." in one.reason
    # The shorter of two texts, less the comment that made it another question each time.
    plain = "select site,  sum(qty) from stock group by site"
    assert one.details["rewrites"] == [{"fingerprint": one.target.name, "query": plain}]
    assert str(one.details["instead_of"]).startswith(f"{plain} /* request ")
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


def test_a_request_number_is_left_out_of_the_text_without_the_clock(tmp_path: Path) -> None:
    numbered = asked(lambda i, at: f"{now(i, at)} -- request {i}", QUERY_HASH="ab12")
    (hourly,) = of(advice(tmp_path, numbered), KIND)
    (query,) = [each["query"] for each in hourly.details["rewrites"]]  # type: ignore[attr-defined]
    assert "::TIMESTAMP_LTZ" in query
    assert "--" not in query


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("SELECT 1", "SELECT 1"),
        ("-- one\nSELECT a/* two */+b -- three", "SELECT a +b"),
        ("SELECT '-- no', \"/*no*/\", $$//no$$ FROM t // yes", "SELECT '-- no', \"/*no*/\", $$//no$$ FROM t"),
        ("SELECT a -- b\nFROM t /* open", "SELECT a \nFROM t"),
    ],
)
def test_comments_are_taken_out_of_a_text_and_nothing_else(text: str, bare: str) -> None:
    assert uncommented(text) == bare
    assert [token.text for token in tokens(text)] == [token.text for token in tokens(bare)]


def test_a_user_that_never_gets_an_answer_from_the_cache_has_it_off(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(lambda i, at: ONE))
    (on,) = of(found, KIND)
    assert (on.action, on.target.type, on.target.name) == ("enable", "user", "BI")
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*result_cache*")
    assert "ALTER USER BI SET USE_CACHED_RESULT = TRUE;" in script.read_text()


def at_eight(text: str = ONE, **figures: Any) -> Rows:
    """Three runs of five minutes at eight, nine and ten each day: the load at two makes the first of them new."""
    moments = [START + timedelta(days=day, hours=hour) for day in range(28) for hour in (8, 9, 10)]
    usual = {"EXECUTION_TIME": 300_000, "WAREHOUSE_SIZE": "Medium", "USER_NAME": "BI", "ROLE_NAME": "READER"}
    return runs(lambda i, at: text, moments, "w", **{**usual, **figures})


def loaded_at(*hours: int) -> Rows:
    moments = [START + timedelta(days=day, hours=hour) for day in range(28) for hour in hours]
    return [{"START_TIME": at, "ROWS_ADDED": 10, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0, **PLACE} for at in moments]


WORTH = Settings(credits_per_second_saved=0.01)


def test_a_task_asks_between_the_load_and_the_first_reader_where_a_second_has_a_value(tmp_path: Path) -> None:
    found = advice(tmp_path / "in", at_eight() + answered(), settings=WORTH, table_dml_history=loaded_at(2))
    (asked_first,) = of(found, KIND)
    assert (asked_first.action, asked_first.details["cause"]) == ("create", "load")
    # 28 first readers in a window of 28.5 days wait five minutes each; the task runs as often as they come
    upkeep = asked_first.cost.upkeep_credits_per_month
    assert upkeep is not None
    assert upkeep.low == pytest.approx(0, abs=0.2)
    assert upkeep.high == pytest.approx(30 * 300 / 3600 * 4, rel=0.02)
    assert asked_first.benefit.credits is not None
    assert asked_first.benefit.credits.expected == pytest.approx(30 * 300 * 0.01, rel=0.05)
    assert "29.5 of its runs a month follow a load and make their reader wait" in asked_first.reason
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*result_cache*")
    task = (
        f"CREATE TASK IF NOT EXISTS DB.PUBLIC.{asked_first.details['task']}\n  WAREHOUSE = COMPUTE_WH\n"
        f"  SCHEDULE = 'USING CRON 30 7 * * 0,1,2,3,4,5,6 UTC'\n  COMMENT = '{asked_first.details['mark']}'\nAS\n{ONE};"
    )
    assert task in script.read_text()
    assert f"-- DROP TASK IF EXISTS DB.PUBLIC.{asked_first.details['task']};" in script.read_text()
    assert "CREATE TASK" in (tmp_path / "out" / "apply.sql").read_text()


def test_asking_first_saves_no_credits_and_says_what_a_second_must_be_worth(tmp_path: Path) -> None:
    found = advice(tmp_path, at_eight() + answered(), table_dml_history=loaded_at(2))
    assert not of(found, KIND)
    assert "A task at 07:30 UTC, after the load and before the first reader, would spare them that" in rejected(
        found, KIND
    )
    assert "It pays where a second is worth more than" in rejected(found, KIND)


@pytest.mark.parametrize(
    ("history", "loads", "change"),
    [
        (at_eight(), loaded_at(2, 9), {}),
        (at_eight(), loaded_at(7), {}),
        (at_eight(ROLE_NAME="A") + at_eight(ROLE_NAME="B"), loaded_at(2), {}),
        (at_eight("SELECT site, SUM(qty) FROM stock GROUP BY site -- daily"), loaded_at(2), {}),
        (at_eight() + at_eight(ONE.lower()), loaded_at(2), {}),
        (at_eight(DATABASE_NAME=None), loaded_at(2), {}),
        (at_eight(), loaded_at(2), {"IS_HYBRID": "YES"}),
        (at_eight(), loaded_at(2), {"TABLE_TYPE": "EXTERNAL TABLE"}),
        (at_eight(f"{ONE} HAVING RANDOM() > 0"), loaded_at(2), {}),
    ],
    ids=[
        "a load among the readers",
        "no time in between",
        "two roles",
        "ends in a comment",
        "two texts",
        "no database",
        "a hybrid table",
        "an external table",
        "a random answer",
    ],
)
def test_a_question_is_not_asked_first_where_the_answer_may_not_serve(
    tmp_path: Path, history: Rows, loads: Rows, change: Row
) -> None:
    found = advice(tmp_path, history + answered(), {**STOCK, **change}, settings=WORTH, table_dml_history=loads)
    assert not [each for each in of(found, KIND) if each.details["cause"] == "load"]
    assert "A task at" not in rejected(found, KIND)


def test_an_answer_that_a_policy_shapes_is_not_asked_for_by_a_task(tmp_path: Path) -> None:
    policy = {"POLICY_KIND": "ROW_ACCESS_POLICY", "REF_DATABASE_NAME": "DB", "REF_SCHEMA_NAME": "PUBLIC"}
    row = {**policy, "REF_ENTITY_NAME": "STOCK", "REF_ENTITY_DOMAIN": "TABLE", "POLICY_STATUS": "ACTIVE"}
    found = advice(
        tmp_path, at_eight() + answered(), settings=WORTH, table_dml_history=loaded_at(2), policy_references=[row]
    )
    assert not of(found, KIND)
    assert "followed a write to its tables, so that they had to run" in rejected(found, KIND)


def test_answers_older_than_a_day_are_told(tmp_path: Path) -> None:
    """Twice within a minute, every other day."""
    moments = [START + timedelta(days=day, minutes=minute) for day in range(0, 28, 2) for minute in (0, 1)]
    figures = {"EXECUTION_TIME": 300_000, "WAREHOUSE_SIZE": "Medium", "USER_NAME": "BI", "ROLE_NAME": "READER"}
    found = advice(
        tmp_path, runs(lambda i, at: ONE, moments, "o", **figures) + answered(), table_dml_history=written(24 * 27)
    )
    assert not of(found, KIND)
    assert "came more than 24 hours after the last answer, which is as long as Snowflake keeps one" in rejected(
        found, KIND
    )


def test_another_role_s_run_is_told(tmp_path: Path) -> None:
    roles = asked(lambda i, at: ONE, ROLE_NAME="A") + [
        {**row, "QUERY_ID": f"b-{i}", "ROLE_NAME": "B"} for i, row in enumerate(asked(lambda i, at: ONE))
    ]
    found = advice(tmp_path, roles + answered(), table_dml_history=written(2))
    assert "were asked under another role than the last" in rejected(found, KIND)


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


@pytest.mark.parametrize(
    "text", ["ALTER TABLE stock SWAP WITH stock_new", "CREATE OR REPLACE TABLE stock CLONE staged"]
)
def test_repeats_of_a_table_that_another_comes_in_the_place_of_are_not_judged(tmp_path: Path, text: str) -> None:
    swaps = runs(lambda i, at: text, times(28), "s", QUERY_TYPE="ALTER_TABLE", WAREHOUSE_SIZE=None)
    found = advice(tmp_path, asked(lambda i, at: ONE) + swaps)
    assert not of(found, KIND)
    assert "they read a table that a swap, a new name or a clone fills, and no history tells when" in rejected(
        found, KIND
    )


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


def test_tables_whose_quoted_names_differ_in_case_alone_are_other_questions(tmp_path: Path) -> None:
    def each(i: int, at: datetime) -> str:
        return f'SELECT SUM(qty) FROM "{"stock" if i % 2 else "STOCK"}" WHERE id = {i // 2}'

    lower = {**STOCK, "TABLE_NAME": "stock"}
    found = advise(tmp_path, asked(each), [STOCK, lower], columns=COLUMNS)
    assert KIND not in kinds(found)


def test_constants_that_differ_in_case_alone_are_other_questions(tmp_path: Path) -> None:
    def site(i: int, at: datetime) -> str:
        return f"SELECT SUM(qty) FROM stock WHERE site = '{'ab' if i % 2 else 'AB'}'"

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


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        ("SELECT COUNT(*) FROM elsewhere", {}, "they read what the snapshot has no table of, or a materialized view"),
        (
            ONE,
            {"IS_DYNAMIC": "YES"},
            "they read a dynamic, Iceberg, event, temporary or shared table, whose changes no history tells",
        ),
    ],
)
def test_repeats_whose_data_may_have_changed_are_counted_as_not_judged(
    tmp_path: Path, text: str, change: Row, said: str
) -> None:
    found = advice(tmp_path, asked(lambda i, at: text), {**STOCK, **change})
    assert not of(found, KIND)
    counted = "2,160 executions a month (3 h) of questions that were asked again on the same day are not judged"
    assert rejected(found, KIND) == f"{counted}: {said}."


def test_a_history_too_large_to_search_says_what_that_costs(tmp_path: Path) -> None:
    found = advice(tmp_path, asked(noisy, QUERY_HASH="ab12"), settings=Settings(repeats_read=1000))
    assert not of(found, KIND)
    assert rejected(found, KIND) == (
        "Whether the result cache could have answered more is not known: the history holds 2,000 single executions, more than the setting "
        "repeats_read (1,000) lets be searched; advisor collect has the account search them. Without it nothing is advised of the "
        "2,160 executions a month (3 h) whose statements ran more than once."
    )


def test_repeats_that_need_more_memory_than_there_is_end_the_run_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = asked(noisy, QUERY_HASH="ab12")
    monkeypatch.setattr(askings, "repeats_of", lambda *_: "SELECT list(i) AS HELD FROM range(100_000_000) AS r(i)")
    with pytest.raises(InputError) as raised:
        advice(tmp_path / "short", history, settings=Settings(memory_limit="200MB"))
    assert str(raised.value) == (
        "out of memory while 2,000 executions are searched for questions that were asked again; raise the setting memory_limit (200MB), "
        "or go without by a lower repeats_read"
    )
    less = advice(tmp_path / "less", history, settings=Settings(memory_limit="200MB", repeats_read=1))
    assert "more than the setting repeats_read (1)" in rejected(less, KIND)


def test_templates_without_their_repeats_say_so_in_the_coverage_and_beside_what_was_left(tmp_path: Path) -> None:
    advice(tmp_path / "raw", asked(noisy, QUERY_HASH="ab12"))
    folder = tmp_path / "aggregated"
    shutil.copytree(tmp_path / "raw", folder)
    with open_snapshot(tmp_path / "raw") as snapshot, prepared(snapshot, Settings()):
        for view in ("templates", "samples"):
            statement = duckdb_sql(f"query_{view}").replace("$samples", "12")
            snapshot.connection.execute(f"COPY ({statement}) TO '{folder / f'query_{view}.parquet'}' (FORMAT parquet)")
    (folder / "query_history.parquet").unlink()
    with open_snapshot(folder) as snapshot:
        found = analyze(snapshot, Settings())
    assert "the snapshot holds the history as templates, without query_repeats" in rejected(found, KIND)
    effects = {each.view: each.effect for each in found.coverage.views_missing}
    assert (
        effects["query_repeats"]
        == "which questions were asked again is unknown, so nothing is advised for the result cache"
    )


def test_a_history_too_large_to_search_that_asks_nothing_twice_has_nothing_to_say(tmp_path: Path) -> None:
    once = asked(lambda i, at: ONE, 1)
    found = advice(tmp_path, once, settings=Settings(repeats_read=0))
    assert not rejected(found, KIND)
