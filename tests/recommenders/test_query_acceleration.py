"""Planted warehouses with queries that Snowflake lists as eligible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.model import Advice
from advisor.settings import Settings
from tests.recommenders.accounts import advise, of, rejected, times
from tests.snapshots import query, table

Rows = list[dict[str, Any]]
KIND = "query_acceleration"


def eligible(warehouse: str = "WH", seconds: float = 120.0, size: str = "Medium", factor: int = 20) -> Rows:
    """40 queries a day, each with so many seconds that could be taken over."""
    common = {"WAREHOUSE_NAME": warehouse, "WAREHOUSE_SIZE": size, "UPPER_LIMIT_SCALE_FACTOR": factor}
    each = {"QUERY_PARAMETERIZED_HASH": "aa", "QUERIES": 40, "ELIGIBLE_QUERY_ACCELERATION_TIME": seconds * 40}
    return [{"START_TIME": at, "QUERY_ID": f"e-{i}", **common, **each} for i, at in enumerate(times(28))]


def advice(folder: Path, settings: Settings | None = None, **views: Any) -> Advice:
    history = [query("SELECT a FROM t", i * 1440, QUERY_PARAMETERIZED_HASH="aa") for i in range(28)]
    return advise(folder, history, [table("T", ROW_COUNT=5, BYTES=5)], settings, **views)


def test_it_saves_no_credits_by_itself_and_says_what_a_second_must_be_worth(tmp_path: Path) -> None:
    found = advice(tmp_path, query_acceleration_eligible=eligible())
    assert not of(found, KIND)
    assert "of which the warehouse saves" in rejected(found, KIND)
    # half of the medium warehouse's 4 credits an hour, by the second
    assert "It pays where a second is worth more than 0.000556 credits" in rejected(found, KIND)


def test_where_a_second_has_a_value_it_is_weighed(tmp_path: Path) -> None:
    found = advice(tmp_path, Settings(credits_per_second_saved=0.002), query_acceleration_eligible=eligible())
    (on,) = of(found, KIND)
    assert (on.target.type, on.target.name, on.details["scale_factor"]) == ("warehouse", "WH", 8)
    upkeep = on.cost.upkeep_credits_per_month
    assert upkeep is not None
    assert upkeep.high == pytest.approx(40 * 28 * 120 * 8 / 9 * 4 / 3600 * 30 / 28, rel=0.05)
    assert on.net_credits_per_month.low > 0
    assert on.grade == "probed"


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ({"query_acceleration_eligible": eligible(size="ADAPTIVE")}, "adaptive warehouse"),
        (
            {
                "query_acceleration_eligible": eligible(),
                "query_acceleration_history": [
                    {"WAREHOUSE_NAME": "WH", "START_TIME": times(1)[0], "CREDITS_USED": 2.0}
                ],
            },
            "on already and took 2 credits",
        ),
    ],
)
def test_what_the_platform_does_already_is_said(tmp_path: Path, views: dict[str, Any], said: str) -> None:
    found = advice(tmp_path, Settings(credits_per_second_saved=1.0), **views)
    assert not of(found, KIND)
    assert said in rejected(found, KIND)


def test_without_the_list_or_with_little_time_on_it_nothing_is_said(tmp_path: Path) -> None:
    lists: list[dict[str, Any]] = [{}, {"query_acceleration_eligible": eligible(seconds=0.1)}]
    for i, views in enumerate(lists):
        found = advice(tmp_path / str(i), **views)
        assert not of(found, KIND)
        assert not rejected(found, KIND)
