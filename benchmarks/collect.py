"""What collecting costs: time, and the rows and bytes that cross the wire, compressed where the data is and raw.

    python -m benchmarks.collect --executions 1000000 --templates 500 [--kills 20]

The real connector talks to the test server on loopback (`make test` sets its environment up), so the seconds are those of
that server's engine, not Snowflake's; rows and bytes are what Snowflake would send, before it compresses them. The history
is that of `benchmarks.scale`: generated, seeded, 30 days. With `--kills`, a run is ended that often at random moments, and
the folder that the last one completes is compared with an undisturbed run's.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from advisor.collector.collect import collect
from advisor.collector.connection import Connector
from advisor.collector.folder import sound
from advisor.settings import Settings
from benchmarks.histories import DAYS, write_history
from tests.wire.account import ROOT, Account, contents, filling, free_port, start, write_entry

CHUNK_ROWS = 2_000


@dataclass(frozen=True)
class Cost:
    name: str
    seconds: float
    statements: int
    rows: int
    bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--templates", type=int, default=500)
    parser.add_argument("--kills", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-collect-") as home, _server(Path(home), given) as account:
        costs = [_measure(account, name) for name in ("compressed", "raw")]
        million = given.executions / 1_000_000
        rows = [
            (c.name, c.seconds, c.statements, f"{c.rows / million:,.0f}", f"{c.bytes / million / 2**20:,.1f}")
            for c in costs
        ]
        print(f"{given.executions:,} executions of {given.templates:,} templates over {DAYS} days")
        headers = ["", "seconds", "statements", "rows a million executions", "MiB a million executions"]
        print(tabulate(rows, headers, floatfmt=".1f", disable_numparse=[3, 4]))
        print(
            f"compressed / raw: {costs[0].rows / costs[1].rows:.2%} of the rows, {costs[0].bytes / costs[1].bytes:.2%} of the bytes"
        )
        if given.kills:
            survived = _kill(account, given.kills)
            print(f"killed {given.kills} times; the snapshot equals an undisturbed one: {survived}")


@contextmanager
def _server(home: Path, given: argparse.Namespace) -> Iterator[Account]:
    write_history(home / "history", given.executions, given.templates, "parquet", True)
    filling(home / "history", home)
    port = free_port()
    write_entry(home, port)
    account = start(home, port, CHUNK_ROWS)
    os.environ.update(account.environment)
    try:
        yield account
    finally:
        account.stop()


def _measure(account: Account, name: str) -> Cost:
    account.control(reset=True)
    began = time.perf_counter()
    connector = Connector("test", Settings(), {})
    collected = collect(connector, account.home / name, days=DAYS + 1, raw=name == "raw")
    seconds = time.perf_counter() - began
    return Cost(name, seconds, collected.asked, collected.rows, int(account.control(sent=True)))


def _kill(account: Account, times: int) -> bool:
    """Whether runs killed at random moments leave nothing or a whole snapshot, and a last one completes it."""
    moments, out = random.Random(1), account.home / "killed"
    whole = True
    for _ in range(times):
        with _launch(account, out) as run:
            time.sleep(moments.uniform(0.8, 4.0))
            run.kill()
        whole = whole and (sound(out) or not out.exists())
    with _launch(account, out) as run:
        run.wait()
    return whole and contents(out) == contents(account.home / "compressed")


def _launch(account: Account, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "advisor", "collect", "--connection", "test", "--out", out, "--days", str(DAYS + 1)],
        env={**account.environment, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
