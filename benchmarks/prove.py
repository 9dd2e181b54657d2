"""Proofs at size: `python -m benchmarks.prove` makes a table of 3,000,000 rows, takes 1% of it and proves 200 candidate keys.

Prints the time, the processor's time and the peak memory of the proof, in a process of its own; then how far what it
measures is from the truth: all rows sorted by some of the keys, and every partition's minimum and maximum asked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from tabulate import tabulate

from advisor.account import read_account
from advisor.analyzer import propose
from advisor.keys import render
from advisor.model import KeyPart, TableName
from advisor.prover import Wanted, prove
from advisor.prover.conditions import Condition, condition
from advisor.prover.ground import Key, expression
from advisor.prover.replays import statements
from advisor.settings import Settings
from advisor.snapshot import open_snapshot, sample_file
from tests.snapshots import query, table, write_snapshot

NAME = TableName("DB", "PUBLIC", "EVENTS")
ROWS, PARTITIONS, SHARE, KEYS = 3_000_000, 750, 0.01, 200
TRUE_EVERY = 20
PER_TEMPLATE = 12
DAY0 = date(2024, 1, 1)
TYPES = {
    "EVENT_AT": "TIMESTAMP_NTZ",
    "SHIP_DAY": "DATE",
    "TENANT": "NUMBER",
    "USER_ID": "NUMBER",
    "COUNTRY": "TEXT",
    "SKU": "TEXT",
    "AMOUNT": "NUMBER",
}
# Days arrive nearly in order, some late; shipping follows with a long tail; few tenants are large, users belong to one.
TABLE = """
CREATE TABLE events AS
SELECT
  TIMESTAMP '2024-01-01' + to_seconds(CAST(i * 31536000.0 / {rows} - 86400.0 * ln(1 - u1) * (u2 < 0.1)::INT AS BIGINT)) AS EVENT_AT,
  CAST(EVENT_AT AS DATE) + CAST(-3 * ln(1 - u3) AS INT) AS SHIP_DAY,
  CAST(floor(60 * u4 * u4 * u4) AS INT) AS TENANT,
  TENANT * 1000 + CAST(floor(1000 * u5) AS INT) AS USER_ID,
  list_extract(['AT', 'BR', 'CH', 'DE', 'ES', 'FR', 'GB', 'IT', 'JP', 'US'], 1 + CAST(floor(10 * u6 * u6) AS INT)) AS COUNTRY,
  'SKU-' || lpad(CAST(floor(20000 * u7) AS INT)::VARCHAR, 5, '0') AS SKU,
  round(CAST(exp(8 * u8) AS DECIMAL(12, 2)), 2) AS AMOUNT,
  i AS ARRIVED
FROM (SELECT i, {draws} FROM range({rows}) t(i))
"""


def draw(i: int) -> str:
    return f"hash(i * 16 + {i}, {{seed}}) / 18446744073709551616.0 AS u{i}"


def make(folder: Path, rows: int, seed: int) -> None:
    """`whole.parquet`, and a snapshot with a sample of 1% and a history of the workload as it runs on the table as loaded."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        draws = ", ".join(draw(i).format(seed=seed) for i in range(1, 9))
        connection.execute(TABLE.format(rows=rows, draws=draws))
        whole, columns = folder / sample_file(NAME), ", ".join(TYPES)
        connection.execute(f"COPY (SELECT {columns} FROM events ORDER BY ARRIVED) TO '{whole}'")
        samples = folder / "snapshot" / "samples"
        samples.mkdir(parents=True)
        picked = f"hash(ARRIVED, {seed + 1}) % {round(1 / SHARE)} = 0"
        connection.execute(f"COPY (SELECT {columns} FROM events WHERE {picked}) TO '{samples / sample_file(NAME)}'")
        statistics = [_statistics(connection, name) for name in TYPES]
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": NAME.name}
    write_snapshot(
        folder / "snapshot",
        [_run(text, i) for i, text in enumerate(texts(seed))],
        [table(NAME.name, ROW_COUNT=rows, BYTES=PARTITIONS * 16 * 2**20, CREATED=datetime(2024, 1, 1, tzinfo=UTC))],
        columns=[
            {**place, "COLUMN_NAME": name, "DATA_TYPE": kind, "ORDINAL_POSITION": i}
            for i, (name, kind) in enumerate(TYPES.items(), 1)
        ],
        column_statistics=[{**place, **row} for row in statistics],
    )


def _statistics(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, object]:
    distinct, low, high = connection.execute(
        f"SELECT approx_count_distinct({name}), min({name})::VARCHAR, max({name})::VARCHAR FROM events"
    ).fetchall()[0]
    return {"COLUMN_NAME": name, "APPROX_DISTINCT": distinct, "MIN_VALUE": low, "MAX_VALUE": high, "NULL_SHARE": 0.0}


