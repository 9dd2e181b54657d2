"""The constants of `advisor/intervals.py`, from worlds of other seeds than those that the benchmark is run on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from advisor import verdict
from advisor.candidates import candidates
from advisor.estimate import Estimate, Judge
from advisor.intervals import Place, places
from benchmarks.layouts import Floats
from benchmarks.worlds.cases import Case
from benchmarks.worlds.outcomes import HELD, SHOWN
from benchmarks.worlds.told import EVIDENCE, Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

KEYS = 8  # the best so many keys of each table are looked at
UNDER = 0.1  # of a world's truths below the range
OVER = 0.075  # of all truths above it
FLOOR = 1.05  # no upper factor is smaller
FEWEST = 20  # ratios, or a world has no low end of its own


@dataclass(frozen=True, eq=False)
class Ratios:
    """Per load of one key: truth / prediction."""

    evidence: str
    places: Sequence[Place]
    found: Floats


def ratios(make: Callable[[int], Case], seed: int) -> list[Ratios]:
    case = make(seed)
    rng = np.random.default_rng([7, seed])
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen, true = truths(case, shown), truths(case, held)
    return [
        found
        for evidence in EVIDENCE
        for name, each in told(case, shown, seen, seed, evidence).items()
        for found in _table(evidence, each, true[name])
    ]


def _table(evidence: str, told: Told, truth: Truth) -> list[Ratios]:
    if verdict.obstacle(told.profile, told.settings) is not None:
        return []
    judge = Judge.of(told.profile, told.prices, told.settings, told.workload.days)
    ranked = candidates(told.profile, told.prices, told.settings, told.workload.days)
    return [_ratios(evidence, judge, estimate, truth) for estimate in ranked[:KEYS]]


def _ratios(evidence: str, judge: Judge, estimate: Estimate, truth: Truth) -> Ratios:
    numbers = [int(load.template.fingerprint, 16) for load in judge.profile.loads]
    true = np.maximum(1, truth.per_template(truth.keyed(estimate.key))[numbers])
    asks = judge.asks & ~judge.fixed
    found = [which for which, asking in zip(places(judge.profile.layout, estimate.key), asks, strict=True) if asking]
    return Ratios(evidence, found, (true / np.maximum(1, estimate.after))[asks])


def report(worlds: Sequence[Callable[[int], Case]], seeds: range) -> None:
    """Prints `FACTORS`: the low end by world, the lowest of them, and the high end of all worlds together."""
    found: defaultdict[tuple[str, Place], defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for make, seed in ((make, seed) for make in worlds for seed in seeds):
        for each in ratios(make, seed):
            for which, ratio in zip(each.places, each.found, strict=True):
                found[each.evidence, which][make.__name__].append(float(ratio))
    for evidence in EVIDENCE:
        print(f'"{evidence}": (')
        for which in Place:
            every = [ratio for mine in found[evidence, which].values() for ratio in mine]
            lows = [_rank(mine, UNDER) for mine in found[evidence, which].values() if len(mine) >= FEWEST]
            low, high = min(lows, default=_rank(every, UNDER)), max(FLOOR, _rank(every, 1 - OVER))
            print(f"    ({low:.3g}, {high:.3g}),  # {which.name}, {len(every)}")
        print("),")


def _rank(values: Sequence[float], quantile: float) -> float:
    """The conformal quantile: of n + 1 equally likely places of the next value."""
    ordered = sorted(values)
    at = quantile * (len(ordered) + 1) - 1
    return ordered[int(np.clip(np.floor(at) if quantile < 0.5 else np.ceil(at), 0, len(ordered) - 1))]
