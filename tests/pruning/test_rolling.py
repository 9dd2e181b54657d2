"""Ranges that move along with the clock, and those that don't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.account import read_account
from advisor.backtest import Parts
from advisor.profile import TableProfile
from advisor.pruning.allotment import corrected
from advisor.pruning.asks import Ask
from advisor.pruning.axes import EPOCH, Axis
from advisor.pruning.rolling import as_they_ran, rolled
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, columns, runs
from tests.snapshots import START, write_snapshot

END = datetime(2026, 1, 5)
LAST = float((END - EPOCH).days)
AXES = {
    "DAY": Axis("DAY", "date", LAST - 730, LAST, 731, known=True),
    "AT": Axis("AT", "timestamp", LAST - 730, LAST, 1e6, known=True),
    "N": Axis("N", "number", 0, 1e6, 1e6, known=True),
}
DAILY = 1 / 730
ROWS, SPAN = int(ORDERS["ROW_COUNT"]), 366
MOMENTS = [END - timedelta(days=days, hours=15) for days in range(27, -1, -3)]


def day(moment: datetime) -> float:
    return float((moment - EPOCH).days)


def lows(
    column: str, low: Callable[[datetime], float], moments: list[datetime], high: float | None = None
) -> list[float]:
    asked = [(Ask(column, AXES[column].share(low(moment), high), 0, low(moment), high),) for moment in moments]
    return [asks[0].low or 0 for asks in rolled(asked, moments, AXES, END, DAILY)]


def test_a_week_is_a_week_whenever_it_was_asked_for() -> None:
    asked = [(Ask("DAY", AXES["DAY"].share(day(at) - 7, None), 0, day(at) - 7),) for at in MOMENTS]
    found = rolled(asked, MOMENTS, AXES, END, DAILY)
    assert {ask.low for (ask,) in found} == {LAST - 7}
    assert [ask.share for (ask,) in found] == pytest.approx([8 / 731] * len(MOMENTS)), "not up to five weeks' rows"
    assert asked[0][0].share > 4 * found[0][0].share, "as the rows lie at the end, the first asked for five weeks"


def test_a_range_that_was_moved_matches_what_such_ranges_alone_are_recorded_to() -> None:
    """Most rows that are changed were changed of late: two days hold six times the rows of others."""
    late = Ask("AT", 2 / 730, 0, LAST - 2, moving=True)
    assert [ask.share for ask in corrected((late,), 0.017, AXES)] == pytest.approx([0.017])
    assert [ask.share for ask in corrected((replace(late, moving=False),), 0.017, AXES)] == [2 / 730]


def test_what_stands_beside_a_range_of_a_guessed_time_is_told_from_what_that_matched_then() -> None:
    """A kind has a thirtieth of the rows of the last three days; by the window's end these are of four weeks."""
    guessed = {name: replace(line, known=False) for name, line in AXES.items()} | {
        "KIND": Axis("KIND", "number", 0, 29, 30)
    }
    late = Ask("AT", 28 / 730, 0, LAST - 28)
    then, kind = as_they_ran((late, Ask("KIND", 1 / 30, 1, positions=(4.0,))), END - timedelta(days=25), guessed)
    assert then.share == pytest.approx(3 / 730)
    assert kind.share == 1 / 30
    assert corrected((then, kind), 3 / 730 / 30, guessed)[1].share == pytest.approx(1 / 30)
    for line, moment in ((AXES, END - timedelta(days=25)), (guessed, END - timedelta(days=30))):
        assert as_they_ran((late,), moment, line) == (late,), "statistics know, and what was still to come stays"


def test_hours_before_the_clock_are_told_too() -> None:
    moved = lows("AT", lambda at: (at - EPOCH).total_seconds() / 86_400 - 0.5, MOMENTS)
    assert moved == pytest.approx([LAST - 0.5] * len(MOMENTS))


@pytest.mark.parametrize(
    ("low", "why"),
    [
        (lambda at: LAST - 90, "a certain day stays where it is"),
        (lambda at: day(at.replace(day=1)), "the first of the month follows the clock by months only"),
        (lambda at: day(at) - (7 if at.day % 2 else 30), "of two lengths neither is known to be the clock's"),
    ],
)
def test_constants_that_do_not_keep_their_distance_from_the_clock_stay(
    low: Callable[[datetime], float], why: str
) -> None:
    assert lows("DAY", low, MOMENTS) == [low(at) for at in MOMENTS], why


def test_a_range_with_both_ends_holds_the_same_days_wherever_it_lies() -> None:
    assert lows("DAY", lambda at: day(at) - 7, MOMENTS, LAST + 1) == [day(at) - 7 for at in MOMENTS]


