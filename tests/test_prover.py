"""Proofs: the engine's own sort, zone maps and literals against what real files of sorted rows would skip."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advisor.account import read_account
from advisor.analyzer import advise, propose
from advisor.errors import InputError
from advisor.model import Advice, Catalog, Column, Grade, KeyPart, Rejection, Table, TableName
from advisor.prover import Proven, prove, wanted, why_withdrawn
from advisor.prover.conditions import Condition, condition
from advisor.prover.ground import Key, expression, ground
from advisor.prover.texts import own_filter
from advisor.settings import Settings
from advisor.snapshot import open_snapshot, sample_file
from advisor.usage import read
from tests import advices
from tests.commands import advisor
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, loads, runs
from tests.snapshots import START, Row, write_snapshot

NAME = TableName("DB", "PUBLIC", "ORDERS")
TYPES = {
    "ID": "NUMBER",
    "CUSTOMER_ID": "NUMBER",
    "DAY": "DATE",
    "AT": "TIMESTAMP_NTZ",
    "CODE": "TEXT",
    "OPEN": "BOOLEAN",
}
CATALOG = Catalog(
    {NAME: Table(NAME, "BASE TABLE", 1, 1, tuple(Column(n, t, i) for i, (n, t) in enumerate(TYPES.items())))}
)
NUMBERS = {name: i for i, name in enumerate(TYPES)}


def asked(where: str, numbers: Mapping[str, int] = NUMBERS) -> Condition | None:
    """The condition of the only scan of this statement."""
    reading = read(f"SELECT * FROM orders WHERE {where}", CATALOG, database="DB", schema="PUBLIC", at=START)
    assert (reading.problem, reading.scans) == (None, (NAME,))
    return condition(reading.usages, numbers)


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("where", "zones"),
    [
        ("customer_id = 7", "(low1 <= 7 AND high1 >= 7)"),
        ("customer_id IN (7, 9)", "((low1 <= 7 AND high1 >= 7) OR (low1 <= 9 AND high1 >= 9))"),
        ("customer_id > 7", "high1 > 7"),
        ("day BETWEEN '2024-01-01' AND '2024-01-31'", "(high2 >= DATE '2024-01-01' AND low2 <= DATE '2024-01-31')"),
        ("day >= '2024-01-01' AND day < '2024-02-01'", "(high2 >= DATE '2024-01-01' AND low2 < DATE '2024-02-01')"),
        ("to_date(at) = '2024-05-01'", "(high3 >= TIMESTAMP '2024-05-01 00:00:00' AND low3 < TIMESTAMP '2024-05-02 00:00:00')"),
        ("code LIKE 'it''s%'", "left(low4, 4) <= 'it''s' AND left(high4, 4) >= 'it''s'"),
        ("customer_id = 7 AND code = 'a'", "((low1 <= 7 AND high1 >= 7) AND (low4 <= 'a' AND high4 >= 'a'))"),
        ("customer_id < 7 OR customer_id > 90", "(low1 < 7 OR high1 > 90)"),
        ("customer_id = 7 OR code = 'a'", "((low1 <= 7 AND high1 >= 7) OR (low4 <= 'a' AND high4 >= 'a'))"),
        ("customer_id > 7 OR (code = 'a' AND upper(code) = 'A')", "(high1 > 7 OR (low4 <= 'a' AND high4 >= 'a'))"),
    ],
)  # fmt: skip
def test_a_condition_becomes_a_question_to_the_zone_maps(where: str, zones: str) -> None:
    found = asked(where)
    assert found is not None
    assert found.zones == zones


@pytest.mark.parametrize(
    "where", ["upper(code) = 'A'", "code LIKE '%a'", "customer_id <> 7", "customer_id = 7 OR code LIKE '%a'"]
)
def test_what_a_minimum_and_a_maximum_cannot_decide_excludes_nothing(where: str) -> None:
    assert asked(where) == Condition("TRUE", "TRUE")


def test_a_sample_tells_nothing_of_rare_nulls_and_of_columns_that_it_lacks() -> None:
    assert asked("code IS NULL") is None
    assert asked("customer_id = 7", {"DAY": 0}) is None


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("SELECT SUM(id) FROM orders o WHERE o.customer_id = 7 AND day >= '2024-01-01'::DATE", "c1 = 7 AND c2 >= CAST('2024-01-01' AS DATE)"),
        ("SELECT * FROM orders WHERE IFF(open, id, customer_id) = 3", "CASE WHEN c5 THEN c0 ELSE c1 END = 3"),
        ("SELECT * FROM orders WHERE customer_id IN (SELECT 7)", None),
        ("SELECT * FROM orders JOIN other USING (id) WHERE customer_id = 7", None),
        ("SELECT * FROM orders WHERE unheard_of = 7", None),
        ("SELECT * FROM orders WHERE customer_id = :1", None),
        ("SELECT * FROM orders", None),
        ("DELETE FROM orders WHERE id = 1", None),
        ("SELECT * FROM orders WHERE (((", None),
    ],
)  # fmt: skip
def test_a_simple_statement_gives_its_own_filter(text: str, own: str | None) -> None:
    assert own_filter(text, NUMBERS) == own


# ---------------------------------------------------------------- the engine

ROWS, PARTITIONS = 2048 * 60, 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rows of a table, NULLs among them, in the place of a sample."""
    rng = np.random.default_rng(3)
    day = np.sort(rng.integers(0, 700, ROWS))
    customer = rng.integers(0, 5_000, ROWS)
    values = {
        "ID": rng.permutation(ROWS),
        "CUSTOMER_ID": pa.array(customer, mask=rng.random(ROWS) < 0.05),
        "DAY": pa.array([date(2024, 1, 1) + timedelta(days=int(d)) for d in day]),
        "AT": pa.array([datetime(2024, 1, 1) + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, customer, strict=True)]),
        "CODE": [f"C-{customer * 7 % 5_000:05d}" for customer in customer],
        "OPEN": rng.random(ROWS) < 0.1,
    }  # fmt: skip
    path = tmp_path_factory.mktemp("whole") / sample_file(NAME)
    pq.write_table(pa.table(values), path)
    return path


