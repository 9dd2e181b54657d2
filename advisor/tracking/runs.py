"""Executions one by one, for comparing a template before and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.folder import filled
from advisor.workload import prepared

Floats = NDArray[np.float64]

MOST = 1000
"""Executions looked at of each template, taken by the hash of their ids."""


@dataclass(frozen=True)
class Runs:
    """One template's executions in one window, in no order. Answers from the result cache are not among them."""

    executions: float
    """How many there were; `ms` may hold fewer."""
    ms: Floats
    partitions: Floats
    """NaN where the history doesn't say."""


_RECORDED = """
    SELECT FINGERPRINT, EXECUTION_MS, PARTITIONS_SCANNED, 1 AS WEIGHT, QUERY_ID, START_TIME FROM executions AS rows JOIN kept
    ON rows.STATEMENT = kept.STATEMENT AND rows.OUTCOME = kept.OUTCOME
        AND rows.DATABASE_NAME IS NOT DISTINCT FROM kept.DATABASE_NAME
        AND rows.SCHEMA_NAME IS NOT DISTINCT FROM kept.SCHEMA_NAME
"""
# A history that was aggregated where it is keeps samples, each standing for WEIGHT executions.
_SAMPLED = "SELECT * RENAME (STATEMENT AS FINGERPRINT) FROM samples"
_ROWS = """
WITH seen AS (
    SELECT FINGERPRINT, EXECUTION_MS, PARTITIONS_SCANNED, WEIGHT, QUERY_ID FROM ({rows}) WHERE START_TIME >= $since AND EXECUTION_MS IS NOT NULL
)
SELECT FINGERPRINT, CAST(EXECUTION_MS AS DOUBLE) AS MS, CAST(PARTITIONS_SCANNED AS DOUBLE) AS PARTITIONS,
    CAST(sum(WEIGHT) OVER (PARTITION BY FINGERPRINT) AS DOUBLE) AS EXECUTIONS
FROM seen QUALIFY row_number() OVER (PARTITION BY FINGERPRINT ORDER BY md5(QUERY_ID)) <= $most
ORDER BY FINGERPRINT, md5(QUERY_ID)
"""


def executions(snapshot: Snapshot, settings: Settings, since: datetime | None = None) -> Mapping[str, Runs]:
    """By fingerprint, the executions that began at `since` (UTC, without a zone) or later."""
    with prepared(snapshot, settings) as view:
        sql = _ROWS.format(rows=_RECORDED if view == "query_history" else _SAMPLED)
        parameters = {"since": since or snapshot.window_start, "most": MOST}
        found = snapshot.connection.execute(filled(sql, parameters)).fetchnumpy()
    ms, partitions = _column(found["MS"]), _column(found["PARTITIONS"])
    names, first = np.unique(found["FINGERPRINT"].astype(str), return_index=True)
    ends = [*first, len(ms)][1:]
    return {
        str(name): Runs(float(found["EXECUTIONS"][start]), ms[start:end], partitions[start:end])
        for name, start, end in zip(names, first, ends, strict=True)
    }


def _column(values: np.ma.MaskedArray[Any, Any] | NDArray[Any]) -> Floats:
    return np.ma.filled(np.ma.asarray(values).astype(float), np.nan)
