"""The joint choice at scale: `python -m benchmarks.selection`.

Accounts drawn at random (seeded): tables with several possible keys, access paths and views that compete for the same
templates. Prints the time of the whole choice, what greedy and "everything that pays alone" reach of the exact one, and by
how much the sum of stand-alone claims exceeds what the changes bring together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import click
from tabulate import tabulate

from advisor.model import Benefit, Cost, Grade, Proposal, Range, Recommendation, Service, TableName, Target
from advisor.selection import choose, greedy
from advisor.selection.problem import Problem

SEEDS = range(5)


@dataclass(frozen=True)
class Size:
    tables: int
    keys: int
    templates: int
    views: int
    access_paths: int


SIZES = (Size(8, 6, 120, 25, 10), Size(30, 8, 600, 150, 60), Size(100, 10, 2000, 400, 200))


@dataclass(frozen=True)
class Outcome:
    size: Size
    proposals: int
    exact: bool
    seconds: float
    greedy: float
    """Share of the exact choice's value."""
    everything: float
    """The same of "every table's best key and whatever else pays alone"."""
    claims: float
    """Sum of what the chosen changes would bring alone, as a multiple of what they bring together."""


def proposals(size: Size, seed: int) -> Iterator[Proposal]:
    draw = random.Random(seed)
    tables = [TableName("DB", "S", f"T{i}") for i in range(size.tables)]
    worth = {f"q{i}": draw.paretovariate(1.2) for i in range(size.templates)}
    read = {name: draw.sample(tables, draw.choice((1, 1, 1, 2, 3))) for name in worth}
    readers = {table: [name for name, scans in read.items() if table in scans] for table in tables}
    for table in tables:
        for k in range(size.keys):
            saves = [
                Service(name, table, _about(worth[name] / len(read[name]) * draw.uniform(-0.2, 0.9)))
                for name in readers[table]
                if draw.random() < 0.7
            ]
            yield _proposal(f"key {table.name} {k}", saves, draw.uniform(0.2, 3), draw.uniform(1, 9), table)
    for i in range(size.views):
        seeds = draw.sample(sorted(worth), draw.randint(1, 6))
        saves = [Service(name, None, _about(worth[name] * draw.uniform(0.3, 0.98))) for name in seeds]
        yield _proposal(f"view {i}", saves, draw.uniform(0.2, 4), draw.uniform(0.2, 3))
    for i in range(size.access_paths):
        table = draw.choice([table for table in tables if readers[table]])
        served = draw.sample(readers[table], min(len(readers[table]), draw.randint(1, 3)))
        saves = [
            Service(name, table, _about(worth[name] / len(read[name]) * draw.uniform(0.5, 0.99))) for name in served
        ]
        yield _proposal(f"access {i}", saves, draw.uniform(0.1, 2), draw.uniform(0.1, 2))


def _about(expected: float) -> Range:
    return Range(*sorted((expected / 2, expected, expected * 1.5)))


def _proposal(
    name: str, services: list[Service], upkeep: float, build: float, layout: TableName | None = None
) -> Proposal:
    saved = _about(sum(service.saved.expected for service in services))
    net = saved - _about(upkeep)
    recommendation = Recommendation(
        id=name,
        kind="clustering_key",
        action="create",
        target=Target("table", name),
        title=name,
        reason=name,
        details={},
        benefit=Benefit(credits=saved),
        cost=Cost(_about(build), _about(upkeep)),
        net_credits_per_month=net,
        confidence="high",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=(),
    )
    return Proposal(recommendation, None if net.expected > 0 else "It costs more.", name, {}, tuple(services), layout)


def measured(size: Size, seed: int, budget: float | None = None) -> Outcome:
    problem = Problem.of(proposals(size, seed), 0.0, budget, None)
    start = time.perf_counter()
    chosen, exact = choose(problem)
    seconds = time.perf_counter() - start
    best = problem.value(chosen)
    alone = sum(problem.proposals[i].recommendation.net_credits_per_month.expected for i in chosen)
    return Outcome(
        size,
        len(problem.proposals),
        exact,
        seconds,
        problem.value(greedy.choose(problem)) / best,
        problem.value(_everything(problem)) / best,
        alone / best,
    )


def _everything(problem: Problem) -> list[int]:
    """What an advisor does that judges each change by itself: the best key of every table, and all else that pays."""
    net = [p.recommendation.net_credits_per_month.expected for p in problem.proposals]
    keys = [max(rivals, key=lambda i: net[i]) for rivals in problem.rivals.values()]
    free = [i for i, p in enumerate(problem.proposals) if p.layout is None]
    return [i for i in (*keys, *free) if net[i] > 0]


@click.command(help=__doc__)
def main() -> None:
    rows = []
    for size in SIZES:
        found = [measured(size, seed) for seed in SEEDS]
        rows.append(
            (
                f"{size.tables} tables, {size.templates:,} templates",
                f"{found[0].proposals:,}",
                f"{sum(each.exact for each in found)} of {len(found)}",
                f"{sorted(each.seconds for each in found)[len(found) // 2]:.2f} s",
                f"{max(each.seconds for each in found):.2f} s",
                f"{min(each.greedy for each in found):.4f}",
                f"{min(each.everything for each in found):.3f}",
                f"{max(each.claims for each in found):.2f}",
            )
        )
    headers = ("account", "proposals", "proven best", "time, median", "worst", "greedy / best, worst")
    click.echo(
        tabulate(
            rows, headers=(*headers, "each by itself / best, worst", "sum of claims / total, worst"), tablefmt="github"
        )
    )


if __name__ == "__main__":
    main()
