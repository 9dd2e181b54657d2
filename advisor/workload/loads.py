"""What each warehouse ran, waited for, spilled, and idled through: from the tables that `workload.compress` makes."""

from __future__ import annotations

from advisor.model import WarehouseLoad
from advisor.snapshot import Snapshot
from advisor.workload.counted import LOADS
from advisor.workload.texts import duckdb_sql

SUSPENDS = (60, 300, 600)
"""Seconds of AUTO_SUSPEND that are tried: immediately, as documented for ad-hoc work, as documented for BI."""

_LOADS = """
WITH sizes AS (
    SELECT WAREHOUSE_NAME, WAREHOUSE_SIZE, sum(EXECUTIONS) AS EXECUTIONS, sum(EXECUTION_MS) AS EXECUTION_MS,
        sum(BYTES_SPILLED_TO_REMOTE_STORAGE) AS SPILLED, sum(QUEUED_OVERLOAD_TIME) AS QUEUED,
        sum(TIMED_OUT) AS TIMED_OUT, sum(TIMED_OUT_MS) AS TIMED_OUT_MS
    FROM ({rows}) GROUP BY ALL
)
SELECT WAREHOUSE_NAME, first(WAREHOUSE_SIZE ORDER BY EXECUTION_MS DESC, WAREHOUSE_SIZE), sum(EXECUTIONS), sum(EXECUTION_MS),
    sum(SPILLED), sum(QUEUED), sum(TIMED_OUT), sum(TIMED_OUT_MS)
FROM sizes GROUP BY WAREHOUSE_NAME ORDER BY WAREHOUSE_NAME
"""

# The gap between two days begins when the last query of all days before has ended.
_IDLE = f"""
WITH days AS (
    SELECT *, coalesce(epoch_ms(FIRST_START) - epoch_ms(max(LAST_END) OVER (
        PARTITION BY WAREHOUSE_NAME ORDER BY FIRST_START, LAST_END ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )), 0) AS GAP
    FROM ({{rows}})
)
SELECT WAREHOUSE_NAME,
    {", ".join(f"sum(IDLE_MS_{s} + greatest(0, least(GAP, {s}000))), sum(STOPS_{s} + (GAP > {s}000)::INT)" for s in SUSPENDS)}
FROM days GROUP BY WAREHOUSE_NAME
"""


def loads(snapshot: Snapshot, view: str) -> tuple[WarehouseLoad, ...]:
    """In order of name. The gaps between a warehouse's queries count only beside the bill."""

    def source(name: str) -> str:
        if view != "query_history":
            return f"FROM {name}"
        return LOADS if name == "warehouse_loads" else duckdb_sql(name)

    idle = {}
    if "warehouse_metering_history" in snapshot.present:
        for name, *figures in snapshot.rows(view, _IDLE.format(rows=source("warehouse_gaps"))):
            pairs = zip(SUSPENDS, figures[::2], figures[1::2], strict=True)
            idle[name] = tuple((seconds, float(total) / 1000, int(count)) for seconds, total, count in pairs)
    return tuple(
        WarehouseLoad(
            name=name,
            size=size,
            executions=int(executions),
            execution_ms=float(ms),
            remote_spill_bytes=None if spilled is None else int(spilled),
            queued_ms=None if queued is None else float(queued),
            timed_out=None if timed_out is None else int(timed_out),
            timed_out_ms=None if timed_out_ms is None else float(timed_out_ms),
            idle=idle.get(name, ()),
        )
        for name, size, executions, ms, spilled, queued, timed_out, timed_out_ms in snapshot.rows(
            view, _LOADS.format(rows=source("warehouse_loads"))
        )
    )
