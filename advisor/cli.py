"""The commands: the only module that prints, exits or knows flags.

Stages are imported where they are used, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor import __version__
from advisor.errors import AdvisorError, InputError

if TYPE_CHECKING:
    from advisor.model import Advice
    from advisor.settings import Settings

EXIT_NEW_ADVICE = 1

ANALYZE_HELP = """Read a query history, judge every change against it, write the advice.

\b
1. compress   executions become templates
2. read       each template's columns and conditions are resolved to tables
3. propose    every key that the conditions could use is thought of
4. estimate   the partitions each template would scan, the credits, the upkeep
5. settle     the best change per table is taken, the rest rejected with a reason

\b
Exit status: 0 done, 1 --check and there is advice, 2 something to fix, 3 source out of reach.

\b
Example:
  advisor analyze --snapshot export/ --out reports/today
"""

COLLECT_HELP = """Read a live account into a snapshot folder; the account itself compresses its history.

What the folder has already is not asked again. All that is run only reads: SELECT and the session's own settings.

\b
Example:
  advisor collect --connection prod --out snapshots/prod
"""

DOCTOR_HELP = """Check what a connection can read, how fresh it is, and what each missing grant would unlock.

\b
Exit status: 0 all is there, 2 something to fix, 3 the account can't be reached or refuses what is needed.

\b
Example:
  advisor doctor --connection prod
"""

GRANTS_HELP = """Print the least that a role needs, as a script for an administrator.

\b
Example:
  advisor grants --role ADVISOR --warehouse ADVISOR_WH
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="advisor")
def cli() -> None:
    """Find the changes to a Snowflake account that would save the most, and write the SQL to review."""


@cli.command(help=ANALYZE_HELP, short_help="Read a query history and write the advice.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Folder of exported views; works offline.")
@click.option("--connection", help="Entry of connections.toml: collect from that account, into --out/snapshot.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 365), help="How far back to collect.")
@click.option("--demo", is_flag=True, help="Run a real workload on an embedded engine and analyze its history.")
@click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: reports/<window end date>]")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file.  [default: advisor.toml, if there is one]"
)
@click.option("--budget-credits", type=click.FloatRange(min=0), help="Most credits that all builds together may take.")
@click.option("--check", is_flag=True, help="Exit 1 if there is advice, for jobs that should fail on it.")
def analyze(
    snapshot: Path | None,
    connection: str | None,
    days: int,
    demo: bool,
    out: Path | None,
    config: Path | None,
    budget_credits: float | None,
    check: bool,
) -> None:
    from advisor.settings import load

    if (snapshot is not None) + (connection is not None) + demo != 1:
        raise InputError("say where the history is: --snapshot DIR, --connection NAME or --demo")
    settings = load(config, {"budget_credits": budget_credits})
    if connection is not None:
        out = out or Path("reports") / datetime.now(UTC).date().isoformat()
        snapshot = out / "snapshot"
        _collect(connection, settings, snapshot, days)
    with _demo_home() if demo else _nowhere() as home:
        advice, folder = _run(_demo_snapshot(home) if home else snapshot or Path(), settings, out)
        _summary(advice, folder)
        if home:
            _trial(home, advice)
    if check and advice.recommendations:
        raise SystemExit(EXIT_NEW_ADVICE)


