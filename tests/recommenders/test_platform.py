"""What the platform forbids, does already or leaves in doubt: each kind where it would be advised, on each sort of table."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from advisor.account import Account, read_account
from advisor.analyzer import analyze
from advisor.model import Advice, Proposed, Table
from advisor.platform import in_edition
from advisor.recommenders import RECOMMENDERS
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders import (
    test_clustering_key,
    test_dynamic_table,
    test_history_partitioning,
    test_materialized_view,
    test_query_acceleration,
    test_query_rewrite,
    test_result_cache,
    test_search_optimization,
    test_storage_retention,
    test_warehouse_setting,
)
from tests.recommenders.accounts import of, rejected
from tests.snapshots import table, write_view

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "hybrid": {"traits": frozenset({"hybrid"})},
    "external": {"traits": frozenset({"external"}), "kind": "EXTERNAL TABLE"},
    "iceberg": {"traits": frozenset({"iceberg"})},
    "transient": {"traits": frozenset({"transient"})},
    "temporary": {"traits": frozenset({"temporary"}), "kind": "TEMPORARY TABLE"},
    "event": {"traits": frozenset({"event"}), "kind": "EVENT TABLE"},
    "dynamic": {"traits": frozenset({"dynamic"})},
    "view": {"kind": "VIEW"},
    "materialized view": {"kind": "MATERIALIZED VIEW"},
    "imported": {"traits": frozenset({"imported"})},
    "application": {"traits": frozenset({"application"})},
    "row access": {"row_policy": True},
    "masked": {"masked": frozenset({"ID", "SITE", "DAY", "CUSTOMER_ID", "LEVEL"})},
}
"""What the catalog says of each sort of table."""


def clustering_key(folder: Path) -> Advice:
    planted = test_clustering_key
    return planted.advise(folder, planted.runs(planted.by_customer, 400, 2000) + planted.loads(100_000))


def materialized_view(folder: Path) -> Advice:
    planted = test_materialized_view
    return planted.advise(folder, planted.asked(planted.by_region) + test_clustering_key.loads(100_000))


def dynamic_table(folder: Path) -> Advice:
    planted = test_dynamic_table
    return planted.advise(folder, planted.asked(planted.JOINED) + test_clustering_key.loads(100_000))


def archive(folder: Path) -> Advice:
    planted = test_history_partitioning
    return planted.advice(folder, planted.readers(1500))


def result_cache(folder: Path) -> Advice:
    planted = test_result_cache
    return planted.advice(folder, planted.asked(planted.noisy) + planted.answered())


def search_optimization(folder: Path) -> Advice:
    planted = test_search_optimization
    return planted.advice(folder, planted.by("id") + planted.by("mail") + planted.by("card"))


def query_rewrite(folder: Path) -> Advice:
    planted = test_query_rewrite
    year = planted.asked("SELECT id, name FROM orders WHERE YEAR(day) = 2023")
    return planted.advise(folder, year + planted.IN_ORDER)


def retention(folder: Path) -> Advice:
    planted = test_storage_retention
    return planted.advice(folder, [planted.stored("STAGING", 100, 900, 50)], [table("STAGING", RETENTION_TIME=30)])


def unread(folder: Path) -> Advice:
    planted = test_storage_retention
    staging = table("STAGING", CREATED=planted.LONG_AGO, RETENTION_TIME=1)
    scans = planted.scanned("STAGING", datetime(2024, 1, 1))
    return planted.advice(folder, [planted.stored("STAGING", 500)], [staging], table_pruning_history=scans)


PLANTED: Mapping[str, tuple[Callable[[Path], Advice], str]] = {
    "clustering_key": (clustering_key, "ORDERS"),
    "materialized_view": (materialized_view, "ORDERS"),
    "dynamic_table": (dynamic_table, "ORDERS"),
    "history_partitioning archive": (archive, "EVENTS"),
    "history_partitioning split": (test_history_partitioning.mixed, "EVENTS"),
    "result_cache": (result_cache, "STOCK"),
    "search_optimization": (search_optimization, "SESSIONS"),
    "query_rewrite": (query_rewrite, "ORDERS"),
    "storage_retention retention": (retention, "STAGING"),
    "storage_retention unread": (unread, "STAGING"),
}
"""Of each kind whose advice is of a table: who plants it, and the table."""
ADVISED, SILENT = "advised", "silent"
STANDARD = "It needs the Enterprise edition; the account's is Standard (setting edition)."


class Warned(str):
    """Advised, with this among the warnings."""


ELSEWHERE = {
    "imported": "Its database is imported from a share: only the provider can change what is in it.",
    "application": "Its database is an application's: only the provider can change what is in it.",
}
NO_TABLE = "It is no table whose rows could be set apart."
CLASSIC = {
    "hybrid": "It is a hybrid table: it has neither micro-partitions nor archive storage.",
    "external": "It is an external table: files are skipped by their paths alone, which the snapshot doesn't hold.",
    "iceberg": "It is an iceberg table: where Snowflake manages it, a new table with PARTITION BY (MONTH(TS)), or DAY where a day fills files of its own",
    "temporary": NO_TABLE,
    "event": NO_TABLE,
    "dynamic": "It is a dynamic table: its rows follow from its query.",
    "view": NO_TABLE,
    "materialized view": NO_TABLE,
    **ELSEWHERE,
}
KEPT = {
    "hybrid": "It is a hybrid table: its rows are stored apart from micro-partitions, and what its Time Travel keeps needs checking.",
    "external": SILENT,
    "iceberg": "It is an Iceberg table: its files lie in an external volume, whose retention needs checking there.",
    "temporary": "It is a temporary table: it ends with its session, and what it stores with it.",
    "event": SILENT,
    "dynamic": "It is a dynamic table: what it keeps is set by another statement, for which no script is written.",
    "view": SILENT,
    "materialized view": SILENT,
    **ELSEWHERE,
}
UNPLAIN = "DB.PUBLIC.ORDERS is no plain table: whether a dynamic table may read it with this lag needs checking."
HIDDEN = "DB.PUBLIC.ORDERS has a policy: a stored copy would show its rows as the owner sees them."
UNSURE = "{} has a masking policy: whether conditions on it skip micro-partitions needs checking first."
SHARED = Warned(
    "DB.PUBLIC.STOCK has policies: what they hide may differ by user or role, so that whether one answer serves another's "
    "question needs checking."
)
EXPECTED: Mapping[str, Mapping[str, str]] = {
    "clustering_key": {
        "hybrid": "Snowflake allows no clustering key on hybrid tables.",
        "external": "Snowflake allows no clustering key on external tables.",
        "iceberg": "It is an Iceberg table: its key is set by another statement, for which no script is written.",
        "temporary": "Snowflake allows no clustering key on temporary tables.",
        "event": "Snowflake allows no clustering key on event tables.",
        "view": "Snowflake allows no clustering key on views.",
        "materialized view": "It is a materialized view: its key is set by another statement, for which no script is written.",
        "masked": Warned(UNSURE.format("CUSTOMER_ID")),
        **ELSEWHERE,
    },
    "materialized_view": {
        "hybrid": "Snowflake allows no materialized view on hybrid tables.",
        "iceberg": "It is an Iceberg table: whether a materialized view is allowed on it needs checking.",
        "temporary": "Snowflake allows no materialized view on temporary tables.",
        "event": "Snowflake allows no materialized view on event tables.",
        "dynamic": "Snowflake allows no materialized view on dynamic tables.",
        "view": "Snowflake allows no materialized view on views.",
        "materialized view": "Snowflake allows no materialized view on materialized views.",
        "row access": "It has a row access policy: Snowflake allows no materialized view on it.",
        "masked": "CUSTOMER_ID has a masking policy: Snowflake allows no materialized view with it.",
        **ELSEWHERE,
    },
    "dynamic_table": {
        "hybrid": UNPLAIN,
        "external": "Snowflake allows no dynamic table over external tables, as DB.PUBLIC.ORDERS is one of.",
        "iceberg": UNPLAIN,
        "temporary": UNPLAIN,
        "event": UNPLAIN,
        "dynamic": UNPLAIN,
        "imported": UNPLAIN,
        "application": UNPLAIN,
        "view": UNPLAIN,
        "materialized view": "Snowflake allows no dynamic table over materialized views, as DB.PUBLIC.ORDERS is one of.",
        "row access": HIDDEN,
        "masked": HIDDEN,
    },
    "history_partitioning archive": CLASSIC
    | {
        sort: Warned(
            "It has policies: whether they cover rows that are brought back from the archive needs checking before anyone does."
        )
        for sort in ("row access", "masked")
    },
    "history_partitioning split": CLASSIC
    | {
        "transient": Warned(
            "It is transient: whether CREATE TABLE … LIKE makes transient parts needs checking; permanent ones have Fail-safe."
        ),
        "row access": "It has a row access policy: its parts would show what that hides until it is set on them anew, for which no "
        "script is written.",
        "masked": "It has a masking policy on CUSTOMER_ID: its parts would show what that hides until it is set on them anew, for "
        "which no script is written.",
    },
    "result_cache": {
        **dict.fromkeys(("hybrid", "external"), "whose results Snowflake does not reuse."),
        **dict.fromkeys(("iceberg", "temporary", "event", "dynamic", *ELSEWHERE), "whose changes no history tells."),
        **dict.fromkeys(("view", "materialized view"), "are not judged: they read what the snapshot has no table of"),
        **dict.fromkeys(("row access", "masked"), SHARED),
    },
    "search_optimization": {
        "plain": Warned(
            "On second-generation and adaptive warehouses Snowflake (Optima) indexes look-ups by itself and free of charge: queries "
            "that run there may need no path."
        ),
        "hybrid": "Snowflake has no search optimization on hybrid tables.",
        "external": "Snowflake has no search optimization on external tables.",
        "iceberg": "It is an Iceberg table: whether it can have search optimization needs checking.",
        "temporary": "Snowflake has no search optimization on temporary tables.",
        "event": "Snowflake has no search optimization on event tables.",
        "dynamic": "It is a dynamic table: whether it can have search optimization needs checking.",
        "view": "Snowflake has no search optimization on views.",
        "materialized view": "Snowflake has no search optimization on materialized views.",
        "masked": Warned(UNSURE.format("ID")),
        **ELSEWHERE,
    },
    "query_rewrite": {
        "hybrid": "It is a hybrid table: it has no micro-partitions that a range could skip.",
        "external": "It is an external table: whether a range skips any of its files needs checking.",
        "temporary": "It is a temporary table, another in each session: how its rows lie isn't known.",
        "event": "It is an event table: whether a range skips any of its partitions needs checking.",
        "masked": UNSURE.format("DAY"),
    },
    "storage_retention retention": KEPT
    | {
        "transient": "It holds 100 GiB, and 950 GiB of what it held before: 900 GiB in Time Travel and 50 GiB in Fail-safe. "
        "It is transient and keeps a day at most: fewer changes alone would keep less."
    },
    "storage_retention unread": KEPT,
}
"""By kind and sort of table. A sort that isn't listed is advised as the plain one is."""


