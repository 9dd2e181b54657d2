"""What each scan of a table asks of it: the conditions in the texts, and those that a join or a top-k implies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from advisor.model import (
    FILTERS,
    ColumnUsage,
    Execution,
    QueryTemplate,
    Reading,
    Role,
    Table,
    TableHistory,
    TableName,
    Value,
    Workload,
)
from advisor.pruning.allotment import allotted, at_most
from advisor.pruning.alternatives import terms_of, unheard
from advisor.pruning.asks import PRUNABLE, Ask, Question, as_versions, corrected
from advisor.pruning.axes import Axis, in_days
from advisor.pruning.ends import axis
from advisor.pruning.joins import Dimension, Dimensions, days_of, joined, matched_share, may_be_calendar, partners, top
from advisor.pruning.rolling import as_they_ran, grows, rolled
from advisor.pruning.sample import Sample
from advisor.pruning.widths import READS_ALL

CHANCE = 1.5
"""Standard deviations that a number of partitions may be more than expected by chance."""
SEVERAL = 4.0
"""Partitions that the other executions of a template read on average: too many to be one by chance."""
Sampled = Callable[[TableName, Mapping[str, Axis]], Sample | None]


@dataclass(frozen=True)
class ReadTemplate:
    """A template with what its representative and its samples say."""

    template: QueryTemplate
    reading: Reading
    samples: tuple[Reading, ...]
    """Of some of `template.samples`, in their order; empty for a template that no candidate needs."""
    ran: tuple[Execution, ...] = ()
    """Which each of `samples` is; empty where that isn't known."""


# ---------------------------------------------------------------- axes


def axes_of(table: Table, readers: Iterable[ReadTemplate], workload: Workload) -> dict[str, Axis]:
    """Of each column that the readers compare with constants in a way that a minimum and a maximum can decide."""
    literals: dict[str, list[Value]] = {}
    looked_up: set[str] = set()
    for read in readers:
        for usage in _filters(table.name, read.samples or (read.reading,)):
            if usage.role in PRUNABLE and usage.keeps_order and not _is_path(table, usage.column):
                ends = [end for end in (usage.low, usage.high) if end is not None]
                literals.setdefault(usage.column, []).extend([*usage.values, *ends])
                looked_up |= {usage.column} if usage.values else set()
    found = {name: _axis(table, name, values, workload, name in looked_up) for name, values in sorted(literals.items())}
    # Bind variables alone tell nothing of a column.
    return {name: line for name, line in found.items() if line.known or line.is_time or literals[name]}


def _axis(table: Table, name: str, values: Iterable[Value], workload: Workload, looked_up: bool = False) -> Axis:
    lifetime = (table.created, workload.window_end)
    return axis(name, table.column(name), float(table.rows or 1), values, lifetime, looked_up)


def _is_path(table: Table, column: str) -> bool:
    """A path into a variant; but a column's own name may hold a colon too."""
    return ":" in column and table.column(column) is None


def _filters(table: TableName, readings: Iterable[Reading]) -> Iterable[ColumnUsage]:
    return (usage for reading in readings for usage in reading.usages if usage.table == table and usage.role in FILTERS)


def merged_axes(implied: Mapping[str, Axis], own: Mapping[str, Axis], rows: float) -> dict[str, Axis]:
    """All axes of a table of so many rows. Where constants are all that tells of a column, the table that it refers to
    tells more: how many rows it has, if the constants are of these; a larger one refers to this one.
    """

    def within(line: Axis, other: Axis | None) -> bool:
        return (
            other is not None and not line.known and line.family == other.family == "number"
            and 1 < other.distinct <= rows and other.low <= line.low and line.high <= other.high
        )  # fmt: skip

    return dict(implied) | {
        name: implied[name] if within(line, implied.get(name)) else line for name, line in own.items()
    }


def implied_axes(
    table: Table, known: Mapping[TableName, Table], readers: Sequence[ReadTemplate], workload: Workload
) -> dict[str, Axis]:
    """Of the columns through which a join with a smaller table or a top-k may prune."""
    found: dict[str, Axis] = {}
    for read in readers:
        for scan, name in enumerate(read.reading.scans):
            if name == table.name:
                for usage, other in partners(read.reading, scan):
                    side = known.get(read.reading.scans[other])
                    if side is not None and usage.column not in found:
                        days = _days(side, readers, workload) if may_be_calendar(side) else None
                        found[usage.column] = _join_axis(_axis(table, usage.column, (), workload), side, days)
                for usage in read.reading.usages:
                    if usage.role is Role.ORDER and usage.table == table.name and read.reading.limit:
                        found.setdefault(usage.column, _unique(_axis(table, usage.column, (), workload), table))
    return found


