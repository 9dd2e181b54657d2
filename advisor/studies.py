"""What the statements that may be rewritten say, without their trees: kept for the next run, which finds what it would have studied."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlglot import exp

from advisor import kept
from advisor.blocks import Block, Condition, study
from advisor.model import QueryTemplate, TableName
from advisor.rewrites import Doubt, doubts, returns_all
from advisor.settings import Settings
from advisor.usage.learned import Learned
from advisor.usage.names import Directory, Session

FILE = "studies"
MARK = b"advisor studies 1\n"
CLASSES = (Block, Condition, Doubt, TableName)


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


@dataclass(frozen=True)
class Studies:
    """The statements that have been asked for."""

    directory: Directory
    learned: Learned[Studied]
    failed: set[str] = field(default_factory=set)
    """What can't be studied, which may be for lack of room on the stack: that isn't kept for the next run."""

    @staticmethod
    def of(directory: Directory, settings: Settings) -> Studies:
        file = None if settings.cache_folder is None else Path(settings.cache_folder, FILE)
        return Studies(directory, Learned.of(file, MARK, Studied, CLASSES, directory))

    def studied(self, text: str, template: QueryTemplate) -> Studied | None:
        """The template's text, or a sample's; None where it can't be studied."""
        key = kept.digest(_version(), text, template.database, template.schema)
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

    def save(self) -> None:
        """For the next run; nothing is held any more for this one."""
        self.learned.save()
        self.learned.answers.clear()


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


@cache
def _version() -> str:
    """Of the code that a study depends on."""
    folder = Path(__file__).parent
    return kept.version([folder, *(folder / each for each in ("blocks", "rewrites", "usage", "model"))], "sqlglot")
