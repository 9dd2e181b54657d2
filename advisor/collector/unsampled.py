"""Statements that were sampled on none of the days: one execution of each is asked for, so that every statement has a text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from advisor.collector.extracts import SAMPLES, TEMPLATES, Extract, Sampling, Window, day, representatives
from advisor.collector.run import Run
from advisor.collector.views import ACCOUNT_VIEWS
from advisor.errors import SourceError
from advisor.snapshot.folder import engine
from advisor.snapshot.manifest import first_line

NAMED = 2000
"""Statements that are named in one text."""
NEVER = "9999-12-31"

# The newest day, for it stays in the window longest; but one that is still to change would be asked again.
_LACKING = """
WITH ran AS (
    SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, parse_filename(filename, true) AS DAY
    FROM read_parquet($templates, filename = true) WHERE STATEMENT IS NOT NULL
),
sampled AS (SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME FROM read_parquet($samples)),
lacking AS (
    SELECT STATEMENT, first(DAY ORDER BY DAY >= $unsettled, DAY DESC) AS DAY FROM ran
    WHERE NOT EXISTS (
        FROM sampled WHERE sampled.STATEMENT = ran.STATEMENT AND sampled.OUTCOME = ran.OUTCOME
            AND sampled.DATABASE_NAME IS NOT DISTINCT FROM ran.DATABASE_NAME
            AND sampled.SCHEMA_NAME IS NOT DISTINCT FROM ran.SCHEMA_NAME
    )
    GROUP BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME
)
SELECT DAY, list_sort(list(DISTINCT STATEMENT)) FROM lacking GROUP BY DAY ORDER BY DAY DESC
"""


def unsampled(run: Run, held: frozenset[str], window: Window, few: Sampling) -> list[Extract]:
    """What to ask for, once the days' templates and samples are there. An earlier run's answers are taken over with the
    samples of their day."""
    days = {day(part): part for part in window.slices(1)}
    for name in days:
        if f"{SAMPLES}/{name}.parquet" in run.kept:
            run.carry(f"{SAMPLES}/{name}-*.parquet")
    latency = ACCOUNT_VIEWS["query_history"].latency
    unsettled = min((name for name, part in days.items() if part.until + latency > run.now), default=NEVER)
    return [
        representatives(held, days[name], few, named)
        for name, statements in _lacking(run, unsettled)
        for named in _chunks(statements)
    ]


def _lacking(run: Run, unsettled: str) -> list[tuple[str, list[str]]]:
    """By day, the newest first: the statements to be asked for on it."""
    parts = {
        name: [str(run.workshop.new / file) for file in run.files if file.startswith(f"{view}/")]
        for name, view in (("templates", TEMPLATES), ("samples", SAMPLES))
    }
    with tempfile.TemporaryDirectory(prefix="advisor-") as scratch:
        try:
            with engine(Path(scratch), run.connector.settings) as connection:
                return connection.execute(_LACKING, {**parts, "unsettled": unsettled}).fetchall()
        except duckdb.Error as error:
            raise SourceError(
                f"cannot read {run.workshop.new}: {first_line(error)}; remove it and run again"
            ) from error


def _chunks(statements: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(statements), NAMED):
        yield statements[start : start + NAMED]