def _unique(line: Axis, table: Table) -> Axis:
    """What rows are ordered by, where nothing tells how many values it has: as many as rows, so that nothing behind it
    in a key prunes.
    """
    return line if _told(line) else replace(line, distinct=float(table.rows or 1))


def _told(line: Axis) -> bool:
    return line.known or line.is_time


def _days(table: Table, readers: Sequence[ReadTemplate], workload: Workload) -> float | None:
    mine = [read for read in readers if table.name in read.reading.scans]
    return days_of(table, axes_of(table, mine, workload))


def _join_axis(line: Axis, side: Table, days: float | None) -> Axis:
    """Without statistics a join column has as many values as the other side has rows, numbered from 1; a calendar's as many
    as the days that are asked for."""
    if line.known or not side.rows:
        return line
    if days is not None and line.family == "number":
        return replace(line, low=1.0, high=days, distinct=days)
    return (
        replace(line, low=1.0, high=float(side.rows), distinct=float(side.rows))
        if line.family == "number"
        else (replace(line, distinct=float(side.rows)))
    )


def dimensions_of(
    filtered: Table,
    known: Mapping[TableName, Table],
    recorded: Mapping[TableName, TableHistory],
    readers: Sequence[ReadTemplate],
    workload: Workload,
    sampled: Sampled,
) -> Dimensions:
    """Finds the smaller tables that the readers of the filtered one join it with, each described once."""

    @cache
    def find(name: TableName) -> Dimension | None:
        table = known.get(name)
        if table is None or not table.rows or table.rows >= float(filtered.rows or 1):
            return None
        mine = [read for read in readers if name in read.reading.scans]
        axes = axes_of(table, mine, workload)
        if not axes:
            return None
        joined_by = {
            usage.column for read in mine for usage in read.reading.usages
            if usage.role is Role.JOIN and usage.table == name and not _is_path(table, usage.column)
        }  # fmt: skip
        every = axes | {column: _axis(table, column, (), workload) for column in sorted(joined_by - axes.keys())}
        return Dimension(table, every, recorded.get(name, TableHistory()), sampled(name, every))

    return find


# ---------------------------------------------------------------- questions


def questions_of(
    table: Table,
    load: int,
    read: ReadTemplate,
    axes: Mapping[str, Axis],
    history: TableHistory,
    dimensions: Dimensions,
    end: datetime,
    partitions: int,
) -> list[Question]:
    """One question for each scan of the table by each sample of the template, as it would be asked at the window's end."""
    readings = read.samples or (read.reading,)
    recorded = matched_share(read.template, history)
    rows = float(table.rows or 1)
    scans = [
        (i, scan, [u for u in reading.usages if u.scan == scan and u.table == table.name and u.role in FILTERS])
        for i, reading in enumerate(readings) for scan, name in enumerate(reading.scans) if name == table.name
    ]  # fmt: skip
    terms = [(scan, term) for scan in scans for term in terms_of(scan[2], axes)]
    asked = [term.asks for _, term in terms]
    daily = None if history.churn is None else history.churn.rows_added / rows
    if len(read.ran) == len(readings) and daily is not None:
        asked = rolled(asked, [read.ran[i].started for (i, _, _), _ in terms], axes, end, daily)
    questions = []
    whole = [
        not term.together and len(found) == len({u.clause for u in usages})
        for ((_, _, usages), term), found in zip(terms, asked, strict=True)
    ]
    parts: Sequence[float | None] = [recorded] * len(asked)
    if recorded is not None and all(whole):
        asked, parts = allotted(asked, recorded, axes)
    for ((i, scan, _), term), found, complete, matched in zip(terms, asked, whole, parts, strict=True):
        asks = found
        if matched is not None and complete:
            when = read.ran[i].started if len(read.ran) == len(readings) else None
            asks = as_versions(_corrected(found, matched, axes, when), matched)
        share = recorded if recorded is not None else math.prod(a.share for a in asks) if complete else None
        asks = at_most(asks, axes)
        implied = joined(read.template, readings[i], scan, axes, dimensions)
        best = None if share is None else top(readings[i], scan, table, axes, share, asks)
        if best is not None and best.open and best.low is not None and daily is not None:
            best = replace(best, moving=grows(axes[best.column], end, daily))
        few = not term.together and math.prod(ask.share for ask in found) * rows < (readings[i].limit or 0)
        if best is not None and _boundless(best, axes[best.column], few, _read(read, i, scan), rows, partitions):
            best = None
        every = (*asks, *implied, *([best] if best else ()))
        seen = recorded if complete and not implied and not _stops(readings[i]) else None
        ran = in_days(read.ran[i].started) if len(read.ran) == len(readings) else None
        questions.append(Question(load, term.sign / len(readings), every, False, term.together, seen, ran))
    if not any(ask.unmatched for question in questions for ask in question.asks):
        return questions
    return _barren(questions, [_read(read, i, scan) for (i, scan, _), _ in terms])


