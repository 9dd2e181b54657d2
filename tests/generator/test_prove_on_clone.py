"""The script that proves a key on a clone: it touches nothing but the clone, and explains the very statements that ran."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from sqlglot import exp

from advisor.model import Catalog, Column, Table, TableName
from advisor.prover.clone import Plan, clone_of, renamed, rendered
from advisor.quoting import qualified
from advisor.usage.names import Directory, Session
from tests.advices import ORDERS, recommendation
from tests.commands import advisor
from tests.generator.test_names import KEYS, TABLES, no_log, statements
from tests.generator.test_names import columns as columns_of
from tests.recommenders.test_clustering_key import ORDERS as TABLE
from tests.recommenders.test_clustering_key import by_customer, columns, loads, runs
from tests.snapshots import write_snapshot

__all__ = ["no_log"]

PLANS = (
    Plan("aa11", 1200, 31.44, "SELECT 'it''s' FROM T", "SELECT 'it''s' FROM CLONE"),
    Plan("bb22", 3, 1.0, "SELECT $$a;b$$ FROM T", "SELECT $$a;b$$ FROM CLONE"),
)


@given(TABLES, KEYS)
@settings(deadline=None)
def test_the_script_makes_clusters_and_drops_the_clone_and_nothing_else(table: TableName, key: list[str]) -> None:
    expressions = tuple('"' + name.replace('"', '""') + '"' for name in key)
    advised = recommendation(table, expressions)
    found = statements(rendered(advised, PLANS))
    if found[0] == "ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE":
        found.pop(0)
    check, guard, create, retention, cluster, resume, wait, compare, drop = found
    copy, name = qualified(clone_of(advised)), qualified(table)
    assert check.startswith("SELECT\n  CASE\n")
    assert guard.startswith("EXECUTE IMMEDIATE ")
    assert create == f"CREATE TRANSIENT TABLE {copy} CLONE {name}"
    assert retention == f"ALTER TABLE {copy} SET DATA_RETENTION_TIME_IN_DAYS = 0"
    assert cluster == f"ALTER TABLE {copy} CLUSTER BY ({', '.join(expressions)})"
    assert columns_of(cluster) == key
    assert resume == f"ALTER TABLE {copy} RESUME RECLUSTER"
    assert wait.startswith("EXECUTE IMMEDIATE ")
    assert isinstance(sqlglot.parse_one(compare, read="snowflake"), exp.Query)
    assert drop == f"DROP TABLE {copy}"


def test_a_sorted_rewrite_of_the_clone_writes_nothing_to_a_virtual_column() -> None:
    advised = recommendation()
    stored = replace(advised, details={**advised.details, "written_columns": ["ID", "a b"]})
    assert f'INSERT OVERWRITE INTO {qualified(clone_of(advised))} (ID, "a b") SELECT ID, "a b" FROM' in rendered(
        stored, PLANS
    )


def test_the_comparison_holds_both_statements_as_they_are() -> None:
    (compare,) = (one for one in statements(rendered(recommendation(), PLANS)) if "EXPLAIN_PLAN" in one)
    strings = [token.text for token in sqlglot.tokenize(compare, read="snowflake") if "STRING" in token.token_type.name]
    assert strings == [text for plan in PLANS for text in (plan.fingerprint, plan.before, plan.after)]
    assert compare.endswith("ORDER BY template")


def test_the_clone_has_a_name_of_its_own_beside_the_table() -> None:
    clone = clone_of(recommendation())
    assert (clone.database, clone.schema) == (ORDERS.database, ORDERS.schema)
    assert clone.name.startswith("ADVISOR_PROOF_")
    assert clone == clone_of(recommendation())
    assert clone != clone_of(recommendation(key=("REGION",), current=("A",)))


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([("ORDERS", "BASE TABLE")], "OK"),
        ([], "STOP: the table does not exist"),
        ([("ORDERS", "VIEW")], "STOP: the table does not exist"),
        ([("ORDERS", "BASE TABLE"), ("CLONE", "BASE TABLE")], "STOP: the clone is there already"),
    ],
)
def test_the_check_stops_where_the_table_or_the_clone_is_not_as_expected(
    tables: list[tuple[str, str]], expected: str
) -> None:
    advised = recommendation()
    check = next(one for one in statements(rendered(advised, ())) if one.startswith("SELECT\n  CASE"))
    tree = sqlglot.parse_one(check, read="snowflake")
    for table in tree.find_all(exp.Table):
        table.replace(exp.to_table("found"))
    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE found (table_schema TEXT, table_name TEXT, table_type TEXT)")
        for name, kind in tables:
            stored = clone_of(advised).name if name == "CLONE" else name
            engine.execute("INSERT INTO found VALUES ('PUBLIC', ?, ?)", [stored, kind])
        ((said,),) = engine.execute(tree.sql(dialect="duckdb")).fetchall()
    assert str(said).startswith(expected)


# ---------------------------------------------------------------- statements

ITEMS = TableName("SALES", "PUBLIC", "items")
CLONE = TableName("SALES", "PUBLIC", "ADVISOR_PROOF_1")
CATALOG = Catalog(
    {name: Table(name, "BASE TABLE", 1, 1, (Column("ID", "NUMBER", 1),)) for name in (ORDERS, ITEMS)},
    {TableName("SALES", "PUBLIC", "SEEN"): "SELECT * FROM SALES.PUBLIC.ORDERS"},
)
SESSION = Session(Directory.of(CATALOG), "SALES", "PUBLIC")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (
            "select id from orders where id = 7 -- mine",
            'SELECT id FROM "SALES"."PUBLIC"."ADVISOR_PROOF_1" AS orders WHERE id = 7',
        ),
        (
            'SELECT o.id FROM sales.public.ORDERS o JOIN "items" USING (id) WHERE o.id IN (SELECT MAX(id) FROM orders)',
            'SELECT o.id FROM "SALES"."PUBLIC"."ADVISOR_PROOF_1" AS o JOIN "SALES"."PUBLIC"."items" AS "items" USING (id) '
            'WHERE o.id IN (SELECT MAX(id) FROM "SALES"."PUBLIC"."ADVISOR_PROOF_1" AS orders)',
        ),
    ],
)
def test_a_statement_is_asked_of_the_clone_under_the_names_that_it_uses(text: str, after: str) -> None:
    found = renamed(text, SESSION, ORDERS, CLONE)
    assert found is not None
    assert found[1] == after
    assert found[0] == after.replace('"ADVISOR_PROOF_1"', '"ORDERS"')


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM seen",
        "SELECT * FROM other.public.orders",
        "WITH orders AS (SELECT 1 AS id) SELECT * FROM orders",
        "DELETE FROM orders WHERE id = 1",
        "SELECT * FROM orders; DROP TABLE orders",
        "SELECT * FROM (((",
    ],
)
def test_what_does_not_ask_the_table_itself_is_not_explained(text: str) -> None:
    assert renamed(text, SESSION, ORDERS, CLONE) is None


def test_the_command_prints_the_script_and_writes_nothing(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(100_000)
    folder = write_snapshot(tmp_path / "snapshot", history, [TABLE], columns=columns("ORDERS"))
    done = advisor("prove", "--snapshot", str(folder), "--on-clone", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("-- Proof on a clone: Cluster DB.PUBLIC.ORDERS by ")
    assert "CREATE TRANSIENT TABLE DB.PUBLIC.ADVISOR_PROOF_" in done.stdout
    assert 'FROM "DB"."PUBLIC"."ORDERS" AS orders WHERE customer_id = ' in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"snapshot"}


def test_advice_that_the_snapshot_does_not_give_is_refused(tmp_path: Path) -> None:
    """Else the script would prove other keys than the advice that was named."""
    folder = write_snapshot(tmp_path / "in", runs(by_customer, 400, 2000), [TABLE], columns=columns("ORDERS"))
    advisor("analyze", "--snapshot", str(folder), "--out", "out", cwd=tmp_path)
    given = tmp_path / "out" / "advice.json"
    content = json.loads(given.read_text())
    content["recommendations"][0]["id"] = "clustering_key-000000000000"
    given.write_text(json.dumps(content))
    done = advisor("prove", "--snapshot", str(folder), "--on-clone", "--advice", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "out doesn't recommend what this snapshot gives with these settings" in done.stderr
