"""Questions that were asked again, as `sql/query_repeats.sql` counts them; DuckDB runs the text that the account runs, and the one that
the analysis runs."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from advisor.snapshot import open_snapshot
from advisor.workload import duckdb_sql
from advisor.workload.digests import ALL_KINDS
from advisor.workload.texts import repeats_of
from tests.snapshots import query, write_snapshot

HASHED: dict[str, Any] = {"QUERY_HASH": "h", "QUERY_HASH_VERSION": 1}
CACHED: dict[str, Any] = {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": None}


def repeats(tmp_path: Path, history: list[dict[str, Any]], columns: str, questions: int = 100) -> list[tuple[Any, ...]]:
    with open_snapshot(write_snapshot(tmp_path, history)) as snapshot:
        snapshot.rows("query_history", f"CREATE TABLE executions AS {duckdb_sql('executions')}")
        askings = ALL_KINDS.format(rows="query_history", hash="QUERY_HASH")
        snapshot.rows("query_history", f"CREATE VIEW askings AS {askings}")
        in_account, here = duckdb_sql("query_repeats"), repeats_of("query_history", "askings")
        for name, sql in (("in_account", in_account), ("here", here)):
            snapshot.rows("query_history", f"CREATE TABLE {name} AS {sql}", {"questions": questions})
        assert snapshot.rows("query_history", "FROM here ORDER BY ALL") == snapshot.rows(
            "query_history", "FROM in_account ORDER BY ALL"
        )
        return snapshot.rows("query_history", f"SELECT {columns} FROM here ORDER BY DAY, EXECUTION_MS DESC, QUESTION")


def test_executions_that_repeat_a_question_are_counted_with_their_time(tmp_path: Path) -> None:
    asked = [query("SELECT 1 FROM t", minute, EXECUTION_TIME=100 + minute, **HASHED) for minute in (0, 10, 90)]
    cached = query("SELECT 1 FROM t", 20, **HASHED, **CACHED)
    found = repeats(
        tmp_path,
        [*asked, cached],
        "QUESTION, EXECUTIONS, CACHED, EXECUTION_MS, REPEATS, REPEAT_MS, GAP_SECONDS, HOURS",
    )
    # The last one came 70 minutes after the cached one.
    assert found == [("h:1", 3, 1, 400, 2, 300, 80 * 60, "0:2 1:1")]


def test_a_question_asked_once_is_no_repetition(tmp_path: Path) -> None:
    other = query("SELECT 1 FROM t", 1, QUERY_HASH="other", QUERY_HASH_VERSION=1)
    failed = query("SELECT 1 FROM t", 2, EXECUTION_STATUS="FAIL", **HASHED)
    assert repeats(tmp_path, [query("SELECT 1 FROM t", **HASHED), other, failed], "QUESTION") == []


def test_texts_and_roles_that_keep_a_result_from_being_used_are_told(tmp_path: Path) -> None:
    texts = ["SELECT 1 FROM t", "select 1 from t", "select  1 from t -- b", "SELECT 1 FROM t"]
    history = [query(text, i, ROLE_NAME=f"R{i % 2}", **HASHED) for i, text in enumerate(texts)]
    ((count, roles, one, other),) = repeats(tmp_path, history, "TEXTS, ROLES, ONE_TEXT, OTHER_TEXT")
    assert (count, roles) == (3, 2)
    assert {one, other} < set(texts)
    assert one != other


def test_one_text_needs_no_second_to_compare_with(tmp_path: Path) -> None:
    history = [query("SELECT 1 FROM t", i, **HASHED) for i in range(2)]
    assert repeats(tmp_path, history, "TEXTS, ONE_TEXT, OTHER_TEXT") == [(1, None, None)]


def test_without_a_hash_a_question_is_its_text_less_case(tmp_path: Path) -> None:
    history = [query(text, i) for i, text in enumerate(["SELECT 1 FROM t", "SELECT 1 FROM t", "select 1 from t"])]
    assert repeats(tmp_path, history, "EXECUTIONS, TEXTS") == [(3, 2)]


def test_without_a_hash_the_case_of_constants_and_quoted_names_tells_questions_apart(tmp_path: Path) -> None:
    texts = ["select 1 from t where s = 'ab'", "SELECT 1 FROM t WHERE s = 'ab'", "select 1 from t where s = 'AB'"]
    texts += ['select 1 from "orders"', 'select 1 from "ORDERS"', 'select 1 from "orders" -- again']
    texts += ["select $$a$$, 'it''s' /* x */", "SELECT $$A$$, 'it''s'", "SELECT $$a$$, 'it''s' /* y\n */"]
    history = [query(text, i) for i, text in enumerate(texts)]
    assert repeats(tmp_path, history, "EXECUTIONS, TEXTS") == [(2, 2), (2, 2), (2, 2)]


def test_contexts_and_days_are_questions_of_their_own(tmp_path: Path) -> None:
    minutes = (0, 1, 2, 3, 1440, 1441)
    history = [query("SELECT 1 FROM t", m, DATABASE_NAME="A" if m in (0, 1) else "B", **HASHED) for m in minutes]
    found = repeats(tmp_path, history, "DAY, DATABASE_NAME, EXECUTIONS")
    day, next_day = datetime(2025, 1, 1), datetime(2025, 1, 2)
    assert sorted(found) == [(day, "A", 2), (day, "B", 2), (next_day, "B", 2)]


def test_a_row_that_the_history_holds_twice_is_one_execution(tmp_path: Path) -> None:
    row = query("SELECT 1 FROM t", **HASHED)
    assert repeats(tmp_path, [row, row], "QUESTION") == []


def test_writes_are_no_questions(tmp_path: Path) -> None:
    history = [query("INSERT INTO t SELECT 1", i, QUERY_TYPE="INSERT", **HASHED) for i in range(2)]
    assert repeats(tmp_path, [*history, query("SELECT 1 FROM t", 5)], "QUESTION") == []


def test_of_each_day_those_that_took_most_time_are_kept(tmp_path: Path) -> None:
    history = [
        query("SELECT 1 FROM t", day * 1440 + i, QUERY_HASH=name, EXECUTION_TIME=ms)
        for day in range(2)
        for name, ms in (("slow", 500), ("slower", 900), ("quick", 10))
        for i in range(2)
    ]
    for number, row in enumerate(history):
        row["QUERY_ID"] = f"q-{number}"
    found = repeats(tmp_path, history, "QUESTION", questions=2)
    assert found == [("slower:",), ("slow:",)] * 2


def test_hashes_texts_and_rows_of_every_kind_beside_each_other(tmp_path: Path) -> None:
    hashes, texts = (
        (None, "", " ", "a", " a ", "é", "b"),
        ("SELECT 1", "select 1", "SELECT '!'", None, "", "<redacted>"),
    )
    history = [
        query(text or "", 7 * i, QUERY_TEXT=text, QUERY_HASH=hash_, QUERY_HASH_VERSION=version, ROLE_NAME=f"R{i % 3}")
        for i, (hash_, version, text) in enumerate(product(hashes, (None, 1), texts))
    ]
    # An id that stands twice, with another hash and another text.
    twice = {**history[40], "QUERY_HASH": "b", "QUERY_TEXT": "SELECT 2"}
    found = repeats(tmp_path, [*history, *(row | {"QUERY_ID": None} for row in history), twice], "QUESTION, TEXTS")
    assert {"a:1", "b:1", "é:", "a:"} < {question for question, _ in found}
    assert max(count for _, count in found) == 3
