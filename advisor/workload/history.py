"""A raw history → statements and their samples, by the texts of `sql/`.

Every statement of SQL here reads the columns it needs from the files again: that is cheaper than a copy of them. Only where
a statement's key has to be made from its text is there a copy.

A text costs more to read than all other columns together, so samples come from parts of the window, the same for all
statements, and of a statement from no more of them than it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sqlglot
from sqlglot import exp

from advisor import resources
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.manifest import literal
from advisor.snapshot.normal import BLOCK_MICROSECONDS

VIEW = "query_history"
EXECUTIONS_A_PART = 750_000
SHARES = 9
MOST_PARTS = 13
"""More would leave too few hours of the window in a part."""
TEXTS_A_SAMPLE_READ = 4
"""Hashes split a template into several statements, so more texts are fetched than will be read."""

# What has a hash is told apart without its text.
_HASHED = "SELECT * REPLACE ('unread' AS QUERY_TEXT) FROM {rows}"
# Such a condition is tried on the least and the greatest value of a row group, without reading it.
_ALL_KINDS = f"""
{_HASHED} WHERE QUERY_PARAMETERIZED_HASH >= '!'
UNION ALL SELECT * FROM {{rows}} WHERE QUERY_PARAMETERIZED_HASH < '!'
UNION ALL SELECT * FROM {{rows}} WHERE QUERY_PARAMETERIZED_HASH IS NULL
"""
_PADDED = "CASE WHEN {0} LIKE ' %' OR {0} LIKE '% ' THEN TRIM({0}) ELSE {0} END"
_UNHASHED = "SELECT 1 FROM query_history WHERE QUERY_PARAMETERIZED_HASH {blank} LIMIT 1"

# Statements that take long are read with all their samples, the others for one.
_SOUGHT = """
CREATE OR REPLACE TEMP TABLE sought AS
WITH totals AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, sum(EXECUTIONS) AS EXECUTIONS, sum(EXECUTION_MS) AS MS
    FROM statements WHERE OUTCOME IN ('executed', 'no warehouse') GROUP BY ALL
)
SELECT * EXCLUDE (MS),
    CASE WHEN sum(least(EXECUTIONS, $samples)) OVER (
        ORDER BY MS DESC, STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME ROWS UNBOUNDED PRECEDING
    ) <= $texts THEN CAST($samples AS BIGINT) ELSE 1 END AS SAMPLES
FROM totals
"""
_SAME = """
    {one}.STATEMENT = {other}.STATEMENT AND {one}.OUTCOME = {other}.OUTCOME
    AND {one}.DATABASE_NAME IS NOT DISTINCT FROM {other}.DATABASE_NAME
    AND {one}.SCHEMA_NAME IS NOT DISTINCT FROM {other}.SCHEMA_NAME
