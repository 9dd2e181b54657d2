"""Today's layout, read off the history: how much of each column a micro-partition spans.

A range that matches a share s of the rows overlaps a partition that spans a share w of the column with probability s + w.
So each scan that was seen measures w: it is what the scanned share exceeds the matched share by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from advisor.pruning.asks import Ask, Question

UNSORTED = 0.5
"""A column whose partitions span more than this share of it isn't ordered by the layout in any useful way."""
READS_ALL = 0.9
"""A load that scans over this share of the partitions isn't pruned."""
MATCHES_MOST = 0.8
"""A condition that matches this share of the rows reads nearly all of them in any order."""
UNEXPLAINED = 4.0
"""Columns that leave this many times what was read aren't all that pruned."""
FITTING = 0.7
"""A condition that must touch more than what was read by this factor isn't what pruned: its share is known that well."""


@dataclass(frozen=True)
class Observation:
    """What one load was seen to scan: the share of partitions per scan, and the questions it stands for."""

    share: float
    weight: float
    """Executions."""
    questions: tuple[Question, ...]
    at_most: bool = False
    """They are one alternative of several: it touches no more than that, for the others scan as well."""

    @cached_property
    def columns(self) -> frozenset[str]:
        return frozenset(ask.column for question in self.questions for ask in question.asks if _among_values(ask))

    def asks(self, column: str) -> list[Ask]:
        return [
            ask for question in self.questions for ask in question.asks if ask.column == column and _among_values(ask)
        ]

    @cached_property
    def at_end(self) -> bool:
        """It asks for an end of columns alone."""
        return all(ask.open for question in self.questions for ask in question.asks)

    @cached_property
    def bare(self) -> bool:
        return all(ask.bare and not ask.derived for question in self.questions for ask in question.asks)


def observations(
    questions: Sequence[Question], scanned: Sequence[float | None], weights: Sequence[float], least: float = 0.0
) -> list[Observation]:
    """The loads that can measure widths: seen to scan, and asking in each of their scans that isn't barren. `scanned` and
    `weights` go by load: the share of partitions an execution scans (None: not recorded) and its executions; `least` is what
    a barren scan reads."""
    by_load: dict[int, list[Question]] = {}
    for question in questions:
        by_load.setdefault(question.load, []).append(question)
    found = []
    for load, asked in sorted(by_load.items()):
        share = scanned[load]
        fertile = tuple(question for question in asked if not question.barren)
        if share is not None and fertile and all(question.asks for question in fertile):
            barren = sum(question.weight for question in asked if question.barren)
            scans = sum(question.weight for question in fertile)
            seen = Observation(max(0.0, share - barren * least) / scans, weights[load], fertile)
            if seen.share < READS_ALL and any(ask.stood for question in fertile for ask in question.asks):
                continue  # where such rows lie is another matter than where the values do
            if seen.share <= least and all(question.matched == 0 for question in fertile):
                continue  # values beyond the column's ends are nowhere, whatever the order
            found += [seen] if all(question.written for question in fertile) else _of_alternatives(seen)
    return found


def _of_alternatives(seen: Observation) -> list[Observation]:
    """What a load with alternatives over several columns shows of each; nothing where it doesn't have them in all of
    its scans.
    """
    if any(question.written for question in seen.questions):
        return []
    alone = {q.together: [each for each in seen.questions if each.together == q.together] for q in seen.questions}
    return [replace(seen, questions=tuple(asked), at_most=True) for which, asked in alone.items() if len(which) == 1]


def _among_values(ask: Ask) -> bool:
    """It asks for values of the column and for nothing that lies apart from these."""
    return not ask.null and not ask.stood


def learn_widths(seen: Sequence[Observation]) -> dict[str, float]:
    """Today's width of each column.

    A load that asks one column measures it. One that asks several measures the one that the others, known to be wide,
    leave to explain what it skipped. A condition on a wrapped column may not prune at all, so it measures only what
    no bare one does. A column of which any load reads as if the rows were in no order is in none: what the others
    skipped they skip by what the model doesn't hear of. What loads of several unknown columns skipped is put down to
    the column that explains most of them. Alternatives on several columns, of which a scan skips what all rule out,
    bound each one's column, which nothing else measures.
    """
    widths: dict[str, float] = {}
    sure = [each for each in seen if not each.at_most]
    bare = [each for each in sure if each.bare]
    for trusted in (bare, bare, sure):
        measured = _measured(trusted, widths)
        inside = _measured([each for each in trusted if not each.at_end], widths)
        for column, pairs in measured.items():
            narrow = _weighted_median(inside[column]) if column in inside else _beyond_an_end(trusted, column, pairs)
            widest = max(width for width, _ in pairs)
            widths[column] = widest if widest >= UNSORTED else narrow
    found = _disentangled(sure, widths)
    bounded = _measured([each for each in seen if each.at_most and each.share < READS_ALL], found)
    narrow_enough = {column: _weighted_median(pairs) for column, pairs in bounded.items()}
    return dict(sorted((found | {c: width for c, width in narrow_enough.items() if width < UNSORTED}).items()))


def ends_alone(seen: Iterable[Observation]) -> frozenset[str]:
    """The columns of which nothing but the rows at an end is asked for."""
    every = {ask.column: None for each in seen for question in each.questions for ask in question.asks}
    inside = {ask.column for each in seen for question in each.questions for ask in question.asks if not ask.open}
    return frozenset(every.keys() - inside)


