"""How long queries took each day, by warehouse: the longest pass over a history that is made for a chart alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from advisor.beside import Begun, Beside
from advisor.model import DayTimes
from advisor.snapshot import Snapshot
from advisor.snapshot.normal import blaming

WAREHOUSES = 4

# One pass over three columns. Times are counted in steps of 2^(1/15), 4.7%, so that what is held grows with days and
# warehouses only; a percentile is the longest time of the step that it falls into. A QUERY_ID that is there twice counts twice.
_LATENCIES = """
WITH ran AS (
    SELECT CAST(START_TIME AS DATE) AS DAY, WAREHOUSE_NAME AS WAREHOUSE,
        CAST(coalesce(EXECUTION_TIME, TOTAL_ELAPSED_TIME) AS DOUBLE) AS MS
    FROM query_history
    WHERE coalesce(EXECUTION_STATUS, 'SUCCESS') = 'SUCCESS' AND START_TIME IS NOT NULL
        AND (WAREHOUSE_SIZE IS NOT NULL OR BYTES_SCANNED > 0 OR PARTITIONS_SCANNED > 0)
),
steps AS (
    SELECT DAY, WAREHOUSE, floor(log2(greatest(MS, 1)) * 15) AS STEP, count(*) AS N, max(MS) AS LONGEST
    FROM ran WHERE MS IS NOT NULL GROUP BY ALL
),
spent AS (SELECT WAREHOUSE, sum(N * LONGEST) AS MS FROM steps GROUP BY WAREHOUSE ORDER BY MS DESC, WAREHOUSE LIMIT {warehouses}),
ranked AS (
    SELECT steps.*, spent.MS, sum(N) OVER (PARTITION BY steps.WAREHOUSE, DAY ORDER BY STEP) AS UPTO,
        sum(N) OVER (PARTITION BY steps.WAREHOUSE, DAY) AS EVERY
    FROM steps JOIN spent ON steps.WAREHOUSE IS NOT DISTINCT FROM spent.WAREHOUSE
)
SELECT DAY, WAREHOUSE, min(EVERY),
    min(LONGEST) FILTER (UPTO >= EVERY * 0.5), min(LONGEST) FILTER (UPTO >= EVERY * 0.95), min(LONGEST) FILTER (UPTO >= EVERY * 0.99)
FROM ranked GROUP BY DAY, WAREHOUSE, MS ORDER BY MS DESC, WAREHOUSE, DAY
"""


class Latencies:
    """Looked up once, when they are asked for or beside what else is done. Nothing for a snapshot that was summed up
    before it was written.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._folder = snapshot.folder
        self._connection = snapshot.connection.cursor()
        self._begun = Begun(self._look_up)

    def result(self) -> tuple[DayTimes, ...]:
        return self._begun.result()

    @contextmanager
    def hastened(self, thread: Beside) -> Iterator[None]:
        """They will be asked for: the thread looks them up meanwhile. What fails, or is interrupted, doesn't wait for that."""
        thread.hasten(self._begun)
        try:
            yield
        except BaseException:
            # It is closed where they are known already.
            with suppress(duckdb.ConnectionException):
                self._connection.interrupt()
            raise

    def _look_up(self) -> tuple[DayTimes, ...]:
        with blaming(self._folder / "query_history"), self._connection as connection:
            rows = connection.execute(_LATENCIES.format(warehouses=WAREHOUSES)).fetchall()
        return tuple(DayTimes(day, warehouse, int(executions), *shares) for day, warehouse, executions, *shares in rows)
