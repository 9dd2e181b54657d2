"""What each warehouse ran, waited for, spilled, and idled through: from the tables that `workload.compress` makes."""

from __future__ import annotations

from advisor.model import WarehouseLoad
from advisor.snapshot import Snapshot

SUSPENDS = (60, 300, 600)
"""Seconds of AUTO_SUSPEND that are tried: immediately, as documented for ad-hoc work, as documented for BI."""

_LOADS = """
SELECT WAREHOUSE_NAME, max_by(WAREHOUSE_SIZE, EXECUTION_MS), sum(EXECUTIONS), sum(EXECUTION_MS),
    sum(BYTES_SPILLED_TO_REMOTE_STORAGE), sum(QUEUED_OVERLOAD_TIME)
FROM members WHERE WAREHOUSE_NAME IS NOT NULL AND WAREHOUSE_SIZE IS NOT NULL
GROUP BY WAREHOUSE_NAME ORDER BY WAREHOUSE_NAME
"""

# A gap begins when the last of all queries before it has ended.
_IDLE = f"""
WITH runs AS (
    SELECT WAREHOUSE_NAME, epoch(START_TIME) AS STARTED, epoch(coalesce(END_TIME, START_TIME)) AS ENDED
    FROM executions WHERE WAREHOUSE_NAME IS NOT NULL AND WAREHOUSE_SIZE IS NOT NULL AND START_TIME IS NOT NULL
),
gaps AS (
    SELECT WAREHOUSE_NAME, STARTED - max(ENDED) OVER (
        PARTITION BY WAREHOUSE_NAME ORDER BY STARTED, ENDED ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS GAP
    FROM runs
)
SELECT WAREHOUSE_NAME, {", ".join(f"sum(least(GAP, {s})) FILTER (GAP > 0), count(*) FILTER (GAP > {s})" for s in SUSPENDS)}
FROM gaps GROUP BY WAREHOUSE_NAME
"""


def loads(snapshot: Snapshot, view: str) -> tuple[WarehouseLoad, ...]:
    """In order of name. Only a history of single queries tells the gaps between them, and they count only beside the bill."""
    idle = {}
    if view == "query_history" and "warehouse_metering_history" in snapshot.present:
        for name, *figures in snapshot.rows(view, _IDLE):
            pairs = zip(SUSPENDS, figures[::2], figures[1::2], strict=True)
            idle[name] = tuple((seconds, float(total or 0), int(count)) for seconds, total, count in pairs)
    return tuple(
        WarehouseLoad(
            name=name,
            size=size,
            executions=int(executions),
            execution_ms=float(ms),
            remote_spill_bytes=None if spilled is None else int(spilled),
            queued_ms=None if queued is None else float(queued),
            idle=idle.get(name, ()),
        )
        for name, size, executions, ms, spilled, queued in snapshot.rows(view, _LOADS)
    )
