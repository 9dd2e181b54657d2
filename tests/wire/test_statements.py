"""Every statement of every file that the advisor writes: what two parsers and two engines make of it, as a table in the tests' output.

sqlglot parses it to the tree that is expected, or is known not to model it; sqlfluff's Snowflake dialect is the second opinion.
It is sent to the emulated account over the connector, and run on DuckDB: whole, by its inside, or not, with the engine's reason.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache

import duckdb
import pytest
import sqlglot
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp
from sqlglot.errors import ParseError
from tabulate import tabulate

from advisor.collector.connection import Connector
from advisor.settings import Settings
from tests import account_usage
from tests.every_advice import planted, view
from tests.every_statement import Statement, each_statement
from tests.scripting import RaisedError
from tests.standin import Account as Standin
from tests.standin import NotRunError
from tests.wire.account import Account

SHOWN = 60
WHY = 90

# First words, and the tree that they must become: its class, what it is about, its actions or properties.
TREES = (
    (r"ALTER TABLE \S.* CLUSTER BY ", "Alter TABLE ClusterProperty"),
    (r"ALTER TABLE .* RENAME TO ", "Alter TABLE AlterRename"),
    (r"ALTER TABLE .* SET DATA_RETENTION_TIME_IN_DAYS ", "Alter TABLE AlterSet"),
    (r"ALTER SESSION ", "Alter SESSION AlterSession"),
    (r"CREATE TABLE IF NOT EXISTS .* LIKE ", "Create TABLE LikeProperty SchemaCommentProperty"),
    (r"CREATE TRANSIENT TABLE .* CLONE ", "Create TABLE TransientProperty"),
    (r"CREATE OR REPLACE TRANSIENT TABLE .* AS ", "Create TABLE TransientProperty"),
    (r"CREATE OR REPLACE TABLE \S+ LIKE \S+ CLUSTER BY ", "Create TABLE LikeProperty ClusterProperty"),
    (r"CREATE OR REPLACE TABLE \S+ LIKE ", "Create TABLE LikeProperty"),
    (r"CREATE OR ALTER TABLE \S+ \(.*\) CLUSTER BY ", "Create TABLE ClusterProperty"),
    (r"CREATE OR ALTER TABLE \S+ \(.*\)$", "Create TABLE"),
    (r"CREATE OR REPLACE TABLE \S+ \(.*\) CLUSTER BY ", "Create TABLE ClusterProperty CopyGrantsProperty"),
    (r"CREATE OR REPLACE TABLE \S+ \(.*\) COPY GRANTS", "Create TABLE CopyGrantsProperty"),
    (r"CREATE OR REPLACE TABLE .* CLUSTER BY .* AS ", "Create TABLE ClusterProperty"),
    (r"CREATE OR REPLACE TABLE .* AS ", "Create TABLE"),
    (r"CREATE MATERIALIZED VIEW ", "Create VIEW MaterializedProperty"),
    (r"CREATE DYNAMIC TABLE ", "Create TABLE DynamicProperty Property Property Property Property"),
    (r"CREATE VIEW ", "Create VIEW"),
    (r"DROP (MATERIALIZED )?VIEW ", "Drop VIEW"),
    (r"DROP TABLE ", "Drop TABLE"),
    (r"INSERT OVERWRITE INTO ", "Insert"),
    (r"GRANT USAGE ON WAREHOUSE ", "Grant WAREHOUSE"),
    (r"SHOW (TABLES|WAREHOUSES) ", "Show"),
    (r"SELECT 'hot' AS part", "Union"),
    (r"(SELECT|select) ", "Select"),
    (r"\( SELECT ", "Except"),
)  # fmt: skip
# What sqlglot keeps whole or refuses: nothing is checked there. What sqlfluff's grammar lacks. What no engine here can run.
UNMODELLED = re.compile(
    r"ALTER TABLE .* (ADD (STORAGE LIFECYCLE POLICY|SEARCH OPTIMIZATION)|RESUME RECLUSTER|DROP (CLUSTERING KEY|SEARCH OPTIMIZATION|STORAGE LIFECYCLE POLICY))"
    r"|ALTER (DYNAMIC TABLE|USER|WAREHOUSE|TASK) |CREATE (STORAGE LIFECYCLE POLICY|TASK) |CREATE TABLE .* FROM ARCHIVE OF |DROP (DYNAMIC TABLE|TASK|STORAGE LIFECYCLE POLICY) |EXECUTE IMMEDIATE "
    r"|EXPLAIN |GRANT DATABASE ROLE |DESCRIBE SEARCH OPTIMIZATION |SHOW (PARAMETERS|GRANTS|DYNAMIC TABLES|MATERIALIZED VIEWS|TASKS|STORAGE LIFECYCLE POLICIES) "
)
UNLINTED = re.compile(
    r"CREATE TABLE .* FROM ARCHIVE OF |DESCRIBE SEARCH OPTIMIZATION |SHOW (PARAMETERS|DYNAMIC TABLES|TASKS|STORAGE LIFECYCLE POLICIES) "
)
UNRUN = re.compile(
    r"ALTER (USER|WAREHOUSE|SESSION|TASK) |DROP (TASK|STORAGE LIFECYCLE POLICY) |ALTER TABLE .* (RESUME RECLUSTER|DROP (SEARCH OPTIMIZATION|STORAGE LIFECYCLE POLICY))"
    r"|ALTER DYNAMIC TABLE .* (DROP CLUSTERING KEY|SUSPEND|RESUME)|GRANT |SHOW (PARAMETERS|DYNAMIC TABLES|MATERIALIZED VIEWS|TASKS|STORAGE LIFECYCLE POLICIES) "
    r"|DROP DYNAMIC TABLE IF EXISTS SALES.\"web\".\"Daily Views\"$"  # a table and what is noted of it: two databases in one transaction
    r"|SELECT (SYSTEM\$|GET_DDL|'aa11' AS template)|EXECUTE IMMEDIATE .* not_clustered EXCEPTION"
)
SETUP = (
    "USE SCHEMA SNOWFLAKE.ACCOUNT_USAGE",
    "CREATE DATABASE IF NOT EXISTS SALES",
    'DROP SCHEMA IF EXISTS SALES."web" CASCADE',
    "DROP SCHEMA IF EXISTS SALES.PUBLIC CASCADE",
    'CREATE SCHEMA SALES."web"',
    "CREATE SCHEMA SALES.PUBLIC",
    'CREATE OR REPLACE TABLE SALES.PUBLIC.ORDERS (TENANT_ID NUMBER, ORDERED_AT TIMESTAMP_NTZ, REGION VARCHAR, "day" DATE, AMOUNT NUMBER)',
    'CREATE OR REPLACE TABLE SALES.PUBLIC.LOADED (TENANT_ID NUMBER, ORDERED_AT TIMESTAMP_NTZ, REGION VARCHAR, "day" DATE, AMOUNT NUMBER)',
    "CREATE OR REPLACE TABLE SALES.PUBLIC.ITEMS (ITEM_ID NUMBER)",
    "CREATE OR REPLACE TABLE SALES.PUBLIC.T (A NUMBER)",
    'CREATE OR REPLACE TABLE SALES."web"."Click Events" ("User Id" NUMBER, TS TIMESTAMP_NTZ)',
    'CREATE OR REPLACE TABLE SALES."web"."Page Views" (ID NUMBER, "Seen At" TIMESTAMP_NTZ, "Mail" VARCHAR, NOTE VARCHAR, DAY DATE)',
    "USE SCHEMA SALES.PUBLIC",
)  # fmt: skip


def shape(tree: exp.Expr) -> str:
    """Its class, what it is about, and its actions or properties."""
    properties = tree.args.get("properties")
    more = [*(tree.args.get("actions") or []), *(properties.expressions if properties else [])]
    kind = tree.args.get("kind")
    return " ".join([type(tree).__name__, *([str(kind)] if kind else []), *(type(each).__name__ for each in more)])


@cache
def parsed(text: str) -> str:
    """The tree's shape; "kept whole" where a part of it is a Command."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        (tree,) = sqlglot.parse(text, read="snowflake")
    except ParseError:
        return "refused"
    assert tree is not None
    return "kept whole" if tree.find(exp.Command) else shape(tree)


