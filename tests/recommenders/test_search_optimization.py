"""Planted look-ups: few rows among many partitions, and what must be left to a key or to nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.model import Advice
from advisor.settings import Settings
from advisor.what_if import wanted
from tests.recommenders.accounts import advise, columns, of, rejected, runs, times
from tests.snapshots import START, Row, table

Rows = list[dict[str, Any]]
KIND = "search_optimization"
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "SESSIONS"}
SESSIONS = table("SESSIONS", ROW_COUNT=400_000_000, BYTES=32 * 2**30)
TYPES = {"ID": "TEXT", "MAIL": "TEXT", "CARD": "TEXT", "KIND": "TEXT", "RATE": "FLOAT", "DOC": "VARIANT"}
DISTINCT = {"ID": 400_000_000, "MAIL": 90_000_000, "CARD": 80_000_000, "KIND": 8}
STATISTICS = [
    {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "SESSIONS", "COLUMN_NAME": name}
    | {"APPROX_DISTINCT": count, "MIN_VALUE": "0", "MAX_VALUE": "zzzz", "NULL_SHARE": 0.0}
    for name, count in DISTINCT.items()
]


def by(column: str, count: int = 600, **figures: Any) -> Rows:
    usual = {"PARTITIONS_SCANNED": 2000, "PARTITIONS_TOTAL": 2000, **figures}
    return runs(
        lambda i, at: f"SELECT * FROM sessions WHERE {column} = 'v{i * 7919}'",
        times(count, len(column)),
        column,
        **usual,
    )


def advice(
    folder: Path, history: Rows, sessions: Row = SESSIONS, settings: Settings | None = None, **views: Any
) -> Advice:
    still = [{"START_TIME": START, "ROWS_ADDED": 1000, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0, **PLACE}]
    views = {
        "columns": columns("SESSIONS", **TYPES),
        "column_statistics": STATISTICS,
        "table_dml_history": still,
        **views,
    }
    return advise(folder, history, [sessions], settings, **views)


def matched(hash: str, rows: int, queries: int = 600) -> Rows:
    """What the account recorded of the scans: every partition read, so many rows matched each time."""
    return [
        {"INTERVAL_START_TIME": START, "QUERY_PARAMETERIZED_HASH": hash, "NUM_QUERIES": queries, **PLACE}
        | {"PARTITIONS_SCANNED": 2000 * queries, "PARTITIONS_PRUNED": 0}
        | {"ROWS_SCANNED": 400_000_000 * queries, "ROWS_MATCHED": rows * queries}
    ]


def test_look_ups_by_several_columns_get_a_path_on_each(tmp_path: Path) -> None:
    found = advice(tmp_path, by("id") + by("mail") + by("card"))
    (paths,) = found.recommendations
    assert "building the search access paths anew in its order takes once" in rejected(found, "clustering_key")
    assert paths.kind == KIND
    assert paths.details["search"] == ["EQUALITY(CARD, ID, MAIL)"]
    assert paths.edition == "enterprise"
    assert paths.net_credits_per_month.low > 0
    assert "reading 100.0% of its 2,000 micro-partitions; those rows lie in about" in paths.reason


def test_one_column_alone_is_left_to_a_clustering_key_where_that_is_cheaper(tmp_path: Path) -> None:
    found = advice(tmp_path, by("id"))
    assert len([r for r in found.recommendations if r.kind in (KIND, "clustering_key")]) == 1


def test_a_search_inside_text_and_one_inside_a_document_count_where_the_rows_are_recorded(tmp_path: Path) -> None:
    inside = runs(
        lambda i, at: f"SELECT * FROM sessions WHERE mail LIKE '%person{i}%'",
        times(600),
        "s",
        **{"PARTITIONS_SCANNED": 2000, "PARTITIONS_TOTAL": 2000, "QUERY_PARAMETERIZED_HASH": "aa"},
    )
    document = runs(
        lambda i, at: f"SELECT * FROM sessions WHERE doc:user.id::STRING = 'u{i}'",
        times(600, 5),
        "d",
        **{"PARTITIONS_SCANNED": 2000, "PARTITIONS_TOTAL": 2000, "QUERY_PARAMETERIZED_HASH": "bb"},
    )
    recorded = matched("aa", 3) + matched("bb", 2)
    (paths,) = of(advice(tmp_path / "a", inside + document, table_query_pruning_history=recorded), KIND)
    assert paths.details["search"] == ["EQUALITY(DOC:user.id)", "SUBSTRING(MAIL)"]
    assert not of(advice(tmp_path / "b", inside + document), KIND)


def test_its_script_asks_snowflake_for_its_own_estimate_first(tmp_path: Path) -> None:
    generate(advice(tmp_path / "in", by("id") + by("mail") + by("card")), tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*search_optimization*")
    text = script.read_text()
    asked = "SYSTEM$ESTIMATE_SEARCH_OPTIMIZATION_COSTS('DB.PUBLIC.SESSIONS', 'EQUALITY(CARD, ID, MAIL)')"
    assert text.index(asked) < text.index("ADD SEARCH OPTIMIZATION ON EQUALITY(CARD, ID, MAIL);")


# ---------------------------------------------------------------- nothing is due


@pytest.mark.parametrize("history", [by("kind"), by("rate"), by("UPPER(id)"), by("id", PARTITIONS_SCANNED=1)])
def test_what_no_path_can_serve_is_passed_over(tmp_path: Path, history: Rows) -> None:
    found = advice(tmp_path, history)
    assert not of(found, KIND)
    assert KIND not in {r.kind for r in found.rejections}


def test_a_virtual_column_is_stored_nowhere_and_has_no_path(tmp_path: Path) -> None:
    kinds = [row | {"KIND": "VIRTUAL_COLUMN"} for row in columns("SESSIONS", **TYPES)]
    found = advice(tmp_path, by("id") + by("mail") + by("card"), columns=kinds)
    assert not of(found, KIND)
    assert KIND not in {r.kind for r in found.rejections}


def test_a_table_that_is_rewritten_all_day_costs_more_than_it_saves(tmp_path: Path) -> None:
    busy = [
        {"START_TIME": at, "ROWS_ADDED": 10_000_000, "ROWS_REMOVED": 0, "ROWS_UPDATED": 100_000_000, **PLACE}
        for at in times(28)
    ]
    few = by("id", 40) + by("mail", 40) + by("card", 40)
    found = advice(tmp_path, few, table_dml_history=busy)
    assert not of(found, KIND)
    assert "but its upkeep takes" in rejected(found, KIND)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"IS_HYBRID": "YES"}, "no search optimization on hybrid tables"),
        ({"TABLE_TYPE": "EXTERNAL TABLE"}, "no search optimization on external tables"),
        ({"IS_DYNAMIC": "YES"}, "whether it can have search optimization needs checking"),
    ],
)
def test_what_the_platform_forbids_is_said(tmp_path: Path, change: Row, said: str) -> None:
    found = advice(tmp_path, by("id") + by("mail"), {**SESSIONS, **change})
    assert not of(found, KIND)
    assert said in rejected(found, KIND)


def test_a_table_that_has_it_is_left_alone(tmp_path: Path) -> None:
    bill = [{"START_TIME": START, "CREDITS_USED": 3.5, **PLACE}]
    found = advice(tmp_path, by("id") + by("mail"), search_optimization_history=bill)
    assert not of(found, KIND)
    assert "It has search optimization already, which took 3.5 credits in the window." in rejected(found, KIND)


def test_the_same_seconds_are_not_claimed_by_a_key_too(tmp_path: Path) -> None:
    found = advice(tmp_path, by("id") + by("mail"))
    served = {
        t.fingerprint: r.kind
        for r in found.recommendations
        for t in r.templates
        if (t.after or 1) < (t.before or 0) / 2
    }
    total = sum(r.benefit.credits.expected for r in found.recommendations if r.benefit.credits)
    spent = 1200 * 20 / 3600 * 8 * 30 / 28
    assert total <= spent * 1.01
    assert served


# ---------------------------------------------------------------- in force


def in_force(credits: float, pruned: int | None) -> dict[str, Any]:
    bill = {"search_optimization_history": [{"START_TIME": START, "CREDITS_USED": credits, **PLACE}]}
    if pruned is None:
        return bill
    benefit = {
        "START_TIME": START,
        "NUM_SCANS": 9,
        "PARTITIONS_SCANNED": 9,
        "PARTITIONS_PRUNED_ADDITIONAL": pruned,
        **PLACE,
    }
    return bill | {"search_optimization_benefits": [benefit]}


def test_paths_that_cost_more_than_they_let_skip_are_dropped(tmp_path: Path) -> None:
    found = advice(tmp_path / "in", by("kind"), **in_force(60.0, 500))
    (drop,) = of(found, KIND)
    assert (drop.action, drop.grade) == ("drop", "observed")
    assert "let queries skip 500 partitions beyond what the table's order did" in drop.reason
    assert drop.net_credits_per_month.expected == pytest.approx(60 * 30 / 28, rel=0.05)
    generate(found, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*search_optimization*")
    shown, dropped = (f"{verb} SEARCH OPTIMIZATION" for verb in ("DESCRIBE", "DB.PUBLIC.SESSIONS DROP"))
    assert script.read_text().index(shown) < script.read_text().index(dropped)
    assert "ADD SEARCH OPTIMIZATION" not in (tmp_path / "out" / "revert.sql").read_text()


def unsaid(**columns: Any) -> dict[str, Any]:
    """A record of benefits that says nothing of the window's."""
    views = in_force(60.0, 500)
    return views | {"search_optimization_benefits": [row | columns for row in views["search_optimization_benefits"]]}


