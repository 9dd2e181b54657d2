"""How a column's numbers are spread between its ends, as quantiles tell: nine in ten prices lie in a tenth of their span."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.pruning.frequencies import Frequencies


@dataclass(frozen=True)
class Spread:
    """Of the values that aren't among the frequent ones."""

    positions: tuple[float, ...]
    """Where it is known, from the least to the most."""
    below: tuple[float, ...]
    """The share of them that lies below each; between two they are taken as evenly spread."""

    @staticmethod
    def of(
        quantiles: Sequence[tuple[float, float]],
        ends: tuple[float, float],
        frequent: Frequencies | None,
        present: float,
    ) -> Spread | None:
        """`quantiles` are positions, with the shares of the column's values that are no larger; `present` is the share of the
        rows that hold any. None where they tell no more than the ends do.
        """
        low, high = ends
        held = frequent or Frequencies.of((), 1.0, present, None)
        found: dict[float, list[float]] = {}
        for position, level in sorted(quantiles):
            # At a frequent value they stand still: how much of it each of them takes in isn't told.
            if low <= position <= high and position not in held.held:
                found.setdefault(position, []).append(level * present - held.between(low, position))
        if not found.keys() - {low, high} or not held.others:
            return None
        places = [(low, 0.0)]
        for position, shares in found.items():
            # One value holds the rows between two quantiles that are equal, and those up to one that is the least of all.
            if position > low:
                places.append((min(position, math.nextafter(high, low)), shares[0]))
            if position == low or (len(shares) > 1 and position < high):
                places.append((math.nextafter(position, high), shares[-1]))
        places.append((high, held.others))
        below = np.clip(np.maximum.accumulate([share for _, share in places]) / held.others, 0.0, 1.0)
        return Spread(tuple(position for position, _ in places), tuple(below.tolist()))

    def tells(self, low: float | None, high: float | None) -> bool:
        """How many lie between two positions (None: open). Beyond the outermost quantiles an end alone is known: of a long tail
        most lie near these.
        """
        first, last = self.positions[1], self.positions[-2]
        return all(
            end is None or first <= end <= last or not self.positions[0] < end < self.positions[-1]
            for end in (low, high)
        )

    def between(self, low: float, high: float) -> float:
        """The share of them from one position to another."""
        first, last = np.interp([low, high], self.positions, self.below)
        return max(0.0, float(last - first))
