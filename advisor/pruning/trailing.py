"""Where the few rows at an end of a column lie in the order of another one that goes along with it, or of its own buckets.

What was loaded today happened today, or weeks ago. A sample of one row in a hundred has two or three of today's rows, in as
many partitions, where the table has hundreds, some in each of the last months. But the latest thirty sampled rows tell how
far back the rows of a day lie, if each is taken to lie as far behind the end of the order as it does behind its own time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from advisor.pruning.cut import Cut
from advisor.pruning.sample import FEW, Floats, Sample

APART = 1e-9
"""Of the rows: distances that are equal are told apart by that, so that a part of the rows lies between any two."""


def trailing(
    sample: Sample, column: str, share: float, cut: Cut, earlier: int, before: int | None, rows: float, last: bool
) -> Floats:
    """How probably each partition holds one of the rows at the column's end, the last or the first, that are a share of
    all rows: the key's expression after so many `earlier` ones goes along with the column, and the column itself comes
    in the key after so many, `before`, if at all.
    """
    starts = np.zeros(1, dtype=np.intp) if earlier == 0 else cut.begun(earlier)
    sizes = np.diff(np.append(starts, sample.rows))
    group = np.repeat(np.arange(len(starts)), sizes)
    place = (np.arange(sample.rows) - starts[group] + 0.5) / sizes[group]
    lags, falling = _lags(_beyond(sample, column, last)[cut.order], place)
    pieces = _pieces(cut, starts, before)
    ends, mine = np.append(pieces[1:], sample.rows), group[pieces]
    first, end = ((at - starts[mine]) / sizes[mine] for at in (pieces, ends))
    held = _between(lags, first, end) if falling else _between(lags, 1 - end, 1 - first)
    none = share * rows * sizes[mine] / sample.rows * np.log1p(-np.minimum(held, 1 - 1e-12))
    return _any(cut, none, pieces, ends, last and before is not None)


def in_own_buckets(
    sample: Sample,
    column: str,
    share: float,
    cut: Cut,
    buckets: Floats,
    earlier: int,
    before: int | None,
    rows: float,
    last: bool,
) -> Floats:
    """The same under a key whose expression after so many `earlier` ones gives the column's own `buckets`, by row: a
    quarter's latest rows are its latest in no way once they lie by customers, but as evenly in it as all others.
    """
    which, counts = np.unique(buckets[_beyond(sample, column, last) < share], return_counts=True)
    if not len(which):
        return np.zeros(len(cut.starts))
    outer, starts = np.zeros(1, dtype=np.intp) if earlier == 0 else cut.begun(earlier), cut.begun(earlier + 1)
    sizes = np.diff(np.append(starts, sample.rows))
    among = np.diff(np.append(outer, sample.rows))[np.searchsorted(outer, starts, side="right") - 1]
    mine = buckets[cut.order[starts]]
    at = np.minimum(np.searchsorted(which, mine), len(which) - 1)
    part = np.where(which[at] == mine, counts[at] / counts.sum(), 0.0)
    held = share * rows * part * among / sample.rows
    pieces = _pieces(cut, starts, before)
    ends, group = np.append(pieces[1:], sample.rows), np.searchsorted(starts, pieces, side="right") - 1
    none = -held[group] * (ends - pieces) / sizes[group]
    return _any(cut, none, pieces, ends, last and before is not None)


def _pieces(cut: Cut, starts: NDArray[np.intp], before: int | None) -> NDArray[np.intp]:
    """Where stretches begin of which each lies in one group and one partition, or ends there: a partition may hold several
    groups' rows."""
    return np.union1d(cut.starts, starts) if before is None else cut.begun(before)


def _any(cut: Cut, none: Floats, pieces: NDArray[np.intp], ends: NDArray[np.intp], last: bool) -> Floats:
    """How probably each partition holds any row, from the logarithms of how probably none is in each piece."""
    where = np.searchsorted(cut.starts, ends - 1 if last else pieces, side="right") - 1
    return np.asarray(-np.expm1(np.bincount(where, none, len(cut.starts))))


def _lags(beyond: Floats, place: Floats) -> tuple[Floats, bool]:
    """How far behind the end of the order, as shares of it, the rows nearest to the column's end lie, in ascending order,
    and whether that end is the order's beginning.
    """
    has = np.flatnonzero(~np.isnan(beyond))
    falling = bool(((place[has] - 0.5) * (beyond[has] - beyond[has].mean())).sum() > 0)
    nearest = has[np.argsort(beyond[has], kind="stable")[:FEW]]
    behind = place[nearest] if falling else 1 - place[nearest]
    return np.sort(np.maximum(0.0, behind - beyond[nearest])), falling


def _between(lags: Floats, low: Floats, high: Floats) -> Floats:
    """The share of the rows that lie between these distances, as many between any two lags as between any others."""
    at = np.append(-APART, lags + APART * np.arange(len(lags)))
    parts = np.linspace(0, 1, len(at))
    # What lies at no distance is in the piece that begins there.
    below = np.where(low > 0, np.interp(low, at, parts), 0.0)
    return np.asarray(np.interp(high, at, parts) - below)


def _beyond(sample: Sample, column: str, last: bool) -> Floats:
    """By row the share of all rows that lie between it and the column's end; NaN for NULLs."""
    ordered, values = sample.sorted[column], sample.columns[column]
    at = len(ordered) - np.searchsorted(ordered, values, side="right") if last else np.searchsorted(ordered, values)
    return np.where(np.isnan(values), np.nan, at / sample.rows)
