"""A generated query history, seeded: Zipf-distributed templates with texts of about 1.6 KB over a few tables.

In Snowflake's columns, the needed ones and as many that are not. It is for measuring cost: the demo is the workload that ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

START_MS = 1_735_689_600_000
DAYS = 30
WEEK = 7
RENEWED = 50
"""One template in so many is new in the later of two snapshots."""
GROUP_ROWS = 50_000
TABLES = 12
COLUMNS = 24
SIZES = ("X-Small", "Small", "Medium", "Large", "X-Large")
WAREHOUSES = 25
ELSEWHERE = 0.1
"""The share of a template's executions that another warehouse than its own runs."""


@dataclass(frozen=True)
class Shape:
    """One template: the pieces of its text, literals between them, and the work it usually is."""

    number: int
    pieces: tuple[str, ...]
    table: int
    warehouse: int
    milliseconds: float
    share: float


def write_history(folder: Path, executions: int, templates: int, form: str, hashes: bool) -> None:
    """Writes a snapshot of `DAYS`, one file a day; the same arguments give the same files."""
    _write_days(folder / "query_history", range(DAYS), executions, templates, form, hashes)
    _write_catalog(folder, form)


def write_weeks(folder: Path, executions: int, templates: int, form: str, hashes: bool) -> tuple[Path, Path]:
    """Two such snapshots, taken a week apart: what the later one has of the earlier one's days are the same files, and in
    its own week one template in `RENEWED` is another one. Takes those that stand in `folder`."""
    first, second = folder / "first", folder / "second"
    if not first.is_dir():
        write_history(first, executions, templates, form, hashes)
    if not second.is_dir():
        week = range(DAYS, DAYS + WEEK)
        _write_days(second / "query_history", week, executions, templates, form, hashes)
        for path in sorted((first / "query_history").iterdir())[WEEK:]:
            (second / "query_history" / path.name).hardlink_to(path)
        _write_catalog(second, form)
    return first, second


def _write_days(folder: Path, days: range, executions: int, templates: int, form: str, hashes: bool) -> None:
    random, anew = np.random.default_rng(7), np.random.default_rng(8)
    shapes = [_shape(number, random) for number in range(templates)]
    if days.start:
        shapes[RENEWED - 1 :: RENEWED] = [_shape(templates + n, anew) for n in range(RENEWED - 1, templates, RENEWED)]
    weights = 1 / np.arange(1, templates + 1) ** 1.1
    folder.mkdir(parents=True)
    for day in days:
        random = np.random.default_rng([7, day])
        first, end = executions * day // DAYS, executions * (day + 1) // DAYS
        with _writer(folder / f"{day:04d}.{form}") as write:
            for start in range(first, end, GROUP_ROWS):
                chosen = random.choice(templates, min(GROUP_ROWS, end - start), p=weights / weights.sum())
                write(_rows(shapes, chosen, start, executions, hashes, random))


def _shape(number: int, random: np.random.Generator) -> Shape:
    """A join of a fact with a dimension: literals stand at each `{}`, a list of them at `{list}`."""
    table, other = random.integers(TABLES, size=2)
    listed = random.choice(COLUMNS, size=int(random.integers(8, 20)), replace=False)
    measures = ",\n    ".join(
        f"sum(case when f.column_{c:02d} > {{}} then f.column_{c:02d} * d.column_{(c + 3) % COLUMNS:02d} else 0 end) as total_{c:02d}"
        for c in listed
    )
    filters = "".join(f" and f.column_{c:02d} = '{{}}'" for c in listed[: number % 3])
    text = (
        f'/* {{{{"app": "dbt", "node_id": "model.shop.m{number}", "run": "{{}}"}}}} */ select d.column_00,\n    {measures}\n'
        f"from db.public.fact_{table:02d} f join db.public.fact_{other:02d} d on f.column_00 = d.column_00\n"
        f"where f.column_01 >= {{}} and f.column_{2 + number % 9:02d} in ({{list}}){filters}\ngroup by d.column_00 -- m{number}"
    )
    pieces = tuple(text.replace("{list}", "{}").split("{}"))
    warehouse = int(random.integers(WAREHOUSES))
    return Shape(
        number, pieces, int(table), warehouse, float(random.lognormal(6.5, 1.4)), float(random.uniform(0.05, 0.9))
    )


