"""Whether a rewritten query returns what the original returned: both are run on generated databases, in DuckDB.

What can't be run there isn't believed. Rows are compared as a multiset, floating-point numbers to 12 digits; LIMIT is left
out on both sides, since it may cut ties either way, and what the outermost ORDER BY sorts by is compared too.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sqlglot.errors import SqlglotError

from advisor.beside import Beside
from advisor.equality import verdicts
from advisor.equality.engine import Tried, first_line, run
from advisor.equality.queries import Queries, Trial, UnprovenError
from advisor.settings import Settings

__all__ = ["Trial", "difference"]

LEAST_ROWS = 3
"""A query that returns nothing in nearly every database proves nothing."""


def difference(trial: Trial, settings: Settings, beside: Beside | None = None) -> str | None:
    """Why the rewrite isn't proven, in a few words; None where it returned the same in `Settings.proof_databases`.

    `Settings.proof_seconds` is the longest that each of both kinds of numbers may take; with two `threads` they are run side
    by side, one of them `beside` where a process stands there. What an earlier run found is taken from `Settings.cache_folder`.
    """
    try:
        queries = Queries.of(trial)
    except (UnprovenError, SqlglotError, RecursionError) as error:
        return f"could not be proven: {first_line(error)}"
    if settings.cache_folder is None or not verdicts.lasting(queries):
        return _said(_tried(queries, settings, beside), settings.proof_databases)
    folder, key = Path(settings.cache_folder), verdicts.key(queries, settings.proof_databases)
    known = verdicts.find(folder, key)
    if known is not None:
        return known.why
    tried = _tried(queries, settings, beside)
    why = _said(tried, settings.proof_databases)
    if not any(found.chance for found in tried):
        verdicts.keep(folder, key, verdicts.Verdict(why))
    return why


def _tried(queries: Queries, settings: Settings, beside: Beside | None) -> list[Tried]:
    """With numbers that may have decimals, and with whole ones. Never in the main thread, where the engine isn't interrupted."""
    databases, given_up = settings.proof_databases, threading.Event()
    decimals, whole = ((queries, range(first, databases, 2), bool(first), settings.proof_seconds) for first in (0, 1))
    with ThreadPoolExecutor(min(2, settings.threads)) as executor:

        def here() -> Future[Tried]:
            return executor.submit(run, *decimals, given_up)

        if beside is not None and beside.stands:
            # Half of a run is the interpreter's work: two threads would wait for each other.
            answer = beside.begin(run, *decimals, here=lambda: here().result()).result
        else:
            answer = here().result
        other = executor.submit(run, *whole, given_up)
        try:
            found = other.result()
            return [answer(), found]
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
