"""Credits: slopes from the history."""

from __future__ import annotations

from datetime import datetime

import pytest

from advisor.cost import milliseconds_per_partition, scan_price
from advisor.model import Distribution, QueryTemplate, WarehouseUse, Workload
from advisor.settings import Settings

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