def _rows(
    shapes: list[Shape], chosen: np.ndarray, first: int, executions: int, hashes: bool, random: np.random.Generator
) -> pa.Table:
    rows = len(chosen)
    numbers = np.arange(first, first + rows)
    shares = np.array([shape.share for shape in shapes])[chosen] * random.uniform(0.7, 1.1, rows)
    scanned = np.clip((shares * 2000).astype("int64"), 1, 2000)
    took = np.array([shape.milliseconds for shape in shapes])[chosen] * scanned / 1000 * random.lognormal(0, 0.3, rows)
    started = START_MS + numbers * (DAYS * 86_400_000 // executions)
    own = np.array([shape.warehouse for shape in shapes])[chosen]
    warehouses = np.where(random.random(rows) < ELSEWHERE, (own + 1) % WAREHOUSES, own)
    literals = random.integers(100_000, size=(rows, 4)).tolist()
    columns = {
        "QUERY_ID": list(map(_query_id, numbers.tolist(), *_drawn(rows, random))),
        "QUERY_TEXT": [_text(shapes[k].pieces, values) for k, values in zip(chosen.tolist(), literals, strict=True)],
        "DATABASE_NAME": ["DB"] * rows,
        "SCHEMA_NAME": ["PUBLIC"] * rows,
        "QUERY_TYPE": ["SELECT"] * rows,
        "WAREHOUSE_NAME": [f"WH_{number}" for number in warehouses.tolist()],
        "WAREHOUSE_SIZE": [SIZES[number % len(SIZES)] for number in warehouses.tolist()],
        "EXECUTION_STATUS": np.where(random.random(rows) < 0.03, "FAIL", "SUCCESS"),
        "START_TIME": pa.array(started, pa.timestamp("ms", tz="UTC")),
        "END_TIME": pa.array(started + took.astype("int64"), pa.timestamp("ms", tz="UTC")),
        "TOTAL_ELAPSED_TIME": took.astype("int64") + 90,
        "EXECUTION_TIME": took.astype("int64"),
        "BYTES_SCANNED": scanned * 16_000_000,
        "PARTITIONS_SCANNED": scanned,
        "PARTITIONS_TOTAL": np.full(rows, 2000),
    } | _unneeded(numbers, random)
    if hashes:
        # As Snowflake's, the hash tells IN lists of different lengths apart.
        length = [1 + values[3] % 5 for values in literals]
        columns["QUERY_PARAMETERIZED_HASH"] = [
            f"{shapes[k].number:028x}{n:04x}" for k, n in zip(chosen.tolist(), length, strict=True)
        ]
        columns["QUERY_PARAMETERIZED_HASH_VERSION"] = np.ones(rows, "int64")
    return pa.table(columns)


def _query_id(number: int, node: int, low: int) -> str:
    """Snowflake's ids begin with the time."""
    return f"01b{number >> 16:05x}-{number & 0xFFFF:04x}-{node:04x}-0000-{low:012x}"


def _drawn(rows: int, random: np.random.Generator) -> tuple[list[int], list[int]]:
    return random.integers(1 << 16, size=rows).tolist(), random.integers(1 << 48, size=rows).tolist()


def _unneeded(numbers: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """Columns of QUERY_HISTORY that the advisor has no use for."""
    rows = len(numbers)
    return {
        "QUERY_HASH": [f"{value:032x}" for value in random.integers(1 << 62, size=rows).tolist()],
        "SESSION_ID": random.integers(1 << 40, size=rows),
        "USER_NAME": [f"USER_{number % 400}" for number in numbers.tolist()],
        "ROLE_NAME": [f"ROLE_{number % 40}" for number in numbers.tolist()],
        "QUERY_TAG": [f'{{"job": {number % 997}, "step": {number % 13}}}' for number in numbers.tolist()],
        "COMPILATION_TIME": random.integers(20, 900, size=rows),
        "QUEUED_OVERLOAD_TIME": np.zeros(rows, "int64"),
        "ROWS_PRODUCED": random.integers(1, 100_000, size=rows),
        "BYTES_WRITTEN_TO_RESULT": random.integers(1_000, 10_000_000, size=rows),
        "PERCENTAGE_SCANNED_FROM_CACHE": random.random(rows),
        "CREDITS_USED_CLOUD_SERVICES": random.random(rows) / 1000,
    }


def _text(pieces: tuple[str, ...], values: list[int]) -> str:
    many = ", ".join(str(values[0] + k) for k in range(1 + values[3] % 5))
    literals = [many if piece.endswith(" in (") else str(values[n % 3]) for n, piece in enumerate(pieces[:-1])]
    return "".join(piece + literal for piece, literal in zip(pieces, [*literals, ""], strict=True))


def _tables() -> pa.Table:
    names = [f"FACT_{number:02d}" for number in range(TABLES)]
    constant = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_TYPE": "BASE TABLE"}
    figures = {"ROW_COUNT": 500_000_000, "BYTES": 2000 * 16 * 2**20}
    return pa.table({"TABLE_NAME": names} | {name: [value] * TABLES for name, value in (constant | figures).items()})


def _columns() -> pa.Table:
    pairs = [(f"FACT_{number:02d}", position) for number in range(TABLES) for position in range(COLUMNS)]
    return pa.table(
        {
            "TABLE_CATALOG": ["DB"] * len(pairs),
            "TABLE_SCHEMA": ["PUBLIC"] * len(pairs),
            "TABLE_NAME": [name for name, _ in pairs],
            "COLUMN_NAME": [f"COLUMN_{position:02d}" for _, position in pairs],
            "ORDINAL_POSITION": [position + 1 for _, position in pairs],
            "DATA_TYPE": ["NUMBER"] * len(pairs),
        }
    )


def _write_catalog(folder: Path, form: str) -> None:
    for name, table in (("tables", _tables()), ("columns", _columns())):
        with _writer(folder / f"{name}.{form}") as write:
            write(table)


@contextmanager
def _writer(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Writes the first table with its columns, and those after it as further row groups."""
    with ExitStack() as stack:
        opened: list[pq.ParquetWriter | pacsv.CSVWriter] = []

        def write(table: pa.Table) -> None:
            if not opened:
                csv = path.suffix == ".csv"
                new = (
                    pacsv.CSVWriter(path, table.schema)
                    if csv
                    else pq.ParquetWriter(path, table.schema, compression="zstd")
                )
                opened.append(stack.enter_context(new))
            opened[0].write_table(table)

        yield write
