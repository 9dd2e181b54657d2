"""A snapshot → the same snapshot to show to strangers: tokens in place of names, texts' values, numbers and users.

Read twice: once for all names and values, since a token is a rank among them, and once to write. Only columns that the
advisor reads are written; one that isn't known to hold SQL, values or words of Snowflake's own is taken for a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from advisor.engine_sql import literal, quoted
from advisor.errors import InputError
from advisor.model import TableName
from advisor.redactor.statement import Found, redacted
from advisor.redactor.tokens import Names, Values, derived_key, keyed
from advisor.snapshot import Snapshot, sample_file, write_manifest
from advisor.snapshot.catalog import pairs_of, shares_of
from advisor.snapshot.views import VIEWS, Kind

NOT_HIDDEN = (
    "times and dates, durations, row and byte counts, partitions, credits and warehouse sizes",
    "differences between numbers: those of up to 10 digits are shifted by one amount, those of 11 to 14 by another, longer ones by a "
    "third, so that one known number, such as an id that begins at 1, tells the others of its length",
    "how numbers of more than nineteen digits begin",
    "the order of names and of texts, which of them are equal, about how long a text is, and what a LIKE asks them to begin with",
    "which share of a column's rows each of its most frequent values holds, and how its numbers are spread",
    "the shape of each statement, Snowflake's own query ids and hashes, names that are words of SQL, and that dbt wrote a statement",
)
"""What a reader of the redacted snapshot still learns."""
NOT_KEPT = (
    "how wide a range or a prefix of text is, how far numbers of so different lengths lie apart, and which number stands for none or "
    "for a time: advice that rests on one may differ"
)

_SQL = frozenset(
    [
        "QUERY_TEXT",
        "ONE_TEXT",
        "OTHER_TEXT",
        "VIEW_DEFINITION",
        "CLUSTERING_KEY",
        "VARIANT_PATH",
        "SEARCH_OPTIMIZATION_SUPPORTED_EXPRESSIONS",
    ]
)
_VALUES = frozenset({"MIN_VALUE", "MAX_VALUE"})
_MESSAGES = frozenset({"ERROR_MESSAGE", "MESSAGE"})
# Words that Snowflake itself chooses.
_OWN = frozenset(
    [
        "QUERY_ID",
        "STATEMENT",
        "PARAMETERIZED_HASH",
        "QUERY_HASH",
        "QUERY_HASH_VERSION",
        "QUERY_PARAMETERIZED_HASH",
        "QUERY_PARAMETERIZED_HASH_VERSION",
        "HOURS",
        "QUERY_TYPE",
        "EXECUTION_STATUS",
        "ERROR_CODE",
        "WAREHOUSE_SIZE",
        "OUTCOME",
        "TABLE_TYPE",
        "TYPE",
        "IS_TRANSIENT",
        "IS_TEMPORARY",
        "IS_ICEBERG",
        "IS_DYNAMIC",
        "IS_HYBRID",
        "AUTO_CLUSTERING_ON",
        "DATA_TYPE",
        "IS_NULLABLE",
        "KIND",
        "VERSION",
        "ACCESS_TYPE",
        "INDEX_TYPE",
        "EVENT_NAME",
        "EVENT_STATE",
        "WAREHOUSE_TYPE",
        "SERVICE_TYPE",
        "INSIGHT_TYPE_ID",
        "INSIGHT_TOPIC",
        "IS_OPPORTUNITY",
        "STATE",
        "REFRESH_ACTION",
        "REFRESH_TRIGGER",
        "REFERENCED_OBJECT_DOMAIN",
        "REFERENCING_OBJECT_DOMAIN",
        "DEPENDENCY_TYPE",
        "POLICY_KIND",
        "POLICY_STATUS",
        "REF_ENTITY_DOMAIN",
    ]
)
_OWN_WORD = re.compile(r"[\w .,:()~/-]{0,80}", re.ASCII)
# Not those that stand in for a missing one: a digest of text and times, from which a guess at the text could be confirmed.
_OWN_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
_PAIRS = {"FREQUENT_VALUES": "hide_shares", "QUANTILES": "hide_pairs"}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_SCALE = 18  # digits after the point that leave a DECIMAL room for the largest shift
_PLAIN = ("BOOLEAN", "DATE", "TIMESTAMP", "TIME")


@dataclass(frozen=True)
class Renaming:
    """What was put in place of what; never written anywhere."""

    names: Names
    values: Values


@dataclass(frozen=True)
class _Sample:
    path: Path
    table: TableName
    columns: tuple[tuple[str, str], ...]
    """Name and DuckDB type."""


def redact(snapshot: Snapshot, out: Path, key: str | None = None) -> Renaming:
    """Writes the redacted snapshot into `out`, whole or not at all. Without a key one is derived from the snapshot.

    The same snapshot and key give the same tokens. Raises InputError where `out` holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"cannot write the redacted snapshot to {out}: something is there; name another --out")
    samples = tuple(_samples(snapshot))
    found = _collected(snapshot, samples)
    secret = key.encode() if key is not None else derived_key((*sorted(found.names), *sorted(found.texts)))
    renaming = Renaming(Names(found.names), Values(found.texts, found.prefixes, secret))
    _register(snapshot, renaming, secret)
    snapshot.connection.execute("SET preserve_insertion_order = true")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as workshop:
        new = Path(workshop, "new")
        (new / "samples").mkdir(parents=True)
        for view in sorted(snapshot.present):
            _write_view(snapshot, view, new / f"{view}.parquet")
        for sample in samples:
            _write_sample(snapshot, sample, renaming, new / "samples")
        if not samples:
            (new / "samples").rmdir()
        notes = ["Redacted: names and values are tokens that keep order, equality and about their length."]
        write_manifest(new, snapshot.manifest.source, notes, None, snapshot.manifest.taken_at)
        if out.exists():
            out.rmdir()
        new.rename(out)
    return renaming


