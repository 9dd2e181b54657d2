"""What a large history costs from the files to the output folder: time and peak memory, beside the least it could cost.

    python -m benchmarks.scale --executions 10000000 [--runs 5] [--no-hash] [--form csv] [--keep DIR] [--tenth] [--naive]

Per run, one after the other, each in processes of its own: DuckDB reads the needed columns of the same files, texts
included, and does nothing with them (*scan*); the whole job with an empty cache folder (*cold*); the whole job, with the cache
that the first left, over the snapshot of a week later (*warm*): the files of its first 23 days are the same, and in the new
week one template in 50 is another one. Medians are printed, and ratios within a run. Memory is the sum over all processes at
the worst moment, sampled; what they share counts for each. Once, the later snapshot is also read with an empty cache, which
must give the same advice.

`--tenth` adds what a tenth of the executions, of as many templates, cost in each run, and how many times that the whole job takes
beyond the scan itself.

`--naive` adds what a history of that size costs when every text is parsed, and when pandas holds all rows: keep it small, say
`--executions 100000 --templates 500`, so that a template is executed 200 times, where it is 2,000 times in the long history.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeVar

import duckdb
import sqlglot
from tabulate import tabulate

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.snapshot.views import VIEWS
from benchmarks.histories import write_history, write_weeks

LOOK_SECONDS = 0.02

Result = TypeVar("Result")


@dataclass(frozen=True)
class Cost:
    seconds: float
    mib: float


@dataclass(frozen=True)
class Stage:
    name: str
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--templates", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--form", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--no-hash", action="store_true", help="leave QUERY_PARAMETERIZED_HASH out")
    parser.add_argument("--keep", type=Path, help="write both histories here, or use those that are here")
    parser.add_argument("--tenth", action="store_true", help="compare with a tenth of the executions")
    parser.add_argument("--naive", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-scale-") as scratch:
        shape = (given.executions, given.templates, given.form, not given.no_hash)
        first, second = _elsewhere(write_weeks, given.keep or Path(scratch), *shape)
        size = sum(path.stat().st_size for path in first.rglob("*") if path.is_file())
        print(
            f"{given.executions:,} executions of {given.templates:,} templates, {size / 2**20:,.0f} MiB of {given.form}"
        )
        tenth = Path(scratch) / "tenth" if given.tenth else None
        if tenth is not None:
            _elsewhere(write_history, tenth, given.executions // 10, *shape[1:])
        runs = [_run(first, second, tenth, Path(scratch), number) for number in range(given.runs)]
        _report(runs)
        if given.naive:
            _report_naive(first, runs)


def _run(first: Path, second: Path, tenth: Path | None, scratch: Path, number: int) -> dict[str, Cost]:
    cache, out = scratch / "cache", scratch / "out"
    shutil.rmtree(cache, ignore_errors=True)
    scan, _ = _watched(_scan, first)
    cold, stages = _watched(_job, first, cache, out)
    warm, again = _watched(_job, second, cache, out)
    if number == 0:
        rows = [(a.name, a.seconds, b.seconds) for a, b in zip(stages, again, strict=True)]
        print(tabulate(rows, ["stage", "cold, s", "warm, s"], floatfmt=".1f"), flush=True)
        found = (out / "advice.json").read_bytes()
        _elsewhere(_job, second, scratch / "empty", out)
        if (out / "advice.json").read_bytes() != found:
            raise AssertionError("the cache changed the advice")
    costs = {"scan": scan, "cold": cold, "warm": warm}
    if tenth is not None:
        costs["a tenth, scan"], _ = _watched(_scan, tenth)
        costs["a tenth, cold"], _ = _watched(_job, tenth, scratch / "tenth cache", out)
        shutil.rmtree(scratch / "tenth cache")
    return costs


def _report(runs: list[dict[str, Cost]]) -> None:
    rows = [(name, median(run[name].seconds for run in runs), max(run[name].mib for run in runs)) for name in runs[0]]
    print("\n" + tabulate(rows, ["", "seconds, median", "peak MiB of all processes"], floatfmt=",.1f"))
    print(f"cold / scan: {median(run['cold'].seconds / run['scan'].seconds for run in runs):.2f}")
    print(f"cold - scan: {median(_beyond(run) for run in runs):.1f} s")
    if "a tenth, cold" in runs[0]:
        print(f"that / a tenth's: {median(_beyond(run) / _beyond(run, 'a tenth, ') for run in runs):.2f}")
    print(f"warm / cold: {median(run['warm'].seconds / run['cold'].seconds for run in runs):.0%}  ({len(runs)} runs)")


def _beyond(run: dict[str, Cost], history: str = "") -> float:
    return run[f"{history}cold"].seconds - run[f"{history}scan"].seconds


def _report_naive(folder: Path, runs: list[dict[str, Cost]]) -> None:
    seconds, mib = median(run["cold"].seconds for run in runs), max(run["cold"].mib for run in runs)
    for name, job in (("parsing every text", _parse_all), ("pandas holding all rows", _pandas)):
        cost, _ = _watched(job, folder)
        faster, smaller = cost.seconds / seconds, cost.mib / mib
        print(
            f"{name}: {cost.seconds:.1f} s, {cost.mib:,.0f} MiB: {faster:.1f} times the job's time, {smaller:.1f} times its memory"
        )


# ---------------------------------------------------------------- what is measured, each in a process of its own


def _job(folder: Path, cache: Path, out: Path) -> list[Stage]:
    """The whole job, stage by stage as it announces them."""
    begun = [("open the snapshot", time.perf_counter())]

    def begin(stage: str, done: int = 0, due: int = 0, /) -> None:
        if not due:
            begun.append((stage, time.perf_counter()))

    settings = replace(Settings(), cache_folder=str(cache))
    with open_snapshot(folder, settings) as snapshot:
        advice = analyze(snapshot, settings, begin)
    begin("writing the output folder")
    generate(advice, out)
    begin("")
    return [Stage(name, after[1] - start) for (name, start), after in pairwise(begun)]


def _files(folder: Path) -> str:
    """The history's files, as DuckDB names them in a FROM."""
    return f"'{folder}/query_history/*{next((folder / 'query_history').iterdir()).suffix}'"


