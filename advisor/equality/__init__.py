"""Whether a rewritten query returns what the original returned: both are run on generated databases, in DuckDB.

What can't be run there isn't believed. Rows are compared as a multiset, floating-point numbers to 12 digits; LIMIT is left
out on both sides, since it may cut ties either way, and compared as `advisor/equality/limits.py` says, with what is sorted by.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from sqlglot.errors import SqlglotError

from advisor.beside import Beside
from advisor.equality import verdicts
from advisor.equality.engine import Tried, first_line, run
from advisor.equality.queries import Queries, Trial, UnprovenError
from advisor.settings import Settings

__all__ = ["Proof", "Proofs", "Trial", "difference"]

LEAST_ROWS = 3
"""A query that returns nothing in nearly every database proves nothing."""


Half = tuple[Queries, range, bool, float]


def difference(trial: Trial, settings: Settings, beside: Beside | None = None) -> str | None:
    """Why the rewrite isn't proven, in a few words; None where it returned the same in `Settings.proof_databases`.

    `Settings.proof_seconds` is the longest that each of both kinds of numbers may take; with two `threads` they are run side
    by side, one of them `beside` where a process stands there. What an earlier run found is taken from `Settings.cache_folder`.
    """
    return Proofs(beside).difference(trial, settings)


@dataclass(frozen=True)
class Proof:
    """One that was begun."""

    why: Callable[[], str | None]
    """The difference, once it is asked."""
    lasts: Callable[[], bool]
    """Whether another run would say the same: once the difference is known."""


@dataclass(frozen=True)
class Proofs:
    """The proofs of a run: what was run once isn't run again, what ran out of time included."""

    beside: Beside | None = None
    """Where they may be begun before they are asked for, once a process stands there."""
    _known: dict[str, Proof] = field(default_factory=dict)

    def difference(self, trial: Trial, settings: Settings) -> str | None:
        return self.begin(trial, settings).why()

    def forget(self) -> None:
        """Let go of what was found."""
        self._known.clear()

    def begin(self, trial: Trial, settings: Settings) -> Proof:
        try:
            queries = Queries.of(trial)
        except (UnprovenError, SqlglotError, RecursionError) as error:
            why = f"could not be proven: {first_line(error)}"
            return Proof(lambda: why, lambda: False)
        if not verdicts.lasting(queries):
            tried = _begun(queries, settings, self.beside)
            return Proof(lambda: _said(tried(), settings.proof_databases), lambda: False)
        key = verdicts.key(queries, settings.proof_databases)
        if key not in self._known:
            self._known[key] = self._kept(key, queries, settings)
        return self._known[key]

    def _kept(self, key: str, queries: Queries, settings: Settings) -> Proof:
        folder = None if settings.cache_folder is None else Path(settings.cache_folder)
        found = None if folder is None else verdicts.find(folder, key)
        if found is not None:
            return Proof(lambda: found.why, lambda: True)
        begun = cache(_begun(queries, settings, self.beside))

        def lasts() -> bool:
            return not any(each.chance for each in begun())

        @cache
        def why() -> str | None:
            said = _said(begun(), settings.proof_databases)
            if folder is not None and lasts():
                verdicts.keep(folder, key, verdicts.Verdict(said))
            return said

        return Proof(why, lasts)


def _begun(queries: Queries, settings: Settings, beside: Beside | None) -> Callable[[], list[Tried]]:
    """With numbers that may have decimals, and with whole ones."""
    databases, seconds = settings.proof_databases, settings.proof_seconds
    halves = [(queries, range(first, databases, 2), bool(first), seconds) for first in (0, 1)]
    if beside is None or not beside.stands:
        return partial(_tried, halves, settings.threads)
    # Half of a run is the interpreter's work: two threads would wait for each other.
    begun = [beside.begin(run, *half, here=partial(_here, half, beside.left)) for half in halves]

    def tried() -> list[Tried]:
        # The process takes the first one first.
        begun[1].do()
        return [each.result() for each in begun]

    return tried


def _here(half: Half, given_up: threading.Event) -> Tried:
    """Never in the main thread, where the engine isn't interrupted. An interrupted one isn't waited for: it is soon given up."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="proof")
    try:
        return executor.submit(run, *half, given_up).result()
    finally:
        executor.shutdown(wait=False)


def _tried(halves: Sequence[Half], threads: int) -> list[Tried]:
    given_up = threading.Event()
    with ThreadPoolExecutor(min(2, threads)) as executor:
        begun = [executor.submit(run, *half, given_up) for half in halves]
        try:
            return [each.result() for each in begun]
        finally:
            # Interrupted, neither of them is waited for.
            given_up.set()


def _said(tried: list[Tried], databases: int) -> str | None:
    problems = [found.problem for found in tried]
    if any(found.differs for found in tried):
        return next(found.problem for found in tried if found.differs)
    # Decimals may not fit where the statement wants whole numbers, as in DATEADD; then the whole ones decide.
    if problems[1] is not None:
        return f"could not be proven: {problems[1]}"
    if sum(found.filled for found in tried) < min(LEAST_ROWS, databases // 4):
        return "could not be proven: it returned no rows on the generated ones"
    return None
