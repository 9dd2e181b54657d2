"""What a snapshot says of the account's tables: the catalog, and each table's own histories."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.model import Catalog, Churn, Column, ColumnStatistics, Table, TableHistory, TableName, TableScans
from advisor.snapshot import covered
from advisor.snapshot.folder import Snapshot

ROUNDED = 1e-3
"""Shares add up to no more than all rows but by so much."""
_TOKEN = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|[(\[]|[)\]]|,""", re.DOTALL)

_TABLES = """
SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, upper(coalesce(TABLE_TYPE, 'BASE TABLE')),
       CASE WHEN ROW_COUNT >= 0 THEN ROW_COUNT END, CASE WHEN BYTES >= 0 THEN BYTES END,
       coalesce(CLUSTERING_KEY, ''), upper(AUTO_CLUSTERING_ON), CREATED, TABLE_ID, RETENTION_TIME,
       upper(IS_TRANSIENT), upper(IS_TEMPORARY), upper(IS_ICEBERG), upper(IS_DYNAMIC), upper(IS_HYBRID)
FROM tables
WHERE DELETED IS NULL AND TABLE_CATALOG IS NOT NULL AND TABLE_SCHEMA IS NOT NULL AND TABLE_NAME IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME
    ORDER BY CREATED DESC NULLS LAST, TABLE_ID DESC NULLS LAST, ROW_COUNT DESC NULLS LAST, BYTES DESC NULLS LAST,
             CLUSTERING_KEY NULLS LAST
) = 1
ORDER BY 1, 2, 3
"""

# A recreated table leaves its predecessor's columns behind: they carry the old table's id.
_COLUMNS = """
SELECT c.TABLE_CATALOG, c.TABLE_SCHEMA, c.TABLE_NAME, c.TABLE_ID, c.COLUMN_NAME, upper(coalesce(c.DATA_TYPE, 'UNKNOWN')),
       coalesce(c.ORDINAL_POSITION, 0), upper(trim(c.IS_NULLABLE)) IN ('NO', 'N', 'FALSE', '0'),
       coalesce(upper(trim(c.KIND)) = 'VIRTUAL_COLUMN', FALSE),
       s.COLUMN_NAME IS NOT NULL, s.APPROX_DISTINCT, s.MIN_VALUE, s.MAX_VALUE,
       s.NULL_SHARE, s.AVG_LENGTH, s.SAMPLED_ROWS, s.FREQUENT_VALUES, s.QUANTILES
FROM columns AS c
LEFT JOIN column_statistics AS s USING (TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME)
WHERE c.DELETED IS NULL AND c.COLUMN_NAME IS NOT NULL
ORDER BY c.TABLE_CATALOG, c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION, c.COLUMN_NAME, c.DATA_TYPE,
         s.SAMPLED_ROWS DESC, s.APPROX_DISTINCT DESC, s.MIN_VALUE, s.MAX_VALUE, s.FREQUENT_VALUES, s.QUANTILES
"""

# What stands there belongs to whoever shares or publishes it.
_FOREIGN = """
SELECT DATABASE_NAME, CASE upper(TYPE) WHEN 'APPLICATION' THEN 'application' ELSE 'imported' END FROM databases
WHERE DELETED IS NULL AND DATABASE_NAME IS NOT NULL AND upper(TYPE) IN ('IMPORTED DATABASE', 'APPLICATION')
"""

_POLICIES = """
SELECT REF_DATABASE_NAME, REF_SCHEMA_NAME, REF_ENTITY_NAME, upper(POLICY_KIND), REF_COLUMN_NAME FROM policy_references
WHERE REF_ENTITY_NAME IS NOT NULL
"""

_VIEWS = """
SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION
FROM views
WHERE DELETED IS NULL AND VIEW_DEFINITION IS NOT NULL
  AND TABLE_CATALOG IS NOT NULL AND TABLE_SCHEMA IS NOT NULL AND TABLE_NAME IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME ORDER BY CREATED DESC NULLS LAST, VIEW_DEFINITION
) = 1
ORDER BY 1, 2, 3
"""

# The histories' hours start on the hour: the window's first hour began before its first query.
_DURING = "({time} IS NULL OR {time} BETWEEN date_trunc('hour', CAST($start AS TIMESTAMP)) AND $end)"

