"""What a template scans once its table is sorted by a key.

A micro-partition is skipped when the condition can't hold between the minimum and the maximum it stores of the column
("Pruning in Snowflake", SIGMOD 2025). Under a key (c1, c2, …) a partition that straddles two values of c1 spans nearly all
of c2: only partitions wholly inside one group of the leading columns can be skipped by the next one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from advisor.model import KeyPart
from advisor.pruning.asked import AskColumns
from advisor.pruning.asks import Ask
from advisor.pruning.axes import Axis, bucket_codes
from advisor.pruning.buckets import ColumnAsks, matched
from advisor.pruning.closed_form import Floats, Selection, Walked
from advisor.pruning.counterparts import EVEN_ODDS, STRAYING
from advisor.pruning.cut import Cut
from advisor.pruning.group_ends import reaching
from advisor.pruning.groups import groups, sizes_of
from advisor.pruning.layout import Layout
from advisor.pruning.nests import plain_key
from advisor.pruning.sample import Sample
from advisor.pruning.trailing import in_own_buckets, trailing
from advisor.pruning.unequal import count_of, mixed, of_values
from advisor.pruning.unsampled import Bucketed, in_buckets
from advisor.pruning.widths import UNSORTED, touched

SEVERAL = 2
"""Groups that begin in a partition: with more of them it isn't one's end and another's beginning."""
BEHIND_AN_END = 0.25
"""How wide one column is taken to stay where another is narrow, if nothing but an end of either was seen: what was
opened lately was updated lately, but what was updated lately may have been opened at any time.
"""
KEPT_LEVELS = 1
"""Longer beginnings are walked anew: they would take more memory than they save time."""


def predict(layout: Layout, key: Sequence[KeyPart], depth: float = 1.0) -> Floats:
    """Partitions that each load scans per execution once the table is sorted by `key`.

    `depth` is how many partitions overlap at any point of the key: 1 for a perfect sort, more while automatic
    clustering lags behind the writes.
    """
    return layout.per_load(predict_questions(layout, key, depth))


def predict_questions(layout: Layout, key: Sequence[KeyPart], depth: float = 1.0) -> Floats:
    """Partitions that each question scans, by the closed form."""
    if layout.nests:
        return predict_questions(layout.plain, plain_key(key, layout.nests), depth)
    return _predict_asked(layout, tuple(key), depth)[layout.which]


def _predict_asked(layout: Layout, key: tuple[KeyPart, ...], depth: float) -> Floats:
    """The same by `Layout.asked`."""
    if layout.surmise is not None:
        so = _predict_asked(layout.surmised, key, depth)
        alike = all(_unmoved(layout, part) for part in key)
        otherwise = so if alike else _predict_asked(layout.unsurmised, key, depth)
        return EVEN_ODDS * so + (1 - EVEN_ODDS) * otherwise
    return layout.holding(_walk(layout, key, depth).scanned(layout.partitions))


def _unmoved(layout: Layout, part: KeyPart) -> bool:
    """The surmise tells nothing of the expression: with and without it the same walk is walked."""
    if part not in layout.unmoved:
        so, otherwise = layout.surmised, layout.unsurmised
        layout.unmoved[part] = (
            groups_of(so, part) == groups_of(otherwise, part)
            and so.ties.abreast.get(part.column) == otherwise.ties.abreast.get(part.column)
            and select(so, part).same(select(otherwise, part))
        )
    return layout.unmoved[part]


