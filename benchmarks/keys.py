"""How good the advised keys are: `python -m benchmarks.keys` makes the demo, advises, and tries every key there is.

Best: of all one- and two-column keys over the ladder of every filtered column, the one that saves most partitions, found by
sorting the demo's rows by each (a sample of rows first, then all rows for the best few).
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from advisor import demo, keys
from advisor.analyzer import analyze
from advisor.demo.tables import TABLES
from advisor.model import FILTERS, Advice, Catalog, KeyPart, Reading, Recommendation, TableName
from advisor.settings import Settings
from advisor.snapshot import catalog, open_snapshot
from advisor.usage import Request, read_all
from benchmarks.columns import read_column
from benchmarks.layouts import Condition, Table, condition

CHURNING = "cart_items"  # its rows change with every statement, so no file on disk says what it held when
FINALISTS = 12
SAMPLED_ROWS = 120_000
ARRIVED_ON = re.compile(r"INSERT INTO (\w+) .* arrived_on = '([^']+)'")


@dataclass(frozen=True)
class Executed:
    text: str
    hash: str
    started: datetime
    scanned: int | None
    reading: Reading


@dataclass(frozen=True)
class Bench:
    """One large table with the executions that scan it."""

    name: TableName
    table: Table
    births: Sequence[datetime]
    """When each block came into being, as loaded."""
    executed: tuple[Executed, ...]
    asked: NDArray[np.int64]
    """Which of the table's conditions each execution holds against it."""

    def total(self, blocks: NDArray[np.int64]) -> int:
        """Partitions scanned by all executions, from those of each condition."""
        return int(blocks[self.asked].sum())


@dataclass(frozen=True)
class Result:
    bench: Bench
    before: int
    advised: tuple[KeyPart, ...]
    after_advised: int
    best: tuple[KeyPart, ...]
    after_best: int
    tried: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a demo made before; without it, one is made and removed")
    parser.add_argument("--no-samples", action="store_true", help="advise without the row samples")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or demo.snapshot(Path(folder) / "demo", _say).parent
        source = home / "snapshot"
        if given.no_samples:
            source = shutil.copytree(source, Path(folder) / "bare", ignore=shutil.ignore_patterns("samples"))
        report(home, source)


def report(home: Path, source: Path) -> None:
    """Advises from the snapshot `source` and holds the advice against the rows of the demo in `home`."""
    settings = Settings()
    with open_snapshot(source, settings) as snapshot:
        known = catalog(snapshot)
        advice = analyze(snapshot, settings, _say)
    executed = _executed(home / "snapshot", known, settings)
    benches = [_bench(home / "data", name, executed) for name in sorted(known.tables) if _is_large(name)]
    _print_counted(benches)
    advised = {r.target.name: r for r in advice.recommendations if r.kind == "clustering_key"}
    results = [_search(bench, _key(advised.get(bench.name.name))) for bench in benches]
    _print_savings(results)
    _print_predictions(results, advised, advice)


def _say(line: str, done: int = 0, due: int = 0, /) -> None:
    print(line, file=sys.stderr, flush=True)


def _is_large(name: TableName) -> bool:
    return name.name.lower() in {table.name for table in TABLES if table.blocks > 1 and table.name != CHURNING}


# ---------------------------------------------------------------- what ran


def _executed(folder: Path, known: Catalog, settings: Settings) -> list[Executed]:
    columns = (
        "QUERY_TEXT, QUERY_PARAMETERIZED_HASH, START_TIME::TIMESTAMP, PARTITIONS_SCANNED, DATABASE_NAME, SCHEMA_NAME"
    )
    with duckdb.connect() as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            f"SELECT {columns} FROM '{folder}/query_history.parquet' ORDER BY START_TIME"
        ).fetchall()
    # No text of the demo asks for the current time, so one moment serves all.
    requests = [Request(text, database, schema, rows[-1][2]) for text, _, _, _, database, schema in rows]
    readings = read_all(requests, known, settings)
    return [
        Executed(text, digest, started, scanned, reading)
        for (text, digest, started, scanned, *_), reading in zip(rows, readings, strict=True)
    ]


def _bench(data: Path, name: TableName, executed: Sequence[Executed]) -> Bench:
    known = next(table for table in TABLES if table.name == name.name.lower())
    scans = [one for one in executed if name in one.reading.scans and one.text.startswith("SELECT")]
    usages = [[u for u in one.reading.usages if u.table == name and u.role in FILTERS] for one in scans]
    parquets = [data / f"{known.name}.parquet"]
    if known.staged:
        parquets.append(data / f"{known.name}_arrivals.parquet")
    columns = {c: read_column(parquets, c) for c in sorted({u.column for of_one in usages for u in of_one})}
    asked = [condition(of_one, columns) for of_one in usages]
    distinct: dict[Condition, int] = {one: i for i, one in enumerate(dict.fromkeys(asked))}
    starts, births = _blocks(parquets, known.blocks, executed)
    table = Table(known.name, columns, starts, tuple(distinct))
    return Bench(name, table, births, tuple(scans), np.array([distinct[one] for one in asked]))


