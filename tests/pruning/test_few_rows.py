"""Rows of which a sample has few or none, where a key puts them: counted on the sample, and in truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.counting import count
from advisor.pruning.sample import Sample
from tests.worlds import World

ROWS, PARTITIONS, SAMPLED = 120_000, 120, 1_200
DAY0, NEVER = 19_000, 2_932_896


def world() -> World:
    """Sixty accounts in a hundred are none, the others have few rows each; one row in two thousand ends never."""
    rng = np.random.default_rng(3)
    day = np.sort(rng.integers(DAY0, DAY0 + 730, ROWS)).astype(float)
    account = np.where(rng.random(ROWS) < 0.6, 0.0, rng.integers(1, 20_000, ROWS))
    ended = np.where(rng.random(ROWS) < 0.0005, NEVER, rng.permutation(day))
    families = {"ACCOUNT": "number", "DAY": "date", "ENDED": "date"}
    return World({"ACCOUNT": account, "DAY": day, "ENDED": ended}, families, PARTITIONS)


def counted(table: World, ask: Ask, key: tuple[KeyPart, ...]) -> float:
    layout = table.layout([[ask]])
    ended = replace(layout.axes["ENDED"], high=DAY0 + 730.0, stand_ins=(float(NEVER),), stood_in=0.0005)
    picked = np.random.default_rng(4).choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    return float(count(replace(layout, axes={**layout.axes, "ENDED": ended}, sample=sample), key)[0])


@pytest.mark.parametrize("days", [2, 20, 30])
def test_a_column_behind_very_many_groups_is_in_no_order_where_a_partition_holds_several(days: int) -> None:
    """The accounts' last days lie in nearly every partition of theirs; those of the none's rows in one or two."""
    table, key = world(), (KeyPart("ACCOUNT"), KeyPart("DAY"))
    ask = table.above("DAY", DAY0 + 730.0 - days)
    true = table.counted(key, [ask])
    assert true > 40
    assert counted(table, ask, key) == pytest.approx(true, rel=0.35)


@pytest.mark.parametrize("unit", ["WEEK", "MONTH"])
def test_what_stands_for_none_lies_at_the_end_of_each_group(unit: str) -> None:
    table, key = world(), (KeyPart("DAY", unit), KeyPart("ENDED"))
    ask = Ask("ENDED", 0.0005, 1, positions=(float(NEVER),), stood=True)
    true = table.counted(key, [ask])
    assert true > 15
    assert counted(table, ask, key) == pytest.approx(true, rel=0.35)


@pytest.mark.parametrize("groups", [40, 80, 104, 130, 180])
@pytest.mark.parametrize("last", [9990.0, 9600.0])
def test_a_range_near_the_ends_of_groups_as_large_as_partitions_is_met_in_nearly_all(groups: int, last: float) -> None:
    """Weeks of some years, and codes within: ten sampled rows of a week end far before the week's own codes do."""
    rng = np.random.default_rng(9)
    week = np.floor(DAY0 + 4 + rng.integers(0, groups, ROWS) * 7)
    table = World(
        {"DAY": week, "CODE": np.floor(rng.uniform(0, 10_000, ROWS))}, {"DAY": "date", "CODE": "number"}, PARTITIONS
    )
    ask, key = table.between("CODE", last - 300, last), (KeyPart("DAY", "WEEK"), KeyPart("CODE"))
    picked = np.random.default_rng(4).choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    found = float(count(replace(table.layout([[ask]]), sample=sample), key)[0])
    assert found == pytest.approx(table.counted(key, [ask]), rel=0.4)


@pytest.mark.parametrize("hours", [9, 30])
@pytest.mark.parametrize("last", [False, True])
def test_hours_of_a_quarter_of_which_the_sample_has_few_rows_lie_all_over_it(hours: int, last: bool) -> None:
    """A quarter has begun, and the rows since shortly before are asked for; or those of the first hours of one."""
    rng = np.random.default_rng(6)
    begins = float((np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int))
    at = np.sort(begins - 640 + rng.uniform(0, 644, ROWS))
    table = World(
        {"AT": at, "KIND": rng.integers(0, 40, ROWS).astype(float)}, {"AT": "timestamp", "KIND": "number"}, PARTITIONS
    )
    key = (KeyPart("AT", "QUARTER"), KeyPart("KIND"))
    ask = table.between("AT", begins - 92, begins - 92 + hours / 24) if last else table.above("AT", begins - hours / 24)
    picked = np.random.default_rng(1).choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    true = table.counted(key, [ask])
    assert true > 15
    assert float(count(replace(table.layout([[ask]]), sample=sample), key)[0]) == pytest.approx(true, rel=0.2)


