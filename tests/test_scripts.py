"""The scripts of all kinds: what each statement is, and that the check and its guard ask the same."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from advisor.generator.combined import combined
from advisor.generator.scripts import Script, scripts
from tests.assorted import assorted

SCRIPTS = {f"{r.kind}_{r.action}": s for r, s in zip(assorted().recommendations, scripts(assorted()), strict=True) if s}
# What sqlglot can't model it keeps whole: these are told by their first words.
OPAQUE = (
    "ALTER DYNAMIC TABLE",
    "ALTER TABLE",
    "ALTER TASK",
    "ALTER USER",
    "ALTER WAREHOUSE",
    "CREATE STORAGE LIFECYCLE POLICY",
    "CREATE TABLE",
    "CREATE TASK",
    "DROP TASK",
    "EXECUTE IMMEDIATE",
    "SHOW ",
)


def test_each_kind_has_a_script() -> None:
    assert len(SCRIPTS) == len(assorted().recommendations)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_every_statement_is_one_that_is_known(name: str) -> None:
    script: Script = SCRIPTS[name]
    for statement in (*script.apply, *script.verify, *script.revert):
        try:
            (tree,) = sqlglot.parse(statement, read="snowflake")
        except sqlglot.errors.ParseError:
            assert statement.startswith(OPAQUE), statement
            continue
        if isinstance(tree, exp.Command):
            assert statement.startswith(OPAQUE), statement
    assert all(isinstance(sqlglot.parse_one(s, read="snowflake"), exp.Query) for s in script.verify if "SHOW" not in s)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_the_check_and_its_guard_ask_the_same(name: str) -> None:
    text = SCRIPTS[name].text
    check, guard = re.findall(r"SELECT\n  CASE.*?;\n", text, re.DOTALL)
    assert check.replace("AS verdict", "INTO :verdict") == guard
    sqlglot.parse_one(check.rstrip(";\n"), read="snowflake")


@pytest.mark.parametrize("name", sorted(name for name in SCRIPTS if not name.endswith("_rewrite")))
def test_no_step_of_the_combined_files_runs_unchecked(name: str) -> None:
    """A rewrite is made where the query is written: it is no step."""
    for guard in (SCRIPTS[name].guard, SCRIPTS[name].undo_guard):
        assert "'STOP: " in guard
        assert "INTO :verdict" in guard


def test_a_dropped_view_is_passed_over_in_a_second_run_and_its_return_in_a_second_revert() -> None:
    script = SCRIPTS["materialized_view_drop"]
    combined_files = combined(assorted(), scripts(assorted()))
    assert "WHEN COUNT(*) = 0 THEN 'DONE: the view is gone" in script.guard
    assert "WHEN COUNT(*) > 0 THEN 'DONE: the view is there'" in script.undo_guard
    for name, guard, (statement,) in (
        ("apply.sql", script.guard, script.apply),
        ("revert.sql", script.undo_guard, script.revert),
    ):
        step = combined_files[name].split(script.path)[-1].split("$$;")[0]
        asked, answers = (
            step.index(guard.strip("\n")),
            step.index("IF (verdict LIKE 'DONE%') THEN\n    RETURN verdict;"),
        )
        assert asked < answers < step.index(statement)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_what_would_undo_the_change_is_commented_out(name: str) -> None:
    script = SCRIPTS[name]
    assert script.revert
    for statement in script.revert:
        assert f"\n-- {statement.splitlines()[0]}" in script.text
        assert f"\n{statement};" not in script.text
