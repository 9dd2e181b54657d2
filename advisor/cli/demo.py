"""`advisor demo`: the snapshot of a workload that ran on the embedded engine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from advisor.cli.terminal import say, unsaid
from advisor.errors import InputError

HELP = """Run a real workload on an embedded engine and keep its history as a snapshot.

Every other command reads the folder as it would read an account's. `advisor analyze --demo` analyzes the same workload at once
and applies its keys to copies of the tables.

\b
Example:
  advisor demo --out demo
  advisor analyze --snapshot demo --out reports/demo
  advisor prove --snapshot demo --advice reports/demo/advice.json
"""


@click.command(help=HELP, short_help="Keep a real workload's history, to try the commands on.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The snapshot's folder: new, or empty.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def demo(out: Path, quiet: bool) -> None:
    from advisor.demo import snapshot

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"cannot write the demo's snapshot to {out}: something is there; name another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as home:
        snapshot(Path(home), unsaid if quiet else say).replace(out)