def expected(text: str) -> str | None:
    words = " ".join(text.split())
    return next((tree for pattern, tree in TREES if re.match(pattern, words)), None)


@cache
def linter() -> Linter:
    return Linter(config=FluffConfig(overrides={"dialect": "snowflake", "templater": "raw"}))


@cache
def linted(text: str) -> str:
    return "refused" if linter().parse_string(f"{text};\n").violations else "parsed"


def reason(error: Exception) -> str:
    said = str(error).split("\n")[0].split("(request_id")[0]
    return f"not run: {re.sub(r'^(?:[0-9]{6} [(][0-9A-Z]{5}[)]: )+', '', said).strip()[:WHY]}"


def on_duckdb(statements: list[Statement]) -> Iterator[str]:
    """What became of each, one file's after another on an account of its own."""
    before, account = None, planted()
    for each in statements:
        if (each.of, each.part in ("apply.sql", "revert.sql", "patch")) != before:
            before, account = (each.of, each.part in ("apply.sql", "revert.sql", "patch")), _account(each.of)
        # What is to be taken out of its comment some day changes nothing for what comes after it here.
        aside = each.part == "to take out"
        try:
            account.engine.execute("BEGIN" if aside else "SELECT 1")
            rows = account.run(each.text)
            yield account.how + (f": {rows[0][0]}"[:WHY] if each.part in ("check", "guard") else "")
        except RaisedError as raised:
            yield f"inside: its statements, one by one: raised {str(raised)[:40]}"
        except (duckdb.Error, NotRunError, ParseError) as error:
            yield reason(error)
        finally:
            account.engine.execute("ROLLBACK" if aside else "SELECT 1")


