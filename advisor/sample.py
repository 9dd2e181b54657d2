"""A uniform sample of a table's rows, sorted and cut as the whole table would be: pruning counted instead of computed.

The sample keeps the table's number of partitions and shrinks the rows in each (algorithms for hypothetical layouts:
"Automated Clustering Recommendation with Database Zone Maps", SIGMOD 2023). A partition of m sampled rows spans less than
one of all its rows: for evenly spread values (m - 1)/(m + 1) of it, which is corrected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.axes import Axis, bucket_codes
from advisor.model import KeyPart

Floats = NDArray[np.float64]

ROWS_PER_PARTITION = 8
"""Fewer sampled rows than this in a partition say too little of its minimum and maximum."""
SLAB = 100
"""Rows among which the width of one column is taken while another is nearly constant."""
TIES_SEED = 20_240_229


@dataclass(frozen=True)
class Sample:
    """Columns as positions on their axes, row by row; NaN where the value is NULL."""

    columns: Mapping[str, Floats]

    @cached_property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @cached_property
    def sorted(self) -> Mapping[str, Floats]:
        return {name: np.sort(values[~np.isnan(values)]) for name, values in self.columns.items()}

    @cached_property
    def ranks(self) -> Mapping[str, Floats]:
        """Each value as the number of rows below it: equal values share a rank, NULLs are NaN."""
        found = {}
        for name, values in self.columns.items():
            rank = np.searchsorted(self.sorted[name], values).astype(float)
            found[name] = np.where(np.isnan(values), np.nan, rank)
        return found

    @cached_property
    def ties(self) -> Floats:
        """What orders rows of equal keys: at random, so that no key profits from the order of arrival."""
        return np.random.default_rng(TIES_SEED).random(self.rows)

    @cached_property
    def widths(self) -> dict[tuple[str, str], float]:
        """What `width` has found so far."""
        return {}

    def serves(self, partitions: int) -> bool:
        return self.rows >= ROWS_PER_PARTITION * partitions

    def rank_of(self, column: str, position: float, *, upper: bool = False) -> float:
        """Where a value stands among the sample's: its rank, or half a row before the next one if it isn't there.

        `upper` is for a range's excluded end: the last rank below it.
        """
        values = self.sorted[column]
        at = float(np.searchsorted(values, position))
        if upper:
            return at - 0.5
        return at if at < len(values) and values[int(at)] == position else at - 0.5

    def order(self, key: Sequence[KeyPart], axes: Mapping[str, Axis]) -> NDArray[np.intp]:
        groups = [bucket_codes(axes[part.column], part, self.columns[part.column]) for part in reversed(key)]
        return np.lexsort((self.ties, *groups))

    def bounds(self, column: str, order: NDArray[np.intp], partitions: int, widen: bool) -> tuple[Floats, Floats]:
        """Lowest and highest rank of a column in each partition; a partition of NULLs alone has neither (inf, -inf)."""
        starts = np.linspace(0, self.rows, partitions, endpoint=False).astype(np.intp)
        values = self.ranks[column][order]
        low = np.minimum.reduceat(np.where(np.isnan(values), np.inf, values), starts)
        high = np.maximum.reduceat(np.where(np.isnan(values), -np.inf, values), starts)
        if widen:
            each = self.rows / partitions
            slack = np.where(np.isfinite(high - low), (high - low) / (each - 1), 0.0)
            low, high = low - slack, high + slack
        return low, high

    def width(self, key: str, column: str) -> float:
        """How much of `column` a stretch of rows spans on which `key` is nearly constant, as a share of its values."""
        if (key, column) not in self.widths:
            order = np.lexsort((self.ties, self.columns[key]))
            ranks = self.ranks[column][order][: self.rows // SLAB * SLAB].reshape(-1, SLAB)
            filled = ranks[~np.isnan(ranks).any(axis=1)]
            spread = (filled.max(axis=1) - filled.min(axis=1)).mean() if len(filled) else float(self.rows)
            true = spread / self.rows * (SLAB + 1) / (SLAB - 1) - SLAB / self.rows
            self.widths[key, column] = float(min(1.0, max(0.0, true)))
        return self.widths[key, column]
