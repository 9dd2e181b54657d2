"""How many rows hold no value, told from the history alone; and what a key on such a column leaves to be read."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.clustering.judge import Judge
from advisor.model import Churn, KeyPart
from benchmarks.worlds.cases import TODAY, Case, Rows, Statement, Template, dates, number, with_nulls
from benchmarks.worlds.outcomes import HELD, SHOWN
from benchmarks.worlds.synthetic import DAYS, FIRST, last_days
from benchmarks.worlds.told import Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

ROWS, PARTITIONS, SEED, ERRORS = 60_000, 60, 3, 300


def log(nulls: float, tested: Statement, shuffled: bool = False) -> Case:
    """In the order of days; so many rows tell of no error."""
    rng = np.random.default_rng(SEED)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    error = with_nulls(number("ERROR", rng.integers(0, ERRORS, ROWS)), rng.random(ROWS) < nulls)
    day = dates("DAY", rng.permutation(arrived) if shuffled else arrived)
    rows = Rows("LOG", {"DAY": day, "ERROR": error}, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))
    return Case("log", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE {last_days(at, 3)}", 300),
        Template(lambda r, at: f"SELECT * FROM log WHERE error = {r.integers(ERRORS)}", 100),
        Template(tested, 100),
    ))  # fmt: skip


def known_of(case: Case) -> tuple[Told, Truth]:
    rng = np.random.default_rng(SEED)
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    return told(case, shown, truths(case, shown), SEED, "history")["LOG"], truths(case, held)["LOG"]


TESTS: dict[str, Statement] = {
    "those with a value": lambda r, at: "SELECT * FROM log WHERE error IS NOT NULL",
    "of a month": lambda r, at: f"SELECT * FROM log WHERE error IS NOT NULL AND {last_days(at, 30)}",
}


@pytest.mark.parametrize("nulls", [0.2, 0.6, 0.9, 0.995])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("tested", TESTS)
def test_the_rows_that_null_tests_match_tell_how_many_have_no_value(tested: str, shuffled: bool, nulls: float) -> None:
    found, _ = known_of(log(nulls, TESTS[tested], shuffled))
    share = found.profile.layout.axes["ERROR"].null_share
    if (
        tested == "of a month"
    ):  # the table was made 1,100 days ago and holds the rows of 730: that much is guessed too long
        assert nulls - 0.7 * (1 - nulls) < share < nulls + 0.02
    else:
        assert share == pytest.approx(nulls, abs=0.04)


def test_a_key_on_a_column_of_which_most_rows_have_no_value_keeps_these_in_the_order_of_what_comes_next() -> None:
    found, truth = known_of(log(0.995, TESTS["of a month"]))
    key = (KeyPart("ERROR"), KeyPart("DAY"))
    judge = Judge.of(found.profile, found.prices, found.settings, found.workload.days)
    true = truth.per_template(truth.keyed(key))
    assert true[0] < 3
    assert judge.estimate(key).after[0] < 3 * true[0], "as if errors filled the partitions: 20"
    assert judge.estimate(key).after[1] == pytest.approx(true[1], abs=1)


@pytest.mark.parametrize(
    "beside",
    [
        "host = 3 AND error IS NOT NULL",
        "(error IS NOT NULL OR day >= '2025-12-01')",
    ],
)
def test_nothing_is_told_beside_conditions_of_which_it_isnt_known_what_they_match(beside: str) -> None:
    case = log(0.9, lambda r, at: f"SELECT * FROM log WHERE {beside}")
    rows = case.tables[0]
    hosts = number("HOST", np.random.default_rng(1).integers(0, 20, ROWS))
    wider = Rows("LOG", {**rows.columns, "HOST": hosts}, PARTITIONS, rows.arrived, rows.churn)
    found, _ = known_of(Case("log", (wider,), case.templates))
    assert found.profile.layout.axes["ERROR"].null_share == 0
