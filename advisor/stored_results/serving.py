"""What a stored result would hold, and what keeping it takes: groups, bytes, partitions, credits.

The number of groups among n rows with D possible key values is D(1 - (1 - 1/D)^n) (Cardenas 1975); D is the product of the
keys' distinct counts, or what a row sample shows of them together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlglot import exp

from advisor import cost
from advisor.blocks import Stored
from advisor.blocks.stored import parsed
from advisor.cost import MS_PER_HOUR
from advisor.keys import parse
from advisor.model import Churn, KeyPart, Range, Workload
from advisor.profile import TableProfile
from advisor.pruning.axes import Axis, bucket_codes
from advisor.pruning.ends import axis
from advisor.settings import Settings

SPREAD = 1.5  # groups lie below the estimate times this: distinct counts are themselves approximate
TRUTH_VALUES = 3.0
UNKNOWN_WRITES = 24.0  # a day, where rows arrive and no statement is seen to bring them
YEARS = {"YEAR": "YEAR", "MONTH": "MONTH", "QUARTER": "QUARTER"}


@dataclass(frozen=True)
class Size:
    rows: Range
    bytes: Range
    partitions: Range


class UnknownSizeError(Exception):
    """The message names the key whose distinct count isn't known."""


@dataclass(frozen=True)
class Sizer:
    """Sizes what could be stored of one table; remembers what it found of each key."""

    profile: TableProfile
    workload: Workload
    _found: dict[str, tuple[float, bool]] = field(default_factory=dict)

    def size(self, kept: Stored) -> Size:
        """Raises UnknownSizeError where nothing tells how many groups there are."""
        return _size(kept, self.profile, [self.distinct(key) for key in kept.keys])

    def distinct(self, key: str) -> tuple[float, bool]:
        if key not in self._found:
            self._found[key] = _distinct(key, self.profile, self.workload)
        return self._found[key]


def _size(kept: Stored, profile: TableProfile, each: Sequence[tuple[float, bool]]) -> Size:
    rows = float(profile.table.rows or 0)
    possible = math.prod(count for count, _ in each)
    expected = _groups(possible, rows)
    seen = _sampled(kept, profile)
    if seen is None:
        unknown = next((key for key, (_, sure) in zip(kept.keys, each, strict=True) if not sure), None)
        if unknown is not None:
            raise UnknownSizeError(unknown)
    expected = expected if seen is None else min(expected, seen)
    low = min(expected, max((count for count, sure in each if sure), default=1.0))
    high = min(rows, expected * SPREAD)
    groups = Range(max(1.0, min(low, expected)), max(1.0, expected), max(1.0, expected, high))
    width = (profile.table.bytes or 0) / max(1.0, rows) / max(1, len(profile.table.columns))
    held = groups.scaled(width * (len(kept.keys) + len(kept.aggregates)))
    stored_bytes = Range(held.low / 2, held.expected, held.high * 2)
    partition = profile.partition_bytes or 1.0
    parts = (
        max(1.0, math.ceil(figure / partition))
        for figure in (stored_bytes.low, stored_bytes.expected, stored_bytes.high)
    )
    return Size(groups, stored_bytes, Range(*parts))


def _groups(possible: float, rows: float) -> float:
    return possible * -math.expm1(rows * math.log1p(-1 / possible)) if possible > 1 else 1.0


def _distinct(key: str, profile: TableProfile, workload: Workload) -> tuple[float, bool]:
    """How many values a key has at most, NULL included, and whether statistics say so."""
    node, part = parsed(key), key_part(key)
    columns = sorted({column.name for column in node.find_all(exp.Column)})
    if part is not None:
        columns = [part.column]
    counts = [_of_column(name, part, profile, workload) for name in columns]
    return math.prod(count for count, _ in counts), all(sure for _, sure in counts)


def key_part(key: str) -> KeyPart | None:
    """A key that is a column, bare or cut; YEAR(d) has as many values as DATE_TRUNC('YEAR', d), and MONTH(d) no more."""
    found = parse(key)
    if found is None:
        node = parsed(key)
        unit = YEARS.get(type(node).__name__.upper())
        column = node.this if unit else None
        found = KeyPart(column.name, unit=unit) if isinstance(column, exp.Column) else None
    return found


def _of_column(name: str, part: KeyPart | None, profile: TableProfile, workload: Workload) -> tuple[float, bool]:
    column = profile.table.column(name)
    if column is not None and column.data_type == "BOOLEAN":
        return TRUTH_VALUES, True
    line = line_of(name, profile, workload)
    if line is None:
        raise UnknownSizeError(name)
    count = line.buckets(part) if part is not None else line.distinct
    return count + (1 if line.null_share else 0), line.known


