"""What search access paths would let a table's look-ups skip, expression by expression.

A path knows which micro-partitions hold a value: r matching rows, spread at random over P partitions, touch
P(1 - (1 - 1/P)^r) of them, whatever the order of the table.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.account import Account
from advisor.cost import MS_PER_HOUR
from advisor.figures import duration, number
from advisor.loads import Load
from advisor.model import ZERO, ColumnUsage, Range, ReadTemplate, Role, Table
from advisor.profile import TableProfile
from advisor.pruning.joins import matched_share
from advisor.settings import Settings
from advisor.terms import monthly

TYPES = ("NUMBER", "TEXT", "BINARY", "DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")
"""Of columns that an equality path may be built on: neither FLOAT nor GEOMETRY."""
SHORTEST_FRAGMENT = 5  # letters that a search inside text needs before a path helps it
SPREAD = 2.0  # partitions touched lie within this factor of the model's
PATH = re.compile(r"[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*", re.ASCII)


@dataclass(frozen=True, order=True)
class Expression:
    """What a path would be built on."""

    method: str
    """EQUALITY or SUBSTRING."""
    column: str
    path: str | None = None
    """Within a VARIANT: `a.b`."""


@dataclass(frozen=True)
class Look:
    """One template's look-ups of the table by one expression."""

    load: Load
    expression: Expression
    rows: float
    """That match, per scan."""
    touched: float
    """Partitions that an execution would read."""
    saved: Range
    """Credits a month."""


def looks_of(profile: TableProfile, reads: Mapping[str, ReadTemplate], account: Account) -> tuple[Look, ...]:
    """Of each template that every scan of which could use a path: the expressions that would serve it."""
    found = []
    for load in profile.loads:
        if load.before is not None and not load.limited:
            found += _looks(profile, load, reads[load.template.fingerprint], account)
    return tuple(found)


def unfit(look: Look, profile: TableProfile, settings: Settings) -> str | None:
    """Why Snowflake's own guidance speaks against a path for these look-ups, one sentence; None where it doesn't."""
    times = look.load.template.execution_ms
    if times.mean is not None and times.mean < settings.search_min_seconds * 1000:
        return (
            f"Look-ups by {look.expression.column} take {duration(times.mean)}: search optimization is meant for those that "
            f"take {number(settings.search_min_seconds)} s and more."
        )
    axis = profile.layout.axes.get(look.expression.column)
    few = look.expression.method == "EQUALITY" and look.expression.path is None and axis is not None and axis.known
    if few and axis is not None and axis.distinct < settings.search_min_distinct:
        return (
            f"{look.expression.column} has {number(axis.distinct)} values: search optimization is meant for columns of "
            f"{number(settings.search_min_distinct)} and more."
        )
    return None


def _looks(profile: TableProfile, load: Load, read: ReadTemplate, account: Account) -> list[Look]:
    readings = read.samples or (read.reading,)
    scans = [
        [usage for usage in reading.usages if usage.scan == scan and usage.table == profile.table.name]
        for reading in readings
        for scan, name in enumerate(reading.scans)
        if name == profile.table.name
    ]
    matched = matched_share(read.template, account.histories[profile.table.name])
    rows: defaultdict[Expression, list[float]] = defaultdict(list)
    for usages in scans:
        for expression, share in _shares(profile, usages, matched).items():
            rows[expression].append(share * float(profile.table.rows or 0))
    each = len(scans) / len(readings)
    return [
        _look(profile, load, expression, sum(found) / len(found), each, account)
        for expression, found in sorted(rows.items())
        if len(found) == len(scans)
    ]


def _shares(profile: TableProfile, usages: Sequence[ColumnUsage], matched: float | None) -> dict[Expression, float]:
    """The share of the rows that each usable condition of one scan leaves; conditions of unknown share are left out."""
    found: dict[Expression, float] = {}
    for usage in usages:
        share = matched if matched is not None else _share(profile, usage)
        expression = None if share is None else _expression(profile.table, usage)
        if expression is not None and share is not None:
            found[expression] = min(share, found.get(expression, 1.0))
    return found


def _share(profile: TableProfile, usage: ColumnUsage) -> float | None:
    axis = profile.layout.axes.get(usage.column)
    if axis is None or not axis.known or not usage.values:
        return None
    return min(1.0, len(usage.values) / axis.distinct)


def _expression(table: Table, usage: ColumnUsage) -> Expression | None:
    """None for a condition that no path serves: wrapped, negated, one of an OR's alternatives, of a type without paths,
    of a column that isn't stored."""
    if usage.branch is not None or usage.negated:
        return None
    column = table.column(usage.column)
    equal = usage.role in (Role.EQUALITY, Role.MEMBERSHIP)
    if column is None:
        name, _, path = usage.column.partition(":")
        held = table.column(name)
        plain = held is not None and held.data_type in ("VARIANT", "OBJECT") and PATH.fullmatch(path)
        return Expression("EQUALITY", name, path) if equal and plain else None
    if usage.wrapper is not None or column.virtual or column.data_type not in TYPES:
        return None
    if equal:
        return Expression("EQUALITY", column.name)
    long = usage.values and all(len(str(value)) >= SHORTEST_FRAGMENT for value in usage.values)
    return (
        Expression("SUBSTRING", column.name)
        if usage.role is Role.CONTAINS and column.data_type == "TEXT" and long
        else None
    )


def touched(partitions: int, rows: float) -> float:
    """Partitions that hold at least one of so many rows spread at random."""
    if partitions <= 1:
        return 1.0
    return max(1.0, partitions * -math.expm1(rows * math.log1p(-1 / partitions)))


def _look(
    profile: TableProfile, load: Load, expression: Expression, rows: float, scans: float, account: Account
) -> Look:
    reads = touched(profile.partitions, rows) * scans
    price = account.prices[load.template.fingerprint]
    before = load.before or 0.0
    if price is None or reads >= before:
        return Look(load, expression, rows, reads, ZERO)
    runs = load.template.executions * monthly(account.workload) * price.credits_per_hour / MS_PER_HOUR
    least, most = max(0.0, before - reads * SPREAD), before - max(1.0, reads / SPREAD)
    saved = price.saved_ms
    amounts = sorted((least * saved.low * runs, (before - reads) * saved.expected * runs, most * saved.high * runs))
    return Look(load, expression, rows, reads, Range(*amounts))