# ---------------------------------------------------------------- all names and values


def _collected(snapshot: Snapshot, samples: tuple[_Sample, ...]) -> Found:
    found = Found()
    for view in sorted(snapshot.present):
        for column, kind in VIEWS[view].columns.items():
            if kind is Kind.TEXT and column not in _OWN | _MESSAGES:
                for text in _distinct(snapshot, f"SELECT DISTINCT {column} FROM {view} WHERE {column} IS NOT NULL"):
                    _note(found, column, text)
            if kind is Kind.SHARES:
                texts = f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {view} WHERE {column} IS NOT NULL"
                for text in _distinct(snapshot, texts):
                    for value, _ in pairs_of(text):
                        found.value(value)
    for sample in samples:
        found.names |= {sample.table.database, sample.table.schema, sample.table.name}
        for name, held in sample.columns:
            found.names.add(name)
            if _is_text(held):
                values = f"SELECT DISTINCT CAST({quoted(name)} AS VARCHAR) AS V FROM {_rows(sample)}"
                for text in _distinct(snapshot, f"SELECT V FROM ({values}) WHERE V IS NOT NULL"):
                    found.value(text)
    return found


def _note(found: Found, column: str, text: str) -> None:
    if column in _SQL:
        found.statement(text)
    elif column in _VALUES:
        found.value(text)
    else:
        found.names.add(text)


def _distinct(snapshot: Snapshot, sql: str) -> Iterator[str]:
    rows = snapshot.connection.cursor().execute(sql)
    while some := rows.fetchmany(1000):
        yield from (row[0] for row in some)


# ---------------------------------------------------------------- writing


def _register(snapshot: Snapshot, renaming: Renaming, secret: bytes) -> None:
    functions = {
        "hide_name": renaming.names.token,
        "hide_sql": lambda text: _of_its_length(redacted(text, renaming.names, renaming.values), text),
        "hide_value": renaming.values.value,
        "hide_shares": lambda text: hidden_shares(text, renaming.values.value),
        "hide_pairs": lambda text: _hidden_pairs(pairs_of(text), renaming.values.value),
        "hide_message": lambda text: "cancelled" if "cancel" in text.lower() else "hidden",
        "own_word": lambda text: text if _OWN_WORD.fullmatch(text) else "hidden",
        "keyed": lambda text: keyed(text, secret),
        "own_id": lambda text: (
            text if _OWN_ID.fullmatch(text) else ("~" if text.startswith("~") else "") + keyed(text, secret)
        ),
    }
    for name, function in functions.items():
        snapshot.connection.create_function(name, function, ["VARCHAR"], "VARCHAR")


