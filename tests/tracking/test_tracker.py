"""Verdicts on accounts whose truth is known, and silence where the history can't tell."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.generator.tracking import as_text, revert_script
from advisor.model import Catalog, Range, Table, TableName, Target
from advisor.published import Publication, Published, read
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.tracking.effect import Estimated, Treated, drift, quantile, saving, shift
from advisor.tracking.in_force import State, in_force, state
from advisor.tracking.runs import Runs
from advisor.tracking.tracker import Outcome, Tracking, Verdict, track
from benchmarks.accounts import account, recommended
from benchmarks.track import verdicts
from tests.commands import advisor
from tests.snapshots import START, query, table, write_snapshot, write_view
from tests.workload.test_workload import aggregates

# ---------------------------------------------------------------- the statistics


@pytest.mark.parametrize(("freedom", "known"), [(4, 3.747), (9, 2.821), (29, 2.462), (1e9, 2.326)])
def test_the_quantile_is_students(freedom: float, known: float) -> None:
    assert quantile(0.99, freedom) == pytest.approx(known, rel=0.01)


def runs(*ms: float) -> Runs:
    return Runs(len(ms), np.array(ms, dtype=float), np.full(len(ms), np.nan))


def test_ten_executions_in_each_window_are_the_least() -> None:
    assert shift(runs(*[100] * 9), runs(*[100] * 30)) is None
    assert shift(runs(*[100] * 10), runs(*[100] * 10)) is not None


def test_a_slow_run_in_ten_moves_nothing() -> None:
    steady = [100 + i for i in range(20)]
    moved, spoiled = shift(runs(*steady), runs(*steady)), shift(runs(*steady), runs(*steady[:-2], 1e6, 1e6))
    assert moved
    assert spoiled
    assert moved.value == 0
    assert abs(spoiled.value) < 0.02


def test_drift_needs_six_templates_left_alone() -> None:
    alike = [Estimated(math.log(2), 0.01, 20)] * 6
    assert drift(alike[:5]) is None
    found = drift(alike)
    assert found
    assert found.common.value == pytest.approx(math.log(2))
    assert found.own == 0


def test_what_everyone_does_is_no_saving() -> None:
    everyone = drift([Estimated(math.log(0.5) + 0.01 * i, 0.01, 20) for i in range(-4, 5)])
    assert everyone
    assert saving([], everyone) == Range(0, 0, 0)


def drawn(rng: np.random.Generator, median: float, spread: float) -> Runs:
    """Thirty lognormal times, one in thirty ten times as long."""
    return runs(*rng.lognormal(math.log(median), spread, 30) * np.where(rng.random(30) < 1 / 30, 10, 1))


def pair(rng: np.random.Generator, factor: float) -> tuple[Estimated, float]:
    """How a template moved whose time went to `factor`, and to within a tenth by itself."""
    median, spread = rng.lognormal(9, 1), rng.uniform(0.2, 0.7)
    before = drawn(rng, median, spread)
    found = shift(before, drawn(rng, median * factor * np.exp(rng.normal(0, 0.1)), spread))
    assert found
    return found, float(before.ms.mean())


def success(rng: np.random.Generator, factor: float) -> bool:
    """Whether a change to two templates is called one; sixteen others are left alone, and all the account drifts."""
    speed = rng.uniform(0.6, 1.6)
    drifted = drift([pair(rng, speed)[0] for _ in range(16)])
    assert drifted
    return saving([Treated(*pair(rng, speed * factor)) for _ in range(2)], drifted).low > 0


def test_a_change_that_did_nothing_is_hardly_ever_called_a_success() -> None:
    rng = np.random.default_rng(1)
    assert sum(success(rng, 1.0) for _ in range(300)) <= 300 * 0.02


def test_a_change_that_more_than_halved_the_time_nearly_always_is() -> None:
    rng = np.random.default_rng(2)
    assert sum(success(rng, rng.uniform(0.1, 0.45)) for _ in range(300)) >= 300 * 0.95


# ---------------------------------------------------------------- recognising the change


def published(**changes: Any) -> Published:
    return replace(read_one(recommended("clustering_key-00000001", "T")), **changes)


def read_one(entry: dict[str, Any]) -> Published:
    from advisor.published import _recommendation

    return _recommendation(entry)


def holding(*key: str, name: str = "T", kind: str = "BASE TABLE") -> Catalog:
    full = TableName("DB", "PUBLIC", name)
    return Catalog({full: Table(full, kind, 1, 1, clustering_key=key)})


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((), ("K0",), State.APPLIED),
        (("A",), ('"K0"',), State.APPLIED),
        (("K0",), ("K0",), State.BEFORE),
        ((), (), State.NOT_APPLIED),
        ((), ("K1",), State.OTHERWISE),
        (("K0",), (), State.OTHERWISE),
    ],
)
def test_a_key_is_recognised_in_the_catalog(before: tuple[str, ...], after: tuple[str, ...], found: State) -> None:
    assert state(published(), holding(*before), holding(*after)) == found
    assert in_force(published(), holding(*after)) == (after in (("K0",), ('"K0"',)))


OLD, NEW = datetime(2024, 12, 1), datetime(2025, 1, 20)


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        ({"id": 1, "created": OLD}, {"id": 2, "created": NEW}, State.REMADE),
        ({"created": OLD}, {"created": NEW}, State.REMADE),
        ({"id": 1}, {"id": 2}, State.REMADE),
        ({"id": 1, "created": OLD}, {"id": 1, "created": OLD}, State.NOT_APPLIED),
        ({"id": 1, "created": OLD}, {"created": OLD}, State.NOT_APPLIED),
        ({}, {"id": 2, "created": NEW}, State.NOT_APPLIED),
    ],
)
def test_a_table_that_was_made_anew_has_lost_the_key(was: dict[str, Any], now: dict[str, Any], found: State) -> None:
    def made(facts: dict[str, Any], *key: str) -> Catalog:
        return Catalog({name: replace(each, **facts) for name, each in holding(*key).tables.items()})

    assert state(published(), made(was), made(now)) == found
    assert state(published(), made(was, "K0"), made(now)) == (found if found == State.REMADE else State.OTHERWISE)
    assert state(published(), made(was), made(now, "K0")) == State.APPLIED
    assert state(published(), made(was), made(now, "K1")) == State.OTHERWISE


@pytest.mark.parametrize(
    ("advised", "stored"),
    [
        ("TO_DATE(TS)", "CAST(TS AS DATE)"),
        ("TO_DATE(TS)", "TS::DATE"),
        ('TO_DATE("my day")', 'CAST("my day" AS DATE)'),
        ("DATE_TRUNC('MONTH', TS)", "date_trunc('month', TS)"),
        ("SUBSTRING(C, 1, 4)", "SUBSTR(C,1,4)"),
    ],
)
def test_a_key_is_recognised_in_the_form_that_snowflake_stores(advised: str, stored: str) -> None:
    made = published(details={"clustering_key": ["ID", advised], "tables": ["DB.PUBLIC.T"]})
    assert in_force(made, holding("ID", stored))
    assert state(made, holding(), holding("ID", stored)) == State.APPLIED
    assert state(made, holding("ID", advised), holding("ID", stored)) == State.BEFORE
    assert not in_force(made, holding("ID", "CAST(TS2 AS DATE)"))


def test_blanks_and_letter_case_of_an_expression_do_not_matter() -> None:
    key = {"clustering_key": ["TO_DATE(TS)", "TRUNC(ID, -3)"], "tables": ["DB.PUBLIC.T"]}
    assert state(published(details=key), holding(), holding("to_date(TS)", "trunc( ID,-3 )")) == State.APPLIED


def test_a_dropped_key_is_recognised() -> None:
    drop = published(action="drop", details={"clustering_key": [], "tables": ["DB.PUBLIC.T"]})
    assert state(drop, holding("A"), holding()) == State.APPLIED
    assert state(drop, holding("A"), holding("A")) == State.NOT_APPLIED


def test_an_object_that_the_statement_creates_is_recognised() -> None:
    made = published(kind="materialized_view", apply=("CREATE MATERIALIZED VIEW DB.PUBLIC.T_MV AS SELECT 1",))
    view = holding(name="T_MV", kind="MATERIALIZED VIEW")
    assert state(made, holding(), view) == State.APPLIED
    assert state(made, view, view) == State.BEFORE
    assert state(made, holding(), holding(name="T_MV2")) == State.NOT_APPLIED


@pytest.mark.parametrize(
    ("details", "done"),
    [
        ({"cause": "retention"}, {"retention_days": 1}),
        ({"cause": "transient"}, {"traits": frozenset({"transient"}), "retention_days": 30}),
    ],
)
def test_storage_that_is_kept_shorter_is_recognised(details: dict[str, object], done: dict[str, Any]) -> None:
    made = published(kind="storage_retention", details=details, apply=())
    table = next(iter(holding().tables.values()))
    plain = replace(table, retention_days=30)
    before, after = (Catalog({table.name: each}) for each in (plain, replace(plain, **done)))
    assert [state(made, *each) for each in ((before, after), (after, after), (before, before))] == [
        State.APPLIED,
        State.BEFORE,
        State.NOT_APPLIED,
    ]


def test_a_retention_that_is_not_recorded_is_unknown() -> None:
    assert in_force(published(kind="storage_retention", details={"cause": "retention"}), holding()) is None


def test_a_table_that_was_set_aside_is_recognised_under_its_new_name() -> None:
    aside = published(kind="storage_retention", details={"cause": "unread"}, apply=())
    assert state(aside, holding(), holding(name="T_UNREAD")) == State.APPLIED
    assert state(aside, holding(), holding()) == State.NOT_APPLIED


def test_a_table_that_was_set_aside_and_then_dropped_is_not_taken_back() -> None:
    """The script says to drop it once nobody has missed it."""
    aside = published(kind="storage_retention", details={"cause": "unread"}, apply=())
    assert in_force(aside, holding(name="OTHER"))
    assert state(aside, holding(), holding(name="OTHER")) == State.APPLIED


@pytest.mark.parametrize("kind", ["clustering_key", "storage_retention"])
def test_an_object_that_is_gone_is_no_change_of_it(kind: str) -> None:
    made = published(kind=kind, details={"cause": "retention", "clustering_key": ["K0"]}, apply=())
    assert state(made, holding(), holding(name="OTHER")) == State.GONE


def test_a_view_that_was_dropped_is_recognised() -> None:
    target = Target("materialized_view", "T_MV", "DB", "PUBLIC")
    drop = published(
        kind="materialized_view",
        action="drop",
        target=target,
        details={},
        apply=("DROP MATERIALIZED VIEW IF EXISTS DB.PUBLIC.T_MV",),
    )
    view = holding(name="T_MV", kind="MATERIALIZED VIEW")
    assert [state(drop, view, after) for after in (holding(), view)] == [State.APPLIED, State.NOT_APPLIED]
    assert state(drop, Catalog({}, {TableName("DB", "PUBLIC", "T_MV"): "create …"}), holding()) == State.APPLIED


def test_a_split_stands_once_all_its_parts_and_the_view_in_the_table_s_place_do() -> None:
    """A run that stopped halfway, or was taken back and left its parts, is none."""
    statements = (
        "ALTER TABLE IF EXISTS DB.PUBLIC.T_BEFORE_SPLIT RENAME TO DB.PUBLIC.T",
        "CREATE TABLE IF NOT EXISTS DB.PUBLIC.T_COLD LIKE DB.PUBLIC.T COMMENT = 'Part of T'",
        "CREATE TABLE IF NOT EXISTS DB.PUBLIC.T_HOT LIKE DB.PUBLIC.T COMMENT = 'Part of T'",
        "ALTER TABLE DB.PUBLIC.T RENAME TO DB.PUBLIC.T_BEFORE_SPLIT",
        "CREATE VIEW DB.PUBLIC.T (A) AS\nSELECT A FROM DB.PUBLIC.T_HOT",
    )
    split = published(kind="history_partitioning", details={}, apply=statements)
    parts = {**holding(name="T_HOT").tables, **holding(name="T_COLD").tables}
    halfway, back = (
        Catalog({**holding().tables, **holding(name="T_COLD").tables}),
        Catalog({**holding().tables, **parts}),
    )
    done = [
        Catalog({**parts, **holding(kind="VIEW").tables}),
        Catalog(parts, {TableName("DB", "PUBLIC", "T"): "create …"}),
    ]
    assert [state(split, holding(), after) for after in (holding(), halfway, back)] == [State.NOT_APPLIED] * 3
    assert [state(split, holding(), after) for after in done] == [State.APPLIED] * 2
    assert [in_force(split, each) for each in (holding(), back, *done)] == [False, False, True, True]


def test_a_change_that_leaves_no_trace_is_unknown() -> None:
    made = published(kind="warehouse_setting", apply=("ALTER WAREHOUSE W SET AUTO_SUSPEND = 60",))
    assert state(made, holding(), holding()) == State.UNKNOWN
    assert in_force(made, holding()) is None


# ---------------------------------------------------------------- verdicts


def test_verdicts_are_right_on_seeded_accounts(tmp_path: Path) -> None:
    """A share of `benchmarks.track`, from the files on; how often they err is counted above."""
    found = verdicts(account(tmp_path / "still", 103, False)) + verdicts(account(tmp_path / "drifted", 103, True))
    clear = [each for each in found if each[0] != "improved a little"]
    assert len(clear) == 12
    assert sum(truth == said for _, truth, said in clear) >= 11
    assert not [each for each in clear if {each[1], each[2]} == {"confirmed", "regressed"}]


def history(day: int, factor: float, times: int = 30, controls: int = 8) -> list[dict[str, Any]]:
    """Executions over T and over tables left alone; every template's time varies by a fifth around a second."""
    texts = ["SELECT * FROM t WHERE k0 = ", *(f"SELECT * FROM c{i} WHERE k0 = " for i in range(controls))]
    return [
        query(
            f"{text}{i}",
            QUERY_ID=f"{day}-{number}-{i}",
            START_TIME=START + timedelta(days=day, hours=i * 11),
            END_TIME=START + timedelta(days=day, hours=i * 11, seconds=5),
            EXECUTION_TIME=round(1_000_000 * (1 + 0.2 * math.sin(i * 7 + number)) * (1 if number else factor)),
            WAREHOUSE_SIZE="Large",
        )
        for number, text in enumerate(texts)
        for i in range(times)
    ]


