"""What a template scans once its table is sorted by a key, counted on a row sample that is sorted and cut likewise.

Few sampled rows tell little of where few real ones lie: what asks for these is decided by how probably a partition holds one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.axes import bucket_codes
from advisor.pruning.closed_form import Floats
from advisor.pruning.cut import Cut
from advisor.pruning.group_ends import reaching
from advisor.pruning.layout import Layout
from advisor.pruning.prediction import predict_questions, together
from advisor.pruning.sample import Sample
from advisor.pruning.trailing import in_own_buckets, trailing
from advisor.pruning.unsampled import Bucketed, in_buckets

SEVERAL = 2
"""Groups that begin in a partition: with more of them it isn't one's end and another's beginning."""


def count(layout: Layout, key: Sequence[KeyPart]) -> Floats:
    """The same as `prediction.predict`, counted on the sample sorted by `key`; computed where there is no sample, or one without a
    column of the key. Conditions on columns or values that the sample doesn't have are computed, and the fewer of both taken."""
    computed = predict_questions(layout, key)
    if layout.sample is None or any(part.column not in layout.sample.columns for part in key):
        return layout.per_load(computed)
    cut = layout.sample.cut(key, layout.axes, layout.partitions)
    alive: dict[Ask, Floats] = {}
    for column in layout.intervals:
        bucketed = _bucketed(layout, layout.sample, column, key)
        overlap = bucketed.intervals.overlap(*_bounds(layout, layout.sample, cut, column, key))
        if (whole := bucketed.whole).any():
            at = next(i for i, part in enumerate(key) if part.column == column)
            overlap[whole] = bucketed.intervals.overlap(*_sorted_bounds(layout, layout.sample, cut, column, at))[whole]
        alive |= {ask: overlap[row].astype(float) for ask, row in bucketed.intervals.rows.items()}
    alive |= {
        ask: _holding(ask, layout, cut, key) for ask in layout.scarce if ask.null or not _follows(layout, ask, key)
    }
    for ask in layout.scarce:
        at_end = _at_an_end(ask, layout, layout.sample, cut, key)
        alive[ask] = at_end if _exact(layout, ask, key) else np.maximum(alive[ask], at_end)
    asked = predict_questions(layout.counted, key)
    for i, (question, held) in enumerate(zip(layout.questions, layout.counted.questions, strict=True)):
        found = [alive[ask] for ask in held.asks if ask in alive]
        if found:
            counted = max(1.0, float(np.multiply.reduce(found).sum()))
            # Where all is counted, what is computed differs by when the latest rows are asked for alone.
            every = len(found) == len(question.asks)
            likely = counted + computed[i] - asked[i] if every else counted * computed[i] / asked[i]
            computed[i] = min(max(1.0, likely), layout.scattered[layout.which[i]])
    return layout.per_load(computed)


def _bucketed(layout: Layout, sample: Sample, column: str, key: Sequence[KeyPart]) -> Bucketed:
    """What is asked of a column, as the key's coarsest expression of it puts it into buckets."""
    part = next((part for part in key if part.column == column), KeyPart(column))
    ordered = any(other != part and together(layout, other.column, column) is not None for other in key)
    if (part, ordered) not in layout.bucketed:
        each, intervals = layout.rows / max(1, layout.partitions), layout.intervals[column]
        layout.bucketed[part, ordered] = in_buckets(intervals, sample, layout.axes[column], part, each, ordered)
    return layout.bucketed[part, ordered]


def _bounds(layout: Layout, sample: Sample, cut: Cut, column: str, key: Sequence[KeyPart]) -> tuple[Floats, Floats]:
    """Lowest and highest rank of a column in each partition: as they look where it is sorted within a group of the key's
    earlier expressions, and wider elsewhere, as in a partition that holds several of very many groups.
    """
    at = next((i for i, part in enumerate(key) if part == KeyPart(column)), None)
    if at is None:
        return sample.bounds(column, cut, layout.rows)
    low, high = _sorted_bounds(layout, sample, cut, column, at)
    if at == 0:
        return low, high
    begun = cut.begun(at)
    if len(begun) < layout.partitions:
        return low, high
    groups = np.bincount(np.searchsorted(cut.starts, begun, side="right") - 1, minlength=len(cut.starts))
    lower, higher = sample.bounds(column, cut, layout.rows)
    return np.where(groups > SEVERAL, lower, low), np.where(groups > SEVERAL, higher, high)


