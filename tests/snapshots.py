"""Small snapshot folders, written as an export would write them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2025, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


def query(text: str, number: int = 0, **figures: Any) -> dict[str, Any]:
    """One row of QUERY_HISTORY: a query that succeeded on a small warehouse, `number` minutes into the window.

    A column given as `...` is left out of the row.
    """
    row = {
        "QUERY_ID": f"01b-{number:06d}",
        "QUERY_TEXT": text,
        "DATABASE_NAME": "DB",
        "SCHEMA_NAME": "PUBLIC",
        "QUERY_TYPE": "SELECT",
        "WAREHOUSE_SIZE": "Small",
        "EXECUTION_STATUS": "SUCCESS",
        "START_TIME": START + timedelta(minutes=number),
        "END_TIME": START + timedelta(minutes=number, seconds=1),
        "TOTAL_ELAPSED_TIME": 1000 + number,
        "EXECUTION_TIME": 900 + number,
        "BYTES_SCANNED": 16_000_000 * (number % 7 + 1),
        "PARTITIONS_SCANNED": number % 7 + 1,
        "PARTITIONS_TOTAL": 1000,
    }
    return {name: value for name, value in (row | figures).items() if value is not ...}


def table(name: str, database: str = "DB", schema: str = "PUBLIC", **columns: Any) -> dict[str, Any]:
    """One row of TABLES: a million rows in a thousand partitions' worth of bytes."""
    row = {
        "TABLE_CATALOG": database,
        "TABLE_SCHEMA": schema,
        "TABLE_NAME": name,
        "TABLE_TYPE": "BASE TABLE",
        "ROW_COUNT": 1_000_000,
        "BYTES": 16_000_000_000,
        "CLUSTERING_KEY": None,
    }
    return row | columns


def write_snapshot(
    folder: Path,
    history: Sequence[Row] | None = None,
    tables: Sequence[Row] | None = None,
    form: str = "parquet",
    parts: int = 1,
    **views: Sequence[Row],
) -> Path:
    """Writes a folder of Parquet or CSV files, `query_history` and `tables` with something in them unless given."""
    history = [query("select a from t where b = 1")] if history is None else history
    given = {"query_history": history, "tables": [table("T")] if tables is None else tables, **views}
    folder.mkdir(parents=True, exist_ok=True)
    for view, rows in given.items():
        write_view(folder, view, rows, form, parts)
    return folder


def write_view(folder: Path, view: str, rows: Sequence[Row], form: str = "parquet", parts: int = 1) -> None:
    """One view as `<view>.<form>`, or as a folder of that many parts."""
    write = {"parquet": _write_parquet, "csv": _write_csv}[form]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if parts == 1:
        write(folder / f"{view}.{form}", rows, columns)
        return
    (folder / view).mkdir()
    for part in range(parts):
        write(folder / view / f"part{part}.{form}", rows[part::parts], columns)


def _write_parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)


def _write_csv(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
