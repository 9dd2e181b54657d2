"""Alternatives that ask for different values of one column: no partition is taken from their sum that doesn't hold both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import FEWEST, Ask
from advisor.pruning.axes import Axis
from advisor.pruning.meeting import met
from benchmarks.worlds.cases import Case, Rows, Template, dates, day, number
from benchmarks.worlds.synthetic import DAYS, FIRST
from benchmarks.worlds.told import EVIDENCE, Told
from benchmarks.worlds.truth import Truth
from tests.pruning.test_latest_rows import judge, known_of

AXES = {"A": Axis("A", "number", 0, 1000, 1001, known=True), "B": Axis("B", "number", 0, 1000, 1001, known=True)}


def points(*values: float, column: str = "A") -> Ask:
    return Ask(column, len(values) / 1001, len(values), positions=values)


def between(low: float | None, high: float | None) -> Ask:
    return Ask("A", ((1000 if high is None else high) - (0 if low is None else low)) / 1000, 0, low, high)


def gap(low: float, high: float) -> Ask:
    return Ask("A", FEWEST, 0, low, high, apart=True)


@pytest.mark.parametrize(
    ("one", "other", "both", "why"),
    [
        (points(1), points(3), gap(1, 3), "two values"),
        (points(1, 7), points(9, 30), gap(7, 9), "the nearest of several"),
        (points(1, 3), points(3, 5), points(3), "the value that both ask for"),
        (between(100, 300), between(200, 900), between(200, 300), "where two ranges overlap"),
        (between(100, None), between(None, 300), between(100, 300), "an end of each"),
        (between(None, 300), between(700, None), gap(300, 700), "two ranges that don't"),
        (points(5, 250), between(200, 900), points(250), "the values in a range"),
        (points(5), between(200, 900), gap(5, 200), "none of them is in it"),
        (between(200, 900), points(990), gap(900, 990), "nor on its other side"),
    ],
)
def test_two_conditions_on_a_column_are_met_as_one(one: Ask, other: Ask, both: Ask, why: str) -> None:
    for asks in ((one, other), (other, one)):
        (found,) = met(asks, AXES)
        assert found.share == pytest.approx(both.share), why
        assert (found.values, found.positions, found.high, found.apart) == (
            both.values,
            both.positions,
            both.high,
            both.apart,
        ), why
        assert found.low == pytest.approx(both.low), why


def test_what_lies_nowhere_known_and_what_is_on_other_columns_stays_as_it_is() -> None:
    nulls, somewhere = Ask("A", 0.1, 1, null=True), Ask("A", 0.2, 0, located=False)
    apart = [nulls, points(1), points(1, column="B"), somewhere]
    assert set(met(apart, AXES)) == set(apart)
    assert met([points(1), points(3), points(3)], AXES) == met([points(1), points(3)], AXES), "none is all three"


ROWS, PARTITIONS = 120_000, 60


@cache
def weeks() -> tuple[Mapping[str, Told], Truth]:
    """A week of one shop beside the same a year before of another, in no order of days."""
    rng = np.random.default_rng(6)
    rows = Rows("SALES", {
        "DAY": dates("DAY", FIRST + rng.integers(0, DAYS, ROWS)), "SHOP": number("SHOP", rng.integers(0, 50, ROWS)),
    }, PARTITIONS)  # fmt: skip

    def week(first: int) -> str:
        return f"day >= '{day(first)}' AND day < '{day(first + 7)}'"

    def beside(r: np.random.Generator, at: date) -> str:
        first = int(FIRST + r.integers(364, DAYS - 7))
        return f"({week(first)} AND shop = {r.integers(50)}) OR ({week(first - 364)} AND shop = {r.integers(50)})"

    return known_of(
        Case("sales", (rows,), (Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE {beside(r, at)}", 300),))
    )


@pytest.mark.parametrize(
    "key",
    [(KeyPart("DAY", "MONTH"),), (KeyPart("DAY", "WEEK"),), (KeyPart("SHOP"),), (KeyPart("SHOP"), KeyPart("DAY"))],
)
@pytest.mark.parametrize("evidence", EVIDENCE)
def test_weeks_that_are_a_year_apart_are_both_read(evidence: str, key: tuple[KeyPart, ...]) -> None:
    found, truth = weeks()
    (after,), (true,) = judge(found[evidence]).estimate(key).after, truth.per_template(truth.keyed(key))
    # The history alone takes the days to span half as much again.
    assert after == pytest.approx(true, rel=0.45 if evidence == "history" else 0.3)
