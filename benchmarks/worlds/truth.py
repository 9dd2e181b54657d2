"""What statements scan, counted: conditions, filters that come through a join, and the boundary of a top-k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.model import FILTERS, Catalog, KeyPart, Reading, Role
from advisor.usage.names import Directory, Session
from advisor.usage.reading import read_with
from advisor.usage.trees import Parser
from benchmarks.columns import EPOCH, Floats
from benchmarks.layouts import Condition, Table, Test, condition
from benchmarks.worlds.cases import WINDOW_DAYS, Case, Rows

Flags = NDArray[np.bool_]

HOPS = 2  # a filter is followed through so many joins
TRIED_ROWS = 60_000
STOPPED = 2  # partitions that a LIMIT without an order reads
SHOWN_DAYS, HELD_DAYS = range(0, 21), range(21, WINDOW_DAYS)


@dataclass(frozen=True, eq=False)
class Executed:
    template: int
    text: str
    started: datetime
    reading: Reading
    scans: tuple[tuple[str, Condition], ...]
    """Per scan of a table of the case: its name and what a minimum and a maximum can decide."""
    matched: tuple[tuple[str, int, int], ...]
    """Per scan: the table's name, its rows at that time, and how many of them its own filters let through."""

    @property
    def limited(self) -> bool:
        shaped = any(usage.role in (Role.GROUP, Role.ORDER) for usage in self.reading.usages)
        return self.reading.limit is not None and not shaped

    @property
    def day(self) -> float:
        return since_epoch(self.started)


