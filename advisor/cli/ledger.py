"""`advisor ledger`: the life of each recommendation, and what people decided about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from advisor.errors import InputError

HELP = """Show what became of each recommendation; or note that one was accepted or dismissed.

FILE is written by `analyze --ledger FILE` and `track --ledger FILE`: one line of JSON an event, to be committed. A decision under
[[decisions]] in advisor.toml is noted there by the next run and is the one that holds: --accept and --dismiss are for where there is
none.

\b
Example:
  advisor ledger advisor-ledger.jsonl --accept clustering_key-1a2b3c4d5e6f --note "agreed in the data meeting"
"""


@click.command(help=HELP, short_help="Show what became of each recommendation.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--accept", metavar="ID", help="Note that it will be applied.")
@click.option("--dismiss", metavar="ID", help="Note that it won't.")
@click.option("--note", help="Why, in a sentence.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day of the decision.  [default: today, UTC]")
def ledger(file: Path, accept: str | None, dismiss: str | None, note: str | None, on: datetime | None) -> None:
    from tabulate import tabulate

    from advisor.quoting import comment
    from advisor.tracking import ledger as book

    if accept is None and dismiss is None and (note is not None or on is not None):
        raise InputError("--note and --on say of a decision: name its recommendation with --accept ID or --dismiss ID")
    if accept is not None and accept == dismiss:
        raise InputError(f"{accept} can't be accepted and dismissed at once; say which")
    entries = book.read(file)
    for name, event in ((accept, "accepted"), (dismiss, "dismissed")):
        if name is None:
            continue
        if name not in book.known(entries):
            raise InputError(f"{file} has no recommendation {name} that waits for a decision")
        entries = (*entries, book.Entry(name, (on or datetime.now(UTC)).date(), event, {"note": note} if note else {}))
        book.write(file, entries)
    lives: dict[str, list[str]] = {}
    for entry in book.ordered(entries):
        lives.setdefault(entry.id, []).append(f"{entry.event} {entry.on}")
    rows = [(comment(name), " → ".join(life)) for name, life in lives.items()]
    click.echo(
        tabulate(rows, headers=("recommendation", "life"), disable_numparse=True) if rows else "The ledger is empty."
    )