def _run(text: str, i: int) -> dict[str, object]:
    scanned = {"PARTITIONS_SCANNED": PARTITIONS - i % 7, "PARTITIONS_TOTAL": PARTITIONS}
    return query(text, i * 100, QUERY_ID=f"q{i}", EXECUTION_TIME=2_000, WAREHOUSE_SIZE="Large", **scanned)


def texts(seed: int) -> Iterator[str]:
    """Fifteen templates, twelve executions each with literals of their own."""
    rng = np.random.default_rng(seed)
    for _ in range(PER_TEMPLATE):
        day = DAY0 + timedelta(days=int(rng.integers(0, 330)))
        tenant, user = int(60 * rng.random() ** 3), int(rng.integers(0, 60_000))
        sku, low = f"SKU-{rng.integers(0, 20_000):05d}", int(rng.integers(1, 2_000))
        span = f"EVENT_AT >= '{day}' AND EVENT_AT < '{day + timedelta(days=7)}'"
        yield f"SELECT COUNT(*) FROM EVENTS WHERE {span}"
        yield f"SELECT SUM(AMOUNT) FROM EVENTS WHERE TENANT = {tenant} AND {span}"
        yield f"SELECT SUM(AMOUNT), COUNTRY FROM EVENTS WHERE TENANT = {tenant} GROUP BY COUNTRY"
        yield f"SELECT * FROM EVENTS WHERE USER_ID = {user}"
        yield f"SELECT * FROM EVENTS WHERE USER_ID IN ({user}, {user // 2}, {user // 3}) AND EVENT_AT >= '{day}'"
        yield f"SELECT COUNT(*) FROM EVENTS WHERE SHIP_DAY = '{day}'"
        yield f"SELECT TENANT, COUNT(*) FROM EVENTS WHERE SHIP_DAY BETWEEN '{day}' AND '{day + timedelta(days=30)}' GROUP BY TENANT"
        yield f"SELECT * FROM EVENTS WHERE SKU = '{sku}'"
        yield f"SELECT SUM(AMOUNT) FROM EVENTS WHERE SKU LIKE '{sku[:7]}%' AND TENANT = {tenant}"
        yield f"SELECT COUNT(*) FROM EVENTS WHERE COUNTRY = 'JP' AND TO_DATE(EVENT_AT) = '{day}'"
        yield f"SELECT COUNT(*) FROM EVENTS WHERE COUNTRY IN ('AT', 'CH') AND TENANT = {tenant}"
        yield f"SELECT MAX(EVENT_AT) FROM EVENTS WHERE AMOUNT > {low} AND COUNTRY = 'US'"
        yield f"SELECT AVG(AMOUNT) FROM EVENTS WHERE AMOUNT BETWEEN {low} AND {low + 20}"
        yield f"SELECT COUNT(*) FROM EVENTS WHERE DATE_TRUNC('month', EVENT_AT) = '{day.replace(day=1)}' AND SKU = '{sku}'"
        yield f"SELECT DISTINCT USER_ID FROM EVENTS WHERE TENANT < {1 + tenant % 5} AND SHIP_DAY >= '{day}'"


def candidates() -> tuple[Key, ...]:
    """The first 200 of all keys of one and two expressions over every column's ladder."""
    ladders = [
        [KeyPart("EVENT_AT", unit=unit) for unit in ("DAY", "WEEK", "MONTH", "QUARTER")],
        [KeyPart("TENANT"), KeyPart("TENANT", digits=1)],
        [KeyPart("SHIP_DAY"), *(KeyPart("SHIP_DAY", unit=unit) for unit in ("WEEK", "MONTH", "QUARTER"))],
        [KeyPart("USER_ID"), KeyPart("USER_ID", digits=2), KeyPart("USER_ID", digits=3)],
        [KeyPart("SKU"), KeyPart("SKU", substring=(5, 2)), KeyPart("SKU", substring=(5, 3))],
        [KeyPart("COUNTRY")],
        [KeyPart("AMOUNT"), KeyPart("AMOUNT", digits=2)],
    ]
    singles: list[Key] = [(part,) for ladder in ladders for part in ladder]
    pairs: list[Key] = [(a, b) for one, other in permutations(ladders, 2) for a in one for b in other]
    return tuple([*singles, *pairs][:KEYS])


# ---------------------------------------------------------------- the proof, in a process of its own


def measure(folder: Path, keys: Sequence[Key]) -> None:
    """Proves the keys and prints, as JSON, what that took and what it found."""
    settings = Settings()
    with open_snapshot(folder / "snapshot", settings) as snapshot:
        account = read_account(snapshot, settings, lambda *_: None)
        proposed = propose(account, settings)
        asked = Wanted(NAME, tuple(keys), frozenset(keys[:3]))
        began, used = time.perf_counter(), time.process_time()
        found = prove(snapshot, account, proposed, folder / "snapshot" / "samples", (asked,), settings)
        took = (time.perf_counter() - began, time.process_time() - used)
    figures = [
        (_shown(proof.key), row.fingerprint, row.predicted, row.measured)
        for proof in found.proofs
        for row in proof.templates
    ]
    compared = [proof.results.differing for proof in found.proofs if proof.results is not None]
    print(
        json.dumps(
            {"took": took, "peak": peak_mib(), "proofs": len(found.proofs), "differing": compared, "figures": figures}
        )
    )


