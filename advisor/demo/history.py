"""The snapshot of the demo: what the engine's log, profiles and catalogue recorded, under Snowflake's column names.

A column that the engine has no record for is left out. Names are upper-case in the snapshot, as Snowflake stores the
unquoted names of the texts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from advisor.demo.engine import DATABASE, Engine
from advisor.demo.tables import WINDOW_DAYS
from advisor.demo.workload import Recorded, TableScan
from advisor.frequent import KEPT, kept
from advisor.model import TableName
from advisor.quantiles import LEVELS, pairs
from advisor.snapshot import sample_file, write_manifest

CATALOG = "DEMO"
SCHEMA = DATABASE.upper()
SAMPLED_PER_BLOCK = 40
NOTES = (
    f"Start times are spread: the workload really ran within minutes; its offsets are stretched over {WINDOW_DAYS} days "
    "that end when it really ended. Durations are as measured.",
    "QUERY_TEXT is the text as the client sent it: the engine's log re-prints and shortens texts.",
    "QUERY_TYPE is named from the statement's first words: the engine's log has broader kinds (a DELETE is an Update).",
    "QUERY_PARAMETERIZED_HASH is computed from the text by the rule that Snowflake documents: the engine's log has none.",
    "PARTITIONS_SCANNED is what the engine logged, less the partitions that a join skipped at run time. The engine does "
    "not say what INSERT, UPDATE, DELETE and CREATE TABLE AS scan: NULL there.",
    "ROWS_PRODUCED is counted by the client: the log's figure is at times written too early.",
    f"Samples hold about {SAMPLED_PER_BLOCK} rows for each partition, chosen by a hash of the row.",
    "Left out, because the engine has nothing of the kind: warehouses, users, queueing, compilation time, result cache, "
    "credits.",
)
KINDS = {
    "SELECT": "SELECT",
    "INSERT": "INSERT",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "CREATE": "CREATE_TABLE_AS_SELECT",
}
TYPES = {
    "BIGINT": "NUMBER", "INT": "NUMBER", "BIGINT UNSIGNED": "NUMBER", "DECIMAL": "NUMBER", "VARCHAR": "TEXT", "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP_NTZ", "DOUBLE": "FLOAT", "BOOLEAN": "BOOLEAN",
}  # fmt: skip
COMPARED = re.compile(r"(<>|!=|>=|<=|=|<|>)\s*(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?)")

TEXT, WHOLE, FLOAT, TIME = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us", tz="UTC")
PLACE = {"TABLE_CATALOG": TEXT, "TABLE_SCHEMA": TEXT, "TABLE_NAME": TEXT}
QUERY_HISTORY = {
    "QUERY_ID": TEXT, "QUERY_TEXT": TEXT, "QUERY_TYPE": TEXT, "DATABASE_NAME": TEXT, "SCHEMA_NAME": TEXT,
    "START_TIME": TIME, "END_TIME": TIME, "EXECUTION_TIME": WHOLE, "EXECUTION_STATUS": TEXT, "BYTES_SCANNED": WHOLE,
    "PARTITIONS_SCANNED": WHOLE, "PARTITIONS_TOTAL": WHOLE, "ROWS_PRODUCED": WHOLE, "ROWS_INSERTED": WHOLE,
    "ROWS_UPDATED": WHOLE, "ROWS_DELETED": WHOLE, "QUERY_PARAMETERIZED_HASH": TEXT,
}  # fmt: skip
TABLES = PLACE | {
    "TABLE_TYPE": TEXT, "CLUSTERING_KEY": TEXT, "ROW_COUNT": WHOLE, "BYTES": WHOLE, "CREATED": TIME, "LAST_ALTERED": TIME,
}  # fmt: skip
COLUMNS = PLACE | {"COLUMN_NAME": TEXT, "ORDINAL_POSITION": WHOLE, "DATA_TYPE": TEXT, "IS_NULLABLE": TEXT}
COLUMN_STATISTICS = PLACE | {
    "COLUMN_NAME": TEXT, "APPROX_DISTINCT": WHOLE, "MIN_VALUE": TEXT, "MAX_VALUE": TEXT, "NULL_SHARE": FLOAT,
    "AVG_LENGTH": FLOAT, "SAMPLED_ROWS": WHOLE, "FREQUENT_VALUES": TEXT, "QUANTILES": TEXT,
}  # fmt: skip
TABLE_DML_HISTORY = {
    "START_TIME": TIME, "END_TIME": TIME, "DATABASE_NAME": TEXT, "SCHEMA_NAME": TEXT, "TABLE_NAME": TEXT,
    "ROWS_ADDED": WHOLE, "ROWS_REMOVED": WHOLE, "ROWS_UPDATED": WHOLE,
}  # fmt: skip
TABLE_QUERY_PRUNING_HISTORY = {
    "INTERVAL_START_TIME": TIME, "INTERVAL_END_TIME": TIME, "DATABASE_NAME": TEXT, "SCHEMA_NAME": TEXT, "TABLE_NAME": TEXT,
    "QUERY_PARAMETERIZED_HASH": TEXT, "NUM_QUERIES": WHOLE, "AGGREGATE_QUERY_EXECUTION_TIME": WHOLE,
    "PARTITIONS_SCANNED": WHOLE, "PARTITIONS_PRUNED": WHOLE, "ROWS_SCANNED": WHOLE, "ROWS_MATCHED": WHOLE,
}  # fmt: skip

Row = Mapping[str, object]


@dataclass(frozen=True)
class Spread:
    """Stretches the minutes of the run over the declared days; both end at the same moment."""

    first: datetime
    last: datetime

    def __call__(self, moment: datetime) -> datetime:
        factor = timedelta(days=WINDOW_DAYS) / (self.last - self.first)
        return self.last - (self.last - moment) * factor


def write(folder: Path, engine: Engine, recorded: Sequence[Recorded]) -> None:
    """Writes the snapshot into `folder` (created)."""
    folder.mkdir(parents=True)
    spread = Spread(recorded[0].logged.started, recorded[-1].logged.ended)
    views: dict[str, tuple[Mapping[str, pa.DataType], Iterable[Row]]] = {
        "query_history": (QUERY_HISTORY, (_query(one, spread) for one in recorded)),
        "tables": (TABLES, _tables(engine, spread)),
        "columns": (COLUMNS, _columns(engine)),
        "column_statistics": (COLUMN_STATISTICS, _statistics(engine)),
        "table_dml_history": (TABLE_DML_HISTORY, _dml(recorded, spread)),
        "table_query_pruning_history": (TABLE_QUERY_PRUNING_HISTORY, _pruning(recorded, spread)),
    }
    for view, (columns, rows) in views.items():
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(columns.items()))
        pq.write_table(table, folder / f"{view}.parquet")
    _write_samples(folder / "samples", engine)
    write_manifest(folder, "demo", NOTES, taken_at=spread.last)


def parameterized_hash(text: str) -> str:
    """Equal for texts that differ in compared literals only (Snowflake's rule: not in IN lists, functions or patterns)."""
    masked = " ".join(COMPARED.sub(r"\1 ?", text).lower().split())
    return hashlib.md5(masked.encode(), usedforsecurity=False).hexdigest()


def _query(one: Recorded, spread: Spread) -> Row:
    kind, logged = KINDS[one.statement.text.split()[0]], one.logged
    started = spread(logged.started)
    scans = one.scans
    return {
        "QUERY_ID": logged.query_id,
        "QUERY_TEXT": one.statement.text,
        "QUERY_TYPE": kind,
        "DATABASE_NAME": CATALOG,
        "SCHEMA_NAME": SCHEMA,
        "START_TIME": started,
        "END_TIME": started + (logged.ended - logged.started),
        "EXECUTION_TIME": logged.duration_ms,
        "EXECUTION_STATUS": "FAIL" if logged.failed else "SUCCESS",
        "BYTES_SCANNED": logged.bytes_read,
        "PARTITIONS_SCANNED": None if scans is None else sum(scan.scanned for scan in scans),
        "PARTITIONS_TOTAL": None if scans is None else sum(scan.total for scan in scans),
        "ROWS_PRODUCED": one.rows_produced,
        "ROWS_INSERTED": logged.rows_written if kind in ("INSERT", "CREATE_TABLE_AS_SELECT") else 0,
        "ROWS_UPDATED": logged.rows_written if kind == "UPDATE" else 0,
        "ROWS_DELETED": logged.rows_written if kind == "DELETE" else 0,
        "QUERY_PARAMETERIZED_HASH": parameterized_hash(one.statement.text),
    }


def _dml(recorded: Sequence[Recorded], spread: Spread) -> Iterable[Row]:
    hours: dict[tuple[datetime, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in recorded:
        if one.statement.template.writes:
            row = _query(one, spread)
            count = hours[_hour(spread(one.logged.started)), one.statement.template.writes]
            for change, column in (
                ("ROWS_ADDED", "INSERTED"),
                ("ROWS_REMOVED", "DELETED"),
                ("ROWS_UPDATED", "UPDATED"),
            ):
                count[change] += int(str(row[f"ROWS_{column}"]))
    for (hour, table), counts in sorted(hours.items()):
        yield {
            "START_TIME": hour,
            "END_TIME": hour + timedelta(hours=1),
            "DATABASE_NAME": CATALOG,
            "SCHEMA_NAME": SCHEMA,
            "TABLE_NAME": table.upper(),
            **counts,
        }


def _pruning(recorded: Sequence[Recorded], spread: Spread) -> Iterable[Row]:
    hours: dict[tuple[datetime, str, str], list[tuple[Recorded, list[TableScan]]]] = defaultdict(list)
    for one in recorded:
        by_table: dict[str, list[TableScan]] = defaultdict(list)
        for scan in one.scans or ():
            by_table[scan.table].append(scan)
        for table, scans in by_table.items():
            key = _hour(spread(one.logged.started)), table, parameterized_hash(one.statement.text)
            hours[key].append((one, scans))
    for (hour, table, digest), queries in sorted(hours.items(), key=lambda entry: entry[0]):
        scans = [scan for _, of_query in queries for scan in of_query]
        yield {
            "INTERVAL_START_TIME": hour,
            "INTERVAL_END_TIME": hour + timedelta(hours=1),
            "DATABASE_NAME": CATALOG,
            "SCHEMA_NAME": SCHEMA,
            "TABLE_NAME": table.upper(),
            "QUERY_PARAMETERIZED_HASH": digest,
            "NUM_QUERIES": len(queries),
            "AGGREGATE_QUERY_EXECUTION_TIME": sum(one.logged.duration_ms for one, _ in queries),
            "PARTITIONS_SCANNED": sum(scan.scanned for scan in scans),
            "PARTITIONS_PRUNED": sum(scan.total - scan.scanned for scan in scans),
            "ROWS_SCANNED": sum(scan.rows_read for scan in scans),
            "ROWS_MATCHED": sum(scan.rows_matched for scan in scans),
        }


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _tables(engine: Engine, spread: Spread) -> Iterable[Row]:
    columns = "name, cluster_by, num_rows, data_compressed_size, created_on, updated_on"
    for name, key, rows, size, created, altered in engine.rows(
        f"SELECT {columns} FROM system.tables WHERE database = '{DATABASE}' ORDER BY name"
    ):
        yield _place(name) | {
            "TABLE_TYPE": "BASE TABLE",
            "CLUSTERING_KEY": key or None,
            "ROW_COUNT": int(rows),
            "BYTES": int(size),
            "CREATED": spread(created),
            "LAST_ALTERED": spread(altered),
        }


def _catalogue(engine: Engine) -> list[tuple[Any, ...]]:
    """Table, column, type and nullability, in ordinal order."""
    # The engine lists a table's columns in their order, and has no column that says so.
    return engine.rows(f"SELECT table, name, data_type, is_nullable FROM system.columns WHERE database = '{DATABASE}'")


def _columns(engine: Engine) -> Iterable[Row]:
    position: dict[str, int] = defaultdict(int)
    for table, name, data_type, nullable in _catalogue(engine):
        position[table] += 1
        yield _place(table) | {
            "COLUMN_NAME": name.upper(),
            "ORDINAL_POSITION": position[table],
            "DATA_TYPE": _type(data_type),
            "IS_NULLABLE": nullable,
        }


def _type(data_type: str) -> str:
    return TYPES[data_type.split("(")[0].removesuffix(" NULL")]


def _statistics(engine: Engine) -> Iterable[Row]:
    by_table: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, name, data_type, _ in _catalogue(engine):
        by_table[table].append((name, data_type))
    for table, columns in sorted(by_table.items()):
        yield from _table_statistics(engine, table, columns)


def _table_statistics(engine: Engine, table: str, columns: Sequence[tuple[str, str]]) -> Iterable[Row]:
    measures = ["COUNT(*)"]
    for name, data_type in columns:
        kind = _type(data_type)
        length = f"AVG(LENGTH({name}))" if kind == "TEXT" else "NULL"
        asked = f"QUANTILE_DISC({', '.join(map(str, LEVELS))})({name})" if kind in ("NUMBER", "FLOAT") else "NULL"
        measures += [
            f"APPROX_COUNT_DISTINCT({name})", f"TO_STRING(MIN({name}))", f"TO_STRING(MAX({name}))", f"COUNT({name})", length, asked,
        ]  # fmt: skip
    rows, *values = engine.rows(f"SELECT {', '.join(measures)} FROM {table}")[0]
    for nth, (name, _) in enumerate(columns):
        distinct, least, greatest, known, length, quantiles = values[nth * 6 : nth * 6 + 6]
        yield _place(table) | {
            "COLUMN_NAME": name.upper(),
            "APPROX_DISTINCT": int(distinct),
            "MIN_VALUE": least,
            "MAX_VALUE": greatest,
            "NULL_SHARE": 1 - known / rows if rows else None,
            "AVG_LENGTH": None if length is None else float(length),
            "SAMPLED_ROWS": int(rows),
            "FREQUENT_VALUES": _frequent(engine, table, name, int(rows)),
            "QUANTILES": pairs(quantiles, int(known)),
        }


def _frequent(engine: Engine, table: str, column: str, rows: int) -> str:
    counted = f"SELECT TO_STRING({column}), COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
    found = engine.rows(f"{counted} ORDER BY 2 DESC, 1 LIMIT {KEPT}")
    return json.dumps(kept([(value, int(n)) for value, n in found], rows), ensure_ascii=False)


def _write_samples(folder: Path, engine: Engine) -> None:
    """A uniform sample of the rows of each table that has a block to skip, as it stands after the workload."""
    folder.mkdir()
    columns: dict[str, list[str]] = defaultdict(list)
    for table, name, _, _ in _catalogue(engine):
        columns[table].append(name)
    measured = f"SELECT name, num_rows, number_of_blocks FROM system.tables WHERE database = '{DATABASE}' ORDER BY name"
    for table, rows, blocks in engine.rows(measured):
        if blocks > 1:
            every = max(1, int(rows) // (SAMPLED_PER_BLOCK * int(blocks)))
            found = engine.sample(table, columns[table], every)
            names = [name.upper() for name in columns[table]]
            values = zip(*found, strict=True) if found else ([] for _ in names)
            file = sample_file(TableName(CATALOG, SCHEMA, table.upper()))
            pq.write_table(pa.table(dict(zip(names, map(list, values), strict=True))), folder / file)


def _place(table: str) -> dict[str, object]:
    return {"TABLE_CATALOG": CATALOG, "TABLE_SCHEMA": SCHEMA, "TABLE_NAME": table.upper()}
