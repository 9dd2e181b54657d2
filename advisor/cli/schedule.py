"""`advisor schedule`: a job that is ready to be saved, and the dashboard that shows what it finds."""

from __future__ import annotations

import re

import click

from advisor.errors import InputError

JOBS = {
    "github": "github.yml",
    "cron": "cron.sh",
    "snowflake-task": "snowflake_task.sql",
    "airflow": "airflow.py",
    "grafana": "grafana.json",
}
PLACEHOLDER = "CONNECTION_NAME"

HELP = """Print a weekly job: collect, analyze, compare with the last report, keep it, tell what is new.

\b
github          a workflow that opens or refreshes one pull request and comments once
cron            a shell script
snowflake-task  a task that runs the advisor's container inside the account
airflow         a DAG
grafana         a dashboard over the file of `advisor analyze --metrics`

\b
Example:
  advisor schedule cron --connection prod > weekly.sh
"""


@click.command(help=HELP, short_help="Print a weekly job.")
@click.argument("where", type=click.Choice(list(JOBS)))
@click.option("--connection", default="prod", show_default=True, help="Entry of connections.toml that the job uses.")
def schedule(where: str, connection: str) -> None:
    from advisor.resources import folder

    if not re.fullmatch(r"[A-Za-z0-9_.-]+", connection):
        raise InputError(f"--connection {connection!r}: a job takes letters, digits, dots, dashes and underscores only")
    text = (folder("templates") / "jobs" / JOBS[where]).read_text(encoding="utf-8")
    click.echo(text.replace(PLACEHOLDER, connection), nl=False)
