"""Conditions that a constant moves, and those of joins and groups: each rewrite is run beside its original on 200 databases, or none is made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlglot

from advisor.blocks import study
from advisor.equality import Trial, difference
from advisor.generator import generate
from advisor.model import TableName
from advisor.rewrites import Source, source_of, unions, unwrap
from advisor.settings import Settings
from advisor.usage.names import Directory, Session
from tests.recommenders.test_query_rewrite import IN_ORDER, advise, asked, reasons, rewrites

AT = datetime(2024, 5, 17, 13)
PROOF = Settings(proof_databases=200, proof_seconds=60.0)
T, U = TableName("DB", "PUBLIC", "T"), TableName("DB", "PUBLIC", "U")
COLUMNS = (
    ("ID", "NUMBER"),
    ("D", "DATE"),
    ("TS", "TIMESTAMP_NTZ"),
    ("LTZ", "TIMESTAMP_LTZ"),
    ("F", "FLOAT"),
    ("NAME", "TEXT"),
)
HERE = Session(Directory({T: COLUMNS, U: (("REF", "NUMBER"), ("SINCE", "DATE"))}, {}), "DB", "PUBLIC")


def changed(query: str) -> tuple[list[str], str | None]:
    """The conditions after, and why the rewritten query isn't proven."""
    statement = study(query, HERE)
    assert statement is not None
    found = unwrap(statement, HERE, frozenset({T, U}))
    original = sqlglot.parse_one(query, read="snowflake")
    why = difference(Trial(original, statement.tree, {}, HERE, AT), PROOF) if found else None
    return [each.after for each in found], why


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ("id + 1 > 10", "ID > 9"),
        ("10 < id - 1.5", "ID > 11.5"),
        ("5 - id >= 2", "ID <= 3"),
        ("id * 2 = 10", "ID = 5"),
        ("-2 * id < 9", "ID > -4.5"),
        ("(id + 1) * 2 - 0.5 <= 7.5", "ID <= 3"),
        ("id + 1 BETWEEN -1 AND 2", "ID >= -2 AND ID <= 1"),
        ("DATEADD(day, 7, d) > '2024-01-05'", "D > '2023-12-29'"),
        ("d - 7 < CURRENT_DATE() - 3", "D < DATEADD('DAY', 4, CURRENT_DATE)"),
        ("CURRENT_DATE() - d <= 30", "D >= DATEADD('DAY', -30, CURRENT_DATE)"),
        ("d - CURRENT_DATE() > -3", "D > DATEADD('DAY', -3, CURRENT_DATE)"),
        ("'2024-01-05'::DATE - d = 4", "D = '2024-01-01'"),
        ("DATEADD(hour, 5, ts) < '2024-01-05 03:00:00'", "TS < '2024-01-04 22:00:00'"),
        ("ts + INTERVAL '1 day' >= '2024-01-05'::DATE", "TS >= '2024-01-04'"),
        ("DATEADD(week, -1, ts) >= CURRENT_DATE()", "TS >= DATEADD('DAY', 7, CURRENT_DATE)"),
    ],
)  # fmt: skip
def test_a_moved_column_is_asked_for_itself(condition: str, after: str) -> None:
    assert changed(f"SELECT id, d FROM t WHERE {condition}") == ([after], None)


@pytest.mark.parametrize(
    "condition",
    [
        "id BETWEEN 1 AND 2",
        "id * 3 = 10",
        "id * 0 = 0",
        "id * 0.5 = 2",
        "id / 2 > 3",
        "id + 1 <> 3",
        "id + 1 IN (3, 4)",
        "id + 1e0 > 3",
        "id + '1' > 3",
        "id + 1 > 99999999999999999999999999999999999999.5",
        "99999999999999999999999999999999999999 < id - 99999999999999999999999999999999999999",
        "id + f > 3",
        "f + 1 > 2",
        "name + 1 > 2",
        "MOD(id, 7) + 1 > 2",
        "NOT id + 1 > 3",
        "id + 1 > 3 OR id IS NULL",
        "id + 1 > (SELECT 3)",
        "DATEADD(month, 1, d) > '2024-01-05'",
        "DATEADD(day, id, d) > '2024-01-05'",
        "DATEADD(day, 1.5, d) > '2024-01-05'",
        "DATEADD(hour, 5, d) < '2024-01-05 03:00:00'",
        "DATEADD(day, 7, d) > '2024-01-05 03:00:00'",
        "DATEADD(day, 7, d) > 'yesterday'",
        "DATEADD(day, 7, d) > '0001-01-03'",
        "DATEADD(day, 7, d) > CURRENT_TIMESTAMP()",
        "DATEADD(hour, 7, ts) > CURRENT_DATE()",
        "DATEADD(day, 1, ltz) > '2024-01-05'",
        "DATEADD(day, 1, ts) > '2024-01-05'::TIMESTAMP_LTZ",
        "DATEADD(nanosecond, 1, ts) > '2024-01-05'",
        "CURRENT_DATE() - d <= 30.5",
        "CURRENT_TIMESTAMP() - ts <= 30",
        "'2024-01-05' - d = 4",
    ],
)  # fmt: skip
def test_what_is_not_exact_or_hangs_on_the_session_is_left_as_it_is(condition: str) -> None:
    statement = study(f"SELECT id, d FROM t WHERE {condition}", HERE)
    assert statement is not None
    assert unwrap(statement, HERE, frozenset({T, U})) == ()


