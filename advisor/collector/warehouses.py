"""The settings of the warehouses that the role may see, as SHOW WAREHOUSES says: no view of the account holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from advisor import resources
from advisor.collector.extracts import Extract

SHOWN = "SHOW WAREHOUSES"
"""Of those that the role has a privilege on."""


def warehouses() -> Extract:
    """One row per warehouse."""
    return Extract(
        "warehouses", SHOWN, "warehouses.parquet", resources.sql("warehouses"), None, shape=_shaped, shown=SHOWN
    )


def _shaped(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    rows = [{name.lower(): value for name, value in row.items()} for batch in batches for row in batch.to_pylist()]
    if rows:
        yield pa.Table.from_pylist([_row(row) for row in rows])


def _row(row: Mapping[str, Any]) -> dict[str, str | int | None]:
    """AUTO_SUSPEND is 0 for a warehouse that is never suspended, NULL where the account doesn't say."""
    after = row.get("auto_suspend")
    never = "auto_suspend" in row and (after is None or str(after).lower() in ("", "null"))
    return {
        "WAREHOUSE_NAME": str(row["name"]),
        "WAREHOUSE_TYPE": row.get("type"),
        "WAREHOUSE_SIZE": row.get("size"),
        "AUTO_SUSPEND": 0 if never else None if after is None else int(after),
    }
