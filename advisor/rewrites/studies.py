"""What the statements that may be rewritten say, without their trees: kept for the next run, which finds what it would
have studied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlglot import exp

from advisor import kept
from advisor.beside import Begun, Beside
from advisor.blocks import Block, Condition, study
from advisor.model import QueryTemplate, ReadTemplate, TableName
from advisor.rewrites import Doubt, doubts, returns_all
from advisor.settings import Settings
from advisor.usage.learned import Learned
from advisor.usage.names import Directory, Session

FILE = "studies"
MARK = b"advisor studies 1\n"
CLASSES = (Block, Condition, Doubt, TableName)
BATCH = 10
PAYS = 4 * BATCH
"""So many texts are worth handing over: each takes some milliseconds."""


@dataclass(frozen=True)
class Studied:
    """A single query that could be studied."""

    blocks: tuple[Block, ...]
    """Once the names of its columns stand for a SELECT * of one table."""
    doubts: tuple[Doubt, ...]
    """SELECT * as it is."""
    returns_all: bool
    united: bool
    """Any part of it is a UNION."""
    names: tuple[str, ...]
    """The objects' own names that this rests on."""


Request = tuple[str, str | None, str | None]
"""A text, and its session's database and schema."""


@dataclass(frozen=True)
class Studies:
    """The statements that have been asked for."""

    directory: Directory
    learned: Learned[Studied]
    failed: set[str] = field(default_factory=set)
    """What can't be studied, which may be for lack of room on the stack: that isn't kept for the next run."""
    begun: list[tuple[Sequence[Request], Begun[list[Studied | None]]]] = field(default_factory=list)

    @staticmethod
    def of(directory: Directory, settings: Settings) -> Studies:
        file = None if settings.cache_folder is None else Path(settings.cache_folder, FILE)
        return Studies(directory, Learned.of(file, MARK, Studied, CLASSES, directory))

    def begin(self, reads: Iterable[ReadTemplate], beside: Beside) -> None:
        """The texts of these templates will be asked for: those that are new are studied in the process, once it
        stands, where they are many.
        """
        names: dict[Request, set[str]] = {}
        for read in reads:
            request = read.template.text, read.template.database, read.template.schema
            names.setdefault(request, set()).update(name.name for name in read.reading.scans)
        new = [request for request in names if self.learned.find(_key(*request)) is None]
        if not beside.stands or len(new) < PAYS:
            return
        for at in range(0, len(new), BATCH):
            requests = new[at : at + BATCH]
            known = frozenset[str]().union(*(names[request] for request in requests))
            self.begun.append((requests, beside.begin(_study, requests, self.directory.part(known), known)))

    def studied(self, text: str, template: QueryTemplate) -> Studied | None:
        """The template's text, or a sample's; None where it can't be studied."""
        self._gather()
        key = _key(text, template.database, template.schema)
        if key in self.failed:
            return None
        found = self.learned.find(key)
        if found is None:
            found = _studied(text, Session(self.directory, template.database, template.schema))
            if found is None:
                self.failed.add(key)
            else:
                self.learned.keep(key, found)
        return found

    def _gather(self) -> None:
        """All that was begun, before anything is asked for: the last of it is done here, while the process does the first."""
        for _, begun in reversed(self.begun):
            begun.do()
        for requests, begun in self.begun:
            for request, found in zip(requests, begun.result(), strict=True):
                if found is not None:
                    self.learned.keep(_key(*request), found)
        self.begun.clear()

    def save(self) -> None:
        """For the next run; nothing is held any more for this one."""
        self.learned.save()
        self.learned.answers.clear()


def _study(requests: Sequence[Request], part: Directory, names: frozenset[str]) -> list[Studied | None]:
    """What each says; None also for one that leads to more names than these, of which the part of the directory tells all."""
    each = [_studied(text, Session(part, database, schema)) for text, database, schema in requests]
    return [found if found is not None and names.issuperset(found.names) else None for found in each]


def _studied(text: str, session: Session) -> Studied | None:
    session.directory.asked.clear()
    statement = study(text, session, stars=True)
    if statement is None:
        return None
    doubted = tuple(doubts(statement, session))
    named = study(text, session) if statement.starred else statement
    return Studied(
        () if named is None else named.blocks,
        doubted,
        returns_all(statement.tree),
        statement.tree.find(exp.Union) is not None,
        tuple(sorted(session.directory.asked)),
    )


def _key(text: str, database: str | None, schema: str | None) -> str:
    return kept.digest(_version(), text, database, schema)


@cache
def _version() -> str:
    """Of the code that a study depends on."""
    folder = Path(__file__).parent
    return kept.version([folder, *(folder / each for each in ("blocks", "rewrites", "usage", "model"))], "sqlglot")