def count(layout: Layout, key: Sequence[KeyPart]) -> Floats:
    """The same as `predict`, counted on the sample sorted by `key`; computed where there is no sample, or one without a
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
        if not ask.null and not layout.for_none(ask):
            alive[ask] = np.maximum(alive[ask], _in_stretches(layout, layout.sample, ask, cut, key))
        for at, part in enumerate(key):
            if part.column == ask.column and _ends(layout, ask, key[:at]):
                alive[ask] = np.maximum(alive[ask], _at_ends(ask, layout, layout.sample, cut, at))
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


def _walk(layout: Layout, key: tuple[KeyPart, ...], depth: float) -> Walked:
    """Keys that begin alike share the way: a search tries hundreds of them."""
    if not key:
        return Walked.start(layout.partitions, len(layout.asked))
    if len(key) > KEPT_LEVELS:
        return _step(layout, key, depth)
    if (key, depth) not in layout.walked:
        layout.walked[key, depth] = _step(layout, key, depth)
    return layout.walked[key, depth]


def _step(layout: Layout, key: tuple[KeyPart, ...], depth: float) -> Walked:
    part = key[-1]
    distinct = distinct_within(layout, key[:-1], part)
    return _walk(layout, key[:-1], depth).by(select(layout, part), distinct, depth)


def select(layout: Layout, part: KeyPart) -> Selection:
    """What each of `Layout.asked` says of a key expression, by itself or through a column that the layout shows to move
    with it.
    """
    if part in layout.selections:
        return layout.selections[part]
    axis = layout.axes[part.column]
    distinct = groups_of(layout, part)
    options = _own(layout, axis, part, distinct)
    for column in layout.asks.places:
        width = None if column == part.column else together(layout, part.column, column)
        if width is not None:
            _beside(layout.asks, column, width, distinct, options)
            if all(line.is_time and line.known for line in (axis, layout.axes[column])):
                _latest(layout.asks, column, width, distinct, axis, part, options)
        elif column in layout.ties.one_to_one.get(part.column, ()) and of_values(axis, part, distinct):
            _through(layout.asks, part.column, column, distinct, options)
    return layout.selections.setdefault(part, _narrowest(layout, distinct, options))


def _own(layout: Layout, axis: Axis, part: KeyPart, distinct: float) -> Selection:
    """What each condition says of a key expression of its own column; those on others say nothing yet."""
    asks = layout.asks
    among = axis.uncommon if of_values(axis, part, distinct) else 1.0
    options = Selection.none(len(asks.all), distinct, among, sizes_of(axis, part), mixed(axis), count_of(axis, part))
    at = asks.places.get(part.column)
    if at is not None:
        found = matched(axis, part, distinct, asks.columns[part.column])
        options.values[at], options.share[at] = found.values, found.share
        options.places[at], options.open[at] = found.places, found.open
    return options


def _beside(asks: AskColumns, column: str, width: float, distinct: float, options: Selection) -> None:
    """Puts among the options what a column says that stays so wide where the key expression is narrow."""
    at = asks.places[column]
    at = at[~asks.elsewhere[at] & (asks.shares[at] + width < UNSORTED)]
    options.share[at] = np.minimum(1.0, asks.shares[at] + asks.parts[at] * (width + 1 / distinct))
    options.values[at] = np.maximum(1.0, options.share[at] * distinct)


def _latest(
    asks: AskColumns, column: str, width: float, distinct: float, axis: Axis, part: KeyPart, options: Selection
) -> None:
    """The same of the latest rows by another time, which are the latest by this one too: as they lie now, in buckets
    that have just begun or are nearly full. Those that are asked for at any time may take in a bucket more.
    """
    at = [i for i in asks.places[column].tolist() if options.share[i] < 1 and _since(asks.all[i])]
    if at:
        shares = [min(1.0, asks.all[i].share + width) for i in at]
        here = ColumnAsks.of([Ask(axis.column, share, 0, axis.high - share * axis.span) for share in shares])
        options.share[at] = matched(axis, part, distinct, here).share
        options.values[at] = np.maximum(1.0, options.share[at] * distinct)


def _since(ask: Ask) -> bool:
    return ask.open and ask.low is not None and not ask.moving


def _through(asks: AskColumns, key: str, column: str, distinct: float, options: Selection) -> None:
    """Puts among the options what a column says whose values go one to one with the key expression's, in an order of their own:
    only partitions that hold one value are sure to be skipped, unless it is the one."""
    at = asks.places[column]
    own = asks.owners[asks.places[key]] if key in asks.places else np.zeros(0, dtype=np.intp)
    at = at[~asks.elsewhere[at] & ~np.isin(asks.owners[at], own)]
    options.share[at] = asks.shares[at]
    options.values[at], options.places[at] = np.maximum(1.0, asks.shares[at] * distinct), np.inf


def _narrowest(layout: Layout, distinct: float, options: Selection) -> Selection:
    """Of the conditions of each of `Layout.asked` the one that matches the least, among equals the first."""
    least = np.ones(len(layout.asked))
    if len(layout.asks.firsts):
        least[layout.asks.asking] = np.minimum(1.0, np.minimum.reduceat(options.share, layout.asks.firsts))
    at = np.flatnonzero((options.share < 1) & (options.share == least[layout.asks.owners]))[::-1]
    narrowest = Selection.none(len(layout.asked), distinct, options.among, options.sizes, options.mixed, options.count)
    # From the last to the first, so that the first stays.
    into = layout.asks.owners[at]
    narrowest.values[into], narrowest.share[into] = options.values[at], options.share[at]
    narrowest.places[into], narrowest.open[into] = options.places[at], options.open[at]
    return narrowest


def together(layout: Layout, key: str, column: str) -> float | None:
    """How wide `column` stays where `key` is narrow, as a share of its axis; None where nothing shows that they go together.

    The sample shows it. Without one, both go with the order of loading when a partition of today spans little of
    either: then each is a proxy of the other. Or they are times that are surmised to.
    """
    sample = layout.sample
    if sample is not None and key in sample.columns and column in sample.columns:
        width = sample.width(key, column)
        return width if width < UNSORTED else None
    first, second = layout.widths.get(key), layout.widths.get(column)
    if column in layout.ties.abreast.get(key, ()):
        return STRAYING
    if first is None or second is None or max(first, second) >= UNSORTED:
        return None
    width = sum(max(0.0, width - 1 / layout.partitions) for width in (first, second))
    return max(width, BEHIND_AN_END) if {key, column} <= layout.at_ends else width


def groups_of(layout: Layout, part: KeyPart) -> float:
    if part not in layout.groups:
        layout.groups[part] = groups(layout.axes[part.column], part)
    return layout.groups[part]


def distinct_within(layout: Layout, earlier: Sequence[KeyPart], part: KeyPart) -> float:
    """Distinct values of a key expression inside one group of the earlier ones."""
    distinct = groups_of(layout, part)
    for other in earlier:
        if other.column == part.column:
            distinct = min(distinct, max(1.0, groups_of(layout, part) / groups_of(layout, other)))
            continue
        width = together(layout, other.column, part.column)
        if width is not None:
            group = 1 / groups_of(layout, other)
            distinct = min(distinct, max(1.0, distinct * min(1.0, width + group)))
    return distinct


def scanned_today(layout: Layout) -> Floats:
    """Partitions that each load should scan per execution on today's layout, by the widths learned from all of them."""
    shares = [
        0.0 if question.barren else
        math.prod(touched(ask, layout.widths[ask.column]) for ask in question.asks if ask.column in layout.widths)
        for question in layout.questions
    ]  # fmt: skip
    return layout.per_load(np.array(shares) * layout.partitions)
