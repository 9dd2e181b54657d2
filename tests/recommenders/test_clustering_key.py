"""Planted accounts, each with the advice it should get by hand, from the files to the sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.account import read_account
from advisor.analyzer import analyze
from advisor.backtest import Parts
from advisor.generator import generate
from advisor.model import ZERO, Advice, Decision, Range, TableName
from advisor.profile import TableProfile
from advisor.services.endings import id_of_ending
from advisor.services.paths import built_anew, path_cost
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.snapshots import START, Row, query, table, write_snapshot

FIRST_DAY = date(2024, 1, 1)
GB = 10**9
COLUMNS = [("ID", "NUMBER"), ("CUSTOMER_ID", "NUMBER"), ("DAY", "DATE"), ("NAME", "TEXT"), ("REGION", "TEXT")]


def columns(name: str) -> list[dict[str, Any]]:
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": name}
    return [
        {**place, "COLUMN_NAME": column, "DATA_TYPE": kind, "ORDINAL_POSITION": i}
        for i, (column, kind) in enumerate(COLUMNS, 1)
    ]


def runs(
    text: Callable[[int], str], times: int, scanned: int, total: int = 2000, start: int = 0, **figures: Any
) -> list[dict[str, Any]]:
    """So many executions over 28 days, each scanning that many partitions; time follows them."""
    ms = figures.pop("EXECUTION_TIME", 500 + scanned * 10)
    return [
        query(
            text(i),
            start + i * (28 * 1440 // times),
            QUERY_ID=f"q-{start}-{i}",
            PARTITIONS_SCANNED=scanned,
            PARTITIONS_TOTAL=total,
            EXECUTION_TIME=ms,
            WAREHOUSE_SIZE="Large",
            **figures,
        )
        for i in range(times)
    ]


def by_customer(i: int) -> str:
    return f"SELECT * FROM orders WHERE customer_id = {i * 7919 % 100_000}"


def by_week(i: int) -> str:
    low = FIRST_DAY + timedelta(days=i * 37 % 360)
    return f"SELECT SUM(id) FROM orders WHERE day >= '{low}' AND day < '{low + timedelta(days=7)}'"


def loads(rows: int) -> list[dict[str, Any]]:
    insert = "INSERT INTO orders SELECT * FROM staging"
    return [
        query(insert, i * 1440, QUERY_ID=f"w-{i}", QUERY_TYPE="INSERT", ROWS_INSERTED=rows, PARTITIONS_SCANNED=None)
        for i in range(28)
    ]


ORDERS = table("ORDERS", ROW_COUNT=400_000_000, BYTES=32 * GB, CREATED=START - timedelta(days=366))


def advise(folder: Path, history: Sequence[Row], tables: Sequence[Row] = (ORDERS,), **views: Any) -> Advice:
    views.setdefault("columns", [row for each in tables for row in columns(each["TABLE_NAME"])])
    with open_snapshot(write_snapshot(folder, history, tables, **views), Settings()) as snapshot:
        return analyze(snapshot, Settings())


def keys(advice: Advice) -> list[tuple[str, object]]:
    return [(r.action, r.details["clustering_key"]) for r in advice.recommendations]


def reasons(advice: Advice, name: str = "ORDERS") -> str:
    return " ".join(r.reason for r in advice.rejections if r.target.name == name)


# ---------------------------------------------------------------- advice is due


def test_scattered_look_ups_get_a_key_on_their_column(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_customer, 400, 2000) + loads(100_000))
    ((action, key),) = keys(advice)
    assert action == "create"
    assert "CUSTOMER_ID" in str(key)
    assert advice.recommendations[0].net_credits_per_month.low > 0


def computed(name: str) -> list[dict[str, Any]]:
    """The columns of ORDERS, one of which is a virtual one."""
    return [row | {"KIND": "VIRTUAL_COLUMN" if row["COLUMN_NAME"] == name else "COLUMN"} for row in columns("ORDERS")]


def test_a_virtual_column_is_no_part_of_a_key(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(100_000)
    advice = advise(tmp_path, history, columns=computed("CUSTOMER_ID"))
    assert not keys(advice)
    assert "No column that its queries filter can be part of a key." in reasons(advice)
    assert "CUSTOMER_ID is a virtual column, which Snowflake allows in no key" in reasons(advice)


def test_a_virtual_column_beside_another_is_among_what_was_rejected(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + runs(by_week, 100, 2000, start=7) + loads(100_000)
    advice = advise(tmp_path, history, columns=computed("CUSTOMER_ID"))
    assert keys(advice) == [("create", ["DAY"])]
    assert "CUSTOMER_ID is a virtual column, which Snowflake allows in no key" in reasons(advice)


def test_a_sorted_rewrite_writes_nothing_to_a_virtual_column(tmp_path: Path) -> None:
    advice = advise(tmp_path / "in", runs(by_customer, 400, 2000) + loads(100_000), columns=computed("NAME"))
    generate(advice, tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*clustering_key*")
    into = (
        "(ID, CUSTOMER_ID, DAY, REGION) SELECT ID, CUSTOMER_ID, DAY, REGION FROM DB.PUBLIC.ORDERS ORDER BY CUSTOMER_ID"
    )
    assert f"INSERT OVERWRITE INTO DB.PUBLIC.ORDERS {into}" in script.read_text()


def test_search_optimization_in_force_makes_a_key_dearer(tmp_path: Path) -> None:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS", "START_TIME": START}
    bill = {"search_optimization_history": [{**place, "CREDITS_USED": 0.5}]}
    history = runs(by_customer, 4000, 2000) + loads(100_000)
    (plain,), (searched,) = (
        advise(tmp_path / name, history, **views).recommendations for name, views in (("plain", {}), ("searched", bill))
    )
    said = " ".join(searched.warnings)
    assert "Its access paths are maintained for all that the key rewrites: " in said
    assert "search optimization" not in " ".join(plain.warnings)
    # 0.54 credits a month for the 0.75% of the rows that 3 million are: more than paths on all columns take.
    dearest = 0.25 * 32 * GB / 2**30 * 0.44
    builds = [r.cost.build_credits or ZERO for r in (plain, searched)]
    upkeeps = [r.cost.upkeep_credits_per_month or ZERO for r in (plain, searched)]
    assert builds[1].high - builds[0].high == pytest.approx(dearest)
    assert upkeeps[1].expected > upkeeps[0].expected > 0
    assert searched.net_credits_per_month.expected < plain.net_credits_per_month.expected


# ---------------------------------------------------------------- materialized views over the table


BY_REGION = table("ORDERS_BY_REGION", TABLE_TYPE="MATERIALIZED VIEW", ROW_COUNT=5, BYTES=1000)


def beside_a_view(
    folder: Path, history: Sequence[Row], credits: float | None, decisions: tuple[Decision, ...] = ()
) -> Advice:
    """With a view over ORDERS, whose refreshes took so many credits."""
    made = "CREATE MATERIALIZED VIEW orders_by_region AS SELECT region, COUNT(*) AS n FROM orders GROUP BY region"
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS_BY_REGION"}
    spent = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS_BY_REGION", "START_TIME": START}
    views: dict[str, Any] = {"views": [{**place, "VIEW_DEFINITION": made}], "columns": columns("ORDERS")}
    if credits is not None:
        views["materialized_view_refresh_history"] = [{**spent, "CREDITS_USED": credits}]
    settings = Settings(decisions=decisions)
    with open_snapshot(write_snapshot(folder, history, [ORDERS, BY_REGION], **views), settings) as snapshot:
        return analyze(snapshot, settings)


STAYS = (
    Decision(
        id_of_ending("materialized_view", TableName("DB", "PUBLIC", "ORDERS_BY_REGION")),
        "dismissed",
        "read",
        "Ann",
        None,
    ),
)


def test_a_key_takes_the_refreshes_of_views_over_its_table_too(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(4_000_000)
    (plain,) = advise(tmp_path / "plain", history).recommendations
    (beside,) = beside_a_view(tmp_path / "beside", history, None).recommendations
    # Each of the 2,000 partitions is read again, which takes half of the 10 ms that a Large warehouse shows for it; for a credit of a
    # warehouse 1 to 10 are billed.
    reading = 2000 * 5 / 3_600_000 * 8
    builds = [r.cost.build_credits or ZERO for r in (plain, beside)]
    upkeeps = [r.cost.upkeep_credits_per_month or ZERO for r in (plain, beside)]
    assert builds[1].expected - builds[0].expected == pytest.approx(2 * reading, rel=0.05)
    assert builds[1].high - builds[0].high == pytest.approx(10 * reading, rel=0.05)
    assert upkeeps[1].expected > upkeeps[0].expected
    assert beside.net_credits_per_month.expected < plain.net_credits_per_month.expected
    said = " ".join(beside.warnings)
    assert (
        "Materialized views stand on the table (DB.PUBLIC.ORDERS_BY_REGION) and are refreshed for all that the key rewrites: "
        in said
    )
    assert "Snowflake advises to cluster the views and not their table." in said


@pytest.mark.parametrize("definition", [None, "CREATE MATERIALIZED"])
def test_views_that_may_be_over_any_table_are_named_beside_a_key(tmp_path: Path, definition: str | None) -> None:
    history = runs(by_customer, 400, 2000) + loads(4_000_000)
    tables = [ORDERS, *(table(f"V{i}", TABLE_TYPE="MATERIALIZED VIEW", ROW_COUNT=5) for i in range(7))]
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC"}
    views = [{**place, "TABLE_NAME": f"V{i}", "VIEW_DEFINITION": definition} for i in range(7)]
    folder = write_snapshot(tmp_path, history, tables, columns=columns("ORDERS"), views=views)
    with open_snapshot(folder) as snapshot:
        (key,) = analyze(snapshot, Settings()).recommendations
    (said,) = [warning for warning in key.warnings if "these materialized views" in warning]
    assert said == (
        "What these materialized views are over isn't known: DB.PUBLIC.V0, DB.PUBLIC.V1, DB.PUBLIC.V2, DB.PUBLIC.V3, DB.PUBLIC.V4 "
        "and 2 more. One over this table would be refreshed for all that the key rewrites, which isn't counted here."
    )


def test_what_refreshes_were_billed_tells_what_those_of_a_key_take(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(4_000_000)
    cheap, dear = (beside_a_view(tmp_path / str(spent), history, spent, STAYS) for spent in (0.02, 5.0))
    builds = [r.cost.build_credits or ZERO for each in (cheap, dear) for r in each.recommendations if "key" in r.kind]
    reading = 2000 * 5 / 3_600_000 * 8
    # 28% of the partitions in four weeks for 0.02 credits, or for 5: what reading all of them twice takes lies in the range too.
    billed = [spent / 0.28 for spent in (0.02, 5.0)]
    assert builds[1].high - builds[0].high == pytest.approx(billed[1] - 10 * reading, rel=0.05)
    middles = [(2 * reading * each) ** 0.5 for each in billed]
    assert builds[1].expected - builds[0].expected == pytest.approx(middles[1] - middles[0], rel=0.05)


def test_a_key_that_views_over_its_table_make_too_dear_is_told_so(tmp_path: Path) -> None:
    advice = beside_a_view(tmp_path, runs(by_customer, 28, 2000) + loads(40_000_000), 500.0, STAYS)
    assert "of that for the materialized views over it, which are refreshed" in reasons(advice)


def test_views_that_the_plan_drops_are_not_priced_into_a_key(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(4_000_000)
    (plain,) = advise(tmp_path / "plain", history).recommendations
    drop, key = beside_a_view(tmp_path / "ended", history, 50.0).recommendations
    assert [(r.kind, r.action) for r in (drop, key)] == [("materialized_view", "drop"), ("clustering_key", "create")]
    assert (key.cost, key.net_credits_per_month) == (plain.cost, plain.net_credits_per_month)
    (said,) = [warning for warning in key.warnings if "over the table (DB.PUBLIC.ORDERS_BY_REGION)" in warning]
    assert said.startswith("This plan drops materialized views")
    assert said.endswith("which isn't counted here.")


def dear_paths(credits: float, pruned: int) -> dict[str, Any]:
    """What the account records of search optimization on ORDERS over the window."""
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS", "START_TIME": START}
    scans = {"NUM_SCANS": 4000, "PARTITIONS_SCANNED": 8_000_000, "PARTITIONS_PRUNED_ADDITIONAL": pruned}
    benefit = [{**place, "END_TIME": START, "PARTITIONS_PRUNED_DEFAULT": 0, **scans}]
    bill = [{**place, "CREDITS_USED": credits}]
    return {"search_optimization_history": bill, "search_optimization_benefits": benefit}


def test_paths_that_the_plan_drops_are_not_priced_into_a_key(tmp_path: Path) -> None:
    history = runs(by_customer, 100, 2000) + loads(4_000_000)
    plain = advise(tmp_path / "plain", history)
    kept = advise(
        tmp_path / "kept", history, search_optimization_history=dear_paths(150.0, 0)["search_optimization_history"]
    )
    ended = advise(tmp_path / "ended", history, **dear_paths(150.0, 0))
    (key,) = plain.recommendations
    assert "clustering_key" not in {r.kind for r in kept.recommendations}
    assert "credits a month, for its search access paths too, may exceed what it saves" in reasons(kept)
    drop, beside = ended.recommendations
    assert [(r.kind, r.action) for r in (drop, beside)] == [
        ("search_optimization", "drop"),
        ("clustering_key", "create"),
    ]
    assert (beside.cost, beside.net_credits_per_month) == (key.cost, key.net_credits_per_month)
    (said,) = [warning for warning in beside.warnings if "search optimization" in warning]
    assert said.startswith("This plan drops the table's search optimization: drop it before the key is set.")


def test_a_key_that_its_paths_make_too_dear_is_told_so(tmp_path: Path) -> None:
    bill = {"search_optimization_history": dear_paths(150.0, 0)["search_optimization_history"]}
    advice = advise(tmp_path, runs(by_customer, 28, 2000) + loads(4_000_000), **bill)
    assert "; 1.64 to 3.28 (expected 3.28) of that are for its search access paths, which are built anew." in reasons(
        advice
    )


@pytest.mark.parametrize("state", ["accepted", "dismissed"])
def test_paths_that_somebody_keeps_are_priced_into_a_key(tmp_path: Path, state: str) -> None:
    history = runs(by_customer, 100, 2000) + loads(4_000_000)
    written = write_snapshot(tmp_path, history, [ORDERS], columns=columns("ORDERS"), **dear_paths(150.0, 0))
    drop = id_of_ending("search_optimization", TableName("DB", "PUBLIC", "ORDERS"))
    settings = Settings(decisions=(Decision(drop, state, "asked for at audits", "Ann", None),))
    with open_snapshot(written, settings) as snapshot:
        advice = analyze(snapshot, settings)
    kinds = {r.kind for r in advice.recommendations} - {"materialized_view"}
    assert kinds == {"search_optimization", *(["clustering_key"] if state == "accepted" else [])}


def test_where_changes_are_bounded_paths_may_stay_and_are_priced_into_a_key(tmp_path: Path) -> None:
    history = runs(by_customer, 100, 2000) + loads(4_000_000)
    written = write_snapshot(tmp_path, history, [ORDERS], columns=columns("ORDERS"), **dear_paths(150.0, 0))
    settings = Settings(max_changes=1)
    with open_snapshot(written, settings) as snapshot:
        advice = analyze(snapshot, settings)
    assert [r.kind for r in advice.recommendations] == ["search_optimization"]
    assert "for its search access paths too," in reasons(advice)


def searched(folder: Path, credits: float, rows: int, key: str | None = None) -> TableProfile:
    """Of a table that is given so many rows a day, and billed so many credits in four weeks for its search optimization."""
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS", "START_TIME": START}
    bill = [{**place, "CREDITS_USED": credits}]
    orders = [{**ORDERS, "CLUSTERING_KEY": key}]
    history = runs(by_customer, 400, 2000) + loads(rows)
    written = write_snapshot(folder, history, orders, columns=columns("ORDERS"), search_optimization_history=bill)
    with open_snapshot(written, Settings()) as snapshot:
        account = read_account(snapshot, Settings(), lambda *_: None)
        parts = Parts.of(snapshot, account, Settings())
        assert parts is not None
        for part in (parts.early, parts.later):
            [profile] = part.profiled({account.profiles[0].table.name}).profiles
            assert profile.search_credits == account.profiles[0].search_credits
    return account.profiles[0]


def test_what_maintenance_took_of_the_rows_written_tells_what_all_would(tmp_path: Path) -> None:
    # 1% of the rows in a month for 0.01 credits.
    profile = searched(tmp_path, 0.01 * 28 / 30, 4_000_000 // 30)
    assert built_anew(profile, Settings()).expected == pytest.approx(1.0, rel=0.01)


def test_where_a_key_has_the_table_rewritten_besides_the_bill_tells_nothing(tmp_path: Path) -> None:
    profile = searched(tmp_path, 0.01 * 28 / 30, 4_000_000 // 30, "LINEAR(DAY)")
    one, every = (path_cost(profile, count, Settings()).build for count in (1, len(COLUMNS)))
    assert built_anew(profile, Settings()) == Range(one.low, one.expected, every.high)


def test_date_ranges_over_scattered_rows_get_a_key_on_the_date(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_week, 400, 1990) + loads(100_000))
    ((_, key),) = keys(advice)
    assert "DAY" in str(key)


def test_a_small_table_asked_all_day_pays_and_a_huge_one_rarely_asked_does_not(tmp_path: Path) -> None:
    rare = table("HISTORY", ROW_COUNT=60_000_000_000, BYTES=5000 * GB)
    busy = table("ORDERS", ROW_COUNT=400_000_000, BYTES=60 * GB)
    history = runs(by_customer, 2000, 3600, 3600) + loads(50_000)
    text = "SELECT * FROM history WHERE customer_id = {}"
    history += runs(lambda i: text.format(i * 131), 3, 300_000, 300_000, start=1, EXECUTION_TIME=300_000)
    advice = advise(tmp_path, history, [rare, busy])
    assert [r.target.name for r in advice.recommendations] == ["ORDERS"]
    assert "keeping the order takes" in reasons(advice, "HISTORY") or "not surely" in reasons(advice, "HISTORY")


def test_a_key_that_no_query_uses_is_dropped_for_what_it_was_billed(tmp_path: Path) -> None:
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(REGION)", "AUTO_CLUSTERING_ON": "ON"}
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    bill = [{"START_TIME": START, "END_TIME": START, "CREDITS_USED": 56.0, **place}]
    advice = advise(tmp_path, runs(by_week, 50, 20), [keyed], automatic_clustering_history=bill)
    assert [r.action for r in advice.recommendations] == ["drop"]
    assert advice.recommendations[0].net_credits_per_month.expected == pytest.approx(60, rel=0.05)


@pytest.mark.parametrize(
    ("credits", "scanned", "actions"), [(56.0, 20, ["drop"]), (0.5, 20, []), (56.0, 2000, ["drop"])]
)
def test_a_key_that_takes_more_than_it_can_spare_is_dropped(
    tmp_path: Path, credits: float, scanned: int, actions: list[str]
) -> None:
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(DAY)", "AUTO_CLUSTERING_ON": "ON"}
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    bill = [{"START_TIME": START, "END_TIME": START, "CREDITS_USED": credits, **place}]
    advice = advise(tmp_path, runs(by_week, 50, scanned), [keyed], automatic_clustering_history=bill)
    assert [r.action for r in advice.recommendations] == actions
    assert all("all partitions that the queries did not read were worth" in r.reason for r in advice.recommendations)


def test_an_unused_key_is_changed_rather_than_dropped_where_another_serves(tmp_path: Path) -> None:
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(REGION)", "AUTO_CLUSTERING_ON": "ON"}
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    bill = [{"START_TIME": START, "END_TIME": START, "CREDITS_USED": 5.0, **place}]
    history = runs(by_customer, 400, 2000) + loads(1000)
    advice = advise(tmp_path, history, [keyed], automatic_clustering_history=bill)
    assert [r.action for r in advice.recommendations] == ["change"]


def test_a_key_on_the_wrong_column_is_changed(tmp_path: Path) -> None:
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(REGION)"}
    region = runs(lambda i: "SELECT COUNT(*) FROM orders WHERE region = 'EU'", 2, 500, start=3)
    advice = advise(tmp_path, runs(by_customer, 400, 2000) + region + loads(1000), [keyed])
    ((action, key),) = keys(advice)
    assert action == "change"
    assert "CUSTOMER_ID" in str(key)


def test_the_reason_names_the_columns_that_its_queries_filter(tmp_path: Path) -> None:
    weeks = runs(by_week, 400, 42, start=7, EXECUTION_TIME=900)
    advice = advise(tmp_path, runs(by_customer, 800, 2000) + weeks + loads(100_000))
    (recommended,) = advice.recommendations
    assert recommended.details["clustering_key"] == ["DATE_TRUNC('MONTH', DAY)", "CUSTOMER_ID"]
    assert "One query template filters it by CUSTOMER_ID 28.8 times a day" in recommended.reason


def test_a_history_of_an_hour_gives_no_more_than_low_confidence(tmp_path: Path) -> None:
    hour = [{**row, "START_TIME": START, "END_TIME": START} for row in runs(by_customer, 400, 2000) + loads(100)]
    advice = advise(tmp_path, hour)
    (recommended,) = advice.recommendations
    assert recommended.confidence == "low"
    assert any("0.0417 days" in warning for warning in recommended.warnings)


# ---------------------------------------------------------------- advice is not due


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"ROW_COUNT": None}, "doesn't say how large it is"),
        ({"BYTES": None}, "doesn't say how large it is"),
        ({"ROW_COUNT": 0, "BYTES": 0}, "It is empty now."),
    ],
)
def test_a_table_of_unknown_size_gets_no_figures_made_up(tmp_path: Path, figures: Row, said: str) -> None:
    other = table("OTHER", ROW_COUNT=5, BYTES=5)
    advice = advise(tmp_path, runs(by_customer, 400, 2000) + loads(100_000), [{**ORDERS, **figures}, other])
    assert not advice.recommendations
    assert said in reasons(advice)


def test_a_table_in_load_order_needs_no_key_on_its_load_date(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_week, 400, 42) + loads(1000))
    assert not advice.recommendations
    assert "would read" in reasons(advice) or "not surely" in reasons(advice)


def test_a_partition_or_two_is_within_the_error_of_where_a_range_ends(tmp_path: Path) -> None:
    few = advise(tmp_path / "few", runs(by_customer, 20_000, 3))
    assert keys(few) == []
    assert "It is pruned already" in reasons(few)
    assert "none would be spared more than 1.98 of them" in reasons(few)
    assert keys(advise(tmp_path / "more", runs(by_customer, 20_000, 30))) == [("create", ["CUSTOMER_ID"])]


def test_advice_once_followed_is_not_repeated(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(100_000)
    first = advise(tmp_path / "before", history)
    key = f"LINEAR({', '.join(str(part) for part in first.recommendations[0].details['clustering_key'])})"  # type: ignore[attr-defined]
    second = advise(tmp_path / "after", history, [{**ORDERS, "CLUSTERING_KEY": key}])
    assert not second.recommendations
    assert "It has this key already." in reasons(second)


def test_advice_followed_is_known_in_the_form_that_snowflake_stores(tmp_path: Path) -> None:
    timed = [row | {"DATA_TYPE": "TIMESTAMP_NTZ"} if row["COLUMN_NAME"] == "DAY" else row for row in columns("ORDERS")]
    history = runs(by_week, 400, 1990) + loads(100_000)
    (first,) = advise(tmp_path / "before", history, columns=timed).recommendations
    assert first.details["clustering_key"] == ["TO_DATE(DAY)"]
    stored = {**ORDERS, "CLUSTERING_KEY": "LINEAR(CAST(DAY AS DATE))"}
    second = advise(tmp_path / "after", history, [stored], columns=timed)
    assert not second.recommendations
    assert "It has this key already." in reasons(second)


def test_a_table_of_few_partitions_is_left_alone(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_customer, 400, 60, 60))
    assert not advice.recommendations
    assert "60 micro-partitions; under 100" in reasons(advice)


def test_a_churning_table_costs_more_to_keep_than_it_saves(tmp_path: Path) -> None:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    churn = [
        {"START_TIME": START + timedelta(days=i), "END_TIME": START + timedelta(days=i, hours=1), **place}
        | {"ROWS_ADDED": 100_000_000, "ROWS_REMOVED": 100_000_000, "ROWS_UPDATED": 100_000_000}
        for i in range(28)
    ]
    advice = advise(tmp_path, runs(by_customer, 40, 2000), table_dml_history=churn)
    assert not advice.recommendations
    assert "of its rows are written a day" in reasons(advice)


def written(text: str, rows: int | None, **figures: Any) -> list[dict[str, Any]]:
    """A job's statement each day, beside one that writes another table and says how much."""
    beside = runs(
        lambda i: "INSERT INTO other SELECT * FROM staging", 28, 5, start=3, QUERY_TYPE="INSERT", ROWS_INSERTED=9
    )
    return beside + runs(lambda i: text, 28, 5, start=11, QUERY_TYPE="INSERT", ROWS_INSERTED=rows, **figures)


