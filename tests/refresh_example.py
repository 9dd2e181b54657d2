"""Writes `reports/example/` anew: `python -m tests.refresh_example`, then read the diff. `make example` runs the demo first.

What the demo's engine recorded is kept in `reports/example/snapshot`: its times differ from run to run, so a new run gives
another snapshot. From one snapshot the advice is the same bytes, which a test checks.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot

EXAMPLE = Path(__file__).parents[1] / "reports" / "example"
SNAPSHOT = EXAMPLE / "snapshot"
PICTURES = EXAMPLE / "screenshots"


def write_output(out: Path) -> None:
    """What `advisor analyze --snapshot reports/example/snapshot` writes."""
    with open_snapshot(SNAPSHOT, Settings()) as snapshot:
        generate(analyze(snapshot, Settings()), out)


def refresh() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        write_output(out)
        for old in EXAMPLE.iterdir():
            if old.is_dir() and old not in (SNAPSHOT, PICTURES):
                shutil.rmtree(old)
            elif old.is_file():
                old.unlink()
        shutil.copytree(out, EXAMPLE, dirs_exist_ok=True)


def record_demo() -> None:
    """Runs the demo and keeps its snapshot."""
    from advisor.demo import snapshot

    with tempfile.TemporaryDirectory() as home:
        made = snapshot(Path(home), print)
        shutil.rmtree(SNAPSHOT, ignore_errors=True)
        shutil.copytree(made, SNAPSHOT)


if __name__ == "__main__":
    if "--demo" in sys.argv[1:]:
        record_demo()
    refresh()
