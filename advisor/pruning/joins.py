"""Filters that a table is given while the query runs: by the smaller table that it is joined with, and by a top-k.

Snowflake summarises the join keys that the smaller side's own filters leave and skips partitions of the larger side that
hold none of them; ORDER BY … LIMIT k keeps the k-th best value so far as a boundary ("Pruning in Snowflake", SIGMOD 2025).
A set of keys that holds a share φ of the domain leaves a partition that spans v of them with probability 1 - (1 - φ)^v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.model import FILTERS, ColumnUsage, QueryTemplate, Reading, Role, Table, TableHistory, TableName
from advisor.pruning.alternatives import Term, terms_of
from advisor.pruning.asks import FEWEST, Ask
from advisor.pruning.axes import Axis
from advisor.pruning.sample import Floats, Sample

Flags = NDArray[np.bool_]

MOST_KEPT = 0.5  # a filter that leaves more of the join keys than this prunes nothing worth speaking of
MOST_KEYS = 5000  # as many join keys as are told apart
MOST_DAYS = 110_000  # rows of a calendar: three centuries
YEAR = 365
WHOLE = 0.999  # a sample with this share of a table's rows is the table


@dataclass(frozen=True)
class Dimension:
    """A table as the side of a join that filters the other."""

    table: Table
    axes: Mapping[str, Axis]
    """Of the columns that it is filtered and joined by."""
    history: TableHistory
    sample: Sample | None
    """Of its rows, where the snapshot has one."""

    @property
    def whole(self) -> bool:
        """All of its rows are known."""
        return self.sample is not None and self.sample.rows >= WHOLE * (self.table.rows or math.inf)

    @property
    def days(self) -> float | None:
        """Of a calendar, a table with a row a day, the days that it is asked for; None for any other table."""
        return days_of(self.table, self.axes)


def may_be_calendar(table: Table) -> bool:
    """It has as many rows as a calendar."""
    return YEAR <= (table.rows or 0) <= MOST_DAYS


def days_of(table: Table, axes: Mapping[str, Axis]) -> float | None:
    """The days of a calendar that queries ask for, or all that statistics tell of. Its keys are numbered in their order."""
    dates = [axes[column.name] for column in table.columns if column.data_type == "DATE" and column.name in axes]
    rows = table.rows or 0
    if len(dates) != 1 or not may_be_calendar(table):
        return None
    days = dates[0].span + 1
    return days if days <= rows + 1 and (not dates[0].known or dates[0].distinct >= MOST_KEPT * rows) else None


Dimensions = Callable[[TableName], Dimension | None]
"""Of the tables that are smaller than the one that they filter."""


def partners(reading: Reading, scan: int) -> list[tuple[ColumnUsage, int]]:
    """The joins through which a scan loses rows that have no partner, each with the other side's scan; those of which the
    text doesn't tell the other scan are left out."""
    found = []
    joins = [usage for usage in reading.usages if usage.role is Role.JOIN]
    for usage in joins:
        if usage.scan != scan or usage.partner is None or not _drops(usage):
            continue
        back = (usage.table, usage.column)
        others = {o.scan for o in joins if (o.table, o.column) == usage.partner and o.partner == back}
        if len(others) == 1 and scan not in others:
            found.append((usage, others.pop()))
    return found


def _told(terms: Sequence[Term], axes: Mapping[str, Axis]) -> bool:
    """How many rows the one condition lets through is known, of the very values that it asks for; what is recorded is an average
    over all executions.
    """
    asks = [ask for term in terms for ask in term.asks]
    if len(asks) != 1 or asks[0].counted:
        return len(asks) == 1
    spread, ranged = axes[asks[0].column].spread, not asks[0].values and not asks[0].null and asks[0].located
    return spread is not None and ranged and spread.tells(asks[0].low, asks[0].high)


def _drops(usage: ColumnUsage) -> bool:
    return usage.required and not usage.negated and usage.wrapper is None


