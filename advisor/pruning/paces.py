"""The latest rows under a key on weeks, months or quarters, where a row sample shows how many come on which days.

What is asked for at any time is judged by the mean over a bucket (advisor/pruning/groups.py), of days that are taken to have as many
rows each. Where December has a third of the year's, a key on months is dear in December, and in the first week of January too,
which reads December's rows; on the tenth it looks cheap. So the mean is taken over the rows that the last bucket's length of days had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart

Floats = NDArray[np.float64]
LENGTHS = {"WEEK": 7, "MONTH": 31, "QUARTER": 92, "YEAR": 366}
"""Days of the buckets that rows come in."""
FIRST = date(1970, 1, 1)
MONDAY = 4  # the first one of 1970 is its fifth day


@dataclass(frozen=True, eq=False)
class Pace:
    """A time's sampled values between its ends, in days since 1970, in ascending order."""

    positions: Floats

    def since(self, part: KeyPart, low: float, high: float, moving: bool) -> float | None:
        """The share of the rows, those without a value left out, in the buckets from `low` on: as they lie now, or of a range that is
        `moving` on with the clock, `high`, on average over the last bucket's length. None for an expression without such buckets.
        """
        length = LENGTHS.get(part.unit or "")
        if length is None or not len(self.positions):
            return None
        clocks = [high - days for days in (range(length) if moving else (0,)) if high - days >= self.positions[0]]
        return float(np.mean(self._held(part, clocks, high - low))) if clocks else None

    def _held(self, part: KeyPart, clocks: Sequence[float], age: float) -> Floats:
        begins = np.array([_begin(part, clock - age) for clock in clocks], dtype=float)
        until = np.searchsorted(self.positions, np.array(clocks), side="right")
        before = np.searchsorted(self.positions, begins, side="left")
        return np.asarray((until - before) / len(self.positions))


def _begin(part: KeyPart, position: float) -> int:
    """The first day of the bucket that a position is in."""
    days = int(np.floor(position))
    if part.unit == "WEEK":
        return days - (days - MONDAY) % 7
    at = FIRST + timedelta(days=days)
    month = {"MONTH": at.month, "QUARTER": at.month - (at.month - 1) % 3}.get(part.unit or "", 1)
    return (at.replace(month=month, day=1) - FIRST).days