def kept(tmp_path: Path, history: list[dict[str, Any]]) -> TableProfile:
    write_snapshot(tmp_path, runs(by_customer, 400, 2000) + history, [ORDERS], columns=columns("ORDERS"))
    with open_snapshot(tmp_path) as snapshot:
        return read_account(snapshot, Settings(), lambda *_: None).profiles[0]


@pytest.mark.parametrize(
    ("text", "rows", "daily"),
    [
        ("INSERT OVERWRITE INTO orders SELECT * FROM staging", 400_000_000, 400_000_000.0),
        ("INSERT INTO orders SELECT * FROM staging", None, None),
        ("COPY INTO orders FROM @stage", None, None),
        ("TRUNCATE TABLE orders", None, 0.0),
        ("CREATE OR REPLACE TABLE orders AS SELECT * FROM staging", 400_000_000, 0.0),
        ("INSERT INTO another SELECT * FROM staging", None, 0.0),
    ],
)
def test_writes_that_the_history_alone_tells(tmp_path: Path, text: str, rows: int | None, daily: float | None) -> None:
    """A table that is filled anew by INSERT OVERWRITE is written whole; a statement that doesn't say how much isn't nothing."""
    churn = kept(tmp_path, written(text, rows)).churn
    assert (None if churn is None else churn.rows_added) == (None if daily is None else pytest.approx(daily, rel=0.05))


