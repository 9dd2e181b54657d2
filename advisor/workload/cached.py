"""What the result cache answered. Snowflake marks no cached result: a likely hit ran on no warehouse and scanned nothing,
and its statement scans when it is executed."""

from __future__ import annotations

from advisor.model import DayHits
from advisor.snapshot import Snapshot
from advisor.workload.counted import DAYS
from advisor.workload.statements import CACHED

_ANSWERED = "QUERY_TYPE = 'SELECT' AND OUTCOME IN ('executed', 'no warehouse')"

_DAYS = f"""
WITH cached AS (
    SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME FROM members WHERE REASON = '{CACHED}'
)
SELECT DAY, sum(N), coalesce(sum(N) FILTER (FREE AND cached.STATEMENT IS NOT NULL), 0)
FROM ({DAYS}) AS days LEFT JOIN cached
ON days.STATEMENT = cached.STATEMENT
    AND days.DATABASE_NAME IS NOT DISTINCT FROM cached.DATABASE_NAME
    AND days.SCHEMA_NAME IS NOT DISTINCT FROM cached.SCHEMA_NAME
GROUP BY DAY ORDER BY DAY
"""


def hit_rate(snapshot: Snapshot, view: str) -> float | None:
    """Likely hits among the SELECTs that succeeded; None where no execution names a warehouse size."""
    sql = f"""
        SELECT sum(EXECUTIONS) FILTER (REASON = '{CACHED}'), sum(EXECUTIONS) FROM members
        WHERE SIZES_KNOWN AND {_ANSWERED}
    """
    hits, answered = snapshot.rows(view, sql)[0]
    return int(hits or 0) / int(answered) if answered else None


def days(snapshot: Snapshot, view: str) -> tuple[DayHits, ...]:
    """The same by day (UTC); nothing where the rate isn't known, or single executions aren't."""
    if view != "query_history" or hit_rate(snapshot, view) is None:
        return ()
    return tuple(DayHits(day, int(executions), int(hits)) for day, executions, hits in snapshot.rows(view, _DAYS))
