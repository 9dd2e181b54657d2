"""What is said beside a key: evidence that disagrees, and bills that prices rest on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from advisor.model import Advice
from tests.recommenders.test_clustering_key import GB, ORDERS, advise, by_customer, loads, runs
from tests.snapshots import START, Row, table

PLACE = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC"}
RECORD = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC"}
HISTORY = runs(by_customer, 400, 2000) + loads(100_000)


def statistics(distinct: int) -> dict[str, Any]:
    found = {"COLUMN_NAME": "CUSTOMER_ID", "APPROX_DISTINCT": distinct, "MIN_VALUE": "0", "MAX_VALUE": "99999"}
    return {**PLACE, "TABLE_NAME": "ORDERS", **found, "NULL_SHARE": 0.0}


def said(advice: Advice) -> str:
    (recommendation,) = advice.recommendations
    return " ".join(recommendation.warnings)


def test_statistics_that_agree_with_the_history_leave_the_confidence_as_it_is(tmp_path: Path) -> None:
    advice = advise(tmp_path, HISTORY, column_statistics=[statistics(100_000)])
    assert advice.recommendations[0].confidence != "low"
    assert "differ by more than half" not in said(advice)


def test_statistics_and_history_that_differ_by_more_than_half_lower_the_confidence(tmp_path: Path) -> None:
    advice = advise(tmp_path, HISTORY, column_statistics=[statistics(20)])
    assert advice.recommendations[0].confidence == "low"
    assert "The history with statistics says" in said(advice)
    assert "they differ by more than half, so prove it before you apply it." in said(advice)


def by_reference(i: int) -> str:
    return f"SELECT * FROM orders WHERE name = 'ref-{i * 104_729 % 100_000:05}'"


def test_columns_that_are_taken_or_may_be_to_go_together_are_named(tmp_path: Path) -> None:
    reference = {"COLUMN_NAME": "NAME", "APPROX_DISTINCT": 99_000, "MIN_VALUE": "ref-00000", "MAX_VALUE": "ref-99999"}
    note = {**statistics(0), **reference}
    history = HISTORY + runs(by_reference, 4, 2000, start=7)
    known = advise(tmp_path / "known", history, column_statistics=[statistics(100_000), note])
    assert "CUSTOMER_ID and NAME have equally many values and are taken to go one to one." in said(known)
    apart = advise(
        tmp_path / "apart", history, column_statistics=[statistics(100_000), {**note, "APPROX_DISTINCT": 300}]
    )
    assert "go one to one" not in said(apart)
    assert [each.recommendations[0].confidence for each in (known, apart)] == ["medium", "high"]


def by_either(i: int) -> str:
    return f"SELECT * FROM orders WHERE customer_id = {i * 7919 % 100_000} OR (customer_id = {i} AND name = 'none')"


def test_a_key_says_how_much_of_it_rests_on_alternatives_over_several_columns(tmp_path: Path) -> None:
    both = advise(
        tmp_path / "both", HISTORY + runs(by_either, 400, 2000, start=7), column_statistics=[statistics(100_000)]
    )
    assert (
        "50.0% of what it spares is spared to queries with conditions on several columns joined by OR. That Snowflake "
        "skips a partition which each of them rules out isn't documented: try one on a sorted copy first."
    ) in said(both)
    assert "joined by OR" not in said(advise(tmp_path / "plain", HISTORY, column_statistics=[statistics(100_000)]))


def by_line(i: int) -> str:
    return f"SELECT * FROM orders WHERE id = {(i * 7919 % 999 + 1) * 1000 + i % 50}"


def by_number(i: int) -> str:
    return f"SELECT * FROM orders WHERE customer_id = {i * 7919 % 999 + 1}"


def test_a_column_that_another_one_s_numbers_are_taken_to_begin_with_is_named(tmp_path: Path) -> None:
    numbers = {**statistics(998), "MIN_VALUE": "1", "MAX_VALUE": "998"}
    lines = {**statistics(49_900), "COLUMN_NAME": "ID", "MIN_VALUE": "1000", "MAX_VALUE": "998049"}
    history = runs(by_number, 400, 2000) + runs(by_line, 400, 2000, start=7) + loads(100_000)
    begun = advise(tmp_path / "begun", history, column_statistics=[numbers, lines])
    apart = advise(tmp_path / "apart", history, column_statistics=[numbers, {**lines, "MIN_VALUE": "1"}])
    sentence = "ID without its last 3 digits is taken to be CUSTOMER_ID."
    assert [sentence in said(each) for each in (begun, apart)] == [True, False]


EVENTS = table("EVENTS", ROW_COUNT=10**8, BYTES=8 * GB, CLUSTERING_KEY="LINEAR(ID)", AUTO_CLUSTERING_ON="ON")


def billed(folder: Path, credits: float, version: str) -> Advice:
    """Both tables are written alike; the service billed the keyed one."""
    day = [START + timedelta(days=i) for i in range(28)]
    written = [
        {**RECORD, "TABLE_NAME": name, "START_TIME": at, "ROWS_ADDED": rows, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}
        for name, rows in (("EVENTS", 10**5), ("ORDERS", 10**5))
        for at in day
    ]
    bills: list[Row] = [
        {**RECORD, "TABLE_NAME": "EVENTS", "START_TIME": at, "CREDITS_USED": credits, "NUM_BYTES_RECLUSTERED": GB, "VERSION": version}
        for at in day
    ]  # fmt: skip
    return advise(folder, HISTORY, [ORDERS, EVENTS], table_dml_history=written, automatic_clustering_history=bills)


def test_what_the_account_was_billed_sets_upkeep_and_build(tmp_path: Path) -> None:
    low, high = (billed(tmp_path / str(credits), credits, "CLASSIC") for credits in (0.001, 0.01))
    assert "Upkeep rests on what automatic clustering billed for 1 table of this account." in said(low)
    for figure in ("upkeep_credits_per_month", "build_credits"):
        cheap, dear = (getattr(advice.recommendations[0].cost, figure).expected for advice in (low, high))
        assert 9.9 < dear / cheap < 10.1


def test_bills_of_optima_say_nothing_of_a_key_that_classic_would_keep(tmp_path: Path) -> None:
    assert "Upkeep rests on" not in said(billed(tmp_path, 0.01, "OPTIMA"))


def by_article(i: int) -> str:
    return f"SELECT * FROM orders WHERE name = 'art-0{i * 7919 % 9000:04}'"


def test_a_text_that_begins_alike_is_cut_where_all_its_values_are_told_apart(tmp_path: Path) -> None:
    """Classic clustering orders text by its first five bytes, which are the same in all: three digits more would be coarser."""
    ends = {"COLUMN_NAME": "NAME", "MIN_VALUE": "art-00000", "MAX_VALUE": "art-08999"}
    history = runs(by_article, 400, 2000) + loads(100_000)
    advice = advise(tmp_path, history, column_statistics=[{**statistics(9000), **ends}])
    assert [r.details["clustering_key"] for r in advice.recommendations] == [["SUBSTRING(NAME, 6, 4)"]]
