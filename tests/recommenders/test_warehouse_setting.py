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
    ],
    ids=["little idle", "attribution not recorded", "queries name no warehouse"],
)
def test_without_proof_nothing_is_said(tmp_path: Path, history: Rows, credits: Rows) -> None:
    found = advice(tmp_path, history, warehouse_metering_history=credits)
    assert not of(found, KIND)
    assert not rejected(found, KIND)


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