def test_a_table_that_is_overwritten_each_day_costs_more_to_keep_than_it_saves(tmp_path: Path) -> None:
    overwritten = written("INSERT OVERWRITE INTO orders SELECT * FROM staging", 400_000_000)
    advice = advise(tmp_path, runs(by_customer, 40, 2000) + overwritten)
    assert not advice.recommendations
    assert "of its rows are written a day" in reasons(advice)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * FROM orders WHERE UPPER(name) = 'ANNA'", "filters NAME inside UPPER(_)"),
        ("SELECT * FROM orders WHERE name LIKE '%son'", "searches inside text"),
        ("SELECT * FROM orders WHERE customer_id = 5 OR name <> 'x'", "combines different columns by OR"),
        ("SELECT region, COUNT(*) FROM orders GROUP BY region", "reads it without a filter"),
        ("SELECT * FROM orders WHERE customer_id = ?", "neither statistics nor constants tell"),
        ("SELECT * FROM orders WHERE id > 0", "neither statistics nor constants tell"),
        ("SELECT * FROM orders WHERE region IS NULL", "neither statistics nor constants tell"),
    ],
)
def test_conditions_that_no_minimum_and_maximum_can_serve_are_named(tmp_path: Path, text: str, said: str) -> None:
    advice = advise(tmp_path, runs(lambda i: text, 400, 2000))
    assert not advice.recommendations
    assert said in reasons(advice)


