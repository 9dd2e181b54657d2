"""What each script looks for before it changes anything: run on an account as the advice saw it, and on one that is otherwise.

`apply.sql` and `revert.sql` hold the same checks; here they are carried out, one step after the other, twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from advisor.generator.combined import APPLY, REVERT, combined
from advisor.generator.scripts import scripts
from advisor.model import TableName
from tests.advices import EVENTS, ITEMS, ORDERS
from tests.assorted import LEFT_ALONE, PLACE, WARM, WARMED
from tests.every_advice import advice_of, each, planted, script_of, view
from tests.generator.test_names import no_log, statements
from tests.scripting import RaisedError
from tests.standin import Account

__all__ = ["no_log"]

Change = Callable[[Account], object]
VIEW = TableName("SALES", "web", "Views by Day")
STORED = TableName("SALES", "PUBLIC", "ORDERS_MV_1A2B3C4D")
DYNAMIC = TableName("SALES", "PUBLIC", "ORDERS_DT_1A2B3C4D")
ASIDE = TableName("SALES", "web", "Page Views_UNREAD")
HERE = (EVENTS, ITEMS, LEFT_ALONE, ORDERS, PLACE)


def seen(_: Account) -> None:
    """As the advice saw it."""


def sql(statement: str) -> Change:
    return lambda account: account.engine.execute(statement)


def gone(name: TableName) -> Change:
    return sql(f"DROP TABLE {Account.spell(name)}")


def grown(name: TableName) -> Change:
    return sql(f"INSERT INTO {Account.spell(name)} SELECT t.* FROM {Account.spell(name)} AS t, range(2)")


def without(name: TableName, column: str) -> Change:
    return sql(f'ALTER TABLE {Account.spell(name)} DROP COLUMN "{column}"')


def noted(name: TableName, **facts: object) -> Change:
    return lambda account: account.note(name, **facts)


def a_view(name: TableName) -> Change:
    return lambda account: (gone(name)(account), sql(f"CREATE VIEW {Account.spell(name)} AS SELECT 1 AS a")(account))


def a_table(name: TableName) -> Change:
    return sql(f"CREATE TABLE {Account.spell(name)} (a INTEGER)")


def warehouse(setting: str) -> Change:
    return sql(f"UPDATE warehouses SET {setting}")


def scanned(name: TableName) -> Change:
    return sql(
        "INSERT INTO SNOWFLAKE.ACCOUNT_USAGE.TABLE_PRUNING_HISTORY (START_TIME, DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, NUM_SCANS) "
        f"VALUES (now(), '{name.database}', '{name.schema}', '{name.name}', 1)"
    )


def policy(comment: str | None) -> Change:
    """One of the name that the script would give its own."""
    return sql(f"INSERT INTO policies VALUES ('Page Views_ARCHIVE', {'NULL' if comment is None else repr(comment)})")


def task(schedule: str, state: str, query: str = WARMED, comment: str | None = str(WARM["mark"])) -> Change:
    """One of that name; it asks what the advice's asks, and bears its mark, if nothing else."""
    text, mark = query.replace("'", "''"), "NULL" if comment is None else f"'{comment}'"
    return sql(f"INSERT INTO tasks VALUES ('WARM_AA11BB22', '{schedule}', '{state}', '{text}', {mark})")


@dataclass(frozen=True)
class Case:
    name: str
    file: str
    change: Change
    answer: str


def of_table(name: str, table: TableName, column: str | None = None) -> Iterator[Case]:
    """What every script on a table looks for."""
    yield Case(name, APPLY, seen, "OK")
    yield Case(name, APPLY, gone(table), "STOP: the table does not exist")
    yield Case(name, APPLY, a_view(table), "STOP: the name stands for something")
    if column is not None:
        yield Case(name, APPLY, without(table, column), "STOP: a column")
        yield Case(name, APPLY, grown(table), "STOP: the row count left the range")
    yield Case(name, REVERT, gone(table), "STOP: the table does not exist")


