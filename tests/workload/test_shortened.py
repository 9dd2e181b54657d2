"""Texts that are named together are of one statement."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from advisor.engine_sql import literal
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload import compress, prepared
from advisor.workload.shortened import COUNTED, NAMED, NAMED_EACH, NAMES, OPENED, SHORTENED, TOLD, ZEROED
from advisor.workload.texts import columns_of_executions
from tests.snapshots import query, write_snapshot

PIECES = (
    *("1", "23", "4.5", "6.", ".7", "1e5", "5e+10", "1.5e-3", "12.5abc", "1.2.3", "007", "-8", "9::int"),
    *(
        "a1",
        "t_2",
        "é5",
        "a",
        "b",
        "select",
        "from",
        "where",
        "and",
        "=",
        "<",
        " ",
        "  ",
        "\n",
        ",",
        "(",
        ")",
        ".",
        "-",
        "?",
        "*",
        "/",
    ),
    *("'x 1'", "'it''s 2'", r"'\1'", r"'a\' 3'", "'4 \" 5'", "'", "\\"),
    *('"c 1"', '"2"', '"', "$1", "$23", "$a", "$$ 1 $$", "$$", "$", "[0]", "[12]", "[ 3 ]", "[", "]", "v:a"),
    *(
        "order by 1, 2",
        "GROUP BY\n3",
        "order/* 1 */by 4",
        "order by -- 5\n 6",
        "group  by //\n7",
        "by 8",
        "by",
        "order",
    ),
    *(
        "-- c 1\n",
        "--",
        "// 2\n",
        "/* 3 */",
        '/* " 4 */',
        "/*",
        "*/",
        "in (1, 2)",
        "IN (3)",
        "f(1, 2)",
        "values (1, 'a'), (2, 'b')",
    ),
)
OPENINGS = ("", '/* {"app": "dbt", "run": "17"} */ ', "/* 1 **/", "/* 2", " /* 3 */")


def rows(texts: Sequence[str]) -> str:
    """As the executions of a history without hashes."""
    values = ", ".join(f"({number}, {literal(text)})" for number, text in enumerate(texts))
    none = "NULL::VARCHAR AS QUERY_PARAMETERIZED_HASH, NULL::VARCHAR AS QUERY_PARAMETERIZED_HASH_VERSION"
    return f"(SELECT *, {none} FROM (VALUES {values}) AS texts(NUMBER, QUERY_TEXT))"


def statements(source: str) -> list[str]:
    made = columns_of_executions(("STATEMENT",))[0]
    return [name for (name,) in duckdb.execute(f"SELECT {made} FROM {source} ORDER BY NUMBER").fetchall()]


def test_a_shortened_text_is_of_the_same_statement() -> None:
    draw = random.Random(6)
    texts = [draw.choice(OPENINGS) + "".join(draw.choices(PIECES, k=draw.randrange(1, 12))) for _ in range(20_000)]
    named_alike = f"CASE WHEN {COUNTED} THEN QUERY_TEXT ELSE {ZEROED} END"
    shortened = f"(SELECT * REPLACE ({named_alike} AS QUERY_TEXT) FROM ({OPENED.format(rows=rows(texts))}))"
    assert statements(shortened) == statements(rows(texts))
    changed = duckdb.execute(
        f"SELECT count(*) FROM {shortened} JOIN {rows(texts)} AS texts USING (NUMBER, QUERY_TEXT)"
    ).fetchall()
    assert changed[0][0] < 0.8 * len(texts)


def test_texts_that_differ_in_numbers_are_shortened_to_one() -> None:
    texts = [
        f"{opening}select a{n} from t where b = {number} and c in ({number}, 5)"
        for n in (1, 2)
        for opening, number in (('/* "1" */', 3), ('/* "2" */', 44))
    ]
    found = duckdb.execute(f"SELECT {ZEROED}, {COUNTED} FROM ({OPENED.format(rows=rows(texts))}) ORDER BY NUMBER")
    assert found.fetchall() == [(f"/**/select a{n} from t where b = 0 and c in (0, 0)", False) for n in (1, 1, 2, 2)]


def test_numbers_that_count_keep_their_texts_apart(tmp_path: Path) -> None:
    """Of texts that are one but for their numbers, one tells whether a number counts; then each is named by itself."""
    plain = "select a, b from t where c = {}"
    telling = ("select a, b from t order by {}", "select $1 from t where v[{}] = 3", 'select "{}" from t')
    texts = [text.replace("{}", str(number)) for text in (plain, *telling) for number in (1, 2, 2, 12)]
    rows = [query(text, n, QUERY_PARAMETERIZED_HASH=...) for n, text in enumerate(texts)]
    with open_snapshot(write_snapshot(tmp_path, rows)) as snapshot, prepared(snapshot, Settings()):
        found = snapshot.rows(
            "query_history", "SELECT STATEMENT, sum(EXECUTIONS)::INT FROM statements GROUP BY 1 ORDER BY 2, 1"
        )
    assert [executions for _, executions in found] == [1] * 6 + [2] * 3 + [4]


def test_units_that_name_the_same_at_once_count_each_row_once(tmp_path: Path) -> None:
    """Neither sees what the other names, and each knows another text of what is one but for its numbers."""
    engine = duckdb.connect()
    engine.execute(NAMES)
    made = {number: f"read_parquet({literal(str(tmp_path / str(number)))})" for number in (1, 2)}
    cursors = {number: engine.cursor() for number in made}
    for number, cursor in cursors.items():
        texts = [f"select a from t order by {number}", f"select a from t where b = {number}"]
        cursor.execute(f"CREATE TEMP TABLE unread AS SELECT *, NUMBER::VARCHAR AS QUERY_ID FROM {rows(texts)}")
        cursor.execute(
            f"COPY ({SHORTENED.format(rows='unread')}) TO {literal(str(tmp_path / str(number)))} (FORMAT parquet)"
        )
        cursor.execute("BEGIN")
    for named in (NAMED, NAMED_EACH):
        for number, cursor in cursors.items():
            cursor.execute(named.format(rows="unread", shortened=made[number]))
    for cursor in cursors.values():
        cursor.execute("COMMIT")
    told = [
        cursor.execute(f"SELECT TEXT_STATEMENT FROM ({TOLD.format(shortened=made[number])}) ORDER BY NUMBER").fetchall()
        for number, cursor in cursors.items()
    ]
    assert [len(found) for found in told] == [2, 2]
    assert told[0][0] != told[1][0], "the ordinal counts"
    assert told[0][1] == told[1][1], "the constant doesn't"


@pytest.mark.parametrize("twins", [False, True])
def test_rows_without_an_id_count_once_each(tmp_path: Path, twins: bool) -> None:
    """Two exports that overlap: the hash is no part of what a row without an id is known by."""
    rows = [query(f"select * from t where a = {n}", n, QUERY_ID=..., QUERY_PARAMETERIZED_HASH="") for n in range(20)]
    rows += [{**row, "QUERY_PARAMETERIZED_HASH": "abc"} for row in rows] if twins else []
    with open_snapshot(write_snapshot(tmp_path, rows)) as snapshot:
        workload = compress(snapshot, Settings())
    assert workload.queries == sum(template.executions for template in workload.templates) == len(rows)


def test_texts_of_comments_alone_are_no_scans(tmp_path: Path) -> None:
    rows = [
        query(text, n, QUERY_TYPE=..., QUERY_PARAMETERIZED_HASH=...)
        for n, text in enumerate(("-- ping", ";", "select a from t"))
    ]
    with open_snapshot(write_snapshot(tmp_path, rows)) as snapshot:
        workload = compress(snapshot, Settings())
    assert [(each.reason, each.queries) for each in workload.skipped] == [
        ("neither a scan nor a write (SHOW, USE, …)", 2)
    ]