@pytest.fixture(scope="module", params=PLANTED)
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Account]:
    """A kind, and the account that is planted for it."""
    folder = tmp_path_factory.mktemp("planted")
    plant, _ = PLANTED[request.param]
    assert of(plant(folder), request.param.partition(" ")[0])
    with open_snapshot(folder, Settings()) as snapshot:
        return request.param, folder, read_account(snapshot, Settings(), lambda *_: None)


@pytest.mark.parametrize("sort", CHANGES)
def test_each_sort_of_table_has_the_outcome_that_the_platform_allows(
    planted: tuple[str, Path, Account], sort: str
) -> None:
    kind, _, account = planted
    found = outcome(kind, changed(account, PLANTED[kind][1], CHANGES[sort]))
    wanted = EXPECTED[kind].get(sort, ADVISED)
    advised = [proposal.recommendation for proposal in found.proposals if proposal.alone is None]
    reasons = " ".join(rejection.reason for rejection in found.rejections)
    assert bool(advised) == (wanted == ADVISED or isinstance(wanted, Warned)), reasons
    if isinstance(wanted, Warned):
        assert all(wanted in each.warnings for each in advised)
    elif wanted == SILENT:
        assert not found.rejections
    elif wanted != ADVISED:
        assert wanted in reasons


def changed(account: Account, name: str, change: Mapping[str, Any]) -> Account:
    """The account whose one table is of another sort."""

    def of_sort(each: Table) -> Table:
        return replace(each, **change) if each.name.name == name else each

    tables = {place: of_sort(each) for place, each in account.catalog.tables.items()}
    profiles = tuple(replace(each, table=of_sort(each.table)) for each in account.profiles)
    return replace(account, catalog=replace(account.catalog, tables=tables, policies_known=True), profiles=profiles)


