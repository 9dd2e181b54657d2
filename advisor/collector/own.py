"""What the tool itself took: of this run as the account shows it at once, of earlier ones as it billed them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from advisor import resources
from advisor.collector.connection import QUERY_TAG, Connector
from advisor.collector.pool import RefusedError, Session
from advisor.figures import duration, many, number, size
from advisor.quoting import literal
from advisor.settings import Settings

SLACK = timedelta(minutes=1)
"""Between the moment that the account was asked for its time and the first statement's end."""


def of_this_run(connector: Connector, since: datetime) -> str:
    """One sentence: statements, time, bytes and credits since then (UTC); what the account doesn't say is unknown."""
    values = {"$since": literal(f"{since - SLACK:%Y-%m-%dT%H:%M:%S}+00:00"), "$tag": literal(QUERY_TAG)}
    sql = resources.sql("own_statements")
    for name, value in values.items():
        sql = sql.replace(name, value)
    session = Session(connector)
    try:
        rows = session.rows("the advisor's own statements", sql)
    except RefusedError:
        return "own cost: what this collection took is unknown: the account doesn't show the role its own statements"
    finally:
        session.close()
    return f"own cost: {_sum(rows, connector.settings)}"


def _sum(rows: Iterable[dict[str, Any]], settings: Settings) -> str:
    ran = [
        (row["WAREHOUSE_SIZE"], *(float(row[name] or 0) for name in ("STATEMENTS", "EXECUTION_MS", "BYTES_SCANNED")))
        for row in rows
    ]
    credits = sum(ms / 3_600_000 * settings.price(warehouse) for warehouse, _, ms, _ in ran if warehouse)
    statements, ms, scanned = (sum(row[i] for row in ran) for i in (1, 2, 3))
    return (
        f"this collection ran {many(int(statements), 'statement')}, {duration(ms)} in all, over {size(scanned)};"
        f" at the warehouse's price about {number(credits)} credits, its start and idle time apart"
    )


def of_earlier_runs(folder: Path) -> str:
    """One sentence: the credits that the account attributed to the advisor's statements in the days that the folder holds."""
    parts = sorted((folder / "query_attribution_history").glob("*.parquet"))
    if not parts:
        return "own cost: of earlier collections unknown: QUERY_ATTRIBUTION_HISTORY is not readable"
    own = [
        row
        for part in parts
        for row in pq.read_table(part).to_pylist()
        if (row["QUERY_TAG"] or "").startswith("advisor ")
    ]
    credits = sum(row["CREDITS_ATTRIBUTED_COMPUTE"] or 0.0 for row in own)
    queries = sum(row["QUERIES"] or 0 for row in own)
    return f"own cost: the account attributes {number(credits)} credits to {many(queries, 'statement')} of earlier collections"
