"""The closed form of what is scanned of a sorted table: a walk along the key, one expression after another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


LEAST_WIDTH = 1e-12  # of a spread that nothing matches
AT_THE_END = 0.5  # partitions that a range reads beside what it matches where it ends with the table


@dataclass(frozen=True)
class Selection:
    """What each question matches of one key expression: so many of its values, holding such a share of the rows."""

    values: Floats
    share: Floats
    places: Floats
    """How many places these lie in if they are single ones (equality, membership); 0 where they follow each other; infinitely many
    where any partition with two values of the expression may hold them, for they are another column's."""
    open: NDArray[np.bool_]
    """They reach to an end of the column: the partition that reads on into the next group is the only one at that end."""
    among: float = 1.0
    """The share of the rows among which single values lie."""

    @staticmethod
    def none(questions: int, distinct: float, among: float) -> Selection:
        """Of questions that match all of its values."""
        every, nowhere = np.full(questions, distinct, dtype=float), np.zeros(questions)
        return Selection(every, np.ones(questions), nowhere, np.zeros(questions, dtype=bool), among)

    @cached_property
    def scattered(self) -> NDArray[np.intp]:
        """Where `places` tells of any."""
        return np.flatnonzero(self.places)


@dataclass(frozen=True)
class Walked:
    """How far the closed form has walked a key, by question: the partitions wholly inside one matching group (`pure`) and
    those that straddle two groups and can't be skipped by any later expression (`fixed`)."""

    pure: Floats
    width: Floats
    runs: Floats
    fixed: Floats
    whole: bool = False
    """No expression was walked yet: the only group is the table."""

    @staticmethod
    def start(partitions: int, questions: int) -> Walked:
        whole = np.full(questions, float(partitions))
        return Walked(whole, whole, np.ones(questions), np.zeros(questions), True)

    def by(self, chosen: Selection, distinct: float, depth: float) -> Walked:
        """One expression further, of which a group of the earlier ones holds so many distinct values."""
        values = np.minimum(chosen.values, distinct)
        # A condition outside of all values leaves a width of 0.
        beside = np.where(chosen.open, AT_THE_END if self.whole else 0.0, 1.0)
        spread = (depth - 1 + beside) / np.maximum(self.width, LEAST_WIDTH)
        touched = self.pure * np.minimum(1, chosen.share + spread)
        at = chosen.scattered
        if len(at):
            most = np.where(np.isfinite(chosen.places[at]), values[at], distinct)
            missed = (1 - chosen.share[at]) * (1 - np.minimum(1, spread[at])) ** np.minimum(chosen.places[at], most)
            touched[at] = self.pure[at] * np.minimum(1 - missed, chosen.among + spread[at])
        runs, width = self.runs * values, self.width * chosen.share / values
        pure = np.minimum(touched, runs * np.maximum(0, width - depth))
        return Walked(pure, width, runs, self.fixed + touched - pure)

    def scanned(self, partitions: int) -> Floats:
        found: Floats = np.clip(self.fixed + self.pure, min(1, partitions), partitions)
        return found