@cli.command(help=COLLECT_HELP, short_help="Read a live account into a snapshot folder.")
@click.option("--connection", required=True, help="Entry of connections.toml.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The snapshot's folder.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 365), help="How far back.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From that day (UTC) on, in place of --days.")
@click.option("--raw", is_flag=True, help="Keep every query's row, not templates and samples.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file.")
def collect(connection: str, out: Path, days: int, since: datetime | None, raw: bool, config: Path | None) -> None:
    from advisor.settings import load

    _collect(connection, load(config, {}), out, days, since, raw)


@cli.command(help=DOCTOR_HELP, short_help="Check what a connection can read.")
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


@cli.command(help=GRANTS_HELP, short_help="Print the least that a role needs.")
@click.option("--role", required=True, help="As in SQL: upper case unless in double quotes.")
@click.option("--warehouse", help="The warehouse that the role is to use.")
def grants(role: str, warehouse: str | None) -> None:
    from advisor.collector.grants import script

    click.echo(script(role, warehouse))


def _collect(
    connection: str, settings: Settings, out: Path, days: int, since: datetime | None = None, raw: bool = False
) -> None:
    from advisor.collector.collect import collect, summary
    from advisor.collector.connection import Connector

    collected = collect(Connector(connection, settings, os.environ), out, days, since, raw, _counted)
    click.echo(f"{out}: {summary(collected)}", err=True)


def _counted(view: str, done: int, due: int, rows: int) -> None:
    """Each file on a terminal, where the line is written over; each view once in a job's log."""
    if done == due or sys.stderr.isatty():
        start = "\r" if sys.stderr.isatty() else ""
        click.echo(f"{start}{view}: {done} of {due} statements, {rows:,} rows", err=True, nl=done == due)


def _run(source: Path, settings: Settings, out: Path | None) -> tuple[Advice, Path]:
    from advisor.analyzer import analyze as analyzed
    from advisor.generator import funnel, generate
    from advisor.snapshot import open_snapshot

    with open_snapshot(source, settings) as snapshot:
        advice = analyzed(snapshot, settings, _progress())
    folder = out or Path("reports") / advice.snapshot.window_end.date().isoformat()
    generate(advice, folder)
    click.echo(funnel(advice), err=True)
    return advice, folder


def _summary(advice: Advice, folder: Path) -> None:
    from tabulate import tabulate

    from advisor.figures import between
    from advisor.quoting import comment

    rows = [
        (
            number,
            comment(recommendation.title),
            between(recommendation.net_credits_per_month),
            recommendation.confidence,
        )
        for number, recommendation in enumerate(advice.recommendations, 1)
    ]
    if rows:
        click.echo(tabulate(rows, headers=("", "change", "net credits a month", "confidence"), disable_numparse=True))
    else:
        click.echo("No change is recommended.")
    click.echo(f"\nThe optimization plan: {folder / 'plan.md'}")


# ---------------------------------------------------------------- the demo


@contextmanager
def _demo_home() -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory(prefix="advisor-demo-") as home:
        yield Path(home)


@contextmanager
def _nowhere() -> Iterator[Path | None]:
    yield None


def _demo_snapshot(home: Path) -> Path:
    from advisor.demo import snapshot

    return snapshot(home, _say)


def _trial(home: Path, advice: Advice) -> None:
    """Applies the recommended keys to copies of the demo's tables and shows predicted beside measured."""
    from tabulate import tabulate

    from advisor import trial

    rows = trial.run(home, advice, _say)
    if not rows:
        return
    click.echo("\nThe recommended keys, applied to copies of the tables; partitions an execution scans:\n")
    headers = ("table", "template", "executions", "before", "predicted", "measured", "ratio")
    cells = [
        (
            r.table.name,
            r.fingerprint,
            r.executions,
            f"{r.before:.1f}",
            f"{r.predicted:.1f}",
            f"{r.measured:.1f}",
            f"{r.error:.2f}",
        )
        for r in rows
    ]
    click.echo(tabulate(cells, headers=headers, disable_numparse=True))
    click.echo(f"\nWithin a factor of 2: {trial.within(rows, 2):.1%} of these templates' executions.")


# ---------------------------------------------------------------- the terminal


def _say(line: str) -> None:
    click.echo(line, err=True)


def _progress() -> Callable[[str], None]:
    return _say if sys.stderr.isatty() else lambda _: None


def main() -> None:
    """Runs the command line; an expected failure is one line on stderr and the exit status that the contract gives it."""
    try:
        status = cli.main(standalone_mode=False)
    except AdvisorError as error:
        _fail(str(error), error.exit_status)
    except click.exceptions.Abort:
        _fail("interrupted", 130)
    except click.ClickException as error:
        _fail(error.format_message(), InputError.exit_status)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int) -> None:
    click.echo(f"advisor: {' '.join(message.split())}", err=True)
    sys.exit(status)
