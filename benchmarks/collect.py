"""What collecting costs: time, and the rows and bytes that cross the wire, compressed where the data is and raw.

    python -m benchmarks.collect --executions 1000000 --templates 500 [--faults]

The real connector talks to the test server on loopback (`make test` sets its environment up), so the seconds are those of
that server's engine, not Snowflake's; rows and bytes, of questions and answers, are what would cross the wire before it is
compressed. The history is that of `benchmarks.scale`: generated, seeded, 30 days; its last three are what is fetched raw, and all
figures are per million executions of those days. With `--faults`, on a shorter history, each
thing that can go wrong does, and then the run is killed at twenty random moments: a fault is survived when the run, or the one
after it, ends with the snapshot of an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from tabulate import tabulate

from advisor.collector.collect import collect
from advisor.collector.connection import Connector
from advisor.errors import AdvisorError
from advisor.settings import Settings
from benchmarks.histories import DAYS, write_history
from tests.wire.account import ROOT, Account, contents, filling, free_port, start, write_entry
from tests.wire.test_faults import LASTING, PASSING

CHUNK_ROWS = 2_000
FAULTED = 2_000
"""Executions of the history on which faults are tried."""
KILLS = 20
RAW_DAYS = 3


@dataclass(frozen=True)
class Cost:
    """Of one run; all but its statements a million executions."""

    name: str
    statements: int
    seconds: float
    rows: float
    bytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--templates", type=int, default=500)
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    if given.faults:
        with _server(FAULTED, 20, 50) as account:
            print(tabulate(_faults(account), ["fault", "tried", "survived", "of them at once"]))
        return
    with _server(given.executions, given.templates) as account:
        compressed = _measure(account, "compressed", DAYS + 1, given.executions)
        raw = _measure(account, "raw", RAW_DAYS, None)
    rows = [
        (c.name, c.statements, f"{c.seconds:,.1f}", f"{c.rows:,.0f}", f"{c.bytes / 2**20:,.1f}")
        for c in (compressed, raw)
    ]
    print(
        f"{given.executions:,} executions of {given.templates:,} templates over {DAYS} days; a million executions cost"
    )
    print(tabulate(rows, ["", "statements", "seconds", "rows", "MiB"], disable_numparse=[2, 3, 4]))
    print(
        f"compressed / raw: {compressed.rows / raw.rows:.2%} of the rows, {compressed.bytes / raw.bytes:.2%} of the bytes"
    )


@contextmanager
def _server(executions: int, templates: int, chunk_rows: int = CHUNK_ROWS) -> Iterator[Account]:
    with tempfile.TemporaryDirectory(prefix="advisor-collect-") as place:
        home = Path(place)
        write_history(home / "history", executions, templates, "parquet", True)
        filling(home / "history", home)
        port = free_port()
        write_entry(home, port)
        account = start(home, port, chunk_rows, patience=1800)
        os.environ.update(account.environment)
        try:
            yield account
        finally:
            account.stop()


def _measure(account: Account, name: str, days: int, executions: int | None) -> Cost:
    """What a run costs; as many executions as it fetches rows of, unless told."""
    account.control(reset=True)
    began = time.perf_counter()
    connector = Connector("test", Settings(), {})
    collected = collect(connector, account.home / name, days=days, raw=executions is None)
    seconds = time.perf_counter() - began
    million = (executions or _held(account.home / name)) / 1_000_000
    sent = int(account.control(sent=True))
    return Cost(name, collected.asked, seconds / million, collected.rows / million, sent / million)


def _held(snapshot: Path) -> int:
    return sum(pq.read_metadata(part).num_rows for part in (snapshot / "query_history").iterdir())


# ---------------------------------------------------------------- what can go wrong


def _faults(account: Account) -> list[tuple[str, int, int, int]]:
    """Name, times tried, times survived, and how often without another run."""
    brisk = Connector("test", Settings(retry_seconds=0.02, request_seconds=1), {})
    brief = Connector("test", Settings(retry_seconds=0.02, request_seconds=1, attempts=2), {})
    expected = _collected(brisk, account.home / "undisturbed", {})
    found = []
    for kind, faults, connector in (("passing", PASSING, brisk), ("lasting", LASTING, brief)):
        for name, fault in faults.items():
            account.control(reset=True)
            account.fault(**fault)
            left = account.control(left=True)
            out = account.home / f"{kind}-{name.replace(' ', '-')}"
            at_once = _collected(connector, out, expected)
            struck = account.control(left=True) != left
            account.control(reset=True)
            survived = _collected(brisk, out, expected)
            found.append(
                (f"{name}, {kind}", int(struck), int(struck and bool(survived)), int(struck and bool(at_once)))
            )
    moments = random.Random(1)
    completed = [_killed(account, brisk, moments, expected, number) for number in range(KILLS)]
    return [*found, ("killed", KILLS, sum(completed), 0)]


def _collected(connector: Connector, out: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot of a run; nothing where it failed, or where it isn't the expected one."""
    try:
        collect(connector, out, days=2)
    except AdvisorError:
        return {}
    found = contents(out)
    return found if found == (expected or found) else {}


def _killed(
    account: Account, connector: Connector, moments: random.Random, expected: Mapping[str, Any], number: int
) -> bool:
    out = account.home / f"killed-{number}"
    command = [sys.executable, "-m", "advisor", "collect", "--connection", "test", "--no-statistics", "--days", "2"]
    with subprocess.Popen(
        [*command, "--out", out],
        env={**account.environment, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    ) as run:
        time.sleep(moments.uniform(0.8, 4.0))
        run.kill()
    return bool(_collected(connector, out, expected))


if __name__ == "__main__":
    main()