def joined(
    template: QueryTemplate,
    reading: Reading,
    scan: int,
    axes: Mapping[str, Axis],
    dimensions: Dimensions,
) -> list[Ask]:
    """What smaller joined tables' own filters ask of a scan's join columns."""
    asks = []
    for usage, other in partners(reading, scan):
        side = dimensions(reading.scans[other]) if usage.column in axes else None
        if side is None:
            continue
        filters = [u for u in reading.usages if u.scan == other and u.role in FILTERS]
        terms = terms_of(filters, side.axes)
        matched = matched_share(template, side.history)
        if terms[0].asks and usage.partner is not None:
            if matched is None or _told(terms, side.axes):
                share = sum(term.sign * math.prod(a.share for a in term.asks) for term in terms)
            else:
                share = matched
            own = [term.asks for term in terms if len(term.together) < 2]
            asks.append(_kept(axes[usage.column], usage.partner[1], own, max(FEWEST, share), side))
    return [ask for ask in asks if ask.share <= MOST_KEPT]


def matched_share(template: QueryTemplate, history: TableHistory) -> float | None:
    """The share of a table's rows that the template's filters let through, as recorded."""
    scans = [scan for scan in history.scans_by(template.hashes) if scan.rows_matched is not None]
    rows = sum((scan.rows_scanned or 0) for scan in scans)
    seen = sum(scan.partitions_scanned for scan in scans)
    every = sum(scan.partitions_scanned + scan.partitions_pruned for scan in scans)
    if not rows or not seen:
        return None
    return sum(scan.rows_matched or 0 for scan in scans) / (rows * every / seen)


def _kept(line: Axis, key: str, alternatives: Sequence[Sequence[Ask]], share: float, side: Dimension) -> Ask:
    """The join keys that pass the other side's filters, one by one where all its rows are known. These are one of some
    alternatives, each of conditions joined by AND.
    """
    if side.sample is not None and side.whole and all(_decided(key, own, side.sample) for own in alternatives):
        keys = side.sample.columns[key]
        kept = np.unique(keys[np.logical_or.reduce([_passing(own, side.sample) for own in alternatives])])
        unmatched = not len(kept) and side.sample.rows >= (side.table.rows or math.inf)
        kept = kept[(kept >= line.low) & (kept <= line.high)] if line.known else kept[~np.isnan(kept)]
        if len(kept) <= MOST_KEYS:
            part = min(1.0, max(1, len(kept)) / line.distinct)
            places = _stretches(keys, kept)
            count, where = max(1, len(kept)), tuple(map(float, kept))
            return Ask(line.column, part, count, positions=where, derived=True, stretches=places, unmatched=unmatched)
    within = min(1.0, share / _covered(line, key, side))
    if len(alternatives) > 1:
        return Ask(line.column, within, max(1, round(within * line.distinct)), derived=True)
    own = alternatives[0]
    if any(ask.column == key for ask in own):
        same = min((ask for ask in own if ask.column == key), key=lambda ask: ask.share)
        return replace(same, column=line.column, share=share, derived=True)
    ranged = all(side.axes[ask.column].is_time and not ask.values for ask in own)
    years = max(1, *(ask.values for ask in own))
    if side.days is not None and not ranged and share * (side.table.rows or 0) > years * (YEAR + 1):
        # More days than the years asked for have: a part that comes again in every year.
        return Ask(line.column, share, round(max(1.0, line.distinct / YEAR)), derived=True)
    if side.days is not None or ranged:
        return Ask(line.column, within, located=False, derived=True)
    return Ask(line.column, within, max(1, round(within * line.distinct)), derived=True)


def _stretches(keys: Floats, kept: Floats) -> int:
    """How many stretches of the dimension's keys, in their order, those kept make up."""
    places = np.searchsorted(np.unique(keys), kept)
    return 1 + int((np.diff(places) > 1).sum())


