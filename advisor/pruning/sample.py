"""A uniform sample of a table's rows, sorted and cut as the whole table would be: pruning counted instead of computed.

The sample keeps the table's number of partitions and shrinks the rows in each (sampling for hypothetical layouts:
"Automated Clustering Recommendation with Database Zone Maps", SIGMOD 2023). Few rows span less than many do, and how much
less depends on the tails of the values. So the span is measured with all, half and a quarter of the sampled rows too, and
its growth from doubling to doubling is carried on to the partition's real number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from advisor.model import KeyPart
from advisor.pruning.axes import Axis, bucket_codes
from advisor.pruning.cut import Codes, Cut, compact, in_order

Floats = NDArray[np.float64]

ROWS_PER_PARTITION = 8
"""Fewer sampled rows than this in a partition say too little of its minimum and maximum."""
STEADIEST = 0.8
"""A span's growth is taken to fade by this much per doubling at least."""
FILLS = 0.8
"""A column of which the sampled partitions span this share of their group fills the group: they differ by chance only."""
FEW = 30
"""Sampled rows that match a condition: of fewer than that the sample doesn't show where they lie, only how evenly."""
SHOWING = 8
"""Sampled rows that show whether those of a kind lie evenly."""
FULL = 0.1
"""Of the stretches so many may be full of a hot value's rows, two or three, beside others that share some evenly."""
LARGE = 2
"""Partitions that a group fills within which a later expression can skip some."""
SLAB = 100
"""Rows among which the width of one column is taken while another is nearly constant."""
LEAST = 1e-6
"""No parameter of a beta distribution is smaller, which is of none but 0 or all."""
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
    def ends(self) -> Mapping[str, tuple[Floats, Floats]]:
        """The ranks twice, NULLs above all others and below: for minima, and for maxima."""
        return {
            name: (np.where(np.isnan(rank), np.inf, rank), np.where(np.isnan(rank), -np.inf, rank))
            if np.isnan(rank).any()
            else (rank, rank)
            for name, rank in self.ranks.items()
        }

    @cached_property
    def ties(self) -> Floats:
        """What orders rows of equal keys: at random, so that no key profits from the order of arrival."""
        return np.random.default_rng(TIES_SEED).random(self.rows)

    @cached_property
    def shuffled(self) -> NDArray[np.intp]:
        """The rows in the order of `ties`."""
        return np.argsort(self.ties, kind="stable")

    @cached_property
    def coded(self) -> dict[tuple[KeyPart, str], Codes]:
        """What `codes` has found so far."""
        return {}

    def codes(self, part: KeyPart, axis: Axis) -> Codes:
        """What the key expression gives for each of the rows as `shuffled`, numbered in its order."""
        known = part, axis.prefix
        if known not in self.coded:
            _, numbers = np.unique(bucket_codes(axis, part, self.columns[part.column]), return_inverse=True)
            self.coded[known] = compact(numbers[self.shuffled])
        return self.coded[known]

    def in_large_groups(self, part: KeyPart, axis: Axis, partitions: int) -> float:
        """The share of the rows whose group of the key expression fills `LARGE` of so many partitions or more."""
        sizes = np.bincount(self.codes(part, axis))
        return float(sizes[sizes * partitions >= LARGE * self.rows].sum()) / max(1, self.rows)

    @cached_property
    def lots(self) -> Floats:
        """What draws a half and a quarter of the rows, whatever their order."""
        return np.random.default_rng(TIES_SEED + 1).random(self.rows)

    @cached_property
    def widths(self) -> dict[tuple[str, str], float]:
        """What `width` has found so far."""
        return {}

    def serving(self, partitions: int, rows: float) -> Sample | None:
        """The columns of which each of so many partitions has rows enough, those with a NULL left out; None where none
        has. Where nearly all are NULL, a partition's few sampled values are as one: any layout would seem to tell the
        column's values apart. Of all `rows` of the table any are enough.
        """
        wanted = ROWS_PER_PARTITION * partitions
        if self.rows < wanted:
            return None
        held = {name: values for name, values in self.columns.items() if len(self.sorted[name]) >= wanted}
        if len(held) == len(self.columns) or self.rows >= rows > 0:
            return self
        return Sample(held) if held else None

    def rank_of(self, column: str, position: float, *, upper: bool = False) -> float:
        """Where a value stands among the sample's: its rank, or half a row before the next one if it isn't there.

        `upper` is for a range's excluded end: the last rank below it.
        """
        values = self.sorted[column]
        at = float(np.searchsorted(values, position))
        if upper:
            return at - 0.5
        return at if at < len(values) and values[int(at)] == position else at - 0.5

    def cut(self, key: Sequence[KeyPart], axes: Mapping[str, Axis], partitions: int) -> Cut:
        """The rows in the key's order, cut into that many partitions of equal size."""
        codes = [self.codes(part, axes[part.column]) for part in key]
        order = in_order(codes, self.rows)
        return self.arranged(self.shuffled[order], [code[order] for code in codes], partitions)

    def arranged(self, order: NDArray[np.intp], codes: Sequence[Codes], partitions: int) -> Cut:
        """Rows that lie in some order, cut; `codes` are what the order's expressions give for each, in that order."""
        return Cut.of(order, codes, self.lots[order], partitions)

    def bounds(self, column: str, cut: Cut, rows: float | None) -> tuple[Floats, Floats]:
        """Lowest and highest rank of a column in each partition; a partition of NULLs alone has neither (inf, -inf).

        `rows` is the table's real number of rows, to widen the spans to; None where they are as narrow as they look: the
        key's own bare column.
        """
        lowest, highest = self.ends[column]
        lows = lowest[cut.order]
        highs = lows if highest is lowest else highest[cut.order]
        low, high = np.minimum.reduceat(lows, cut.starts), np.maximum.reduceat(highs, cut.starts)
        if rows is None:
            return low, high
        floor, ceiling = cut.reach(lows, highs)
        whole = high - low
        low, high = cut.filled(low, high, lows, highs)
        filled = cut.within >= 0 if (cut.within >= 0).any() else np.ones(len(low), dtype=bool)
        room = np.maximum(1.0, (ceiling - floor)[filled])
        if np.mean(np.maximum(0, (high - low)[filled]) / room) >= FILLS:
            low, high = np.where(filled, floor, low), np.where(filled, ceiling, high)
            if filled.all():
                return low, high
        growth = self._growth(whole, lows, highs, cut, rows)
        slack = np.where(np.isfinite(high - low), high - low, 0.0) * growth / 2
        return np.maximum(low - slack, floor), np.minimum(high + slack, ceiling)

    def with_nulls(self, column: str, cut: Cut, rows: float, keyed: bool = False) -> Floats:
        """How probably each partition of the table's real number of rows holds a NULL of the column; `keyed` for a column of
        the key, whose NULLs lie together."""
        nulls = np.isnan(self.columns[column])
        return self.holding(nulls, float(nulls.mean()), cut, rows, keyed)

    def holding(self, matching: NDArray[np.bool_], share: float, cut: Cut, rows: float, keyed: bool = False) -> Floats:
        """How probably each partition of the table's real number of rows holds a row of a kind.

        `matching` are the sample's rows of it, `share` is what it has of all rows. None seen in a partition isn't none there:
        the more evenly the partitions share those seen, the more each is taken to be like all (empirical Bayes).
        """
        real = np.full(len(cut.starts), rows / len(cut.starts))
        return np.asarray(-np.expm1(self._none(matching, share, cut.order, cut.starts, real, keyed)))

    def at_ends(
        self, matching: NDArray[np.bool_], share: float, cut: Cut, expressions: int, rows: float, last: bool
    ) -> Floats:
        """The same where rows of the kind lie at the end, or the beginning, of each group of the key's first so many
        expressions: how probably one of the groups that end there has any. Of few sampled rows the greatest is less
        than the greatest of all.
        """
        starts = cut.begun(expressions)
        real = np.diff(np.append(starts, self.rows)) * (rows / self.rows)
        none = self._none(matching, share, cut.order, starts, real)
        outermost = np.append(starts[1:], self.rows) - 1 if last else starts
        where = np.searchsorted(cut.starts, outermost, side="right") - 1
        return np.asarray(-np.expm1(np.bincount(where, none, len(cut.starts))))

    def _none(
        self,
        matching: NDArray[np.bool_],
        share: float,
        order: NDArray[np.intp],
        starts: NDArray[np.intp],
        real: Floats,
        keyed: bool = False,
    ) -> Floats:
        """How probably each stretch of the rows in that order, of so many real rows, has none of a kind: the logarithm of it.

        What the kind has of a stretch isn't known better than its sampled rows and the others' tell (a beta
        distribution): a stretch without any so far may be one of those that have none at all.
        """
        seen = np.add.reduceat(matching[order].astype(float), starts)
        sampled = np.diff(np.append(starts, self.rows)).astype(float)
        like_all = 0.0 if keyed else _evenness(seen, sampled)
        if 0 < like_all < math.inf and len(apart := _fullest(seen, sampled)):
            # A few stretches hold many, the rest lies evenly beside them: one customer's many rows of today, and those
            # of all others.
            rest = np.delete(seen, apart).sum() / np.delete(sampled, apart).sum() * sampled.sum() / seen.sum()
            none = np.asarray(real * np.log1p(-min(share * rest, 1 - 1e-12)))
            none[apart] = -math.inf
            return none
        if keyed or math.isinf(like_all):
            found = np.minimum(seen / sampled if keyed else share, 1 - 1e-12)
            return np.asarray(real * np.log1p(-found))
        of_kind = np.maximum(LEAST, share * like_all + seen)
        others = np.maximum(LEAST, (1 - share) * like_all + sampled - seen)
        return np.asarray(betaln(of_kind, others + real) - betaln(of_kind, others))

    def _growth(self, spans: Floats, lows: Floats, highs: Floats, cut: Cut, rows: float) -> float:
        """By which share of itself the mean span of a partition grows from the sample's rows to the table's.

        Each doubling of the rows adds a fraction of what the one before added: half for evenly spread values, more for long
        tails. The fraction is read off the spans of all, half and a quarter of the rows.
        """
        drawn = np.array([spans, *(draw.spans(lows, highs) for draw in cut.drawn)])
        together = np.isfinite(drawn).all(axis=0)
        if not together.any():
            return 0.0
        whole, half, quarter = drawn[:, together].mean(axis=1)
        last, before = whole - half, half - quarter
        if whole <= 0 or last <= 0:
            return 0.0
        ratio = min(STEADIEST, last / before) if before > last else STEADIEST
        doublings = math.log2(max(1.0, rows / self.rows))
        return float(last * ratio * (1 - math.pow(ratio, doublings)) / (1 - ratio) / whole)

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


