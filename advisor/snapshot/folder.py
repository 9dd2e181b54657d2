"""A snapshot's folder, opened: its files checked, and a normalised DuckDB view of each."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from advisor.engine_sql import literal
from advisor.errors import InputError
from advisor.settings import Settings
from advisor.snapshot.manifest import Manifest, read_manifest
from advisor.snapshot.normal import blaming, converted, define_view
from advisor.snapshot.views import VIEWS

PAIR = ("query_templates", "query_samples")
_PARAMETER = re.compile(r"'(?:[^']|'')*'|[$](?P<name>[a-z]+)")
SMALL_BYTES = 4 * 2**20
"""One thread reads so little sooner than several: handing them their work costs a fifth more than all the work."""


@dataclass(frozen=True)
class Snapshot:
    """An opened folder. Each name in `VIEWS` is a DuckDB view of `connection`: Snowflake's column names, one type each,
    times in UTC without a zone, NULL where the folder has no such column, no rows where it has no such file.

    Close it, or use it in a `with` statement: what DuckDB spills to disk goes with it.
    """

    folder: Path
    manifest: Manifest
    present: frozenset[str]
    """The views that the folder holds."""
    window_start: datetime
    window_end: datetime
    unreadable: Mapping[str, int]
    """Rows per view with a value that is not of its column's type. Those of `query_history` are a view of
    their own, `query_history_unreadable`; elsewhere the value is NULL."""
    history: tuple[Path, ...]
    """The Parquet files that `query_history` is read from; those of a CSV are in `scratch`."""
    connection: duckdb.DuckDBPyConnection = field(repr=False, compare=False)
    scratch: Path = field(repr=False, compare=False)

    def rows(self, view: str, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement over the views, with `$name` as the parameter says. Raises InputError, blaming `view`, when its
        files turn out unreadable."""
        with blaming(self.folder / view):
            return self.connection.execute(filled(sql, parameters) if parameters else sql).fetchall()

    def release(self, settings: Settings) -> None:
        """Gives back what the engine has freed. On its own it keeps that for ten seconds; setting its limit anew is the
        one thing that makes it let go at once.
        """
        self.connection.execute(f"SET memory_limit = {literal(settings.memory_limit)}")

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def filled(sql: str, parameters: Mapping[str, object]) -> str:
    """The statement with its parameters written into it: to bind one, DuckDB would import pandas, half a second's work."""

    def value(found: re.Match[str]) -> str:
        return _written(parameters[found["name"]]) if found["name"] in parameters else found[0]

    return _PARAMETER.sub(value, sql)


def _written(value: object) -> str:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP {literal(value.isoformat(sep=' '))}"
    if isinstance(value, timedelta):
        return f"to_microseconds({value // timedelta(microseconds=1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"a parameter of type {type(value).__name__}")


def open_snapshot(folder: Path, settings: Settings | None = None) -> Snapshot:
    """Checks the folder against its manifest and the columns and types that the analysis needs.

    Raises InputError, one line that names the file, for whatever the user must mend.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder that holds query_history and tables")
    files = _files(folder)
    _check_needed(folder, files)
    manifest = read_manifest(folder)
    scratch = Path(tempfile.mkdtemp(prefix="advisor-"))
    connection = engine(scratch, _in_proportion(settings or Settings(), files))
    try:
        unreadable = {view: define_view(connection, scratch, view, files.get(view, ())) for view in VIEWS}
        start, end = _window(connection, files, folder)
        if manifest.taken_at is not None and start < manifest.taken_at:
            end = min(end, manifest.taken_at)  # later ones are a clock's, or a time zone's, error
    except BaseException:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    bad = {view: count for view, count in unreadable.items() if count}
    history = files.get("query_history", ())
    if history and history[0].suffix.lower() == ".csv":
        history = (converted(scratch, "query_history"),)
    return Snapshot(folder, manifest, frozenset(files), start, end, bad, history, connection, scratch)


def _files(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The files of each known view: one, or the parts in the folder of that name."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()):
        view = path.stem.lower() if path.is_file() else path.name.lower()
        if view not in VIEWS:
            continue
        parts = tuple(sorted(path.iterdir())) if path.is_dir() else (path,)
        readable = tuple(part for part in parts if part.suffix.lower() in (".parquet", ".csv"))
        if not readable:
            continue
        if view in found or len({part.suffix.lower() for part in readable}) > 1:
            raise InputError(
                f"{folder} holds {view} both as {found.get(view, readable)[0].name} and {readable[-1].name}; remove one"
            )
        found[view] = readable
    return found


def _check_needed(folder: Path, files: Mapping[str, Sequence[Path]]) -> None:
    for path in sorted(folder.iterdir()):
        view = path.name.lower().split(".")[0]
        if view in ("query_history", "tables") and view not in files and not all(other in files for other in PAIR):
            raise InputError(
                f"{path} holds no file that ends in .parquet or .csv; unpack it, or export the view as one"
            )
    if "query_history" not in files and not all(view in files for view in PAIR):
        raise InputError(
            f"{folder} holds no query_history; export ACCOUNT_USAGE.QUERY_HISTORY to query_history.parquet"
        )
    if "tables" not in files:
        raise InputError(f"{folder} holds no tables; export ACCOUNT_USAGE.TABLES to tables.parquet")
    for path in (path for paths in files.values() for path in paths):
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); export the view again")


def _in_proportion(settings: Settings, files: Mapping[str, Sequence[Path]]) -> Settings:
    held = sum(path.stat().st_size for paths in files.values() for path in paths)
    return settings if held > SMALL_BYTES else replace(settings, threads=1)


def engine(scratch: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, within the settings' bounds; what it spills goes to a folder in `scratch`."""
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = {literal(settings.memory_limit)}")
    connection.execute(f"SET threads = {max(1, settings.threads)}")
    connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
    # Of its cursors too.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    # Nothing may be fetched while reading: what is not built in is an error.
    connection.execute("SET autoinstall_known_extensions = false")
    return connection


def _window(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[Path]], folder: Path
) -> tuple[datetime, datetime]:
    history = "query_history" in files
    name = "query_history" if history else "query_templates"
    start, end, last = ("START_TIME", "START_TIME", "END_TIME") if history else ("FIRST_SEEN", "LAST_SEEN", "LAST_END")
    with blaming(folder / name):
        # Snowflake ends a statement after 7 days: a later end is a clock's error.
        ended = f"max({last}) FILTER ({last} <= {end} + INTERVAL 7 DAY)"
        found = connection.execute(f"SELECT min({start}), greatest(max({end}), {ended}) FROM {name}").fetchone()
    if found is None or found[0] is None:
        raise InputError(f"{folder / name}: column {start} holds no time; export the view with it")
    return found[0], found[1]
