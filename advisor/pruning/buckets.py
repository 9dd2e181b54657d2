"""What the conditions on a column match of a key expression over it: each widened to whole buckets of the expression,
all at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.axes import INSTANT, Axis, bucket_codes
from advisor.pruning.groups import held, on_average
from advisor.pruning.unequal import Groups, of_values, unequal

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Matched:
    """By condition, as in Selection."""

    values: Floats
    share: Floats
    places: Floats
    open: Flags


@dataclass(frozen=True)
class ColumnAsks:
    """The conditions on one column as arrays."""

    values: Floats
    share: Floats
    places: Floats
    low: Floats
    """A range's ends; NaN where open."""
    high: Floats
    located: Flags
    open: Flags
    moving: Flags
    apart: Flags
    stood: Flags
    spread: Flags
    """Single values of which only the number is known, for a join implies them."""
    positions: Floats
    """Those of all conditions, one after the other."""
    owners: NDArray[np.intp]
    """Which condition each position belongs to."""
    known: dict[tuple[Axis, KeyPart, float], Matched] = field(default_factory=dict)
    """What `matched` has found so far: layouts that ask the same often have the same axes."""

    @staticmethod
    def of(asks: Sequence[Ask]) -> ColumnAsks:
        def floats(values: Sequence[float | None]) -> Floats:
            return np.array([math.nan if value is None else value for value in values], dtype=float)

        return ColumnAsks(
            floats([ask.values for ask in asks]),
            floats([ask.share for ask in asks]),
            floats([ask.places for ask in asks]),
            floats([ask.low for ask in asks]),
            floats([ask.high for ask in asks]),
            np.array([ask.located for ask in asks], dtype=bool),
            np.array([ask.open for ask in asks], dtype=bool),
            np.array([ask.moving for ask in asks], dtype=bool),
            np.array([ask.apart for ask in asks], dtype=bool),
            np.array([ask.stood for ask in asks], dtype=bool),
            np.array([ask.derived and not ask.positions for ask in asks], dtype=bool),
            floats([position for ask in asks for position in ask.positions]),
            np.array([i for i, ask in enumerate(asks) for _ in ask.positions], dtype=np.intp),
        )


def matched(axis: Axis, part: KeyPart, distinct: float, asks: ColumnAsks) -> Matched:
    """`distinct`: how many groups the expression makes."""
    key = axis, part, distinct
    if key not in asks.known:
        single = asks.values > 0
        some, all_ = (_single(axis, part, distinct, asks), _ranges(axis, part, distinct, asks))
        asks.known[key] = Matched(
            np.where(single, some.values, all_.values),
            np.where(single, some.share, all_.share),
            np.where(single, some.places, 0.0),
            ~single & all_.open,
        )
    return asks.known[key]


def _single(axis: Axis, part: KeyPart, distinct: float, asks: ColumnAsks) -> Matched:
    """Of conditions that ask for single values."""
    buckets = axis.buckets_at(part, asks.positions)
    single, told = of_values(axis, part, distinct), unequal(axis, part)
    if told is not None:
        distinct = told.count
    values = distinct if single else axis.distinct
    counts = {n: _fallen_into(n, distinct, values) for n in np.unique(asks.values).tolist()}
    hit = np.array([counts[n] for n in asks.values.tolist()], dtype=float)
    places = asks.places
    if buckets is not None and len(buckets):
        order = np.lexsort((buckets, asks.owners))
        owners, sorted_ = asks.owners[order], buckets[order]
        step = np.where(np.diff(owners) != 0, math.inf, np.diff(sorted_))
        first, apart = np.append(True, step > 0), np.append(False, (step > 1) & (step < math.inf))
        known = np.bincount(owners, minlength=len(hit)) > 0
        hit = np.where(known, np.bincount(owners, first, len(hit)), hit)
        places = np.where(known, 1 + np.bincount(owners, apart, len(hit)), places)
    if not single:  # each of them reaches into another bucket
        reached = np.maximum(0.0, asks.share - asks.values / axis.distinct) * distinct
        hit = np.where(asks.spread, hit + reached, hit)
    hit = np.minimum(hit, distinct)
    least = hit / distinct * (1 - axis.absent) * (axis.uncommon if single else 1.0)
    if told is not None:
        placed = np.bincount(asks.owners, minlength=len(hit)) > 0
        least = np.where(placed | single, _held(axis, part, told, asks), least)
    share = np.minimum(1.0, np.maximum(asks.share, least))
    return Matched(hit, share, np.minimum(hit, places), np.zeros(len(hit), dtype=bool))


