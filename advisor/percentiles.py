"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from advisor.snapshot import Snapshot

SHARES = (0.5, 0.95, 0.99)

# A statement and its context are one number while the executions are counted: text keys are several times slower.
_KEY = "hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME)"
_TIMES = f"""
CREATE OR REPLACE TEMP TABLE times AS
WITH pairs AS (
    SELECT {_KEY} AS KEY, CAST(EXECUTION_MS AS DOUBLE) AS MS, START_TIME >= $recent AS RECENT, count(*) AS N
    FROM executions
    WHERE OUTCOME IN ('executed', 'no warehouse') GROUP BY ALL
),
keys AS (SELECT {_KEY} AS KEY, FINGERPRINT FROM kept)
SELECT FINGERPRINT, MS, RECENT, N FROM pairs JOIN keys USING (KEY)
"""

# Exact, and spilled to disk where a quantile function would hold every value in memory.
_QUANTILES = """
WITH counted AS (SELECT {by} AS FINGERPRINT, MS, sum(N) AS N FROM times GROUP BY ALL),
ranked AS (
    SELECT FINGERPRINT, MS, sum(N) OVER (PARTITION BY FINGERPRINT ORDER BY MS) AS UPTO,
        sum(N) OVER (PARTITION BY FINGERPRINT) - 1 AS LAST
    FROM counted
)
SELECT FINGERPRINT, {quantiles} FROM ranked GROUP BY FINGERPRINT
"""
_QUANTILE = """
min(MS) FILTER (UPTO > floor(LAST * {share})) + (min(LAST) * {share} - floor(min(LAST) * {share}))
    * (min(MS) FILTER (UPTO > ceil(LAST * {share})) - min(MS) FILTER (UPTO > floor(LAST * {share})))
"""


_RECENT = "SELECT FINGERPRINT, coalesce(sum(N) FILTER (RECENT), 0) FROM times GROUP BY FINGERPRINT"


def recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template that began at `of_templates`'s `since` or later; reads the `times` that it left."""
    return {name: int(count) for name, count in snapshot.rows("query_history", _RECENT)}


def of_templates(snapshot: Snapshot, since: datetime) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    Reads the tables `executions` and `kept`, and leaves `times` behind, in which what began at `since` or later is marked.
    """
    snapshot.rows("query_history", _TIMES, {"recent": since})
    quantiles = ", ".join(_QUANTILE.format(share=share) for share in SHARES)
    found: dict[str | None, tuple[float, ...]] = {}
    for by in ("FINGERPRINT", "NULL"):
        for row in snapshot.rows("query_history", _QUANTILES.format(by=by, quantiles=quantiles)):
            found[row[0]] = row[1:]
    return found
