"""The scripts of all kinds: what each statement is, and that the check and its guard ask the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp

from advisor.generator.combined import combined
from advisor.generator.scripts import Script, scripts
from tests.advices import one
from tests.assorted import assorted
from tests.every_advice import each, planted

SCRIPTS = {f"{r.kind}_{r.action}": s for r, s in zip(assorted().recommendations, scripts(assorted()), strict=True) if s}
# What sqlglot can't model it keeps whole: these are told by their first words.
OPAQUE = (
    "ALTER DYNAMIC TABLE",
    "ALTER TABLE",
    "ALTER TASK",
    "ALTER USER",
    "ALTER WAREHOUSE",
    "CREATE STORAGE LIFECYCLE POLICY",
    "DROP STORAGE LIFECYCLE POLICY",
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
    assert script.revert or "To go back, fill in what you noted down above" in script.text
    for statement in script.revert:
        assert f"\n-- {statement.splitlines()[0]}" in script.text
        assert f"\n{statement};" not in script.text


ORIGINAL = "SELECT REGION, AMOUNT FROM SALES.PUBLIC.ORDERS"


@pytest.mark.parametrize(
    ("rewritten", "rows", "same"),
    [
        (f"{ORIGINAL} ORDER BY AMOUNT", 1000, True),
        (f"{ORIGINAL} UNION ALL {ORIGINAL}", 2000, False),
        (f"{ORIGINAL} UNION ALL SELECT NULL, 7", 1001, False),
        (f"{ORIGINAL} WHERE AMOUNT > 9 UNION ALL SELECT REGION, 7 FROM SALES.PUBLIC.ORDERS WHERE AMOUNT <= 9", 1000, False),
        (f"{ORIGINAL} WHERE AMOUNT > 9", 990, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["query_rewrite_rewrite", "materialized_view_create", "dynamic_table_create"])
def test_a_rewrite_that_returns_other_rows_or_the_same_more_often_is_seen(
    name: str, rewritten: str, rows: int, same: bool
) -> None:
    advised = each()[name]
    one_of = {"original": ORIGINAL, "query": rewritten}
    details = {**advised.details, **one_of, "rewrites": [{"fingerprint": "aa11bb22", **one_of}]}
    (script,) = scripts(one(replace(advised, details=details)))
    assert script is not None
    (compared,) = [statement for statement in script.verify if "same_rows" in statement]
    assert planted().run(compared) == [(1000, rows, same)]