def outcome(kind: str, account: Account, settings: Settings | None = None) -> Proposed:
    """What the one recommender says."""
    code = kind.partition(" ")[0]
    return RECOMMENDER[code].propose(account, settings or Settings())


RECOMMENDER = {recommender.CODE: recommender for recommender in RECOMMENDERS}


@pytest.mark.parametrize("planted", ["clustering_key", "materialized_view", "result_cache"], indirect=True)
def test_a_table_of_a_share_is_in_no_catalog_of_the_account_and_gets_no_advice(
    planted: tuple[str, Path, Account], tmp_path: Path
) -> None:
    kind, folder, _ = planted
    shutil.copytree(folder, tmp_path / "in")
    rows = pq.read_table(folder / "tables.parquet").to_pylist()
    name = PLANTED[kind][1]
    write_view(
        tmp_path / "in",
        "tables",
        [{**row, "TABLE_CATALOG": "OTHER"} if row["TABLE_NAME"] == name else row for row in rows],
    )
    with open_snapshot(tmp_path / "in", Settings()) as snapshot:
        found = analyze(snapshot, Settings())
    assert not of(found, kind.partition(" ")[0])


@pytest.mark.parametrize("planted", ["clustering_key", "materialized_view", "search_optimization"], indirect=True)
@pytest.mark.parametrize(
    ("what", "advised"), [("IMPORTED DATABASE", False), ("APPLICATION", False), ("STANDARD", True), (None, True)]
)
def test_a_database_that_is_a_provider_s_gets_no_advice(
    planted: tuple[str, Path, Account], what: str | None, advised: bool, tmp_path: Path
) -> None:
    kind, folder, _ = planted
    shutil.copytree(folder, tmp_path / "in")
    dropped = {"DATABASE_NAME": "DB", "TYPE": "IMPORTED DATABASE", "DELETED": datetime(2024, 1, 1)}
    write_view(tmp_path / "in", "databases", [{"DATABASE_NAME": "DB", "TYPE": what, "DELETED": None}, dropped])
    with open_snapshot(tmp_path / "in", Settings()) as snapshot:
        found = analyze(snapshot, Settings())
    assert bool(of(found, kind)) == advised


