"""`advisor track`: what the applied recommendations brought."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.destinations import check_destinations, written
from advisor.errors import InputError

if TYPE_CHECKING:
    from advisor.published import Publication
    from advisor.snapshot import Snapshot

HELP = """Judge applied recommendations by the history since: confirmed, not proven or regressed.

BEFORE and AFTER are snapshot folders; the advice is the one that was made from BEFORE. What was applied is recognised in AFTER's
catalog. Each template is compared with itself, all of them with templates that nothing was done to, and billed upkeep is
taken off; a verdict needs 10 executions in both windows and 6 templates left alone.

\b
Example:
  advisor track snapshots/2026-11-01 snapshots/2026-11-22 --advice reports/2026-11-01
"""


@click.command(help=HELP, short_help="Judge what was applied by the history since.")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--advice", required=True, type=click.Path(path_type=Path), help="Output folder that was made from BEFORE."
)
@click.option("--applied", multiple=True, metavar="ID", help="Applied, though the catalog can't show it. Repeatable.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="When it was done (UTC).  [default: BEFORE's end]",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--revert", type=click.Path(path_type=Path), help="Write there what undoes the regressed, if any did.")
@click.option("--ledger", type=click.Path(path_type=Path), help="Note the verdicts in this file.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
def track(
    before: Path,
    after: Path,
    advice: Path,
    applied: tuple[str, ...],
    since: datetime | None,
    form: str,
    revert: Path | None,
    ledger: Path | None,
    config: Path | None,
) -> None:
    from advisor.generator.tracking import as_json, as_text, revert_script
    from advisor.published import read
    from advisor.settings import load
    from advisor.snapshot import open_snapshot
    from advisor.tracking import ledger as book
    from advisor.tracking import tracker

    check_destinations({"--revert": revert, "--ledger": ledger})
    settings, published = load(config, {}), read(advice)
    entries = book.read(ledger) if ledger else ()
    unknown = sorted(set(applied) - {each.id for each in published.recommendations})
    if unknown:
        raise InputError(f"--applied {unknown[0]}: {published.path} has no such recommendation")
    with open_snapshot(before, settings) as old, open_snapshot(after, settings) as new:
        if new.window_end < old.window_end:
            raise InputError(f"{after} ends before {before} does: name the snapshot from before the change first")
        _check_made_from(published, before, old)
        if since is not None and since > new.window_end:
            raise InputError(
                f"--since {since:%Y-%m-%d}: {after} ends on {new.window_end:%Y-%m-%d}, so it holds nothing since; collect anew"
            )
        found = tracker.track(old, new, published, settings, applied, since)
    click.echo((as_json if form == "json" else as_text)(found), nl=False)
    if revert:
        _keep(revert, revert_script(found))
    if ledger:
        book.write(ledger, book.tracked(entries, found))


def _check_made_from(published: Publication, folder: Path, before: Snapshot) -> None:
    """What the advice predicts is compared with BEFORE's executions: they have to be those that it was made from."""
    if (published.window_start, published.window_end) == (before.window_start, before.window_end):
        return
    made, there = (
        f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        for start, end in (
            (published.window_start, published.window_end),
            (before.window_start, before.window_end),
        )
    )
    raise InputError(
        f"{published.path} was made from {made}, and {folder} holds {there}: name the advice that was made from BEFORE, or analyze it again"
    )


def _keep(path: Path, script: str) -> None:
    """A script of an earlier run isn't left there: what it undoes may stand well by now."""
    if script or path.exists():
        written(path, script or "-- Nothing that was applied has regressed: there is nothing to undo.\n")