@pytest.mark.parametrize("key", ["LINEAR(REGION); DROP TABLE X --", "LINEAR(REGION /* why */)"])
def test_a_key_that_is_no_single_expression_stops_its_table_and_not_the_run(tmp_path: Path, key: str) -> None:
    advice = advise(tmp_path / "in", runs(by_customer, 400, 2000), [{**ORDERS, "CLUSTERING_KEY": key}])
    generate(advice, tmp_path / "out")
    assert "can't be written as SQL" in reasons(advice)


@pytest.mark.parametrize("key", [None, "LINEAR(REGION)"])
def test_tables_with_statements_of_their_own_get_no_alter_table(tmp_path: Path, key: str | None) -> None:
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    bill = [{"START_TIME": START, "CREDITS_USED": 56.0, **place}]
    defined = {**ORDERS, "IS_ICEBERG": "YES", "CLUSTERING_KEY": key}
    advice = advise(tmp_path, runs(by_customer, 400, 2000), [defined], automatic_clustering_history=bill)
    assert not advice.recommendations
    assert "is set by another statement" in reasons(advice)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT o.id FROM orders o JOIN staging s ON s.id = o.id WHERE region = 'EU'",
        "SELECT * FROM orders WHERE region = 'EU' AND ((",
    ],
)
def test_a_key_is_not_called_unused_while_a_statement_is_not_understood(tmp_path: Path, text: str) -> None:
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(REGION)", "AUTO_CLUSTERING_ON": "ON"}
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "ORDERS"}
    bill = [{"START_TIME": START, "CREDITS_USED": 56.0, **place}]
    history = runs(by_week, 50, 20) + runs(lambda i: text, 50, 20, start=9)
    advice = advise(
        tmp_path, history, [keyed, table("STAGING")], columns=columns("OTHER"), automatic_clustering_history=bill
    )
    assert "drop" not in [r.action for r in advice.recommendations]


