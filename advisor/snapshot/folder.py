"""A snapshot's folder, opened: its files checked, and a normalised DuckDB view of each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from advisor.errors import InputError
from advisor.settings import Settings
from advisor.snapshot.manifest import Manifest, first_line, literal, read_manifest, scan
from advisor.snapshot.views import VIEWS, Kind, View

PAIR = ("query_templates", "query_samples")

# What DuckDB calls the types that a column of each kind may be converted from; text always may be tried.
_WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE", "BOOLEAN")
_NUMBER_TYPES = (*_WHOLE_TYPES, *(f"U{name}" for name in _WHOLE_TYPES[:5]))
_TIME_TYPES = ("TIMESTAMP", "DATE")


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
    """Rows per view with a value that is not of its column's type. Those of `query_history` are left out of its view;
    elsewhere the value is NULL."""
    connection: duckdb.DuckDBPyConnection = field(repr=False, compare=False)
    scratch: Path = field(repr=False, compare=False)

    def rows(self, view: str, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement over the views. Raises InputError, blaming `view`, when its files turn out unreadable."""
        with _blaming(self.folder / view):
            return self.connection.execute(sql, parameters or {}).fetchall()

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
    connection = _connect(scratch, settings or Settings())
    try:
        unreadable = {view: _define(connection, scratch, view, files.get(view, ())) for view in VIEWS}
        start, end = _window(connection, files, folder)
    except BaseException:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    bad = {view: count for view, count in unreadable.items() if count}
    return Snapshot(folder, manifest, frozenset(files), start, end, bad, connection, scratch)


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
    if "query_history" not in files and not all(view in files for view in PAIR):
        raise InputError(
            f"{folder} holds no query_history; export ACCOUNT_USAGE.QUERY_HISTORY to query_history.parquet"
        )
    if "tables" not in files:
        raise InputError(f"{folder} holds no tables; export ACCOUNT_USAGE.TABLES to tables.parquet")
    for path in (path for paths in files.values() for path in paths):
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); export the view again")


def _connect(scratch: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = {literal(settings.memory_limit)}")
    connection.execute(f"SET threads = {max(1, settings.threads)}")
    connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    # Nothing may be fetched while reading: what is not built in is an error.
    connection.execute("SET autoinstall_known_extensions = false")
    return connection


def _define(connection: duckdb.DuckDBPyConnection, scratch: Path, name: str, paths: Sequence[Path]) -> int:
    """Creates the normalised view; the rows with an unreadable value."""
    view = VIEWS[name]
    if not paths:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in view.columns.items())
        connection.execute(f"CREATE VIEW {name} AS SELECT {nothing} WHERE false")
        return 0
    place = paths[0] if len(paths) == 1 else paths[0].parent
    with _blaming(place):
        types = _types(connection, scan(paths))
        _check_columns(place, view, types)
        source = scan(paths)
        if paths[0].suffix.lower() == ".csv":
            source = _converted(
                connection, scratch / f"{name}.parquet", source, [types[c][0] for c in view.columns if c in types]
            )
        return _normalise(connection, name, source, types, place)