JOINS = [
    ("SELECT t.id, u.ref FROM t JOIN u ON t.id = u.ref AND YEAR(t.d) = 2023", ["T.D >= '2023-01-01' AND T.D < '2024-01-01'"]),
    ("SELECT t.id, u.ref FROM t LEFT JOIN u ON t.id = u.ref AND YEAR(u.since) = 2023", ["U.SINCE >= '2023-01-01' AND U.SINCE < '2024-01-01'"]),
    ("SELECT t.id, u.ref FROM t LEFT JOIN u ON t.id = u.ref AND YEAR(t.d) = 2023", ["T.D >= '2023-01-01' AND T.D < '2024-01-01'"]),
    ("SELECT t.id, u.ref FROM t FULL JOIN u ON t.id = u.ref AND u.since + 7 > '2024-01-05'", ["U.SINCE > '2023-12-29'"]),
    (
        "SELECT t.id FROM t JOIN u ON t.id = u.ref AND YEAR(u.since) = 2023 AND MONTH(u.since) = 2 WHERE t.id + 1 > 3",
        ["T.ID > 2", "U.SINCE >= '2023-02-01' AND U.SINCE < '2023-03-01'"],
    ),
    ("SELECT d, COUNT(*) FROM t GROUP BY d HAVING YEAR(d) = 2023", ["D >= '2023-01-01' AND D < '2024-01-01'"]),
    ("SELECT d AS x, MAX(id) FROM t GROUP BY 1 HAVING YEAR(x) = 2023 AND COUNT(*) > 1", ["D >= '2023-01-01' AND D < '2024-01-01'"]),
    ("SELECT id, SUM(f) FROM t GROUP BY ALL HAVING id + 1 > 3", ["ID > 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "after"), JOINS)
def test_conditions_of_joins_and_of_groups_become_ranges(query: str, after: list[str]) -> None:
    assert changed(query) == (after, None)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT YEAR(d), COUNT(*) FROM t GROUP BY 1 HAVING YEAR(d) = 2023",
        "SELECT MAX(d) FROM t HAVING YEAR(MAX(d)) = 2023",
        "SELECT d, COUNT(*) FROM t GROUP BY ROLLUP (d) HAVING YEAR(d) = 2023",
        "SELECT d, COUNT(*) FROM t GROUP BY d HAVING SUM(id) + 1 > 3",
        "SELECT t.id FROM t JOIN u ON YEAR(t.d) = YEAR(u.since)",
    ],
)
def test_a_condition_on_what_is_no_key_of_the_group_is_left_as_it_is(query: str) -> None:
    assert changed(query) == ([], None)


@pytest.mark.parametrize(("scanned", "times"), [(2000, 1), (60, 0)], ids=["its scans skip nothing", "they do"])
def test_a_moved_column_is_advised_on_where_the_scans_show_that_it_does_not_prune(
    tmp_path: Path, scanned: int, times: int
) -> None:
    text = "SELECT id, name FROM orders WHERE DATEADD(day, 7, day) >= '2024-03-08'"
    advice = advise(tmp_path, asked(text, scanned=scanned) + IN_ORDER)
    found = rewrites(advice)
    assert [each.details["conditions"] for each in found] == [
        [{"before": "DATEADD(DAY, 7, DAY) >= '2024-03-08'", "after": "DAY >= '2024-03-01'"}]
    ] * times
    assert all("of which its scans skip nothing, though the rows lie in that order" in each.reason for each in found)


@pytest.mark.parametrize(
    ("query", "before", "same"),
    [
        ("SELECT id FROM t UNION SELECT ref FROM u", ["UNION"], [False]),
        ("WITH x AS (SELECT 'a' AS k, id FROM t UNION SELECT 'b', ref FROM u) SELECT k, COUNT(DISTINCT id) FROM x GROUP BY k", ["UNION in x"], [True]),
        ("WITH x AS (SELECT 'a' AS k, id FROM t UNION SELECT 'b', ref FROM u) SELECT k, COUNT(id) FROM x GROUP BY k", ["UNION in x"], [False]),
        ("SELECT id FROM t WHERE id IN (SELECT ref FROM u UNION SELECT id FROM t WHERE f > 1)", ["UNION"], [True]),
        ("SELECT id FROM t UNION ALL SELECT ref FROM u", [], []),
        ("SELECT id FROM t UNION SELECT ref FROM u UNION SELECT 1", ["UNION"], [False]),
        ("SELECT id FROM t EXCEPT (SELECT ref FROM u UNION SELECT 1)", [], []),
    ],
)  # fmt: skip
def test_a_union_anywhere_is_tried_as_union_all(query: str, before: list[str], same: list[bool]) -> None:
    original = sqlglot.parse_one(query, read="snowflake")
    found = list(unions(original))
    assert [name for name, _ in found] == before
    assert [difference(Trial(original, tree, {}, HERE, AT), PROOF) is None for _, tree in found] == same


def test_a_union_of_a_cte_is_for_review(tmp_path: Path) -> None:
    text = "WITH x AS (SELECT 'low' AS k, id FROM orders UNION SELECT 'high', id FROM orders) SELECT k, COUNT(DISTINCT id) FROM x GROUP BY k"
    advice = advise(tmp_path, asked(text) + IN_ORDER)
    assert not rewrites(advice)
    assert "For review: UNION in x returned the same as UNION ALL on" in reasons(advice)


QUERY = "SELECT id, name FROM orders WHERE YEAR(day) = 2023"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (QUERY, Source(QUERY)),
        (f"INSERT INTO t (a, b) {QUERY};", Source(QUERY, "INSERT")),
        (f"INSERT OVERWRITE INTO \"select\" {QUERY}", Source(QUERY, "INSERT")),
        (f"INSERT INTO t WITH x AS ({QUERY}) SELECT * FROM x", Source(f"WITH x AS ({QUERY}) SELECT * FROM x", "INSERT")),
        (f"CREATE OR REPLACE TABLE t (a INT, b TEXT DEFAULT 'AS SELECT') AS\n{QUERY} -- x", Source(QUERY, "CREATE TABLE … AS")),
        (f"create or replace transient table t as ({QUERY})", Source(f"({QUERY})", "CREATE TABLE … AS")),
        (f"MERGE INTO t USING ({QUERY}) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name", Source(QUERY, "MERGE")),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", None),
        ("INSERT INTO t VALUES ('(', 'SELECT')", None),
        (f"INSERT ALL INTO t INTO u {QUERY}", None),
        (f"CREATE VIEW v AS {QUERY}", None),
        ("CREATE TABLE t (a INT)", None),
        (f"{QUERY}; {QUERY}", None),
        (f"MERGE INTO t USING ({QUERY}", None),
        ("DELETE FROM t WHERE YEAR(day) = 2023", None),
        ("SELECT 'a", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_query_within_a_statement(statement: str, found: Source | None) -> None:
    assert source_of(statement) == found


@pytest.mark.parametrize(
    ("statement", "kind", "of"),
    [
        (f"INSERT INTO staging (id, name) {QUERY}", "INSERT", "INSERT"),
        (f"CREATE OR REPLACE TABLE staging AS {QUERY}", "CREATE_TABLE_AS_SELECT", "CREATE TABLE … AS"),
        (
            f"MERGE INTO staging USING ({QUERY}) s ON staging.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
            "MERGE",
            "MERGE",
        ),
    ],
    ids=["insert", "create", "merge"],
)
def test_what_a_statement_takes_its_rows_from_is_asked_by_range(
    tmp_path: Path, statement: str, kind: str, of: str
) -> None:
    writes = [{**row, "QUERY_TYPE": kind} for row in asked(statement)]
    advice = advise(tmp_path / "in", writes + IN_ORDER)
    (advised,) = rewrites(advice)
    assert advised.details["source_of"] == of
    assert advised.details["conditions"] == [
        {"before": "YEAR(DAY) = 2023", "after": "DAY >= '2023-01-01' AND DAY < '2024-01-01'"}
    ]
    assert f"The query that its {of} takes rows from asks YEAR(DAY) = 2023" in advised.reason
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*query_rewrite*")
    text = script.read_text()
    assert f"-- What a {of} takes its rows from; the rest of that statement stays as it is.\n-- SELECT" in text
    assert [word for word in ("INSERT INTO", "MERGE INTO", "CREATE OR") if word in text] == []


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("id + 1 BETWEEN -1 AND 2", "id > -2 AND id <= 1"),
        ("id + 1 BETWEEN -1 AND 2", "id >= -3 AND id <= 1"),
        ("CURRENT_DATE() - d <= 30", "d > DATEADD('day', -30, CURRENT_DATE)"),
        ("DATEDIFF(day, d, CURRENT_DATE()) < 30", "d >= DATEADD('day', -30, CURRENT_DATE)"),
        ("DATEADD(week, -1, ts) >= CURRENT_DATE()", "ts >= DATEADD('day', 8, CURRENT_DATE)"),
        (
            "DATEDIFF(month, ts, CURRENT_TIMESTAMP()) < 3",
            "ts > DATEADD('month', -2, DATE_TRUNC('month', CURRENT_TIMESTAMP()))",
        ),
    ],
)
def test_a_bound_that_is_off_by_one_is_seen_where_no_constant_tells_it(condition: str, wrong: str) -> None:
    texts = (f"SELECT id FROM t WHERE {condition}", f"SELECT id FROM t WHERE {wrong}")
    original, rewritten = (sqlglot.parse_one(text, read="snowflake") for text in texts)
    why = difference(Trial(original, rewritten, {}, HERE, AT), PROOF)
    assert why is not None
    assert why.startswith("differs from the original: the row")