def _ranges(axis: Axis, part: KeyPart, distinct: float, asks: ColumnAsks) -> Matched:
    coarse = 0.0 if of_values(axis, part, distinct) else 1 / distinct
    share = np.minimum(1.0, asks.share + coarse)
    values = np.maximum(1.0, share * distinct)
    first = axis.buckets_at(part, np.where(np.isnan(asks.low), axis.low, np.fmax(asks.low, axis.low)))
    end = np.where(asks.apart, asks.high, asks.high - INSTANT)
    last = axis.buckets_at(part, np.where(np.isnan(asks.high), axis.high, np.fmin(end, axis.high)))
    if first is not None and last is not None:
        within = held(axis, part, first, last)
        if within is None:
            within = np.minimum(1.0, (last - first + 1) / distinct)
        else:
            for at in np.flatnonzero(asks.moving):
                within[at] = on_average(axis, part, float(asks.low[at]))
            _as_rows_come(axis, part, asks, within)
        values = np.where(asks.located, np.minimum(distinct, np.maximum(1.0, within * distinct)), values)
        # What stands for no value is in no bucket of those between the column's ends.
        beside = np.where(asks.stood, axis.absent - axis.null_share, 0.0)
        share = np.where(asks.located, np.maximum(asks.share, within * (1 - axis.absent) + beside), share)
        told = unequal(axis, part)
        if told is not None and not axis.is_time:
            share, values = _among(axis, told, asks, within, share, values)
        # Conditions that exclude each other are asked together of the bucket that holds both, or of no bucket.
        share = np.where(asks.apart & (last > first), asks.share, share)
        values = np.where(asks.apart, 1.0, values)
    return Matched(values, share, np.zeros(len(share)), asks.located & asks.open)


def _as_rows_come(axis: Axis, part: KeyPart, asks: ColumnAsks, within: Floats) -> None:
    """Puts what the buckets of the latest rows hold where it is known on which days rows come."""
    if axis.pace is None:
        return
    for at in np.flatnonzero(asks.located & asks.open & np.isnan(asks.high)):
        held = axis.pace.since(part, max(float(asks.low[at]), axis.low), axis.high, bool(asks.moving[at]))
        within[at] = within[at] if held is None else held


def _held(axis: Axis, part: KeyPart, told: Groups, asks: ColumnAsks) -> Floats:
    """What the groups hold that single values fall into, each group once."""
    found = np.zeros(len(asks.share))
    if len(asks.positions):
        codes = bucket_codes(axis, part, asks.positions)
        pairs, at = np.unique(np.stack([asks.owners, codes]), axis=1, return_index=True)
        held = told.at(axis, asks.positions[at])
        if axis.outer is None and of_values(axis, part):
            held = np.zeros(len(at))  # what each value holds its condition says
        np.add.at(found, pairs[0].astype(np.intp), held)
    return found


def _among(
    axis: Axis, told: Groups, asks: ColumnAsks, even: Floats, share: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """What ranges match of groups of known size, and as how many of one size these are."""
    lows, highs = np.where(np.isnan(asks.low), -np.inf, asks.low), np.where(np.isnan(asks.high), np.inf, asks.high)
    first, last = (bucket_codes(axis, told.part, np.clip(each, -1e300, 1e300)) for each in (lows, highs - INSTANT))
    held, count = told.between(first, last, even)
    at = asks.located & ~asks.apart
    return np.where(at, np.maximum(asks.share, np.minimum(1.0, held)), share), np.where(
        at, np.maximum(1.0, count), values
    )


def _fallen_into(values: float, groups: float, distinct: float) -> float:
    """How many of a column's groups hold one of so many of its values, of which it isn't known where they lie (A. Cardenas,
    "Analysis and performance of inverted data base structures", CACM 1975)."""
    return groups * -math.expm1(values * math.log1p(-1 / groups)) if 1 < groups < distinct else float(values)
