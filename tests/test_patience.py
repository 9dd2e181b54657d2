"""What a user at a terminal sees of a long run, and what is left of one that is interrupted."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor import kept
from advisor.cli.terminal import Progress
from advisor.workload.kept import MARK
from tests.recommenders.test_clustering_key import ORDERS, columns
from tests.snapshots import query, write_snapshot

STATEMENTS = 400
ENGINES = {"duckdb", "sqlglot", "pandas", "snowflake", "pyarrow", "scipy", "numpy", "jinja2"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough different statements that reading them takes a while."""
    sums = [
        ", ".join(f"sum(case when a{i} > {n} then b{i} end) s{n}_{i}" for i in range(40)) for n in range(STATEMENTS)
    ]
    history = [
        query(f"select {each} from orders where customer_id = {n} group by c{n}", n) for n, each in enumerate(sums)
    ]
    return write_snapshot(
        tmp_path_factory.mktemp("patience") / "snapshot", history, [ORDERS], columns=columns("ORDERS")
    )


class Run:
    """`advisor analyze` with its stderr on a terminal, everything that it may leave behind in `home`."""

    def __init__(self, snapshot: Path, home: Path) -> None:
        self.home = home
        (home / "tmp").mkdir(parents=True)
        self.terminal, other = pty.openpty()
        environment = {**os.environ, "TMPDIR": str(home / "tmp"), "ADVISOR_CACHE_FOLDER": str(home / "cache")}
        command = [sys.executable, "-m", "advisor", "analyze", "--snapshot", str(snapshot), "--out", str(home / "out")]
        self.process = subprocess.Popen(command, stderr=other, stdout=subprocess.PIPE, env=environment)
        os.close(other)
        self.seen = ""

    def until(self, words: str) -> None:
        while words not in self.seen:
            part = os.read(self.terminal, 4096).decode()
            self.seen += part
            assert part

    def end(self) -> int:
        try:
            while part := os.read(self.terminal, 4096).decode():
                self.seen += part
        except OSError:
            pass  # that is how a terminal ends
        self.process.communicate(timeout=60)
        os.close(self.terminal)
        return self.process.returncode


@pytest.mark.parametrize(
    ("number", "said", "stage"),
    [
        (signal.SIGINT, "interrupted", "compressing"),
        (signal.SIGINT, "interrupted", "reading"),
        (signal.SIGINT, "interrupted", "pruning"),
        (signal.SIGTERM, "terminated", "compressing"),
        (signal.SIGTERM, "terminated", "reading"),
        (signal.SIGTERM, "terminated", "pruning"),
        (signal.SIGHUP, "hung up", "reading"),
    ],
)
def test_a_signal_that_ends_it_leaves_nothing_half_written(
    snapshot: Path, tmp_path: Path, number: signal.Signals, said: str, stage: str
) -> None:
    run = Run(snapshot, tmp_path)
    run.until(stage)
    time.sleep(0.2)
    run.process.send_signal(number)
    if number != signal.SIGINT:
        run.process.send_signal(number)  # as timeout does, to the process and to its group
    status = run.end()
    units = [path for path in tmp_path.glob("cache/history/*") if kept.content(path, MARK) is not None]
    learned = {tmp_path / "cache" / each for each in ("", "readings", "history")}.union(units)
    left = set(tmp_path.rglob("*")) - learned - {tmp_path / "tmp"}
    if status == 0:  # it was done before
        assert (tmp_path / "out" / "advice.json").is_file()
    else:
        assert (status, left) == (128 + number, set())
        assert run.seen.endswith(f"advisor: {said}\r\n")
    assert "Traceback" not in run.seen
    assert not [path for path in Path("/proc").glob("[0-9]*/environ") if _readable(path, str(tmp_path).encode())]


def _readable(environment: Path, words: bytes) -> bool:
    try:
        return words in environment.read_bytes()
    except OSError:
        return False


def test_a_terminal_sees_each_stage_once(snapshot: Path, tmp_path: Path) -> None:
    run = Run(snapshot, tmp_path)
    assert run.end() == 0
    reading = f"reading {STATEMENTS} templates of {STATEMENTS} executions"
    for stage in ("compressing executions", reading, "pruning hypothetical layouts"):
        assert len(re.findall(f"{stage}.*\r\n", run.seen)) == 1


def test_a_long_stage_shows_its_share_and_the_time_left() -> None:
    stream, now = io.StringIO(), [0.0]
    progress = Progress(stream, lambda: now[0])
    progress("reading")
    for now[0], done in ((1.0, 10), (3.0, 25), (200.0, 50)):
        progress("reading", done, 100)
    progress("pruning")
    lines = [line.strip() for line in stream.getvalue().replace("\r", "\n").splitlines()]
    assert [line for line in lines if line] == [
        "reading",
        "25% done, about 9 s left",
        "50% done, about 3 min left",
        "pruning",
    ]


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["explain", "clustering_key"]])
def test_what_needs_no_engine_loads_none(arguments: list[str]) -> None:
    code = "import sys; from advisor.cli import cli\ntry: cli.main(sys.argv[1:], standalone_mode=False)\nexcept SystemExit: pass\n"
    code += "print(*sorted(set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert len(done.stdout) > 200
    assert ENGINES & set(done.stderr.split()) == set()
