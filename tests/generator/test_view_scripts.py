"""Scripts of materialized views: every name is a name, and every statement is one."""

from __future__ import annotations

import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from advisor.generator.scripts import Script, scripts
from advisor.model import TableName
from tests.advices import materialized_view, one
from tests.generator.test_names import no_log, statements, table_of
from tests.names import NAMES

__all__ = ["no_log"]

TABLES = st.builds(TableName, NAMES, NAMES, NAMES)


def script_of(table: TableName, view: str) -> Script:
    (script,) = scripts(one(materialized_view(table, view)))
    assert script is not None
    return script


@given(TABLES, NAMES)
@settings(deadline=None, max_examples=50)
def test_the_script_holds_its_statements_and_nothing_else(table: TableName, view: str) -> None:
    script = script_of(table, view)
    found = statements(script.text)
    assert found.pop(0) == "ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE"
    check, policies, guard, *rest = found
    assert check.startswith("SELECT\n  CASE\n")
    assert " ".join(policies.split()).startswith("SELECT policy_kind")
    assert guard.startswith(("EXECUTE IMMEDIATE $$\nDECLARE\n", "EXECUTE IMMEDIATE '\nDECLARE\n"))
    assert rest == [*script.apply, *script.verify]


@given(TABLES, NAMES)
@settings(deadline=None, max_examples=50)
def test_apply_creates_the_view_on_the_table_and_revert_drops_it(table: TableName, view: str) -> None:
    script = script_of(table, view)
    created = sqlglot.parse_one(script.apply[0], read="snowflake")
    assert isinstance(created, exp.Create)
    assert created.find(exp.MaterializedProperty) is not None
    assert table_of(script.apply[0]) == (table.database, table.schema, view)
    assert table_of(created.expression.sql("snowflake")) == (table.database, table.schema, table.name)
    dropped = sqlglot.parse_one(script.revert[0], read="snowflake")
    assert isinstance(dropped, exp.Drop)
    assert table_of(script.revert[0]) == (table.database, table.schema, view)
