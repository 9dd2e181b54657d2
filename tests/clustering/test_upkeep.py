"""Credits to build and to keep a key: list prices, and what the account's own bills make of them."""

from __future__ import annotations

from datetime import datetime

import pytest

from advisor.clustering.upkeep import Bill, Prices, build, engine_of, observed, sorted_build, upkeep
from advisor.cost import GIB
from advisor.model import Churn, Range
from advisor.settings import Settings

SETTINGS = Settings()
LISTED = observed((), "CLASSIC", SETTINGS)
SIZE = 1e9, 6e10, 4000


def monthly(churn: Churn, in_load_order: bool = False, prices: Prices = LISTED) -> Range:
    return upkeep(churn, *SIZE, in_load_order=in_load_order, prices=prices, fan_in=SETTINGS.merge_fan_in)


def test_building_grows_with_bytes() -> None:
    assert build(2 * GIB, LISTED).expected == pytest.approx(2 * build(GIB, LISTED).expected)


def test_a_sorted_rewrite_costs_what_the_quickstart_paid() -> None:
    assert sorted_build(67_271 * 16 * 2**20).expected == pytest.approx(6.16, rel=0.02)


def test_arrivals_in_load_order_are_cheaper_to_keep_than_scattered_ones() -> None:
    churn = Churn(1e6, 0, 0)
    assert monthly(churn, in_load_order=True).expected < monthly(churn).expected


def test_scattered_updates_rewrite_the_whole_table_each_day() -> None:
    assert monthly(Churn(0, 0, 1e7)).expected == pytest.approx(30 * build(6e10, LISTED).expected, rel=0.01)


def test_a_table_that_nobody_writes_needs_no_upkeep() -> None:
    assert monthly(Churn(0, 0, 0)).high == 0


# ---------------------------------------------------------------- bills


def test_what_the_account_was_billed_for_each_byte_goes_before_the_list_price() -> None:
    bill = Bill("CLASSIC", 2.0, 4.0 * GIB, Range(1, 1, 1))
    prices = observed([bill], "CLASSIC", SETTINGS)
    assert build(10 * GIB, prices).expected == pytest.approx(5)
    assert prices.bills == 1


def test_upkeep_is_brought_to_what_the_bills_say_of_the_same_churn() -> None:
    churn = Churn(1e6, 0, 0)
    modelled = monthly(churn)
    for rewritten in (None, 3.0 * GIB):
        prices = observed([Bill("CLASSIC", modelled.expected * 3, rewritten, modelled)], "CLASSIC", SETTINGS)
        assert monthly(churn, prices=prices).expected == pytest.approx(3 * modelled.expected)


def test_one_engines_bills_say_nothing_of_the_other() -> None:
    bill = Bill("CLASSIC", 9.0, GIB, Range(1, 1, 1))
    assert observed([bill], "OPTIMA", SETTINGS) == observed((), "OPTIMA", SETTINGS)


def test_optima_bills_tell_of_upkeep_and_not_of_building() -> None:
    prices = observed([Bill("OPTIMA", 3.0, GIB, Range(1, 1, 1))], "OPTIMA", SETTINGS)
    assert prices.rewrite_per_gib == LISTED.rewrite_per_gib
    assert prices.ratio == pytest.approx(3)


@pytest.mark.parametrize(
    ("billed", "keyed", "now", "engine"),
    [
        (None, False, datetime(2026, 8, 31), "CLASSIC"),
        (None, False, datetime(2026, 9, 1), "OPTIMA"),
        (None, True, datetime(2026, 9, 1), "CLASSIC"),
        ("OPTIMA", True, datetime(2026, 9, 1), "OPTIMA"),
    ],
)
def test_new_keys_are_kept_by_optima_from_the_day_on_that_snowflake_names(
    billed: str | None, keyed: bool, now: datetime, engine: str
) -> None:
    assert engine_of(billed, keyed, now) == engine