def _scan(folder: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {Settings().threads}")
        connection.execute("SET enable_progress_bar = false")
        files = _files(folder)
        held = {row[0] for row in connection.execute(f"DESCRIBE FROM {files}").fetchall()}
        needed = [column for column in VIEWS["query_history"].columns if column in held]
        values = ", ".join(f"max({f'strlen({name})' if name == 'QUERY_TEXT' else name})" for name in needed)
        connection.execute(f"SELECT {values} FROM {files}").fetchall()


def _parse_all(folder: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        rows = connection.execute(f"SELECT QUERY_TEXT FROM {_files(folder)}")
        while batch := rows.fetchmany(1_000):
            for (text,) in batch:
                sqlglot.parse(text, read="snowflake")


def _pandas(folder: Path) -> None:
    import pandas

    rows = pandas.read_parquet(folder / "query_history")
    rows.groupby("QUERY_PARAMETERIZED_HASH")["EXECUTION_TIME"].describe(percentiles=[0.5, 0.95, 0.99])


# ---------------------------------------------------------------- processes


def _watched(job: Callable[..., Result], *arguments: object) -> tuple[Cost, Result]:
    """What the job gives, its time with the start of its process, and the peak of that process and all below it."""
    done, peak = threading.Event(), [0.0]

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            peak[0] = max(peak[0], _held_below())

    watch = threading.Thread(target=look)
    watch.start()
    started = time.perf_counter()
    try:
        result = _elsewhere(job, *arguments)
    finally:
        seconds = time.perf_counter() - started
        done.set()
        watch.join()
    return Cost(seconds, peak[0]), result


def _elsewhere(job: Callable[..., Result], *arguments: object) -> Result:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(job, arguments)


def _held_below() -> float:
    """MiB resident in the descendants of this process."""
    parents, sizes = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        number = int(stat.parent.name)
        parents[number], sizes[number] = int(fields[1]), int(fields[21])
    return sum(size for number, size in sizes.items() if _descends(number, parents)) * 4096 / 2**20


def _descends(number: int, parents: dict[int, int]) -> bool:
    own = multiprocessing.current_process().pid
    while number in parents and number != own:
        number = parents[number]
        if number == own:
            return True
    return False


if __name__ == "__main__":
    main()
