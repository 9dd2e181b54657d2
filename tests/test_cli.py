"""The command line as its users run it: exit statuses, one-line errors, nothing half-written.

A process each where one is asked for each status, and the rest inside this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import advisor
from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
from tests.snapshots import query, write_snapshot, write_view


def process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    history = [*runs(by_customer, 300, 2000), *loads(100_000)]
    return write_snapshot(tmp_path / "snapshot", history, [ORDERS], columns=columns("ORDERS"))


def test_the_output_folder_is_named_for_the_window_and_said(snapshot: Path, tmp_path: Path) -> None:
    done = process("analyze", "--snapshot", str(snapshot), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name == "2025-01-28"
    assert str(folder.relative_to(tmp_path) / "plan.md") in done.stdout
    assert "Cluster DB.PUBLIC.ORDERS by" in done.stdout
    assert "328 queries -> 2 templates" in done.stderr


def test_check_fails_a_job_on_advice(snapshot: Path, tmp_path: Path) -> None:
    assert process("analyze", "--snapshot", str(snapshot), "--check", cwd=tmp_path).returncode == 1


def test_check_passes_when_nothing_should_change(tmp_path: Path) -> None:
    quiet = write_snapshot(tmp_path / "quiet", [query("SELECT 1")], [ORDERS])
    done = advisor("analyze", "--snapshot", str(quiet), "--check", cwd=tmp_path)
    assert (done.returncode, "No change is recommended." in done.stdout) == (0, True)


def corrupt(folder: Path) -> None:
    file = folder / "query_history.parquet"
    file.write_bytes(file.read_bytes()[:400])


def emptied(folder: Path) -> None:
    (folder / "tables.parquet").write_bytes(b"")


def without_tables(folder: Path) -> None:
    (folder / "tables.parquet").unlink()


def without_text(folder: Path) -> None:
    write_view(folder, "query_history", [{"START_TIME": "2025-01-01", "EXECUTION_TIME": 3}])


def of_wrong_type(folder: Path) -> None:
    write_view(folder, "query_history", [query("SELECT 1", EXECUTION_TIME="long", START_TIME="yesterday")])


def without_select(folder: Path) -> None:
    write_view(folder, "query_history", [query("SHOW TABLES", QUERY_TYPE="SHOW")])


def without_rows(folder: Path) -> None:
    (folder / "query_history.parquet").unlink()
    (folder / "query_history.csv").write_text("QUERY_TEXT,START_TIME,EXECUTION_TIME\n")


def without_encoding(folder: Path) -> None:
    (folder / "query_history.parquet").unlink()
    (folder / "query_history.csv").write_bytes(b"QUERY_TEXT,START_TIME,EXECUTION_TIME\n\xff\xfe\x00,2025-01-01,\x80\n")


@pytest.mark.parametrize(
    "damage",
    [corrupt, emptied, without_tables, without_text, of_wrong_type, without_select, without_rows, without_encoding],
)
def test_what_the_user_must_fix_is_one_line_and_status_2(
    snapshot: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(snapshot)
    done = advisor("analyze", "--snapshot", str(snapshot), "--out", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("advisor: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["analyze"], "--snapshot DIR, --connection NAME or --demo"),
        (["analyze", "--snapshot", "nowhere"], "nowhere"),
        (["analyze", "--snapshot", ".", "--budget-credits", "-1"], "budget-credits"),
        (["analise"], "analise"),
        (["analyze", "--snapshot", ".", "--config", "none.toml"], "none.toml"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = advisor(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("redact", "SNAPSHOT"), ("demo",)])
def test_a_folder_that_cant_be_made_is_one_line_and_status_2(
    snapshot: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "taken").write_text("a file")
    arguments = (str(snapshot) if each == "SNAPSHOT" else each for each in command)
    done = advisor(*arguments, "--out", "taken/out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "advisor: taken: File exists\n")


def test_output_that_doesnt_fit_is_one_line_and_status_2(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "advisor", "explain", "clustering_key"]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "advisor: No space left on device\n")


def test_a_process_ends_with_status_2_and_the_same_line(snapshot: Path, tmp_path: Path) -> None:
    corrupt(snapshot)
    arguments = ("analyze", "--snapshot", str(snapshot), "--out", "out")
    done, expected = process(*arguments, cwd=tmp_path), advisor(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected.stderr)


@pytest.mark.parametrize("command", [[], ["analyze"]])
def test_every_command_has_help_with_its_exit_statuses_or_its_commands(tmp_path: Path, command: list[str]) -> None:
    done = process(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert ("Example:" in done.stdout) == bool(command)
    assert "Usage: " in done.stdout


def test_help_does_not_wait_for_the_engines(tmp_path: Path) -> None:
    code = (
        "import sys, advisor.cli; print(sorted({'duckdb', 'sqlglot', 'pandas', 'numpy', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HARD_TEXTS = [
    "SELECT '" + "x" * 1_000_001 + "' FROM orders",
    "SELECT " + "(" * 500 + "1" + ")" * 500 + " FROM orders",
    "SELECT * FROM orders WHERE customer_id IN (" + ",".join(map(str, range(20_000)))[:99_000],
    "SELECT \x00 FROM orders WHERE '",
    "{{ ref('orders') }} SELECT",
    "SELECT * FROM nowhere.at.all WHERE x = 1",
]


def test_texts_that_cannot_be_understood_are_counted_and_the_rest_is_advised(snapshot: Path, tmp_path: Path) -> None:
    hard = [query(text, 100 + i, QUERY_ID=f"h-{i}") for i, text in enumerate(HARD_TEXTS)]
    write_view(snapshot, "query_history", [*runs(by_customer, 300, 2000), *loads(100_000), *hard])
    done = advisor("analyze", "--snapshot", str(snapshot), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "skipped: does not parse" in done.stderr
    assert "skipped: too long" in done.stderr
    assert "skipped: reads a table that is not in the snapshot" in done.stderr
    assert "Cluster DB.PUBLIC.ORDERS by" in done.stdout


def test_one_of_anything_is_not_plural(tmp_path: Path) -> None:
    quiet = write_snapshot(tmp_path / "quiet", [query("SELECT * FROM orders")], [{**ORDERS, "BYTES": 1}])
    done = advisor("analyze", "--snapshot", str(quiet), "--out", "out", cwd=tmp_path)
    written = done.stderr + "".join((tmp_path / "out" / name).read_text() for name in ("plan.md", "report.html"))
    assert "1 query -> 1 template " in written
    assert not [word for word in ("queries", "templates", "candidates", "recommendations") if f" 1 {word}" in written]
