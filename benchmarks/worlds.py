"""How far the advice can be trusted: `python -m benchmarks.worlds` makes tables that it has never seen, advises from each
kind of evidence, and counts the truth with other literals than those the advice was made from.

Per world and evidence: the saving of the advised key as a share of the best key's (all one- and two-column keys of the
ladder, tried physically), the q-error of predicted partitions per template, and how often the truth lies in the stated range.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import permutations

import numpy as np
from tabulate import tabulate

from advisor import cost
from advisor.asks import Ask, asks_of
from advisor.axes import Axis
from advisor.candidates import candidates, ladder
from advisor.estimate import Estimate, Judge
from advisor.model import (
    Churn,
    Column,
    ColumnStatistics,
    ColumnUsage,
    Distribution,
    Execution,
    KeyPart,
    QueryTemplate,
    Reading,
    Role,
    Table,
    TableHistory,
    TableName,
    Value,
    WarehouseUse,
    Workload,
)
from advisor.profile import ReadTemplate, Sampled, TableProfile, profile
from advisor.sample import Sample
from advisor.settings import Settings
from advisor.verdict import fault, preferred
from tests.worlds import World

NAME = TableName("DB", "PUBLIC", "T")
START = datetime(2026, 1, 1)
DAY0 = date(2024, 1, 1)
DAYS = 730
ROWS, PARTITIONS = 200_000, 400
LITERALS = 12
SAMPLED = 40
EVIDENCE = ("history", "statistics", "sample")

Draw = Callable[[np.random.Generator], tuple[ColumnUsage, ...]]


@dataclass(frozen=True)
class Template:
    draw: Draw
    executions: int


@dataclass(frozen=True)
class Case:
    name: str
    world: World
    templates: tuple[Template, ...]
    trap: bool = False
    """Nothing should be done."""


# ---------------------------------------------------------------- worlds


def uniform(seed: int) -> Case:
    rng = np.random.default_rng([1, seed])
    columns = {"DAY": days(rng.integers(0, DAYS, ROWS)), "TENANT": ids(rng, 60), "ITEM": ids(rng, 20_000)}
    return Case("uniform", world(columns), (
        Template(lambda r: (between(r, "DAY", 14),), 300), Template(lambda r: (equal("TENANT", r.integers(60)),), 200),
        Template(lambda r: (equal("TENANT", r.integers(60)), between(r, "DAY", 60)), 300),
        Template(lambda r: (equal("ITEM", r.integers(20_000)),), 150),
    ))  # fmt: skip


def correlated(seed: int) -> Case:
    """Loaded by arrival; events up to weeks older; tenants by Zipf; users belong to tenants; shipping follows ordering."""
    rng = np.random.default_rng([2, seed])
    arrival = np.sort(rng.uniform(0, DAYS, ROWS))
    late = rng.exponential(1.0, ROWS) + np.where(rng.random(ROWS) < 0.02, rng.uniform(0, 30, ROWS), 0)
    tenant = np.minimum(rng.zipf(1.3, ROWS), 300).astype(float)
    event = np.maximum(0, np.floor(arrival - late))
    columns = {
        "DAY": days(event),
        "SHIPPED": days(event + rng.integers(1, 60, ROWS)),
        "TENANT": tenant,
        "USER": tenant * 1000 + rng.integers(0, 400, ROWS),
    }
    hot = tenant[rng.integers(0, ROWS, 4000)]
    users = columns["USER"][rng.integers(0, ROWS, 4000)]
    return Case("skewed, correlated, late", world(columns), (
        Template(lambda r: (equal("TENANT", r.choice(hot)),), 200),
        Template(lambda r: (equal("TENANT", r.choice(hot)), between(r, "DAY", 90)), 250),
        Template(lambda r: (equal("USER", r.choice(users)),), 250), Template(lambda r: (between(r, "SHIPPED", 10),), 60),
        Template(lambda r: (equal("USER", r.choice(users)), between(r, "DAY", 180)), 100),
    ))  # fmt: skip


def ordered(seed: int) -> Case:
    rng = np.random.default_rng([3, seed])
    columns = {"DAY": days(np.sort(rng.integers(0, DAYS, ROWS))), "KIND": ids(rng, 12)}
    return Case("trap: in good order", world(columns), (
        Template(lambda r: (between(r, "DAY", 7),), 300),
        Template(lambda r: (between(r, "DAY", 30), equal("KIND", r.integers(12))), 100),
    ), True)  # fmt: skip


def unselective(seed: int) -> Case:
    rng = np.random.default_rng([4, seed])
    columns = {"DAY": days(rng.integers(0, DAYS, ROWS)), "FLAG": ids(rng, 2)}
    return Case(
        "trap: nearly all is asked", world(columns), (Template(lambda r: (between(r, "DAY", 700),), 300),), True
    )


CASES = (uniform, correlated, ordered, unselective)


def world(columns: Mapping[str, np.ndarray]) -> World:
    families = {name: "date" if name in ("DAY", "SHIPPED") else "number" for name in columns}
    return World(dict(columns), families, PARTITIONS)


def days(offsets: np.ndarray) -> np.ndarray:
    return offsets.astype(float) + (DAY0 - date(1970, 1, 1)).days


def ids(rng: np.random.Generator, distinct: int) -> np.ndarray:
    return rng.integers(0, distinct, ROWS).astype(float)


def equal(column: str, value: float | np.integer) -> ColumnUsage:
    return ColumnUsage(NAME, column, Role.EQUALITY, 0, values=(int(value),))


def between(rng: np.random.Generator, column: str, length: int) -> ColumnUsage:
    low = DAY0 + timedelta(days=int(rng.integers(0, DAYS - length)))
    return ColumnUsage(NAME, column, Role.RANGE, 0, low=low, high=low + timedelta(days=length), high_included=False)


# ---------------------------------------------------------------- what the advisor is told


def told(
    case: Case, evidence: str, readings: Sequence[Sequence[Reading]], seen: Sequence[float], seed: int
) -> TableProfile:
    known = evidence != "history"
    columns = tuple(_column(case.world, name, i, known) for i, name in enumerate(case.world.columns, 1))
    table = Table(NAME, "BASE TABLE", ROWS, PARTITIONS * 16 * 2**20, columns, created=datetime(2024, 1, 1))
    templates = [
        ReadTemplate(_template(i, template, scanned), samples[0], tuple(samples))
        for i, (template, samples, scanned) in enumerate(zip(case.templates, readings, seen, strict=True))
    ]
    sampled = _sampled(case.world, seed) if evidence == "sample" else lambda name, axes: None
    history = TableHistory(churn=Churn(0, 0, 0))
    return profile(table, {NAME: PARTITIONS}, templates, history, _workload([t.template for t in templates]), sampled)


def _column(world: World, name: str, position: int, known: bool) -> Column:
    values = world.columns[name]
    ends: list[Value] = [values.min(), values.max()]
    if world.families[name] == "date":
        ends = [date(1970, 1, 1) + timedelta(days=int(end)) for end in (values.min(), values.max())]
    statistics = ColumnStatistics(float(len(np.unique(values))), str(ends[0]), str(ends[1]), 0.0) if known else None
    return Column(name, "DATE" if world.families[name] == "date" else "NUMBER", position, statistics)


def _sampled(world: World, seed: int) -> Sampled:
    rows = np.random.default_rng([9, seed]).choice(ROWS, SAMPLED * PARTITIONS, replace=False)
    return lambda name, axes: Sample({column: world.columns[column][rows] for column in axes})


def _template(number: int, template: Template, scanned: float) -> QueryTemplate:
    n = template.executions
    ms = 100 + scanned * 20
    use = WarehouseUse("Large", n, ms * n, round(scanned * n), None, None)
    times = Distribution(ms * n, ms, ms, ms, ms)
    samples = tuple(Execution(None, "", START, ms, None, PARTITIONS, None) for _ in range(LITERALS))
    return QueryTemplate(
        f"{number:016x}", "", "SELECT", None, None, n, None, START, START, n / 28, times, None, round(scanned * n),
        PARTITIONS * n, None, None, None, (use,), (), samples,
    )  # fmt: skip


def _workload(templates: Sequence[QueryTemplate]) -> Workload:
    none = Distribution(0, None, None, None, None)
    return Workload(START, START + timedelta(days=28), 0, none, None, None, None, None, tuple(templates), ())


# ---------------------------------------------------------------- the truth


@dataclass(frozen=True)
class Outcome:
    case: str
    evidence: str
    ratio: float | None
    """Saving of the advised key over the best key's; None where there is nothing to save."""
    errors: tuple[float, ...]
    inside: tuple[bool, ...]
    advised: bool
    worse: bool


