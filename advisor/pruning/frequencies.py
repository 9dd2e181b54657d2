"""A column's most frequent values, as statistics tell them: how many rows hold each, and how many the others share evenly.

The share of the rows that a value holds is the first thing that a condition's price hangs on, and values rarely hold
alike: the few that hold more than a micro-partition are those that a key sorts apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.frequent import KEPT

Floats = NDArray[np.float64]
Place = float | str
"""Where a value stands, or of a text the value itself: a position tells its first letters only."""


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Shares are of all rows, NULLs included."""

    held: Mapping[Place, float]
    """By value the share that it holds."""
    positions: Floats
    """Where these values stand, in order."""
    shares: Floats
    """What they hold, in that order."""
    others: float
    """What all other values hold together."""
    each: float
    """What one of the others holds, if all do alike."""
    most: float
    """What one of the others holds at most."""

    @staticmethod
    def of(
        values: Sequence[tuple[Place, float, float]], distinct: float, present: float, least: float | None
    ) -> Frequencies:
        """`values` are places, positions and shares of the frequent ones, of so many; `present` is the share of the rows
        that hold any, and `least` what a value must hold to be among them, if they aren't too many. None where those that
        were left out may hold as much as these.
        """
        held: dict[Place, float] = {}
        for place, _, share in values:
            held[place] = held.get(place, 0.0) + share
        order = np.argsort([position for _, position, _ in values], kind="stable")
        positions = np.array([position for _, position, _ in values], dtype=float)[order]
        shares = np.array([share for *_, share in values], dtype=float)[order]
        others = max(0.0, present - float(shares.sum()))
        each = others / max(1.0, distinct - len(held))
        most = float(shares.min()) if len(shares) else 1.0
        if least is not None and len(shares) < KEPT:
            most = min(most, max(least, each))
        return Frequencies(held, positions, shares, others, each, most)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frequencies) and self._all == other._all

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _all(self) -> tuple[bytes, bytes, float, float]:
        return self.positions.tobytes(), self.shares.tobytes(), self.others, self.most

    @cached_property
    def _hash(self) -> int:
        return hash(self._all)

    def scaled(self, factor: float) -> Frequencies:
        """The same of numbers so many times as large."""
        held: dict[Place, float] = {
            place * factor: share for place, share in self.held.items() if not isinstance(place, str)
        }
        return Frequencies(held, self.positions * factor, self.shares, self.others, self.each, self.most)

    def share(self, place: Place) -> float:
        """What one value holds."""
        return self.held.get(place, self.each)

    def between(self, low: float, high: float) -> float:
        """What the frequent values hold from `low` on and before `high`."""
        first, last = np.searchsorted(self.positions, [low, high])
        return float(self.shares[first:last].sum())
