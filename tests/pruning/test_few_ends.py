"""The latest rows under a key on groups of unequal size: how many of the groups' ends they lie at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.frequencies import Frequencies
from advisor.pruning.prediction import predict
from tests.worlds import World

ROWS, PARTITIONS, DAY0 = 120_000, 120, 19_000


def plays(exponent: float) -> World:
    """In the order of time, of games of which few are played much."""
    rng = np.random.default_rng(3)
    shares = np.arange(1, 401) ** -exponent
    game = rng.choice(400, ROWS, p=shares / shares.sum()).astype(float)
    at = np.sort(DAY0 + rng.uniform(0, 730, ROWS))
    return World({"AT": at, "GAME": game, "KIND": np.floor(rng.uniform(0, 2, ROWS))},
                 {"AT": "timestamp", "GAME": "number", "KIND": "number"}, PARTITIONS)  # fmt: skip


def predicted(table: World, ask: Ask, key: tuple[KeyPart, ...]) -> float:
    """With what statistics tell of the games: the hundred most frequent, and what each holds."""
    layout = table.layout([[ask]])
    games, counts = np.unique(table.columns["GAME"], return_counts=True)
    most = np.argsort(-counts)[:100]
    told = [(float(games[i]), float(games[i]), counts[i] / ROWS) for i in most]
    axis = replace(layout.axes["GAME"], frequent=Frequencies.of(told, float(len(games)), 1.0, None))
    return float(predict(replace(layout, axes={**layout.axes, "GAME": axis}), key)[0])


@pytest.mark.parametrize("rows", [5, 20, 100, 1000])
@pytest.mark.parametrize("exponent", [1.0, 1.4])
@pytest.mark.parametrize(
    "key",
    [
        (KeyPart("GAME"), KeyPart("AT")),
        (KeyPart("GAME"), KeyPart("AT", "MONTH")),
        (KeyPart("KIND"), KeyPart("GAME"), KeyPart("AT")),
    ],
)
def test_the_latest_rows_lie_at_the_ends_of_the_groups_that_hold_most(
    key: tuple[KeyPart, ...], exponent: float, rows: int
) -> None:
    table = plays(exponent)
    ask = table.above("AT", float(table.columns["AT"][-rows]))
    assert predicted(table, ask, key) == pytest.approx(table.counted(key, [ask]), rel=0.25)
