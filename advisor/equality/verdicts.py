"""What proofs came to, kept for the next run in a folder that may be deleted at any time.

A verdict is found again by all that it depends on: both queries, the columns and constants that the databases are drawn
from, how many there are, and the code that draws, writes and runs them. What another moment may decide otherwise isn't kept.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor import kept
from advisor.equality.queries import Queries
from advisor.usage.reading import MOVING

FILE = "proofs"
MARK = b"advisor proofs 1\n"
MOST = 10_000
"""Verdicts in the file: a new one takes the place of the oldest."""
VOLATILE = (*MOVING, "TODAY(", "RAND", "UUID", "SAMPLE")
"""A query with any of these may say something else when it is run again."""


@dataclass(frozen=True)
class Verdict:
    why: str | None
    """The rewrite isn't proven; None where it is."""


def lasting(queries: Queries) -> bool:
    """Whether the queries say the same at any time."""
    texts = [text.upper() for text in (*queries.alone, *(definition for _, definition in queries.views))]
    return not any(word in text for text in texts for word in VOLATILE)


def key(queries: Queries, databases: int) -> str:
    return kept.digest(_version(), repr(queries), str(databases))


def find(folder: Path, key: str) -> Verdict | None:
    found = _content(folder)
    return Verdict(found[key]) if key in found else None


def keep(folder: Path, key: str, verdict: Verdict) -> None:
    found = _content(folder) | {key: verdict.why}
    for old in list(found)[:-MOST]:
        del found[old]
    kept.write(folder / FILE, MARK, json.dumps(found).encode())


def _content(folder: Path) -> dict[str, str | None]:
    data = kept.content(folder / FILE, MARK)
    found = {} if data is None else json.loads(data)
    return found if isinstance(found, dict) else {}


@cache
def _version() -> str:
    """Of the code that a verdict depends on. The interpreter's random numbers are part of it."""
    return kept.digest(kept.version([Path(__file__).parent], "duckdb"), platform.python_version())
