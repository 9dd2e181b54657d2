"""A long history in units of a few files: what one unit says is learned once, and holds as long as its files are the same."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.engine_sql import literal
from advisor.snapshot import Snapshot
from advisor.snapshot.manifest import row_counts

ROWS_A_UNIT = 250_000
"""With fewer rows files are put together, since a digest has a cost of its own."""


@dataclass(frozen=True)
class Unit:
    files: tuple[Path, ...]
    rows: int

    @property
    def sql(self) -> str:
        """The list of its files."""
        return sql_list(self.files)


def sql_list(paths: Iterable[Path]) -> str:
    """The paths as DuckDB lists them."""
    return f"[{', '.join(literal(str(path)) for path in paths)}]"


def whole(units: Sequence[Unit]) -> Unit:
    """All of them as one."""
    return Unit(tuple(path for unit in units for path in unit.files), sum(unit.rows for unit in units))


def units(snapshot: Snapshot, short: int) -> tuple[Unit, ...]:
    """The history in units, one for a history of `short` rows or less, and where its files differ in their columns.

    Where one unit ends is told by the file that it ends with, so the units of a later window are those of an earlier one.
    """
    rows = row_counts(snapshot.history)
    total = sum(rows.values())
    if total <= short or not _alike(snapshot):
        return (Unit(snapshot.history, total),)
    together = 1
    while together * total < ROWS_A_UNIT * len(rows):
        together *= 2
    found: list[Unit] = []
    files: list[Path] = []
    for path in snapshot.history:
        files.append(path)
        if zlib.crc32(f"{path.stat().st_size} {rows[path]}".encode()) % together == 0 or path == snapshot.history[-1]:
            found.append(Unit(tuple(files), sum(rows[file] for file in files)))
            files = []
    return tuple(found)


def _alike(snapshot: Snapshot) -> bool:
    """Whether each file has the same columns of the same types: else one alone would be read otherwise than all together."""
    sql = f"""
        SELECT count(DISTINCT COLUMNS) FROM (
            SELECT list((name, type, converted_type, logical_type) ORDER BY name)::VARCHAR AS COLUMNS
            FROM parquet_schema({sql_list(snapshot.history)}) WHERE coalesce(num_children, 0) = 0 GROUP BY file_name
        )
    """
    return bool(snapshot.rows("query_history", sql)[0][0] == 1)
