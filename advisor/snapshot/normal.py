"""One view of a snapshot as DuckDB sees it: Snowflake's column names, one type each, whatever the files hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from advisor.engine_sql import literal, quoted
from advisor.errors import InputError
from advisor.snapshot.manifest import first_line, read_parquet, scan
from advisor.snapshot.views import VIEWS, Kind, View

BLOCK_MICROSECONDS = 5 * 3_600_000_000
"""Five hours have no divisor in common with a day, so every n-th block falls on all of its hours."""
MOST = {
    name: 2**30 if name.startswith("PARTITIONS_") else 2**60 if kind is Kind.WHOLE else 2**32
    for name, kind in VIEWS["query_history"].columns.items()
    if kind in (Kind.WHOLE, Kind.EXACT)
}
"""More partitions, bytes or rows, or milliseconds (49 days), no query comes to, nor to fewer than none; and the squares and
products that are added up stay within 64 bits.
"""
FOUNDED, FAR = "TIMESTAMP '2012-01-01'", "TIMESTAMP '2100-01-01'"
"""No query began before Snowflake was founded; exports write a missing time as the year 1970 or 9999, and one such would stretch
the window that all figures are a part of.
"""
NEVER_EMPTY = ("query_history", "tables", "query_templates", "query_samples")

# What DuckDB calls the types that a column may be converted from; from text it may always be tried.
_WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBER_TYPES = (*_WHOLE_TYPES, *(f"U{name}" for name in _WHOLE_TYPES), "DECIMAL", "FLOAT", "DOUBLE", "BOOLEAN")
_TIME_TYPES = ("TIMESTAMP", "DATE")

_VALUE = r"""("([^"\\[:cntrl:]]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false)"""
_SHARE = r"(0|1|0\.[0-9]+|1\.0+|[0-9](\.[0-9]+)?[eE]-[0-9]+)"
_PAIR = rf"\s*\[\s*{_VALUE}\s*,\s*{_SHARE}\s*\]\s*"
_SHARES = rf"\s*\[({_PAIR}(,{_PAIR})*|\s*)\]\s*"


@dataclass(frozen=True)
class _Column:
    """A column as the files have it."""

    name: str
    type: str

    @property
    def sql(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True)
class _Source:
    place: Path
    relation: str
    columns: Mapping[str, _Column]
    """By name in upper case."""


def define_view(connection: duckdb.DuckDBPyConnection, scratch: Path, name: str, paths: Sequence[Path]) -> int:
    """Creates the normalised view of the files, without rows when there are none.

    Gives the number of rows with a value that is not of its column's type. Raises InputError.
    """
    view = VIEWS[name]
    if not paths:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in view.columns.items())
        connection.execute(f"CREATE VIEW {name} AS SELECT {nothing} WHERE false")
        return 0
    place = paths[0] if len(paths) == 1 else paths[0].parent
    with blaming(place):
        held = _columns(connection, scan(paths))
        held |= {name: held[old] for name, old in view.once.items() if name not in held and old in held}
        source = _checked(connection, view, _Source(place, scan(paths), held))
        if paths[0].suffix.lower() == ".csv":
            source = _converted(connection, view, source, converted(scratch, name))
        return _normalise(connection, name, source)


def converted(scratch: Path, name: str) -> Path:
    """Where a view that came as CSV is kept as Parquet."""
    return scratch / f"{name}.parquet"


@contextmanager
def blaming(place: Path) -> Iterator[None]:
    """Whatever DuckDB fails with inside becomes one line about `place`."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise InputError(f"out of memory while reading {place}; raise the setting memory_limit") from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {place}: {first_line(error)}; export the view again") from error
    except RuntimeError as error:
        # DuckDB turns an interrupt at the keyboard into this.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, _Column]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(name).upper(): _Column(str(name), str(kind).upper()) for name, kind, *_ in reversed(described)}


def _checked(connection: duckdb.DuckDBPyConnection, view: View, source: _Source) -> _Source:
    """The source less the columns of another type that hold nothing: a Parquet column of nulls alone may be of any."""
    for alternatives in view.required:
        if not any(name in source.columns for name in alternatives):
            raise InputError(f"{source.place} has no column {' or '.join(alternatives)}; export the view with it")
    columns = dict(source.columns)
    for name, kind in view.columns.items():
        if name not in columns or _convertible(columns[name].type, kind):
            continue
        column = columns.pop(name)
        found = connection.execute(f"SELECT count({column.sql}) FROM {source.relation}").fetchone()
        if found is None or found[0]:
            needed = f"{column.type}, a {kind.noun} is needed"
            raise InputError(f"{source.place}: column {name} is {needed}; export it as one")
    return replace(source, columns=columns)


