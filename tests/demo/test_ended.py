"""A demo that a signal ends while its data is made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

GENERATOR = """#!/bin/sh
echo $$ > "$TOLD.part" && mv "$TOLD.part" "$TOLD"
exec sleep 60
"""


def test_the_data_generator_ends_with_the_command(tmp_path: Path) -> None:
    programs, scratch, told = tmp_path / "programs", tmp_path / "scratch", tmp_path / "told"
    programs.mkdir()
    scratch.mkdir()
    (programs / "tpchgen-cli").write_text(GENERATOR)
    (programs / "tpchgen-cli").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "TMPDIR": str(scratch), "TOLD": str(told)}
    command = [sys.executable, "-m", "advisor", "analyze", "--demo", "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if told.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        generator = int(told.read_text())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert not _runs(generator)
    assert list(scratch.iterdir()) == []


def _runs(process: int) -> bool:
    """It may be a zombie that its new parent hasn't asked for yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
