"""One table as the workload treats it: who reads it, with which conditions, what they scan, who writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from types import MappingProxyType

from advisor.churn import churn_seen
from advisor.clustering.upkeep import Bill, engine_of
from advisor.loads import Load, before, load
from advisor.model import (
    Churn,
    Owner,
    ReadTemplate,
    Table,
    TableHistory,
    TableName,
    TableScans,
    Workload,
)
from advisor.pruning import nulls, stand_ins
from advisor.pruning.as_seen import as_seen
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.counterparts import Ties, ties, told_together
from advisor.pruning.groups import as_asked
from advisor.pruning.joins import Dimensions
from advisor.pruning.layout import Layout
from advisor.pruning.lengths import as_long_as_matched
from advisor.pruning.nests import nested
from advisor.pruning.prediction import scanned_today
from advisor.pruning.questions import prunes_unheard, questions_of
from advisor.pruning.table_axes import Sampled, axes_of, dimensions_of, implied_axes, merged_axes, paced
from advisor.pruning.weighing import weighed, weighed_by_frequencies
from advisor.pruning.widths import READS_ALL, ends_alone, learn_widths, observations
from advisor.readers import Templates

UNPRUNED = "filters in a form that doesn't prune: it reads nearly all although the rows lie in that order"


@dataclass(frozen=True)
class TableProfile:
    table: Table
    partitions: int
    loads: tuple[Load, ...]
    layout: Layout
    churn: Churn | None
    """None: nothing records the table's writes."""
    clustering_credits: float | None
    used_columns: frozenset[str]
    """Columns that any template filters, joins, groups or orders by."""
    understood: bool
    """No statement that reads it, or may read it, was left without its columns resolved."""
    scans: tuple[TableScans, ...] = ()
    """What is recorded of its scans, by parameterized hash."""
    engine: str = "CLASSIC"
    """Of automatic clustering, CLASSIC or OPTIMA: the one that keeps its key in order, or would keep a new one."""
    bills: tuple[Bill, ...] = ()
    """What automatic clustering billed for the account's tables."""
    owner: Owner | None = None
    """Who makes it; None where an ALTER changes it for good."""
    search_credits: float | None = None
    """What maintaining the search optimization in force takes a month; None where none is recorded, or the plan ends it."""
    search_ending: float | None = None
    """The same of search optimization that the plan ends."""
    views: tuple[TableName, ...] = ()
    """The materialized views over it, less those that the plan ends."""
    view_credits: float = 0.0
    """What their refreshes take a month, as far as it is recorded."""
    views_ending: tuple[TableName, ...] = ()
    views_untold: tuple[TableName, ...] = ()
    """The account's materialized views whose definition isn't known: any may be over it."""

    @property
    def recreated_by(self) -> Owner | None:
        """Who makes it anew with each run, so that what an ALTER set is lost."""
        return self.owner if self.owner is not None and self.owner.rebuilds else None

    @cached_property
    def recorded(self) -> frozenset[str]:
        """The parameterized hashes whose queries are recorded to have scanned it."""
        return frozenset(scan.hash for scan in self.scans if scan.queries)

    @cached_property
    def share_read(self) -> float:
        """Of the partitions, on average over the executions whose scans are recorded; ZeroDivisionError where none are."""
        loads = [(load.before, load.template.executions) for load in self.loads if load.before is not None]
        read = sum(before * executions for before, executions in loads)
        return read / (self.partitions * sum(executions for _, executions in loads))

    @property
    def partition_bytes(self) -> float | None:
        return None if self.table.bytes is None else self.table.bytes / self.partitions


def partitions_of(
    table: Table, templates: Sequence[ReadTemplate], history: TableHistory, partition_bytes: int
) -> int | None:
    """How many micro-partitions a table has: as its scans show, else from its size; None where neither is known."""
    recorded = [
        (scan.partitions_scanned + scan.partitions_pruned) / scan.queries for scan in history.scans if scan.queries
    ]
    if recorded:
        return max(1, round(median(recorded)))
    alone = [
        sample.partitions_total
        for read in templates
        if read.reading.scans == (table.name,)
        for sample in read.template.samples
        if sample.partitions_total
    ]
    if alone:
        return max(1, round(median(alone)))
    return None if table.bytes is None else max(1, math.ceil(table.bytes / partition_bytes))


def profile(
    table: Table,
    partitions: Mapping[TableName, int],
    templates: Templates,
    history: TableHistory,
    workload: Workload,
    sampled: Sampled = lambda name, axes: None,
    known: Mapping[TableName, Table] = MappingProxyType({}),
    recorded: Mapping[TableName, TableHistory] = MappingProxyType({}),
    longer: TableProfile | None = None,
) -> TableProfile:
    """The table's profile; `partitions` holds every known table's count, to share out what a join scans. `sampled` finds
    the sample of a table's rows, laid out on axes, where there is one; `known` are the tables that it may be joined with, and
    `recorded` their histories. `longer` is a profile of the same table from a longer history: what that tells of the columns'
    values and of today's layout holds here too."""
    readers = tuple(templates.readers.get(table.name, ()))
    dimensions = dimensions_of(table, known, recorded, readers, workload, sampled)
    befores = tuple(before(table.name, read, partitions, history) for read in readers)
    reads = _Reads(readers, befores, partitions[table.name], history, workload, known, dimensions)
    layout, loads = reads.seen(table, longer)
    layout = replace(layout, widths=longer.layout.widths, nests=longer.layout.nests) if longer else layout
    sample = sampled(table.name, layout.axes) if any(load.asks for load in loads) else None
    serving = None if sample is None else sample.serving(layout.partitions, layout.rows)
    if serving is not None:
        told = weighed(layout.questions, [each.template.executions for each in loads], serving)
        axes = paced(layout.axes, serving)
        layout = replace(
            layout, axes=axes, questions=told, sample=serving, weaker=layout, ties=Ties(), surmise=None, nests={}
        )
    else:
        executions = [each.template.executions for each in loads]
        layout = replace(layout, questions=weighed_by_frequencies(layout.questions, executions, layout.axes))
    if serving is None and longer is None and any(axis.known for axis in layout.axes.values()):
        layout = replace(layout, weaker=reads.seen(_without_statistics(table), None)[0])
    return TableProfile(
        table,
        partitions[table.name],
        loads,
        layout,
        history.churn or churn_seen(table.name, templates, workload),
        history.clustering_credits,
        frozenset(u.column for read in readers for u in read.reading.usages if u.table == table.name),
        not any(_obscure(read, table.name) for read in templates.unclear),
        history.scans,
        engine_of(history.clustering_engine, bool(table.clustering_key), workload.window_end),
    )


