"""`advisor collect`: a live account into a snapshot folder."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from advisor.settings import Settings

HELP = """Read a live account into a snapshot folder; the account itself compresses its history.

What the folder has already is not asked again. All that is run only reads: SELECT and the session's own settings.

\b
Example:
  advisor collect --connection prod --out snapshots/prod
"""


@click.command(help=HELP, short_help="Read a live account into a snapshot folder.")
@click.option("--connection", required=True, help="Entry of connections.toml.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The snapshot's folder.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 365), help="How far back.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From that day (UTC) on, in place of --days.")
@click.option("--raw", is_flag=True, help="Keep every query's row, not templates and samples.")
@click.option("--no-statistics", is_flag=True, help="Read metadata alone, no table.")
@click.option("--statistics-gib", type=click.FloatRange(min=0), help="Most that statistics may scan.  [default: 20]")
@click.option("--keep-samples", is_flag=True, help="Sample rows of tables too; their values stay in the snapshot.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
@click.option("-q", "--quiet", is_flag=True, help="Print neither progress nor what was collected.")
def collect(
    connection: str,
    out: Path,
    days: int,
    since: datetime | None,
    raw: bool,
    no_statistics: bool,
    statistics_gib: float | None,
    keep_samples: bool,
    config: Path | None,
    quiet: bool,
) -> None:
    from advisor.settings import load

    settings = load(config, {"statistics_gib": statistics_gib})
    collected_into(connection, settings, out, days, since, raw, not no_statistics, keep_samples, quiet)


def collected_into(
    connection: str,
    settings: Settings,
    out: Path,
    days: int,
    since: datetime | None = None,
    raw: bool = False,
    statistics: bool = True,
    samples: bool = False,
    quiet: bool = False,
) -> None:
    from advisor import what_if
    from advisor.analyzer import analyze
    from advisor.collector.collect import Statistics, summary
    from advisor.collector.collect import collect as collected
    from advisor.collector.connection import Connector
    from advisor.needs import needs

    second = (
        Statistics(
            lambda folder: needs(folder, settings), samples, lambda folder: what_if.wanted(folder, settings, analyze)
        )
        if statistics
        else None
    )
    connector = Connector(connection, settings, os.environ)
    done = collected(connector, out, days, since, raw, second, _silent if quiet else counted)
    if not quiet:
        click.echo("\n".join([*done.notes, f"{out}: {summary(done)}"]), err=True)


def _silent(view: str, done: int, due: int, rows: int) -> None:
    """Says it to nobody."""


def counted(view: str, done: int, due: int, rows: int) -> None:
    """Each file on a terminal, where the line is written over; each view once in a job's log."""
    if done == due or sys.stderr.isatty():
        start = "\r" if sys.stderr.isatty() else ""
        click.echo(f"{start}{view}: {done} of {due} statements, {rows:,} rows", err=True, nl=done == due)