@pytest.mark.parametrize(
    ("figures", "word"), [({"IS_HYBRID": "YES"}, "hybrid"), ({"TABLE_TYPE": "EXTERNAL TABLE"}, "external")]
)
def test_tables_that_cannot_have_a_key_are_refused(tmp_path: Path, figures: Row, word: str) -> None:
    advice = advise(tmp_path, runs(by_customer, 400, 2000), [{**ORDERS, **figures}])
    assert "clustering_key" not in [r.kind for r in advice.recommendations]
    assert f"no clustering key on {word} tables" in reasons(advice)


def test_nothing_is_advised_beyond_the_budget(tmp_path: Path) -> None:
    history = runs(by_customer, 400, 2000) + loads(100_000)
    with open_snapshot(write_snapshot(tmp_path, history, [ORDERS], columns=columns("ORDERS")), Settings()) as snapshot:
        advice = analyze(snapshot, Settings(budget_credits=0.001))
    assert not advice.recommendations
    assert "doesn't fit the budget" in reasons(advice)


def test_a_key_may_keep_what_prunes_today_though_many_other_columns_are_asked(tmp_path: Path) -> None:
    wide = [("ID", "NUMBER"), ("CUSTOMER_ID", "NUMBER"), *((f"C{i}", "NUMBER") for i in range(7))]
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS"}
    described = [
        {**place, "COLUMN_NAME": column, "DATA_TYPE": kind, "ORDINAL_POSITION": i}
        for i, (column, kind) in enumerate(wide, 1)
    ]
    history = runs(lambda i: f"SELECT * FROM orders WHERE id = {i * 7919 % 100_000}", 4000, 1)
    history += runs(by_customer, 400, 2000, start=5)
    for i in range(7):
        history += runs(by(f"c{i}"), 10, 2000, start=10 + i)
    advice = advise(tmp_path, history, columns=described)
    tried = [str(rejection.details.get("clustering_key")) for rejection in advice.rejections]
    assert any("'ID'" in key for key in [*tried, *map(str, keys(advice))])


def by(column: str) -> Callable[[int], str]:
    return lambda i: f"SELECT COUNT(*) FROM orders WHERE {column} = {i * 7919 % 100_000}"
