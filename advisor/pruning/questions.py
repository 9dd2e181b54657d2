"""What each scan of a table asks of it: the conditions in the texts, and those that a join or a top-k implies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from advisor.model import (
    FILTERS,
    ColumnUsage,
    Execution,
    Reading,
    ReadTemplate,
    Role,
    Table,
    TableHistory,
)
from advisor.pruning.allotment import allotted, as_versions, at_most, corrected
from advisor.pruning.alternatives import terms_of, unheard
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis, in_days
from advisor.pruning.barren import barren, unless_found
from advisor.pruning.joins import Dimensions, joined, matched_share, partners, top
from advisor.pruning.rolling import as_they_ran, grows, rolled
from advisor.pruning.table_axes import told
from advisor.pruning.widths import READS_ALL

CHANCE = 1.5
"""Standard deviations that a number of partitions may be more than expected by chance."""


@dataclass(frozen=True)
class Scan:
    """One scan of the table by one text of the template."""

    reading: Reading
    number: int
    """Which of the reading's scans it is."""
    usages: Sequence[ColumnUsage]
    """Its filters."""
    ran: datetime | None
    read: int | None
    """Partitions that it read, and what isn't joined with it: all that its execution read but one of each table that
    filters the scan.
    """

    @staticmethod
    def of(reading: Reading, number: int, execution: Execution | None) -> Scan:
        usages = [
            u for u in reading.usages if u.scan == number and u.table == reading.scans[number] and u.role in FILTERS
        ]
        if execution is None:
            return Scan(reading, number, usages, None, None)
        seen, joined_with = execution.partitions_scanned, {other for _, other in partners(reading, number)}
        return Scan(reading, number, usages, execution.started, None if seen is None else seen - len(joined_with))

    @property
    def day(self) -> float | None:
        """When it ran, since 1970."""
        return None if self.ran is None else in_days(self.ran)

    @property
    def stops(self) -> bool:
        """A LIMIT spares the scan partitions, of which nobody counts what its conditions match."""
        return self.reading.limit is not None and not any(u.role is Role.GROUP for u in self.reading.usages)


def scans_of(table: Table, read: ReadTemplate) -> list[Scan]:
    """Of each of the template's texts that are read, the scans of the table."""
    readings = read.samples or (read.reading,)
    ran = read.ran if len(read.ran) == len(readings) else (None,) * len(readings)
    return [
        Scan.of(reading, number, execution)
        for reading, execution in zip(readings, ran, strict=True)
        for number, name in enumerate(reading.scans)
        if name == table.name
    ]


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
    recorded, rows = matched_share(read.template, history), float(table.rows or 1)
    daily = None if history.churn is None else history.churn.rows_added / rows
    terms = [(scan, term) for scan in scans_of(table, read) for term in terms_of(scan.usages, axes)]
    asked = [unless_found(term.asks, scan.read) for scan, term in terms]
    moments = [scan.ran for scan, _ in terms if scan.ran is not None]
    if len(moments) == len(terms) and daily is not None:
        asked = rolled(asked, moments, axes, end, daily)
    whole = [
        not term.together and len(found) == len({u.clause for u in scan.usages})
        for (scan, term), found in zip(terms, asked, strict=True)
    ]
    parts: Sequence[float | None] = [recorded] * len(asked)
    if recorded is not None and all(whole):
        asked, parts = allotted(asked, recorded, axes)
    weight, questions = 1 / len(read.samples or (read.reading,)), []
    for (scan, term), found, complete, matched in zip(terms, asked, whole, parts, strict=True):
        asks = found if matched is None or not complete else _matching(found, matched, axes, scan.ran)
        share = matched if matched is not None else math.prod(a.share for a in asks) if complete else None
        asks = at_most(asks, axes)
        implied = joined(read.template, scan.reading, scan.number, axes, dimensions)
        few = not term.together and math.prod(ask.share for ask in found) * rows < (scan.reading.limit or 0)
        seen = recorded if complete and not implied and not scan.stops else None
        question = Question(load, term.sign * weight, (*asks, *implied), False, term.together, seen, scan.day)
        if share is not None:
            question = _with_first_rows(question, scan, table, axes, (asks, share, few), (end, daily), partitions)
        questions.append(question)
    usual = read.template.partitions_scanned if read.reading.scans == (table.name,) else None
    return barren(
        questions, [scan.read for scan, _ in terms], None if usual is None else usual / read.template.executions
    )


def _with_first_rows(
    question: Question,
    scan: Scan,
    table: Table,
    axes: Mapping[str, Axis],
    left: tuple[Sequence[Ask], float, bool],
    clock: tuple[datetime, float | None],
    partitions: int,
) -> Question:
    """The question with what it asks for the first rows of an order, which lie in the partitions that its execution read where
    no other condition prunes: no more of them than these hold, and as many as its conditions leave (`counted`). `left` are
    these, the share of the rows that they match, and whether they leave so few that none bounds the others; `clock` is the
    window's end, and the share of the rows that are added a day.
    """
    (asks, share, few), (end, daily) = left, clock
    part = None if scan.read is None else scan.read / partitions

    def first(most: float) -> tuple[Ask, ...]:
        best = top(scan.reading, scan.number, table, axes, share, asks, most)
        if best is None or _boundless(best, axes[best.column], few, scan.read, float(table.rows or 1), partitions):
            return ()
        goes_on = daily is not None and best.open and best.low is not None and grows(axes[best.column], end, daily)
        return (replace(best, moving=goes_on),)

    seen, counted = first(part or 1.0), first(1.0)
    if not seen:
        return question
    return replace(question, asks=(*question.asks, *seen), read=part, counted=(*question.asks, *counted))


def _matching(
    asks: tuple[Ask, ...], matched: float, axes: Mapping[str, Axis], when: datetime | None
) -> tuple[Ask, ...]:
    """What a scan asks, with the shares that are guessed as its template's scans are recorded to match."""
    if when is None or len(asks) < 2:
        return as_versions(corrected(asks, matched, axes), matched)
    ran = as_they_ran(asks, when, axes)
    found = zip(asks, ran, corrected(ran, matched, axes), strict=True)
    return as_versions(tuple(ask if then is not ask else each for ask, then, each in found), matched)


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
    return few or (not told(line) and read > holding + CHANCE * by_chance)


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
