"""What can't be known without a sample of the rows: two tables with one history and one set of statistics, and two best keys."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from advisor.model import KeyPart, Table
from benchmarks.worlds.cases import Case
from benchmarks.worlds.outcomes import SHOWN
from benchmarks.worlds.synthetic import forms
from benchmarks.worlds.told import Told, told
from benchmarks.worlds.tpc import tpcds
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Executed, Truth, execute, truths
from benchmarks.worlds.twins import (
    bound,
    least_errors,
    least_errors_by_order,
    renumbered,
    twins,
    two_times,
    without_order,
)

TIMES = 1301  # a seed whose workload mostly asks for the latest days


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_neither_history_nor_statistics_tell_the_twins_apart(evidence: str) -> None:
    one, other = (_told(which, evidence) for which in (0, 1))
    assert one == other


def test_a_sample_tells_the_twins_apart() -> None:
    one, other = (_told(which, "sample") for which in (0, 1))
    assert one.profile.layout.sample is not None
    assert other.profile.layout.sample is not None
    assert one.profile.layout.sample.width("A", "B") < 0.1 < other.profile.layout.sample.width("A", "B")


def test_no_key_brings_as_much_as_the_best_on_both() -> None:
    found = bound(1)
    assert found.best[0] != found.best[1]
    assert found.worst < 0.85
    assert found.mean < 0.95


def without_names(table: Table) -> Table:
    """Of its frequent values what they hold, not which they are, nor among which numbers they lie."""
    return replace(table, columns=tuple(
        replace(column, statistics=replace(column.statistics, quantiles=(), frequent=tuple(
            ("", share) for _, share in column.statistics.frequent or ()
        ))) if column.statistics else column for column in table.columns
    ))  # fmt: skip


def test_products_numbered_anew_leave_scans_and_statistics_as_they_were() -> None:
    case = forms(1)
    both = []
    for each in (case, renumbered(case, 1)):
        shown = execute(each, SHOWN_DAYS, SHOWN, np.random.default_rng(1))
        scans = truths(each, shown)["EVENTS"]
        scanned = scans.per_template(scans.loaded())
        told_of = [without_names(rows.described(True)) for rows in each.tables]
        both.append((told_of, [len({one.text for one in shown if one.template == i}) for i in range(10)], scanned))
    assert both[0][0] == both[1][0]
    assert both[0][1] == both[1][1]
    assert both[0][2] == pytest.approx(both[1][2], rel=0.01)


def test_no_prediction_for_both_is_near_what_a_key_on_the_product_leaves_to_be_read() -> None:
    found = np.sort(least_errors(1))[::-1]
    assert found[0] > 2.3, "products launched together"
    assert (found[1:3] > 1.6).all(), "codes, and what codes begin with"
    assert np.quantile(found, 0.95) > 2


def test_order_numbers_that_follow_the_days_of_no_order_are_told_by_nothing_but_a_sample() -> None:
    case = tpcds(2)
    both = []
    for each in (case, without_order(case, 2)):
        shown = execute(each, SHOWN_DAYS, SHOWN, np.random.default_rng(1))
        scans = truths(each, shown)["CATALOG_SALES"].loaded().tolist()
        both.append((scans, [one.matched for one in shown], [rows.described(True) for rows in each.tables]))
    assert both[0] == both[1]
    assert least_errors_by_order(case, 2).max() > 3.0


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_neither_history_nor_statistics_tell_which_of_two_times_the_latest_rows_have(evidence: str) -> None:
    one, other = (_told_of_times(case, evidence) for case in two_times(TIMES))
    assert one == other


def test_what_is_best_by_the_one_time_reads_twice_as_much_as_today_where_the_latest_rows_have_the_other() -> None:
    for case, (best, worst) in zip(two_times(TIMES), [("CHANGED", "DAY"), ("DAY", "CHANGED")], strict=True):
        truth = truths(case, execute(case, HELD_DAYS, SHOWN, np.random.default_rng(1)))["T"]
        runs = np.array([template.executions for template in case.templates], dtype=float)
        now = float(truth.per_template(truth.now()) @ runs)
        under = {
            column: float(truth.per_template(truth.keyed((KeyPart(column, unit="QUARTER"), KeyPart("DEVICE")))) @ runs)
            for column in (best, worst)
        }
        assert under[best] < 0.4 * now
        assert under[worst] > 1.9 * now


def _told_of_times(case: Case, evidence: str) -> Told:
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(1))
    return told(case, shown, truths(case, shown), TIMES, evidence)["T"]


@cache
def _shown(which: int) -> tuple[Case, list[Executed], dict[str, Truth]]:
    case = twins(1)[which]
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(1))
    return case, shown, truths(case, shown)


def _told(which: int, evidence: str) -> Told:
    case, shown, scans = _shown(which)
    return told(case, shown, scans, 1, evidence)["T"]