@pytest.mark.parametrize("moments", [MOMENTS[:2], [END - timedelta(hours=hours) for hours in (60, 40, 20, 1)]])
def test_two_executions_or_few_days_do_not_show_what_follows_the_clock(moments: list[datetime]) -> None:
    assert lows("DAY", lambda at: day(at) - 7, moments) == [day(at) - 7 for at in moments]


def test_of_a_column_whose_span_is_guessed_nothing_moves() -> None:
    asked = [(Ask("DAY", 0.1, 0, day(at) - 7),) for at in MOMENTS]
    guessed = {"DAY": replace(AXES["DAY"], known=False)}
    assert rolled(asked, MOMENTS, guessed, END, DAILY) == asked, "a table in load order would seem to gain by a key"


def test_of_a_table_that_does_not_grow_nothing_moves() -> None:
    asked = [(Ask("DAY", 0.1, 0, day(at) - 7),) for at in MOMENTS]
    assert rolled(asked, MOMENTS, AXES, END, DAILY / 3) == asked, "its queries read then what they would read now"


def test_of_a_table_that_is_loaded_anew_nothing_moves() -> None:
    asked = [(Ask("DAY", 0.1, 0, day(at) - 430),) for at in MOMENTS]
    assert rolled(asked, MOMENTS, AXES, END, 1.0) == asked, "a day's rows are all its rows"


def test_where_the_last_rows_are_days_old_nothing_moves() -> None:
    asked = [(Ask("DAY", 0.1, 0, day(at) - 7),) for at in MOMENTS]
    old = {"DAY": replace(AXES["DAY"], low=LAST - 759, high=LAST - 29)}
    assert rolled(asked, MOMENTS, old, END, DAILY) == asked, "the last week at the end would be of no rows"


def test_two_executions_of_two_scans_are_two() -> None:
    moments = [MOMENTS[0], MOMENTS[0], MOMENTS[-1], MOMENTS[-1]]
    assert lows("DAY", lambda at: day(at) - 7, moments) == [day(at) - 7 for at in moments]


def test_numbers_and_other_conditions_stay() -> None:
    asked = [(Ask("DAY", 0.1, 0, day(at) - 7), Ask("N", 0.5, 0, 1e3 + i)) for i, at in enumerate(MOMENTS)]
    found = rolled(asked, MOMENTS, AXES, END, DAILY)
    assert [asks[1] for asks in found] == [asks[1] for asks in asked]


def account_of(folder: Path, loaded: int) -> Path:
    """A snapshot whose table is asked each day for the week before, and given so many rows a day."""
    last = START.date() + timedelta(days=27)
    ends = {"MIN_VALUE": str(last - timedelta(days=SPAN)), "MAX_VALUE": str(last), "APPROX_DISTINCT": SPAN}
    name = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS", "COLUMN_NAME": "DAY"}
    hours = {"START_TIME": START, "END_TIME": START + timedelta(days=28), "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}
    known: dict[str, Any] = {"columns": columns("ORDERS"), "column_statistics": [{**name, **ends, "NULL_SHARE": 0.0}]}
    if loaded:
        known["table_dml_history"] = [
            {**hours, "DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS", "ROWS_ADDED": 28 * loaded}
        ]
    history = runs(lambda i: f"SELECT SUM(id) FROM orders WHERE day >= '{last - timedelta(days=34 - i)}'", 28, 500)
    return write_snapshot(folder, history, [ORDERS], **known)


def begun_in(profile: TableProfile) -> set[float | None]:
    """Where the ranges begin that the table is asked for."""
    return {ask.low for question in profile.layout.questions for ask in question.asks}


def asked_in(folder: Path, loaded: int) -> set[float | None]:
    with open_snapshot(account_of(folder, loaded)) as snapshot:
        [profile] = read_account(snapshot, Settings(), lambda *_: None).profiles
    return begun_in(profile)


def test_an_accounts_last_week_is_the_same_whenever_it_was_asked_for(tmp_path: Path) -> None:
    assert len(asked_in(tmp_path, ROWS // SPAN)) == 1


@pytest.mark.parametrize("loaded", [0, ROWS // SPAN // 10, ROWS])
def test_it_is_not_where_the_table_stands_still_or_is_loaded_anew(tmp_path: Path, loaded: int) -> None:
    assert len(asked_in(tmp_path, loaded)) > 3


def test_the_back_test_moves_the_ranges_of_each_part_too(tmp_path: Path) -> None:
    settings = Settings()
    with open_snapshot(account_of(tmp_path, ROWS // SPAN)) as snapshot:
        account = read_account(snapshot, settings, lambda *_: None)
        parts = Parts.of(snapshot, account, settings)
        assert parts is not None
        [early], [later] = (
            part.profiled({account.profiles[0].table.name}).profiles for part in (parts.early, parts.later)
        )
    assert begun_in(later) == begun_in(account.profiles[0])
    assert len(begun_in(early)) == 1
