"""`advisor analyze`: a history from a folder, an account or the embedded engine; its advice."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.collect import collected_into
from advisor.cli.terminal import coloured, progress, say, screen_size, unsaid
from advisor.destinations import check_destinations, written
from advisor.errors import InputError

if TYPE_CHECKING:
    from advisor.model import Advice, Decision
    from advisor.settings import Settings
    from advisor.snapshot import Snapshot
    from advisor.tracking.calibration import Calibration

EXIT_NEW_ADVICE = 1

HELP = """Read a query history, judge every change against it, write the advice.

\b
1. compress   executions become templates
2. read       each template's columns and conditions are resolved to tables
3. propose    every key that the conditions could use is thought of
4. estimate   the partitions each template would scan, the credits, the upkeep
5. settle     the changes that are best together are taken, the rest rejected with a reason

\b
Exit status: 0 done, 1 --check and there is new advice, 2 something to fix, 3 source out of reach.

\b
Example:
  advisor analyze --snapshot export/ --out reports/today
"""


def _finite(context: click.Context, option: click.Parameter, value: float) -> float:
    """Beside what is no number, nothing would be large enough to be news."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number of credits.", context, option)
    return value


@click.command(help=HELP, short_help="Read a query history and write the advice.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Folder of exported views; works offline.")
@click.option("--connection", help="Entry of connections.toml: collect from that account, into --out/snapshot.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 365), help="How far back to collect.")
@click.option("--no-statistics", is_flag=True, help="With --connection: read metadata alone, no table.")
@click.option(
    "--keep-samples", is_flag=True, help="With --connection: sample rows too; the snapshot keeps their values."
)
@click.option("--demo", is_flag=True, help="Run a real workload on an embedded engine and analyze its history.")
@click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: reports/<window end date>]")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file.  [default: advisor.toml, if there is one]"
)
@click.option(
    "--dbt-manifest", type=click.Path(), help="dbt's target/manifest.json: its models get patches of their files."
)
@click.option("--budget-credits", type=click.FloatRange(min=0), help="Most credits that all builds together may take.")
@click.option("--max-changes", type=click.IntRange(min=1), help="Most changes to recommend: those best together.")
@click.option("--check", is_flag=True, help="Exit 1 if there is new advice, for jobs that should fail on it.")
@click.option("--baseline", type=click.Path(path_type=Path), help="An earlier output: its advice isn't new to --check.")
@click.option(
    "--min-credits",
    default=0.0,
    callback=_finite,
    help="Advice below so many net credits a month doesn't fail --check.",
)
@click.option("--ledger", type=click.Path(path_type=Path), help="Keep each recommendation's life in this file.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Write the advice for code scanning there.")
@click.option(
    "--metrics", type=click.Path(path_type=Path), help="Write baseline and totals there, as OpenMetrics text."
)
@click.option("-q", "--quiet", is_flag=True, help="Print neither progress, the funnel nor the summary.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan's totals and changes as JSON.")
def analyze(
    snapshot: Path | None,
    connection: str | None,
    days: int,
    no_statistics: bool,
    keep_samples: bool,
    demo: bool,
    out: Path | None,
    config: Path | None,
    dbt_manifest: str | None,
    budget_credits: float | None,
    max_changes: int | None,
    check: bool,
    baseline: Path | None,
    min_credits: float,
    ledger: Path | None,
    sarif: Path | None,
    metrics: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    from advisor.settings import load

    if (snapshot is not None) + (connection is not None) + demo != 1:
        raise InputError("say where the history is: --snapshot DIR, --connection NAME or --demo")
    settings = load(
        config, {"budget_credits": budget_credits, "max_changes": max_changes, "dbt_manifest": dbt_manifest}
    )
    beside = {"--ledger": ledger, "--sarif": sarif, "--metrics": metrics}
    check_destinations(beside, out)
    book = _Book(ledger, baseline)
    if connection is not None:
        out = out or Path("reports") / datetime.now(UTC).date().isoformat()
        snapshot = out / "snapshot"
        collected_into(
            connection, settings, snapshot, days, statistics=not no_statistics, samples=keep_samples, quiet=quiet
        )
    with _demo_home() if demo else _nowhere() as home:
        tell = unsaid if quiet else say
        advice, folder = _run(
            _demo_snapshot(home, tell) if home else snapshot or Path(), settings, out, tell, book, beside
        )
        _summary(advice, folder, quiet, as_json)
        if home and not (quiet or as_json):
            _trial(home, advice)
    _say_without_effect(advice, settings, tell)
    _exports(folder, book.known, sarif, metrics)
    if check:
        _fail_on_news(folder, book.known.union(each.id for each in advice.decisions), min_credits)


def _run(
    source: Path,
    settings: Settings,
    out: Path | None,
    tell: Callable[[str], None],
    book: _Book,
    beside: Mapping[str, Path | None],
) -> tuple[Advice, Path]:
    from advisor.analyzer import analyze as analyzed
    from advisor.generator import funnel, generate
    from advisor.snapshot import open_snapshot

    with open_snapshot(source, settings) as snapshot:
        advice = analyzed(snapshot, settings, progress(), book.lessons())
        folder = out or Path("reports") / advice.snapshot.window_end.date().isoformat()
        check_destinations(beside, folder)
        generate(advice, folder)
        book.keep(snapshot, folder, advice.decisions)
    tell(funnel(advice))
    return advice, folder


class _Book:
    """The ledger of this run, read before anything is done, and the advice that is no news."""

    def __init__(self, path: Path | None, baseline: Path | None) -> None:
        from advisor.published import read
        from advisor.tracking import ledger

        self.path = path
        self.entries = ledger.read(path) if path else ()
        told = read(baseline).recommendations if baseline else ()
        self.known = ledger.known(self.entries) | {each.id for each in told}

    def lessons(self) -> dict[str, Calibration]:
        from advisor.tracking.calibration import learned

        return learned(self.entries)

    def keep(self, snapshot: Snapshot, folder: Path, decisions: Sequence[Decision]) -> None:
        """Writes what this run adds to the ledger, where one is kept."""
        from advisor.published import read
        from advisor.snapshot import catalog
        from advisor.tracking import ledger
        from advisor.tracking.in_force import in_force

        if self.path is None:
            return
        known, on = catalog(snapshot), snapshot.window_end.date()
        made = read(folder).recommendations
        entries = ledger.advised(self.entries, made, on, lambda change: in_force(change, known), decisions)
        ledger.write(self.path, entries)


def _exports(folder: Path, known: frozenset[str], sarif: Path | None, metrics: Path | None) -> None:
    from advisor.generator.metrics import openmetrics
    from advisor.generator.sarif import as_sarif
    from advisor.published import read

    if sarif:
        written(sarif, as_sarif(read(folder), known, Path.cwd()))
    if metrics:
        written(metrics, openmetrics(read(folder)))


def _say_without_effect(advice: Advice, settings: Settings, tell: Callable[[str], None]) -> None:
    from advisor.decisions import without_effect
    from advisor.quoting import comment

    ids = [each.id for each in advice.recommendations]
    for said in without_effect(settings.decisions, ids, advice.snapshot.window_end.date()):
        tell(f"decision: {comment(said)}")


def _fail_on_news(folder: Path, known: frozenset[str], min_credits: float) -> None:
    from advisor.differ import fresh
    from advisor.published import read
    from advisor.quoting import comment

    news = fresh(read(folder).recommendations, known, min_credits)
    for each in news:
        say(f"new advice: {each.id}: {comment(each.title)}")
    if news:
        raise SystemExit(EXIT_NEW_ADVICE)


def _summary(advice: Advice, folder: Path, quiet: bool, as_json: bool) -> None:
    from advisor.generator.summary import machine_readable, screen

    if as_json:
        click.echo(machine_readable(advice, folder))
    elif not quiet:
        click.echo(screen(advice, folder, *screen_size(), coloured()), color=True)


# ---------------------------------------------------------------- the demo


@contextmanager
def _demo_home() -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory(prefix="advisor-demo-") as home:
        yield Path(home)


@contextmanager
def _nowhere() -> Iterator[Path | None]:
    yield None


def _demo_snapshot(home: Path, tell: Callable[[str], None]) -> Path:
    from advisor.demo import snapshot

    return snapshot(home, tell)


def _trial(home: Path, advice: Advice) -> None:
    """Applies the recommended keys to copies of the demo's tables and shows predicted beside measured."""
    from tabulate import tabulate

    from advisor.demo import trial

    rows = trial.run(home, advice, say)
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
