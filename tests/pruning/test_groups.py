"""Groups of uneven size: computed from a column's ends, or told by which values queries ask for and how many rows they match."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis, in_units
from advisor.pruning.closed_form import Floats
from advisor.pruning.groups import as_asked, groups, held, sizes_of
from advisor.pruning.prediction import predict
from tests.worlds import World

ROWS, PARTITIONS = 60_000, 200
DAY0 = 19_000.0


def counted_groups(values: Floats, size: float) -> float:
    """As how many equal groups the rows' real ones are."""
    _, counts = np.unique(np.trunc(values / size), return_counts=True)
    return float(counts.sum() ** 2 / (counts**2).sum())


@pytest.mark.parametrize(("low", "high", "digits"), [(2, 20_000, 4), (1, 3600, 3), (500, 1499, 3), (0, 9, 1)])
def test_groups_that_a_column_ends_in_count_by_what_is_in_them(low: int, high: int, digits: int) -> None:
    values = np.arange(low, high + 1).astype(float)
    axis = Axis("C", "number", low, high, len(values), known=True)
    assert groups(axis, KeyPart("C", digits=digits)) == pytest.approx(counted_groups(values, 10**digits), rel=0.15)


def test_a_year_that_begins_with_a_month_has_twelve_of_them() -> None:
    first = (np.datetime64("2025-01-01") - np.datetime64("1970-01-01")).astype(int)
    axis = Axis("DAY", "date", float(first), float(first + 364), 365, known=True)
    assert groups(axis, KeyPart("DAY", unit="MONTH")) == pytest.approx(12, rel=0.01)
    assert groups(axis, KeyPart("DAY", unit="QUARTER")) == pytest.approx(4, rel=0.01)


def test_a_bucket_that_the_column_ends_in_holds_what_is_in_it() -> None:
    days = DAY0 + np.arange(0.0, 730)
    quarter = KeyPart("DAY", unit="QUARTER")
    numbers = np.array([math.floor(in_units(quarter, day)) for day in days])
    axis = Axis("DAY", "date", days[0], days[-1], len(days), known=True)
    for first, last in (
        (numbers[0], numbers[0]),
        (numbers[-1], numbers[-1]),
        (numbers[3], numbers[4]),
        (numbers[-2], numbers[-1]),
    ):
        true = ((numbers >= first) & (numbers <= last)).mean()
        found = held(axis, quarter, np.array([float(first)]), np.array([float(last)]))
        assert found is not None
        assert found[0] == pytest.approx(true, abs=0.003)
    assert held(axis, KeyPart("DAY"), days[:1], days[3:4]) is None


def test_the_latest_rows_fill_a_quarter_that_has_just_begun() -> None:
    begun = float((np.datetime64("2026-01-05") - np.datetime64("1970-01-01")).astype(int))
    rng = np.random.default_rng(8)
    world = World({"DAY": np.floor(begun - rng.uniform(0, 730, ROWS))}, {"DAY": "date"}, PARTITIONS)
    latest = [world.above("DAY", begun - 1)]
    key = (KeyPart("DAY", unit="QUARTER"),)
    assert predict(world.layout([latest]), key)[0] == pytest.approx(world.counted(key, latest), abs=1)


def test_one_value_that_is_always_asked_for_does_not_tell_that_the_others_are_few() -> None:
    """-1 is in a row of a thousand, and "> 0" is asked for too; the accounts that hold the rest are nobody's literals."""
    line = Axis("ACCOUNT", "number", -1, 0, 2)
    unknown = [Question(i, 1.0, (Ask("ACCOUNT", 0.001, 1, positions=(-1.0,)),)) for i in range(12)]
    assert as_asked({"ACCOUNT": line}, unknown) == {"ACCOUNT": line}


def test_a_moment_in_months_goes_from_one_to_the_next() -> None:
    start, end = DAY0, DAY0 + 400
    months = [in_units(KeyPart("DAY", unit="MONTH"), day) for day in np.arange(start, end, 0.25)]
    assert all(0 < b - a < 0.01 for a, b in pairwise(months))


