"""Ranges of predictions: where conditions stand in the key, and what weaker evidence says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.asks import Ask
from advisor.intervals import FACTORS, Place, bounds, place, spread
from advisor.model import KeyPart
from tests.test_pruning import questions, uniform

DAY, TENANT, ITEM = Ask("DAY", 0.1), Ask("TENANT", 0.1, 1), Ask("ITEM", 0.1, 1)
KEY = (KeyPart("DAY"), KeyPart("TENANT"))


@pytest.mark.parametrize(
    ("asks", "found"),
    [
        ([DAY], Place.LEADING),
        ([DAY, TENANT], Place.SEVERAL),
        ([DAY, ITEM], Place.SEVERAL),
        ([TENANT], Place.BEHIND),
        ([ITEM], Place.BESIDE),
        ([replace(DAY, derived=True)], Place.IMPLIED),
    ],
)
def test_a_question_is_placed_by_the_columns_of_the_key_that_it_asks(asks: list[Ask], found: Place) -> None:
    assert place(KEY, asks) is found


@pytest.mark.parametrize("evidence", ["history", "statistics", "sample"])
def test_a_range_holds_its_prediction_and_ends_at_all_partitions(evidence: str) -> None:
    world = uniform()
    layout = world.layout(questions(world))
    after = np.linspace(1, world.partitions, layout.loads)
    low, high = bounds(layout, KEY, evidence, after, after)
    assert (low >= np.minimum(1, after)).all()
    assert (low <= after).all()
    assert (after <= high).all()
    assert high.max() <= world.partitions


def test_every_kind_of_evidence_has_a_factor_for_every_place() -> None:
    for factors in FACTORS.values():
        assert len(factors) == len(Place)
        assert all(low <= 1 <= high for low, high in factors)


def test_more_evidence_makes_ranges_narrower_on_the_leading_column() -> None:
    widths = [
        high / low for low, high in (FACTORS[kind][Place.LEADING] for kind in ("history", "statistics", "sample"))
    ]
    assert widths == sorted(widths, reverse=True)


def test_deviations_add_up_to_more_than_their_squares_and_less_than_their_sum() -> None:
    deviations = np.array([3.0, 4.0])
    assert 5 < spread(deviations) < 7
