"""What was learned from statements, kept for the next run.

A reading is found again by the statement's text and session, or, where it makes a mould, by all of the text but its constants; it
holds as long as the reader's code is the same and the catalog knows the same by all names that the statement led to. So a run
finds in it exactly what it would have read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

from advisor import kept
from advisor.kept import digest
from advisor.model import ColumnUsage, Reading, Role, TableName
from advisor.usage import reading
from advisor.usage.learned import Learned
from advisor.usage.moulds import Mould, Slot, cut, shape
from advisor.usage.names import Directory
from advisor.usage.reading import Answer, Request
from advisor.usage.trees import LONGEST

FILE = "readings"
MARK = b"advisor readings 1\n"

CLASSES = (Mould, Slot, Reading, ColumnUsage, Role, TableName, date, datetime)
"""What an Answer is made of."""


@dataclass(frozen=True)
class Shaped:
    """A request less its constants, under a key that all share which differ from it in nothing else; and these."""

    key: str
    runs: list[str]

    @staticmethod
    def of(request: Request) -> Shaped:
        between, runs = cut(request.text) if len(request.text) <= LONGEST else ([request.text], [])
        lengths = " ".join(str(len(piece)) for piece in between)
        known = _version(), request.database, request.schema, shape(runs), lengths, "".join(between)
        return Shaped(digest(*known), runs)


@dataclass(frozen=True)
class ReadingCache:
    """The answers of earlier runs; `find` them, `keep` new ones, `save` once."""

    learned: Learned[Answer]

    def find(self, request: Request, shaped: Shaped) -> Reading | None:
        alike = self.learned.find(shaped.key)
        if alike is not None and isinstance(alike.mould, Mould):
            filled = alike.mould.filled(alike.reading, shaped.runs)
            if filled is not None:
                return filled
        answer = self.learned.find(_key(request))
        return None if answer is None or answer.at not in (None, request.at) else answer.reading

    def keep(self, answers: Mapping[Request, Answer], shapes: Mapping[Request, Shaped]) -> None:
        for request, answer in answers.items():
            if answer.reading.problem not in reading.CHANCE:
                shaped = shapes[request].key
                # A second mould of a shape has other constants that must stay: its text is found as it stands.
                moulded = answer.mould is not None and self.learned.answers.get(shaped) is None
                self.learned.keep(
                    shaped if moulded else _key(request), answer if moulded else replace(answer, mould=None)
                )

    def save(self) -> None:
        self.learned.save()


def open_cache(folder: Path | None, directory: Directory) -> ReadingCache:
    """What the folder holds for this version of the reader."""
    return ReadingCache(Learned.of(None if folder is None else folder / FILE, MARK, Answer, CLASSES, directory))


def _key(request: Request) -> str:
    return digest(_version(), request.text, request.database, request.schema)


@cache
def _version() -> str:
    """Of the code that an answer depends on."""
    folder = Path(__file__).parent
    return kept.version([folder, folder.parent / "model"], "sqlglot")