def asked_of(world: World, positions: list[float]) -> tuple[list[Question], list[list[Ask]]]:
    """One question for each position, with the share of the rows that they match on average, as the history records it."""
    share = float(np.mean([(world.columns["TENANT"] == position).mean() for position in positions]))
    asks = [[Ask("TENANT", share, 1, positions=(position,))] for position in positions]
    return [Question(i, 1.0, tuple(each)) for i, each in enumerate(asks)], asks


def skewed() -> tuple[World, np.random.Generator]:
    rng = np.random.default_rng(5)
    tenant = np.minimum(rng.zipf(1.3, ROWS), 300).astype(float)
    columns = {"TENANT": tenant, "DAY": DAY0 + rng.integers(0, 365, ROWS).astype(float)}
    return World(columns, {"TENANT": "number", "DAY": "date"}, PARTITIONS), rng


def test_values_asked_for_as_often_as_rows_hold_them_show_how_large_a_coarse_group_is() -> None:
    world, rng = skewed()
    positions = rng.choice(world.columns["TENANT"], 24).tolist()
    questions, asked = asked_of(world, positions)
    layout = world.layout(asked)
    told = replace(layout, axes=as_asked(layout.axes, questions))
    key = (KeyPart("TENANT", digits=2),)
    true = np.mean([world.counted(key, asks) for asks in asked])
    even, uneven = (float(np.mean(predict(each, key))) for each in (layout, told))
    assert even < 0.6 * true, "taken as four groups of one size"
    assert uneven == pytest.approx(true, rel=0.25)


def test_rare_values_leave_the_partitions_of_common_ones_alone() -> None:
    world, rng = skewed()
    rare = rng.choice(np.arange(30.0, 290.0), 60, replace=False).tolist()
    questions, asked = asked_of(world, rare)
    few = [Ask("TENANT", 60 / 300, 60, positions=tuple(rare))]
    layout = world.layout([*asked, few])
    told = replace(layout, axes=as_asked(layout.axes, questions))
    key = (KeyPart("TENANT"),)
    even, uneven = (float(predict(each, key)[-1]) for each in (layout, told))
    true = world.counted(key, few)
    assert true <= uneven < even / 1.3, (true, uneven, even)


@pytest.mark.parametrize("asked", ["hot", "any"])
def test_partitions_that_hold_one_common_value_are_skipped_by_the_next_column(asked: str) -> None:
    """Groups of one size would fill less than two partitions each, or be the few that fill several."""
    world, rng = skewed()
    tenants = world.columns["TENANT"] if asked == "hot" else np.arange(1.0, 301)
    questions, asks = asked_of(world, rng.choice(tenants, 60).tolist())
    week = [world.between("DAY", DAY0 + 100, DAY0 + 107)]
    layout = world.layout([*asks, week])
    told = replace(layout, axes=as_asked(layout.axes, questions))
    key = (KeyPart("TENANT"), KeyPart("DAY"))
    true = world.counted(key, week)
    even, uneven = (float(predict(each, key)[-1]) for each in (layout, told))
    assert true < even / 1.7
    assert true / 1.35 <= uneven <= true * 1.35, (true, uneven, even)
    assert sizes_of(world.axis("TENANT"), key[0]) is None


def test_values_that_match_an_even_part_of_the_rows_tell_of_nothing() -> None:
    rng = np.random.default_rng(6)
    world = World({"TENANT": rng.integers(0, 300, ROWS).astype(float)}, {"TENANT": "number"}, PARTITIONS)
    questions, _ = asked_of(world, rng.choice(world.columns["TENANT"], 24).tolist())
    axes = {"TENANT": world.axis("TENANT")}
    assert as_asked(axes, questions) == axes


def test_how_many_values_a_column_has_must_be_known_to_call_those_asked_for_rare() -> None:
    world, _ = skewed()
    questions, _ = asked_of(world, [float(position) for position in range(100, 130)])
    known = world.axis("TENANT")
    guessed = replace(known, known=False, distinct=40.0)
    assert as_asked({"TENANT": known}, questions)["TENANT"].uncommon < 0.5
    assert as_asked({"TENANT": guessed}, questions)["TENANT"].uncommon == 1
