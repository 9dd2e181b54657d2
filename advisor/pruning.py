"""What a template scans: today's layout read off the history, and any clustering key's layout predicted.

A micro-partition is skipped when the condition can't hold between the minimum and the maximum it stores of the column
("Pruning in Snowflake", SIGMOD 2025). Two laws follow. A range that matches a share s of the rows overlaps a partition
that spans a share w of the column with probability s + w, which turns every observed scan into a measure of w. And
under a key (c1, c2, …) a partition that straddles two values of c1 spans nearly all of c2: only partitions wholly
inside one group of the leading columns can be skipped by the next one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.axes import INSTANT, Axis
from advisor.model import KeyPart
from advisor.sample import Sample

Floats = NDArray[np.float64]

UNSORTED = 0.5
"""A column whose partitions span more than this share of it isn't ordered by the layout in any useful way."""


@dataclass(frozen=True)
class Ask:
    """One AND-ed condition of one scan on one column that a minimum and a maximum can decide."""

    column: str
    share: float
    """Of the table's rows."""
    values: int = 0
    """How many single values it asks for; 0 for a range."""
    low: float | None = None
    high: float | None = None
    """A range's ends as positions on the column's axis; None where open."""
    positions: tuple[float, ...] = ()
    """Where the single values stand, those that stand anywhere."""
    bare: bool = True
    """No function or cast stands around the column."""


@dataclass(frozen=True)
class Question:
    """One scan of the table by one sampled execution: conditions joined by AND."""

    load: int
    """Which of the profile's loads it belongs to."""
    weight: float
    """Its part of the load's scans: a load of n samples with one scan each has n questions of weight 1/n."""
    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Layout:
    """A table as the model sees it: its size, its columns' axes, what is asked, how it lies today."""

    rows: float
    partitions: int
    axes: Mapping[str, Axis]
    widths: Mapping[str, float]
    """Per column the mean share of its axis that a partition spans today, learned from the scans; absent: unknown."""
    questions: tuple[Question, ...]
    loads: int
    sample: Sample | None = None
    """Of its rows, where the snapshot has one that is large enough for its partitions."""

    @cached_property
    def weights(self) -> Floats:
        return np.array([question.weight for question in self.questions])

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        return np.array([question.load for question in self.questions], dtype=np.intp)

    @cached_property
    def selections(self) -> dict[KeyPart, Selection]:
        """What `select` has found so far: a search tries each expression in hundreds of keys."""
        return {}

    @cached_property
    def intervals(self) -> Mapping[str, Intervals]:
        """What is asked of each column that the sample has."""
        asked: dict[str, dict[Ask, None]] = {}
        for question in self.questions:
            for ask in question.asks:
                if self.sample is not None and ask.column in self.sample.columns and (ask.positions or not ask.values):
                    asked.setdefault(ask.column, {})[ask] = None
        sample = self.sample
        return {} if sample is None else {name: Intervals.of(sample, name, list(asks)) for name, asks in asked.items()}

    def per_load(self, scanned: Floats) -> Floats:
        """Partitions per execution of each load, from partitions per question."""
        return np.bincount(self.owners, weights=scanned * self.weights, minlength=self.loads).astype(float)


@dataclass(frozen=True)
class Selection:
    """What each question matches of one key expression: so many of its values, holding such a share of the rows."""

    values: Floats
    share: Floats
    points: NDArray[np.bool_]
    """True where the values lie scattered (equality, membership), False where they follow each other."""


def predict(layout: Layout, key: Sequence[KeyPart], depth: float = 1.0) -> Floats:
    """Partitions that each load scans per execution once the table is sorted by `key`.

    `depth` is how many partitions overlap at any point of the key: 1 for a perfect sort, more while automatic
    clustering lags behind the writes.
    """
    return layout.per_load(predict_questions(layout, key, depth))


def predict_questions(layout: Layout, key: Sequence[KeyPart], depth: float = 1.0) -> Floats:
    """Partitions that each question scans, by the closed form."""
    levels = [(select(layout, part), distinct_within(layout, key[:i], part)) for i, part in enumerate(key)]
    return _scan(layout.partitions, levels, depth, len(layout.questions))


def count(layout: Layout, key: Sequence[KeyPart]) -> Floats:
    """The same as `predict`, counted on the sample sorted by `key`; computed where there is no sample, and for questions
    on columns or values that it doesn't have."""
    computed = predict_questions(layout, key)
    if layout.sample is None:
        return layout.per_load(computed)
    cut = layout.sample.cut(key, layout.axes, layout.partitions)
    alive = {}
    for column, intervals in layout.intervals.items():
        rows = None if KeyPart(column) in key else layout.rows
        alive[column] = intervals.overlap(*layout.sample.bounds(column, cut, rows))
    for i, question in enumerate(layout.questions):
        found = [
            alive[ask.column][layout.intervals[ask.column].rows[ask]]
            for ask in question.asks
            if _countable(layout, ask)
        ]
        if found and len(found) == len(question.asks):
            computed[i] = max(1.0, float(np.logical_and.reduce(found).sum()))
    return layout.per_load(computed)


