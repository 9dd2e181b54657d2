"""What questions ask that only the partitions read for them tell: how far a top-k goes back, whether a join's keys follow each
other, how many the latest rows are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.joins import at_end
from advisor.pruning.widths import READS_ALL, UNSORTED, touched


def as_seen(
    question: Question, seen: float | None, partitions: int, axes: Mapping[str, Axis], widths: Mapping[str, float]
) -> Question:
    """The question with what the share of so many partitions tells that scans like it are seen to read."""
    if not any(ask.derived for ask in question.asks):
        return _as_dense(question, seen, 1 / partitions, widths)
    return _reaching(_as_many(_in_stretches(question, seen, widths), seen, widths), seen, axes, widths)


def _as_dense(question: Question, seen: float | None, end: float, widths: Mapping[str, float]) -> Question:
    """The latest rows by a time that they lie in the order of are as many as the partitions that are read for them, but for
    the one in which they begin: a day of December holds those of five others.
    """

    def dense(ask: Ask) -> Ask:
        width = widths.get(ask.column, 1.0)
        if seen is None or not ask.moving or width >= UNSORTED or seen - width - end <= ask.share:
            return ask
        return replace(ask, share=seen - width - end)

    in_order = [ask for ask in question.asks if widths.get(ask.column, 1.0) < UNSORTED]
    return replace(question, asks=tuple(map(dense, question.asks))) if len(in_order) == 1 else question


def _reaching(
    question: Question, seen: float | None, axes: Mapping[str, Axis], widths: Mapping[str, float]
) -> Question:
    """A top-k goes back over the rows in their order until its other conditions have left rows enough: as far as it, or one
    like it, is seen to where no other condition prunes. Of a value that few rows have that is further than the mean of all
    values tells.
    """
    seen = seen if question.read is None else question.read

    def reach(ask: Ask) -> Ask:
        width, line = widths.get(ask.column, 1.0), axes[ask.column]
        if seen is None or not (ask.derived and ask.open) or width >= UNSORTED or seen - width <= ask.share:
            return ask
        return at_end(replace(ask, share=seen - width), line, latest=ask.low is not None)

    if question.read is not None and not all(
        ask.derived or widths.get(ask.column, 0.0) >= UNSORTED for ask in question.asks
    ):
        question = replace(question, asks=question.counted)
    alone = all(ask.derived or widths.get(ask.column, 1.0) >= UNSORTED for ask in question.asks)
    return replace(question, asks=tuple(map(reach, question.asks))) if alone else question


def _in_stretches(question: Question, seen: float | None, widths: Mapping[str, float]) -> Question:
    """Join keys of which only the number is known, taken to follow each other where the scans show that they do: a layout in
    their order reads far less for a stretch than for as many scattered ones."""

    def stretch(ask: Ask) -> Ask:
        width = widths.get(ask.column, 1.0)
        if seen is None or not ask.derived or not ask.values or ask.positions or width >= UNSORTED:
            return ask
        along = replace(ask, values=0, located=False)
        apart, together = touched(ask, width), touched(along, width)
        return along if seen < math.sqrt(apart * together) else ask

    return replace(question, asks=tuple(map(stretch, question.asks)))


def _as_many(question: Question, seen: float | None, widths: Mapping[str, float]) -> Question:
    """What a join leaves of the one column in whose order the rows lie holds as many of them as are read for it, but for where its
    stretches begin and end: of a year's sales November has more than a twelfth.
    """
    in_order = [ask for ask in question.asks if widths.get(ask.column, 1.0) < UNSORTED]
    if seen is None or seen >= READS_ALL or len(in_order) != 1:
        return question

    def held(ask: Ask) -> Ask:
        if ask is not in_order[0] or not ask.derived or ask.outermost or ask.placed or ask.unmatched:
            return ask
        places = max(1, ask.places)
        share = places * (1 - math.pow(1 - seen, 1 / places) - widths[ask.column])
        return replace(ask, share=share) if share > 0 else ask

    return replace(question, asks=tuple(map(held, question.asks)))
