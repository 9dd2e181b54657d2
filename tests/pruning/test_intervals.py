"""Ranges of predictions: where conditions stand in the key, and what weaker evidence says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.intervals import FACTORS, REACH, Place, Scans, bounds, place, places, spread
from tests.pruning.test_prediction import questions, uniform

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


@pytest.mark.parametrize("key", [KEY, KEY[::-1], KEY[:1], (KeyPart("ITEM"), KeyPart("DAY")), (KeyPart("NONE"),)])
def test_a_load_is_placed_by_its_least_foreseeable_question(key: tuple[KeyPart, ...]) -> None:
    asked = [[DAY], [DAY, TENANT], [TENANT, ITEM], [ITEM], [replace(TENANT, derived=True)], [], [DAY, ITEM]]
    several = tuple(Question(i // 2, 0.5, tuple(asks)) for i, asks in enumerate(asked))
    layout = replace(uniform().layout([]), questions=several, loads=5)
    least = [[place(key, question.asks) for question in several if question.load == load] for load in range(5)]
    assert places(layout, key).tolist() == [max(found, default=Place.LEADING) for found in least]


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


def test_many_rare_errors_make_a_sum_less_uncertain_than_as_many_normal_ones_and_one_alone_does_not() -> None:
    many, one = np.full(12, 3.0), np.array([9.0, 0.0])
    assert spread(many, 0.5) < 0.6 * spread(many), "of twelve equal terms hardly more than the half is left"
    assert spread(one, 0.5) == spread(one) == 9, "a sum of one term is off as much as that one"


def scans(evidence: str, together: float) -> Scans:
    expected = np.array([10.0, 20.0, 30.0])
    return Scans(evidence, expected * 0.5, expected, expected * 1.5, expected * together)


@pytest.mark.parametrize("evidence", sorted(REACH))
def test_a_total_of_savings_has_the_range_of_its_scans_turned_over(evidence: str) -> None:
    low, expected, high = scans(evidence, 1).total(lambda each: each)
    most, middle, least = scans(evidence, 1).total(lambda each: 100 - each)
    assert (low, expected, high) == pytest.approx((300 - most, 300 - middle, 300 - least))
    assert 30 < low < expected < high < 90, "not all loads are off by as much at once"


def test_what_all_loads_have_in_common_is_not_taken_to_cancel_out() -> None:
    apart, lagging = (scans("statistics", together).total(lambda each: each)[2] for together in (1, 1.5))
    assert lagging - 60 == pytest.approx(spread(np.array([5.0, 10.0, 15.0]))), "an order that lags is behind for all"
    assert apart < lagging