def _countable(layout: Layout, ask: Ask) -> bool:
    return ask.column in layout.intervals and ask in layout.intervals[ask.column].rows


@dataclass(frozen=True)
class Intervals:
    """All that is asked of one column, as intervals of the sample's ranks; an ask for several values has several."""

    rows: Mapping[Ask, int]
    low: Floats
    high: Floats
    firsts: NDArray[np.intp]
    """Where each ask's intervals begin."""

    @staticmethod
    def of(sample: Sample, column: str, asks: Sequence[Ask]) -> Intervals:
        spans = [_rank_spans(sample, column, ask) for ask in asks]
        flat = np.array([span for each in spans for span in each], dtype=float).reshape(-1, 2)
        firsts = np.cumsum([0, *(len(each) for each in spans[:-1])]).astype(np.intp)
        return Intervals({ask: i for i, ask in enumerate(asks)}, flat[:, 0], flat[:, 1], firsts)

    def overlap(self, lowest: Floats, highest: Floats) -> NDArray[np.bool_]:
        """Per ask and partition: whether the ask's values may be in it."""
        touched = (lowest <= self.high[:, None]) & (highest >= self.low[:, None])
        return np.logical_or.reduceat(touched, self.firsts, axis=0)


def _rank_spans(sample: Sample, column: str, ask: Ask) -> list[tuple[float, float]]:
    if ask.values:
        ranks = [sample.rank_of(column, position) for position in ask.positions]
        return [(rank, rank) for rank in ranks]
    low = -np.inf if ask.low is None else sample.rank_of(column, ask.low)
    return [(low, np.inf if ask.high is None else sample.rank_of(column, ask.high, upper=True))]


def _scan(partitions: int, levels: Sequence[tuple[Selection, float]], depth: float, questions: int) -> Floats:
    """The closed form: walk the key, keeping apart the partitions wholly inside one matching group (`pure`) and those
    that straddle two groups and can't be skipped by any later expression (`fixed`)."""
    pure = np.full(questions, float(partitions))
    width, runs, fixed = pure.copy(), np.ones(questions), np.zeros(questions)
    for chosen, distinct in levels:
        values = np.minimum(chosen.values, distinct)
        spread = depth / width
        scattered = 1 - (1 - chosen.share) * (1 - np.minimum(1, spread)) ** values
        touched = pure * np.where(chosen.points, scattered, np.minimum(1, chosen.share + spread))
        runs, width = runs * values, width * chosen.share / values
        pure = np.minimum(touched, runs * np.maximum(0, width - depth))
        fixed = fixed + touched - pure
    scanned: Floats = np.clip(fixed + pure, min(1, partitions), partitions)
    return scanned


def select(layout: Layout, part: KeyPart) -> Selection:
    """What each question says of a key expression, by itself or through a column that the layout shows to move with it."""
    if part in layout.selections:
        return layout.selections[part]
    axis = layout.axes[part.column]
    distinct = axis.buckets(part)
    chosen = [_narrowest(layout, axis, part, distinct, question) for question in layout.questions]
    values, share, points = zip(*chosen, strict=True) if chosen else ((), (), ())
    found = Selection(np.array(values, dtype=float), np.array(share, dtype=float), np.array(points, dtype=bool))
    return layout.selections.setdefault(part, found)


def _narrowest(
    layout: Layout, axis: Axis, part: KeyPart, distinct: float, question: Question
) -> tuple[float, float, bool]:
    options = [(distinct, 1.0, False)]
    for ask in question.asks:
        if ask.column == part.column:
            options.append(_bucketed(axis, part, distinct, ask))
        else:
            width = together(layout, part.column, ask.column)
            if width is not None and ask.share + width < UNSORTED:
                share = min(1.0, ask.share + width + 1 / distinct)
                options.append((max(1.0, share * distinct), share, False))
    return min(options, key=lambda option: option[1])


def _bucketed(axis: Axis, part: KeyPart, distinct: float, ask: Ask) -> tuple[float, float, bool]:
    """The condition widened to whole buckets of the expression."""
    if ask.values:
        buckets = {axis.bucket(part, position) for position in ask.positions}
        hit = float(len(buckets)) if buckets and None not in buckets else float(ask.values)
        hit = min(hit, distinct)
        return hit, min(1.0, max(ask.share, hit / distinct)), True
    ends = [axis.bucket(part, axis.low if ask.low is None else max(ask.low, axis.low))]
    ends.append(axis.bucket(part, axis.high if ask.high is None else min(ask.high - INSTANT, axis.high)))
    first, last = ends
    if first is None or last is None:
        coarse = 1 / distinct if distinct < axis.distinct else 0.0
        share = min(1.0, ask.share + coarse)
        return max(1.0, share * distinct), share, False
    hit = min(distinct, max(1.0, last - first + 1))
    return hit, min(1.0, max(ask.share, hit / distinct)), False


