"""The wheel that is built from the tree, installed away from it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
from tests.snapshots import write_snapshot

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.iterdir()
    return built


def files(folder: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}


def test_the_wheel_holds_the_statements_and_the_templates_and_no_tests(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"advisor/{path}" for path in files("sql") | files("templates")} <= held
    assert {path.split("/")[0] for path in held if ".dist-info/" not in path} == {"advisor"}


def test_the_installed_copy_gives_advice_from_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, timeout=120)
    work.mkdir()
    history = [*runs(by_customer, 300, 2000), *loads(100_000)]
    snapshot = write_snapshot(tmp_path / "snapshot", history, [ORDERS], columns=columns("ORDERS"))
    code = (
        "import sys, advisor; from advisor import cli, resources;"
        "print(advisor.__file__); print(resources.folder('sql')); sys.argv[0] = 'advisor'; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "analyze", "--snapshot", str(snapshot), "--out", "out"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    package, sql = done.stdout.splitlines()[:2]
    assert Path(package).is_relative_to(site)
    assert Path(sql).is_relative_to(site)
    assert {path.name for path in (work / "out").iterdir()} == {
        ".sqlfluff",
        "advice.json",
        "apply.sql",
        "plan.md",
        "report.html",
        "revert.sql",
        "scripts",
    }
    assert "Cluster DB.PUBLIC.ORDERS by" in done.stdout