KEYED = "STOP: the clustering key is not the one"
CASES = [
    *of_table("clustering_key_create", ORDERS, "TENANT_ID"),
    Case("clustering_key_create", APPLY, noted(ORDERS, clustering_key="LINEAR(REGION)"), KEYED),
    Case("clustering_key_create", REVERT, noted(ORDERS, clustering_key="LINEAR(REGION)"), KEYED),
    *of_table("clustering_key_change", EVENTS, "User Id"),
    Case("clustering_key_change", APPLY, noted(EVENTS, clustering_key=""), KEYED),
    *of_table("clustering_key_drop", ITEMS),
    Case("clustering_key_drop", APPLY, noted(ITEMS, clustering_key="LINEAR(OTHER)"), KEYED),
    *of_table("clustering_key_of_dynamic_table", ORDERS, "ORDERED_AT"),
    *of_table("clustering_key_of_dbt_adds", ORDERS, "ORDERED_AT"),
    *of_table("clustering_key_of_job_resets", ORDERS, "ORDERED_AT"),
    *of_table("history_partitioning_create", PLACE),
    Case("history_partitioning_create", APPLY, without(PLACE, "Seen At"), "STOP: the column is gone, or of another type"),
    Case("history_partitioning_create", APPLY, grown(PLACE), "STOP: the row count left the range"),
    Case("history_partitioning_create", APPLY, policy(None), "STOP: another policy has the name"),
    Case("history_partitioning_create", APPLY, policy("Part of Page Views, history_partitioning-0123456789ab, rows older than 60 days"), "STOP: another policy"),
    Case("search_optimization_create", APPLY, seen, "OK"),
    Case("search_optimization_create", APPLY, gone(PLACE), "STOP: the table does not exist"),
    Case("search_optimization_create", APPLY, without(PLACE, "Mail"), "STOP: a column to search is gone"),
    Case("search_optimization_create", APPLY, grown(PLACE), "STOP: the row count left the range"),
    Case("search_optimization_create", REVERT, gone(PLACE), "STOP: the table does not exist"),
    Case("search_optimization_drop", APPLY, noted(PLACE, search_optimization="ON"), "OK"),
    Case("search_optimization_drop", APPLY, gone(PLACE), "STOP: the table does not exist"),
    *of_table("storage_retention_change", PLACE),
    Case("storage_retention_change", APPLY, noted(PLACE, retention_time=7), "STOP: the retention is not the one"),
    Case("storage_retention_change", APPLY, noted(PLACE, is_transient="YES"), "STOP: the table is not permanent"),
    *of_table("storage_retention_drop", PLACE),
    Case("storage_retention_drop", APPLY, a_table(ASIDE), "STOP: the other name is taken"),
    Case("storage_retention_drop", APPLY, grown(PLACE), "STOP: the table was written since"),
    Case("materialized_view_create", APPLY, seen, "OK"),
    Case("materialized_view_create", APPLY, noted(ORDERS, table_type="EXTERNAL TABLE"), "OK"),
    Case("materialized_view_create", APPLY, gone(ORDERS), "STOP: the table does not exist"),
    Case("materialized_view_create", APPLY, a_view(ORDERS), "STOP: the name stands for something"),
    Case("materialized_view_create", APPLY, a_table(STORED), "STOP: another object has the name of the view"),
    Case("materialized_view_create", APPLY, without(ORDERS, "AMOUNT"), "STOP: a column that the view reads is gone"),
    Case("materialized_view_create", APPLY, grown(ORDERS), "STOP: the row count left the range"),
    Case("materialized_view_create", REVERT, a_table(STORED), "STOP: another object has the name of the view"),
    Case("materialized_view_drop", APPLY, view, "OK"),
    Case("materialized_view_drop", APPLY, a_table(VIEW), "STOP: the name stands for something else"),
    Case("materialized_view_drop", REVERT, a_table(VIEW), "STOP: the name stands for something else"),
    Case("dynamic_table_create", APPLY, seen, "OK"),
    Case("dynamic_table_create", APPLY, gone(EVENTS), "STOP: a source does not exist"),
    Case("dynamic_table_create", APPLY, a_view(EVENTS), "STOP: the name of a source stands for something"),
    Case("dynamic_table_create", APPLY, a_table(DYNAMIC), "STOP: another object has the name"),
    Case("dynamic_table_create", APPLY, without(ORDERS, "AMOUNT"), "STOP: a column that the table reads is gone"),
    Case("dynamic_table_create", APPLY, grown(ORDERS), "STOP: the row count of a source left the range"),
    Case("dynamic_table_create", REVERT, a_table(DYNAMIC), "STOP: another object has the name"),
    Case("dynamic_table_disable", APPLY, seen, "OK"),
    Case("dynamic_table_disable", APPLY, gone(LEFT_ALONE), "STOP: the dynamic table does not exist"),
    Case("dynamic_table_disable", APPLY, noted(LEFT_ALONE, is_dynamic="NO"), "STOP: the dynamic table does not exist"),
    Case("dynamic_table_disable", APPLY, noted(LEFT_ALONE, scheduling_state="SUSPENDED"), "DONE: it is suspended already"),
    Case("dynamic_table_disable", APPLY, scanned(LEFT_ALONE), "STOP: it was scanned in the last 30 days"),
    Case("dynamic_table_disable", REVERT, gone(LEFT_ALONE), "STOP: the dynamic table does not exist"),
    Case("query_acceleration_enable", APPLY, seen, "OK"),
    Case("query_acceleration_enable", APPLY, sql("DELETE FROM warehouses"), "STOP: the warehouse does not exist"),
    Case("query_acceleration_enable", APPLY, warehouse("\"type\" = 'ADAPTIVE'"), "STOP: it is an adaptive warehouse"),
    Case("query_acceleration_enable", REVERT, sql("DELETE FROM warehouses"), "STOP: the warehouse does not exist"),
    Case("warehouse_setting_change", APPLY, seen, "OK"),
    Case("warehouse_setting_change", APPLY, sql("DELETE FROM warehouses"), "STOP: the warehouse does not exist"),
    Case("warehouse_setting_change", APPLY, warehouse("\"type\" = 'ADAPTIVE'"), "STOP: it is an adaptive warehouse"),
    Case("warehouse_setting_change", APPLY, warehouse('"auto_suspend" = 60'), "DONE: it is suspended as soon already"),
    Case("warehouse_setting_change", REVERT, sql("DELETE FROM warehouses"), "STOP: the warehouse does not exist"),
    Case("warehouse_setting_change", APPLY, warehouse('"auto_suspend" = 900'), "STOP: its AUTO_SUSPEND is not the one"),
    Case("warehouse_setting_change", APPLY, warehouse('"auto_suspend" = NULL'), "STOP: its AUTO_SUSPEND is not the one"),
    Case("warehouse_setting_unseen", APPLY, seen, "OK"),
    Case("warehouse_setting_unseen", APPLY, warehouse('"auto_suspend" = NULL'), "OK"),
    Case("warehouse_setting_unseen", APPLY, sql("DELETE FROM warehouses"), "STOP: the warehouse does not exist"),
    Case("result_cache_enable", APPLY, seen, "OK"),
    Case("result_cache_enable", APPLY, sql("DELETE FROM parameters"), "STOP: the user does not exist"),
    Case("result_cache_enable", REVERT, sql("DELETE FROM parameters"), "STOP: the user does not exist"),
    Case("result_cache_create", APPLY, seen, "OK"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "suspended"), "OK"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started"), "DONE: the task runs already"),
    Case("result_cache_create", APPLY, gone(PLACE), "STOP: the table Page Views does not exist"),
    Case("result_cache_create", APPLY, task("60 MINUTE", "suspended"), "STOP: the task of this name is another one"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", "SELECT 1"), "STOP: the task of this name is another one"),
    Case("result_cache_create", REVERT, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", "SELECT 1"), "STOP: the task of this name is another one"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", f"\n{' '.join(WARMED.split())}\n"), "DONE: the task runs already"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", comment=None), "STOP: the task of this name is another one"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", comment="nightly"), "STOP: the task of this name is another one"),
    Case("result_cache_create", APPLY, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", WARMED.replace("/home", "/Home")), "STOP: the task of this name is another one"),
    Case("result_cache_create", REVERT, task("USING CRON 30 7 * * 1,2,3,4,5 UTC", "started", comment=None), "STOP: the task of this name is another one"),
    Case("result_cache_create", REVERT, task("60 MINUTE", "started"), "STOP: the task of this name is another one"),
    Case("result_cache_create", REVERT, seen, "DONE: there is no such task"),
]  # fmt: skip