def _blocks(
    parquets: Sequence[Path], blocks: int, executed: Sequence[Executed]
) -> tuple[NDArray[np.int64], list[datetime]]:
    """Where each block starts as loaded, and since when it has been there: first the load's, then one for each day's feed."""
    with duckdb.connect() as connection:
        rows = int(connection.execute(f"SELECT COUNT(*) FROM '{parquets[0]}'").fetchall()[0][0])
        starts = list(range(0, rows, -(-rows // blocks)))
        births = [datetime.min] * len(starts)
        if len(parquets) == 1:
            return np.array(starts), births
        days = "SELECT arrived_on, COUNT(*) FROM '{}' GROUP BY ALL ORDER BY ALL"
        fed = connection.execute(days.format(parquets[1])).fetchall()
    table = parquets[0].stem
    feeds = {(m[1], date.fromisoformat(m[2])): one.started for one in executed if (m := ARRIVED_ON.match(one.text))}
    for day, count in fed:
        starts.append(rows)
        births.append(feeds[table, day])
        rows += count
    return np.array(starts), births


# ---------------------------------------------------------------- every key


def _key(advised: Recommendation | None) -> tuple[KeyPart, ...]:
    if advised is None:
        return ()
    expressions = advised.details["clustering_key"]
    assert isinstance(expressions, list)
    parts = [keys.parse(expression) for expression in expressions]
    assert None not in parts
    return tuple(part for part in parts if part is not None)


def _search(bench: Bench, advised: tuple[KeyPart, ...]) -> Result:
    table, started = bench.table, time.perf_counter()
    rungs = {name: column.ladder() for name, column in table.columns.items() if _is_tested(table, name)}
    tried: list[tuple[KeyPart, ...]] = [(part,) for ladder in rungs.values() for part in ladder]
    every = max(1, table.rows // SAMPLED_ROWS)
    roomy = [part for (part,) in tried if table.leaves_room(part, every)]
    tried += [
        (lead, part) for lead in roomy for name, ladder in rungs.items() if name != lead.column for part in ladder
    ]
    finalists = sorted(tried, key=lambda key: bench.total(table.keyed(key, every)))[:FINALISTS]
    counted = {key: bench.total(table.keyed(key)) for key in finalists}
    best = min(finalists, key=lambda key: counted[key])
    before = bench.total(table.as_loaded().sum(axis=1))
    after = bench.total(table.keyed(advised)) if advised else before
    _say(f"{bench.name.name}: {len(tried)} keys in {time.perf_counter() - started:.0f} s")
    if counted[best] >= before:
        return Result(bench, before, advised, after, (), before, len(tried))
    return Result(bench, before, advised, after, best, counted[best], len(tried))


def _is_tested(table: Table, column: str) -> bool:
    return any(test.column == column for test in table.tests)


# ---------------------------------------------------------------- tables for the reader


def _print_counted(benches: Sequence[Bench]) -> None:
    rows = []
    for bench in benches:
        hits = bench.table.as_loaded()
        mine = recorded = 0
        for one, asked in zip(bench.executed, bench.asked, strict=True):
            if one.scanned is not None and len(one.reading.scans) == 1:
                there = np.array([birth < one.started for birth in bench.births])
                mine += int((hits[asked] & there).sum())
                recorded += one.scanned
        rows.append((bench.name.name, len(bench.executed), recorded, mine, f"{mine / recorded - 1:+.2%}"))
    print("As loaded: partitions that the engine recorded, and the same counted (statements over one table)\n")
    print(tabulate(rows, ("table", "executions", "recorded", "counted", "difference"), tablefmt="github"), "\n")


def _print_savings(results: Sequence[Result]) -> None:
    rows = [
        (
            r.bench.name.name, f"{r.bench.table.blocks}", f"{r.before:,}", _shown(r.advised), f"{r.before - r.after_advised:,}",
            _shown(r.best), f"{r.before - r.after_best:,}", _ratio(r.before - r.after_advised, r.before - r.after_best), r.tried,
        )
        for r in results
    ]  # fmt: skip
    names = ("table", "partitions", "scanned", "advised key", "saves", "best key", "saves", "ratio", "keys tried")
    print("Partitions saved over all executions, sorted by each key\n")
    print(tabulate(rows, names, tablefmt="github", disable_numparse=True))
    advised = sum(r.before - r.after_advised for r in results)
    best = sum(r.before - r.after_best for r in results)
    print(f"\nAll tables: the advised keys save {advised:,} of the best keys' {best:,}: {_ratio(advised, best)}\n")


def _print_predictions(results: Sequence[Result], advised: Mapping[str, Recommendation], advice: Advice) -> None:
    rows, near, executions = [], 0, 0
    for result in results:
        recommendation = advised.get(result.bench.name.name)
        if recommendation is None:
            continue
        for predicted, measured, count in _predictions(result, recommendation, advice):
            close = 0.5 <= max(predicted, 1) / max(measured, 1) <= 2
            near += count if close else 0
            executions += count
            if not close:
                rows.append((result.bench.name.name, f"{predicted:.1f}", f"{measured:.1f}", count))
    if not executions:
        print("Nothing was advised, so nothing was predicted.")
        return
    print(f"Predicted within a factor of 2 of measured: {near / executions:.1%} of {executions:,} executions")
    if rows:
        print("\nThe rest, partitions an execution\n")
        print(tabulate(rows, ("table", "predicted", "measured", "executions"), tablefmt="github"))


def _predictions(result: Result, recommendation: Recommendation, advice: Advice) -> list[tuple[float, float, int]]:
    """Per template: partitions an execution predicted, counted, and how many executions."""
    bench = result.bench
    counted = bench.table.keyed(result.advised)[bench.asked]
    owner = {digest: t.fingerprint for t in advice.workload.templates for digest in t.hashes}
    owners = np.array([owner[one.hash] for one in bench.executed])
    found = []
    for evidence in recommendation.templates:
        of_template = counted[owners == evidence.fingerprint]
        if evidence.after is not None and len(of_template):
            found.append((evidence.after * bench.table.blocks, float(of_template.mean()), len(of_template)))
    return found


def _shown(key: Sequence[KeyPart]) -> str:
    return ", ".join(keys.render(part) for part in key) or "none"


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ("nothing to save" if part == 0 else f"{part:,} of 0")


if __name__ == "__main__":
    main()