def execute(case: Case, days: range, each: int, rng: np.random.Generator) -> list[Executed]:
    """Each template run `each` times on days of the window."""
    catalog = Catalog({rows.table_name: rows.described(False) for rows in case.tables})
    session, parser = Session(Directory.of(catalog), "DB", "PUBLIC"), Parser()
    found = []
    for number, template in enumerate(case.templates):
        for i in range(each):
            at = days[i * len(days) // each]
            started = case.now - timedelta(days=WINDOW_DAYS - at) + timedelta(hours=9)
            text = template.statement(rng, started.date())
            found.append(_executed(case, number, text, started, read_with(session, text, started, parser)))
    return found


def _executed(case: Case, number: int, text: str, started: datetime, reading: Reading) -> Executed:
    assert reading.problem is None, text
    assert not reading.unresolved, (reading.unresolved, text)
    rows = {each.name: each for each in case.tables}
    scans, matched = [], []
    for scan, name in enumerate(reading.scans):
        own = _own(reading, scan, rows[name.name])
        there = _there(rows[name.name], since_epoch(started))
        joined = _joined(reading, scan, rows, HOPS)
        passes = matching(rows[name.name], own) & _with_values(reading, scan, rows[name.name]) & there
        top = _top(reading, scan, rows[name.name], passes)
        scans.append((name.name, (*own, *joined, *top)))
        matched.append((name.name, int(there.sum()), int(passes.sum())))
    return Executed(number, text, started, reading, tuple(scans), tuple(matched))


def since_epoch(moment: datetime) -> float:
    """In days."""
    return (moment - EPOCH).total_seconds() / 86_400


def _there(rows: Rows, moment: float) -> Flags:
    return np.ones(rows.count, bool) if rows.arrived is None else rows.arrived <= moment


def _own(reading: Reading, scan: int, rows: Rows) -> Condition:
    return condition([u for u in reading.usages if u.scan == scan and u.role in FILTERS], rows.columns)


def _with_values(reading: Reading, scan: int, rows: Rows) -> Flags:
    """The rows that `IS NOT NULL` lets through, which no minimum and maximum decides."""
    found = np.ones(rows.count, bool)
    for usage in reading.usages:
        if usage.scan == scan and usage.role is Role.NULL_TEST and usage.negated and usage.branch is None:
            found &= ~np.isnan(rows.columns[usage.column].values)
    return found


def matching(rows: Rows, conditions: Condition) -> Flags:
    """The rows for which all of it holds."""
    found = np.ones(rows.count, bool)
    for clause in conditions:
        alternatives = [np.all([_holds(rows, test) for test in tests], axis=0) for tests in clause]
        found &= np.any(alternatives, axis=0)
    return found


def _holds(rows: Rows, test: Test) -> Flags:
    values = rows.columns[test.column].values
    return test.holds(values, values, np.isnan(values))


def _joined(reading: Reading, scan: int, rows: Mapping[str, Rows], hops: int) -> Condition:
    """What smaller joined tables leave of this one: the values of the join column that their own filters let through."""
    if not hops:
        return ()
    me = reading.scans[scan]
    found: Condition = ()
    for usage in reading.usages:
        if usage.scan != scan or usage.role is not Role.JOIN or usage.partner is None or usage.negated:
            continue
        name, column = usage.partner
        others = [
            other for other, table in enumerate(reading.scans)
            if table == name and other != scan
            and any(u.scan == other and u.column == column and u.partner == (me, usage.column) for u in reading.usages)
        ]  # fmt: skip
        if len(others) != 1 or rows[name.name].count >= rows[me.name].count:
            continue
        other = others[0]
        conditions = (*_own(reading, other, rows[name.name]), *_joined(reading, other, rows, hops - 1))
        if conditions:
            kept = np.unique(rows[name.name].columns[column].values[matching(rows[name.name], conditions)])
            found = (*found, ((Test(usage.column, tuple((float(v), float(v)) for v in kept) or ((np.inf, np.inf),)),),))
    return found


def _top(reading: Reading, scan: int, rows: Rows, passes: Flags) -> Condition:
    """ORDER BY column LIMIT k: the k-th best value is a boundary, once it is known, but where rows without one come before it."""
    orders = [usage for usage in reading.usages if usage.role is Role.ORDER]
    if reading.limit is None or not orders or any(u.role is Role.GROUP for u in reading.usages):
        return ()
    first = orders[0]
    if first.scan != scan or len(reading.scans) > 1:
        return ()
    held = rows.columns[first.column].values
    values = held[passes & ~np.isnan(held)]
    if len(values) <= reading.limit or (first.nulls_first and np.isnan(held).any()):
        return ()
    ordered = np.sort(values)
    best = (
        (float(ordered[-reading.limit]), np.inf) if first.descending else (-np.inf, float(ordered[reading.limit - 1]))
    )
    return (((Test(first.column, (best,)),),),)


# ---------------------------------------------------------------- layouts


@dataclass(frozen=True, eq=False)
class Truth:
    """All that a set of executions scans of one table, under any key."""

    rows: Rows
    executed: Sequence[Executed]
    templates: int

    @cached_property
    def asked(self) -> list[tuple[int, Condition]]:
        """(execution, condition) of every scan of the table."""
        return [
            (i, asked) for i, one in enumerate(self.executed) for name, asked in one.scans if name == self.rows.name
        ]

    @cached_property
    def table(self) -> Table:
        return self.rows.table(tuple(dict.fromkeys(asked for _, asked in self.asked)))

    @property
    def thinned(self) -> int:
        """One row in so many is enough to tell good keys from bad ones."""
        return max(1, self.rows.count // TRIED_ROWS)

    @cached_property
    def _which(self) -> NDArray[np.int64]:
        places = {asked: i for i, asked in enumerate(self.table.conditions)}
        return np.array([places[asked] for _, asked in self.asked], np.int64)

    def some(self, every: int) -> Truth:
        """One execution in so many."""
        return replace(self, executed=self.executed[::every])

    def loaded(self) -> Floats:
        """Partitions per execution as the rows lie today, of those that were there when it ran."""
        hits = self.table.as_loaded()
        there = np.array([self.rows.births <= self.executed[i].day for i, _ in self.asked])
        return self._per_execution((hits[self._which] & there).sum(axis=1))

    def now(self) -> Floats:
        """The same, of those that were begun when it ran."""
        hits = self.table.as_loaded()
        begun = (
            np.full(self.rows.partitions, -np.inf) if self.rows.arrived is None else self.rows.arrived[self.rows.starts]
        )
        there = np.array([begun <= self.executed[i].day for i, _ in self.asked])
        return self._per_execution((hits[self._which] & there).sum(axis=1))

    def keyed(self, key: Sequence[KeyPart], every: int = 1) -> Floats:
        """Partitions per execution of the rows that were there when it ran, in the key's order."""
        arrived, order = self.rows.arrived, self.table.ordered(key, every)
        if arrived is None:
            return self._per_execution(self.table.cut(order, self.rows.partitions)[self._which])
        days = np.array([self.executed[i].day for i, _ in self.asked])
        scanned = np.zeros(len(days), np.int64)
        for day in np.unique(days):
            mine = np.flatnonzero(days == day)
            asked = self.rows.table(tuple(self.asked[i][1] for i in mine))
            there = order[arrived[order] <= day]
            scanned[mine] = asked.cut(there, max(1, round(self.rows.partitions * len(there) / len(order))))
        return self._per_execution(scanned)

    def _per_execution(self, scanned: NDArray[np.int64]) -> Floats:
        stopped = np.array([self.executed[i].limited for i, _ in self.asked])
        scanned = np.where(stopped, np.minimum(scanned, STOPPED), np.maximum(scanned, 1))
        owners = [i for i, _ in self.asked]
        return np.bincount(owners, weights=scanned, minlength=len(self.executed)).astype(float)

    def per_template(self, scanned: Floats) -> Floats:
        """Means over the template's executions."""
        owners = [one.template for one in self.executed]
        runs = np.bincount(owners, minlength=self.templates)
        total = np.bincount(owners, weights=scanned, minlength=self.templates).astype(float)
        return np.asarray(total / np.maximum(1, runs))


def truths(case: Case, executed: Sequence[Executed]) -> dict[str, Truth]:
    """Per table that is scanned and large enough to be sorted."""
    return {
        rows.name: Truth(rows, executed, len(case.templates))
        for rows in case.tables
        if rows.partitions > 1 and any(name == rows.name for one in executed for name, _ in one.scans)
    }