def run(make: Callable[[int], Case], seed: int) -> list[Outcome]:
    case = make(seed)
    rng = np.random.default_rng([7, seed])
    shown, held = ([[_reading(t.draw(rng)) for _ in range(LITERALS)] for t in case.templates] for _ in range(2))
    exact = {name: case.world.axis(name) for name in case.world.columns}
    truth = _Truth(case, [[_asks(reading, exact) for reading in each] for each in held])
    seen = [float(np.mean(case.world.counts((), [_asks(r, exact) for r in each]))) for each in shown]
    best = _best(truth, told(case, "statistics", shown, seen, seed))
    return [_outcome(truth, evidence, told(case, evidence, shown, seen, seed), best) for evidence in EVIDENCE]


@dataclass(frozen=True)
class _Truth:
    case: Case
    asked: Sequence[Sequence[tuple[Ask, ...]]]

    def scanned(self, key: Sequence[KeyPart]) -> np.ndarray:
        """Mean partitions per execution of each template, with the literals held back."""
        flat = self.case.world.counts(key, [asks for each in self.asked for asks in each])
        means: np.ndarray = np.array(flat, dtype=float).reshape(len(self.asked), -1).mean(axis=1)
        return means

    def total(self, key: Sequence[KeyPart]) -> float:
        return float(self.scanned(key) @ [template.executions for template in self.case.templates])


