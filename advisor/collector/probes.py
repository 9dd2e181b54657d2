"""What is put to Snowflake's own estimators, one call a statement. They read, whatever their names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

import pyarrow as pa

from advisor.collector.extracts import Extract
from advisor.model import Probe
from advisor.quoting import literal, qualified

SOURCE = "SYSTEM$"


def probe_of(probe: Probe, good_for: timedelta) -> Extract:
    """One statement whose one answer becomes a row of `what_if`."""
    table = literal(qualified(probe.table))
    arguments = literal(probe.argument) if probe.call == "EXPLAIN_PLAN_JSON" else table
    if probe.argument and arguments == table:
        arguments += f", {literal(probe.argument)}"
    sql = f"SELECT SYSTEM${probe.call}({arguments}) AS ANSWER"

    def row(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
        found = [answer["ANSWER"] for batch in batches for answer in batch.to_pylist()]
        yield pa.Table.from_pylist([_row(probe, answer) for answer in found])

    name = sha256(f"{probe.call} {probe.table} {probe.argument}".encode()).hexdigest()[:16]
    return Extract(
        "what_if", f"{SOURCE}{probe.call} {probe.table}", f"what_if/{name}.parquet", sql, None, good_for, row
    )


def _row(probe: Probe, answer: str | None) -> dict[str, str | None]:
    return {
        "CALL": probe.call,
        "TABLE_CATALOG": probe.table.database,
        "TABLE_SCHEMA": probe.table.schema,
        "TABLE_NAME": probe.table.name,
        "ARGUMENT": probe.argument,
        "ANSWER": answer,
    }
