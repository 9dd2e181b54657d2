"""Which clustering keys are thinkable for a table, and the best of each set of columns.

Every column that a condition asks stands on a ladder: bare, and in each coarser form that keeps its order. All ladders'
rungs are tried alone and in pairs, then the best pairs, of either order, are extended by a third expression, one at a
time (greedy, as in "Automated Clustering Recommendation with Database Zone Maps", SIGMOD 2023).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

from advisor.clustering import verdict
from advisor.clustering.estimate import Estimate
from advisor.clustering.judge import Judge
from advisor.cost import ScanPrice
from advisor.model import KeyPart
from advisor.profile import TableProfile
from advisor.pruning.axes import Axis
from advisor.pruning.layout import Layout
from advisor.pruning.prediction import groups_of
from advisor.settings import Settings

COLUMNS_TRIED = 6
PAIRS_EXTENDED = 6
MARGIN = 0.02
COUNTED = 80
FILLED = 2  # partitions of rows with what stands for no value, at least, within which another expression prunes
ROOMY = 0.05  # of the rows: where fewer lie in groups that fill several partitions, a second expression skips next to nothing
UNCLUSTERABLE_TYPES = ("VARIANT", "OBJECT", "ARRAY", "GEOGRAPHY", "GEOMETRY", "VECTOR", "BINARY")
CLASSIC_TEXT_BYTES = 5  # Classic clustering orders text by its first 5 bytes only


def candidates(
    profile: TableProfile, prices: Mapping[str, ScanPrice | None], settings: Settings, days: float
) -> tuple[Estimate, ...]:
    """The best key for each set of columns worth trying, most net credits first.

    `prices` go by fingerprint; `days` is the window's length.
    """
    judge = Judge.of(profile, prices, settings, days)
    rungs = {column: ladder(profile, column) for column in _columns(judge)}
    singles = [(part,) for parts in rungs.values() for part in parts]
    pairs = [
        (first, second)
        for one, other in permutations(rungs, 2)
        for first in rungs[one]
        for second in rungs[other]
        if _leaves_room(profile.layout, first)
    ]
    tried = [*singles, *pairs]
    if settings.max_key_columns >= 3:
        tried += _triples(judge, rungs, [key for keys in _best_per_columns(judge, pairs) for key in keys])
    best = _best_per_columns(judge, [key for key in tried if len(key) <= settings.max_key_columns])
    found = ranked(_surest(judge, keys) for keys in best)
    profile.layout.forget()
    return found


def _leaves_room(layout: Layout, first: KeyPart) -> bool:
    """An expression behind it in a key can prune: it has fewer groups than there are partitions, or some that fill several,
    however many the rest are.
    """
    axis, sample = layout.axes[first.column], layout.sample
    if min(axis.buckets(first), groups_of(layout, first)) < layout.partitions:
        return True
    if axis.stood_in * layout.partitions >= FILLED:
        return True
    return (
        sample is not None
        and first.column in sample.columns
        and sample.in_large_groups(first, axis, layout.partitions) > ROOMY
    )


def _surest(judge: Judge, keys: Sequence[tuple[KeyPart, ...]]) -> Estimate:
    """The first of them, which go from best to worst, that is worth it; the very first where none is."""
    first = judge.estimate(keys[0])
    if len(keys) == 1 or verdict.fault(first, judge.profile, judge.settings) is None:
        return first
    others = (judge.estimate(key) for key in keys[1:] if judge.may_pay(key))
    return next((each for each in others if verdict.fault(each, judge.profile, judge.settings) is None), first)


def ranked(estimates: Iterable[Estimate]) -> tuple[Estimate, ...]:
    """Most net credits first, among equals the simplest."""
    return tuple(sorted(estimates, key=lambda each: (-each.net.expected, len(each.key), _ranks(each.key))))


def ladder(profile: TableProfile, column: str) -> tuple[KeyPart, ...]:
    """The column bare and in every coarser form that keeps its order and still tells at least two groups apart."""
    described = profile.table.column(column)
    if described is not None and (described.virtual or described.data_type.upper().startswith(UNCLUSTERABLE_TYPES)):
        return ()
    axis = profile.layout.axes[column]
    forms = list(_coarser(axis))
    coarse = [part for part in forms if 2 <= axis.buckets(part) < axis.distinct]
    if not (_too_fine(axis) and coarse):
        return (KeyPart(column), *coarse)
    # What stands for the bare text: the shortest form of it that tells all its values apart.
    whole = [part for part in forms if part.substring is not None and axis.buckets(part) >= axis.distinct]
    return (*coarse, *whole[:1])


def _too_fine(axis: Axis) -> bool:
    """A bare timestamp is as good as unique; bare text with a long shared prefix looks all the same to Classic."""
    return axis.family == "timestamp" or (axis.family == "text" and len(axis.prefix) >= CLASSIC_TEXT_BYTES)


def _coarser(axis: Axis) -> Iterable[KeyPart]:
    if axis.is_time:
        units = ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER")
        return [
            KeyPart(axis.column, unit=unit) for unit in units if axis.family == "timestamp" or unit not in units[:2]
        ]
    if axis.family == "number":
        return [
            KeyPart(axis.column, digits=digits) for digits in range(1, max(1, math.ceil(math.log10(axis.span + 1))))
        ]
    # By literals alone days seem longer than they are, and what goes before them better.
    if axis.family == "text" and (axis.prefix or (axis.known and axis.letters is not None)):
        return [KeyPart(axis.column, substring=(len(axis.prefix) + 1, length)) for length in range(1, 6)]
    return []


def _columns(judge: Judge) -> list[str]:
    """The columns asked for, those first whose conditions are worth the most: what they could save, or what a key without them
    would lose of the pruning that there is."""
    worth: dict[str, float] = {}
    layout = judge.profile.layout
    for question in layout.questions:
        # What several alternatives read together is counted with each of them.
        for ask in question.asks if len(question.together) < 2 else ():
            gain = judge.at_stake[question.load] * question.weight * (1 - min(1.0, ask.share))
            worth[ask.column] = worth.get(ask.column, 0.0) + gain
    return sorted(worth, key=lambda column: (-worth[column], column))[:COLUMNS_TRIED]


def _ranks(key: Sequence[KeyPart]) -> list[tuple[str, str, int, tuple[int, ...]]]:
    return [part.rank for part in key]


def _triples(
    judge: Judge, rungs: Mapping[str, Sequence[KeyPart]], pairs: Sequence[tuple[KeyPart, ...]]
) -> list[tuple[KeyPart, ...]]:
    """The best pairs with a third expression that brings more than the pair has already."""
    leaders = sorted(pairs, key=lambda key: -judge.quick_net(key))[:PAIRS_EXTENDED]
    triples = [
        (*pair, third)
        for pair in leaders
        for column, parts in rungs.items()
        for third in parts
        if column not in {part.column for part in pair}
    ]
    nets = {pair: judge.quick_net(pair) for pair in leaders}
    return [key for key in triples if judge.quick_net(key) > nets[key[:2]] + abs(nets[key[:2]]) * MARGIN]


def _best_per_columns(judge: Judge, keys: Sequence[tuple[KeyPart, ...]]) -> list[list[tuple[KeyPart, ...]]]:
    """For each set of columns the best key of each order of them, best first: by the closed form, the most promising of all
    then counted on the sample."""
    ranked = sorted(((judge.quick_net(key), key) for key in keys), key=lambda pair: (-pair[0], _ranks(pair[1])))
    if judge.profile.layout.sample is not None:
        close = [(judge.quick_net(key, counted=True), key) for _, key in ranked[:COUNTED]]
        ranked = sorted(close, key=lambda pair: (-pair[0], _ranks(pair[1]))) + ranked[COUNTED:]
    best: dict[frozenset[str], dict[tuple[str, ...], tuple[KeyPart, ...]]] = {}
    for _, key in ranked:
        columns = tuple(part.column for part in key)
        best.setdefault(frozenset(columns), {}).setdefault(columns, key)
    return [list(orders.values()) for orders in best.values()]
