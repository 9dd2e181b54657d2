"""The rows of a sample in some order, cut into partitions of equal size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.unsignedinteger]

LARGE_GROUP = 4
"""Partitions' worth of rows from which a group's own span is taken as it looks."""
PACKED_BITS = 63
FEWER = (0.5, 0.25)
"""Shares of the rows whose spans show how a span grows with the rows."""


@dataclass(frozen=True)
class Cut:
    """A sample in the order of a key, cut into partitions."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    """Where each partition begins."""
    groups: NDArray[np.intp]
    """Where each group of the leading expression begins."""
    within: NDArray[np.intp]
    """The large group that each partition lies wholly in; -1 where it lies in none."""
    alike: NDArray[np.intp]
    """Where each group of rows with one key begins: among themselves they lie in no order."""
    inside: NDArray[np.intp]
    """The group of one key that each partition lies wholly in; -1 where it lies in none."""
    lots: Floats
    """What draws a half and a quarter of the rows, in this order."""
    changes: Sequence[NDArray[np.bool_]]
    """By expression, whether each row but the first gives another value than the one before it."""

    @staticmethod
    def of(order: NDArray[np.intp], codes: Sequence[Codes], lots: Floats, partitions: int) -> Cut:
        """Rows in some order, cut into partitions of equal size; `codes` are what the order's expressions give for
        each, and `lots` what was drawn for each, in that order.
        """
        rows = len(order)
        starts = np.linspace(0, rows, partitions, endpoint=False).astype(np.intp)
        ends = np.append(starts[1:], rows) - 1
        changes = [code[1:] != code[:-1] for code in codes] or [np.zeros(max(0, rows - 1), dtype=bool)]
        group, firsts = _groups(changes[0])
        large = np.bincount(group) * partitions >= LARGE_GROUP * rows
        within = np.where((group[starts] == group[ends]) & large[group[starts]], group[starts], -1)
        same, alike = _groups(np.logical_or.reduce(changes))
        inside = np.where(same[starts] == same[ends], same[starts], -1)
        return Cut(order, starts, firsts, within, alike, inside, lots, changes)

    def begun(self, expressions: int) -> NDArray[np.intp]:
        """Where each group of the first so many expressions begins."""
        changed = np.logical_or.reduce(self.changes[:expressions])
        return np.flatnonzero(np.append(True, changed)).astype(np.intp)

    @cached_property
    def drawn(self) -> tuple[Draw, ...]:
        """The rows that are drawn for each of `FEWER`."""
        return tuple(Draw.of(np.flatnonzero(self.lots < share), self.starts) for share in FEWER)

    def reach(self, lows: Floats, highs: Floats) -> tuple[Floats, Floats]:
        """How low and high a partition can reach: the span of its group, which has many more rows, or of the table."""
        inside = self.within >= 0
        if not inside.any():
            return np.full(len(inside), lows.min()), np.full(len(inside), highs.max())
        least, most = np.minimum.reduceat(lows, self.groups), np.maximum.reduceat(highs, self.groups)
        return np.where(inside, least[self.within], least.min()), np.where(inside, most[self.within], most.max())

    def filled(self, low: Floats, high: Floats, lows: Floats, highs: Floats) -> tuple[Floats, Floats]:
        """What partitions span that hold rows of one key only: as much as all its sampled rows, of which each of them, having
        far more rows, holds the like."""
        same = self.inside >= 0
        if not same.any():
            return low, high
        least, most = np.minimum.reduceat(lows, self.alike), np.maximum.reduceat(highs, self.alike)
        return np.where(same, least[self.inside], low), np.where(same, most[self.inside], high)


@dataclass(frozen=True)
class Draw:
    """Some of the rows of a sorted sample."""

    rows: NDArray[np.intp]
    held: NDArray[np.bool_]
    """By partition whether it has any of them."""
    starts: NDArray[np.intp]
    """Where each partition that has any begins among them."""

    @staticmethod
    def of(rows: NDArray[np.intp], starts: NDArray[np.intp]) -> Draw:
        firsts = np.searchsorted(rows, starts)
        held = np.diff(np.append(firsts, len(rows))) > 0
        return Draw(rows, held, firsts[held])

    def spans(self, lows: Floats, highs: Floats) -> Floats:
        """What these rows span in each partition; infinite, and negative, where there are none."""
        found = np.full(len(self.held), -np.inf)
        found[self.held] = np.maximum.reduceat(highs[self.rows], self.starts) - np.minimum.reduceat(
            lows[self.rows], self.starts
        )
        return found


def in_order(codes: Sequence[Codes], rows: int) -> NDArray[np.intp]:
    """Which of so many rows comes where when they are sorted by the first code, then the next; equal ones stay as they lie.

    All that a row is sorted by, its place at last, goes into one whole number where that has room for it: numbers are sorted
    several times as fast as rows are by each code.
    """
    last = max(0, rows - 1).bit_length()
    bits = [int(code.max(initial=0)).bit_length() for code in codes]
    if sum(bits) + last > PACKED_BITS:
        return np.lexsort(tuple(reversed(codes)))
    packed = np.zeros(rows, np.int64)
    for code, width in zip(codes, bits, strict=True):
        packed = packed << width | code.astype(np.int64)
    packed = packed << last | np.arange(rows)
    packed.sort()
    return np.asarray(packed & (1 << last) - 1, dtype=np.intp)


def compact(codes: NDArray[np.integer]) -> Codes:
    """The same whole numbers from 0 in as few bytes as they take."""
    return codes.astype(np.min_scalar_type(int(codes.max(initial=0))))


def _groups(changes: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The group of each row, where `changes` tells that one begins, and the first row of each group."""
    group = np.concatenate([[0], np.cumsum(changes)]).astype(np.intp)
    return group, np.flatnonzero(np.diff(group, prepend=-1)).astype(np.intp)
