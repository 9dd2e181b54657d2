"""What was learned from statements, kept for the next run in a folder that may be deleted at any time.

An answer is found again by the statement's text and session, or, where it makes a mould, by all of the text but its constants; it
holds as long as the reader's code is the same and the catalog knows the same by all names that the statement led to. So a run
finds in it exactly what it would have read. A file that isn't as it was written counts as none, and no class but those of an
answer is ever made from one.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from advisor import kept
from advisor.kept import digest
from advisor.model import ColumnUsage, Reading, Role, TableName
from advisor.usage import reading
from advisor.usage.moulds import Mould, Slot, cut, shape
from advisor.usage.names import Directory
from advisor.usage.reading import Answer, Request
from advisor.usage.trees import LONGEST

FILE = "readings"
MARK = b"advisor readings 1\n"
UNUSED_RUNS = 30
"""An answer that so many newer files had no use for is dropped."""

_CLASSES = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (Answer, Mould, Slot, Reading, ColumnUsage, Role, TableName, date, datetime)
}


@dataclass(frozen=True)
class Entry:
    """A kept answer: what the catalog said of its names then, when it was last of use, and the answer, pickled."""

    names: str
    used: int
    answer: bytes


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


@dataclass
class ReadingCache:
    """The answers of earlier runs; `find` them, `keep` new ones, `save` once."""

    folder: Path | None
    """None: nothing outlasts this run."""
    directory: Directory
    entries: dict[str, Entry]
    run: int
    """The number of the file that this run would write."""
    new: dict[str, Entry] = field(default_factory=dict)
    answers: dict[str, Answer | None] = field(default_factory=dict)
    """Those that hold, by key, as far as they were asked for."""
    told: dict[tuple[str, ...], str] = field(default_factory=dict)
    """By names, a digest of all that the catalog knows by them."""

    def find(self, request: Request, shaped: Shaped) -> Reading | None:
        alike = self._answer(shaped.key)
        if alike is not None and isinstance(alike.mould, Mould):
            filled = alike.mould.filled(alike.reading, shaped.runs)
            if filled is not None:
                return filled
        answer = self._answer(_key(request))
        return None if answer is None or answer.at not in (None, request.at) else answer.reading

    def _answer(self, key: str) -> Answer | None:
        if key not in self.answers:
            entry = self.entries.get(key)
            answer = None if entry is None else _unpickled(entry.answer)
            holds = entry is not None and isinstance(answer, Answer) and self._known(answer) == entry.names
            self.answers[key] = answer if holds and isinstance(answer, Answer) else None
            if entry is not None and holds:
                self.new[key] = Entry(entry.names, self.run, entry.answer)
        return self.answers[key]

    def keep(self, answers: Mapping[Request, Answer], shapes: Mapping[Request, Shaped]) -> None:
        for request, answer in answers.items():
            if answer.reading.problem not in reading.CHANCE:
                shaped = shapes[request].key
                # A second mould of a shape has other constants that must stay: its text is found as it stands.
                moulded = answer.mould is not None and self.answers.get(shaped) is None
                kept_ = answer if moulded else replace(answer, mould=None)
                key = shaped if moulded else _key(request)
                self.answers[key] = kept_
                self.new[key] = Entry(self._known(answer), self.run, pickle.dumps(kept_, 5))

    def save(self) -> None:
        """Puts a new file in the old one's place, when there is anything new. A folder that can't be written to costs the
        next run its time and this one nothing."""
        if self.folder is None or all(
            key in self.entries and self.entries[key].answer is entry.answer for key, entry in self.new.items()
        ):
            return
        held = {key: entry for key, entry in self.entries.items() if entry.used >= self.run - UNUSED_RUNS} | self.new
        content = pickle.dumps((self.run, {key: (e.names, e.used, e.answer) for key, e in sorted(held.items())}), 5)
        kept.write(self.folder / FILE, MARK, content)

    def _known(self, answer: Answer) -> str:
        """A digest of all that the catalog knows by the names that the answer rests on."""
        if answer.names not in self.told:
            self.told[answer.names] = digest(*(self.directory.known_as(name) for name in answer.names))
        return self.told[answer.names]


def open_cache(folder: Path | None, directory: Directory) -> ReadingCache:
    """What the folder holds for this version of the reader; nothing when it can't be read, or isn't as it was written."""
    run, entries = (0, {}) if folder is None else _content(folder / FILE)
    return ReadingCache(folder, directory, entries, run + 1)


def _content(path: Path) -> tuple[int, dict[str, Entry]]:
    data = kept.content(path, MARK)
    match None if data is None else _unpickled(data):
        case (int(run), dict(found)):
            return run, {key: Entry(*parts) for key, parts in found.items()}
    return 0, {}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an answer")
        return _CLASSES[module, name]


def _unpickled(data: bytes) -> object:
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError, AttributeError, LookupError):
        return None


def _key(request: Request) -> str:
    return digest(_version(), request.text, request.database, request.schema)


@cache
def _version() -> str:
    """Of the code that an answer depends on."""
    folder = Path(__file__).parent
    return kept.version([folder, folder.parent / "model"], "sqlglot")