ASKED = [
    "customer_id = 77",
    "customer_id IN (5, 1200, 4999)",
    "day >= '2024-03-01' AND day < '2024-04-01'",
    "to_date(at) = '2025-05-01'",
    "at >= '2025-10-01'",
    "code LIKE 'C-012%'",
    "code = 'C-01234'",
    "day < '2024-06-01' AND customer_id = 1234",
    "customer_id < 10 OR customer_id > 4990",
    "customer_id = 77 OR (day < '2024-03-01' AND code = 'C-01234')",
    "open = TRUE",
]
# Each ends in a column of distinct values: no ties, so that every engine sorts alike.
KEYS: list[Key] = [
    (KeyPart("DAY", unit="MONTH"), KeyPart("CUSTOMER_ID"), KeyPart("ID")),
    (KeyPart("CUSTOMER_ID", digits=3), KeyPart("AT", unit="WEEK"), KeyPart("ID")),
    (KeyPart("CODE", substring=(3, 2)), KeyPart("ID")),
    (KeyPart("AT", unit="HOUR"), KeyPart("ID")),
    (KeyPart("OPEN"), KeyPart("DAY"), KeyPart("ID")),
]


def row_groups(path: Path, key: Key, tests: Sequence[Condition], to: Path) -> list[int]:
    """How many row groups of a file of the sorted rows have statistics under which each condition may hold."""
    quoted = {name: f'"{name}"' for name in TYPES}
    order = ", ".join(f"{expression(part, quoted[part.column])} NULLS LAST" for part in key)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM '{path}' ORDER BY {order}) TO '{to}' (FORMAT parquet, ROW_GROUP_SIZE {ROWS // PARTITIONS})"
        )
        kinds = {"NUMBER": "BIGINT", "TIMESTAMP_NTZ": "TIMESTAMP", "TEXT": "VARCHAR"}
        values = ", ".join(
            f"max(stats_{end}_value) FILTER (WHERE path_in_schema = '{name}')::{kinds.get(kind, kind)} AS {short}{i}"
            for i, (name, kind) in enumerate(TYPES.items())
            for short, end in (("low", "min"), ("high", "max"))
        )
        counts = ", ".join(f"count(*) FILTER (WHERE {test.zones})" for test in tests)
        found = connection.execute(
            f"WITH zones AS (SELECT row_group_id, {values} FROM parquet_metadata('{to}') GROUP BY ALL)"
            f" SELECT count(*), {counts} FROM zones"
        ).fetchall()[0]
    assert found[0] == PARTITIONS
    return list(found[1:])


def test_partitions_are_those_that_the_row_groups_of_a_sorted_file_show(whole: Path, tmp_path: Path) -> None:
    tests = [test for test in map(asked, ASKED) if test is not None]
    parts = tuple(dict.fromkeys(part for key in KEYS for part in key))
    with ground(whole, tuple(TYPES), len(TYPES), parts, PARTITIONS, float(ROWS), Settings()) as on:
        counted = on.counts(KEYS, tests).tolist()
    assert len(tests) == len(ASKED)
    for i, key in enumerate(KEYS):
        assert counted[i] == pytest.approx(row_groups(whole, key, tests, tmp_path / f"{i}.parquet"), abs=1), key


def test_rows_found_in_the_partitions_kept_are_those_found_in_all(whole: Path) -> None:
    tests = [test for test in map(asked, ASKED) if test is not None]
    with ground(whole, tuple(TYPES), len(TYPES), KEYS[0], PARTITIONS, float(ROWS), Settings()) as on:
        before = on.digests("rows", [test.rows for test in tests])
        on.keep(KEYS[0])
        assert on.digests("kept", [f"{test.rows} AND {test.zones}" for test in tests]) == before
        (too_few,) = on.digests("kept", [f"{tests[2].rows} AND high1 < 4900"])
        assert too_few not in (None, before[2])


def test_a_few_rows_stand_for_the_partitions_of_all(whole: Path, tmp_path: Path) -> None:
    """One row in 50: 40 a partition, whose spans are widened to those of 2,048."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM '{whole}' WHERE ID % 50 = 1) TO '{tmp_path}/few.parquet'")
    tests = [test for test in map(asked, ASKED[:7]) if test is not None]
    parts = tuple(dict.fromkeys(part for key in KEYS for part in key))
    counts = []
    for path in (whole, tmp_path / "few.parquet"):
        with ground(path, tuple(TYPES), len(TYPES), parts, PARTITIONS, float(ROWS), Settings()) as on:
            counts.append(np.maximum(1, on.counts(KEYS[:4], tests)))
    ratios = np.maximum(counts[0] / counts[1], counts[1] / counts[0])
    assert np.median(ratios) < 1.1
    assert (ratios <= 2).mean() >= 0.9


def test_a_column_that_is_nearly_all_null_tells_nothing_unless_these_are_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "sample.parquet"
    sql = "SELECT i AS ID, CASE WHEN i % 100 = 0 THEN i END AS ERROR FROM range(1000) t(i)"
    duckdb.sql(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    for rows, told in ((100_000.0, {"ID": 0}), (1_000.0, {"ID": 0, "ERROR": 1})):
        with ground(path, ("ID", "ERROR"), 2, (KeyPart("ID"),), 50, rows, Settings()) as on:
            assert on.telling == told


def test_a_filter_that_the_engine_cannot_hold_against_the_rows_is_refused(whole: Path) -> None:
    with ground(whole, ("CODE",), 1, (KeyPart("CODE"),), PARTITIONS, float(ROWS), Settings()) as on:
        assert on.refused(["c0 >= DATE '2024-01-01'", "c0 = 'a'", "c0 < 3"]) == {"c0 >= DATE '2024-01-01'", "c0 < 3"}


# ---------------------------------------------------------------- the advice


def sample(folder: Path, customers: Any, rows: int = 40_000, name: TableName = NAME, turned: bool = False) -> Path:
    """A folder with a sample of ORDERS: these customers, days of one year."""
    days = np.datetime64("2024-01-01") + np.random.default_rng(2).integers(0, 366, rows).astype("timedelta64[D]")
    made = pa.table({"CUSTOMER_ID": customers, "DAY": days, "ID": np.arange(rows)})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(made.take(pa.array(np.arange(rows)[::-1])) if turned else made, folder / sample_file(name))
    return folder


def spread(rows: int = 40_000) -> Any:
    return np.random.default_rng(1).integers(0, 100_000, rows)


HISTORY = runs(by_customer, 400, 2000) + runs(by_week, 100, 2000, start=5) + loads(100_000)


def proven(
    folder: Path, samples: Path, history: Sequence[Row] = HISTORY, **asked: Any
) -> tuple[Proven, Advice, Advice]:
    """What is proven on samples that the prediction hasn't seen; the advice before and after."""
    write_snapshot(folder, history, [ORDERS], columns=columns("ORDERS"))
    with open_snapshot(folder) as snapshot:
        account = read_account(snapshot, Settings(), lambda *_: None)
        proposed = propose(account, Settings())
        found = prove(snapshot, account, proposed, samples, wanted(proposed, **asked), Settings())
        before, after = (advise(snapshot, account, each, Settings()) for each in (proposed, found.proposed))
    return found, before, after


def test_a_prediction_from_the_history_is_measured_on_a_sample(tmp_path: Path) -> None:
    found, before, after = proven(tmp_path / "snapshot", sample(tmp_path / "samples", spread()))
    assert (before.recommendations[0].grade, after.recommendations[0].grade) == (Grade.ESTIMATED, Grade.MEASURED)
    proof = after.recommendations[0].details["proof"]
    assert isinstance(proof, dict)
    assert (proof["sampled_rows"], proof["predicted_from"], proof["results"]["differing"]) == (40_000, "history", 0)
    assert proof["results"]["by_their_own_text"] == proof["results"]["scans"] == 48
    for row in proof["templates"]:
        assert row["ratio"] == pytest.approx(max(1, row["measured"]) / max(1, row["predicted"]))
    assert len(found.proofs) == len({each.key for each in found.proofs}) >= 3


@pytest.mark.parametrize("named", ["out", "out/advice.json"])
def test_what_the_measurement_contradicts_is_rejected_for_that_reason(tmp_path: Path, named: str) -> None:
    """The history takes customers for many; the sample shows that there is but one."""
    history = runs(lambda i: "SELECT * FROM orders WHERE customer_id = 7", 400, 2000) + loads(100_000)
    one = sample(tmp_path / "samples", np.full(40_000, 7))
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS", "COLUMN_NAME": "CUSTOMER_ID"}
    statistics = [{**place, "APPROX_DISTINCT": 100_000, "MIN_VALUE": "0", "MAX_VALUE": "99999", "NULL_SHARE": 0.0}]
    folder = write_snapshot(tmp_path / "s", history, [ORDERS], columns=columns("ORDERS"), column_statistics=statistics)
    analyzed = advisor("analyze", "--snapshot", str(folder), "--out", "out", cwd=tmp_path)
    assert "Cluster DB.PUBLIC.ORDERS by (CUSTOMER_ID)" in analyzed.stdout, analyzed.stderr
    done = advisor("prove", "--snapshot", str(folder), "--samples", str(one), "--advice", named, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "No longer recommended: Cluster DB.PUBLIC.ORDERS by (CUSTOMER_ID)" in done.stdout
    advice = json.loads((tmp_path / "out" / "advice.json").read_text())
    assert advice["recommendations"] == []
    (rejected,) = (r for r in advice["rejections"] if r["details"].get("clustering_key") == ["CUSTOMER_ID"])
    assert rejected["reason"].startswith("Measured on 40,000 rows sorted by this key it reads ")
    assert rejected["details"]["proof"]["partitions_scanned_per_month"]["measured"] > 800_000


def test_the_command_writes_the_proof_twice_alike_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "snapshot", HISTORY, [ORDERS], columns=columns("ORDERS"))
    written = []
    for turned in (False, True):
        sample(folder / "samples", spread(), turned=turned)
        done = advisor("prove", "--snapshot", str(folder), "--out", f"out{turned}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "the same" in done.stdout
        out = tmp_path / f"out{turned}"
        written.append({path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert written[0] == written[1]
    advice = json.loads(written[0]["advice.json"])
    schema = json.loads((Path(__file__).parent / "advice.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(advice, schema, format_checker=jsonschema.FormatChecker())
    assert advice["recommendations"][0]["evidence"]["grade"] == "measured"
    assert b"| Measured / predicted" in written[0]["plan.md"]


def test_analysing_and_proving_import_no_data_frames(tmp_path: Path) -> None:
    """The engine's client imports pandas, and with it pyarrow, to bind a single value: 60 MiB and half a second."""
    history = HISTORY + runs(lambda i: "SELECT region, SUM(id) FROM orders GROUP BY region", 400, 2000, start=7)
    folder = write_snapshot(tmp_path / "snapshot", history, [ORDERS], columns=columns("ORDERS"))
    sample(folder / "samples", spread())
    command = ["advisor", "prove", "--snapshot", str(folder), "--out", str(tmp_path / "out")]
    code = f"""
import runpy, sys
sys.argv = {command}
try:
    runpy.run_module("advisor", run_name="__main__")
except SystemExit as ended:
    print("status", ended.code, "imported", sorted({{"pandas", "pyarrow"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "status 0 imported []", done.stdout + done.stderr
    kinds = {each["kind"] for each in json.loads((tmp_path / "out" / "advice.json").read_text())["recommendations"]}
    assert kinds == {"clustering_key", "materialized_view"}, "each with a proof that runs in the engine"


def test_a_key_of_ones_own_is_measured_beside_the_candidates(tmp_path: Path) -> None:
    key = (KeyPart("DAY", unit="QUARTER"), KeyPart("CUSTOMER_ID", digits=3))
    found, _, after = proven(tmp_path / "snapshot", sample(tmp_path / "samples", spread()), table="ORDERS", key=key)
    assert [proof.key for proof in found.proofs] == [key]
    rendered = ["DATE_TRUNC('QUARTER', DAY)", "TRUNC(CUSTOMER_ID, -3)"]
    details = [each.details for each in after.recommendations] + [each.details for each in after.rejections]
    (noted,) = (each for each in details if each.get("clustering_key") == rendered)
    assert "proof" in noted


def test_what_cannot_be_measured_is_said_and_stays_as_predicted(tmp_path: Path) -> None:
    found, before, after = proven(tmp_path / "a", sample(tmp_path / "few", spread(900), 900))
    assert found.unproven == (
        (NAME, "its sample of 900 rows is too small for 2,000 partitions: 8 rows a partition are the least"),
    )
    assert after.recommendations == before.recommendations
    found, _, _ = proven(tmp_path / "b", tmp_path / "nowhere")
    assert found.unproven == ((NAME, "there is no sample of its rows"),)


def test_a_table_without_candidates_is_named_with_those_that_have_some(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no candidate key is known of T; there are some of: DB\.PUBLIC\.ORDERS"):
        proven(tmp_path / "snapshot", tmp_path, table="T")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "o"), "nothing could be measured: DB.PUBLIC.ORDERS: there is no sample of its rows"),
        (("--samples", "samples", "--table", "ORDERS", "--key", "ID"), "no query filters ID"),
        (("--key", "drop table x"), "is no list of columns"),
        (("--key", "MOD(ID, 3)"), "is no list of columns"),
        (("--samples", "none"), "--samples none is not a folder"),
        (("--advice", "advice.json"), "there is no advice.json"),
        (("--advice", "a", "--out", "o"), "not both"),
    ],
)
def test_what_the_user_must_mend_is_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    folder = write_snapshot(tmp_path / "snapshot", HISTORY, [ORDERS], columns=columns("ORDERS"))
    sample(tmp_path / "samples", spread())
    done = advisor("prove", "--snapshot", str(folder), *arguments, cwd=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line.startswith("advisor: ")]
    assert (done.returncode, len(lines), "Traceback" in done.stderr) == (2, 1, False)
    assert said in lines[0]


def test_a_sample_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "snapshot", HISTORY, [ORDERS], columns=columns("ORDERS"))
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / sample_file(NAME)).write_bytes(b"PAR1 and no more")
    done = advisor("prove", "--snapshot", str(folder), "--samples", "samples", cwd=tmp_path)
    assert (done.returncode, "ORDERS.parquet" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_key_that_the_measurement_leaves_to_the_one_in_force_is_told_with_that_reason(tmp_path: Path) -> None:
    history = runs(lambda i: "SELECT * FROM orders WHERE customer_id = 7", 400, 2000) + runs(
        by_week, 100, 2000, start=5
    )
    one = sample(tmp_path / "samples", np.full(40_000, 7))
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "ORDERS", "COLUMN_NAME": "CUSTOMER_ID"}
    statistics = [{**place, "APPROX_DISTINCT": 100_000, "MIN_VALUE": "0", "MAX_VALUE": "99999", "NULL_SHARE": 0.0}]
    keyed = {**ORDERS, "CLUSTERING_KEY": "LINEAR(DAY)"}
    folder = write_snapshot(tmp_path / "s", history, [keyed], columns=columns("ORDERS"), column_statistics=statistics)
    done = advisor("prove", "--snapshot", str(folder), "--samples", str(one), "--out", "out", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("No longer recommended: "))
    assert line.startswith("No longer recommended: Change the clustering key of DB.PUBLIC.ORDERS to (")
    assert "Measured on 40,000 rows" in line or line.endswith("As measured, the key in force serves as well.")


def test_of_several_views_over_a_table_each_is_withdrawn_for_its_own_reason() -> None:
    """A view that no key was measured for may lose to one that was; or nothing is said of it at all."""
    view = advices.materialized_view()
    others = [replace(view, details={**view.details, "keys": [key]}) for key in ("REGION", "STATUS")]
    said = [
        Rejection(each.kind, each.target, {"keys": each.details["keys"]}, f"By {each.details['keys']}.")
        for each in others
    ]
    assert [why_withdrawn(each, said) for each in others] == [each.reason for each in said]
    assert why_withdrawn(view, []) == "As measured, it is no longer a candidate."