"""
_PART = f"""
CREATE OR REPLACE TEMP TABLE part AS
SELECT recorded.*, sought.SAMPLES FROM ({{recorded}}) AS recorded
JOIN sought ON {_SAME.format(one="recorded", other="sought")}
"""
# Enough is half of what would be found if the statement's executions were spread evenly.
_REST = f"""
DELETE FROM sought USING (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, count(*) AS FOUND FROM samples GROUP BY ALL
) AS held
WHERE {_SAME.format(one="sought", other="held")} AND FOUND >= least(SAMPLES, EXECUTIONS // (2 * $parts))
"""
# A sample stands for its share of all the statement's executions, not only of those in the parts, or on the days, that were
# looked at.
WEIGHED = f"""
CREATE OR REPLACE TEMP TABLE samples AS
WITH held AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, sum(WEIGHT) AS HELD FROM samples GROUP BY ALL
),
totals AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, sum(EXECUTIONS) AS EXECUTIONS FROM statements GROUP BY ALL
)
SELECT samples.* REPLACE (greatest(1, samples.WEIGHT * totals.EXECUTIONS // held.HELD) AS WEIGHT)
FROM samples JOIN held ON {_SAME.format(one="samples", other="held")}
JOIN totals ON {_SAME.format(one="samples", other="totals")}
"""
TABLES = ("statements", "samples", "repeated", "sought", "part")
TEMPORARY_VIEWS = ("executions", "history", "written", "unread")


def aggregate(snapshot: Snapshot, settings: Settings, tell: Callable[[int, int], None]) -> None:
    """Makes the tables `statements` and `samples`, as an account would have given them, and the view `executions`.

    `tell` hears of roughly equal shares of the time that compressing takes.
    """
    run = partial(snapshot.rows, VIEW)
    hashed = not any(run(_UNHASHED.format(blank=blank)) for blank in ("IS NULL", "< '!'"))
    run(f"CREATE OR REPLACE TEMP VIEW history AS {(_HASHED if hashed else _ALL_KINDS).format(rows=VIEW)}")
    run(f"CREATE OR REPLACE TEMP TABLE repeated AS {_repeated('history')}")
    unique = not run("SELECT 1 FROM repeated LIMIT 1")
    tell(1, SHARES)
    executions = _executions("history", unique)
    if not hashed:
        path = literal(str(snapshot.scratch / "executions.parquet"))
        run(f"COPY ({executions}) TO {path} (FORMAT parquet)")
        executions = f"FROM read_parquet({path})"
    run(f"CREATE OR REPLACE TEMP VIEW executions AS {executions}")
    run(f"CREATE OR REPLACE TEMP TABLE statements AS {duckdb_sql('query_templates')}")
    tell(3, SHARES)
    _sample(snapshot, settings, hashed, unique)
    tell(5, SHARES)


def _sample(snapshot: Snapshot, settings: Settings, hashed: bool, unique: bool) -> None:
    run = partial(snapshot.rows, VIEW)
    texts = TEXTS_A_SAMPLE_READ * settings.samples_read
    run(_SOUGHT, {"samples": settings.samples_per_template, "texts": texts})
    executions = int(run("SELECT coalesce(sum(EXECUTIONS), 0) FROM statements")[0][0])
    parts = max(1, min(MOST_PARTS, -(-executions // EXECUTIONS_A_PART)))
    samples = duckdb_sql("query_samples", history="written", executions="part").replace("$samples", "SAMPLES")
    for part in range(parts):
        rows = f"query_history_part({parts}, {part})" if parts > 1 else VIEW
        run(f"CREATE OR REPLACE TEMP VIEW written AS FROM {rows}")
        run(f"CREATE OR REPLACE TEMP VIEW unread AS {_HASHED.format(rows=rows)}")
        run(_PART.format(recorded=_recorded(parts, part, hashed, unique)))
        run(f"{'INSERT INTO samples' if part else 'CREATE OR REPLACE TEMP TABLE samples AS'} {samples}")
        run(_REST, {"parts": parts})
        if not run("SELECT 1 FROM sought LIMIT 1"):
            break
    run(WEIGHED)


def _recorded(parts: int, part: int, hashed: bool, unique: bool) -> str:
    """The executions in that part of the window."""
    if parts == 1:
        return "FROM executions"
    if not hashed:
        return f"FROM executions WHERE epoch_us(START_TIME) // {BLOCK_MICROSECONDS} % {parts} = {part}"
    return _executions("unread", unique)


def _repeated(history: str) -> str:
    ids: exp.Expr = _tree("executions", history, "executions").ctes[0].this
    return _duckdb(ids)


def _executions(history: str, unique: bool) -> str:
    """`sql/executions.sql` over other rows, where the repeated ids of the whole history are known. Where there are none, the
    ids need not be read again."""
    tree = _tree("executions", history, "executions")
    repeated, latest = tree.ctes
    repeated.set("this", sqlglot.parse_one("SELECT * FROM temp.repeated", read="duckdb"))
    if unique:
        latest.set("this", sqlglot.parse_one(f"SELECT * FROM {history}", read="duckdb"))
    return _duckdb(tree)


def duckdb_sql(name: str, history: str = VIEW, executions: str = "executions") -> str:
    """The text of `sql/<name>.sql` in DuckDB's dialect, over these two tables of a snapshot."""
    return _duckdb(_tree(name, history, executions))


def _duckdb(tree: exp.Expr) -> str:
    # What a value begins and ends with is seen at once; DuckDB's TRIM reads all of it.
    for trim in list(tree.find_all(exp.Trim)):
        value = trim.this.sql(dialect="duckdb")
        trim.replace(sqlglot.parse_one(_PADDED.format(value), read="duckdb"))
    return tree.sql(dialect="duckdb", comments=False)


def _tree(name: str, history: str, executions: str) -> exp.Query:
    tree = sqlglot.parse_one(resources.sql(name), read="snowflake")
    if not isinstance(tree, exp.Query):
        raise TypeError(f"sql/{name}.sql is no query")
    for table in list(tree.find_all(exp.Table)):
        if table.catalog:
            table.replace(exp.to_table(history))
        elif table.name == "EXECUTIONS":
            table.replace(exp.to_table(executions))
    return tree
