"""What goes wrong between the connector and the account: the run mends it, or ends with status 3 and one line."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.collector.collect import collect
from advisor.collector.connection import Connector
from advisor.errors import SourceError
from advisor.settings import Settings
from tests.wire.account import PYTHON, ROOT, Account, advisor, contents, filling, free_port, start, write_entry

SINCE = datetime(2025, 1, 2)
WINDOW = ("--since", f"{SINCE:%Y-%m-%d}", "--raw", "--no-statistics")
QUERY, CHUNK = "query-request", "^/chunk"

PASSING: dict[str, dict[str, Any]] = {
    "unavailable": {"action": "status", "status": 503, "path": QUERY, "times": 3},
    "too many requests": {"action": "status", "status": 429, "path": QUERY, "times": 3},
    "reset": {"action": "drop", "path": QUERY, "times": 2},
    "answer cut": {"action": "truncate", "path": QUERY, "times": 1},
    "chunk unavailable": {"action": "status", "status": 503, "path": CHUNK, "times": 2},
    "chunk reset": {"action": "truncate", "path": CHUNK, "times": 2},
    "chunk cut": {"action": "cut", "path": CHUNK, "times": 1},
    "slow answer": {"action": "delay", "seconds": 1.5, "path": QUERY, "times": 1},
    "session expired": {"action": "expire", "path": QUERY, "times": 2},
}
LASTING: dict[str, dict[str, Any]] = {
    "unavailable": {"action": "status", "status": 503, "path": QUERY},
    "login unavailable": {"action": "status", "status": 503, "path": "login"},
    "chunk cut": {"action": "cut", "path": CHUNK},
}
BRISK = Settings(retry_seconds=0.02, request_seconds=1)
CALM = replace(BRISK, request_seconds=10)
"""Where no answer is late on purpose: those of a busy machine are."""


@pytest.fixture
def brisk(connector: Connector) -> Connector:
    return Connector(connector.entry, BRISK, {})


@pytest.fixture(scope="module")
def undisturbed(
    server: Account, orders: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    server.control(reset=True)
    server.fill(orders)
    out = tmp_path_factory.mktemp("undisturbed") / "s"
    done = advisor(server, "collect", "--connection", "test", "--out", out, *WINDOW)
    assert done.returncode == 0, done.stderr
    return contents(out)


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_leaves_no_trace(
    brisk: Connector, account: Account, tmp_path: Path, undisturbed: dict[str, Any], fault: dict[str, Any]
) -> None:
    account.fault(**fault)
    collect(brisk, tmp_path / "s", since=SINCE, raw=True)
    assert account.control(left=True) == [0]
    assert contents(tmp_path / "s") == undisturbed


def test_passing_faults_leave_no_trace_with_the_older_connector(
    connector: Connector, account: Account, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    for name in ("reset", "session expired", "unavailable", "chunk reset", "chunk cut"):
        account.fault(**PASSING[name])
    done = advisor(account, "collect", "--connection", "test", "--out", tmp_path / "s", *WINDOW, python=PYTHON)
    assert done.returncode == 0, done.stderr
    assert account.control(left=True) == [0, 0, 0, 0, 0]
    assert contents(tmp_path / "s") == undisturbed


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING.keys())
def test_a_lasting_fault_ends_in_a_refusal_and_the_next_run_completes(
    brisk: Connector, account: Account, tmp_path: Path, undisturbed: dict[str, Any], fault: dict[str, Any]
) -> None:
    account.fault(**fault)
    brief = Connector(brisk.entry, replace(brisk.settings, attempts=2), {})
    with pytest.raises(SourceError):
        collect(brief, tmp_path / "s", since=SINCE, raw=True)
    assert not (tmp_path / "s").exists()
    account.control(reset=True)
    collect(brisk, tmp_path / "s", since=SINCE, raw=True)
    assert contents(tmp_path / "s") == undisturbed


def test_a_statement_that_does_not_end_is_given_up(connector: Connector, account: Account, tmp_path: Path) -> None:
    account.control(slow_seconds=30)
    hasty = Connector("test", Settings(retry_seconds=0.02, request_seconds=1, statement_seconds=0, attempts=2), {})
    began = time.monotonic()
    with pytest.raises(SourceError, match="didn't end in time; gave up after 2 attempts"):
        collect(hasty, tmp_path / "s", since=SINCE)
    assert time.monotonic() - began < 10


def test_a_server_that_dies_and_comes_back_is_waited_for(
    history: Path, tmp_path: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    write_entry(tmp_path, port)
    filling(history, tmp_path)
    first = start(tmp_path, port)
    for name, value in first.environment.items():
        monkeypatch.setenv(name, value)
    patient = Connector("test", Settings(retry_seconds=0.5, request_seconds=2), {})
    # The eighth statement never gets its answer.
    first.fault("delay", seconds=3600, path=QUERY, skip=7)
    run = threading.Thread(target=collect, args=(patient, tmp_path / "s"), kwargs={"since": SINCE, "raw": True})
    run.start()
    while len(first.statements()) < 8:
        time.sleep(0.02)
    first.stop()
    second = start(tmp_path, port)
    run.join(60)
    second.stop()
    assert contents(tmp_path / "s") == undisturbed


def test_a_disk_that_fills_is_said_and_the_next_run_completes(
    connector: Connector, account: Account, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    with launch(account, tmp_path / "s", preexec_fn=little_room) as run:
        _, said = run.communicate(timeout=60)
    assert run.returncode == 3, said
    assert "make room or name another --out, then run again" in said.splitlines()[-1]
    assert not (tmp_path / "s").exists()
    with launch(account, tmp_path / "s") as run:
        assert run.wait(60) == 0
    assert contents(tmp_path / "s") == undisturbed


KILLS = 8


def collect_there(environment: dict[str, str], out: Path, raw: bool) -> None:
    """In a process of its own."""
    os.environ.update(environment)
    collect(Connector("test", CALM, {}), out, since=SINCE, raw=raw)


@dataclass(frozen=True)
class Undisturbed:
    content: dict[str, Any]
    seconds: float
    earlier: Path
    """A snapshot that was collected before it, from a day earlier on."""


def undisturbed_run(connector: Connector, home: Path, raw: bool) -> Undisturbed:
    began = time.monotonic()
    collect(connector, home / f"{raw}", since=SINCE, raw=raw)
    took = time.monotonic() - began
    collect(connector, home / f"{raw}-earlier", since=SINCE - timedelta(days=1), raw=raw)
    return Undisturbed(contents(home / f"{raw}"), took, home / f"{raw}-earlier")


def test_a_run_that_is_killed_at_any_moment_is_completed_by_the_next(connector: Connector, tmp_path: Path) -> None:
    """On the way to a first snapshot, or from one to its successor; with the history's rows, or what it is compressed to."""
    calm = Connector(connector.entry, CALM, {})
    forms = {raw: undisturbed_run(calm, tmp_path, raw) for raw in (True, False)}
    processes, moments = multiprocessing.get_context("forkserver"), random.Random(1)
    processes.set_forkserver_preload(["advisor.collector.collect"])
    ends: list[int | None] = []
    for kill in range(KILLS):
        raw, out = kill % 5 > 0, tmp_path / f"{kill}" / "s"
        form, before = forms[raw], None
        out.parent.mkdir()
        if kill % 2:
            shutil.copytree(form.earlier, out)
            before = contents(out)
        run = processes.Process(target=collect_there, args=(dict(os.environ), out, raw))
        run.start()
        time.sleep(moments.uniform(0.05, 1.2 * form.seconds))
        run.kill()
        run.join()
        ends.append(run.exitcode)
        assert not out.exists() or contents(out) in (before, form.content)
        collect(calm, out, since=SINCE, raw=raw)
        assert contents(out) == form.content, kill
        assert [path.name for path in out.parent.iterdir()] == ["s"]
    # Some had ended by then.
    assert ends.count(0) < KILLS / 2


def launch(account: Account, out: Path, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "advisor", "collect", "--connection", "test", "--out", out, *WINDOW],
        env={**account.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