def _convertible(given: str, kind: Kind) -> bool:
    if given == "VARCHAR" or kind in (Kind.TEXT, Kind.SHARES):
        return True
    return given.startswith(_TIME_TYPES if kind is Kind.TIME else _NUMBER_TYPES) and not given.endswith("]")


def _converted(connection: duckdb.DuckDBPyConnection, view: View, source: _Source, target: Path) -> _Source:
    """The needed columns of a CSV as Parquet: its text is parsed once, and its errors show here."""
    names = ", ".join(column.sql for name, column in source.columns.items() if name in view.columns)
    # A row group is held in memory until it is written, and most of it is query texts.
    connection.execute(
        f"COPY (SELECT {names} FROM {source.relation}) TO {literal(str(target))} (FORMAT parquet, ROW_GROUP_SIZE 20480)"
    )
    return replace(source, relation=scan([target]))


def _normalise(connection: duckdb.DuckDBPyConnection, name: str, source: _Source) -> int:
    columns = VIEWS[name].columns
    whole = all(
        source.columns[c].type in _WHOLE_TYPES for c, k in columns.items() if k is Kind.EXACT and c in source.columns
    )
    exact = ("BIGINT" if name == "query_history" else "HUGEINT") if whole else None
    values = {column: _value(source.columns.get(column), kind, exact) for column, kind in columns.items()}
    tried = {
        column: source.columns[column].sql
        for column, kind in columns.items()
        if column in source.columns
        and (kind is Kind.SHARES or (kind is not Kind.TEXT and source.columns[column].type == "VARCHAR"))
    }
    if name == "query_history":
        tried |= _impossible(connection, source)
        for column in MOST.keys() & tried.keys():
            # What is no text is compared before it is converted: it may be beyond the other type.
            figure = values[column] if source.columns[column].type == "VARCHAR" else tried[column]
            values[column] = f"CASE WHEN {figure} BETWEEN 0 AND {MOST[column]} THEN {values[column]} END"
        if "START_TIME" in tried:
            began = values["START_TIME"]
            values["START_TIME"] = f"CASE WHEN {began} BETWEEN {FOUNDED} AND {FAR} THEN {began} END"
    bad = " OR ".join(f"({raw} IS NOT NULL AND {values[column]} IS NULL)" for column, raw in tried.items()) or "false"
    unreadable = _count(connection, name, source, bad, {column: (raw, values[column]) for column, raw in tried.items()})
    if name == "query_history" and _lacks_ids(connection, source):
        values["QUERY_ID"] = _identity(values)
    normal = f"SELECT {', '.join(f'{value} AS {column}' for column, value in values.items())} FROM "
    good = ""
    if name == "query_history":
        connection.execute(f"CREATE VIEW query_history_unreadable AS {normal} {source.relation} WHERE {bad}")
        good = f" WHERE NOT ({bad})"
        some = f"{normal} {read_parquet('files')} {good}"
        part = f"{_block(source.columns.get('START_TIME'), values['START_TIME'])} % parts = part"
        connection.execute(f"CREATE MACRO query_history_files(files) AS TABLE {some}")
        connection.execute(f"CREATE MACRO query_history_part(files, parts, part) AS TABLE {some} AND {part}")
    connection.execute(f"CREATE VIEW {name} AS {normal} {source.relation} {good}")
    return unreadable


def _count(
    connection: duckdb.DuckDBPyConnection, name: str, source: _Source, bad: str, tried: Mapping[str, tuple[str, str]]
) -> int:
    """Rows that `bad` holds of; a column of texts of which no value can be read is refused, and so is a file of such
    rows alone.
    """
    counts = "".join(f", count({raw}), count({value})" for raw, value in tried.values())
    sql = f"SELECT count(*), count(*) FILTER (WHERE {bad}){counts} FROM {source.relation}"
    rows, unreadable, *pairs = connection.execute(sql).fetchone() or (0, 0)
    if not rows and name in NEVER_EMPTY:
        raise InputError(f"{source.place} holds no rows; export the view over a window with queries in it")
    for column, given, read in zip(tried, pairs[::2], pairs[1::2], strict=True):
        kind = VIEWS[name].columns[column]
        if given and not read and kind is not Kind.SHARES and source.columns[column].type == "VARCHAR":
            noun = kind.noun
            raise InputError(f"{source.place}: column {column} holds text where a {noun} is needed; export it as one")
    if rows and unreadable == rows and name == "query_history":
        beyond = "each has a value that cannot be read or a figure that no query comes to"
        raise InputError(f"{source.place}: none of its {rows:,} rows can be used, {beyond}; export the view as it is")
    return int(unreadable)


