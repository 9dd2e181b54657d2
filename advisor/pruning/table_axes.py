"""The axes of a table's columns: of those that its queries compare with constants, and of those that a join or a top-k asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from advisor.model import (
    FILTERS,
    ColumnUsage,
    Reading,
    ReadTemplate,
    Role,
    Table,
    TableHistory,
    TableName,
    Value,
    Workload,
)
from advisor.pruning.asks import PRUNABLE
from advisor.pruning.axes import Axis
from advisor.pruning.ends import axis
from advisor.pruning.joins import Dimension, Dimensions, days_of, may_be_calendar, partners
from advisor.pruning.paces import Pace
from advisor.pruning.sample import Sample

Sampled = Callable[[TableName, Mapping[str, Axis]], Sample | None]


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


def paced(axes: Mapping[str, Axis], sample: Sample) -> dict[str, Axis]:
    """The axes with the days on which rows come, of the times that the sample has."""

    def own(line: Axis) -> Axis:
        if not line.is_time or line.column not in sample.columns:
            return line
        values = sample.sorted[line.column]
        return replace(line, pace=Pace(values[(values >= line.low) & (values <= line.high)]))

    return {name: own(line) for name, line in axes.items()}


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
    return line if told(line) else replace(line, distinct=float(table.rows or 1))


def told(line: Axis) -> bool:
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
