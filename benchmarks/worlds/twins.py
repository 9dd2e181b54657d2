"""Two tables that no history and no statistics tell apart, and whose best keys differ.

In the one, four columns follow each other; in the other, each is shuffled by itself among the rows of every micro-partition. So
every partition keeps its minimum and maximum of every column, every column its values, and each condition, which asks one column,
matches as many rows: scans, pruning history and statistics are the same to the last figure. Whatever advises from these alone
says the same of both, so the key that serves both best bounds what it can bring. A sample of the rows tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.keys import render
from benchmarks.layouts import Column
from benchmarks.worlds.cases import Case, Rows, Template, number
from benchmarks.worlds.outcomes import HELD, Key, all_keys
from benchmarks.worlds.truth import HELD_DAYS, Truth, execute, truths

ROWS, PARTITIONS, VALUES = 60_000, 200, 10_000
FOLLOWING = ("A", "B", "C", "D")
ALONE = ("X", "Z")
NEAR = 20  # how far the values of columns that follow each other lie apart
RUNS = {**dict.fromkeys(FOLLOWING, 80), **dict.fromkeys(ALONE, 200)}


def twins(seed: int) -> tuple[Case, Case]:
    """The table whose columns follow each other, and the one in which they don't."""
    rng = np.random.default_rng([14, seed])
    first = rng.integers(0, VALUES, ROWS)
    columns = {name: number(name, np.abs(first + rng.integers(0, NEAR, ROWS))) for name in FOLLOWING}
    columns |= {name: number(name, rng.integers(0, VALUES, ROWS)) for name in ALONE}
    partition = np.arange(ROWS) * PARTITIONS // ROWS
    shuffled = {name: _shuffled(column, partition, rng) for name, column in columns.items()}
    return tuple(  # type: ignore[return-value]
        Case("twins", (Rows("T", each, PARTITIONS),), tuple(map(_template, RUNS))) for each in (columns, shuffled)
    )


def _shuffled(column: Column, partition: np.ndarray, rng: np.random.Generator) -> Column:
    return number(column.name, column.values[np.lexsort((rng.random(ROWS), partition))])


def _template(column: str) -> Template:
    text = f"SELECT COUNT(*) FROM t WHERE {column.lower()} = "
    return Template(lambda r, at: f"{text}{r.integers(NEAR, VALUES)}", RUNS[column])


@dataclass(frozen=True)
class Bound:
    """The most that one key brings on both tables, as shares of what each table's own best key saves."""

    seed: int
    best: tuple[Key, Key]
    worst: float
    """The smaller of the two shares, under the key for which that is the most."""
    mean: float
    """Their mean, under the key for which that is the most."""

    @property
    def shown(self) -> tuple[str, ...]:
        own, other = (", ".join(map(render, key)) for key in self.best)
        return str(self.seed), own, other, f"{self.mean:.3f}", f"{self.worst:.3f}"


def bound(seed: int) -> Bound:
    pair = [_truth(case, seed) for case in twins(seed)]
    runs = np.array(list(RUNS.values()), dtype=float)
    keys = all_keys(pair[0])
    now = [float(truth.per_template(truth.now()) @ runs) for truth in pair]
    under = np.array([[float(truth.per_template(truth.keyed(key)) @ runs) for key in keys] for truth in pair])
    ratios = np.array([(n - each) / (n - each.min()) for n, each in zip(now, under, strict=True)])
    own, other = (keys[int(ratio.argmax())] for ratio in ratios)
    return Bound(seed, (own, other), float(ratios.min(axis=0).max()), float(ratios.mean(axis=0).max()))


def _truth(case: Case, seed: int) -> Truth:
    return truths(case, execute(case, HELD_DAYS, HELD, np.random.default_rng([7, seed])))["T"]