def peak_mib() -> float:
    """The most that this process has held; `getrusage` may tell what the one that started it did."""
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1024


def proof_of(folder: Path) -> dict[str, Any]:
    """What `measure` prints, run as a user would: in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.prove", "--proof-of", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ---------------------------------------------------------------- the truth


def truth(folder: Path, keys: Sequence[Key]) -> dict[tuple[str, str], float]:
    """Partitions an execution of each template scans of all rows sorted by each key: by key and fingerprint."""
    settings = Settings()
    with open_snapshot(folder / "snapshot", settings) as snapshot:
        account = read_account(snapshot, settings, lambda *_: None)
    (profile,) = (each for each in account.profiles if each.table.name == NAME)
    numbers = {name: i for i, name in enumerate(TYPES)}
    asked: dict[str, list[Condition]] = {}
    for one in statements(profile, account, settings):
        found = condition([usage for usage in one.reading.usages if usage.table == NAME], numbers)
        assert found is not None
        asked.setdefault(profile.loads[one.load].template.fingerprint, []).append(found)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        named = ", ".join(f"{name} AS c{i}" for name, i in numbers.items())
        connection.execute(f"CREATE TABLE whole AS SELECT {named} FROM '{folder / sample_file(NAME)}'")
        return {
            (_shown(key), fingerprint): mean
            for key in keys
            for fingerprint, mean in _counted(connection, key, numbers, asked).items()
        }


def _counted(
    connection: duckdb.DuckDBPyConnection,
    key: Key,
    numbers: Mapping[str, int],
    asked: Mapping[str, Sequence[Condition]],
) -> dict[str, float]:
    order = ", ".join(expression(part, f"c{numbers[part.column]}") for part in key)
    spans = ", ".join(f"min(c{i}) AS low{i}, max(c{i}) AS high{i}" for i in numbers.values())
    connection.execute(
        f"CREATE OR REPLACE TABLE zones AS SELECT {spans} FROM (SELECT *, (row_number() OVER (ORDER BY {order}, hash(rowid)) - 1)"
        f" * {PARTITIONS} // (SELECT count(*) FROM whole) AS part FROM whole) GROUP BY part"
    )
    every = [one for conditions in asked.values() for one in conditions]
    counts = ", ".join(f"greatest(1, count(*) FILTER (WHERE {one.zones}))" for one in every)
    found = iter(connection.execute(f"SELECT {counts} FROM zones").fetchall()[0])
    return {name: float(np.mean([next(found) for _ in conditions])) for name, conditions in asked.items()}


def _shown(key: Key) -> str:
    return ", ".join(map(render, key))


# ---------------------------------------------------------------- what it prints


def report(folder: Path, rows: int) -> None:
    proof = proof_of(folder)
    wall, cpu = proof["took"]
    print(f"{proof['proofs']} keys on {SHARE:.0%} of {rows:,} rows in {PARTITIONS} partitions:")
    print(f"{wall:.1f} s, {cpu:.1f} s of processor time, peak memory {proof['peak']:.0f} MiB")
    print(f"scans that found other rows in the partitions kept: {sum(proof['differing'])}\n", flush=True)
    true = truth(folder, candidates()[::TRUE_EVERY])
    pairs = [
        (true[key, template], predicted, counted)
        for key, template, predicted, counted in proof["figures"]
        if (key, template) in true
    ]
    lines = [_errors(name, [(pair[0], pair[i]) for pair in pairs]) for name, i in (("predicted", 1), ("measured", 2))]
    print(f"Against all rows sorted by every {TRUE_EVERY}th of the keys ({len(pairs)} figures), q-error\n")
    print(tabulate(lines, ("partitions", "median", "95th percentile", "worst"), tablefmt="github"))
    totals = {key: (0.0, 0.0) for key, _ in true}
    for key, template, _, counted in proof["figures"]:
        if key in totals:
            totals[key] = (totals[key][0] + true[key, template], totals[key][1] + counted)
    best, chosen = (min(totals, key=lambda key: totals[key][which]) for which in (0, 1))
    worse = totals[chosen][0] / totals[best][0]
    print(f"\nBest of these by all rows: {best}; by the proof: {chosen}, which scans {worse:.3f} times as much.")


def _errors(name: str, pairs: Sequence[tuple[float, float]]) -> tuple[str, str, str, str]:
    both = np.maximum(1.0, np.array(pairs))
    errors = np.maximum(both[:, 0] / both[:, 1], both[:, 1] / both[:, 0])
    return name, f"{np.median(errors):.3f}", f"{np.percentile(errors, 95):.3f}", f"{errors.max():.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proof-of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.proof_of is not None:
        measure(given.proof_of, candidates())
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.rows, given.seed)
        report(Path(folder), given.rows)


if __name__ == "__main__":
    main()