@pytest.mark.parametrize(
    "views",
    [
        in_force(60.0, None),
        in_force(1.0, 100_000_000),
        unsaid(PARTITIONS_PRUNED_ADDITIONAL=None),
        unsaid(START_TIME=START - timedelta(days=400)),
    ],
    ids=["not recorded", "worth it", "no figure", "of another time"],
)
def test_paths_that_pay_or_of_unknown_worth_are_kept(tmp_path: Path, views: dict[str, Any]) -> None:
    assert not of(advice(tmp_path, by("kind"), **views), KIND)


def test_look_ups_that_are_quick_already_get_no_path(tmp_path: Path) -> None:
    found = advice(tmp_path, by("id", EXECUTION_TIME=300) + by("mail", EXECUTION_TIME=300))
    assert not of(found, KIND)
    assert "take 300 ms: search optimization is meant for those that take 1 s and more." in rejected(found, KIND)


def test_columns_of_fewer_values_than_the_service_is_meant_for_get_no_path(tmp_path: Path) -> None:
    few = [{**row, "APPROX_DISTINCT": 40_000} for row in STATISTICS]
    found = advice(tmp_path, by("id") + by("mail"), column_statistics=few)
    assert not of(found, KIND)
    assert "has 40,000 values: search optimization is meant for columns of 100,000 and more." in rejected(found, KIND)