def _account(of: str) -> Standin:
    account = planted()
    account.engine.execute("CREATE TABLE SALES.PUBLIC.T (A INTEGER); USE SALES.PUBLIC")
    if of == "materialized_view_drop":
        view(account)
    return account


def on_account(statements: list[Statement], cursor: SnowflakeCursor) -> Iterator[str]:
    """The same over the wire; what it takes without looking is said to be."""
    before = None
    for each in statements:
        if (each.of, each.part.endswith(".sql")) != before:
            before = (each.of, each.part.endswith(".sql"))
            _reset(cursor)
        try:
            rows = cursor.execute(each.text).fetchall()
        except Error as error:
            yield reason(error)
            continue
        unread = " CLUSTER BY " in each.text and each.text.startswith("ALTER")
        yield "not run: accepted unread, for missing tables too" if unread else f"ran, {len(rows)} rows"


def _reset(cursor: SnowflakeCursor) -> None:
    for statement in SETUP:
        cursor.execute(statement)


@pytest.fixture
def cursor(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[SnowflakeCursor]:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    with closing(Connector("test", Settings(request_seconds=20), {}).open()) as connection:
        cursor = connection.cursor()
        for statement in account_usage.statements():
            cursor.execute(statement)
        yield cursor
        for view in account_usage.VIEWS:
            cursor.execute(f"DROP TABLE SNOWFLAKE.ACCOUNT_USAGE.{view}")


def test_every_statement_is_parsed_and_run_or_it_is_said_why_not(
    cursor: SnowflakeCursor, record_property: Callable[[str, object], None]
) -> None:
    statements = each_statement()
    rows = [
        (each.of, each.part, each.text, parsed(each.text), linted(each.text), there, here)
        for each, there, here in zip(statements, on_account(statements, cursor), on_duckdb(statements), strict=True)
    ]
    shown = [(*row[:2], " ".join(row[2].split())[:SHOWN], *row[3:]) for row in rows]
    headers = ("of", "part", "statement", "sqlglot", "sqlfluff", "fakesnow", "DuckDB")
    # `tests/conftest.py` prints it at the end of the run.
    record_property("table", tabulate(shown, headers=headers, disable_numparse=True))
    words = {row[2]: " ".join(row[2].split()) for row in rows}
    opaque = ("refused", "kept whole")
    other_trees = {words[text]: tree for _, _, text, tree, *_ in rows if tree not in opaque and tree != expected(text)}
    assert other_trees == {}
    assert {
        words[text] for _, _, text, tree, *_ in rows if (tree in opaque) != bool(UNMODELLED.match(words[text]))
    } == set()
    assert {
        words[text] for _, _, text, _, word, *_ in rows if word == "refused" and not UNLINTED.match(words[text])
    } == set()
    idle = {words[text]: (there, here) for _, _, text, _, _, there, here in rows if there[:7] == here[:7] == "not run"}
    assert {text: why for text, why in idle.items() if not UNRUN.match(text)} == {}
    assert len(words) - len(idle) >= 140