def _fullest(seen: Floats, sampled: Floats) -> NDArray[np.intp]:
    """The few stretches that have the most rows of the kind, if all others share enough of them evenly to show it; none
    where they don't.
    """
    order = np.argsort(-seen, kind="stable")
    for most in range(1, round(FULL * len(seen)) + 1):
        others = np.delete(seen, order[:most])
        if others.sum() < SHOWING:
            break
        if math.isinf(_evenness(others, np.delete(sampled, order[:most]))):
            return order[:most]
    return order[:0]


def _evenness(seen: Floats, sampled: Floats) -> float:
    """Rows of the whole table's kind that a stretch is worth beside its own sampled ones: the sum of a beta
    distribution's parameters by its moments, of stretches of any size (J. Kleinman, "Proportions with Extraneous
    Variance", 1973); infinite where they differ by chance only.
    """
    rows, stretches = float(sampled.sum()), len(sampled)
    share = float(seen.sum()) / rows
    # That they differ only those show that lie in a stretch together: one row is the whole of some small stretch.
    if not 0 < share < 1 or rows == stretches or seen.max() <= 1:
        return math.inf
    even = share * (1 - share)
    spread = float((sampled * (seen / sampled - share) ** 2).sum()) / even
    chance = stretches - 1
    most = rows - float((sampled**2).sum()) / rows
    variance = 2 * chance + (1 / even - 6) * float((1 / sampled).sum() - 1 / rows)
    if spread <= chance + math.sqrt(max(0.0, variance)):
        return math.inf
    alike = (spread - chance) / (most - chance)
    return max(0.0, (1 - alike) / alike)
