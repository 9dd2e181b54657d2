"""On which days rows come tells what the latest ones read under keys on weeks, months and quarters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.axes import Axis
from advisor.pruning.counting import count
from advisor.pruning.groups import on_average
from advisor.pruning.paces import Pace
from advisor.pruning.sample import Sample
from advisor.pruning.table_axes import paced
from tests.worlds import Floats, World

ROWS, PARTITIONS, SAMPLED, AGE = 120_000, 120, 2_400, 7
LAST = float((date(2026, 1, 9) - date(1970, 1, 1)).days)
MONTH = KeyPart("DAY", "MONTH")


@pytest.mark.parametrize("unit", ["WEEK", "MONTH", "QUARTER"])
@pytest.mark.parametrize("end", [LAST, LAST + 20, LAST + 75])
def test_as_many_rows_on_each_day_are_those_of_half_a_bucket_and_the_days_asked_for(unit: str, end: float) -> None:
    line = Axis("DAY", "date", end - 730, end, 731, known=True)
    even = on_average(line, KeyPart("DAY", unit), end - AGE)
    held = Pace(np.arange(line.low, end + 1)).since(KeyPart("DAY", unit), end - AGE, end, moving=True)
    assert held == pytest.approx(even, rel=0.1)


def test_expressions_without_buckets_of_days_and_no_rows_tell_nothing() -> None:
    days = np.arange(LAST - 100, LAST + 1)
    assert Pace(days).since(KeyPart("DAY"), LAST - AGE, LAST, moving=True) is None
    assert Pace(days).since(KeyPart("DAY", "HOUR"), LAST - AGE, LAST, moving=True) is None
    assert Pace(days[:0]).since(MONTH, LAST - AGE, LAST, moving=True) is None


def december() -> World:
    """Rows in the order of days, of which December has a third; on the tenth of January."""
    rng = np.random.default_rng(3)
    full = rng.random(ROWS) < 0.3
    day = np.where(full, LAST - 39 + rng.integers(0, 31, ROWS), LAST - rng.integers(0, 730, ROWS))
    shop = rng.integers(0, 150, ROWS).astype(float)
    return World({"DAY": np.sort(day), "SHOP": shop}, {"DAY": "date", "SHOP": "number"}, PARTITIONS)


def read_on(table: World, clock: float, key: tuple[KeyPart, ...]) -> float:
    """Partitions that the last days read of the rows that there are on a day."""
    there = table.columns["DAY"] <= clock
    rows = {name: values[there] for name, values in table.columns.items()}
    then = World(rows, table.families, max(1, round(PARTITIONS * there.mean())))
    return float(then.counted(key, [Ask("DAY", 0.01, 0, low=clock - AGE)]))


def test_a_full_month_is_read_in_its_own_days_and_in_the_first_ones_of_the_next() -> None:
    table, key = december(), (MONTH, KeyPart("SHOP"))
    last = Ask("DAY", float((table.columns["DAY"] >= LAST - AGE).mean()), 0, low=LAST - AGE, moving=True)
    picked = np.random.default_rng(4).choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    layout = replace(table.layout([[last]]), sample=sample)
    layout = replace(layout, axes=paced(layout.axes, sample))
    true = np.mean([read_on(table, LAST - days, key) for days in range(31)])
    assert read_on(table, LAST, key) < 6 < 15 < true
    assert count(layout, key)[0] == pytest.approx(true, rel=0.25)


def test_rows_that_were_more_when_they_were_asked_for_are_as_few_as_they_are_now() -> None:
    """Thirty times as many were recorded to match: the sample has hardly one of them in each partition."""
    rng = np.random.default_rng(5)
    columns: dict[str, Floats] = {
        "AT": rng.permutation(np.linspace(LAST - 730, LAST, ROWS)),
        "GAME": np.minimum(rng.zipf(1.4, ROWS), 300).astype(float),
        "SCORE": np.round(rng.normal(0, 1000, ROWS)),
    }
    table = World(columns, {"AT": "timestamp", "GAME": "number", "SCORE": "number"}, PARTITIONS)
    last = Ask("AT", 0.05, 0, low=LAST - 2.4)
    picked = rng.choice(ROWS, SAMPLED, replace=False)
    sample = Sample({name: values[picked] for name, values in table.columns.items()})
    key = KeyPart("GAME"), KeyPart("SCORE", digits=1)
    true = table.counted(key, [last])
    assert true > 0.9 * PARTITIONS
    assert count(replace(table.layout([[last]]), sample=sample), key)[0] == pytest.approx(true, rel=0.15)