SPLIT = "history_partitioning_change"
"""Run by itself: tests/test_migration.py."""
UNSEEN = ("warehouse_setting_unseen", "search_optimization_drop")
"""Nothing to go back to is known."""
STEPS = sorted({case.name for case in CASES})


def block(name: str, file: str) -> str:
    """The step of a combined file."""
    text = combined(advice_of(name), scripts(advice_of(name)))[file]
    (step,) = (one for one in statements(text) if one.startswith("EXECUTE IMMEDIATE "))
    return step


def answer(name: str, file: str, account: Account) -> str:
    """What the check of that step says, by itself."""
    script = script_of(name)
    *shows, check = (
        one.strip() for one in re.split(r";\s*", script.guard if file == APPLY else script.undo_guard) if one.strip()
    )
    for show in shows:
        account.run(re.sub(r"\A(--[^\n]*\n)+", "", show))
    ((said,),) = account.query(re.sub(r"\A(--[^\n]*\n)+\s*", "", check).replace("INTO :verdict", "AS verdict"))
    return str(said)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name} {case.file} {case.answer[:40]}")
def test_a_step_changes_what_is_as_the_advice_saw_it_and_stops_at_anything_else(case: Case) -> None:
    account = planted()
    case.change(account)
    account.ran.clear()
    assert answer(case.name, case.file, account).startswith(case.answer)
    script = script_of(case.name)
    if case.answer.startswith("STOP"):
        with pytest.raises(RaisedError, match="STOP: not as the advice"):
            account.run(block(case.name, case.file))
    else:
        account.run(block(case.name, case.file))
    changed = script.apply if case.file == APPLY else script.revert
    assert account.ran == ([*changed] if case.answer == "OK" else [])


