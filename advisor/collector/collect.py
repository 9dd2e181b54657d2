"""The run: probe the account, ask for what the folder lacks, put the new snapshot in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from advisor import resources
from advisor.collector.connection import Connector
from advisor.collector.extracts import HISTORY, Sampling, Window, extracts
from advisor.collector.folder import Workshop, sound
from advisor.collector.own import of_earlier_runs, of_this_run
from advisor.collector.pool import DeniedError, Session
from advisor.collector.probes import probe_of
from advisor.collector.run import Progress, Run
from advisor.collector.statistics import OF_TABLES, Plan, plans, sample_of, statistics_of
from advisor.collector.unsampled import unsampled
from advisor.collector.views import ACCOUNT_VIEWS, NEEDED, absent, grant, readable, refused
from advisor.collector.warehouses import SHOWN, warehouses
from advisor.errors import InputError, SourceError
from advisor.figures import many, size
from advisor.model import Needs, Probe
from advisor.settings import Settings
from advisor.snapshot import write_manifest


@dataclass(frozen=True)
class Account:
    name: str
    role: str
    warehouse: str | None
    now: datetime
    """The account's own clock; UTC, without a zone."""
    columns: Mapping[str, frozenset[str]]
    """Of each known view that the role may read."""


@dataclass(frozen=True)
class Statistics:
    """The second phase: what the history's analysis asks for."""

    needs: Callable[[Path], Needs]
    """Told a folder that holds the history."""
    samples: bool = False
    """Whether the snapshot may keep values of sampled rows."""
    probes: Callable[[Path], Sequence[Probe]] = lambda folder: ()
    """Told a folder that holds the statistics too: what to put to Snowflake's own estimators."""


@dataclass(frozen=True)
class Collected:
    role: str
    asked: int
    """Statements of this run."""
    kept: int
    """Files that an earlier run had fetched."""
    rows: int
    bytes: int
    """Received in this run, as Arrow."""
    missing: tuple[str, ...]
    """Views that the role may not read, or that the account lacks."""
    notes: tuple[str, ...]
    """What the snapshot says of how it was come by."""


def collect(
    connector: Connector,
    out: Path,
    days: int = 28,
    since: datetime | None = None,
    raw: bool = False,
    statistics: Statistics | None = None,
    progress: Progress = lambda *_: None,
) -> Collected:
    """Makes `out` a snapshot of the last `days`, or from `since` on (UTC); fetches what the one that stands there lacks.

    With `raw` it holds the query history's rows in place of templates and samples. Raises SourceError where the account
    can't be reached, or refuses the query history or the tables, and where the disk fills; InputError where `out` can't be
    made.
    """
    workshop = Workshop(out.resolve())
    workshop.prepare()
    account = probe(connector)
    window = Window(since or account.now - timedelta(days=days), account.now)
    if window.since >= window.until:
        raise InputError(
            f"the window begins at {window.since} but in the account it is {window.until}; name an earlier --since"
        )
    few = sampling(connector.settings)
    run = Run(connector, workshop, sound(workshop.out), account.name, account.role, account.now, progress)
    try:
        run.fetch(extracts(account.columns, window, few, raw))
        if not raw:
            run.fetch(unsampled(run, account.columns[HISTORY], window, few))
        run.fetch([warehouses()])
        notes = _absences(account, run) + _second(run, statistics)
        if statistics is not None:
            notes += _third(run, statistics)
        notes += [of_this_run(connector, account.now), of_earlier_runs(workshop.new)]
        workshop.clear(run.files)
        write_manifest(workshop.new, "snowflake", notes, account.name, account.now)
        workshop.publish()
    except OSError as error:
        raise SourceError(
            f"cannot write {out}: {error.strerror or error}; make room or name another --out, then run again"
        ) from error
    missing = sorted(set(ACCOUNT_VIEWS) - set(account.columns) | run.refusals.keys() & {*ACCOUNT_VIEWS, SHOWN})
    return Collected(account.role, run.asked, len(run.kept), run.rows, run.bytes, tuple(missing), tuple(notes))


def sampling(settings: Settings) -> Sampling:
    return Sampling(settings.statements_per_day, max(1, settings.samples_per_day), settings.questions_per_day)


def _absences(account: Account, run: Run) -> list[str]:
    return [
        f"{view}: the account has no column {', '.join(names)}"
        for view, held in sorted(account.columns.items())
        if view not in run.refusals and (names := absent(view, held))
    ]


