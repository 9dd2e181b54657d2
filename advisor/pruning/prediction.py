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
from advisor.pruning.axes import Axis
from advisor.pruning.buckets import ColumnAsks, matched
from advisor.pruning.closed_form import Floats, Selection, Walked
from advisor.pruning.counterparts import EVEN_ODDS, STRAYING
from advisor.pruning.few_rows import at_ends, leading
from advisor.pruning.groups import groups, sizes_of
from advisor.pruning.layout import Layout
from advisor.pruning.nests import plain_key
from advisor.pruning.unequal import count_of, mixed, of_values
from advisor.pruning.widths import UNSORTED, touched

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
    scanned = layout.holding(_walk(layout, key, depth).scanned(layout.partitions))
    return np.minimum(scanned, _few(layout, key))


def _few(layout: Layout, key: tuple[KeyPart, ...]) -> Floats:
    """The most partitions in which the few rows lie that some of `Layout.asked` are for."""
    most = np.full(len(layout.asked), math.inf)
    for column, places in layout.deciding.items():
        at = leading(key, column)
        if 0 < at < len(key):
            lead, shares = [select(layout, part) for part in key[:at]], select(layout, key[at]).share[places]
            most[places] = at_ends(lead, places, shares, layout.few[places], layout.partitions)
    return most.clip(min=1.0)


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
    # Of unequal groups the small ones are reached as well.
    options.values[at] = np.maximum(1.0, options.share[at] * max(distinct, options.count))


def _latest(
    asks: AskColumns, column: str, width: float, distinct: float, axis: Axis, part: KeyPart, options: Selection
) -> None:
    """The same of the latest rows by another time, which are the latest by this one too: as they lie now, in buckets
    that have just begun or are nearly full, or on average over a bucket where they are asked for at any time.
    """
    at = [i for i in asks.places[column].tolist() if options.share[i] < 1 and _since(asks.all[i])]
    if at:
        every = [asks.all[i] for i in at]
        shares = [min(1.0, ask.share + width) for ask in every]
        here = ColumnAsks.of([
            Ask(axis.column, share, 0, axis.high - share * axis.span, moving=ask.moving)
            for ask, share in zip(every, shares, strict=True)
        ])  # fmt: skip
        options.share[at] = matched(axis, part, distinct, here).share
        options.values[at] = np.maximum(1.0, options.share[at] * distinct)


def _since(ask: Ask) -> bool:
    return ask.open and ask.low is not None


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
