"""Filters that a table is given while the query runs, from the text to the partitions counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.clustering.caveats import warnings
from advisor.clustering.judge import Judge
from advisor.model import KeyPart, Role
from benchmarks.columns import Column
from benchmarks.worlds.cases import Case, Rows, Template, dates, day, number, with_nulls
from benchmarks.worlds.outcomes import HELD, SHOWN
from benchmarks.worlds.told import told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, execute, truths
from tests.usage.shown import reading

ROWS, PARTITIONS, PRODUCTS, SEED = 60_000, 150, 2_000, 3


def required(text: str) -> dict[str, bool]:
    return {f"{u.table.name}.{u.column}": u.required for u in reading(text).usages if u.role is Role.JOIN}


def test_an_inner_join_drops_rows_of_both_sides() -> None:
    assert required("SELECT 1 FROM t JOIN u ON t.a = u.k") == {"T.A": True, "U.K": True}


def test_a_left_join_drops_none_of_the_left_side() -> None:
    assert required("SELECT 1 FROM t LEFT JOIN u ON t.a = u.k AND u.y = 3") == {"T.A": False, "U.K": True}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.a)",
        "SELECT 1 FROM t WHERE a NOT IN (SELECT k FROM u WHERE y = 3)",
        "SELECT 1 FROM t, u WHERE t.a = u.k OR t.b = 3",
    ],
)
def test_an_anti_join_or_an_alternative_drops_nothing_by_itself(text: str) -> None:
    assert not required(text).get("T.A", False)


def sales() -> Case:
    """Sales in no order, and products of which brands are scattered and shelves are neighbours."""
    rng = np.random.default_rng(SEED)
    ids = np.arange(1, PRODUCTS + 1)
    fact: dict[str, Column] = {
        "PRODUCT": number("PRODUCT", rng.integers(1, PRODUCTS + 1, ROWS)),
        "AT": number("AT", rng.permutation(ROWS)),
        "REFUND": number("REFUND", np.where(rng.random(ROWS) < 0.0004, 1.0, np.nan)),
    }
    products = {
        "ID": number("ID", ids), "BRAND": number("BRAND", rng.integers(0, 100, PRODUCTS)), "SHELF": number("SHELF", ids // 20),
    }  # fmt: skip
    join = "SELECT COUNT(*) FROM sales JOIN products ON product = id WHERE"
    return Case("sales", (Rows("SALES", fact, PARTITIONS), Rows("PRODUCTS", products, 1)), (
        Template(lambda r, at: f"{join} brand = {r.integers(100)}", 100),
        Template(lambda r, at: f"{join} shelf = {r.integers(1, 99)}", 100),
        Template(lambda r, at: "SELECT * FROM sales ORDER BY at DESC LIMIT 50", 100),
        Template(lambda r, at: "SELECT COUNT(*) FROM sales WHERE refund = 1", 100),
        Template(lambda r, at: f"{join} (brand = {r.integers(100)} OR shelf = {r.integers(1, 99)})", 100),
    ))  # fmt: skip


@pytest.fixture(scope="module")
def scanned() -> dict[tuple[str, str], list[tuple[float, float]]]:
    """By evidence and key: (predicted, true) partitions of each template."""
    case, rng = sales(), np.random.default_rng(SEED)
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen, true = truths(case, shown), truths(case, held)["SALES"]
    found = {}
    for evidence in ("history", "statistics", "sample"):
        each = told(case, shown, seen, SEED, evidence)["SALES"]
        judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
        for column in ("PRODUCT", "AT"):
            key = (KeyPart(column),)
            counted = true.per_template(true.keyed(key))
            found[evidence, column] = list(zip(judge.estimate(key).after, counted, strict=True))
    return found


@pytest.mark.parametrize("evidence", ["statistics", "sample"])
def test_a_key_on_the_join_column_prunes_what_the_other_side_filters(
    scanned: dict[tuple[str, str], list[tuple[float, float]]], evidence: str
) -> None:
    brand, *_ = scanned[evidence, "PRODUCT"]
    assert brand[1] < PARTITIONS / 3
    assert brand[0] == pytest.approx(brand[1], rel=0.3)


@pytest.mark.parametrize("evidence", ["history", "statistics", "sample"])
def test_alternatives_on_several_columns_of_the_other_side_leave_what_either_does(
    scanned: dict[tuple[str, str], list[tuple[float, float]]], evidence: str
) -> None:
    predicted, true = scanned[evidence, "PRODUCT"][4]
    assert true < PARTITIONS / 4
    assert predicted == pytest.approx(true, rel=0.15 if evidence == "sample" else 0.7)
    assert scanned[evidence, "AT"][4][0] == PARTITIONS, "nothing of it is told by another column"


def test_neighbouring_join_keys_are_told_from_scattered_ones_by_the_whole_other_side(
    scanned: dict[tuple[str, str], list[tuple[float, float]]],
) -> None:
    _, shelf, *_ = scanned["sample", "PRODUCT"]
    assert shelf[0] == pytest.approx(shelf[1], rel=0.3)
    assert shelf[0] < scanned["statistics", "PRODUCT"][1][0] / 3


@pytest.mark.parametrize("evidence", ["history", "statistics", "sample"])
def test_a_top_k_needs_the_last_partitions_of_a_key_on_its_order(
    scanned: dict[tuple[str, str], list[tuple[float, float]]], evidence: str
) -> None:
    _, _, best, *_ = scanned[evidence, "AT"]
    assert best[1] <= 2
    assert best[0] <= 3


def first_by(order: str) -> Template:
    return Template(lambda r, at: f"SELECT * FROM t ORDER BY {order} LIMIT 50", 100)


@pytest.mark.parametrize("evidence", ["history", "statistics", "sample"])
def test_a_top_k_skips_nothing_where_rows_without_a_value_come_first(evidence: str) -> None:
    """Unless the column is NOT NULL, which the catalog says of AT alone."""
    rng = np.random.default_rng(SEED)
    columns = {
        "AT": number("AT", rng.permutation(ROWS)),
        "RATED": with_nulls(number("RATED", rng.permutation(ROWS)), rng.random(ROWS) < 0.01),
    }
    orders = ("rated DESC", "rated DESC NULLS LAST", "rated", "at DESC")
    case = Case("nulls", (Rows("T", columns, PARTITIONS),), tuple(map(first_by, orders)))
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    each, true = told(case, shown, truths(case, shown), SEED, evidence)["T"], truths(case, held)["T"]
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    for column, skipping in (("RATED", (1, 2)), ("AT", (3,))):
        key = (KeyPart(column),)
        for after in (judge.estimate(key).after, true.per_template(true.keyed(key))):
            assert [i for i, partitions in enumerate(after) if partitions < 5] == list(skipping)
            assert [i for i, partitions in enumerate(after) if partitions > 0.9 * PARTITIONS] == [0]


@pytest.mark.parametrize("evidence", ["history", "statistics", "sample"])
def test_a_joins_filter_is_of_no_use_under_another_key(
    scanned: dict[tuple[str, str], list[tuple[float, float]]], evidence: str
) -> None:
    brand, shelf, *_ = scanned[evidence, "AT"]
    assert brand[0] == brand[1] == PARTITIONS
    assert shelf[0] == PARTITIONS


# ---------------------------------------------------------------- calendars

DAYS, FIRST = 1_500, 3_000


def dated() -> Case:
    """Sales in no order, and a calendar that begins long before them and ends long after."""
    rng = np.random.default_rng(SEED)
    every = np.arange(8_000)
    fact: dict[str, Column] = {
        "SOLD": number("SOLD", 50_000 + FIRST + rng.integers(0, DAYS, ROWS)),
        "BUYER": number("BUYER", rng.integers(0, 9_000, ROWS)),
    }
    calendar = {
        "DAY_KEY": number("DAY_KEY", 50_000 + every), "DAY": dates("DAY", every),
        "YEAR_NUMBER": number("YEAR_NUMBER", every // 365), "MONTH_NUMBER": number("MONTH_NUMBER", every % 365 // 31),
    }  # fmt: skip
    join = "SELECT COUNT(*) FROM sales JOIN calendar ON sold = day_key WHERE"
    years = range(FIRST // 365 + 1, (FIRST + DAYS) // 365)
    return Case("dated", (Rows("SALES", fact, PARTITIONS), Rows("CALENDAR", calendar, 1)), (
        Template(lambda r, at: f"{join} day >= '{day(low := FIRST + int(r.integers(0, DAYS - 30)))}' AND day < '{day(low + 30)}'", 100),
        Template(lambda r, at: f"{join} year_number = {r.choice(years)}", 100),
        Template(lambda r, at: f"{join} month_number = {r.integers(0, 11)}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE buyer = {r.integers(9_000)}", 50),
    ))  # fmt: skip


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_a_calendars_days_follow_each_other_and_its_months_come_again(evidence: str) -> None:
    case, rng = dated(), np.random.default_rng(SEED)
    shown = execute(case, SHOWN_DAYS, SHOWN, rng)
    seen = truths(case, shown)
    each = told(case, shown, seen, SEED, evidence)["SALES"]
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    counted = seen["SALES"].per_template(seen["SALES"].keyed((KeyPart("SOLD"),)))
    month, year, again, _ = zip(judge.estimate((KeyPart("SOLD"),)).after, counted, strict=True)
    for predicted, true in (month, year, again):
        assert predicted == pytest.approx(true, rel=0.5)


# ---------------------------------------------------------------- sides that leave nothing


def unknown_brands() -> Case:
    """Sales in order of their days, of products of even brands alone, whatever brand is asked for."""
    rng = np.random.default_rng(SEED)
    fact: dict[str, Column] = {
        "SOLD": number("SOLD", np.sort(rng.integers(0, DAYS, ROWS))),
        "PRODUCT": number("PRODUCT", rng.integers(1, PRODUCTS + 1, ROWS)),
        "BUYER": number("BUYER", rng.integers(0, 9_000, ROWS)),
    }
    join = "SELECT COUNT(*) FROM sales JOIN products ON product = id WHERE"

    def within(r: np.random.Generator, days: int) -> str:
        low = int(r.integers(0, DAYS - days))
        return f"sold BETWEEN {low} AND {low + days - 1}"

    return Case("unknown brands", (Rows("SALES", fact, PARTITIONS), products(rng.integers(0, 50, PRODUCTS) * 2)), (
        Template(lambda r, at: f"{join} brand = {r.integers(100)} AND {within(r, 90)}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE {within(r, 90)}", 100),
        Template(lambda r, at: f"{join} brand = {r.integers(100)} AND {within(r, 1)}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE buyer = {r.integers(9_000)}", 50),
    ))  # fmt: skip


def products(brands: np.ndarray) -> Rows:
    columns = {"ID": number("ID", np.arange(1, PRODUCTS + 1)), "BRAND": number("BRAND", brands)}
    return Rows("PRODUCTS", columns, 1)


def under(key: tuple[KeyPart, ...], evidence: str, brands: np.ndarray | None = None) -> list[tuple[float, float]]:
    """(predicted, true) partitions of each template where the products have other brands when they are sampled."""
    case = unknown_brands()
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    seen = truths(case, shown)
    now = case if brands is None else replace(case, tables=(case.tables[0], products(brands)))
    each = told(now, shown, seen, SEED, evidence)["SALES"]
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    counted = seen["SALES"].per_template(seen["SALES"].keyed(key))
    return list(zip(judge.estimate(key).after, counted, strict=True))


SCATTERED = (KeyPart("BUYER", digits=3), KeyPart("SOLD"))


def test_where_the_other_side_leaves_nothing_no_key_has_more_to_read() -> None:
    joined, alone, _, _ = under(SCATTERED, "sample")
    assert joined[1] < 0.7 * alone[1]
    assert joined[0] == pytest.approx(joined[1], rel=0.15)
    assert alone[0] == pytest.approx(alone[1], rel=0.25)


@pytest.mark.parametrize("evidence", ["history", "sample"])
def test_the_key_says_which_scans_a_join_is_taken_to_end(evidence: str) -> None:
    case = unknown_brands()
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    each = told(case, shown, truths(case, shown), SEED, evidence)["SALES"]
    estimate = Judge.of(each.profile, each.prices, each.settings, each.workload.days).estimate(SCATTERED)
    said = [line for line in warnings(estimate, each.profile, each.settings, each.workload) if "under any key" in line]
    barren = "45.8% of 0000000000000000"
    sentence = (
        "A table that they join has no row for these scans, or they ask for values beyond a column's ends, and they are taken to"
        f" read one partition under any key: {barren}."
    )
    assert said == ([sentence] if evidence == "sample" else [])


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_without_the_other_sides_rows_each_execution_is_taken_to_read(evidence: str) -> None:
    joined, alone, _, _ = under(SCATTERED, evidence)
    assert joined[0] == pytest.approx(alone[0], rel=0.1)


def test_what_reads_little_for_the_rows_lie_in_its_order_would_read_more_in_another() -> None:
    """Of a day alone each execution reads a partition or two, whether or not the other side leaves anything."""
    _, _, day, _ = under((KeyPart("BUYER"),), "sample")
    assert day[0] == PARTITIONS


def test_a_side_that_has_changed_since_does_not_end_what_has_read_on() -> None:
    """All brands are other ones by now: none of the executions would find any today, and those that read several found some."""
    joined, _, _, _ = under((KeyPart("BUYER"),), "sample", np.full(PRODUCTS, 1_000))
    assert PARTITIONS / 3 < joined[0] < PARTITIONS
    assert joined[0] == pytest.approx(joined[1], rel=0.15)