_CHURN = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME,
       coalesce(sum(ROWS_ADDED), 0), coalesce(sum(ROWS_REMOVED), 0), coalesce(sum(ROWS_UPDATED), 0),
       count(coalesce(ROWS_ADDED, ROWS_REMOVED, ROWS_UPDATED)) > 0
FROM table_dml_history WHERE {during} GROUP BY ALL
"""

_SCANS = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, QUERY_PARAMETERIZED_HASH, coalesce(sum(NUM_QUERIES), 0),
       coalesce(sum(PARTITIONS_SCANNED), 0), coalesce(sum(PARTITIONS_PRUNED), 0), sum(ROWS_SCANNED), sum(ROWS_MATCHED)
FROM table_query_pruning_history WHERE QUERY_PARAMETERIZED_HASH IS NOT NULL AND {during}
GROUP BY ALL ORDER BY ALL
"""

_BILLS = """
SELECT DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, sum(CAST(CREDITS_USED AS DECIMAL(30, 12))),
       sum(NUM_BYTES_RECLUSTERED), max_by(upper(VERSION), (START_TIME, upper(VERSION)))
FROM automatic_clustering_history WHERE {during} GROUP BY ALL
"""


def catalog(snapshot: Snapshot) -> Catalog:
    """The tables and views that stand at the end of the window; of several with one name, the newest."""
    found = snapshot.rows("tables", _TABLES)
    columns = _columns(snapshot, {TableName(*row[:3]): row[9] for row in found})
    policies, foreign = _policies(snapshot), dict(snapshot.rows("databases", _FOREIGN))
    tables = {
        name: _table(row, columns.get(name, ()), policies.get(name, ()), foreign.get(name.database))
        for row in found
        for name in [TableName(*row[:3])]
    }
    views = {TableName(*row[:3]): row[3] for row in snapshot.rows("views", _VIEWS)}
    return Catalog(tables, views, "policy_references" in snapshot.present)


def histories(snapshot: Snapshot, window_days: float) -> Mapping[TableName, TableHistory]:
    """One entry for each table of the catalog, over the window of the query history; writes a day over the part of it that their
    record covers.

    Where `table_dml_history` says something of other tables, a table that it doesn't name was not written. Without the view, or
    where it holds no hour of the window or no figure of a table, churn is None.
    """
    churn = _churn(snapshot, window_days * covered.share(snapshot, "table_dml_history"))
    bills, whole = _bills(snapshot), covered.share(snapshot, "automatic_clustering_history") == 1
    scans = _scans(snapshot)
    still = Churn(0.0, 0.0, 0.0) if churn else None
    names = [TableName(*row[:3]) for row in snapshot.rows("tables", _TABLES)]

    def of(name: TableName) -> TableHistory:
        credits, size, engine = bills.get(name, (None, None, None))
        return TableHistory(churn.get(name, still), scans.get(name, ()), credits, size, engine, whole)

    return {name: of(name) for name in names}


def key_expressions(text: str) -> tuple[str, ...]:
    """The expressions of TABLES.CLUSTERING_KEY: `LINEAR(a, TO_DATE(b))`, `(a, b)`, or nothing."""
    inside = re.sub(r"^\s*LINEAR\s*(?=\()", "", text, flags=re.IGNORECASE).strip()
    if _wrapped(inside):
        inside = inside[1:-1]
    return tuple(part.strip() for part in _split(inside) if part.strip())