LONG = 50_000  # a text this long may have been cut off, or be too long to be read: its length tells


def _of_its_length(text: str, original: str) -> str:
    return text if len(original) < LONG else text[: len(original)].ljust(len(original), "x")


def _function(column: str) -> str:
    if column == "QUERY_ID":
        return "own_id"
    if column == "QUESTION":
        return "keyed"  # where the account has no hash of its texts, a digest of the text and all its literals
    if column in _PAIRS:
        return _PAIRS[column]
    if column in _OWN:
        return "own_word"
    if column in _SQL:
        return "hide_sql"
    return "hide_value" if column in _VALUES else "hide_message" if column in _MESSAGES else "hide_name"


def hidden_shares(text: str, hidden: Callable[[str], str]) -> str:
    """FREQUENT_VALUES with tokens for its values; those that are of more than all rows tell nothing, and stay so."""
    found = shares_of(text)
    return "[]" if found is None else _hidden_pairs(found, hidden)


def _hidden_pairs(found: Iterable[tuple[str, float]], hidden: Callable[[str], str]) -> str:
    return json.dumps([[hidden(value), share] for value, share in found])


def _write_view(snapshot: Snapshot, view: str, path: Path) -> None:
    columns = ", ".join(
        f"{_function(column)}(CAST({column} AS VARCHAR)) AS {column}" if kind in (Kind.TEXT, Kind.SHARES) else column
        for column, kind in VIEWS[view].columns.items()
    )
    snapshot.rows(view, f"COPY (SELECT {columns} FROM {view}) TO {literal(str(path))} (FORMAT parquet)")


def _samples(snapshot: Snapshot) -> Iterator[_Sample]:
    folder = snapshot.folder / "samples"
    for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else ():
        parts = tuple(map(unquote, path.stem.split(".")))
        if len(parts) == 3:
            described = snapshot.connection.execute(
                f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})"
            ).fetchall()
            yield _Sample(path, TableName(*parts), tuple((str(row[0]), str(row[1]).upper()) for row in described))


def _write_sample(snapshot: Snapshot, sample: _Sample, renaming: Renaming, folder: Path) -> None:
    names, shifts = renaming.names, renaming.values.shifts
    columns = ", ".join(
        f"{_shown(quoted(name), kind, shifts)} AS {quoted(names.token(name))}" for name, kind in sample.columns
    )
    table = TableName(*(names.token(part) for part in (sample.table.database, sample.table.schema, sample.table.name)))
    path = literal(str(folder / sample_file(table)))
    snapshot.connection.execute(f"COPY (SELECT {columns} FROM {_rows(sample)}) TO {path} (FORMAT parquet)")


def _shown(column: str, kind: str, shifts: Mapping[int, int]) -> str:
    if kind.startswith(_PLAIN):
        return column
    if _is_text(kind):
        return f"hide_value(CAST({column} AS VARCHAR))"
    scale = int(kind.rstrip(")").rpartition(",")[2]) if kind.startswith("DECIMAL") else 0
    exact = kind in _NUMBERS or (kind.startswith("DECIMAL") and scale <= _SCALE)
    value = f"CAST({column} AS {f'DECIMAL(38, {scale})' if exact else 'DOUBLE'})"
    low = [f"WHEN {value} <= -{least} THEN {value} - {shift}" for least, shift in sorted(shifts.items())[:0:-1]]
    high = [f"WHEN {value} >= {least} THEN {value} + {shift}" for least, shift in sorted(shifts.items())[:0:-1]]
    return f"CASE {' '.join((*low, *high))} ELSE {value} + {shifts[0]} END"


def _is_text(kind: str) -> bool:
    return not kind.startswith(
        (*_PLAIN, *_NUMBERS, "DECIMAL", "FLOAT", "DOUBLE", "HUGEINT", "UBIGINT", "UHUGEINT")
    ) or kind.endswith("]")


def _rows(sample: _Sample) -> str:
    return f"read_parquet({literal(str(sample.path))})"
