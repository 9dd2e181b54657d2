"""The constants of `advisor/pruning/intervals.py`, from worlds of other seeds than those that the benchmark is run on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.clustering import verdict
from advisor.clustering.candidates import candidates
from advisor.clustering.estimate import Estimate
from advisor.clustering.judge import Judge
from advisor.pruning.intervals import Place, places, spread
from benchmarks.columns import Floats
from benchmarks.worlds.cases import Case
from benchmarks.worlds.outcomes import HELD, SHOWN
from benchmarks.worlds.told import EVIDENCE, Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

KEYS = 8  # the best so many keys of each table are looked at
UNDER = 0.1  # of a world's truths below the range
OVER = 0.075  # of all truths above it
FLOOR = 1.05  # no upper factor is smaller
FEWEST = 20  # ratios, or a world has no low end of its own
TOTALS = (0.05, 0.075)  # of the truths of totals below the range, and above
ONE = 0.9  # a sum with so much of its squared deviations in one term tells nothing of many


@dataclass(frozen=True, eq=False)
class Ratios:
    """Per load of one key: truth / prediction."""

    evidence: str
    places: Sequence[Place]
    found: Floats
    reach: tuple[float | None, float | None] = (None, None)
    """Of the key preferred: what `intervals.REACH` must be for the total's truth to lie above its low end, and below
    its high one.
    """


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
    best = verdict.preferred(ranked, told.profile, told.settings) if ranked else None
    return [_ratios(evidence, judge, estimate, truth, estimate is best) for estimate in ranked[:KEYS]]


def _ratios(evidence: str, judge: Judge, estimate: Estimate, truth: Truth, preferred: bool) -> Ratios:
    numbers = [int(load.template.fingerprint, 16) for load in judge.profile.loads]
    true = np.maximum(1, truth.per_template(truth.keyed(estimate.key))[numbers])
    asks = judge.asks & ~judge.fixed
    found = [which for which, asking in zip(places(judge.profile.layout, estimate.key), asks, strict=True) if asking]
    reach = _reach(judge, estimate, true) if preferred else (None, None)
    return Ratios(evidence, found, (true / np.maximum(1, estimate.after))[asks], reach)


def _reach(judge: Judge, estimate: Estimate, true: Floats) -> tuple[float | None, float | None]:
    """The least that would do, to either side; None where one load has nearly all that the total may be off by."""
    off = float(((true - estimate.after) * judge.monthly).sum())
    found = []
    for end in (estimate.after_low, estimate.after_high):
        deviations = (end - estimate.after) * judge.monthly
        alone = float((deviations**2).sum()) / float(deviations.sum()) ** 2 if deviations.any() else 1.0
        found.append(None if alone > ONE else (off / spread(deviations) - alone) / (1 - alone))
    return found[0], found[1]


def report(worlds: Sequence[Callable[[int], Case]], others: Sequence[Callable[[int], Case]], seeds: range) -> None:
    """Prints `FACTORS`: the low end by world, the lowest of them, and the high end of all worlds together; then
    `REACH`, of the others too, for a table has many ratios and one total.
    """
    found: defaultdict[tuple[str, Place], defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    reaches: defaultdict[str, list[tuple[float | None, float | None]]] = defaultdict(list)
    for make, seed in ((make, seed) for make in (*worlds, *others) for seed in seeds):
        for each in ratios(make, seed):
            if each.reach != (None, None):
                reaches[each.evidence].append(each.reach)
            for which, ratio in zip(each.places, each.found, strict=True) if make in worlds else ():
                found[each.evidence, which][make.__name__].append(float(ratio))
    for evidence in EVIDENCE:
        print(f'"{evidence}": (')
        for which in Place:
            every = [ratio for mine in found[evidence, which].values() for ratio in mine]
            lows = [_rank(mine, UNDER) for mine in found[evidence, which].values() if len(mine) >= FEWEST]
            low, high = min(lows, default=_rank(every, UNDER)), max(FLOOR, _rank(every, 1 - OVER))
            print(f"    ({low:.3g}, {high:.3g}),  # {which.name}, {len(every)}")
        print("),")
    for evidence in EVIDENCE:
        below, above = ([x for x in side if x is not None] for side in zip(*reaches[evidence], strict=True))
        low, high = _rank(below, 1 - TOTALS[0]), _rank(above, 1 - TOTALS[1])
        print(f'"{evidence}": ({low:.3g}, {high:.3g}),  # totals, {len(below)} and {len(above)}')


def _rank(values: Sequence[float], quantile: float) -> float:
    """The conformal quantile: of n + 1 equally likely places of the next value."""
    ordered = sorted(values)
    at = quantile * (len(ordered) + 1) - 1
    return ordered[int(np.clip(np.floor(at) if quantile < 0.5 else np.ceil(at), 0, len(ordered) - 1))]
