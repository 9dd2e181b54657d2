"""`advisor redact`: a snapshot to show to others."""

from __future__ import annotations

from pathlib import Path

import click

HELP = """Copy a snapshot with tokens in place of names, users, texts and numbers.

The tokens keep order, equality and about their length, so the copy gets the same advice up to names. What they don't hide is
printed: read it before you share the copy.

\b
Example:
  advisor redact snapshots/prod --out shareable
"""


@click.command(help=HELP, short_help="Copy a snapshot without its names and values.")
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the copy: new, or empty.")
@click.option("--key", help="Makes the shift of numbers your own.  [default: derived]")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
def redact(snapshot: Path, out: Path, key: str | None, config: Path | None) -> None:
    from advisor import redactor
    from advisor.settings import load
    from advisor.snapshot import open_snapshot

    with open_snapshot(snapshot, load(config, {})) as opened:
        redactor.redact(opened, out, key)
    click.echo(f"{out}: names and values are tokens. It does not hide:")
    for line in redactor.NOT_HIDDEN:
        click.echo(f"- {line}")
    click.echo(f"It does not keep {redactor.NOT_KEPT}.")