QUARTER = KeyPart("AT", "QUARTER")


@pytest.mark.parametrize(
    "key", [(QUARTER, KeyPart("GAME")), (QUARTER, KeyPart("GAME"), KeyPart("AT")), (KeyPart("GAME"), QUARTER)]
)
def test_a_quarters_latest_rows_lie_all_over_it_where_it_lies_by_something_else(key: tuple[KeyPart, ...]) -> None:
    """On a day on which half of the quarter has passed."""
    rng = np.random.default_rng(6)
    at = np.sort(rng.uniform(20_412 - 730, 20_412, ROWS))
    table = World(
        {"AT": at, "GAME": np.minimum(rng.zipf(1.4, ROWS), 500).astype(float)},
        {"AT": "timestamp", "GAME": "number"},
        PARTITIONS,
    )
    latest = table.above("AT", float(at[-20]))
    layout = table.layout([[latest]])
    picked = rng.choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    true = table.counted(key, [latest])
    assert true >= 5
    assert count(replace(layout, sample=sample), key)[0] == pytest.approx(true, rel=0.45)


def scores() -> World:
    """Plays of games of which few are played much, on a day on which most of the quarter has passed."""
    rng = np.random.default_rng(6)
    return World(
        {
            "AT": np.sort(rng.uniform(20_342 - 730, 20_342, ROWS)),
            "GAME": np.minimum(rng.zipf(1.4, ROWS), 500).astype(float),
            "SCORE": rng.normal(0, 1000, ROWS),
        },
        {"AT": "timestamp", "GAME": "number", "SCORE": "number"},
        PARTITIONS,
    )


@pytest.mark.parametrize(
    "key",
    [
        (KeyPart("GAME"), KeyPart("AT")),
        (KeyPart("GAME"), KeyPart("AT", "DAY")),
        (KeyPart("SCORE", digits=3), KeyPart("GAME"), KeyPart("AT", "HOUR")),
    ],
)
def test_a_top_k_reads_the_partitions_that_hold_its_rows_however_few_sampled_ones_reach(
    key: tuple[KeyPart, ...],
) -> None:
    """Of the twenty rows a sample has one, or none."""
    table, found = scores(), []
    latest = replace(table.above("AT", float(table.columns["AT"][-20])), derived=True, moving=True)
    layout = table.layout([[latest]])
    for seed in range(8):
        picked = np.random.default_rng(seed).choice(ROWS, SAMPLED, replace=False)
        sample = Sample({name: values[picked] for name, values in table.columns.items()})
        found.append(float(count(replace(layout, sample=sample), key)[0]))
    true = table.counted(key, [latest])
    assert true >= 7
    assert found == pytest.approx([true] * len(found), rel=0.4)


def test_one_row_doesnt_show_that_small_groups_differ() -> None:
    """It is all of a group of one sampled row, and next to nothing of any other."""
    table = scores()
    picked = np.random.default_rng(2).choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    key = KeyPart("SCORE", digits=3), KeyPart("GAME"), KeyPart("AT")
    cut = sample.cut(key, {name: table.axis(name) for name in table.columns}, PARTITIONS)
    groups = np.diff(np.append(cut.begun(2), SAMPLED))
    alone = np.zeros(SAMPLED, dtype=bool)
    alone[cut.order[cut.begun(2)[np.flatnonzero(groups == 1)[0]]]] = True
    held = sample.at_ends(alone, 20 / ROWS, cut, 2, ROWS, last=True)
    assert held.sum() == pytest.approx(
        table.counted(key, [table.above("AT", float(table.columns["AT"][-20]))]), rel=0.3
    )


def test_no_rows_are_in_no_partition() -> None:
    table = world()
    none = Ask("DAY", 0.0, 0, low=DAY0 + 800.0)
    assert counted(table, none, (KeyPart("DAY", "WEEK"), KeyPart("ACCOUNT"))) == 1
