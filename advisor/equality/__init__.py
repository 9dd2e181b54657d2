"""Whether a rewritten query returns what the original returned: both are run on generated databases, in DuckDB.

What can't be run there isn't believed. Rows are compared as a multiset, floating-point numbers to 12 digits; LIMIT is left
out on both sides, since it may cut ties either way, and what the outermost ORDER BY sorts by is compared too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlglot.errors import SqlglotError

from advisor.equality.engine import Tried, first_line, run
from advisor.equality.queries import Queries, Trial, UnprovenError

__all__ = ["Trial", "difference"]

LEAST_ROWS = 3
"""A query that returns nothing in nearly every database proves nothing."""


def difference(trial: Trial, databases: int, seconds: float, threads: int = 1) -> str | None:
    """Why the rewrite isn't proven, in a few words; None where it returned the same in that many databases.

    `seconds`: the longest that each of both kinds of numbers may take; with two `threads` they are run side by side.
    """
    try:
        queries = Queries.of(trial)
        with ThreadPoolExecutor(min(2, threads)) as executor:
            runs = [executor.submit(run, queries, range(whole, databases, 2), bool(whole), seconds) for whole in (0, 1)]
            tried: list[Tried] = [each.result() for each in runs]
    except (UnprovenError, SqlglotError, RecursionError) as error:
        return f"could not be proven: {first_line(error)}"
    problems = [found.problem for found in tried]
    if any(found.differs for found in tried):
        return next(found.problem for found in tried if found.differs)
    # Decimals may not fit where the statement wants whole numbers, as in DATEADD; then the whole ones decide.
    if problems[1] is not None:
        return f"could not be proven: {problems[1]}"
    if sum(found.filled for found in tried) < min(LEAST_ROWS, databases // 4):
        return "could not be proven: it returned no rows on the generated ones"
    return None
