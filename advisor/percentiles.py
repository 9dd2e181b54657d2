"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from advisor.snapshot import Snapshot

SHARES = (0.5, 0.95, 0.99)

# A statement and its context, and then a template, are one number while the executions are counted: text keys are several
# times slower.
_KEY = "hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME)"
_TIMES = f"""
CREATE OR REPLACE TEMP TABLE times AS
WITH pairs AS (
    SELECT {_KEY} AS KEY, CAST(EXECUTION_MS AS DOUBLE) AS MS, START_TIME >= $recent AS RECENT, count(*) AS N
    FROM executions
    WHERE OUTCOME IN ('executed', 'no warehouse') GROUP BY ALL
),
keys AS (SELECT {_KEY} AS KEY, hash(FINGERPRINT) AS TEMPLATE FROM kept)
SELECT TEMPLATE, MS, RECENT, CAST(sum(N) AS BIGINT) AS N FROM pairs JOIN keys USING (KEY) GROUP BY ALL
"""
_NAMES = "SELECT DISTINCT hash(FINGERPRINT), FINGERPRINT FROM kept"

# Exact, and spilled to disk where a quantile function would hold every value in memory.
_QUANTILES = """
WITH counted AS (SELECT {by} AS TEMPLATE, MS, CAST(sum(N) AS BIGINT) AS N FROM times GROUP BY ALL),
ranked AS (
    SELECT TEMPLATE, MS, CAST(sum(N) OVER (PARTITION BY TEMPLATE ORDER BY MS) AS BIGINT) AS UPTO,
        CAST(sum(N) OVER (PARTITION BY TEMPLATE) AS BIGINT) - 1 AS LAST
    FROM counted
)
SELECT TEMPLATE, {quantiles} FROM ranked GROUP BY TEMPLATE
"""
_QUANTILE = """
min(MS) FILTER (UPTO > floor(LAST * {share})) + (min(LAST) * {share} - floor(min(LAST) * {share}))
    * (min(MS) FILTER (UPTO > ceil(LAST * {share})) - min(MS) FILTER (UPTO > floor(LAST * {share})))
"""


_RECENT = "SELECT TEMPLATE, coalesce(sum(N) FILTER (RECENT), 0) FROM times GROUP BY TEMPLATE"


def recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template that began at `of_templates`'s `since` or later; reads the `times` that it left."""
    names = dict(snapshot.rows("query_history", _NAMES))
    return {names[template]: int(count) for template, count in snapshot.rows("query_history", _RECENT)}


def of_templates(snapshot: Snapshot, since: datetime) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    Reads the tables `executions` and `kept`, and leaves `times` behind, in which what began at `since` or later is marked.
    """
    snapshot.rows("query_history", _TIMES, {"recent": since})
    quantiles = ", ".join(_QUANTILE.format(share=share) for share in SHARES)
    names: dict[int | None, str | None] = {None: None, **dict(snapshot.rows("query_history", _NAMES))}
    return {
        names[row[0]]: row[1:]
        for by in ("TEMPLATE", "NULL")
        for row in snapshot.rows("query_history", _QUANTILES.format(by=by, quantiles=quantiles))
    }
