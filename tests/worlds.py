"""Small tables whose truth can be counted: sort for real, cut into partitions, count those whose minimum and maximum overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis, in_units
from advisor.pruning.layout import Layout
from advisor.pruning.widths import learn_widths, observations

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Columns as positions, in the order of loading; time columns hold days since 1970."""

    columns: Mapping[str, Floats]
    families: Mapping[str, str]
    partitions: int

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def axis(self, name: str) -> Axis:
        values = self.columns[name]
        return Axis(name, self.families[name], values.min(), values.max(), float(len(np.unique(values))), known=True)

    def sorted_by(self, key: Sequence[KeyPart], seed: int = 7) -> NDArray[np.intp]:
        """The rows in the key's order, ties broken at random; in loading order for the empty key."""
        if not key:
            return np.arange(self.rows)
        ties = np.random.default_rng(seed).random(self.rows)
        return np.lexsort((ties, *(self._group(part) for part in reversed(key))))

    def _group(self, part: KeyPart) -> Floats:
        values = self.columns[part.column]
        if part.unit is not None:
            days, which = np.unique(np.floor(values * 24) / 24, return_inverse=True)
            return np.array([math.floor(in_units(part, float(day))) for day in days])[which]
        return values if part.digits is None else np.trunc(values / math.pow(10, part.digits))

    def counted(self, key: Sequence[KeyPart], asks: Sequence[Ask]) -> int:
        """Partitions that no condition rules out."""
        return self.counts(key, [asks])[0]

    def counts(self, key: Sequence[KeyPart], questions: Sequence[Sequence[Ask]]) -> list[int]:
        """The same for many questions, with the rows sorted once."""
        order = self.sorted_by(key)
        bounds = {name: self._bounds(values[order]) for name, values in self.columns.items()}
        return [
            int(
                np.logical_and.reduce(
                    [_alive(ask, *bounds[ask.column]) for ask in asks] or [np.ones(self.partitions, bool)]
                ).sum()
            )
            for asks in questions
        ]

    def _bounds(self, values: Floats) -> tuple[Floats, Floats]:
        blocks = np.array_split(values, self.partitions)
        return np.array([block.min() for block in blocks]), np.array([block.max() for block in blocks])

    def layout(self, questions: Sequence[Sequence[Ask]]) -> Layout:
        """The layout as the model would learn it from having seen each question run once on the loaded table."""
        axes = {name: self.axis(name) for name in self.columns}
        asked = tuple(Question(i, 1.0, tuple(asks)) for i, asks in enumerate(questions))
        seen = [self.counted((), asks) / self.partitions for asks in questions]
        widths = learn_widths(observations(asked, seen, [1.0] * len(asked)))
        return Layout(float(self.rows), self.partitions, axes, widths, asked, len(asked))

    def equal(self, name: str, *positions: float) -> Ask:
        share = len(positions) / len(np.unique(self.columns[name]))
        return Ask(name, share, len(positions), positions=positions)

    def between(self, name: str, low: float, high: float) -> Ask:
        """low ≤ column < high."""
        axis = self.axis(name)
        last = high - 1 if axis.family == "date" else high
        return Ask(name, axis.share(low, last), 0, low, high)

    def above(self, name: str, low: float) -> Ask:
        """low ≤ column, with the share that it has."""
        return Ask(name, float((self.columns[name] >= low).mean()), 0, low)


def _alive(ask: Ask, low: Floats, high: Floats) -> NDArray[np.bool_]:
    if ask.values:
        found: NDArray[np.bool_] = np.any([(low <= p) & (p <= high) for p in ask.positions], axis=0)
        return found
    return (high >= (-np.inf if ask.low is None else ask.low)) & (low < (np.inf if ask.high is None else ask.high))
