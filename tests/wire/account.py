"""The test server as tests and benchmarks see it: its own process, its own environment, on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from advisor.collector.views import ACCOUNT_VIEWS, read
from advisor.snapshot import open_snapshot
from advisor.snapshot.services import SERVICES
from advisor.snapshot.views import Kind

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv" / "wire" / "bin" / "python"
CHUNK_ROWS = 50

QUIET = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"}
BRISK = {"ADVISOR_RETRY_SECONDS": "0.05", "ADVISOR_REQUEST_SECONDS": "3"}


@dataclass
class Account:
    """The server as the tests see it."""

    port: int
    process: subprocess.Popen[bytes]
    home: Path

    def control(self, **order: Any) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/control", json.dumps(order).encode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def fault(self, action: str, **matching: Any) -> None:
        self.control(fault={"action": action, **matching})

    def statements(self) -> list[str]:
        return [entry["sql"] for entry in self.control(log=True) if entry["sql"]]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **QUIET, **BRISK, "SNOWFLAKE_HOME": str(self.home)}

    def fill(self, orders: list[dict[str, str]]) -> None:
        for order in orders:
            self.control(**order)


def filling(folder: Path, home: Path) -> list[dict[str, str]]:
    """What makes the views of ACCOUNT_USAGE from a snapshot's files: every column of each, in Snowflake's types. Those of
    services are there where the folder has them, the others in any case.

    A server that is started in that home begins with it.
    """
    with open_snapshot(folder) as snapshot:
        orders = [{"clock": f"{snapshot.window_end + timedelta(hours=1)}"}]
        for view in ACCOUNT_VIEWS:
            name = f"SNOWFLAKE.ACCOUNT_USAGE.{view.upper()}"
            if view in SERVICES and view not in snapshot.present:
                orders.append({"run": f"DROP TABLE IF EXISTS {name}"})
                continue
            file = home / f"{view}.parquet"
            snapshot.connection.execute(f"COPY (FROM {view}) TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 20480)")
            columns = ", ".join(f"CAST({c} AS {TYPES[k]}) AS {c}" for c, k in read(view).items())
            orders.append({"run": f"CREATE OR REPLACE TABLE {name} AS SELECT {columns} FROM read_parquet('{file}')"})
    (home / "orders.json").write_text(json.dumps(orders))
    return orders


TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.WHOLE: "DECIMAL(38, 0)",
    Kind.EXACT: "DECIMAL(38, 0)",
    Kind.NUMBER: "DOUBLE",
    Kind.TIME: "TIMESTAMPTZ",
}


def write_entry(home: Path, port: int, **more: str) -> None:
    file = home / "connections.toml"
    options = {"account": "acme", "user": "ADVISOR", "password": "planted-password", "host": "127.0.0.1"} | more
    lines = [f'{name} = "{value}"' for name, value in options.items()]
    lines += [f"port = {port}", 'protocol = "http"', 'database = "SNOWFLAKE"', 'schema = "ACCOUNT_USAGE"']
    file.write_text("\n".join(["[test]", *lines, ""]))
    file.chmod(0o600)


def start(home: Path, port: int, chunk_rows: int = CHUNK_ROWS, patience: float = 20) -> Account:
    """The test server, once it answers; it first fills its tables, which takes a large history more seconds."""
    module = ["-W", "ignore", "-m", "tests.wire.server"]
    process = subprocess.Popen([PYTHON, *module, str(port), str(chunk_rows), home / "orders.json"], cwd=ROOT)
    account = Account(port, process, home)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            account.control(reset=True)
            return account
        except OSError:
            assert process.poll() is None, "the test server ended"
            time.sleep(0.05)
    process.kill()
    raise TimeoutError("the test server doesn't answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def advisor(
    account: Account, *arguments: str | Path, python: Path = Path(sys.executable), **more: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, on the server's connection."""
    return subprocess.run(
        [python, "-m", "advisor", *map(str, arguments)],
        cwd=account.home,
        env={**account.environment, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Each view of a snapshot, its rows in one order."""
    with open_snapshot(folder) as snapshot:
        return {view: sorted(snapshot.rows(view, f"FROM {view}"), key=repr) for view in sorted(snapshot.present)}
