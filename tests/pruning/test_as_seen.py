"""What the partitions read for a range tell of how many rows it has."""

from __future__ import annotations

import pytest

from advisor.pruning.as_seen import as_seen
from advisor.pruning.asks import Ask, Question

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