def line_of(name: str, profile: TableProfile, workload: Workload) -> Axis | None:
    """The column's axis from statistics, from the literals compared with it, or for a date from the table's lifetime."""
    found = profile.layout.axes.get(name)
    if found is not None:
        return found
    column, table = profile.table.column(name), profile.table
    if column is None:
        return None
    made = axis(name, column, float(table.rows or 1), (), (table.created, workload.window_end))
    return made if made.known or (made.is_time and table.created is not None) else None


def _sampled(kept: Stored, profile: TableProfile) -> float | None:
    """Groups as Chao's estimate (1984) of those that the row sample shows; None where it doesn't show enough to tell."""
    sample = profile.layout.sample
    parts = [key_part(key) for key in kept.keys]
    if sample is None or not parts or any(part is None or part.column not in sample.columns for part in parts):
        return None
    codes = [
        bucket_codes(profile.layout.axes[part.column], part, sample.columns[part.column])
        for part in parts
        if part is not None
    ]
    _, counts = np.unique(np.column_stack(codes), axis=0, return_counts=True)
    often = Counter(counts.tolist())
    once, twice = often[1], often[2]
    if once * 2 > sample.rows:
        return None
    return float(len(counts) + once * (once - 1) / (2 * (twice + 1)))


# ---------------------------------------------------------------- credits


@dataclass(frozen=True)
class Keeping:
    """What it takes to have it: credits once, and a month."""

    build: Range
    upkeep: Range
    assumed_churn: bool


def keeping(
    held: Size,
    profile: TableProfile,
    credits_per_partition: float,
    writes_per_day: float,
    days: float,
    settings: Settings,
    rows: bool = False,
) -> Keeping:
    """Built by one scan of the table; kept by reading each partition that changes and rewriting the groups in it, or its `rows`
    where these are what is stored.

    A day's writes fill `arriving` partitions and touch others anywhere; reclustering rewrites partitions too, and each that
    it rewrites is read again.
    """
    low, expected, high = settings.refresh_multiplier
    scan = Range(low, expected, high).scaled(credits_per_partition)
    gib = held.bytes.scaled(1 / cost.GIB)
    prices = settings.rewrite_credits_per_gib
    write = Range(gib.low * prices[0], gib.expected * prices[1], gib.high * prices[2])
    assumed = profile.churn is None
    changed = changed_daily(profile, days, settings)
    refreshes = min(writes_per_day or UNKNOWN_WRITES, 1440.0) if changed else 0.0
    # A refresh rewrites the groups that it meets: at most all that is stored, in the best case next to nothing.
    groups = Range(0.0, write.expected / 2 * refreshes, write.high * refreshes)
    rewriting = write.scaled(changed / profile.partitions) if rows else groups
    starting = product(settings.refresh_seconds, settings.refresh_multiplier).scaled(refreshes / 3600)
    daily = scan.scaled(changed) + rewriting + starting
    upkeep = daily.scaled(cost.DAYS_PER_MONTH)
    return Keeping(
        scan.scaled(profile.partitions) + write,
        Range(0, upkeep.expected / 2, upkeep.high) if assumed else upkeep,
        assumed,
    )


def changed_daily(profile: TableProfile, days: float, settings: Settings) -> float:
    """Partitions a day that a refresh must read: written by statements, a full turnover a month where these aren't recorded, or
    by automatic clustering."""
    rows = float(profile.table.rows or 1)
    written = profile.churn or Churn(rows / cost.DAYS_PER_MONTH, 0.0, 0.0)
    return changed_partitions(written, rows, profile.partitions) + reclustered(profile, days, settings)


def changed_partitions(churn: Churn, rows: float, partitions: int) -> float:
    """Partitions a day that are new or hold a row that was changed or removed."""
    touched = partitions * -math.expm1(-(churn.rows_removed + churn.rows_updated) / partitions)
    return churn.rows_added / rows * partitions + touched


def reclustered(profile: TableProfile, days: float, settings: Settings) -> float:
    """Partitions a day that automatic clustering rewrites, from what it billed over the window."""
    size = profile.partition_bytes
    if not profile.clustering_credits or not size:
        return 0.0
    return profile.clustering_credits / days / (settings.rewrite_credits_per_gib[1] * size / cost.GIB)


def product(first: tuple[float, float, float], second: tuple[float, float, float]) -> Range:
    return Range(*(a * b for a, b in zip(first, second, strict=True)))


def per_hour(ms: Range, credits_per_hour: float) -> Range:
    """Credits for so many milliseconds."""
    return ms.scaled(credits_per_hour / MS_PER_HOUR)


def total(figures: Iterable[Range]) -> Range:
    """The sum; errors of different templates are independent, so their deviations add up as squares."""
    each = list(figures)
    middle = math.fsum(figure.expected for figure in each)
    less = math.sqrt(math.fsum((figure.expected - figure.low) ** 2 for figure in each))
    more = math.sqrt(math.fsum((figure.high - figure.expected) ** 2 for figure in each))
    return Range(middle - less, middle, middle + more)


def known_types(profile: TableProfile) -> Mapping[str, str]:
    return {column.name: column.data_type for column in profile.table.columns}
