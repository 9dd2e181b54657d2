"""`advisor grants`: the least that a role needs."""

from __future__ import annotations

import click

HELP = """Print the least that a role needs, as a script for an administrator.

\b
Example:
  advisor grants --role ADVISOR --warehouse ADVISOR_WH
"""


@click.command(help=HELP, short_help="Print the least that a role needs.")
@click.option("--role", required=True, help="As in SQL: upper case unless in double quotes.")
@click.option("--warehouse", help="The warehouse that the role is to use.")
def grants(role: str, warehouse: str | None) -> None:
    from advisor.collector.grants import script

    click.echo(script(role, warehouse))
