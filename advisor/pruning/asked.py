"""What a table's queries ask of its columns, as arrays: a key is judged for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.pruning.asks import Ask, Question
from advisor.pruning.buckets import ColumnAsks
from advisor.pruning.closed_form import Floats
from advisor.pruning.sample import Sample


@dataclass(frozen=True)
class Asking:
    """Of each question which columns it asks, as flags by question."""

    columns: Mapping[str, NDArray[np.bool_]]
    single: NDArray[np.bool_]
    """It asks one column alone."""
    derived: NDArray[np.bool_]
    """It asks something that isn't written on the column."""

    @staticmethod
    def of(questions: Sequence[Question]) -> Asking:
        columns: dict[str, NDArray[np.bool_]] = {}
        for i, question in enumerate(questions):
            for ask in question.asks:
                columns.setdefault(ask.column, np.zeros(len(questions), dtype=bool))[i] = True
        single = [len({ask.column for ask in question.asks}) == 1 for question in questions]
        derived = [any(ask.derived for ask in question.asks) for question in questions]
        return Asking(columns, np.array(single, dtype=bool), np.array(derived, dtype=bool))

    @cached_property
    def none(self) -> NDArray[np.bool_]:
        """Of a column that nothing asks."""
        return np.zeros(len(self.single), dtype=bool)


@dataclass(frozen=True)
class AskColumns:
    """Conditions as arrays."""

    all: Sequence[Ask]
    owners: NDArray[np.intp]
    """Which of `Layout.asked` each belongs to."""
    shares: Floats
    places: Mapping[str, NDArray[np.intp]]
    """By column where its conditions are."""
    parts: Floats
    """In how many places of the column their single values lie; 1 for a range."""
    elsewhere: NDArray[np.bool_]
    """Conditions for NULLs, which lie with no value, and for what stands for none."""
    columns: Mapping[str, ColumnAsks]
    asking: NDArray[np.intp]
    """Those of `Layout.asked` that have any."""
    firsts: NDArray[np.intp]
    """Where the conditions of each of these begin."""

    @staticmethod
    def of(asked: Sequence[Sequence[Ask]]) -> AskColumns:
        counts = np.array([len(each) for each in asked], dtype=np.intp)
        asking = np.flatnonzero(counts)
        asks = [ask for each in asked for ask in each]
        places: dict[str, list[int]] = {}
        for i, ask in enumerate(asks):
            places.setdefault(ask.column, []).append(i)
        return AskColumns(
            asks,
            np.repeat(np.arange(len(asked)), counts),
            np.array([ask.share for ask in asks], dtype=float),
            {column: np.array(found, dtype=np.intp) for column, found in places.items()},
            np.array([max(1, ask.places) for ask in asks], dtype=float),
            np.array([ask.null or ask.stood for ask in asks], dtype=bool),
            {column: ColumnAsks.of([asks[i] for i in found]) for column, found in places.items()},
            asking,
            np.cumsum(counts)[asking] - counts[asking],
        )


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
    if ask.apart and ask.high is not None:  # a partition must reach over both ends
        return [(sample.rank_of(column, ask.high), low)]
    return [(low, np.inf if ask.high is None else sample.rank_of(column, ask.high, upper=True))]