# ---------------------------------------------------------------- Snowflake's own estimate


def position(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "costs": {"value": value, "unit": "Credits", "perTimeUnit": "MONTH"}}


def test_snowflake_s_own_estimate_of_the_paths_is_asked_for_and_raises_the_grade(tmp_path: Path) -> None:
    (plain,) = of(advice(tmp_path / "plain", by("id") + by("mail")), KIND)
    asked = wanted(tmp_path / "plain", Settings(), analyze)
    (estimate,) = [probe for probe in asked if probe.call == "ESTIMATE_SEARCH_OPTIMIZATION_COSTS"]
    assert estimate.argument == ", ".join(plain.details["search"])  # type: ignore[arg-type]
    assert asked[asked.index(estimate) + 1].call == "EXPLAIN_PLAN_JSON"
    build, upkeep = plain.cost.build_credits, plain.cost.upkeep_credits_per_month
    assert build is not None
    assert upkeep is not None
    positions = [position("BuildCosts", build.high * 2), position("MaintenanceCosts", upkeep.high * 2 + 0.5)]
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "SESSIONS"}
    said = {
        "CALL": estimate.call,
        "ARGUMENT": estimate.argument,
        "ANSWER": json.dumps({"costPositions": positions}),
        **place,
    }
    (told,) = of(advice(tmp_path / "told", by("id") + by("mail"), what_if=[said]), KIND)
    assert (plain.grade, told.grade) == ("estimated", "probed")
    assert told.cost.build_credits is not None
    assert told.cost.upkeep_credits_per_month is not None
    assert told.cost.build_credits.high == build.high * 2
    assert told.cost.upkeep_credits_per_month.high == upkeep.high * 2 + 0.5
    assert told.net_credits_per_month.expected < plain.net_credits_per_month.expected
    assert [line for line in told.warnings if line.startswith("Snowflake estimates") and "a month to keep" in line]
