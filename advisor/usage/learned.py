"""Answers about statements, kept for the next run in a folder that may be deleted at any time.

An answer is found again by a digest of what was asked, and holds as long as the catalog knows the same by all names that the
statement led to. A file that isn't as it was written counts as none, and no class but those of an answer is ever made from one.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from advisor import kept
from advisor.usage.names import Directory

UNUSED_RUNS = 30
"""An answer that so many newer files had no use for is dropped."""


class Answered(Protocol):
    @property
    def names(self) -> tuple[str, ...]:
        """The objects' own names that the answer rests on."""


Kind = TypeVar("Kind", bound=Answered)


@dataclass(frozen=True)
class Entry:
    """A kept answer: what the catalog said of its names then, when it was last of use, and the answer, pickled."""

    names: str
    used: int
    answer: bytes


@dataclass
class Learned(Generic[Kind]):
    """The answers of earlier runs; `find` them, `keep` new ones, `save` once."""

    file: Path | None
    """None: nothing outlasts this run."""
    mark: bytes
    kind: type[Kind]
    classes: dict[tuple[str, str], type]
    """That an answer is made of."""
    directory: Directory
    entries: dict[str, Entry]
    run: int
    """The number of the file that this run would write."""
    new: dict[str, Entry] = field(default_factory=dict)
    answers: dict[str, Kind | None] = field(default_factory=dict)
    """Those that hold, by key, as far as they were asked for."""
    told: dict[tuple[str, ...], str] = field(default_factory=dict)
    """By names, a digest of all that the catalog knows by them."""

    @staticmethod
    def of(
        file: Path | None, mark: bytes, kind: type[Kind], classes: Iterable[type], directory: Directory
    ) -> Learned[Kind]:
        """What the file holds; nothing when it can't be read, or isn't as it was written. `mark` is how it begins, `kind` what an
        answer is, and `classes` whatever else is in one."""
        known = {(each.__module__, each.__qualname__): each for each in (kind, *classes)}
        run, entries = (0, {}) if file is None else _content(file, mark)
        return Learned(file, mark, kind, known, directory, entries, run + 1)

    def find(self, key: str) -> Kind | None:
        if key not in self.answers:
            entry = self.entries.get(key)
            answer = None if entry is None else _unpickled(entry.answer, self.classes)
            holds = entry is not None and isinstance(answer, self.kind) and self._known(answer) == entry.names
            self.answers[key] = answer if holds and isinstance(answer, self.kind) else None
            if entry is not None and holds:
                self.new[key] = Entry(entry.names, self.run, entry.answer)
        return self.answers[key]

    def keep(self, key: str, answer: Kind) -> None:
        self.answers[key] = answer
        self.new[key] = Entry(self._known(answer), self.run, pickle.dumps(answer, 5))

    def save(self) -> None:
        """Puts a new file in the old one's place, when there is anything new. A folder that can't be written to costs the
        next run its time and this one nothing."""
        if self.file is None or all(
            key in self.entries and self.entries[key].answer is entry.answer for key, entry in self.new.items()
        ):
            return
        held = {key: entry for key, entry in self.entries.items() if entry.used >= self.run - UNUSED_RUNS} | self.new
        content = pickle.dumps((self.run, {key: (e.names, e.used, e.answer) for key, e in sorted(held.items())}), 5)
        kept.write(self.file, self.mark, content)

    def _known(self, answer: Kind) -> str:
        """A digest of all that the catalog knows by the names that the answer rests on."""
        if answer.names not in self.told:
            self.told[answer.names] = kept.digest(*(self.directory.known_as(name) for name in answer.names))
        return self.told[answer.names]


def _content(path: Path, mark: bytes) -> tuple[int, dict[str, Entry]]:
    data = kept.content(path, mark)
    match None if data is None else _unpickled(data, {}):
        case (int(run), dict(found)):
            entries = {key: entry for key, parts in found.items() if (entry := _entry(parts)) is not None}
            return run, entries
    return 0, {}


def _entry(parts: object) -> Entry | None:
    match parts:
        case (str(names), int(used), bytes(answer)):
            return Entry(names, used, answer)
    return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, classes: dict[tuple[str, str], type]) -> None:
        super().__init__(io.BytesIO(data))
        self._classes = classes

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._classes:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an answer")
        return self._classes[module, name]


def _unpickled(data: bytes, classes: dict[tuple[str, str], type]) -> object:
    try:
        return _Unpickler(data, classes).load()
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError, AttributeError, LookupError):
        return None
