"""The run: probe the account, ask for what the folder lacks, put the new snapshot in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from advisor import resources
from advisor.collector.connection import Connector
from advisor.collector.extracts import Extract, Sampling, Window, extracts
from advisor.collector.folder import Workshop, sound
from advisor.collector.parts import Received, answers, stamp, write_part
from advisor.collector.pool import DeniedError, Session, run_all
from advisor.collector.views import ACCOUNT_VIEWS, NEEDED, absent, grant, readable
from advisor.errors import InputError, SourceError
from advisor.snapshot import write_manifest

SAME_RUN = timedelta(hours=6)
"""What a killed run has fetched stays good for so long, for the next run to go on with."""

Progress = Callable[[str, int, int, int], None]
"""Told a view's name, how many of its files are there, how many there will be, and the rows received so far."""


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


def collect(
    connector: Connector,
    out: Path,
    days: int = 28,
    since: datetime | None = None,
    raw: bool = False,
    progress: Progress = lambda *_: None,
) -> Collected:
    """Makes `out` a snapshot of the last `days`, or from `since` on (UTC); fetches what the one that stands there lacks.

    With `raw` it holds the query history's rows in place of templates and samples. Raises SourceError where the account
    can't be reached, or refuses the query history or the tables; InputError where `out` can't be written.
    """
    workshop = Workshop(out.resolve())
    workshop.prepare()
    account = probe(connector)
    window = Window(since or account.now - timedelta(days=days), account.now)
    if window.since >= window.until:
        raise InputError(
            f"the window begins at {window.since} but in the account it is {window.until}; name an earlier --since"
        )
    few = Sampling(max(1, connector.settings.samples_per_day), connector.settings.questions_per_day)
    wanted = extracts(account.columns, window, few, raw)
    try:
        return _fetch(connector, workshop, account, wanted, progress)
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror or error}; make room or name another --out, then run again"
        ) from error


def _fetch(
    connector: Connector, workshop: Workshop, account: Account, wanted: Sequence[Extract], progress: Progress
) -> Collected:
    kept = _keep(workshop, wanted, account)
    due = [extract for extract in wanted if extract.file not in kept]
    run = _Run(workshop, account, Counter(extract.view for extract in due), progress)
    run_all(connector, due, run.fetch, run.settle)
    run.finish(wanted)
    missing = sorted(set(ACCOUNT_VIEWS) - set(account.columns) | run.denied)
    rows, size = sum(r.rows for r in run.received), sum(r.bytes for r in run.received)
    return Collected(account.role, len(due), len(kept), rows, size, tuple(missing))


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
            raise _refused(view, role, "it is not there for this role")
    there = {view: names for view, names in columns.items() if readable(view, names)}
    return Account(
        str(facts["ACCOUNT_NAME"]), role, facts["WAREHOUSE_NAME"], facts["ASKED_AT"].replace(tzinfo=None), there
    )


def _refused(view: str, role: str, why: str) -> SourceError:
    return SourceError(f"cannot read ACCOUNT_USAGE.{view.upper()}: {why}; as an administrator: {grant(view, role)}")


def _keep(workshop: Workshop, wanted: Sequence[Extract], account: Account) -> set[str]:
    """The files that need not be asked for: a killed run's, and those that the standing snapshot has for good."""
    standing = sound(workshop.out)
    kept = set()
    for extract in wanted:
        mark = stamp(extract, account.name, account.now)
        if answers(workshop.new / extract.file, mark, extract, SAME_RUN):
            kept.add(extract.file)
        elif standing and answers(workshop.out / extract.file, mark, extract, timedelta(0)):
            workshop.keep(extract.file)
            kept.add(extract.file)
    return kept


class _Run:
    """What one run has received so far."""

    def __init__(self, workshop: Workshop, account: Account, due: Mapping[str, int], progress: Progress) -> None:
        self.workshop, self.account, self.due, self.progress = workshop, account, due, progress
        self.received: list[Received] = []
        self.denied: set[str] = set()
        self.done: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def fetch(self, session: Session, extract: Extract) -> Received | DeniedError:
        """In a worker's thread: the answer's file, or the account's refusal of a view that can be done without."""
        path = self.workshop.new / extract.file
        mark = stamp(extract, self.account.name, self.account.now)
        try:
            return session.ask(extract.file, extract.sql, lambda batches: write_part(path, extract.view, mark, batches))
        except DeniedError as error:
            if extract.source in NEEDED:
                raise _refused(extract.source, self.account.role, str(error)) from None
            return error

    def settle(self, extract: Extract, answer: Received | DeniedError) -> None:
        self.done[extract.view] += 1
        if isinstance(answer, DeniedError):
            self.denied.add(extract.source)
        else:
            self.received.append(answer)
            self.rows[extract.view] += answer.rows
        self.progress(extract.view, self.done[extract.view], self.due[extract.view], self.rows[extract.view])

    def finish(self, wanted: Sequence[Extract]) -> None:
        """Writes the manifest, last, and puts the snapshot in its place."""
        files = [extract.file for extract in wanted if extract.source not in self.denied]
        notes = [
            f"{view}: the account has no column {', '.join(names)}"
            for view, held in sorted(self.account.columns.items())
            if view not in self.denied and (names := absent(view, held))
        ]
        self.workshop.clear(files)
        write_manifest(self.workshop.new, "snowflake", notes, self.account.name, self.account.now)
        self.workshop.publish()
