"""Values on a line: shares of rows and buckets of key expressions."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from advisor.model import Column, ColumnStatistics, ColumnUsage, KeyPart, Role, TableName, Value
from advisor.pruning.asks import asks_of
from advisor.pruning.axes import EPOCH
from advisor.pruning.ends import axis

END = datetime(2026, 6, 30)


def known(data_type: str, low: str, high: str, distinct: float, nulls: float = 0.0) -> Column:
    return Column("C", data_type, 1, ColumnStatistics(distinct, low, high, nulls))


def test_a_date_range_takes_its_days() -> None:
    line = axis("C", known("DATE", "2026-01-01", "2026-04-10", 100), 1e6, [], (None, END))
    low, high = line.position(date(2026, 2, 1)), line.position(date(2026, 2, 10))
    assert line.share(low, high) == pytest.approx(0.1)
    assert line.buckets(KeyPart("C", unit="WEEK")) == pytest.approx(99 / 7 + 1)


def test_a_range_outside_the_column_matches_nothing() -> None:
    line = axis("C", known("DATE", "2026-01-01", "2026-04-10", 100), 1e6, [], (None, END))
    assert line.share(line.position(date(2027, 1, 1)), None) == 0


def test_weeks_start_on_monday() -> None:
    line = axis("C", known("DATE", "2026-01-01", "2026-12-31", 365), 1e6, [], (None, END))
    week = KeyPart("C", unit="WEEK")
    sunday, monday, next_sunday = (line.position(date(2026, 6, day)) for day in (7, 8, 14))
    assert sunday is not None
    assert monday is not None
    assert next_sunday is not None
    weeks = line.buckets_at(week, np.array([sunday, monday, next_sunday]))
    assert weeks is not None
    assert weeks[0] != weeks[1] == weeks[2]


@pytest.mark.parametrize(
    ("data_type", "value", "other"),
    [
        ("NUMBER", 3, 40),
        ("FLOAT", -2.5, "1e3"),
        ("DATE", "2026-01-01", date(2026, 1, 2)),
        ("TIMESTAMP_NTZ", datetime(2026, 1, 1, 5), "2026-01-01 06:00:00"),
        ("TEXT", "alpha", "beta"),
        ("BOOLEAN", False, "true"),
    ],
)
def test_positions_follow_the_order_of_the_values(data_type: str, value: Value, other: Value) -> None:
    line = axis("C", Column("C", data_type, 1), 1000, [value, other], (None, END))
    first, second = line.position(value), line.position(other)
    assert first is not None
    assert second is not None
    assert first < second


def test_a_shared_prefix_is_left_out_of_the_line() -> None:
    line = axis("C", known("TEXT", "CUST-000001", "CUST-999999", 1e6), 1e7, [], (None, END))
    assert line.prefix == "CUST-"
    assert line.buckets(KeyPart("C", substring=(6, 3))) == 1000
    middle = line.position("CUST-500000")
    assert middle is not None
    assert 0.4 < line.share(None, middle) < 0.6


def test_without_statistics_the_span_comes_from_literals_and_the_tables_life() -> None:
    line = axis("C", Column("C", "DATE", 1), 1e6, [date(2026, 5, 1)], (datetime(2026, 1, 1), END))
    assert not line.known
    assert line.high - line.low == 180


def test_a_value_of_another_family_has_no_position() -> None:
    line = axis("C", known("NUMBER", "0", "10", 11), 100, [], (None, END))
    assert line.position("many") is None


@pytest.mark.parametrize(
    ("data_type", "low", "high", "distinct"),
    [
        ("NUMBER", "9", "1", 5),
        ("NUMBER", "5", "5", 100),
        ("NUMBER", "1", "9", 0),
        ("NUMBER", "1", "9", -3),
        ("NUMBER", "1e400", "many", 9),
        ("DATE", "2026-02-01", "2026-01-01", 9),
        ("TEXT", "b", "a", 2),
    ],
)
def test_statistics_that_contradict_themselves_are_not_used(
    data_type: str, low: str, high: str, distinct: float
) -> None:
    assert not axis("C", known(data_type, low, high, distinct), 1e6, [], (None, END)).known


@pytest.mark.parametrize("nulls", [-1.0, 1.0, 2.0])
def test_a_share_of_nulls_leaves_some_values(nulls: float) -> None:
    assert 0 <= axis("C", known("NUMBER", "1", "9", 9, nulls), 1e6, [], (None, END)).null_share < 1


def test_look_ups_that_never_repeat_are_taken_for_dense_identifiers() -> None:
    line = axis("C", None, 1e9, [i * 7919 % 100_000 for i in range(12)], (None, END))
    assert 50_000 < line.distinct < 200_000


def test_a_repeat_that_chance_makes_leaves_identifiers_dense() -> None:
    starts = [37, 1402, 688, 1123, 254, 911, 1570, 439, 802, 1290, 66]
    ends = [start + 30 for start in starts]
    asked = [*starts, *ends, 284, 314]  # 284 ends one range and begins another
    line = axis("DAY_SK", None, 1e9, asked, (None, END))
    assert 1500 < line.distinct < 2000, "of 24 ends in 1,600 days two agree one time in six"


def test_repeats_that_chance_does_not_make_tell_of_few_values() -> None:
    asked = [37, 1402, 37, 1402, 688, 37, 1402, 688, 37, 1402]
    assert axis("KIND", None, 1e9, asked, (None, END)).distinct < 10, "ten draws of 1,600 would repeat none"


def test_look_ups_that_repeat_bound_the_distinct_values_themselves() -> None:
    line = axis("C", None, 1e9, [1, 5_000_000, 1, 5_000_000, 70], (None, END))
    assert line.distinct < 10


@pytest.mark.parametrize("unit", [86_400, 86_400_000, 86_400_000_000])
def test_numbers_that_are_moments_of_the_tables_life_span_it(unit: int) -> None:
    asked = [(20_450 - 3 * i) * unit + 17 for i in range(8)]
    made, now = EPOCH + timedelta(days=19_000), EPOCH + timedelta(days=20_458)
    found = axis("TS", Column("TS", "NUMBER", 1), 1e6, asked, (made, now))
    assert found.moments
    assert (found.low, found.high, found.distinct) == (19_000 * unit, 20_458 * unit, 1e6)
    since = ColumnUsage(TableName("DB", "PUBLIC", "T"), "TS", Role.RANGE, 0, low=asked[0])
    (ask,) = asks_of([since], {"TS": found})
    assert ask.share == pytest.approx(8 / 1458, rel=0.01), "what lies beyond the literals is known"


@pytest.mark.parametrize("asked", [range(10**9, 10**9 + 8), range(20_440 * 86_400, 20_440 * 86_400 + 7), range(8)])
def test_other_numbers_span_what_is_asked_for(asked: range) -> None:
    made, now = EPOCH + timedelta(days=19_000), EPOCH + timedelta(days=20_458)
    found = axis("TS", Column("TS", "NUMBER", 1), 1e6, asked, (made, now))
    assert not found.moments
    assert (found.low, found.high) == (asked[0], asked[-1])


def test_ids_that_look_like_seconds_are_none() -> None:
    """What is asked for lies within a day, though it is asked for over weeks; or single ones are looked up."""
    made, now, column = EPOCH + timedelta(days=19_000), EPOCH + timedelta(days=20_458), Column("ID", "NUMBER", 1)
    few = [20_000 * 86_400 + 4 * i for i in range(10)]
    assert not axis("ID", column, 1e6, few, (made, now)).moments
    many = [(20_000 + 4 * i) * 86_400 for i in range(10)]
    assert axis("ID", column, 1e6, many, (made, now)).moments
    assert not axis("ID", column, 1e6, many, (made, now), looked_up=True).moments
