"""One run's statements: what is there already is kept, the rest is asked, refusals are remembered by what they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from advisor.collector.connection import Connector
from advisor.collector.extracts import Extract
from advisor.collector.folder import Workshop
from advisor.collector.parts import Received, answers, stamp, write_part
from advisor.collector.pool import DeniedError, RefusedError, Session, run_all
from advisor.collector.statistics import OF_TABLES
from advisor.collector.views import ACCOUNT_VIEWS, NEEDED, refused

SAME_RUN = timedelta(hours=6)
"""What a killed run has fetched stays good for so long, for the next run to go on with."""

Progress = Callable[[str, int, int, int], None]
"""Told a view's name, how many of its files are there, how many there will be, and the rows received so far."""


@dataclass
class Run:
    """What has been received so far."""

    connector: Connector
    workshop: Workshop
    standing: bool
    """Whether a whole snapshot stands already."""
    account: str
    role: str
    now: datetime
    progress: Progress
    refusals: dict[str, str] = field(default_factory=dict)
    """Why the account didn't answer, by view or table."""
    shortened: dict[str, str] = field(default_factory=dict)
    """Why it was asked for less, and answered that, by table."""
    files: list[str] = field(default_factory=list)
    """What the snapshot is to hold."""
    asked: int = 0
    kept: set[str] = field(default_factory=set)
    """Files that an earlier run had fetched."""
    rows: int = 0
    bytes: int = 0
    allowed_bytes: float = 0.0
    """What tables may be scanned for together."""
    scanned_bytes: int | None = 0
    """What they were, as the account measured it; None once it didn't say."""
    lock: Lock = field(default_factory=Lock)

    def fetch(self, wanted: Sequence[Extract]) -> None:
        """Makes the files of all extracts; those that are there already are not asked for."""
        kept = self._keep(wanted)
        due = [extract for extract in wanted if extract.file not in kept]
        counts, done, rows = Counter(extract.view for extract in due), Counter[str](), Counter[str]()

        def settle(extract: Extract, answer: Received | RefusedError) -> None:
            done[extract.view] += 1
            if isinstance(answer, RefusedError):
                self.refusals[extract.source] = str(answer)
            else:
                rows[extract.view] += answer.rows
                self.rows, self.bytes = self.rows + answer.rows, self.bytes + answer.bytes
            self.progress(extract.view, done[extract.view], counts[extract.view], rows[extract.view])

        run_all(self.connector, due, self._ask, settle)
        self.asked, self.kept = self.asked + len(due), self.kept | kept
        self.files += [extract.file for extract in wanted if extract.source not in self.refusals]

    def _keep(self, wanted: Sequence[Extract]) -> set[str]:
        """The files that need not be asked for: a killed run's, and those that the standing snapshot has for good."""
        kept = set()
        for extract in wanted:
            mark = stamp(extract, self.account, self.now)
            if answers(self.workshop.new / extract.file, mark, extract, SAME_RUN):
                kept.add(extract.file)
            elif self.standing and answers(self.workshop.out / extract.file, mark, extract, extract.good_for):
                self.workshop.keep(extract.file)
                kept.add(extract.file)
        return kept

    def carry(self, pattern: str) -> None:
        """Takes over the files of that name that the standing snapshot or a killed run has, whatever they answer."""
        folders = [self.workshop.new, self.workshop.out] if self.standing else [self.workshop.new]
        for folder in folders:
            for path in sorted(folder.glob(pattern)):
                file = path.relative_to(folder).as_posix()
                if not (self.workshop.new / file).exists():
                    self.workshop.keep(file)
                self.kept.add(file)
                self.files += [file] if file not in self.files else []

    def _ask(self, session: Session, extract: Extract) -> Received | RefusedError:
        """In a worker's thread: the answer's file, or the account's refusal of what can be done without."""
        path = self.workshop.new / extract.file
        mark = stamp(extract, self.account, self.now)
        of_table = extract.view in OF_TABLES
        if of_table and (self.scanned_bytes or 0) > self.allowed_bytes:
            return RefusedError(f"{extract.source}: the budget is used up")

        def asked(sql: str) -> Received:
            return session.ask(
                extract.file,
                sql,
                lambda batches: write_part(path, extract.view, mark, extract.shape(batches)),
                extract.shown,
            )

        try:
            try:
                received = asked(extract.sql)
            except RefusedError as error:
                if extract.plainer is None or isinstance(error, DeniedError):
                    raise
                received = asked(extract.plainer)
                self.shortened[extract.source] = str(error)
        except RefusedError as error:
            if extract.source in NEEDED:
                raise refused(extract.source, self.role, str(error)) from None
            if extract.source in ACCOUNT_VIEWS and not isinstance(error, DeniedError):
                raise
            return error
        if of_table:
            self._measure(session)
        return received

    def _measure(self, session: Session) -> None:
        scanned = session.scanned()
        with self.lock:
            known = self.scanned_bytes is not None and scanned is not None
            self.scanned_bytes = (self.scanned_bytes or 0) + (scanned or 0) if known else None