@pytest.mark.parametrize("planted", ["materialized_view", "search_optimization", "clustering_key"], indirect=True)
def test_the_standard_edition_has_no_enterprise_service(planted: tuple[str, Path, Account]) -> None:
    kind, _, account = planted
    found = outcome(kind, account)
    settled = in_edition(found, Settings(edition="standard"))
    if kind == "clustering_key":
        assert settled == found
        return
    assert not settled.proposals
    assert settled.rejections[-1].reason == STANDARD


def test_the_standard_edition_has_no_query_acceleration(tmp_path: Path) -> None:
    planted = test_query_acceleration
    standard = Settings(edition="standard", credits_per_second_saved=0.002)
    found = planted.advice(tmp_path, standard, query_acceleration_eligible=planted.eligible())
    assert not of(found, planted.KIND)
    assert rejected(found, planted.KIND) == STANDARD


def test_an_adaptive_warehouse_is_not_suspended_sooner(tmp_path: Path) -> None:
    planted = test_warehouse_setting
    history = planted.work(30, WAREHOUSE_SIZE="Adaptive")
    found = planted.advice(tmp_path, history, warehouse_metering_history=planted.metered(96.0, 1.6))
    assert not of(found, planted.KIND)
    assert rejected(found, planted.KIND) == (
        "It is an adaptive warehouse, billed by the query: nothing is saved by suspending it."
    )


def test_a_key_that_optima_would_keep_is_priced_as_classic_and_says_so(tmp_path: Path) -> None:
    planted = test_clustering_key
    later = [
        {name: value + timedelta(days=700) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in planted.runs(planted.by_customer, 400, 2000) + planted.loads(100_000)
    ]
    (key,) = planted.advise(tmp_path, later).recommendations
    assert any(
        warning.startswith("Optima clustering keeps keys set from September 2026 on") for warning in key.warnings
    )