def _best(truth: _Truth, profile: TableProfile) -> float:
    rungs = {column: ladder(profile, column) for column in profile.layout.axes}
    singles = [(part,) for parts in rungs.values() for part in parts]
    pairs = [(a, b) for one, two in permutations(rungs, 2) for a in rungs[one] for b in rungs[two]]
    return min(truth.total(()), *(truth.total(key) for key in [*singles, *pairs]))


def _outcome(truth: _Truth, evidence: str, profile: TableProfile, best: float) -> Outcome:
    settings, now = Settings(), truth.total(())
    advised = _advised(profile, settings)
    after = truth.scanned(advised.key) if advised else truth.scanned(())
    total = float(after @ [template.executions for template in truth.case.templates])
    nothing = now - best < 0.05 * now
    errors: tuple[float, ...] = ()
    inside: tuple[bool, ...] = ()
    if advised:
        errors = tuple(
            max(p / t, t / p) for p, t in zip(np.maximum(1, advised.after), np.maximum(1, after), strict=True)
        )
        monthly = total / 28 * cost.DAYS_PER_MONTH
        inside = (advised.partitions.after.low <= monthly <= advised.partitions.after.high,)
    ratio = None if nothing else (now - total) / (now - best)
    return Outcome(truth.case.name, evidence, ratio, errors, inside, advised is not None, total > now * 1.001)


def _advised(profile: TableProfile, settings: Settings) -> Estimate | None:
    workload = _workload([load.template for load in profile.loads])
    slopes = cost.milliseconds_per_partition(workload)
    prices = {t.fingerprint: cost.scan_price(t, slopes, settings) for t in workload.templates}
    ranked = candidates(profile, prices, settings, workload.days)
    if not ranked:
        return None
    best = preferred(ranked, profile)
    return (
        None
        if fault(best, profile, settings)
        else Judge.of(profile, prices, settings, workload.days).estimate(best.key)
    )


def _reading(usages: tuple[ColumnUsage, ...]) -> Reading:
    return Reading((NAME,), usages)


def _asks(reading: Reading, axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    return asks_of(reading.usages, axes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=100, help="the first seed")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    outcomes = [outcome for make in CASES for seed in seeds for outcome in run(make, seed)]
    headers = (
        "world",
        "evidence",
        "saving / best, mean",
        "worst",
        "q-error median",
        "p95",
        "in the range",
        "advised",
        "worse",
    )
    print(tabulate(_rows(outcomes), headers=headers, disable_numparse=True))


def _rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    groups = dict.fromkeys((o.case, o.evidence) for o in outcomes)
    rows: list[tuple[str, ...]] = []
    for case, evidence in groups:
        mine = [o for o in outcomes if (o.case, o.evidence) == (case, evidence)]
        ratios = [o.ratio for o in mine if o.ratio is not None]
        errors = [error for o in mine for error in o.errors]
        inside = [hit for o in mine for hit in o.inside]
        rows.append((
            case, evidence,
            f"{np.mean(ratios):.3f}" if ratios else "nothing to save", f"{min(ratios):.3f}" if ratios else "",
            f"{np.median(errors):.2f}" if errors else "", f"{np.quantile(errors, 0.95):.2f}" if errors else "",
            f"{sum(inside)}/{len(inside)}" if inside else "",
            f"{sum(o.advised for o in mine)}/{len(mine)}", str(sum(o.worse for o in mine)),
        ))  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
