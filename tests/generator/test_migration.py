"""The split of a table into a hot and a cold part, carried out: rows counted, stopped anywhere, run again, and taken back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from advisor.model import TableName
from tests.assorted import PLACE
from tests.every_advice import planted, script_of
from tests.generator.test_names import no_log, statements
from tests.scripting import RaisedError
from tests.standin import Account, Rows

__all__ = ["no_log"]

SCRIPT = script_of("history_partitioning_change")
FORTH = statements(SCRIPT.text)
BACK = list(SCRIPT.revert)
HOT, COLD, OLD = (TableName(PLACE.database, PLACE.schema, f"{PLACE.name}_{part}") for part in ("HOT", "COLD", "BEFORE_SPLIT"))  # fmt: skip
INSERT = f"INSERT INTO {Account.spell(PLACE)} (ID) VALUES (-1)"


def filled() -> Account:
    """The table of the account, some of its rows twice."""
    account = planted()
    account.engine.execute(f"INSERT INTO {Account.spell(PLACE)} FROM {Account.spell(PLACE)} WHERE ID < 100")
    return account


def rows(account: Account, name: TableName) -> Rows:
    return sorted(account.engine.execute(f"FROM {Account.spell(name)}").fetchall(), key=repr)


def run(account: Account, script: Sequence[str]) -> None:
    for statement in script:
        account.run(statement)


def is_split(account: Account) -> bool:
    return [account.kind(name) for name in (PLACE, HOT, COLD, OLD)] == ["VIEW", *["BASE TABLE"] * 3]


def test_the_view_holds_the_rows_of_the_table_and_each_part_its_own() -> None:
    account = filled()
    before = rows(account, PLACE)
    run(account, FORTH)
    assert is_split(account)
    assert rows(account, PLACE) == before == rows(account, OLD)
    assert len(rows(account, HOT)) + len(rows(account, COLD)) == len(before)
    assert {row[1] is None for row in rows(account, HOT)} == {True, False}
    assert all(row[1] is not None for row in rows(account, COLD))


def test_a_second_run_stops_and_changes_nothing() -> None:
    account = filled()
    run(account, FORTH)
    account.ran.clear()
    with pytest.raises(RaisedError, match="not as the advice saw it"):
        run(account, FORTH)
    assert account.ran == []


@pytest.mark.parametrize("stopped", range(len(FORTH)))
def test_wherever_it_was_stopped_it_is_run_again_from_its_top(stopped: int) -> None:
    account = filled()
    before = rows(account, PLACE)
    run(account, FORTH[:stopped])
    if is_split(account):
        with pytest.raises(RaisedError):
            run(account, FORTH)
    else:
        run(account, FORTH)
    assert is_split(account)
    assert rows(account, PLACE) == before


def test_rows_that_are_written_meanwhile_stop_it_before_the_swap() -> None:
    account = filled()
    proof = next(i for i, statement in enumerate(FORTH) if "rows_differ" in statement)
    run(account, FORTH[:proof])
    account.engine.execute(INSERT)
    with pytest.raises(RaisedError, match="the parts do not hold the rows of the table"):
        run(account, FORTH[proof:])
    assert account.kind(PLACE) == "BASE TABLE"
    run(account, FORTH)
    assert is_split(account)
    assert any(row[0] == -1 for row in rows(account, PLACE))


@pytest.mark.parametrize("stopped", range(len(BACK) + 1))
def test_taking_it_back_gives_the_table_with_what_was_written_since(stopped: int) -> None:
    account = filled()
    run(account, FORTH)
    account.engine.execute(INSERT.replace(PLACE.name, HOT.name))
    after = rows(account, PLACE)
    run(account, BACK[:stopped])
    if stopped < len(BACK):
        run(account, BACK)
    else:
        with pytest.raises(RaisedError, match="not as the advice left it"):
            run(account, BACK)
    assert (account.kind(PLACE), account.kind(OLD)) == ("BASE TABLE", None)
    assert rows(account, PLACE) == after
    run(account, FORTH)
    assert is_split(account)
    assert rows(account, PLACE) == after


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (f"ALTER TABLE {Account.spell(PLACE)} ADD COLUMN LATER INTEGER", "STOP: the table has more columns"),
        (f"ALTER TABLE {Account.spell(PLACE)} DROP COLUMN NOTE", "STOP: a column of the table is gone"),
        (f'ALTER TABLE {Account.spell(PLACE)} ALTER "Seen At" TYPE DATE', "STOP: the column is gone, or of another type"),
        (f"CREATE TABLE {Account.spell(COLD)} (A INTEGER)", "STOP: a name that the parts need is taken"),
        (f"CREATE TABLE {Account.spell(OLD)} (A INTEGER)", "STOP: a name that the parts need is taken"),
        (f"DROP TABLE {Account.spell(PLACE)}", "STOP: the table does not exist"),
    ],
)  # fmt: skip
def test_it_stops_where_the_table_is_not_as_the_advice_saw_it(change: str, answer: str) -> None:
    account = filled()
    account.engine.execute(change)
    check, guard = (one for one in FORTH if "'STOP: " in one and "rows_differ" not in one)
    ((said,),) = account.run(check)
    assert str(said).startswith(answer)
    with pytest.raises(RaisedError):
        account.run(guard)
