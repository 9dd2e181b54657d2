"""`advisor doctor`: what a connection can read."""

from __future__ import annotations

import os
from pathlib import Path

import click

from advisor.errors import InputError

HELP = """Check what a connection can read, how fresh it is, and what each missing grant would unlock.

\b
Exit status: 0 all is there, 2 something to fix, 3 the account can't be reached or refuses what is needed.

\b
Example:
  advisor doctor --connection prod
"""


@click.command(help=HELP, short_help="Check what a connection can read.")
@click.option("--connection", required=True, help="Entry of connections.toml.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
def doctor(connection: str, config: Path | None) -> None:
    from advisor.collector.connection import Connector
    from advisor.collector.doctor import examine, lines
    from advisor.settings import load

    checkup = examine(Connector(connection, load(config, {}), os.environ))
    click.echo("\n".join(lines(checkup)))
    if not checkup.healthy:
        raise SystemExit(InputError.exit_status)
