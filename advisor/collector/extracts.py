"""What is asked of the account: the text of each statement, and the file that its result becomes.

The texts are those of `sql/`. A history is asked for day by day, so that a run that was stopped goes on where it was, and a
weekly run asks only for days that its snapshot lacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

import pyarrow as pa

from advisor import resources
from advisor.collector.views import ACCOUNT_VIEWS, SCHEMA, relation
from advisor.quoting import literal

DAY = timedelta(days=1)
MONDAY = datetime(2024, 1, 1)
HISTORY, TEMPLATES, SAMPLES = "query_history", "query_templates", "query_samples"
OF_STATEMENTS = (TEMPLATES, SAMPLES, "query_repeats")
COMPRESSED = (*OF_STATEMENTS, "warehouse_loads", "warehouse_gaps")
"""What the query history becomes where it is."""


@dataclass(frozen=True)
class Window:
    """From `since` on and before `until`; UTC, without a zone."""

    since: datetime
    until: datetime

    def slices(self, days: int) -> Iterator[Window]:
        """Its calendar days, or weeks from Monday on, the first and the last of them whole, so that each has the same text
        whenever it is asked."""
        start = self.since.replace(hour=0, minute=0, second=0, microsecond=0)
        start -= DAY * ((start - MONDAY).days % days)
        while start < self.until:
            yield Window(start, start + DAY * days)
            start += DAY * days


@dataclass(frozen=True)
class Extract:
    """One statement, whose result is one file of the snapshot."""

    view: str
    """The snapshot's view that the file is a part of."""
    source: str
    """The view of ACCOUNT_USAGE that is read."""
    file: str
    sql: str
    settled: datetime | None
    """From when on the account gives the same answer for good; None for a view that is fetched whole."""
    good_for: timedelta = timedelta(0)
    """How long an answer is good enough that isn't settled."""
    shape: Callable[[Iterator[pa.Table]], Iterator[pa.Table]] = iter
    """Makes the file's rows of the result's."""
    plainer: str | None = None
    """What to ask where the account won't run the statement: the same with less in it."""
    shown: str | None = None
    """A SHOW that is asked right before; its query's id stands for $shown. Connector 4 has no Arrow batches of a SHOW itself."""


@dataclass(frozen=True)
class Sampling:
    """How much of a day of the query history is fetched."""

    statements: int
    """Statements that executions are fetched of, with their texts."""
    samples: int
    """Executions of each."""
    questions: int
    """Questions that were asked again."""


def extracts(held: Mapping[str, frozenset[str]], window: Window, few: Sampling, raw: bool) -> tuple[Extract, ...]:
    """All that a snapshot of the window needs of the views in `held`, the newest days first."""
    found = []
    *_, today = window.slices(1)
    for source, columns in held.items():
        known = ACCOUNT_VIEWS[source]
        if known.days is None:
            found.append(Extract(source, source, f"{source}.parquet", statement(source, columns, today), None))
            continue
        for part in reversed(tuple(window.slices(known.days))):
            settled = part.until + known.latency
            for view in COMPRESSED if source == HISTORY and not raw else (source,):
                sql = statement(source, columns, part) if view == source else _compressed(view, columns, part, few)
                found.append(Extract(view, source, f"{view}/{day(part)}.parquet", sql, settled))
    return tuple(found)


def day(part: Window) -> str:
    return f"{part.since:%Y-%m-%d}"


def representatives(held: frozenset[str], part: Window, few: Sampling, named: Sequence[str]) -> Extract:
    """One execution of each of these statements on that day, in each session context and outcome."""
    values = {"named": ", ".join(map(literal, named))}
    sql = _compressed(SAMPLES, held, part, replace(few, samples=1), _values(resources.sql("named_executions"), values))
    file = f"{SAMPLES}/{day(part)}-{sha256(sql.encode()).hexdigest()[:8]}.parquet"
    return Extract(SAMPLES, HISTORY, file, sql, part.until + ACCOUNT_VIEWS[HISTORY].latency)


def statement(view: str, held: frozenset[str], window: Window) -> str:
    """The text of `sql/<view>.sql`, over the columns that the account's view has; a history's, over the window."""
    values = {"since": _moment(window.since), "until": _moment(window.until)}
    return _values(resources.sql(view).replace(f"{SCHEMA}.{view.upper()}", relation(view, held)), values)


def _compressed(view: str, held: frozenset[str], part: Window, few: Sampling, sampled: str | None = None) -> str:
    """A view that the history becomes, over a day of it; `sampled` are the executions to sample, if not the day's own."""
    history = f"{SCHEMA}.{HISTORY.upper()}"
    values = {"statements": str(few.statements), "samples": str(few.samples), "questions": str(few.questions)}
    executions = resources.sql("executions")
    steps = {"HISTORY": statement(HISTORY, held, part)}
    if view in OF_STATEMENTS:
        steps |= {
            "EXEMPLARS": resources.sql("exemplars").replace(history, "HISTORY"),
            "HASHED": executions.replace(history, "HISTORY"),
            "NAMED": executions.replace(history, "EXEMPLARS"),
            "EXECUTIONS": resources.sql("merged_executions"),
        }
    else:
        steps["EXECUTIONS"] = executions.replace(history, "HISTORY")
    body = resources.sql(view).replace(history, "HISTORY")
    if view == SAMPLES:
        steps["SAMPLED"] = sampled or _values(resources.sql("sampled_executions"), values)
        body = body.replace("FROM EXECUTIONS", "FROM SAMPLED")
    named = ",\n".join(f"{name} AS (\n{text}\n)" for name, text in steps.items())
    return _uncommented(f"WITH {named}\nSELECT *\nFROM (\n{_values(body, values)}\n)")


def _uncommented(text: str) -> str:
    """Without the lines that are comments: they are for readers of `sql/`, and would be sent every time."""
    return re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)


def _values(text: str, values: Mapping[str, str]) -> str:
    """The text with its `$names` given. The connector would take every % of it for a parameter's place."""
    return re.sub(r"\$([a-z]+)\b", lambda found: values[found[1]] if found[1] in values else found[0], text)


def _moment(time: datetime) -> str:
    return f"'{time:%Y-%m-%dT%H:%M:%S}+00:00'"
