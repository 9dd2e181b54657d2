"""Planted storage: what is kept for nothing, and what must be kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.generator import generate
from advisor.model import Advice
from advisor.settings import Settings
from tests.recommenders.accounts import END, advise, of, rejected, runs, times
from tests.snapshots import Row, query, table

Rows = list[dict[str, Any]]
KIND = "storage_retention"
GIB = 2**30
LONG_AGO = datetime(2023, 1, 1)


def stored(name: str, active: int = 0, travel: int = 0, failsafe: int = 0, clones: int = 0, **figures: Any) -> Row:
    """One version of a table, in GiB."""
    sizes = {
        "ACTIVE_BYTES": active,
        "TIME_TRAVEL_BYTES": travel,
        "FAILSAFE_BYTES": failsafe,
        "RETAINED_FOR_CLONE_BYTES": clones,
    }
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": name}
    ids = {"ID": 1, "CLONE_GROUP_ID": 1, "TABLE_CREATED": LONG_AGO, "TABLE_DROPPED": None}
    return {**place, **ids, **{key: size * GIB for key, size in sizes.items()}, **figures}


def scanned(name: str, last: datetime) -> Rows:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC"}
    return [
        {**place, "TABLE_NAME": "OTHER", "START_TIME": LONG_AGO, "END_TIME": END, "NUM_SCANS": 5},
        {**place, "TABLE_NAME": name, "START_TIME": last, "END_TIME": last, "NUM_SCANS": 5},
    ]


def advice(
    folder: Path,
    metrics: list[Row],
    tables: list[Row] | None = None,
    history: Rows | None = None,
    settings: Settings | None = None,
    **views: Any,
) -> Advice:
    tables = tables or [table("STAGING", CREATED=LONG_AGO, RETENTION_TIME=1)]
    history = history or [query("SELECT 1 FROM other", i * 1440) for i in range(28)]
    return advise(
        folder,
        history,
        [*tables, table("OTHER", ROW_COUNT=5, BYTES=5)],
        settings,
        table_storage_metrics=metrics,
        **views,
    )


def test_a_table_that_a_job_recreates_is_made_transient_in_the_job(tmp_path: Path) -> None:
    build = "CREATE OR REPLACE TABLE staging AS SELECT * FROM other"
    rebuilt = runs(lambda i, at: build, times(28), "c", QUERY_TYPE="CREATE_TABLE_AS_SELECT")
    selects: Rows = [query("SELECT 1 FROM other", 7)]
    old = stored("STAGING", failsafe=400, ID=2, TABLE_DROPPED=END)
    found = advice(tmp_path, [stored("STAGING", 100), old], history=rebuilt + selects)
    (change,) = of(found, KIND)
    assert change.details["cause"] == "transient"
    assert "It holds 100 GiB, and 400 GiB of what it held before" in change.reason
    assert change.benefit.storage_bytes is not None
    assert change.benefit.storage_bytes.expected == 400 * GIB
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*storage_retention*")
    assert "CREATE OR REPLACE TRANSIENT TABLE there" in script.read_text()


def test_a_long_time_travel_of_a_changing_table_is_shortened(tmp_path: Path) -> None:
    found = advice(tmp_path, [stored("STAGING", 100, 900, 50)], [table("STAGING", RETENTION_TIME=30)])
    (change,) = of(found, KIND)
    assert change.details["cause"] == "retention"
    assert "Its Time Travel reaches back 30 days; one day would keep about 30 GiB." in change.reason
    assert change.net_credits_per_month.expected == 0
    assert change.benefit.credits is None
    assert any("billed in money, not credits" in warning for warning in change.warnings)


def test_a_table_of_which_it_is_unknown_what_it_holds_is_not_called_out_of_proportion(tmp_path: Path) -> None:
    unknown = stored("STAGING", 0, 900, 50, ACTIVE_BYTES=None)
    found = advice(tmp_path, [unknown, stored("OTHER", 1)], [table("STAGING", RETENTION_TIME=30)])
    assert not of(found, KIND)
    assert not rejected(found, KIND)


def test_with_prices_storage_is_worth_credits(tmp_path: Path) -> None:
    priced = Settings(storage_price_per_tib_month=24.0, price_per_credit=3.0)
    found = advice(tmp_path, [stored("STAGING", 100, 1058)], [table("STAGING", RETENTION_TIME=30)], settings=priced)
    (change,) = of(found, KIND)
    assert change.net_credits_per_month.expected == pytest.approx(8.0, rel=0.01)


def test_a_table_that_nothing_scans_for_half_a_year_is_set_aside_and_not_dropped(tmp_path: Path) -> None:
    found = advice(
        tmp_path, [stored("STAGING", 500)], table_pruning_history=scanned("STAGING", LONG_AGO + timedelta(days=90))
    )
    (change,) = of(found, KIND)
    assert (change.action, change.confidence) == ("drop", "low")
    assert (
        "It was scanned last on 2023-04-01 00:00 UTC, and no query of the window reads or writes it." in change.reason
    )
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*storage_retention*")
    assert "\nALTER TABLE DB.PUBLIC.STAGING RENAME TO DB.PUBLIC.STAGING_UNREAD;" in script.read_text()
    assert "\n-- DROP TABLE DB.PUBLIC.STAGING_UNREAD;" in script.read_text()


# ---------------------------------------------------------------- nothing is due


def test_what_nothing_shows_to_be_rebuilt_keeps_its_fail_safe(tmp_path: Path) -> None:
    found = advice(tmp_path, [stored("STAGING", 100, 10, 500)])
    assert not of(found, KIND)
    assert "nothing in the window shows that a job can rebuild it" in rejected(found, KIND)


def test_bytes_that_clones_keep_are_told(tmp_path: Path) -> None:
    found = advice(tmp_path, [stored("STAGING", 100, clones=200)])
    assert not of(found, KIND)
    assert "200 GiB that were deleted from it are kept by its clones" in rejected(found, KIND)


@pytest.mark.parametrize("views", [{}, {"table_pruning_history": scanned("STAGING", END - timedelta(days=30))}])
def test_a_table_is_not_called_unread_for_want_of_a_record_or_of_time(tmp_path: Path, views: dict[str, Any]) -> None:
    found = advice(tmp_path, [stored("STAGING", 500)], **views)
    assert not of(found, KIND)
    assert not rejected(found, KIND)


def test_a_table_that_the_window_writes_is_not_unread(tmp_path: Path) -> None:
    loads = [query("INSERT INTO staging SELECT 1", i * 1440, QUERY_TYPE="INSERT") for i in range(9)]
    reads = [query("SELECT 1 FROM other", 5, QUERY_ID="r")]
    old = scanned("STAGING", LONG_AGO)
    assert not of(advice(tmp_path, [stored("STAGING", 500)], history=loads + reads, table_pruning_history=old), KIND)


def test_little_storage_is_passed_over(tmp_path: Path) -> None:
    found = advice(tmp_path, [stored("STAGING", 1, 9, 9)])
    assert not of(found, KIND)
    assert not rejected(found, KIND)