TABLES = [table("T"), *(table(f"C{i}") for i in range(8))]
KEYED = [table("T", CLUSTERING_KEY="LINEAR(K0)"), *TABLES[1:]]
PLACE = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "T"}


def bill(day: int, credits: float, days: int = 14) -> list[dict[str, Any]]:
    return [{**PLACE, "START_TIME": START + timedelta(days=day + i), "CREDITS_USED": credits} for i in range(days)]


ENDED = f"{(START + timedelta(hours=29 * 11, seconds=5)).replace(tzinfo=None).isoformat()}Z"
"""The end of the window before: its last query's."""


def advice(tmp_path: Path, *entries: dict[str, Any]) -> Publication:
    content = {
        "schema": 1,
        "snapshot": {"source": "export", "window_start": "2025-01-01T00:00:00Z", "window_end": ENDED},
        "coverage": {"queries": 0, "templates": 0, "execution_time_understood_share": 1, "views_missing": []},
        "baseline": {},
        "recommendations": list(entries or [recommended("clustering_key-00000001", "T")]),
        "rejections": [],
    }
    (tmp_path / "advice.json").write_text(json.dumps(content))
    return read(tmp_path / "advice.json")


def tracked(
    tmp_path: Path,
    factor: float,
    billed: float | None = 0.1,
    after: list[dict[str, Any]] | None = None,
    entries: tuple[dict[str, Any], ...] = (),
    **options: Any,
) -> Tracking:
    """T got a key, and its queries take `factor` of their time; `billed` credits a day are charged for it."""
    write_snapshot(tmp_path / "before", history(0, 1), TABLES)
    write_snapshot(tmp_path / "after", history(14, factor) if after is None else after, KEYED)
    if billed is not None:
        write_view(tmp_path / "after", "automatic_clustering_history", bill(14, billed))
    with open_snapshot(tmp_path / "before") as old, open_snapshot(tmp_path / "after") as new:
        return track(old, new, advice(tmp_path, *entries), Settings(), **options)