def _covered(line: Axis, key: str, side: Dimension) -> float:
    """The part of the other side's keys that the table has at all: a calendar is longer than the sales. What is asked for
    is taken to lie there."""
    theirs = side.axes.get(key)
    if theirs is not None and theirs.known and line.known and line.family != "text":
        return min(1.0, max(1e-6, theirs.share(line.low, line.high)))
    if line.known or side.days is None or not side.table.rows:
        return 1.0
    return min(1.0, line.distinct / side.table.rows)


def _decided(key: str, own: Sequence[Ask], sample: Sample) -> bool:
    return key in sample.columns and all(
        ask.column in sample.columns and not ask.null and ask.located and (ask.positions or not ask.values)
        for ask in own
    )


def _passing(own: Sequence[Ask], sample: Sample) -> Flags:
    found: Flags = np.logical_and.reduce([ask.met_by(sample.columns[ask.column]) for ask in own])
    return found


def top(
    reading: Reading,
    scan: int,
    table: Table,
    axes: Mapping[str, Axis],
    matched: float,
    asks: Sequence[Ask] = (),
    most: float = 1.0,
) -> Ask | None:
    """What ORDER BY column LIMIT k asks of the column, where its conditions, `asks`, match that share of the rows, but no
    more than `most` of all rows where none is on the column itself; None for a query that isn't of this form, and for one
    whose conditions leave single values of the column, among which there is nothing to choose. Snowflake looks at the first
    column ordered by, and at no aggregate; where rows without a value come first, as they do in descending order unless NULLS
    LAST is said, only at a column that is NOT NULL.

    docs.snowflake.com: Top-K pruning for improved query performance.
    """
    first = ordered_by(reading)
    if (
        first is None
        or not reading.limit
        or first.scan != scan
        or first.column not in axes
        or kept_by_nulls(first, table)
    ):
        return None
    own = [ask for ask in asks if ask.column == first.column]
    share = max(FEWEST, reading.limit / max(1.0, float(table.rows or 1) * matched))
    share = share if own else min(share, most)
    if share > MOST_KEPT:
        return None
    line = axes[first.column]
    share += 0.5 / line.distinct if line.known else 0.0  # the k-th best value is read whole
    # How far other columns' values reach at an end isn't known of their span: either end is as good.
    asked = Ask(first.column, share, 0, located=False, derived=True, outermost=True)
    if any(ask.values or ask.apart for ask in own):
        return None
    if not line.is_time:
        return asked
    return _within(own, asked, line, first.descending) or at_end(asked, line, latest=first.descending)


def ordered_by(reading: Reading) -> ColumnUsage | None:
    """The column whose first rows a query of one table is after, by ORDER BY and LIMIT; None for other queries."""
    orders = [usage for usage in reading.usages if usage.role is Role.ORDER]
    if not reading.limit or not orders or len(reading.scans) != 1 or any(u.role is Role.GROUP for u in reading.usages):
        return None
    return orders[0] if orders[0].wrapper is None else None


def kept_by_nulls(first: ColumnUsage, table: Table) -> bool:
    """Whether rows that may lack a value come first, so that Snowflake skips nothing."""
    return first.nulls_first and all(each.nullable for each in table.columns if each.name == first.column)


def _within(own: Sequence[Ask], asked: Ask, line: Axis, latest: bool) -> Ask | None:
    """The first rows since a time, or the latest before one, lie where that range begins, or ends; None where none
    bounds it there.
    """
    ends = [end for ask in own if ask.located and (end := ask.high if latest else ask.low) is not None]
    end = min(ends, default=line.high) if latest else max(ends, default=line.low)
    if (end >= line.high) if latest else (end <= line.low):
        return None
    share = max(FEWEST, asked.share * min(ask.share for ask in own))
    reach = share * line.span
    low, high = (end - reach, end) if latest else (end, end + reach)
    return replace(asked, share=share, low=low, high=high, located=True)


def at_end(ask: Ask, line: Axis, latest: bool) -> Ask:
    """A top-k's condition, put at one end of a time."""
    ends = (line.high - ask.share * line.span, None) if latest else (None, line.low + ask.share * line.span)
    return replace(ask, low=ends[0], high=ends[1], located=True)