@pytest.mark.parametrize("name", STEPS)
def test_a_second_run_of_either_file_finds_it_done(name: str) -> None:
    account = planted()
    first = next(case for case in CASES if (case.name, case.answer) == (name, "OK"))
    first.change(account)
    for file, changed in ((APPLY, script_of(name).apply), (REVERT, script_of(name).revert)):
        if not changed:
            continue
        account.ran.clear()
        account.run(block(name, file))
        assert account.ran == list(changed)
        assert answer(name, file, account).startswith("DONE: ")
        account.run(block(name, file))
        assert account.ran == list(changed)


def test_no_step_of_the_combined_files_is_without_its_cases() -> None:
    """A step that isn't there has nothing to run, or is no statement to run here."""
    for name in each():
        texts = combined(advice_of(name), scripts(advice_of(name)))
        steps = [file for file, text in texts.items() if "EXECUTE IMMEDIATE" in text]
        there = [APPLY, REVERT] if name in STEPS else []
        assert steps == ([APPLY] if name in UNSEEN else there)
        assert name in STEPS or name == SPLIT or "the change is where the" in texts[APPLY]
        assert {case.file for case in CASES if case.name == name and case.answer.startswith("STOP")} == set(steps)


WAYS_BACK = (
    "git apply -R",
    "Put the old text back",
    "fill in what you noted down above",
    "before is in its history",
    "Take TRANSIENT out",
)
"""Of a change that is somewhere else."""


@pytest.mark.parametrize("name", sorted(each()))
def test_each_script_has_its_verification_and_a_way_back(name: str) -> None:
    script = script_of(name)
    assert script.verify
    assert script.revert or any(way in script.text for way in WAYS_BACK)


@pytest.mark.parametrize("name", [name for name in sorted(each()) if script_of(name).guard])
def test_a_script_stops_before_its_first_change_where_the_check_does(name: str) -> None:
    """Alone, as in the combined files: everything that a change needs stands behind a guard that raised."""
    account = planted()
    account.engine.execute("DELETE FROM warehouses; DELETE FROM parameters")
    for table in HERE:
        gone(table)(account)
    found = statements(script_of(name).text)
    guard = next(one for one in found if one.startswith("EXECUTE IMMEDIATE "))
    for statement in found[: found.index(guard)]:
        account.run(statement)
    with pytest.raises(RaisedError):
        account.run(guard)
    assert account.ran == []
    assert not [one for one in script_of(name).apply if one in found[: found.index(guard)]]
