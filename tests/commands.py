"""The command line inside this process, for tests that ask what a command does and not how its process behaves."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from advisor.cli import main


def advisor(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`advisor ARGUMENTS`, run in `cwd`."""
    said, warned, command = io.StringIO(), io.StringIO(), ["advisor", *arguments]
    status: object = 0
    with chdir(cwd), redirect_stdout(said), redirect_stderr(warned), patch.object(sys, "argv", command):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    assert isinstance(status, int)
    return subprocess.CompletedProcess(command, status, said.getvalue(), warned.getvalue())
