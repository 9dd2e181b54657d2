"""How far a column that a key sorts within groups reaches in the partitions where a group begins or ends.

Of thirty sampled rows of a group the first and the last lie a thirtieth of its span inside of its real ends, and more of fewer.
Where groups are hardly larger than partitions, most partitions hold such an end: a range near the column's own end, the last
weeks of each customer, is met in nearly all of them, and between the sampled ends in few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from advisor.pruning.cut import Cut, Floats

FILLS = 0.9
"""Groups that are expected to span this share of the column on average all span it: they differ by chance only."""
Places = NDArray[np.intp]


def reaching(
    low: Floats, high: Floats, ranks: tuple[Floats, Floats], cut: Cut, expressions: int, rows: float
) -> tuple[Floats, Floats]:
    """Lowest and highest rank of the column in each partition, those with an end of a group of the key's first so many
    expressions as far as the group's real rows are expected to reach; `ranks` are the sampled rows' in the key's order, NULLs
    above all others and below, and `rows` the table's real number of rows.
    """
    lows, highs = ranks
    starts = cut.begun(expressions)
    ends = np.append(starts[1:], len(lows)) - 1
    held = np.add.reduceat(np.isfinite(lows).astype(float), starts)
    some = held > 0
    first, last = (np.minimum.reduceat(lows, starts)[some], np.maximum.reduceat(highs, starts)[some])
    least, most = _ends(first, last, held[some], lows, rows)
    low, high = low.copy(), high.copy()
    np.minimum.at(low, np.searchsorted(cut.starts, starts[some], side="right") - 1, least)
    np.maximum.at(high, np.searchsorted(cut.starts, ends[some], side="right") - 1, most)
    return _meeting(low, high, lows, cut.starts[1:][~np.isin(cut.starts[1:], starts)], cut.starts)


def _ends(least: Floats, most: Floats, held: Floats, ranks: Floats, rows: float) -> tuple[Floats, Floats]:
    """Where each group is expected to begin and end, of which so many sampled rows lie between these ranks: as far outside of
    them as its sampled rows lie apart, less what its real ones do. A single row is taken to be in the middle.
    """
    shown = float(((held - 1) / (held + 1)).sum())
    span, every = float((most - least).sum()) / shown if shown else 0.0, float(np.isfinite(ranks).sum())
    real = held * (rows / len(ranks))
    if span >= FILLS * every:
        return every / (real + 1), every - 1 - every / (real + 1)
    apart = np.where(held > 1, (most - least) / np.maximum(1.0, held - 1), span / 2)
    further = apart * (1 - held / real)
    return np.maximum(least - further, 0.0), np.minimum(most + further, every - 1)


def _meeting(low: Floats, high: Floats, ranks: Floats, within: Places, starts: Places) -> tuple[Floats, Floats]:
    """The same with partitions that part a group, at these rows, as far as halfway between the sampled rows beside it."""
    within = within[np.isfinite(ranks[within - 1]) & np.isfinite(ranks[within])]
    halfway, after = (ranks[within - 1] + ranks[within]) / 2, np.searchsorted(starts, within)
    np.maximum.at(high, after - 1, halfway)
    np.minimum.at(low, after, halfway)
    return low, high