# ---------------------------------------------------------------- statistics


def _second(run: Run, statistics: Statistics | None) -> list[str]:
    """Asks for the statistics of the columns that the history filters; gives what the plan should say of it."""
    if statistics is None:
        return ["column statistics: not asked for, as the run was told"]
    settings = run.connector.settings
    run.workshop.clear(run.files, spared=OF_TABLES)
    needs = statistics.needs(run.workshop.new)
    planned = plans(needs.tables, settings.statistics_gib * 2**30, statistics.samples)
    good_for = timedelta(days=settings.statistics_days)
    asked = [statistics_of(plan, good_for) for plan in planned if plan.percent]
    asked += [sample_of(plan, good_for) for plan in planned if plan.rows]
    run.allowed_bytes = settings.statistics_gib * 2**30
    run.fetch(asked)
    return [*needs.notes, *_told(run, planned, settings.statistics_gib, statistics.samples)]


def _third(run: Run, statistics: Statistics) -> list[str]:
    """Puts the advice so far to Snowflake's own estimators; says once of each what kept it from answering."""
    run.workshop.clear(run.files, spared=("what_if",))
    good_for = timedelta(days=run.connector.settings.statistics_days)
    asked = [probe_of(probe, good_for) for probe in statistics.probes(run.workshop.new)]
    run.fetch(asked)
    unheard: dict[str, list[str]] = {}
    for extract in asked:
        if extract.source in run.refusals:
            unheard.setdefault(extract.source.split()[0], []).append(run.refusals[extract.source])
    return [
        f"what-if: {many(len(why), 'call')} of {call} went unanswered, the first because: {why[0]}"
        for call, why in sorted(unheard.items())
    ]


def _told(run: Run, planned: Sequence[Plan], budget_gib: float, samples: bool) -> list[str]:
    columns = many(sum(len(plan.wanted.columns) for plan in planned if plan.percent), "column")
    tables = many(sum(plan.percent > 0 for plan in planned), "table")
    estimate = size(sum(plan.bytes for plan in planned))
    measured = "what was scanned is unknown" if run.scanned_bytes is None else f"{size(run.scanned_bytes)} scanned"
    notes = [
        f"column statistics: {columns} of {tables}; {estimate} estimated of {budget_gib:g} GiB allowed; {measured}",
    ]
    beyond = [str(plan.wanted.table.name) for plan in planned if not plan.percent]
    if beyond:
        notes.append(f"column statistics: beyond the budget, or of unknown size: {', '.join(beyond)}")
    notes += [
        f"column statistics: {why}"
        for source, why in sorted(run.refusals.items())
        if source not in (*ACCOUNT_VIEWS, SHOWN)
    ]
    notes += [
        f"column statistics: without frequent values and quantiles: {why}" for _, why in sorted(run.shortened.items())
    ]
    if not samples:
        notes.append("row samples: none; --keep-samples takes them, and keeps their values in the snapshot")
    return notes


def summary(collected: Collected) -> str:
    """The run in a line, for the terminal."""
    counts = f"{collected.asked} statements, {collected.rows:,} rows, {collected.bytes:,} bytes; {collected.kept} files were there"
    missing = f"; not readable for {collected.role}: {', '.join(collected.missing)}" if collected.missing else ""
    return counts + missing


def probe(connector: Connector) -> Account:
    """Who is asked, and what is there to be read. Raises SourceError without the query history or the tables."""
    session = Session(connector)
    try:
        facts = session.rows("the account", resources.sql("account"))[0]
        found = session.rows("the views' columns", resources.sql("account_usage_columns"))
    except DeniedError as error:
        raise SourceError(f"{error}; as an administrator: {grant('query_history', '<your role>')}") from None
    finally:
        session.close()
    held: dict[str, set[str]] = {}
    for row in found:
        held.setdefault(row["TABLE_NAME"].lower(), set()).add(row["COLUMN_NAME"])
    columns = {view: frozenset(held.get(view, ())) for view in ACCOUNT_VIEWS}
    role = str(facts["ROLE_NAME"])
    for view in NEEDED:
        if not readable(view, columns[view]):
            raise refused(view, role, "it is not there for this role")
    there = {view: names for view, names in columns.items() if readable(view, names)}
    return Account(
        str(facts["ACCOUNT_NAME"]), role, facts["WAREHOUSE_NAME"], facts["ASKED_AT"].replace(tzinfo=None), there
    )