def _wrapped(text: str) -> bool:
    """Whether the first bracket closes at the very end: `(a, b)`, not `(a), (b)`."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "([") - (token[0] in ")]")
        if depth == 0:
            return text.startswith("(") and token.end() == len(text)
    return False


def _split(text: str) -> list[str]:
    """The text cut at the commas that stand outside of brackets and quotes."""
    depth, start, parts = 0, 0, []
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "([") - (token[0] in ")]")
        if token[0] == "," and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]]


def _policies(snapshot: Snapshot) -> Mapping[TableName, list[tuple[str, str | None]]]:
    """Of each table: the kind of each policy on it, and the column where it is on one."""
    found: defaultdict[TableName, list[tuple[str, str | None]]] = defaultdict(list)
    for database, schema, table, kind, column in snapshot.rows("policy_references", _POLICIES):
        found[TableName(database, schema, table)].append((kind or "", column))
    return found


def _table(
    row: Sequence[Any], columns: tuple[Column, ...], policies: Sequence[tuple[str, str | None]], foreign: str | None
) -> Table:
    database, schema, name, kind, rows, size, key, automatic, created, table_id, retention, *flags = row
    named = zip(("transient", "temporary", "iceberg", "dynamic", "hybrid"), flags, strict=True)
    traits = {trait for trait, flag in named if flag in ("YES", "TRUE", "ON", "1", "Y", "T")}
    traits |= {trait for trait in ("temporary", "external", "event") if kind.startswith(trait.upper())}
    traits |= {foreign} if foreign is not None else set()
    return Table(
        name=TableName(database, schema, name),
        kind=kind,
        rows=rows,
        bytes=size,
        columns=columns,
        clustering_key=key_expressions(key),
        auto_clustering=None if automatic is None else automatic in ("ON", "YES", "TRUE", "1", "Y", "T"),
        created=created,
        traits=frozenset(traits),
        row_policy=any(kind.startswith("ROW_ACCESS") for kind, _ in policies),
        retention_days=None if retention is None else int(retention),
        id=table_id,
        masked=frozenset(column for kind, column in policies if kind.startswith("MASKING") and column),
    )


def _columns(snapshot: Snapshot, table_ids: Mapping[TableName, int | None]) -> Mapping[TableName, tuple[Column, ...]]:
    found: defaultdict[TableName, dict[str, Column]] = defaultdict(dict)
    for row in snapshot.rows("columns", _COLUMNS):
        name, table_id = TableName(*row[:3]), row[3]
        if name not in table_ids or (None not in (table_id, table_ids[name]) and table_id != table_ids[name]):
            continue
        column, kind, position, filled, virtual, known, *plain, frequent, quantiles = row[4:]
        told = ColumnStatistics(*plain) if known else None
        if told is not None and frequent is not None:
            told = replace(told, frequent=shares_of(frequent))
        if told is not None and quantiles is not None:
            told = replace(told, quantiles=pairs_of(quantiles))
        found[name].setdefault(column, Column(column, kind, position, told, nullable=not filled, virtual=virtual))
    return {name: tuple(columns.values()) for name, columns in found.items()}


def shares_of(text: str) -> tuple[tuple[str, float], ...] | None:
    """Values with their shares of the rows, from FREQUENT_VALUES as it was checked; None if they are of more than all rows."""
    found = pairs_of(text)
    return None if sum(share for _, share in found) > 1 + ROUNDED else found


def pairs_of(text: str) -> tuple[tuple[str, float], ...]:
    """Values with the shares that stand beside them, from JSON as it was checked."""
    return tuple((_as_text(value), float(share)) for value, share in json.loads(text, parse_int=str, parse_float=str))


def _as_text(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def during(snapshot: Snapshot, view: str, sql: str, time: str) -> list[tuple[Any, ...]]:
    """The rows of a history within the window: `{during}` in the statement stands for that, by its column `time`."""
    window = {"start": snapshot.window_start, "end": snapshot.window_end}
    return snapshot.rows(view, sql.format(during=_DURING.format(time=time)), window)


def _churn(snapshot: Snapshot, days: float) -> dict[TableName, Churn | None]:
    rows = during(snapshot, "table_dml_history", _CHURN, "START_TIME")
    return {
        TableName(*name): Churn(*(float(figure) / days for figure in figures)) if told else None
        for *name, added, removed, updated, told in rows
        for figures in [(added, removed, updated)]
    }


def _scans(snapshot: Snapshot) -> dict[TableName, tuple[TableScans, ...]]:
    found: defaultdict[TableName, list[TableScans]] = defaultdict(list)
    for row in during(snapshot, "table_query_pruning_history", _SCANS, "INTERVAL_START_TIME"):
        found[TableName(*row[:3])].append(TableScans(*row[3:]))
    return {name: tuple(scans) for name, scans in found.items()}


def _bills(snapshot: Snapshot) -> dict[TableName, tuple[float, float | None, str | None]]:
    """Credits of automatic clustering, bytes that it rewrote, and its engine."""
    rows = during(snapshot, "automatic_clustering_history", _BILLS, "START_TIME")
    return {
        TableName(*row[:3]): (float(row[3]), None if row[4] is None else float(row[4]), row[5])
        for row in rows
        if row[3] is not None
    }