def _sorted_bounds(layout: Layout, sample: Sample, cut: Cut, column: str, at: int) -> tuple[Floats, Floats]:
    """Lowest and highest rank in each partition of a column that the key's expression after so many others sorts."""
    low, high = sample.bounds(column, cut, None)
    if at == 0:
        return low, high
    lows, highs = (ranks[cut.order] for ranks in sample.ends[column])
    return reaching(low, high, (lows, highs), cut, at, layout.rows)


def _holding(ask: Ask, layout: Layout, cut: Cut, key: Sequence[KeyPart]) -> Floats:
    """How probably each partition holds a row that the ask matches."""
    assert layout.sample is not None
    if ask.null:
        return layout.sample.with_nulls(ask.column, cut, layout.rows, any(part.column == ask.column for part in key))
    return layout.sample.holding(ask.met_by(layout.sample.columns[ask.column]), ask.share, cut, layout.rows)


def _at_an_end(ask: Ask, layout: Layout, sample: Sample, cut: Cut, key: Sequence[KeyPart]) -> Floats:
    """How probably each partition holds a row that the ask matches where the key puts such rows at an end of something."""
    found = np.zeros(len(cut.starts))
    if not ask.null and not layout.for_none(ask):
        found = _in_stretches(layout, sample, ask, cut, key)
    for at, part in enumerate(key):
        if part.column == ask.column and _ends(layout, ask, key[:at]):
            found = np.maximum(found, _at_ends(ask, layout, sample, cut, at))
    return found


def _exact(layout: Layout, ask: Ask, key: Sequence[KeyPart]) -> bool:
    """A top-k reads the partitions that hold one of its rows. Where these lie the column's own expression in the key tells,
    however far few sampled rows seem to reach.
    """
    own = next((at for at, part in enumerate(key) if part.column == ask.column), None)
    if own is None or not ask.derived or not ask.open or _led(layout, ask, key) is not None:
        return False
    return key[own] != KeyPart(ask.column) or _ends(layout, ask, key[:own])


def _in_stretches(layout: Layout, sample: Sample, ask: Ask, cut: Cut, key: Sequence[KeyPart]) -> Floats:
    """How probably each partition holds one of the few rows at a column's end that the ask matches, where the key puts these
    together: in the order of a column that goes along with theirs, or in the last of their own buckets.
    """
    own = [at for at, part in enumerate(key) if part.column == ask.column]
    led, last = _led(layout, ask, key), ask.high is None
    if led is not None:
        return trailing(sample, ask.column, ask.share, cut, led, own[0] if own else None, layout.rows, last)
    if not own or key[own[0]] == KeyPart(ask.column):
        return np.zeros(len(cut.starts))
    buckets = bucket_codes(layout.axes[ask.column], key[own[0]], sample.columns[ask.column])
    before = own[1] if len(own) > 1 else None
    return in_own_buckets(sample, ask.column, ask.share, cut, buckets, own[0], before, layout.rows, last)


def _at_ends(ask: Ask, layout: Layout, sample: Sample, cut: Cut, earlier: int) -> Floats:
    """How probably each partition holds a row that the ask matches, of a column that the key sorts within groups of so
    many earlier expressions.
    """
    last = ask.positions[-1] > layout.axes[ask.column].high if ask.positions else ask.high is None
    return sample.at_ends(ask.met_by(sample.columns[ask.column]), ask.share, cut, earlier, layout.rows, last)


def _ends(layout: Layout, ask: Ask, earlier: Sequence[KeyPart]) -> bool:
    """The ask's rows lie at the end of each group of the earlier expressions: NULLs, which are the last, what stands for no
    value, or the far end of a column that has no NULLs, unless one of the expressions puts these together.
    """
    if not earlier or ask.null:
        return bool(earlier)
    if layout.for_none(ask):
        return True
    nulls = layout.axes[ask.column].null_share > 0
    return ask.open and not nulls and not _follows(layout, ask, earlier)


def _follows(layout: Layout, ask: Ask, key: Sequence[KeyPart]) -> bool:
    """The key, or a part of it, puts the ask's rows together; those with what stands for no value only their own column."""
    if layout.for_none(ask):
        return any(part.column == ask.column for part in key)
    return any(together(layout, part.column, ask.column) is not None for part in key)


def _led(layout: Layout, ask: Ask, key: Sequence[KeyPart]) -> int | None:
    """How many expressions of the key stand before the one that puts the ask's rows together, if that is another
    column's; None where none does, or its own.
    """
    at = next((i for i, part in enumerate(key) if _follows(layout, ask, [part])), None)
    return None if at is None or key[at].column == ask.column else at
