"""How far a prediction may be off: ranges that hold the truth nine times in ten.

Split-conformal: on worlds of which the truth was counted, the ratio of truth to prediction was collected for each kind of
evidence and each place that a template's conditions take in the key, and percentiles of it became the factors below
(docs/adr/0008 and 0015; `python -m benchmarks.worlds --fit` prints them anew).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asks import Ask
from advisor.pruning.closed_form import Floats
from advisor.pruning.layout import Layout


class Place(IntEnum):
    """Where a question's conditions stand in a key, the easier to foretell the lower."""

    LEADING = 0
    """On its leading column alone."""
    SEVERAL = 1
    """On its leading column and on others."""
    BEHIND = 2
    """On a later column only."""
    BESIDE = 3
    """On none of its columns: through one that moves along, or not at all."""
    IMPLIED = 4
    """Through a join or a top-k, besides what is written."""


LEADING, SEVERAL, BEHIND, BESIDE, IMPLIED = Place

FACTORS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "history": ((0.213, 1.16), (0.456, 1.07), (0.392, 1.26), (0.19, 1.05), (0.165, 1.19)),
    "statistics": ((0.308, 1.21), (0.503, 1.34), (0.457, 1.08), (0.398, 1.05), (0.166, 1.09)),
    "sample": ((0.829, 1.17), (0.603, 1.09), (0.728, 1.29), (0.751, 1.25), (0.857, 1.46)),
}
"""By evidence and place: the truth lies between these multiples of the prediction. Seeds 0 to 3 of the worlds uniform,
correlated, forms and tpch, the eight best keys of each table; 109 to 389 ratios each. The low end is the lowest of the worlds'
own 10th percentiles, for one of them has what no history shows; the high end leaves 7.5% of all above it, 1.05 at least. (5%
above held the truth 94 times in 100, and rejected keys that surely paid: docs/adr/0017. They were fitted anew with
docs/adr/0020, where no high end was lowered.)
"""
COMMON = 0.1
"""The part of the loads' deviations that they have in common. Chosen on the same worlds under the factors before
docs/adr/0017.
"""
REACH: Mapping[str, tuple[float, float]] = {"history": (0.92, 0.5), "statistics": (1.0, 0.5), "sample": (0.39, 0.81)}
"""By evidence: of how far a sum of many loads would be off, below and above, were their deviations normal, so much is
enough. Most loads are hardly off and a few by far, so that sums are off by less. Fitted on the totals of the keys
preferred, with 5% of the truths below and 7.5% above; nothing is taken over 1, nor under 0.5 above, where a saving must
be sure (docs/adr/0021).
"""


def place(key: Sequence[KeyPart], asks: Sequence[Ask]) -> Place:
    """
    >>> place([KeyPart("DAY"), KeyPart("ITEM")], [Ask("ITEM", 0.1)]).name
    'BEHIND'
    """
    columns = {ask.column for ask in asks}
    if any(ask.derived for ask in asks):
        return IMPLIED
    if key[0].column in columns:
        return LEADING if len(columns) == 1 else SEVERAL
    return BESIDE if columns.isdisjoint(part.column for part in key) else BEHIND


def places(layout: Layout, key: Sequence[KeyPart]) -> NDArray[np.intp]:
    """Per load the Place of its least foreseeable question."""
    asked = layout.asking
    leading = asked.columns.get(key[0].column, asked.none)
    own = np.logical_or.reduce([asked.columns.get(part.column, asked.none) for part in key])
    conditions = [asked.derived, leading & asked.single, leading, own]
    found = np.full(layout.loads, LEADING, dtype=np.intp)
    np.maximum.at(found, layout.owners, np.select(conditions, [IMPLIED, LEADING, SEVERAL, BEHIND], BESIDE))
    return found


def bounds(
    layout: Layout, key: Sequence[KeyPart], evidence: str, after: Floats, lagging: Floats
) -> tuple[Floats, Floats]:
    """Low and high partitions per load; `lagging` is what they scan while the key's order is behind the writes, which takes
    as much as the model may be off by, and isn't added to it."""
    low, high = np.array(FACTORS[evidence])[places(layout, key)].T
    least = np.maximum(np.minimum(1, after), after * low)
    return least, np.minimum(np.maximum(layout.partitions, after), np.maximum(lagging, after * high))


def spread(deviations: Floats, reach: float = 1.0) -> float:
    """How far a sum may be off whose terms may be off by so much, all to one side and in part together; `reach` is what
    many equal terms take of it, where one alone takes all.

    >>> spread(np.array([-4.0]), 0.5)
    -4.0
    """
    total, squares = float(deviations.sum()), float((deviations**2).sum())
    if total == 0:
        return 0.0
    alone = squares / total**2
    found = math.sqrt((1 - COMMON) * squares + COMMON * total**2) * (reach + (1 - reach) * alone)
    return math.copysign(found, total)


@dataclass(frozen=True)
class Scans:
    """Partitions that each load scans per execution, as expected and at either end of its range."""

    evidence: str
    low: Floats
    expected: Floats
    high: Floats
    together: Floats
    """What they scan if the order lags behind the writes, or if what is surmised of columns isn't so: all loads at once."""

    def total(self, of: Callable[[Floats], Floats]) -> tuple[float, float, float]:
        """The sum of what each load makes of what it scans: with as few partitions as may be, as expected, with as many
        as may be.
        """
        middle, (below, above) = of(self.expected), REACH[self.evidence]
        more = spread(of(self.high) - middle, above), spread(of(self.together) - middle)
        total = float(middle.sum())
        return total + spread(of(self.low) - middle, below), total, total + max(more, key=abs)