def only(found: Tracking) -> Outcome:
    (outcome,) = found.outcomes
    return outcome


def test_a_change_that_helped_is_confirmed_and_its_figures_are_those_of_the_history(tmp_path: Path) -> None:
    found = only(tracked(tmp_path, 0.25))
    assert found.verdict == Verdict.CONFIRMED
    assert found.saved
    assert found.upkeep
    assert found.upkeep.expected == pytest.approx(0.1 * 30, rel=0.1)
    # 30 executions of 1,000 s in the 14 days that the window lasts, at 8 credits an hour, three quarters saved
    assert found.saved.expected == pytest.approx(30 / 13.3 * 30 * 1000 / 3600 * 8 * 0.75, rel=0.05)
    (template,) = found.templates
    assert (template.executions_before, template.executions_after) == (30, 30)


def test_upkeep_beyond_the_saving_is_a_regression_with_its_revert(tmp_path: Path) -> None:
    found = tracked(tmp_path, 0.9, billed=20)
    assert only(found).verdict == Verdict.REGRESSED
    assert only(found).reason == "Its upkeep takes more than it saves."
    assert "ALTER TABLE DB.PUBLIC.T DROP CLUSTERING KEY;" in revert_script(found)
    assert "What regressed, undone:" in as_text(found)


def test_slower_queries_are_a_regression(tmp_path: Path) -> None:
    assert only(tracked(tmp_path, 3)).reason == "Its queries take longer."


