"""What a unit of the history says of its executions, in parts that add up over all units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

import duckdb

from advisor.engine_sql import literal
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.normal import BLOCK_MICROSECONDS
from advisor.workload import ids, shortened
from advisor.workload.counted import UNREAD, told
from advisor.workload.texts import executions_of, latest_of, samples_of
from advisor.workload.units import Unit

VIEW = "query_history"
PARTS = ("ids", "told", "samples")
TEXTS_A_SAMPLE_READ = 4
"""Hashes split a template into several statements, so more texts are fetched than will be read."""
FEWER = 8
"""Where the history is in several units, each gives so many times fewer texts."""
STATEMENT_HASH = "QUERY_PARAMETERIZED_HASH"

# What has a hash is told apart without its text.
HASHED = f"SELECT * REPLACE ({UNREAD}) FROM {{rows}}"
# Such a condition is tried on the least and the greatest value of a row group, without reading it.
ALL_KINDS = f"""
{HASHED} WHERE {{hash}} >= '!'
UNION ALL SELECT * FROM {{rows}} WHERE {{hash}} < '!'
UNION ALL SELECT * FROM {{rows}} WHERE {{hash}} IS NULL
"""

_SPAN = "SELECT min(FIRST_SEEN), max(LAST_SEEN) FROM read_parquet({told})"

SAMPLED = (
    "STATEMENT",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "OUTCOME",
    "QUERY_ID",
    "START_TIME",
    "EXECUTION_MS",
    "PARTITIONS_SCANNED",
    "PARTITIONS_TOTAL",
    "BYTES_SCANNED",
)
"""What is said of a sample, beside its text."""

# Statements that take long are read with all their samples, the others for one.
SOUGHT = """
CREATE OR REPLACE TEMP TABLE sought AS
WITH totals AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, {executions} AS EXECUTIONS, sum(EXECUTION_MS) AS MS
    FROM {rows} WHERE OUTCOME IN ('executed', 'no warehouse') GROUP BY ALL
)
SELECT * EXCLUDE (MS), row_number() OVER () AS NUMBER,
    CASE WHEN sum(least(EXECUTIONS, $samples)) OVER (
        ORDER BY MS DESC, STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME ROWS UNBOUNDED PRECEDING
    ) <= $texts THEN CAST($samples AS BIGINT) ELSE 1 END AS SAMPLES
FROM totals
"""
SAME = """
    {one}.STATEMENT = {other}.STATEMENT AND {one}.OUTCOME = {other}.OUTCOME
    AND {one}.DATABASE_NAME IS NOT DISTINCT FROM {other}.DATABASE_NAME
    AND {one}.SCHEMA_NAME IS NOT DISTINCT FROM {other}.SCHEMA_NAME
"""
PART = f"""
CREATE OR REPLACE TEMP TABLE part AS
SELECT {", ".join(f"recorded.{name}" for name in SAMPLED)}, sought.SAMPLES, sought.NUMBER FROM ({{recorded}}) AS recorded
JOIN sought ON {SAME.format(one="recorded", other="sought")}
"""


@dataclass(frozen=True)
class Span:
    """The first and the last start in a unit; None where no row has one."""

    first: datetime | None
    last: datetime | None

    def recent(self, since: datetime) -> bool | None:
        """Whether all of it, or nothing, began at `since` or later; None where it is in part."""
        if self.first is None or self.last is None or self.last < since:
            return False
        return True if self.first >= since else None


@dataclass(frozen=True)
class Digest:
    """A unit's digest: a file of each of its parts."""

    folder: Path
    span: Span


