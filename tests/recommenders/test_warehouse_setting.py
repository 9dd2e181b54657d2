"""Planted warehouses: idle for nothing, or idle for a reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.generator import generate
from advisor.model import Advice
from advisor.settings import Settings
from tests.recommenders.accounts import advise, of, rejected, times
from tests.snapshots import query, table

Rows = list[dict[str, Any]]
KIND = "warehouse_setting"


def work(gap_minutes: float, seconds: float = 30.0, **figures: Any) -> Rows:
    """One query on WH every so many minutes, over four weeks."""
    moments = times(int(28 * 1440 / gap_minutes))
    common = {"WAREHOUSE_NAME": "WH", "WAREHOUSE_SIZE": "Medium", "EXECUTION_TIME": seconds * 1000, **figures}
    return [
        query(
            "SELECT a FROM t",
            QUERY_ID=f"q-{i}",
            **{**common, "START_TIME": at, "END_TIME": at + timedelta(seconds=seconds)},
        )
        for i, at in enumerate(moments)
    ]


def metered(compute: float, attributed: float | None) -> Rows:
    """Credits a day."""
    figures = {"WAREHOUSE_NAME": "WH", "CREDITS_USED": compute, "CREDITS_USED_COMPUTE": compute}
    return [{"START_TIME": at, **figures, "CREDITS_ATTRIBUTED_COMPUTE_QUERIES": attributed} for at in times(28)]


def advice(folder: Path, history: Rows, settings: Settings | None = None, **views: Any) -> Advice:
    return advise(folder, history, [table("T", ROW_COUNT=5, BYTES=5)], settings, **views)


def test_a_warehouse_that_never_stops_between_rare_queries_is_suspended_sooner(tmp_path: Path) -> None:
    # a query each half hour; on all day: 96 credits, 5.3 of them attributed
    found = advice(tmp_path, work(30), warehouse_metering_history=metered(96.0, 1.6))
    (sooner,) = of(found, KIND)
    assert (sooner.target.type, sooner.target.name) == ("warehouse", "WH")
    saved = sooner.benefit.credits
    assert saved is not None
    # what the gaps of 1,770 s would cost at 60 or 300 s of medium warehouse
    idle = 94.4 * 28
    assert saved.high / (30 / 28) <= idle - 48 * 28 * 60 * 4 / 3600 + 40
    assert saved.low > 0
    assert "of them (98.3%) for no query" in sooner.reason
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*warehouse_setting*")
    assert "ALTER WAREHOUSE WH SET AUTO_SUSPEND = 300;" in script.read_text()


@pytest.mark.parametrize(
    ("history", "credits"),
    [
        (work(30), metered(96.0, 94.0)),
        (work(30), metered(96.0, None)),
        (work(30, WAREHOUSE_NAME=None), metered(96.0, 1.6)),
        (work(30), metered(0.0, 0.0)),
    ],
    ids=["little idle", "attribution not recorded", "queries name no warehouse", "nothing was billed"],
)
def test_without_proof_nothing_is_said(tmp_path: Path, history: Rows, credits: Rows) -> None:
    found = advice(tmp_path, history, warehouse_metering_history=credits)
    assert not of(found, KIND)
    assert not rejected(found, KIND)


def test_credits_of_a_part_of_the_window_speak_for_all_of_it(tmp_path: Path) -> None:
    """An export of WAREHOUSE_METERING_HISTORY that begins 18 days after the queries do."""
    whole = advice(tmp_path / "whole", work(30), warehouse_metering_history=metered(96.0, 1.6))
    part = advice(tmp_path / "part", work(30), warehouse_metering_history=metered(96.0, 1.6)[18:])
    (all_of_it,), (ten_days,) = of(whole, KIND), of(part, KIND)
    assert ten_days.net_credits_per_month.expected == pytest.approx(all_of_it.net_credits_per_month.expected, rel=0.02)
    assert any(note.startswith("warehouse_metering_history: its records cover") for note in part.snapshot.notes)
    assert not whole.snapshot.notes


def test_gaps_too_short_to_stop_in_are_told(tmp_path: Path) -> None:
    # every two minutes a query of 90 s: nothing is suspended in gaps of 30 s
    found = advice(tmp_path, work(2, 90.0), warehouse_metering_history=metered(96.0, 71.0))
    assert not of(found, KIND)
    assert "its gaps are so short that suspending it sooner would not have saved" in rejected(found, KIND)


def test_spilling_and_queueing_are_told_and_not_guessed_at(tmp_path: Path) -> None:
    figures = {"BYTES_SPILLED_TO_REMOTE_STORAGE": 2**30, "QUEUED_OVERLOAD_TIME": 9000}
    found = advice(tmp_path, work(30, **figures))
    assert not of(found, KIND)
    assert "GiB a month to remote storage" in rejected(found, KIND) or "TiB a month to remote storage" in rejected(
        found, KIND
    )
    assert "a month because it is full" in rejected(found, KIND)


def test_an_adaptive_warehouse_is_not_suspended_sooner(tmp_path: Path) -> None:
    found = advice(tmp_path, work(30, WAREHOUSE_SIZE="ADAPTIVE"), warehouse_metering_history=metered(96.0, 1.6))
    assert not of(found, KIND)
    assert rejected(found, KIND) == (
        "It is an adaptive warehouse, billed by the query: nothing is saved by suspending it."
    )


def test_a_little_spilling_and_waiting_is_passed_over(tmp_path: Path) -> None:
    found = advice(tmp_path, work(30, BYTES_SPILLED_TO_REMOTE_STORAGE=2**20, QUEUED_OVERLOAD_TIME=1))
    assert not of(found, KIND)
    assert not rejected(found, KIND)


def in_force(seconds: int | None) -> Rows:
    """As `advisor collect` keeps what SHOW WAREHOUSES says."""
    return [{"WAREHOUSE_NAME": "WH", "WAREHOUSE_TYPE": "STANDARD", "WAREHOUSE_SIZE": "Medium", "AUTO_SUSPEND": seconds}]


def suspended(times_a_day: int, **more: Any) -> Rows:
    event = {
        "WAREHOUSE_NAME": "WH",
        "EVENT_NAME": "SUSPEND_WAREHOUSE",
        "EVENT_STATE": "COMPLETED",
        "EVENTS": times_a_day,
    }
    return [{"TIMESTAMP": at, **event, **more} for at in times(28)]


def script_of(found: Advice, folder: Path) -> str:
    generate(found, folder)
    (script,) = (folder / "scripts").glob("*warehouse_setting*")
    return script.read_text()


@pytest.mark.parametrize(
    ("seconds", "title", "said", "reverted"),
    [
        (900, "instead of 900", "Today's AUTO_SUSPEND is 900.", "-- ALTER WAREHOUSE WH SET AUTO_SUSPEND = 900;"),
        (0, "instead of never", "Nothing suspends it today.", "-- ALTER WAREHOUSE WH SET AUTO_SUSPEND = 0;"),
    ],
)
def test_the_setting_in_force_is_named_guarded_and_what_a_revert_goes_back_to(
    tmp_path: Path, seconds: int, title: str, said: str, reverted: str
) -> None:
    credits = metered(96.0, 1.6)
    found = advice(tmp_path / "in", work(30), warehouse_metering_history=credits, warehouses=in_force(seconds))
    (sooner,) = of(found, KIND)
    assert sooner.title == f"Suspend warehouse WH after 300 seconds without a query {title}"
    assert said in sooner.reason
    assert not [warning for warning in sooner.warnings if "AUTO_SUSPEND in force" in warning]
    script = script_of(found, tmp_path / "out")
    assert reverted in script
    assert f'COALESCE("auto_suspend", 0) = {seconds}, 1, NULL)) = 0' in script
    assert "ALTER WAREHOUSE WH SET AUTO_SUSPEND" in (tmp_path / "out" / "revert.sql").read_text()


def test_where_the_setting_in_force_is_unknown_no_revert_invents_one(tmp_path: Path) -> None:
    found = advice(tmp_path / "in", work(30), warehouse_metering_history=metered(96.0, 1.6))
    (sooner,) = of(found, KIND)
    assert sooner.details["auto_suspend_today"] is None
    assert any("The AUTO_SUSPEND in force is not in the snapshot" in warning for warning in sooner.warnings)
    script = script_of(found, tmp_path / "out")
    assert "--   ALTER WAREHOUSE WH SET AUTO_SUSPEND = <seconds>\n" in script
    assert "600" not in script
    reverts = (tmp_path / "out" / "revert.sql").read_text()
    assert "ALTER WAREHOUSE" not in reverts
    assert "what was in force is not known: the script has a line to fill in" in reverts
    effects = {each.view: each.effect for each in found.coverage.views_missing}
    assert effects["warehouses"] == "the AUTO_SUSPEND in force is unknown, so that a revert can't name it"


def test_a_setting_that_the_account_does_not_tell_is_unknown_too(tmp_path: Path) -> None:
    credits = metered(96.0, 1.6)
    found = advice(tmp_path, work(30), warehouse_metering_history=credits, warehouses=in_force(None))
    (sooner,) = of(found, KIND)
    assert sooner.details["auto_suspend_today"] is None


@pytest.mark.parametrize("seconds", [60, 30])
def test_a_setting_in_force_that_is_as_short_is_left(tmp_path: Path, seconds: int) -> None:
    credits = metered(96.0, 1.6)
    found = advice(tmp_path, work(30), warehouse_metering_history=credits, warehouses=in_force(seconds))
    assert not of(found, KIND)
    assert (
        f"but AUTO_SUSPEND = {seconds} is in force, which may have been set since: no shorter setting is advised."
        in rejected(found, KIND)
    )


def test_only_settings_shorter_than_the_one_in_force_are_advised(tmp_path: Path) -> None:
    credits = metered(96.0, 1.6)
    found = advice(tmp_path, work(30), warehouse_metering_history=credits, warehouses=in_force(300))
    (sooner,) = of(found, KIND)
    assert sooner.details["auto_suspend_seconds"] == 60


def test_a_warehouse_that_is_suspended_more_often_than_any_setting_would_is_left(tmp_path: Path) -> None:
    # a query each half hour: 48 gaps a day
    found = advice(
        tmp_path,
        work(30),
        warehouse_metering_history=metered(96.0, 1.6),
        warehouse_events_history=suspended(96),
    )
    assert not of(found, KIND)
    assert "but it was suspended 2,688 times, more often than AUTO_SUSPEND = 60 would (1,343)" in rejected(found, KIND)


def test_starts_that_are_recorded_today_are_not_billed_to_the_advice(tmp_path: Path) -> None:
    credits = metered(96.0, 1.6)
    unseen = advice(tmp_path / "a", work(30), warehouse_metering_history=credits)
    # both states of an event tell of one suspension
    both = suspended(48) + suspended(48, EVENT_STATE="STARTED")
    seen = advice(tmp_path / "b", work(30), warehouse_metering_history=credits, warehouse_events_history=both)
    (before,), (after,) = of(unseen, KIND), of(seen, KIND)
    assert before.benefit.credits is not None
    assert after.benefit.credits is not None
    assert after.benefit.credits.high == before.benefit.credits.high
    assert after.benefit.credits.low == after.benefit.credits.high
    assert before.benefit.credits.low < before.benefit.credits.high
    assert "It was suspended 1,344 times in that time." in after.reason


def test_queries_that_ran_into_their_timeout_are_told(tmp_path: Path) -> None:
    ended = {
        "EXECUTION_STATUS": "FAIL",
        "ERROR_CODE": "630",
        "ERROR_MESSAGE": "Statement reached its timeout and was canceled.",
    }
    history = work(30) + [
        {**row, **ended, "QUERY_ID": f"t-{i}", "EXECUTION_TIME": 7_200_000} for i, row in enumerate(work(24 * 60))
    ]
    found = advice(tmp_path, history)
    assert not of(found, KIND)
    assert rejected(found, KIND) == (
        "30 of its queries a month run until their statement timeout ends them, 2.5 days in all that give no answer. Which they are "
        "QUERY_HISTORY tells by ERROR_CODE 630: whether they need less to do, or more time, the history doesn't say."
    )
    assert "timed out" in {each.reason for each in found.coverage.skipped}


@pytest.mark.parametrize(("slow", "told"), [(4 * 3600, True), (1800, False)])
def test_executions_that_run_for_hours_where_half_take_seconds_are_told(tmp_path: Path, slow: int, told: bool) -> None:
    history = work(30)
    for row in history[::40]:
        row["EXECUTION_TIME"] = slow * 1000
    found = advice(tmp_path, history)
    assert not of(found, KIND)
    assert ("half of them 30 s or less. No statement timeout is advised" in rejected(found, KIND)) is told


def test_a_question_that_always_takes_hours_is_no_runaway(tmp_path: Path) -> None:
    found = advice(tmp_path, work(300, 4 * 3600.0))
    assert not rejected(found, KIND)
