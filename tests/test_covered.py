"""Histories that speak for a part of the window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.account import read_account
from advisor.clustering.upkeep import billed
from advisor.model import TableName
from advisor.settings import Settings
from advisor.snapshot import changes, histories, info, open_snapshot
from advisor.snapshot.covered import covered
from tests.snapshots import START, query, table, write_snapshot

DAYS = 30
FIRST, LAST = START.replace(tzinfo=None), (START + timedelta(days=DAYS)).replace(tzinfo=None)
T = TableName("DB", "PUBLIC", "T")
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "T"}


def records(days: Sequence[float], **figures: Any) -> list[dict[str, Any]]:
    return [{**PLACE, "START_TIME": START + timedelta(days=day), **figures} for day in days]


def snapshot(folder: Path, **views: Any) -> Path:
    history = [query("SELECT a FROM t WHERE a = 1", 1440 * day) for day in range(DAYS + 1)]
    keyed = table("T", CLUSTERING_KEY="LINEAR(A)")
    return write_snapshot(folder, history, [keyed], **views)


@pytest.mark.parametrize(
    ("days", "begins", "ends"),
    [
        (range(DAYS), 0, DAYS),
        (range(20, DAYS), 20, DAYS),
        (range(10), 0, 10),
        (range(8, 18), 8, 18),
        (range(-100, DAYS), 0, DAYS),
        ([day for day in range(20, DAYS) if day % 7 > 1], 20, DAYS),
        (range(2, DAYS - 2), 0, DAYS),
        ([20, 25], 0, DAYS),
        (range(26, DAYS), 0, DAYS),
        (range(2, DAYS, 7), 0, DAYS),
        ([400], 0, DAYS),
        (range(-100, -50), 0, DAYS),
    ],
    ids=[
        "all", "the last third", "the first third", "the middle", "years", "working days", "a day or two missing", "few", "four days",
        "weekly", "a later window", "an earlier window",
    ],
)  # fmt: skip
def test_what_has_records_on_most_days_begins_where_they_begin(
    tmp_path: Path, days: Sequence[int], begins: int, ends: int
) -> None:
    with open_snapshot(snapshot(tmp_path, table_dml_history=records(days, ROWS_ADDED=7))) as opened:
        start, end = covered(opened, "table_dml_history")
        told, window_end = info(opened).notes, opened.window_end
    assert (start, end) == (FIRST + timedelta(days=begins), FIRST + timedelta(days=ends) if ends < DAYS else window_end)
    assert bool(told) == ((begins, ends) != (0, DAYS))


def test_records_without_a_time_are_those_of_the_whole_window(tmp_path: Path) -> None:
    rows = [*records(range(20, DAYS), ROWS_ADDED=7), {**PLACE, "ROWS_ADDED": 7}]
    with open_snapshot(snapshot(tmp_path, table_dml_history=rows)) as opened:
        assert covered(opened, "table_dml_history")[0] == FIRST


def test_writes_a_day_are_those_of_the_days_that_are_recorded(tmp_path: Path) -> None:
    with open_snapshot(snapshot(tmp_path, table_dml_history=records(range(20, DAYS), ROWS_ADDED=1000))) as opened:
        churn = histories(opened, float(DAYS))[T].churn
    assert churn is not None
    assert churn.rows_added == pytest.approx(1000)


def test_any_hour_that_no_record_covers_may_have_changed_the_data(tmp_path: Path) -> None:
    with open_snapshot(snapshot(tmp_path, table_dml_history=records(range(20, DAYS), ROWS_ADDED=1))) as opened:
        found = (changes(opened, [T]) or {})[T]
    before = {hour for hour in found if hour < FIRST + timedelta(days=20)}
    assert len(before) == 20 * 24
    assert found - before == {FIRST + timedelta(days=day) for day in range(20, DAYS)}


@pytest.mark.parametrize(("days", "known"), [(range(DAYS), True), (range(20, DAYS), False)])
def test_bills_of_a_part_of_the_window_say_nothing_of_what_the_model_gets_wrong(
    tmp_path: Path, days: Sequence[int], known: bool
) -> None:
    """Held beside the upkeep of the whole window they would make every new key look cheap."""
    written = records(range(DAYS), ROWS_ADDED=1000)
    folder = snapshot(tmp_path, table_dml_history=written, automatic_clustering_history=records(days, CREDITS_USED=0.5))
    with open_snapshot(folder) as opened:
        account = read_account(opened, Settings(), lambda *_: None)
    found = billed(account.catalog.tables[T], account.histories[T], account.workload, Settings())
    assert (found is not None) == known


def test_what_stands_on_a_table_is_priced_by_the_days_that_are_recorded(tmp_path: Path) -> None:
    """A key that rewrites the table has its search paths and views built anew."""
    found = []
    for name, days in (("whole", range(DAYS)), ("part", range(20, DAYS))):
        paths = records(days, CREDITS_USED=0.5)
        folder = snapshot(tmp_path / name, search_optimization_history=paths)
        with open_snapshot(folder) as opened:
            (profile,) = read_account(opened, Settings(), lambda *_: None).profiles
        found.append(profile.search_credits)
    assert found == pytest.approx([15.0, 15.0], rel=0.01)


def test_a_moment_is_no_window(tmp_path: Path) -> None:
    rows = records(range(5), ROWS_ADDED=1)
    with open_snapshot(write_snapshot(tmp_path, table_dml_history=rows)) as opened:
        assert isinstance(covered(opened, "table_dml_history")[0], datetime)
        assert histories(opened, 1.0)[T].churn is not None
