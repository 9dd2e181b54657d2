"""The closed form against the count: tables are sorted for real and their partitions' minima and maxima looked at."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.prediction import predict
from tests.worlds import Floats, World

DAY0 = 19_000.0


def uniform(seed: int = 1, rows: int = 60_000, partitions: int = 300) -> World:
    rng = np.random.default_rng(seed)
    columns = {
        "DAY": DAY0 + rng.integers(0, 730, rows).astype(float),
        "TENANT": rng.integers(0, 40, rows).astype(float),
        "ITEM": rng.integers(0, 20_000, rows).astype(float),
    }
    return World(columns, {"DAY": "date", "TENANT": "number", "ITEM": "number"}, partitions)


def questions(world: World) -> list[list[Ask]]:
    week, month = world.between("DAY", DAY0 + 300, DAY0 + 307), world.between("DAY", DAY0 + 100, DAY0 + 131)
    tenant, three = world.equal("TENANT", 7), world.equal("TENANT", 3, 11, 29)
    item, few = world.equal("ITEM", 1234), world.between("ITEM", 5000, 5600)
    return [
        [week],
        [month],
        [tenant],
        [three],
        [item],
        [few],
        [week, tenant],
        [month, few],
        [tenant, item],
        [three, month],
    ]


LADDER = {
    "DAY": [KeyPart("DAY"), KeyPart("DAY", unit="WEEK"), KeyPart("DAY", unit="MONTH")],
    "TENANT": [KeyPart("TENANT"), KeyPart("TENANT", digits=1)],
    "ITEM": [KeyPart("ITEM"), KeyPart("ITEM", digits=2), KeyPart("ITEM", digits=3)],
}


def keys() -> list[tuple[KeyPart, ...]]:
    pairs: list[tuple[KeyPart, ...]] = [
        (a, b) for one, two in permutations(LADDER, 2) for a in LADDER[one] for b in LADDER[two]
    ]
    return [*((part,) for parts in LADDER.values() for part in parts), *pairs]


def errors(world: World, asked: list[list[Ask]], tried: list[tuple[KeyPart, ...]]) -> Floats:
    layout = world.layout(asked)
    ratios = []
    for key in tried:
        for predicted, asks in zip(predict(layout, key), asked, strict=True):
            true = max(1, world.counted(key, asks))
            ratios.append(max(predicted / true, true / predicted))
    return np.array(ratios)


def test_what_several_ask_alike_is_answered_as_if_each_asked_alone() -> None:
    world = uniform()
    asked = [*questions(world), [], *reversed(questions(world)), []]
    layout = world.layout(asked)
    assert len(layout.asked) == len(asked) // 2
    for key in keys():
        alone = [float(predict(world.layout([asks]), key)[0]) for asks in asked]
        assert predict(layout, key).tolist() == alone, key


def test_the_closed_form_matches_the_count_under_every_key_of_the_ladder() -> None:
    world = uniform()
    found = errors(world, questions(world), keys())
    assert np.median(found) < 1.05
    assert np.quantile(found, 0.95) < 1.6


def test_a_key_on_one_date_prunes_the_other_date_that_moves_with_it() -> None:
    rng = np.random.default_rng(3)
    ordered = DAY0 + np.floor(np.sort(rng.uniform(0, 700, 60_000)))
    shipped = ordered + rng.integers(1, 10, 60_000).astype(float)
    world = World({"ORDERED": ordered, "SHIPPED": shipped}, {"ORDERED": "date", "SHIPPED": "date"}, 300)
    asked = [[world.between("SHIPPED", DAY0 + 200, DAY0 + 214)], [world.between("ORDERED", DAY0 + 200, DAY0 + 214)]]
    found = errors(world, asked, [(KeyPart("ORDERED"),), (KeyPart("ORDERED", unit="WEEK"),), (KeyPart("SHIPPED"),)])
    assert found.max() < 1.6


def test_columns_that_both_follow_the_load_are_as_far_apart_as_they_stray_from_it() -> None:
    ordered = DAY0 + np.floor(np.arange(60_000) * 800 / 60_000)
    world = World({"ORDERED": ordered, "ID": np.arange(60_000.0)}, {"ORDERED": "date", "ID": "number"}, 40)
    asked = [[world.equal("ID", 30_000.0)], [world.between("ORDERED", DAY0 + 200, DAY0 + 214)]]
    predicted = predict(world.layout(asked), (KeyPart("ORDERED"),))[0]
    assert predicted <= world.counted((KeyPart("ORDERED"),), asked[0]) + 1, "a partition's own stretch is no disorder"


def test_join_keys_that_follow_each_other_lie_together() -> None:
    world = uniform()
    items = [float(item) for item in range(5000, 5200)]
    together = replace(world.equal("ITEM", *items), stretches=1)
    key = (KeyPart("TENANT", digits=1), KeyPart("ITEM"))
    true = world.counted(key, [together])
    apart, along = (predict(world.layout([[ask]]), key)[0] for ask in (world.equal("ITEM", *items), together))
    assert along == pytest.approx(true, rel=0.3)
    assert apart > 1.5 * along


def test_values_of_which_only_the_number_is_known_fall_into_fewer_groups_than_they_are() -> None:
    world = uniform()
    rng = np.random.default_rng(2)
    key = (KeyPart("ITEM", digits=3),)
    drawn = [rng.choice(20_000, 20, replace=False).astype(float) for _ in range(30)]
    true = float(np.mean(world.counts(key, [[world.equal("ITEM", *items.tolist())] for items in drawn])))
    somewhere = Ask("ITEM", 20 / 20_000, 20, derived=True)
    assert predict(world.layout([[somewhere]]), key)[0] == pytest.approx(true, rel=0.1)


def test_loading_order_is_learned_as_narrow_and_disorder_as_wide() -> None:
    rng = np.random.default_rng(4)
    columns = {
        "DAY": DAY0 + np.sort(rng.integers(0, 365, 50_000)).astype(float),
        "TENANT": rng.integers(0, 50, 50_000).astype(float),
    }
    world = World(columns, {"DAY": "date", "TENANT": "number"}, 200)
    widths = world.layout([[world.between("DAY", DAY0 + 30, DAY0 + 60)], [world.equal("TENANT", 3)]]).widths
    assert widths["DAY"] < 0.02
    assert widths["TENANT"] > 0.9


@pytest.mark.parametrize("key", [(), (KeyPart("TENANT"),)])
def test_a_question_without_conditions_scans_everything(key: tuple[KeyPart, ...]) -> None:
    world = uniform()
    assert list(predict(world.layout([[]]), key)) == [world.partitions]


def test_a_deeper_overlap_never_scans_less() -> None:
    world = uniform()
    layout = world.layout(questions(world))
    for key in keys():
        assert (predict(layout, key, 3.0) >= predict(layout, key, 1.0) - 1e-9).all()


def test_rows_at_the_far_end_of_a_column_are_found_in_few_partitions_whatever_the_order() -> None:
    rng = np.random.default_rng(6)
    columns = {"AMOUNT": rng.exponential(10, 60_000), "TENANT": rng.integers(0, 40, 60_000).astype(float)}
    world = World(columns, {"AMOUNT": "number", "TENANT": "number"}, 300)
    low = float(np.sort(columns["AMOUNT"])[-20])
    ask = Ask("AMOUNT", 20 / 60_000, low=low)
    assert predict(world.layout([[ask]]), (KeyPart("TENANT"),))[0] == pytest.approx(
        world.counted((KeyPart("TENANT"),), [ask]), abs=2
    )


def test_nulls_are_found_by_a_key_on_their_own_column_only() -> None:
    world = uniform()
    ask = Ask("ITEM", 0.05, 1, null=True)
    layout = world.layout([[ask]])
    assert predict(layout, (KeyPart("ITEM"),))[0] < 0.1 * world.partitions
    assert predict(layout, (KeyPart("DAY"),))[0] > 0.9 * world.partitions
