"""The embedded engine: Databend inside this process, measured as Snowflake measures itself.

Databend reads its settings and takes its directory when it is imported, locks that directory, and can take the whole
process down with it. So a process uses one `Engine`, in one directory, and nothing else of value lives in it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from advisor.errors import InputError, SourceError

VERSION = "1.2.453"
"""Later builds have no query log."""
DATABASE = "retail"
ENVIRONMENT = {
    # A repeated scan would be answered from this cache, and logged as 0 of 0 partitions.
    "CACHE_TABLE_PRUNE_PARTITIONS_COUNT": "0",
    "QUERY_MAX_QUERY_LOG_SIZE": "2000000",
    "LOG_FILE_ON": "false",
    # Partitions that a join skips at run time are in the profiles only.
    "LOG_PROFILE_ON": "true",
    "LOG_PROFILE_DIR": "./profiles",
}
SETTINGS = (
    # Queries with a LIMIT would be logged as 0 of 0 partitions.
    "SET lazy_read_threshold = 0",
    # A longer IN list would prune as one range from its least to its greatest value.
    "SET max_inlist_to_or = 1000",
    # Blocks change by the workload's statements only, never by housekeeping behind them.
    "SET enable_compact_after_write = 0",
)
MARK = "demo-run-"
BACKTRACE = re.compile(r"\s+0: <unknown>.*", re.DOTALL)


class EngineError(Exception):
    """The engine refused a statement."""


@dataclass(frozen=True)
class Scan:
    """One scan of one table: partitions to read, of how many."""

    table: str
    scanned: int
    total: int


@dataclass(frozen=True)
class ScanProfile:
    """One scan of one table as it ran."""

    table: str
    skipped_by_join: int
    rows_read: int
    rows_matched: int
    """Rows that passed the filter on top of the scan; all rows read when there is none."""


@dataclass(frozen=True)
class Logged:
    """One row of the engine's query log."""

    query_id: str
    kind: str
    started: datetime
    ended: datetime
    duration_ms: int
    rows_written: int
    bytes_read: int
    partitions_scanned: int
    """By plan, over all tables of the query."""
    partitions_total: int
    failed: bool


