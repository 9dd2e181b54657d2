"""Conditions widened to whole buckets, all of a column's at once: the same, to the last bit, as one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.axes import INSTANT, Axis, in_units
from advisor.pruning.buckets import ColumnAsks, matched
from advisor.pruning.groups import groups

PARTS = (
    KeyPart("C"),
    KeyPart("C", digits=2),
    KeyPart("C", digits=4),
    *(KeyPart("C", unit=unit) for unit in ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER")),
    KeyPart("C", substring=(1, 3)),
)
POSITIONS = st.floats(-1e4, 4e4).map(lambda x: round(x, 3)) | st.integers(-10, 30_000).map(float)


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    low = draw(POSITIONS)
    return Axis(
        "C",
        draw(st.sampled_from(["number", "date", "timestamp", "text"])),
        low,
        low + draw(st.floats(0, 1e4)),
        draw(st.sampled_from([2.0, 37.5, 1e3, 1e6])),
        demanded=tuple(draw(st.lists(POSITIONS, max_size=9))),
        uncommon=draw(st.sampled_from([1.0, 0.3])),
    )


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    share, derived = draw(st.floats(1e-9, 1)), draw(st.booleans())
    if draw(st.booleans()):
        positions = tuple(draw(st.lists(POSITIONS, max_size=5)))
        values = max(1, len(positions)) + draw(st.integers(0, 2))
        return Ask("C", share, values, positions=positions, derived=derived, stretches=draw(st.integers(0, 2)))
    low, high = draw(st.none() | POSITIONS), draw(st.none() | POSITIONS)
    return Ask("C", share, 0, low, high, located=draw(st.booleans()), derived=derived)


@given(axes(), st.lists(asks(), min_size=1, max_size=6), st.sampled_from(PARTS))
def test_all_at_once_is_the_same_as_one_by_one(axis: Axis, asked: Sequence[Ask], part: KeyPart) -> None:
    distinct = groups(axis, part)
    found = matched(axis, part, distinct, ColumnAsks.of(asked))
    both = zip(*(each.tolist() for each in (found.values, found.share, found.places, found.open)), strict=True)
    assert list(both) == [_alone(axis, part, distinct, ask) for ask in asked]


@pytest.mark.parametrize("unit", ["HOUR", "DAY", "WEEK", "MONTH"])
def test_a_range_up_to_the_start_of_a_bucket_ends_in_the_one_before(unit: str) -> None:
    axis = Axis("C", "timestamp", 19_358.0, 19_723.0, 1e6)  # 2023
    day = 19_389.0 if unit == "MONTH" else 19_388.0 if unit == "WEEK" else 19_390.0  # 1 February, a Monday, 2 February
    found = matched(axis, KeyPart("C", unit=unit), 400.0, ColumnAsks.of([Ask("C", 1e-6, 0, day - 1e-3, day)]))
    share = {"HOUR": 1 / 24, "DAY": 1, "WEEK": 7, "MONTH": 31}[unit] / 365
    assert found.share[0] == pytest.approx(share, rel=0.05)


def test_what_stands_for_no_value_is_matched_beside_the_bucket_that_an_open_range_begins_in() -> None:
    """A tenth of the versions are still valid; of the others those of a month are read for its last three days."""
    axis = Axis("C", "date", 19_358.0, 19_722.0, 365.0, known=True, stand_ins=(2932896.0,), stood_in=0.1)
    part, since = KeyPart("C", unit="MONTH"), Ask("C", 0.1 + 0.9 * 3 / 365, 0, 19_720.0, stood=True)
    found = matched(axis, part, groups(axis, part), ColumnAsks.of([since]))
    assert found.share[0] == pytest.approx(0.1 + 0.9 * 31 / 365, abs=0.005)


def _alone(axis: Axis, part: KeyPart, distinct: float, ask: Ask) -> tuple[float, float, float, bool]:
    """One condition, by the rules as they read."""
    if ask.values:
        found = {_bucket(axis, part, position) for position in ask.positions}
        buckets = sorted(bucket for bucket in found if bucket is not None)
        known = bool(buckets) and len(buckets) == len(found)
        hit, places = float(ask.values), float(ask.places)
        if known:
            hit, places = float(len(buckets)), 1.0 + sum(b - a > 1 for a, b in pairwise(buckets))
        elif 1 < distinct < axis.distinct:
            hit = distinct * -math.expm1(ask.values * math.log1p(-1 / distinct))
        if ask.derived and not ask.positions and distinct < axis.distinct:
            hit += max(0.0, ask.share - ask.values / axis.distinct) * distinct
        hit = min(hit, distinct)
        even = hit / distinct * (axis.uncommon if distinct == axis.distinct else 1.0)
        return hit, min(1.0, max(ask.share, even)), min(hit, places), False
    share = min(1.0, ask.share + (1 / distinct if distinct < axis.distinct else 0.0))
    first = _bucket(axis, part, axis.low if ask.low is None else max(ask.low, axis.low))
    last = _bucket(axis, part, axis.high if ask.high is None else min(ask.high - INSTANT, axis.high))
    if not ask.located or first is None or last is None:
        return max(1.0, share * distinct), share, 0.0, ask.open
    if axis.demanded or (part.unit is None and part.digits is None):
        within = min(1.0, (last - first + 1) / distinct)
    else:
        low, high = in_units(part, axis.low), in_units(part, axis.high)
        within = min(1.0, max(0.0, min(last + 1, high) - max(first, low)) / max(high - low, 1e-12))
    return min(distinct, max(1.0, within * distinct)), max(ask.share, within), 0.0, ask.open


def _bucket(axis: Axis, part: KeyPart, position: float) -> float | None:
    if part.digits is not None:
        return float(math.trunc(in_units(part, position)))
    if part.unit is not None:
        return float(math.floor(in_units(part, position)))
    return float(math.floor(position)) if part.substring is None and axis.family == "date" else None


def test_nothing_asked_is_nothing_matched() -> None:
    found = matched(Axis("C", "number", 0, 1, 2), KeyPart("C", digits=1), 2.0, ColumnAsks.of([]))
    assert not np.any(found.values)