def _impossible(connection: duckdb.DuckDBPyConnection, source: _Source) -> dict[str, str]:
    """The columns that hold a number or a beginning beyond its bounds; the row groups' least and greatest tell where they are
    known."""
    found = {}
    for name, most in MOST.items():
        column = source.columns.get(name)
        if column is None or column.type == "VARCHAR":
            continue
        # Some exports write what is missing as NaN, which a file's least and greatest don't count.
        raw = (
            f"CASE WHEN NOT isnan({column.sql}) THEN {column.sql} END"
            if column.type in ("FLOAT", "DOUBLE")
            else column.sql
        )
        for beyond in (f"{raw} > {most}", f"{raw} < 0"):
            if connection.execute(f"SELECT 1 FROM {source.relation} WHERE {beyond} LIMIT 1").fetchall():
                found[name] = raw
    began = source.columns.get("START_TIME")
    if began is not None and began.type != "VARCHAR":
        for beyond in (f"{began.sql} < {FOUNDED}", f"{began.sql} > {FAR}"):
            if connection.execute(f"SELECT 1 FROM {source.relation} WHERE {beyond} LIMIT 1").fetchall():
                found["START_TIME"] = began.sql
    return found


def _lacks_ids(connection: duckdb.DuckDBPyConnection, source: _Source) -> bool:
    column = source.columns.get("QUERY_ID")
    if column is None:
        return True
    return bool(connection.execute(f"SELECT 1 FROM {source.relation} WHERE {column.sql} IS NULL LIMIT 1").fetchall())


def _block(column: _Column | None, start: str) -> str:
    """The number of the block of hours in which a query started. Only a condition on the file's own column keeps the reader
    from decoding the other columns of the rows that it drops."""
    raw = column.sql if column is not None and column.type.startswith("TIMESTAMP") else start
    return f"epoch_us({raw}) // {BLOCK_MICROSECONDS}"


def _identity(values: Mapping[str, str]) -> str:
    """A query without an id is known by what it was and when: `~` marks such an id."""
    known = ("QUERY_TEXT", "START_TIME", "END_TIME", "EXECUTION_TIME", "TOTAL_ELAPSED_TIME", "PARTITIONS_SCANNED")
    parts = ", ".join(values[name] for name in known)
    return f"COALESCE({values['QUERY_ID']}, '~' || md5(concat_ws('|', {parts})))"


def _value(column: _Column | None, kind: Kind, exact: str | None = None) -> str:
    """The expression that reads a column as its kind; NULL where it holds something else.

    `exact`: the type that holds all exact figures of the view where they are integers, which DuckDB adds up several times faster
    than decimals.
    """
    if kind is Kind.EXACT and exact is not None:
        return f"CAST({'NULL' if column is None else column.sql} AS {exact})"
    if column is None:
        return f"CAST(NULL AS {kind})"
    if kind is Kind.TEXT:
        return f"CAST({column.sql} AS VARCHAR)"
    if kind is Kind.NUMBER:
        return f"CASE WHEN isfinite(TRY_CAST({column.sql} AS DOUBLE)) THEN TRY_CAST({column.sql} AS DOUBLE) END"
    if kind is Kind.TIME:
        return _time(column)
    if kind is Kind.SHARES:
        text = f"CAST({column.sql} AS VARCHAR)"
        return f"CASE WHEN regexp_full_match({text}, {literal(_SHARES)}) THEN TRY_CAST({text} AS JSON) END"
    return f"TRY_CAST({column.sql} AS {kind})"


def _time(column: _Column) -> str:
    """A time in UTC, without a zone."""
    if column.type == "VARCHAR":
        # Snowflake prints a zone as ` -0800` or ` Z`; DuckDB reads `-08:00` and `Z`, without the blank.
        zoned = rf"regexp_replace({column.sql}, ' ?([+-][0-9]{{2}}):?([0-9]{{2}})$', '\1:\2')"
        return f"TRY_CAST(replace({zoned}, ' Z', 'Z') AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    if column.type.endswith("TIME ZONE"):
        # As AT TIME ZONE 'UTC', without the calendar's cost.
        return f"CASE WHEN isfinite({column.sql}) THEN make_timestamp(epoch_us({column.sql})) END"
    return f"TRY_CAST({column.sql} AS TIMESTAMP)"