def _types(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, tuple[str, str]]:
    """For each column name in upper case: the name as the file has it, and its type."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {str(name).upper(): (str(name), str(kind).upper()) for name, kind, *_ in reversed(described)}


def _check_columns(place: Path, view: View, types: Mapping[str, tuple[str, str]]) -> None:
    for alternatives in view.required:
        if not any(name in types for name in alternatives):
            raise InputError(f"{place} has no column {' or '.join(alternatives)}; export the view with it")
    for column, kind in view.columns.items():
        if column in types and not _convertible(types[column][1], kind):
            raise InputError(
                f"{place}: column {column} is {types[column][1]}, a {kind.noun} is needed; export it as one"
            )


def _convertible(given: str, kind: Kind) -> bool:
    if given in ("VARCHAR", '"NULL"') or kind is Kind.TEXT:
        return True
    return given.startswith(_TIME_TYPES if kind is Kind.TIME else _NUMBER_TYPES) and not given.endswith("]")


def _converted(connection: duckdb.DuckDBPyConnection, target: Path, source: str, columns: Sequence[str]) -> str:
    """The needed columns of a CSV as Parquet: its text is parsed once, and its errors show here."""
    names = ", ".join(_identifier(column) for column in columns)
    connection.execute(f"COPY (SELECT {names} FROM {source}) TO {literal(str(target))} (FORMAT parquet)")
    return scan([target])


def _normalise(
    connection: duckdb.DuckDBPyConnection, name: str, source: str, types: Mapping[str, tuple[str, str]], place: Path
) -> int:
    columns = VIEWS[name].columns
    values = {column: _value(types.get(column), kind) for column, kind in columns.items()}
    checked = [c for c, kind in columns.items() if kind is not Kind.TEXT and types.get(c, ("", ""))[1] == "VARCHAR"]
    raw = {column: _identifier(types[column][0]) for column in checked}
    bad = " OR ".join(f"({raw[c]} IS NOT NULL AND {values[c]} IS NULL)" for c in checked) or "false"
    counts = "".join(f", count({raw[c]}), count({values[c]})" for c in checked)
    found = connection.execute(f"SELECT count(*), count(*) FILTER (WHERE {bad}){counts} FROM {source}").fetchone() or ()
    for position, column in enumerate(checked):
        given, read = found[2 + 2 * position : 4 + 2 * position]
        if given and not read:
            raise InputError(
                f"{place}: column {column} holds text where a {columns[column].noun} is needed; export it as one"
            )
    if name in ("query_history", "tables", *PAIR) and not found[0]:
        raise InputError(f"{place} holds no rows; export the view over a window with queries in it")
    keep = f" WHERE NOT ({bad})" if name == "query_history" else ""
    if name == "query_history":
        values["QUERY_ID"] = _identity(values)
    normal = ", ".join(f"{value} AS {column}" for column, value in values.items())
    connection.execute(f"CREATE VIEW {name} AS SELECT {normal} FROM {source}{keep}")
    return int(found[1])


def _identity(values: Mapping[str, str]) -> str:
    """A query without an id is known by what it was and when: `~` marks such an id."""
    parts = ", ".join(
        values[name] for name in ("QUERY_TEXT", "START_TIME", "END_TIME", "EXECUTION_TIME", "TOTAL_ELAPSED_TIME")
    )
    return f"COALESCE({values['QUERY_ID']}, '~' || md5(concat_ws('|', {parts})))"


def _value(given: tuple[str, str] | None, kind: Kind) -> str:
    """The expression that reads a column as its kind; NULL where it holds something else."""
    if given is None:
        return f"CAST(NULL AS {kind})"
    column, text = _identifier(given[0]), given[1] == "VARCHAR"
    if kind is Kind.TEXT:
        return f"CAST({column} AS VARCHAR)"
    if kind in (Kind.WHOLE, Kind.EXACT):
        return f"TRY_CAST({column} AS {kind})"
    if kind is Kind.NUMBER:
        return f"CASE WHEN isfinite(TRY_CAST({column} AS DOUBLE)) THEN TRY_CAST({column} AS DOUBLE) END"
    if text:
        # Snowflake prints a zone as ` -0800` and ` Z`; DuckDB reads `-08:00` and `Z` without the space.
        zoned = rf"regexp_replace({column}, ' ?([+-][0-9]{{2}}):?([0-9]{{2}})$| (Z)$', '\1:\2\3')"
        zoned = f"CASE WHEN contains({column}, 'Z') THEN replace({column}, ' Z', 'Z') ELSE {zoned} END"
        return f"TRY_CAST({zoned} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    if "TIME ZONE" in given[1]:
        return f"({column} AT TIME ZONE 'UTC')"
    return f"TRY_CAST({column} AS TIMESTAMP)"


def _window(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[Path]], folder: Path
) -> tuple[datetime, datetime]:
    history = "query_history" in files
    name = "query_history" if history else "query_templates"
    start, end, last = ("START_TIME", "START_TIME", "END_TIME") if history else ("FIRST_SEEN", "LAST_SEEN", "LAST_END")
    with _blaming(folder / name):
        found = connection.execute(f"SELECT min({start}), greatest(max({end}), max({last})) FROM {name}").fetchone()
    if found is None or found[0] is None:
        raise InputError(f"{folder / name}: column {start} holds no time; export the view with it")
    return found[0], found[1]


@contextmanager
def _blaming(place: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise InputError(f"out of memory while reading {place}; raise the setting memory_limit") from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {place}: {first_line(error)}; export the view again") from error


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
