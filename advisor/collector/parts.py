"""A statement's result as a Parquet file: one type per column, written beside its place and then renamed.

Each file says in its own metadata which statement it answers and when that was asked, so a run that was killed needs no
other memory to go on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from advisor.collector.extracts import Extract
from advisor.errors import SourceError
from advisor.snapshot.views import VIEWS, Kind

_STAMP = b"advisor"
_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.EXACT: pa.decimal128(38, 3),
    Kind.TIME: pa.timestamp("us"),
    Kind.SHARES: pa.string(),
}


@dataclass(frozen=True)
class Stamp:
    statement: str
    """The digest of the account's name and the text that it was asked."""
    taken_at: datetime
    """UTC, without a zone."""


@dataclass(frozen=True)
class Received:
    rows: int
    bytes: int
    """As Arrow, in memory."""


def stamp(extract: Extract, account: str, taken_at: datetime) -> Stamp:
    return Stamp(hashlib.sha256(f"{account}\n{extract.sql}".encode()).hexdigest(), taken_at)


def write_part(path: Path, view: str, mark: Stamp, tables: Iterator[pa.Table]) -> Received:
    """Writes the tables as they come, a view's in its own columns and types, others as the first of them is.

    Raises SourceError where the disk can't take them, and whatever `tables` raises.
    """
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in VIEWS[view].columns.items()]) if view in VIEWS else None
    text = json.dumps({"statement": mark.statement, "taken_at": mark.taken_at.isoformat()})
    partial = path.with_name(f".{path.name}.partial")
    rows = size = 0
    writer = None
    try:
        for table in tables:
            schema = schema or _plain(table.schema)
            writer = writer or _writer(partial, schema.with_metadata({_STAMP: text}))
            rows, size = rows + table.num_rows, size + table.nbytes
            _write(writer, _fitted(table, schema), partial)
        writer = writer or _writer(partial, (schema or pa.schema([])).with_metadata({_STAMP: text}))
    finally:
        if writer is not None:
            _finish(writer, partial)
    partial.replace(path)
    return Received(rows, size)


def read_stamp(path: Path) -> Stamp | None:
    """What the file says of itself; None where there is no file that can be read and says it."""
    try:
        content = json.loads((pq.read_schema(path).metadata or {})[_STAMP])
        return Stamp(content["statement"], datetime.fromisoformat(content["taken_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def answers(path: Path, wanted: Stamp, extract: Extract, patience: timedelta) -> bool:
    """Whether the file still answers the statement: for good, or because it was asked less than `patience` ago."""
    found = read_stamp(path)
    if found is None or found.statement != wanted.statement:
        return False
    settled = extract.settled is not None and found.taken_at >= extract.settled
    return settled or wanted.taken_at - found.taken_at < patience


def _plain(schema: pa.Schema) -> pa.Schema:
    """The widest types of the same kinds: a result's next chunk may need them."""
    return pa.schema([(field.name, _widest(field.type)) for field in schema])


def _widest(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return pa.float64()
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table's columns by name, each of its one type: a result's numbers are as wide as its chunk needs."""
    names = {name.upper(): name for name in table.column_names} | {name: name for name in table.column_names}
    # Times beyond a microsecond lose the rest.
    columns = [
        table.column(names[field.name]).cast(field.type, safe=not pa.types.is_timestamp(field.type)) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return pq.ParquetWriter(path, schema, compression="zstd")
    except OSError as error:
        raise _full(path, error) from error


def _write(writer: pq.ParquetWriter, table: pa.Table, path: Path) -> None:
    try:
        writer.write_table(table)
    except OSError as error:
        raise _full(path, error) from error


def _finish(writer: pq.ParquetWriter, path: Path) -> None:
    try:
        writer.close()
    except OSError as error:
        raise _full(path, error) from error


def _full(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"cannot write {path.parent}: {error.strerror or error}; make room or name another --out, then run again"
    )
