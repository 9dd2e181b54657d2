"""The few rows that were loaded today, of which a sample has two or three, under keys on when they happened."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.counting import count
from tests.pruning.test_sample import sampled
from tests.worlds import World

ROWS, PARTITIONS, DAYS, DAY0 = 120_000, 60, 730, 20_000
DAY, KIND, LOADED = KeyPart("HAPPENED"), KeyPart("KIND"), KeyPart("LOADED")
WEEK, MONTH = KeyPart("HAPPENED", "WEEK"), KeyPart("HAPPENED", "MONTH")


def facts(sign: int = 1) -> World:
    """Loaded some forty days after they happened; with another sign what counts the days downwards."""
    rng = np.random.default_rng(4)
    loaded = np.sort(rng.uniform(0, DAYS, ROWS))
    happened = np.floor(np.maximum(0, loaded - rng.exponential(40, ROWS)))
    columns = {
        "HAPPENED": DAY0 + (happened if sign > 0 else DAYS - happened),
        "LOADED": DAY0 + np.floor(loaded),
        "KIND": rng.integers(0, 4, ROWS).astype(float),
    }
    return World(columns, {"HAPPENED": "date", "LOADED": "date", "KIND": "number"}, PARTITIONS)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("key", [(DAY,), (WEEK,), (WEEK, LOADED), (KIND, DAY), (MONTH, LOADED), (KIND, WEEK, LOADED)])
def test_rows_of_today_are_expected_as_far_back_as_those_of_the_last_weeks_lie(
    key: tuple[KeyPart, ...], sign: int
) -> None:
    table = facts(sign)
    today = table.above("LOADED", DAY0 + DAYS - 1)
    layout = sampled(table.layout([[today]]), table)
    true = table.counted(key, [today])
    assert true > 4
    assert 0.6 * true <= count(layout, key)[0] <= 1.6 * true


@pytest.mark.parametrize("key", [(LOADED,), (LOADED, KIND), (KeyPart("LOADED", "WEEK"),)])
def test_in_their_own_order_they_are_together(key: tuple[KeyPart, ...]) -> None:
    table = facts()
    today = table.above("LOADED", DAY0 + DAYS - 1)
    assert count(sampled(table.layout([[today]]), table), key)[0] <= 2 * table.counted(key, [today])