@dataclass(frozen=True)
class Digester:
    """Makes the digests of one history, its units alike."""

    snapshot: Snapshot
    settings: Settings
    since: datetime
    hashed: bool
    """No execution lacks a parameterized hash."""
    unique: bool
    """No id is repeated."""
    alone: bool
    """The history is one unit."""
    parts: int
    """Samples come from one of so many parts of the window."""

    @cached_property
    def asked(self) -> str:
        """A digest of all that is asked of a unit, of the engine that answers, and of how it reads its files."""
        [(macro,)] = self.snapshot.rows(
            VIEW, "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'query_history_files'"
        )
        taken = SOUGHT, PART, self._eligible, str(sorted(self._sampling.items()))
        texts = duckdb.__version__, macro, *self._steps("[]"), *self._parts(""), ids.HASHES, *shortened.ALL, *taken
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    @contextmanager
    def apart(self) -> Iterator[Digester]:
        """With a connection of its own, so that several units are read at a time. What is temporary goes with it."""
        with self.snapshot.connection.cursor() as connection:
            yield replace(self, snapshot=replace(self.snapshot, connection=connection))

    def ids(self, unit: Unit, folder: Path) -> None:
        """Makes the folder, and in it the first of the digest's files."""
        folder.mkdir(exist_ok=True)
        ids.write(self.snapshot, f"query_history_files({unit.sql})", unit.rows, folder / "ids")

    def make(self, unit: Unit, folder: Path) -> Digest:
        """Makes `told` anew, and those of the digest's other files that the folder lacks: they hold whatever is recent."""
        run = partial(self.snapshot.rows, VIEW)
        unread, written, executions = self._steps(unit.sql)
        run(f"CREATE OR REPLACE TEMP VIEW unread AS {unread}")
        run(f"CREATE OR REPLACE TEMP VIEW written AS {written}")
        if not self.hashed:
            if not (folder / "executions").exists():
                self._name(executions, folder)
            executions = f"FROM read_parquet({literal(str(folder / 'executions'))})"
            run(f"CREATE OR REPLACE TEMP VIEW unit AS {executions}")
        since = f"TIMESTAMP {literal(self.since.isoformat(sep=' '))}"
        counted, samples = self._parts(since)
        self._write("told", counted, folder)
        if not (folder / "samples").exists():
            run(f"CREATE OR REPLACE TEMP VIEW unread AS {HASHED.format(rows='written')}")
            run(f"CREATE OR REPLACE TEMP TABLE eligible AS {self._eligible}")
            run(SOUGHT.format(rows="eligible", executions="count(*)"), self._sampling)
            run(PART.format(recorded="FROM eligible"))
            self._write("samples", samples, folder)
        return Digest(folder, Span(*run(_SPAN.format(told=literal(str(folder / "told"))))[0]))

    def _name(self, executions: str, folder: Path) -> None:
        """Makes the file `executions`. Only a statement that is told from its text is written down."""
        if self.unique:
            self._shorten(folder)
        self._write("executions", executions, folder)
        (folder / "shortened").unlink(missing_ok=True)

    def _shorten(self, folder: Path) -> None:
        """Makes the view `told`: the rows of `unread` with the statements that their texts say."""
        run, made = partial(self.snapshot.rows, VIEW), f"read_parquet({literal(str(folder / 'shortened'))})"
        self._write("shortened", shortened.SHORTENED.format(rows="unread"), folder)
        run(shortened.NAMED.format(rows="unread", shortened=made))
        if run(shortened.ANY_EACH.format(shortened=made)):
            run(shortened.NAMED_EACH.format(rows="unread", shortened=made))
        run(f"CREATE OR REPLACE TEMP VIEW told AS {shortened.TOLD.format(shortened=made)}")

    def _write(self, name: str, sql: str, folder: Path) -> None:
        """As Parquet, whose second version takes a quarter less room. It has no whole numbers of 128 bits: DuckDB would
        round them.
        """
        types = self.snapshot.rows(VIEW, f"DESCRIBE {sql}")
        casts = ", ".join(f"CAST({n} AS DECIMAL(38, 0)) AS {n}" for n, kind, *_ in types if kind == "HUGEINT")
        values = f"* REPLACE ({casts})" if casts else "*"
        target = literal(str(folder / name))
        self.snapshot.rows(
            VIEW, f"COPY (SELECT {values} FROM ({sql})) TO {target} (FORMAT parquet, PARQUET_VERSION v2)"
        )

    def _steps(self, files: str) -> tuple[str, str, str]:
        """The rows of a unit without texts that aren't needed, those that samples come from with them, and its executions."""
        rows = f"query_history_files({files})"
        part = f"query_history_part({files}, {self.parts}, 0)" if self.parts > 1 else rows
        return (
            (HASHED if self.hashed else ALL_KINDS).format(rows=rows, hash=STATEMENT_HASH),
            f"FROM {part}",
            executions_of("told", True, named=True)
            if self.unique and not self.hashed
            else executions_of("unread", self.unique),
        )

    def _parts(self, since: str) -> tuple[str, str]:
        """All executions, counted, and the candidates for samples."""
        rows = latest_of("unread", self.unique) if self.hashed else "FROM unit"
        return told(rows, self.hashed, since), samples_of("written", "part")

    @property
    def files(self) -> tuple[str, ...]:
        """The names of a digest's files. What has no hash took its texts to tell apart, so that is kept as well."""
        return PARTS if self.hashed else (*PARTS, "executions")

    @property
    def _eligible(self) -> str:
        """The executions that samples come from."""
        part = f"epoch_us(START_TIME) // {BLOCK_MICROSECONDS} % {self.parts} = 0" if self.parts > 1 else "true"
        rows = f"({executions_of('inside', self.unique)})" if self.hashed else f"unit WHERE {part}"
        # Beside another condition the reader would decode the rows of the other parts too.
        inside = f"WITH inside AS {'' if self.parts > 1 else 'NOT '}MATERIALIZED (FROM unread)" if self.hashed else ""
        return f"{inside} SELECT {', '.join(SAMPLED)} FROM (FROM {rows}) WHERE OUTCOME IN ('executed', 'no warehouse')"

    @property
    def _sampling(self) -> dict[str, int]:
        texts = TEXTS_A_SAMPLE_READ * self.settings.samples_read
        return {
            "samples": self.settings.samples_per_template,
            "texts": texts if self.alone else max(1, texts // FEWER),
        }
