"""A unit's executions in one pass: counted by all that tells them apart, from which the rest is derived.

A day's executions are a dozen of each statement, warehouse and outcome. To name a statement and to judge an outcome costs
several times what adding up does, so that is done once for all executions of a kind.
"""

from __future__ import annotations

from advisor.snapshot.kinds import Kind
from advisor.snapshot.views import VIEWS
from advisor.workload.texts import columns_of_executions, figures_of_templates

FIGURES = {name: kind for name, kind in VIEWS["query_templates"].columns.items() if kind is not Kind.TEXT}
TYPE = "STATEMENT, DATABASE_NAME, SCHEMA_NAME, QUERY_TYPE, OUTCOME"
_TOLD = (
    "STATEMENT",
    "PARAMETERIZED_HASH",
    "DATABASE_NAME",
    "SCHEMA_NAME",
    "QUERY_TYPE",
    "OUTCOME",
    "WAREHOUSE_NAME",
    "WAREHOUSE_SIZE",
)

UNREAD = "'unread' AS QUERY_TEXT"
"""The text of what has a hash, which is told apart without it."""

# Those that are left out by their outcome are counted for no statement.
STATEMENTS = """
SELECT * REPLACE (CASE WHEN OUTCOME IN ('executed', 'no warehouse') THEN STATEMENT END AS STATEMENT) FROM unit_told
"""
# Only what ran on no warehouse was answered from the result cache, so only that is told apart.
DAYS = """
SELECT CAST(FIRST_SEEN AS DATE) AS DAY, OUTCOME = 'no warehouse' AS FREE,
    CASE WHEN FREE THEN STATEMENT END AS STATEMENT, CASE WHEN FREE THEN DATABASE_NAME END AS DATABASE_NAME,
    CASE WHEN FREE THEN SCHEMA_NAME END AS SCHEMA_NAME, CAST(sum(EXECUTIONS) AS BIGINT) AS N
FROM unit_told WHERE QUERY_TYPE = 'SELECT' AND OUTCOME IN ('executed', 'no warehouse') GROUP BY ALL
"""
# As `sql/warehouse_loads.sql` has them of single executions.
LOADS = """
SELECT WAREHOUSE_NAME, WAREHOUSE_SIZE, CAST(sum(EXECUTIONS) AS BIGINT) AS EXECUTIONS, sum(told.EXECUTION_MS) AS EXECUTION_MS,
    sum(told.BYTES_SPILLED_TO_REMOTE_STORAGE) AS BYTES_SPILLED_TO_REMOTE_STORAGE,
    sum(told.QUEUED_OVERLOAD_TIME) AS QUEUED_OVERLOAD_TIME,
    CAST(coalesce(sum(EXECUTIONS) FILTER (OUTCOME = 'timed out'), 0) AS BIGINT) AS TIMED_OUT,
    coalesce(sum(told.EXECUTION_MS) FILTER (OUTCOME = 'timed out'), 0) AS TIMED_OUT_MS
FROM unit_told AS told WHERE WAREHOUSE_NAME IS NOT NULL AND WAREHOUSE_SIZE IS NOT NULL GROUP BY WAREHOUSE_NAME, WAREHOUSE_SIZE
"""


def added_up(rows: str) -> str:
    """The SQL that makes one of all rows of a statement, session context, query type, outcome and warehouse size."""
    figures = ", ".join(_added_up(name, kind) for name, kind in FIGURES.items())
    return f"""
        SELECT min(PARAMETERIZED_HASH) AS PARAMETERIZED_HASH, {TYPE}, WAREHOUSE_SIZE, {figures}
        FROM {rows} GROUP BY {TYPE}, WAREHOUSE_SIZE
    """


def _added_up(name: str, kind: Kind) -> str:
    if kind is Kind.TIME:
        return f"{'min' if name == 'FIRST_SEEN' else 'max'}({name}) AS {name}"
    if kind is Kind.WHOLE:
        return f"CAST(sum({name}) AS BIGINT) AS {name}"
    return f"sum({name}) AS {name}"


def told(rows: str, raw: bool, since: str) -> str:
    """The SQL that counts these executions by all that tells them apart, with all their times.

    `raw`: they are rows of the history with EXECUTION_MS, none repeated, their texts unread; else rows of `sql/executions.sql`.
    """
    texts, tested = _told_by(raw)
    # Of a number no more is asked than whether it is there, and whether it is nothing.
    tests = "".join(f", {name} = 0 AS NO_{name}" for name in tested)
    tried = "".join(f", CASE WHEN NO_{name} THEN 0 WHEN NOT NO_{name} THEN 1 END AS {name}" for name in tested)
    flags = "".join(f", NO_{name}" for name in tested)
    named, summed = ", ".join(texts), ", ".join(f"{name} AS SUM_{name}" for name in FIGURES)
    made = columns_of_executions(_TOLD)[0] if raw else ", ".join(_TOLD)
    return f"""
        SELECT {made}, {", ".join(f"SUM_{name} AS {name}" for name in FIGURES)}, TIMES
        FROM (
            SELECT FIRST_SEEN AS START_TIME, {named}{tried}, {UNREAD}, {summed}, TIMES
            FROM (
                SELECT {named}{flags}, {figures_of_templates(tuple(FIGURES))}, list(CAST(EXECUTION_MS AS DOUBLE)) AS TIMES
                FROM (SELECT *{tests}, CAST(START_TIME AS DATE) AS DAY, START_TIME >= {since} AS RECENT FROM ({rows}))
                GROUP BY {named}{flags}, DAY, RECENT
            )
        )
    """


def _told_by(raw: bool) -> tuple[list[str], list[str]]:
    """The columns that say what an execution was, beside its START_TIME: the texts, and the numbers."""
    if not raw:
        return list(_TOLD), []
    kinds = VIEWS["query_history"].columns
    used = sorted(columns_of_executions(_TOLD)[1] - {"START_TIME"})
    texts = [name for name in used if kinds[name] is Kind.TEXT and name != "QUERY_TEXT"]
    return texts, [n for n in used if kinds[n] is not Kind.TEXT]
