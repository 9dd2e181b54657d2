"""One world with one seed: advised from each kind of evidence, tried by brute force, and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.clustering import verdict
from advisor.clustering.candidates import candidates
from advisor.clustering.estimate import Estimate
from advisor.clustering.judge import Judge
from advisor.keys import render
from advisor.model import KeyPart
from benchmarks.columns import Floats
from benchmarks.worlds.baselines import BASELINES
from benchmarks.worlds.cases import Case
from benchmarks.worlds.told import EVIDENCE, Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

SHOWN, HELD = 144, 96
"""Executions of each template, literals drawn for each: in the weeks of the history, and in the last one."""
TRIED = 4
"""One execution in so many tells good keys from bad ones."""
FINALISTS = 10
WORTH = 0.05  # share of the scans that the best key must save, or there is nothing to save
Key = tuple[KeyPart, ...]


@dataclass(frozen=True, eq=False)
class Judged:
    """A prediction beside the truth: per template that the key moves, partitions an execution."""

    templates: tuple[str, ...]
    predicted: Floats
    low: Floats
    high: Floats
    true: Floats
    claimed: float
    """Partitions saved in the window, as predicted for the shown literals' templates."""
    saved: float
    total_inside: bool

    @property
    def errors(self) -> Floats:
        predicted, true = np.maximum(1, self.predicted), np.maximum(1, self.true)
        return np.maximum(predicted / true, true / predicted)

    @property
    def inside(self) -> NDArray[np.bool_]:
        return (self.low <= self.true * 1.0001) & (self.true <= self.high * 1.0001)


@dataclass(frozen=True, eq=False)
class Outcome:
    world: str
    seed: int
    table: str
    who: str
    """The kind of evidence, or the baseline."""
    key: Key
    now: float
    after: float
    best_key: Key
    best: float
    trap: bool
    judged: Judged | None = None

    @property
    def ratio(self) -> float | None:
        """Saved / the most that any key saves; None where there is nothing to save."""
        if self.now - self.best < WORTH * self.now:
            return None
        return (self.now - self.after) / (self.now - self.best)

    @property
    def worse(self) -> bool:
        return self.after > self.now * 1.001

    @property
    def shown(self) -> str:
        return ", ".join(render(part) for part in self.key) or "none"


def run(make: Callable[[int], Case], seed: int) -> list[Outcome]:
    case = make(seed)
    rng = np.random.default_rng([7, seed])
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen, true = truths(case, shown), truths(case, held)
    profiles = {evidence: told(case, shown, seen, seed, evidence) for evidence in EVIDENCE}
    return [
        outcome
        for name in sorted(true)
        for outcome in _table(case, seed, true[name], {e: profiles[e][name] for e in EVIDENCE})
    ]


def _table(case: Case, seed: int, truth: Truth, profiles: Mapping[str, Told]) -> list[Outcome]:
    executions = np.array([template.executions for template in case.templates], dtype=float)

    def total(key: Key) -> float:
        return float(truth.per_template(truth.keyed(key)) @ executions)

    now = float(truth.per_template(truth.now()) @ executions)
    taken = {evidence: advised(profiles[evidence]) for evidence in EVIDENCE}
    keys: dict[str, Key] = {evidence: estimate.key if estimate else () for evidence, estimate in taken.items()}
    if not case.trap:
        keys |= {name: rule(profiles["statistics"]) for name, rule in BASELINES.items()}
    counted = {
        key: total(key) if key else now
        for key in {*keys.values(), *([] if case.trap else _finalists(truth, executions))}
    }
    best = min([*counted, ()], key=lambda key: counted.get(key, now))
    return [
        Outcome(
            case.name, seed, truth.rows.name, who, key, now, counted.get(key, now), best, counted.get(best, now), case.trap,
            judge(taken[who], profiles[who], truth, case) if who in EVIDENCE else None,
        )
        for who, key in keys.items()
    ]  # fmt: skip


def advised(told: Told) -> Estimate | None:
    """The key that the advisor would recommend for the table by itself."""
    if verdict.obstacle(told.profile, told.settings) is not None:
        return None
    ranked = candidates(told.profile, told.prices, told.settings, told.workload.days)
    if not ranked:
        return None
    best = verdict.preferred(ranked, told.profile, told.settings)
    return None if verdict.fault(best, told.profile, told.settings) else best


def judge(estimate: Estimate | None, told: Told, truth: Truth, case: Case) -> Judged | None:
    if estimate is None:
        return None
    numbers = [int(load.template.fingerprint, 16) for load in told.profile.loads]
    true, before = truth.per_template(truth.keyed(estimate.key))[numbers], truth.per_template(truth.now())[numbers]
    runs = np.array([case.templates[number].executions for number in numbers], dtype=float)
    month = 30.0 / told.workload.days
    totals = estimate.partitions.after
    moved = np.array([estimate.after_low[i] < estimate.after_high[i] for i in range(len(numbers))])
    return Judged(
        tuple(case.templates[n].statement(np.random.default_rng(0), told.workload.window_end.date()) for n, m in zip(numbers, moved, strict=True) if m),
        estimate.after[moved], estimate.after_low[moved], estimate.after_high[moved], true[moved],
        float((Judge.of(told.profile, told.prices, told.settings, told.workload.days).before - estimate.after) @ runs),
        float((before - true) @ runs),
        bool(totals.low <= true @ runs * month <= totals.high),
    )  # fmt: skip


def _finalists(truth: Truth, executions: Floats) -> list[Key]:
    """The most promising of all keys, tried on some of the rows and executions."""
    tried, some = all_keys(truth), truth.some(TRIED)
    totals = {key: float(some.per_template(some.keyed(key, some.thinned)) @ executions) for key in tried}
    return sorted(tried, key=lambda key: totals[key])[:FINALISTS]


def all_keys(truth: Truth) -> list[Key]:
    """All one- and two-column keys over the ladder of every tested column, but those whose second can't skip anything."""
    table = truth.table
    tested = sorted({test.column for test in table.tests})
    rungs = {name: table.columns[name].ladder() for name in tested}
    tried: list[Key] = [(part,) for ladder in rungs.values() for part in ladder]
    roomy = [part for (part,) in tried if table.leaves_room(part, truth.thinned)]
    pairs = [(lead, part) for lead in roomy for name, ladder in rungs.items() if name != lead.column for part in ladder]
    return [*tried, *pairs]


def results(outcomes: Sequence[Outcome], world: str, who: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if (outcome.world, outcome.who) == (world, who)]
