"""The demo: real tables in an embedded engine, a workload that really runs on them, and the history it leaves.

The engine runs in a process of its own, because it owns its process's working directory and can crash it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from advisor.errors import InputError, SourceError
from advisor.model import KeyPart, TableName

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """What one statement scans of one table, as loaded and in the order of a key; partitions."""

    table: TableName
    text: str
    before: int
    after: int
    total_before: int
    total_after: int


def snapshot(home: Path, progress: Progress, scale: float = 1.0) -> Path:
    """Makes the tables, runs the workload and writes the snapshot: the folder `home/snapshot`.

    `scale` multiplies rows and executions; partitions stay as many. Everything stays in `home`, which `verify` needs again.
    Raises InputError where the extra `advisor[demo]` is not installed, SourceError where the engine fails.
    """
    home = home.resolve()
    if (home / "snapshot").exists() or (home / "engine").exists():
        raise InputError(f"{home} already holds a demo: choose another folder")
    home.mkdir(parents=True, exist_ok=True)
    _session(home, {"task": "snapshot", "scale": scale}, progress)
    return home / "snapshot"


def verify(
    home: Path,
    keys: Mapping[TableName, tuple[KeyPart, ...]],
    samples: Mapping[TableName, Sequence[str]],
    progress: Progress,
) -> tuple[Measured, ...]:
    """Applies each key to a copy of its table and asks the engine what the statements scan before and after.

    `samples` holds the statements to ask for each table, with their real literals. A statement that the engine cannot be
    asked about (it says nothing of what an INSERT, UPDATE, DELETE or CREATE TABLE scans) is left out of the result.
    Raises SourceError where the engine fails.
    """
    tables = [
        {"table": list(_parts(table)), "key": [asdict(part) for part in key], "texts": list(samples.get(table, ()))}
        for table, key in sorted(keys.items())
    ]
    _session(home.resolve(), {"task": "verify", "tables": tables}, progress)
    found = json.loads((home / "measured.json").read_text(encoding="utf-8"))
    return tuple(Measured(TableName(*row.pop("table")), **row) for row in found)


def _parts(table: TableName) -> tuple[str, str, str]:
    return table.database, table.schema, table.name


def _session(home: Path, request: Mapping[str, object], progress: Progress) -> None:
    """Runs `advisor.demo.session` on the request, its lines of output passed to `progress`."""
    source = str(Path(__file__).parent.parent.parent)
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    errors = home / "session.log"
    with (
        errors.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [sys.executable, "-m", "advisor.demo.session", json.dumps(request)],
            cwd=home, env={**os.environ, "PYTHONPATH": path}, text=True, stdout=subprocess.PIPE, stderr=log, process_group=0,
        ) as process,
    ):  # fmt: skip
        try:
            assert process.stdout is not None
            for line in process.stdout:
                progress(line.rstrip("\n"))
        except BaseException:
            # The session's own processes would outlive it, and write on.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        _fail(process.returncode, errors.read_text(encoding="utf-8", errors="replace"))


def _fail(status: int, output: str) -> None:
    lines = [line for line in output.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"it ended with status {status} and said nothing"
    if status == InputError.exit_status:
        raise InputError(reason)
    raise SourceError(f"the demo's engine failed: {reason}")
