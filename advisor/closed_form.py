"""The closed form of what is scanned of a sorted table: a walk along the key, one expression after another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


LEAST_WIDTH = 1e-12  # of a spread that nothing matches


@dataclass(frozen=True)
class Selection:
    """What each question matches of one key expression: so many of its values, holding such a share of the rows."""

    values: Floats
    share: Floats
    points: NDArray[np.bool_]
    """True where the values lie scattered (equality, membership), False where they follow each other."""

    @cached_property
    def scattered(self) -> NDArray[np.intp]:
        """Where `points` holds."""
        return np.flatnonzero(self.points)


@dataclass(frozen=True)
class Walked:
    """How far the closed form has walked a key, by question: the partitions wholly inside one matching group (`pure`) and
    those that straddle two groups and can't be skipped by any later expression (`fixed`)."""

    pure: Floats
    width: Floats
    runs: Floats
    fixed: Floats

    @staticmethod
    def start(partitions: int, questions: int) -> Walked:
        whole = np.full(questions, float(partitions))
        return Walked(whole, whole, np.ones(questions), np.zeros(questions))

    def by(self, chosen: Selection, distinct: float, depth: float) -> Walked:
        """One expression further, of which a group of the earlier ones holds so many distinct values."""
        values = np.minimum(chosen.values, distinct)
        # A condition outside of all values leaves a width of 0.
        spread = depth / np.maximum(self.width, LEAST_WIDTH)
        touched = self.pure * np.minimum(1, chosen.share + spread)
        at = chosen.scattered
        if len(at):
            missed = (1 - chosen.share[at]) * (1 - np.minimum(1, spread[at])) ** values[at]
            touched[at] = self.pure[at] * (1 - missed)
        runs, width = self.runs * values, self.width * chosen.share / values
        pure = np.minimum(touched, runs * np.maximum(0, width - depth))
        return Walked(pure, width, runs, self.fixed + touched - pure)

    def scanned(self, partitions: int) -> Floats:
        found: Floats = np.clip(self.fixed + self.pure, min(1, partitions), partitions)
        return found
