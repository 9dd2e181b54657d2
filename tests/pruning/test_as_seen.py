"""What the partitions read for a range tell of how many rows it has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.pruning.as_seen import as_seen
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis

LATE = Ask("DAY", 0.01, 0, 723.0, moving=True)
SHOP = Ask("SHOP", 0.03, 1, positions=(7.0,))


@pytest.mark.parametrize(
    ("asks", "widths", "share", "why"),
    [
        (
            (LATE, SHOP),
            {"DAY": 0.005},
            0.025,
            "rows in the order of days: four of a hundred partitions, in one it begins",
        ),
        ((LATE, SHOP), {"DAY": 0.005, "SHOP": 0.9}, 0.025, "shops are in no order"),
        ((LATE, SHOP), {"DAY": 0.005, "SHOP": 0.1}, 0.01, "shops prune as well"),
        ((LATE, SHOP), {"DAY": 0.8}, 0.01, "days are in no order"),
        ((Ask("DAY", 0.01, 0, 300.0, 307.0), SHOP), {"DAY": 0.005}, 0.01, "days that aren't the latest"),
    ],
)
def test_the_latest_days_hold_as_many_rows_as_are_read_for_them(
    asks: tuple[Ask, ...], widths: dict[str, float], share: float, why: str
) -> None:
    assert as_seen(Question(0, 1.0, asks), 0.04, 100, {}, widths).asks[0].share == pytest.approx(share), why


OF_A_JOIN = Ask("DAY", 1 / 12, 5, derived=True)
"""A month of each of five years, of which a calendar's filter tells no more."""


@pytest.mark.parametrize(
    ("asks", "widths", "share", "why"),
    [
        (
            (OF_A_JOIN, SHOP),
            {"DAY": 0.01},
            0.1924,
            "a month that a fifth of the rows, in the order of days, are read for",
        ),
        ((OF_A_JOIN, SHOP), {"DAY": 0.01, "SHOP": 0.9}, 0.1924, "shops are in no order"),
        ((OF_A_JOIN, SHOP), {"DAY": 0.01, "SHOP": 0.1}, 1 / 12, "shops prune as well"),
        ((OF_A_JOIN, SHOP), {"DAY": 0.8}, 1 / 12, "days are in no order"),
        (
            (replace(OF_A_JOIN, derived=False, positions=(1.0, 2.0)), SHOP),
            {"DAY": 0.01},
            1 / 12,
            "days that are written",
        ),
        ((Ask("DAY", 0.05, 0, located=False, derived=True), SHOP), {"DAY": 0.01}, 0.21, "a stretch of days"),
    ],
)
def test_what_a_join_leaves_holds_as_many_rows_as_are_read_for_it(
    asks: tuple[Ask, ...], widths: dict[str, float], share: float, why: str
) -> None:
    axes = {name: Axis(name, "number", 1.0, 1_800.0, 1_800.0) for name in ("DAY", "SHOP")}
    found = as_seen(Question(0, 1.0, asks), 0.22, 100, axes, widths).asks[0]
    assert found.share == pytest.approx(share, abs=0.001), why