def _corrected(
    asks: tuple[Ask, ...], matched: float, axes: Mapping[str, Axis], when: datetime | None
) -> tuple[Ask, ...]:
    """What a scan asks, with the shares that are guessed as its template's scans are recorded to match."""
    if when is None or len(asks) < 2:
        return corrected(asks, matched, axes)
    ran = as_they_ran(asks, when, axes)
    found = zip(asks, ran, corrected(ran, matched, axes), strict=True)
    return tuple(ask if then is not ask else told for ask, then, told in found)


def _stops(reading: Reading) -> bool:
    """A LIMIT spares the scan partitions, of which nobody counts what its conditions match."""
    return reading.limit is not None and not any(usage.role is Role.GROUP for usage in reading.usages)


def _boundless(best: Ask, line: Axis, few: bool, read: int | None, rows: float, partitions: int) -> bool:
    """A top-k's execution read nearly all, as one does that finds no boundary: because its other conditions left fewer
    than k rows, which is likely where they leave so `few` on average, or because the k-th best has many equals, which
    is where it read more partitions than hold the k best, wherever these lie, of a column whose values nothing tells
    of.
    """
    if read is None or read <= READS_ALL * partitions:
        return False
    holding = -partitions * math.expm1(-best.share * rows / partitions)
    by_chance = math.sqrt(max(0.0, holding * (1 - holding / partitions)))
    return few or (not _told(line) and read > holding + CHANCE * by_chance)


def prunes_unheard(table: Table, read: ReadTemplate, axes: Mapping[str, Axis], questions: Sequence[Question]) -> bool:
    """Whether a template's scans of the table may be pruned by what the questions don't say: by its own filters, or by
    those of a table that it joins.
    """
    implied = any(ask.derived for question in questions for ask in question.asks)
    for reading in read.samples or (read.reading,):
        for scan, name in enumerate(reading.scans):
            if name != table.name:
                continue
            if unheard([u for u in reading.usages if u.scan == scan and u.role in FILTERS], axes):
                return True
            others = {other for _, other in partners(reading, scan)}
            if not implied and any(u.scan in others and u.role in FILTERS for u in reading.usages):
                return True
    return False


def _barren(questions: Sequence[Question], read: Sequence[int | None]) -> list[Question]:
    """The questions of one load, those marked that are barren: a joined table is known to leave no row, and so the
    execution read no partition, or one, where the load's others read several. That table may have had such rows when it
    ran, and one partition may be all that the order of the rows had it read.
    """
    ended = [
        n is not None and n <= 1 and any(ask.unmatched for ask in question.asks)
        for question, n in zip(questions, read, strict=True)
    ]
    others = [n for n, so in zip(read, ended, strict=True) if n is not None and not so]
    if not others or sum(others) < SEVERAL * len(others):
        return list(questions)
    return [replace(question, barren=so) for question, so in zip(questions, ended, strict=True)]


def _read(read: ReadTemplate, sample: int, scan: int) -> int | None:
    """Partitions that a sample's scan read, and what isn't joined with it: all that its execution read but one of each
    table that filters the scan; None where that isn't recorded.
    """
    seen = read.ran[sample].partitions_scanned if read.ran else None
    return None if seen is None else seen - len({other for _, other in partners(read.samples[sample], scan)})
