"""Rewrites over stored results and what became of each: kept for the next run, which needn't write them again to find
their proofs.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor import kept
from advisor.blocks import Block, Stored
from advisor.model import QueryTemplate, TableName
from advisor.settings import Settings
from advisor.usage import moves
from advisor.usage.learned import Learned
from advisor.usage.names import Directory

FILE = "rewrites"
MARK = b"advisor rewrites 1\n"


@dataclass(frozen=True)
class Rewrite:
    """One template's representative as it is, and over the stored result."""

    original: str
    query: str


@dataclass(frozen=True)
class Proven:
    """A rewrite that could be written."""

    rewrite: Rewrite
    why: str | None
    """It isn't proven; None where it is."""
    names: tuple[str, ...]
    """The objects' own names that this rests on."""


def opened(directory: Directory, settings: Settings) -> Learned[Proven]:
    """What earlier runs came to."""
    file = None if settings.cache_folder is None else Path(settings.cache_folder, FILE)
    return Learned.of(file, MARK, Proven, (Rewrite,), directory)


def key(
    template: QueryTemplate, blocks: Sequence[Block], stored: Stored, name: TableName, settings: Settings
) -> str | None:
    """By what it is found again; None where another moment may decide otherwise."""
    if moves(template.text) or moves(repr(stored)):
        return None
    places, session = repr([block.place for block in blocks]), (template.database, template.schema)
    return kept.digest(
        _version(), template.text, *session, places, repr(stored), repr(name), str(settings.proof_databases)
    )


@cache
def _version() -> str:
    """Of the code that writes and proves them, and of the engine; the interpreter's random numbers are part of a proof."""
    folder = Path(__file__).parent
    folders = [folder, *(folder / each for each in ("blocks", "equality", "usage", "model"))]
    return kept.digest(kept.version(folders, "sqlglot", "duckdb"), platform.python_version())