def together(layout: Layout, key: str, column: str) -> float | None:
    """How wide `column` stays where `key` is narrow, as a share of its axis; None where nothing shows that they go together.

    The sample shows it. Without one, both go with the order of loading when a partition of today spans little of
    either: then each is a proxy of the other.
    """
    sample = layout.sample
    if sample is not None and key in sample.columns and column in sample.columns:
        width = sample.width(key, column)
        return width if width < UNSORTED else None
    first, second = layout.widths.get(key), layout.widths.get(column)
    if first is None or second is None or max(first, second) >= UNSORTED:
        return None
    return first + second


def distinct_within(layout: Layout, earlier: Sequence[KeyPart], part: KeyPart) -> float:
    """Distinct values of a key expression inside one group of the earlier ones."""
    distinct = layout.axes[part.column].buckets(part)
    for other in earlier:
        width = together(layout, other.column, part.column)
        if width is not None:
            group = 1 / layout.axes[other.column].buckets(other)
            distinct = min(distinct, max(1.0, distinct * min(1.0, width + group)))
    return distinct


@dataclass(frozen=True)
class Observation:
    """What one load was seen to scan: the share of partitions per scan, and the questions it stands for."""

    share: float
    weight: float
    """Executions."""
    questions: tuple[Question, ...]

    @cached_property
    def columns(self) -> frozenset[str]:
        return frozenset(ask.column for question in self.questions for ask in question.asks)

    @cached_property
    def bare(self) -> bool:
        return all(ask.bare for question in self.questions for ask in question.asks)


def observations(
    questions: Sequence[Question], scanned: Sequence[float | None], weights: Sequence[float]
) -> list[Observation]:
    """The loads that can measure widths: seen to scan, and asking in each of their scans. `scanned` and `weights` go by
    load: the share of partitions an execution scans (None: not recorded) and its executions."""
    by_load: dict[int, list[Question]] = {}
    for question in questions:
        by_load.setdefault(question.load, []).append(question)
    found = []
    for load, asked in sorted(by_load.items()):
        share = scanned[load]
        if share is not None and all(question.asks for question in asked):
            scans = sum(question.weight for question in asked)
            found.append(Observation(share / scans, weights[load], tuple(asked)))
    return found


def learn_widths(seen: Sequence[Observation]) -> dict[str, float]:
    """Today's width of each column.

    A load that asks one column measures it. One that asks several measures the one that the others, known to be wide,
    leave to explain what it skipped. A condition on a wrapped column may not prune at all, so it measures only what
    no bare one does.
    """
    widths: dict[str, float] = {}
    bare = [each for each in seen if each.bare]
    for trusted in (bare, bare, seen):
        measured: dict[str, list[tuple[float, float]]] = {}
        for each in trusted:
            left = {column for column in each.columns if widths.get(column, 0.0) < UNSORTED}
            if len(left) == 1 and not left & widths.keys():
                column = left.pop()
                asks = [ask for question in each.questions for ask in question.asks if ask.column == column]
                width = sum(_width(each.share, ask) for ask in asks) / len(asks)
                measured.setdefault(column, []).append((width, each.weight))
        widths |= {column: _weighted_median(pairs) for column, pairs in measured.items()}
    return dict(sorted(widths.items()))


def scanned_today(layout: Layout) -> Floats:
    """Partitions that each load should scan per execution on today's layout, by the widths learned from all of them."""
    shares = [
        math.prod(_touched(ask, layout.widths[ask.column]) for ask in question.asks if ask.column in layout.widths)
        for question in layout.questions
    ]
    return layout.per_load(np.array(shares) * layout.partitions)


def _touched(ask: Ask, width: float) -> float:
    """The share of partitions that a condition touches where each spans that width: the inverse of `_width`."""
    if not ask.values:
        return min(1.0, ask.share + width)
    return 1 - math.pow(1 - min(1.0, ask.share / ask.values + width), ask.values)


def _width(observed: float, ask: Ask) -> float:
    """The width w that explains an observed share f: s + w for a range, 1 - (1 - s/k - w)^k for k values."""
    observed = min(1.0, max(0.0, observed))
    if ask.values:
        return max(0.0, 1 - math.pow(1 - observed, 1 / ask.values) - ask.share / ask.values)
    return 1.0 if observed >= 1 else max(0.0, observed - ask.share)


def _weighted_median(pairs: list[tuple[float, float]]) -> float:
    pairs = sorted(pairs)
    half = sum(weight for _, weight in pairs) / 2
    running = 0.0
    for value, weight in pairs:
        running += weight
        if running >= half:
            return value
    return pairs[-1][0]