def test_upkeep_that_is_not_known_confirms_nothing(tmp_path: Path) -> None:
    found = only(tracked(tmp_path, 0.25, billed=None))
    assert (found.verdict, found.upkeep) == (Verdict.NOT_PROVEN, None)
    assert found.reason == "What its upkeep takes is not known."


def test_upkeep_that_was_predicted_stands_in_for_a_bill_that_is_missing(tmp_path: Path) -> None:
    entry = recommended("clustering_key-00000001", "T")
    entry["cost"] = {"upkeep_credits_per_month": {"low": 1, "expected": 2, "high": 3}}
    found = only(tracked(tmp_path, 0.25, billed=None, entries=(entry,)))
    assert (found.verdict, found.upkeep_observed) == (Verdict.CONFIRMED, False)


def test_cached_answers_do_not_make_a_change_look_fast(tmp_path: Path) -> None:
    cached = [
        {**row, "QUERY_ID": f"{row['QUERY_ID']}c", "EXECUTION_TIME": 5, "WAREHOUSE_SIZE": None}
        | {"BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0}
        for row in history(14, 1)
    ]
    found = only(tracked(tmp_path, 1, after=history(14, 1) + cached))
    assert found.verdict != Verdict.CONFIRMED
    assert found.templates[0].executions_after == 30


def test_too_few_executions_prove_nothing(tmp_path: Path) -> None:
    rare = [row for row in history(14, 0.1) if not row["QUERY_ID"].startswith("14-0-") or row["QUERY_ID"][-1] == "0"]
    found = only(tracked(tmp_path, 0.1, after=rare))
    assert found.reason == "No template of it ran 10 times in both windows."


def test_without_templates_left_alone_drift_is_unknown(tmp_path: Path) -> None:
    found = tracked(tmp_path, 0.1, after=history(14, 0.1, controls=5))
    assert found.drift is None
    assert only(found).verdict == Verdict.NOT_PROVEN


def test_two_changes_that_the_same_queries_feel_are_not_told_apart(tmp_path: Path) -> None:
    other = recommended("warehouse_setting-00000002", "T") | {"kind": "warehouse_setting"}
    entries = (recommended("clustering_key-00000001", "T"), other)
    found = tracked(tmp_path, 0.25, entries=entries, applied=["warehouse_setting-00000002"])
    assert [each.verdict for each in found.outcomes] == [Verdict.NOT_PROVEN] * 2
    assert "can't be told apart" in found.outcomes[0].reason


def test_what_was_not_applied_gets_no_verdict(tmp_path: Path) -> None:
    found = tracked(tmp_path, 0.25, entries=(recommended("clustering_key-00000003", "C0"),))
    assert (only(found).state, only(found).verdict) == (State.NOT_APPLIED, None)


@pytest.mark.parametrize("applied", [(), ("clustering_key-00000001",)])
def test_a_key_that_went_with_the_old_table_is_told_and_its_queries_are_no_measure_of_drift(
    tmp_path: Path, applied: tuple[str, ...]
) -> None:
    of_ids = [[{**row, "TABLE_ID": first + i} for i, row in enumerate(TABLES)] for first in (1, 1)]
    of_ids[1][0] |= {"TABLE_ID": 99, "CREATED": START + timedelta(days=20)}
    write_snapshot(tmp_path / "before", history(0, 1), of_ids[0])
    write_snapshot(tmp_path / "after", history(14, 1), of_ids[1])
    with open_snapshot(tmp_path / "before") as old, open_snapshot(tmp_path / "after") as new:
        found = track(old, new, advice(tmp_path), Settings(), applied)
    assert (only(found).state, only(found).verdict) == (State.REMADE, None)
    assert only(found).reason == (
        "The table was made anew on 2025-01-21 and has no key: one that was set on the old table is lost. Set it where the table is made."
    )
    assert found.drift is not None
    assert found.drift.controls == len(TABLES) - 1


def test_a_dropped_key_is_confirmed_by_the_bill_that_ended(tmp_path: Path) -> None:
    entry = recommended("clustering_key-00000004", "T")
    entry |= {"action": "drop", "details": {"clustering_key": [], "tables": ["DB.PUBLIC.T"]}}
    write_snapshot(tmp_path / "before", history(0, 1)[30:], KEYED, automatic_clustering_history=bill(0, 1))
    write_snapshot(tmp_path / "after", history(14, 1)[30:], TABLES, automatic_clustering_history=bill(0, 0))
    with open_snapshot(tmp_path / "before") as old, open_snapshot(tmp_path / "after") as new:
        found = only(track(old, new, advice(tmp_path, entry), Settings()))
    assert found.verdict == Verdict.CONFIRMED
    assert found.net
    assert found.net.expected == pytest.approx(14 / 13.3 * 30, rel=0.05)


def test_equal_snapshots_give_equal_bytes_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    one = tracked(tmp_path / "one", 0.5)
    other = tracked(tmp_path / "other", 0.5, after=history(14, 0.5)[::-1])
    assert as_text(one) == as_text(other)


def test_a_history_that_was_aggregated_where_it_is_gives_the_same_verdict(tmp_path: Path) -> None:
    whole = only(tracked(tmp_path, 0.25))
    for folder in (tmp_path / "before", tmp_path / "after"):
        with open_snapshot(folder) as snapshot:
            for view, text in aggregates().items():
                target = folder / f"{view}.parquet"
                snapshot.connection.execute(
                    f"COPY ({text.replace('NTILE(24)', 'NTILE(30)')}) TO '{target}' (FORMAT parquet)"
                )
        (folder / "query_history.parquet").unlink()
    with open_snapshot(tmp_path / "before") as old, open_snapshot(tmp_path / "after") as new:
        found = only(track(old, new, read(tmp_path / "advice.json"), Settings()))
    assert (found.verdict, found.saved) == (whole.verdict, whole.saved)


# ---------------------------------------------------------------- the command


def test_the_command_prints_verdicts_and_writes_the_revert(tmp_path: Path) -> None:
    tracked(tmp_path, 3)
    arguments = ("track", "before", "after", "--advice", "advice.json")
    done = advisor(*arguments, "--format", "json", "--revert", "revert.sql", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert outcome["verdict"] == "regressed"
    assert "DROP CLUSTERING KEY;" in (tmp_path / "revert.sql").read_text()
    assert "regressed" in advisor(*arguments, cwd=tmp_path).stdout
    wrong = advisor(*arguments, "--applied", "x-00000000", cwd=tmp_path)
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)


def test_the_revert_of_an_earlier_run_is_not_left_where_nothing_regressed_since(tmp_path: Path) -> None:
    arguments = ("track", "before", "after", "--advice", "advice.json", "--revert", "revert.sql")
    tracked(tmp_path, 3)
    advisor(*arguments, cwd=tmp_path)
    assert "DROP CLUSTERING KEY;" in (tmp_path / "revert.sql").read_text()
    tracked(tmp_path, 0.25)
    done = advisor(*arguments, cwd=tmp_path)
    assert (done.returncode, "confirmed" in done.stdout) == (0, True), done.stderr
    assert (
        tmp_path / "revert.sql"
    ).read_text() == "-- Nothing that was applied has regressed: there is nothing to undo.\n"
    (tmp_path / "revert.sql").unlink()
    advisor(*arguments, cwd=tmp_path)
    assert not (tmp_path / "revert.sql").exists()


def test_a_snapshot_beside_itself_has_nothing_after_it_and_no_verdict(tmp_path: Path) -> None:
    tracked(tmp_path, 3)
    done = advisor("track", "before", "before", "--advice", "advice.json", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [outcome["verdict"] for outcome in json.loads(done.stdout)["outcomes"]] == [None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("after", "before"), "before ends before after does: name the snapshot from before the change first"),
        (("before", "after", "--since", "2030-01-01"), "so it holds nothing since"),
        (("before", "after", "--revert", "."), "it is a folder"),
        (("before", "after", "--revert", "one", "--ledger", "one"), "name the same file one"),
    ],
)
def test_windows_in_the_wrong_order_and_files_that_are_none_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    tracked(tmp_path, 3)
    done = advisor("track", *arguments, "--advice", "advice.json", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines()), said in done.stderr) == (2, 1, True)
    assert done.stdout == ""


def test_advice_that_another_snapshot_gave_is_refused(tmp_path: Path) -> None:
    """Else its predictions would be held against executions that they never spoke of."""
    tracked(tmp_path, 3)
    content = json.loads((tmp_path / "advice.json").read_text())
    content["snapshot"]["window_end"] = "2025-01-15T00:00:00Z"
    (tmp_path / "advice.json").write_text(json.dumps(content))
    done = advisor("track", "before", "after", "--advice", "advice.json", "--ledger", "ledger.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert (
        "advice.json was made from 2025-01-01 00:00 to 2025-01-15 00:00 UTC, and before holds 2025-01-01 00:00 to"
        in done.stderr
    )
    assert not (tmp_path / "ledger.jsonl").exists()
