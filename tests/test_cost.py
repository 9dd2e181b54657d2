"""Credits: slopes from the history."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from advisor.account import read_account
from advisor.clustering.judge import Judge
from advisor.cost import ScanPrice, dearest, milliseconds_per_partition, scan_price
from advisor.model import Distribution, KeyPart, QueryTemplate, Range, WarehouseUse, Workload
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, runs
from tests.snapshots import write_snapshot

START, END = datetime(2026, 6, 1), datetime(2026, 6, 29)


def template(fingerprint: str, uses: tuple[WarehouseUse, ...], partitions: int | None) -> QueryTemplate:
    total = sum(use.execution_ms for use in uses)
    count = sum(use.executions for use in uses)
    times = Distribution(total, total / count, None, None, None)
    return QueryTemplate(
        fingerprint, "SELECT 1", "SELECT", None, None, count, None, START, END, count / 28, times,
        None, partitions, partitions, None, None, None, uses, (), (),
    )  # fmt: skip


def workload(*templates: QueryTemplate) -> Workload:
    return Workload(START, END, 1, Distribution(0, None, None, None, None), None, None, None, None, templates, ())


def test_the_slope_is_pooled_within_templates_per_size() -> None:
    one = template("a", (WarehouseUse("X-Small", 10, 900.0, 100, 50.0, 100.0),), 100)
    two = template("b", (WarehouseUse("XSMALL", 10, 90_000.0, 100, 150.0, 500.0),), 100)
    assert milliseconds_per_partition(workload(one, two)) == {"XSMALL": 3.0}


def test_a_slope_steeper_than_all_the_time_there_is_is_noise() -> None:
    steep = template("a", (WarehouseUse("Small", 10, 1000.0, 1000, 2.0, 900.0),), 1000)
    assert milliseconds_per_partition(workload(steep)) == {"SMALL": 1.0}


def test_no_partition_saves_more_than_its_even_part_of_the_time() -> None:
    quick = template("a", (WarehouseUse("Large", 10, 100.0, 1000, 1.0, 5.0),), 1000)
    price = scan_price(quick, {"LARGE": 5.0}, Settings())
    assert price is not None
    assert price.saved_ms.expected == price.saved_ms.high == pytest.approx(0.1)
    assert price.added_ms.expected == 5
    assert price.credits_per_hour == 8


def test_without_a_slope_part_of_the_time_is_taken_to_be_scanning() -> None:
    flat = template("a", (WarehouseUse(None, 10, 1000.0, 100, None, None),), 100)
    slopes = milliseconds_per_partition(workload(flat))
    assert slopes == {"": 5.0}
    price = scan_price(flat, slopes, Settings())
    assert price is not None
    assert (price.saved_ms.expected, price.saved_ms.high) == (5.0, 10.0)


def test_a_template_without_recorded_partitions_has_no_price() -> None:
    assert scan_price(template("a", (WarehouseUse(None, 1, 5.0, None, None, None),), None), {}, Settings()) is None


@pytest.mark.parametrize(
    ("most", "spared", "times", "why"),
    [
        ((19.0, 50.0), (True, False), 1.9, "what isn't spared any tells nothing"),
        ((15.0, 19.0), (True, True), 1.9, "either may be the steeper one"),
        ((4.0, 50.0), (True, False), 1.0, "no less than is expected"),
        ((50.0, 50.0), (True, False), 2.0, "no more than the slope may be"),
        ((19.0, 50.0), (False, False), 2.0, "nothing is spared"),
    ],
)
def test_added_partitions_are_at_most_as_dear_as_those_spared_can_be(
    most: tuple[float, ...], spared: tuple[bool, ...], times: float, why: str
) -> None:
    assert dearest(np.array(most), np.array([10.0, 10.0]), np.array(spared)) == times, why


def test_a_load_of_unknown_price_bounds_no_other() -> None:
    assert dearest(np.array([0.0, 15.0]), np.array([0.0, 10.0]), np.array([True, True])) == 1.5


def test_a_key_is_judged_with_one_price_for_what_it_spares_and_what_it_adds(tmp_path: Path) -> None:
    """The first template takes 5 ms for each of its partitions, all in all: were the price twice that, it would take longer than it does."""
    history = [*runs(by_customer, 28, 2000), *runs(by_week, 28, 500, start=1)]
    with open_snapshot(write_snapshot(tmp_path, history, [ORDERS], columns=columns("ORDERS"))) as snapshot:
        [profile] = read_account(snapshot, Settings(), lambda *_: None).profiles
    spared, added = (load.template.fingerprint for load in sorted(profile.loads, key=lambda load: -(load.before or 0)))
    after = np.array([1000.0 if load.before == 2000 else 1100.0 for load in profile.loads])

    def credits(most: float) -> Range:
        prices = {
            spared: ScanPrice(Range(2.5, 5, 5), Range(2.5, 5, most), 1.0),
            added: ScanPrice(Range(2.5, 5, 50), Range(2.5, 5, most), 1.0),
        }
        return Judge.of(profile, prices, Settings(), 28).judged((KeyPart("CUSTOMER_ID"),), after).credits

    assert credits(10) == credits(5), "not as if a partition more took ten and one less five"
    assert credits(10).low < 0 < credits(10).expected


def test_where_nothing_is_spared_what_is_added_costs_what_it_may(tmp_path: Path) -> None:
    """One of the templates has no price."""
    history = [*runs(by_customer, 28, 1000), *runs(by_week, 28, 500, start=1)]
    with open_snapshot(write_snapshot(tmp_path, history, [ORDERS], columns=columns("ORDERS"))) as snapshot:
        [profile] = read_account(snapshot, Settings(), lambda *_: None).profiles
    one, other = (load.template.fingerprint for load in profile.loads)
    prices = {one: ScanPrice(Range(2.5, 5, 5), Range(2.5, 5, 10), 1.0), other: None}
    found = Judge.of(profile, prices, Settings(), 28).judged((KeyPart("CUSTOMER_ID"),), np.array([2000.0, 2000.0]))
    assert found.credits.low == 2 * found.credits.expected < 0