def _beyond_an_end(seen: Sequence[Observation], column: str, pairs: list[tuple[float, float]]) -> float:
    """The width of a column of which only an end is asked for by itself: orders that are opened now are among the
    latest to be changed, but the latest to be changed were opened at any time. What loads with other conditions as well
    read inside of the column it is at least.
    """
    least = [
        (sum(_width(each.share, ask) for ask in asks) / len(asks), each.weight)
        for each in seen
        if (asks := each.asks(column)) and not any(ask.open for ask in asks)
    ]
    return max(_weighted_median(pairs), _weighted_median(least) if least else 0.0)


def _measured(seen: Iterable[Observation], widths: Mapping[str, float]) -> dict[str, list[tuple[float, float]]]:
    """By column the widths, and the executions, of the loads in which it alone can be what pruned, of those that aren't
    known yet. A column of which nothing but so many values is asked for that they read nearly all in any order is taken
    to be in none.
    """
    measured: dict[str, list[tuple[float, float]]] = {}
    too_many: dict[str, list[tuple[float, float]]] = {}
    for each in seen:
        left = {column for column in each.columns if widths.get(column, 0.0) < UNSORTED}
        if len(left) == 1 and not left & widths.keys():
            column = left.pop()
            asks = each.asks(column)
            if each.share >= READS_ALL and sum(ask.share for ask in asks) >= MATCHES_MOST * len(asks):
                continue
            width = sum(_width(each.share, ask) for ask in asks) / len(asks)
            if _reads_all_anyway(each, column):
                too_many.setdefault(column, []).append((1.0, each.weight))
            else:
                measured.setdefault(column, []).append((width, each.weight))
    return too_many | measured


def _reads_all_anyway(each: Observation, column: str) -> bool:
    """It reads nearly all, as it would in an order of sorts: twenty single values lie in most partitions that span a
    sixth of the column each.
    """
    asks = each.asks(column)
    halfway = sum(touched(ask, UNSORTED) for ask in asks) / len(asks)
    return each.share >= READS_ALL and all(ask.places > 1 for ask in asks) and halfway >= READS_ALL


def _disentangled(seen: Sequence[Observation], widths: Mapping[str, float]) -> dict[str, float]:
    """The widths, with those of columns that are only asked beside other unknown ones: one order of the rows that explains
    the more loads is likelier than two that explain a load each."""
    found = dict(widths)
    at_ends = {
        column: _weighted_median(pairs) for column, pairs in _measured([o for o in seen if o.at_end], {}).items()
    }
    while explanations := _explanations([each for each in seen if not _explained(each, found, at_ends)], found):
        column = max(explanations, key=lambda name: (sum(weight for _, weight in explanations[name]), name))
        found[column] = _weighted_median(explanations[column])
    return found


def _explained(each: Observation, widths: Mapping[str, float], at_ends: Mapping[str, float]) -> bool:
    """Columns that are known to be narrow are asked, and account for what was skipped, or for most of it. Their ends may be
    narrower than what lies inside: one partition is read for the latest days, whatever an earlier month spans. How many rows
    were since some day when it was asked for isn't known where that isn't moved on with the clock: it may account for all.
    """

    def width(ask: Ask) -> float:
        inside = widths[ask.column]
        return min(inside, at_ends.get(ask.column, inside)) if ask.open else inside

    left = [
        math.prod(
            0.0 if ask.open and not ask.moving else touched(ask, width(ask)) for ask in question.asks
            if _among_values(ask) and widths.get(ask.column, 1.0) < UNSORTED
        )
        for question in each.questions
    ]  # fmt: skip
    return sum(left) < min(1.0, UNEXPLAINED * each.share) * len(left)


def _explanations(seen: Sequence[Observation], widths: Mapping[str, float]) -> dict[str, list[tuple[float, float]]]:
    """By unknown column the widths, and the executions, of the loads that it alone would account for; none of a column that
    some load contradicts, for its own condition matches more than what was read."""
    found: dict[str, list[tuple[float, float]]] = {}
    refuted: set[str] = set()
    for each in seen:
        for column in each.columns - widths.keys():
            if _reads_all_anyway(each, column):
                continue
            asks = each.asks(column)
            least = sum(touched(ask, 0.0) for ask in asks) / len(asks)
            width = sum(_width(each.share, ask) for ask in asks) / len(asks)
            found.setdefault(column, []).append((width, each.weight))
            if each.share < FITTING * least:
                refuted.add(column)
    return {
        column: pairs for column, pairs in found.items() if column not in refuted and _weighted_median(pairs) < UNSORTED
    }


def touched(ask: Ask, width: float) -> float:
    """The share of partitions that a condition touches where each spans that width: the inverse of `_width`."""
    if not ask.values:
        return min(1.0, ask.share + width)
    return 1 - math.pow(1 - min(1.0, ask.share / ask.places + width), ask.places)


def _width(observed: float, ask: Ask) -> float:
    """The width w that explains an observed share f: s + w for a range, 1 - (1 - s/k - w)^k for k single values, or
    stretches of them. A range of half of the rows that reads nearly all isn't in half an order, nor is a value that half hold.
    """
    observed = min(1.0, max(0.0, observed))
    if observed >= READS_ALL and ask.places <= 1:
        return 1.0
    if ask.values:
        return max(0.0, 1 - math.pow(1 - observed, 1 / ask.places) - ask.share / ask.places)
    return max(0.0, observed - ask.share)


def _weighted_median(pairs: list[tuple[float, float]]) -> float:
    pairs = sorted(pairs)
    half = sum(weight for _, weight in pairs) / 2
    running = 0.0
    for value, weight in pairs:
        running += weight
        if running >= half:
            return value
    return pairs[-1][0]
