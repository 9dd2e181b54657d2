"""Snowflake's own estimates beside ours: what they are asked of, and what they change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.model import Advice, Probe, Recommendation, TableName
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.what_if import wanted
from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
from tests.snapshots import write_snapshot

TABLE = TableName("DB", "PUBLIC", "ORDERS")
KEY = "(CUSTOMER_ID)"


def costs(build: float, daily: float | None) -> str:
    maintenance = {} if daily is None else {"unit": "Credits", "value": daily}
    return json.dumps({"initial": {"unit": "Credits", "value": build}, "maintenance": maintenance})


def advised(folder: Path, *answers: tuple[str, str, str]) -> Advice:
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS"}
    said = [{**place, "CALL": call, "ARGUMENT": argument, "ANSWER": text} for call, argument, text in answers]
    history = [*runs(by_customer, 280, 2000), *loads(10_000)]
    views: dict[str, Any] = {"what_if": said} if said else {}
    write_snapshot(folder, history, [ORDERS], columns=columns("ORDERS"), **views)
    with open_snapshot(folder) as snapshot:
        return analyze(snapshot, Settings())


def ours(folder: Path, *answers: tuple[str, str, str]) -> Recommendation:
    (found,) = advised(folder, *answers).recommendations
    return found


def test_the_key_that_is_advised_is_asked_about_and_its_best_query(tmp_path: Path) -> None:
    plain = ours(tmp_path)
    key = f"({', '.join(plain.details['clustering_key'])})"  # type: ignore[arg-type]
    asked = wanted(tmp_path, Settings(), analyze)
    assert asked[:2] == (
        Probe("CLUSTERING_INFORMATION", TABLE, key),
        Probe("ESTIMATE_AUTOMATIC_CLUSTERING_COSTS", TABLE, key),
    )
    assert asked[2].call == "EXPLAIN_PLAN_JSON"
    assert wanted(tmp_path, Settings(what_if_calls=1), analyze) == asked[:1]
    assert wanted(tmp_path, Settings(what_if_calls=0), analyze) == ()


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_an_estimate_widens_the_costs_raises_the_grade_and_is_told_apart(tmp_path: Path, factor: float) -> None:
    plain = ours(tmp_path / "plain")
    key = f"({', '.join(plain.details['clustering_key'])})"  # type: ignore[arg-type]
    build, upkeep = plain.cost.build_credits, plain.cost.upkeep_credits_per_month
    assert build is not None
    assert upkeep is not None
    theirs = build.expected * factor
    told = ours(tmp_path / "told", ("ESTIMATE_AUTOMATIC_CLUSTERING_COSTS", key, costs(theirs, None)))
    assert (plain.grade, told.grade) == ("estimated", "probed")
    found = told.cost.build_credits
    assert found is not None
    assert (found.low, found.high) == (min(build.low, theirs), max(build.high, theirs))
    assert found.expected == pytest.approx(build.expected * factor**0.5)
    assert told.cost.upkeep_credits_per_month == upkeep
    shift = (build.expected - found.expected) / Settings().payback_months
    assert told.net_credits_per_month.expected == pytest.approx(plain.net_credits_per_month.expected + shift)
    assert any(w.startswith("Snowflake estimates") and "credits to build" in w for w in told.warnings)


def test_an_upkeep_that_eats_the_benefit_ends_the_advice_for_that_reason(tmp_path: Path) -> None:
    plain = ours(tmp_path / "plain")
    key = f"({', '.join(plain.details['clustering_key'])})"  # type: ignore[arg-type]
    gained = plain.net_credits_per_month.expected
    dear = costs(1.0, gained * gained * 1000)
    advice = advised(tmp_path / "dear", ("ESTIMATE_AUTOMATIC_CLUSTERING_COSTS", key, dear))
    assert not [r for r in advice.recommendations if r.id == plain.id]
    assert any("Snowflake's own estimate" in rejection.reason for rejection in advice.rejections)


def test_depth_and_plan_are_told(tmp_path: Path) -> None:
    plain = ours(tmp_path / "plain")
    key = f"({', '.join(plain.details['clustering_key'])})"  # type: ignore[arg-type]
    query = plain.templates[0].example_query_id
    assert query is not None
    depth = json.dumps({"average_depth": 1800.5, "total_partition_count": 2000})
    plan = json.dumps({"GlobalStats": {"partitionsTotal": 2000, "partitionsAssigned": 1990}})
    told = ours(tmp_path / "told", ("CLUSTERING_INFORMATION", key, depth), ("EXPLAIN_PLAN_JSON", query, plan))
    assert f"Snowflake plans 1,990 of 2,000 partitions for query {query} today." in told.warnings
    assert any("counts 2,000 partitions today" in warning for warning in told.warnings)


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"initial": {"value": "many"}}', '{"initial": 3}', '{"initial": {"value": -1}}']
)
def test_an_answer_that_says_nothing_changes_no_figure(tmp_path: Path, text: str) -> None:
    plain = ours(tmp_path / "plain")
    key = f"({', '.join(plain.details['clustering_key'])})"  # type: ignore[arg-type]
    told = ours(tmp_path / "told", ("ESTIMATE_AUTOMATIC_CLUSTERING_COSTS", key, text))
    assert (told.cost, told.net_credits_per_month) == (plain.cost, plain.net_credits_per_month)