class Engine:
    """The engine over `home`; changes the process's working directory. Raises InputError where the package is missing."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home.resolve()
        os.environ.update(ENVIRONMENT)
        os.chdir(self.home)
        try:
            import databend
        except ImportError as error:
            raise InputError("the demo's engine is missing: pip install 'advisor[demo]'") from error
        # Without a tenant of fixed name every context has an empty catalogue of its own.
        self._context = databend.SessionContext(tenant="demo")
        self._marks = 0
        version = str(self.rows("SELECT version()")[0][0])
        if f"v{VERSION}-" not in version:
            raise InputError(f"the demo needs databend=={VERSION}, not {version}: pip install 'advisor[demo]'")
        for statement in (*SETTINGS, f"CREATE DATABASE IF NOT EXISTS {DATABASE}", f"USE {DATABASE}"):
            self.rows(statement)

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """All rows of one statement. Raises EngineError with the engine's own words."""
        try:
            batches = self._context.sql(text).to_py_arrow()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the engine's panics are no Exceptions
            raise EngineError(BACKTRACE.sub("", str(error))) from error
        return [row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)]

    def run(self, text: str) -> tuple[int, int]:
        """Executes a statement, marked so that its row in the log can be found: the mark, and how many rows came back."""
        self._marks += 1
        # The log re-prints texts without comments, and the engine's last_query_id() is one off.
        self.rows(f"SELECT '{MARK}{self._marks}'")
        return self._marks, len(self.rows(text))

    def explain(self, text: str) -> tuple[Scan, ...]:
        """The scans that the engine would make, before a join skips more at run time."""
        return _scans(self._plan("EXPLAIN", text))

    def scans(self, text: str) -> tuple[Scan, ...]:
        """The scans of a statement, a join's run-time pruning included, for which it has to be executed."""
        plan = self._plan("EXPLAIN", text)
        return _scans(self._plan("EXPLAIN ANALYZE", text) if "Join" in plan else plan)

    def _plan(self, verb: str, text: str) -> str:
        return "\n".join(str(row[0]) for row in self.rows(f"{verb} {text}"))

    def log(self) -> dict[int, Logged]:
        """The query log of all marked runs, by mark."""
        names = (
            "query_text, query_id, query_kind, query_start_time, event_time, query_duration_ms, written_rows, "
            "bytes_from_remote_disk + bytes_from_local_disk, scan_partitions, total_partitions, exception_code <> 0"
        )
        found: dict[int, Logged] = {}
        mark: int | None = None
        for text, *row in self.rows(f"SELECT {names} FROM system.query_log WHERE log_type >= 2"):
            if MARK in text and text.startswith("SELECT '"):
                mark = int(text.split(MARK)[1].rstrip("'"))
            elif mark is not None:
                found[mark] = Logged(*row)
                mark = None
        return found

    def profiles(self) -> dict[str, tuple[ScanProfile, ...]]:
        """The scans of every query that ran, by query id."""
        return {record["query_id"]: tuple(_profiled(record)) for record in self._profile_records()}

    def _profile_records(self) -> Iterator[dict[str, Any]]:
        for path in sorted((self.home / "profiles").iterdir()):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    if not line.endswith("\n"):
                        raise SourceError(f"the engine's profile {path.name} ends within a record")
                    yield json.loads(line)

    def load(self, table: str, parquet: Path, rows_per_block: int) -> None:
        """Makes a table of a Parquet file's rows, in their order."""
        # One thread: two would interleave the file's row groups.
        self.rows("SET max_threads = 1")
        source = f"'fs://{parquet.resolve()}' (file_format => 'parquet')"
        self.rows(f"CREATE TABLE {table} {block_options(rows_per_block)} AS SELECT * FROM {source}")
        self.rows("UNSET max_threads")

    def sample(self, table: str, columns: Sequence[str], every: int) -> list[tuple[Any, ...]]:
        """About one row in `every`, whichever the hash of the whole row says: uniform, and the same each time."""
        row = f"concat_ws('|', {', '.join(f'to_string({column})' for column in columns)})"
        return self.rows(f"SELECT {', '.join(columns)} FROM {table} WHERE xxhash64({row}) % {every} = 0")

    def compact_segments(self, table: str) -> None:
        """Puts the table's list of blocks back into one piece; the blocks stay. Of a list in pieces the log counts 0 of 0."""
        self.rows(f"OPTIMIZE TABLE {table} COMPACT SEGMENT")

    def copy_sorted(self, table: str, copy: str, order: str) -> None:
        """Makes a copy in the order of a key, in as many blocks.

        Rows with equal keys are shuffled, or the key would profit from the order in which they arrived. (The engine's own
        RECLUSTER does nothing to blocks that were written before the table had its key.)
        """
        measures = "num_rows, number_of_blocks"
        rows, blocks = self.rows(
            f"SELECT {measures} FROM system.tables WHERE database = '{DATABASE}' AND name = '{table}'"
        )[0]
        rows_per_block = -(-rows // blocks)
        self.rows(f"DROP TABLE IF EXISTS {copy} ALL")
        self.rows(
            f"CREATE TABLE {copy} {block_options(rows_per_block)} AS SELECT * FROM {table} ORDER BY {order}, rand()"
        )


def block_options(rows_per_block: int) -> str:
    # No bloom filters: Snowflake has none without its search optimization service, so only min/max may prune.
    return (
        f"STORAGE_FORMAT = 'parquet' COMPRESSION = 'snappy' ROW_PER_BLOCK = {rows_per_block} BLOCK_PER_SEGMENT = 1000 "
        "BLOOM_INDEX_COLUMNS = ''"
    )


def _scans(plan: str) -> tuple[Scan, ...]:
    return tuple(_scan(part) for part in plan.split("TableScan")[1:])


def _scan(part: str) -> Scan:
    table = re.search(r"table: \w+\.([^\n]*)", part)
    total = re.search(r"partitions total: (\d+)", part)
    scanned = re.search(r"partitions scanned: (\d+)", part)
    skipped = re.search(r"parts pruned by runtime filter: (\d+)", part)
    if not (table and total and scanned):
        raise SourceError(f"the engine's plan has a scan of an unknown form: {part[:200]}")
    read = int(scanned[1]) - (int(skipped[1]) if skipped else 0)
    return Scan(table[1].split(".")[-1], max(0, read), int(total[1]))


def _profiled(record: Mapping[str, Any]) -> Iterator[ScanProfile]:
    at = {name: about["index"] for name, about in record["statistics_desc"].items()}
    nodes = record["profiles"]
    parents = {node["id"]: node for node in nodes}
    for node in nodes:
        if node["name"] != "TableScan":
            continue
        parent = parents.get(node["parent_id"])
        counted = parent if parent is not None and parent["name"] == "Filter" else node
        yield ScanProfile(
            table=node["title"].replace("'", "").split(".")[-1],
            skipped_by_join=node["statistics"][at["RuntimeFilterPruneParts"]],
            rows_read=node["statistics"][at["OutputRows"]],
            rows_matched=counted["statistics"][at["OutputRows"]],
        )