@dataclass(frozen=True)
class _Reads:
    """What a table's layout is learned from."""

    readers: tuple[ReadTemplate, ...]
    befores: tuple[float | None, ...]
    """By reader: partitions that an execution scans today."""
    partitions: int
    history: TableHistory
    workload: Workload
    known: Mapping[TableName, Table]
    dimensions: Dimensions

    def seen(self, table: Table, longer: TableProfile | None) -> tuple[Layout, tuple[Load, ...]]:
        """The layout with the statistics that the table has, and the loads."""
        axes: Mapping[str, Axis]
        if longer is not None:
            axes = longer.layout.axes
            questions = self._asked(table, axes)
        else:
            own = axes_of(table, self.readers, self.workload)
            implied = implied_axes(table, self.known, self.readers, self.workload)
            axes = merged_axes(implied, own, table.rows or math.inf)
            questions = self._asked(table, axes)
            asking = [question for each in questions for question in each]
            told = as_long_as_matched(stand_ins.told(axes, asking), asking, self.workload.window_end)
            told = nulls.told(told, table, self.readers, self.history)
            if told != axes:
                axes, questions = told, self._asked(table, told)
            asked = {ask.column for each in questions for question in each for ask in question.asks} | own.keys()
            axes = {name: line for name, line in sorted(axes.items()) if name in asked}
        loads = [
            load(table.name, read, today, any(question.asks for question in each))
            for read, today, each in zip(self.readers, self.befores, questions, strict=True)
        ]
        asking = [question for each in questions for question in each]
        unheard = {i for i, read in enumerate(self.readers) if prunes_unheard(table, read, axes, questions[i])}
        return _layout(table, self.partitions, as_asked(axes, asking), loads, asking, unheard)

    def _asked(self, table: Table, axes: Mapping[str, Axis]) -> list[list[Question]]:
        return [
            questions_of(table, i, read, axes, self.history, self.dimensions, self.workload.window_end, self.partitions)
            for i, read in enumerate(self.readers)
        ]


def _without_statistics(table: Table) -> Table:
    return replace(table, columns=tuple(replace(column, statistics=None) for column in table.columns))


def _obscure(read: ReadTemplate, table: TableName) -> bool:
    if read.reading.problem is not None:
        return table.name.upper() in read.template.text.upper()
    return table in read.reading.scans and bool(read.reading.unresolved)


def _layout(
    table: Table,
    partitions: int,
    axes: Mapping[str, Axis],
    loads: list[Load],
    questions: list[Question],
    unheard: Set[int],
) -> tuple[Layout, tuple[Load, ...]]:
    """The layout as the loads show it, and the loads; those whose conditions are seen not to prune ask nothing any
    more. Those that may be pruned by what the questions don't say, `unheard`, show nothing of the layout.
    """
    shares = [None if load.before is None or load.limited else load.before / partitions for load in loads]
    executions, least = [float(load.template.executions) for load in loads], 1 / partitions
    telling = [None if i in unheard else share for i, share in enumerate(shares)]
    seen = observations(questions, telling, executions, least)
    widths = learn_widths(seen)
    seen_as = tuple(as_seen(question, shares[question.load], partitions, axes, widths) for question in questions)
    layout = Layout(float(table.rows or 0), partitions, axes, widths, seen_as, len(loads), at_ends=ends_alone(seen))
    idle = {i for i, today in enumerate(scanned_today(layout)) if _idle(loads[i], shares[i], today / partitions)}
    idle &= {q.load for q in seen_as if any(not _sure(ask) for ask in q.asks)}
    heard = tuple(replace(q, asks=tuple(filter(_sure, q.asks))) if q.load in idle else q for q in seen_as)
    still = {q.load for q in heard if q.asks}
    kept = [replace(load, asks=False, unserved=UNPRUNED) if i in idle - still else load for i, load in enumerate(loads)]
    sure, surmise = ties(axes, heard, widths)
    led, begun = nested(told_together(axes, sure.one_to_one, heard), heard)
    return replace(layout, axes=led, questions=heard, ties=sure, surmise=surmise, nests=begun), tuple(kept)


def _sure(ask: Ask) -> bool:
    return ask.bare and not ask.derived


def _idle(load: Load, seen: float | None, expected: float) -> bool:
    return load.asks and seen is not None and seen > READS_ALL and expected < seen / 2
