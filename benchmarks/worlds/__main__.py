"""`python -m benchmarks.worlds`: every world, five seeds each, one table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from tabulate import tabulate

from advisor.keys import render
from benchmarks.worlds import fit, quickstart, twins
from benchmarks.worlds.baselines import BASELINES
from benchmarks.worlds.outcomes import Outcome, results, run
from benchmarks.worlds.synthetic import WORLDS
from benchmarks.worlds.told import EVIDENCE
from benchmarks.worlds.tpc import tpcds, tpch
from benchmarks.worlds.traps import TRAPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=100, help="the first seed")
    parser.add_argument("--only", help="worlds whose name holds this")
    parser.add_argument("--no-quickstart", action="store_true", help="leave out the published anchor")
    parser.add_argument(
        "--fit", action="store_true", help="print the constants of advisor/pruning/intervals.py instead"
    )
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    if given.fit:
        fit.report((*WORLDS, tpch), (tpcds,), seeds)
        return
    outcomes: list[Outcome] = []
    for make in (*WORLDS, tpch, tpcds, *TRAPS):
        if given.only is None or given.only in make.__name__:
            started = time.perf_counter()
            for seed in seeds:
                outcomes += run(make, seed)
            print(f"{make.__name__}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    report(outcomes)
    if given.only is None:
        print(
            "\nTwins, which no history and no statistics tell apart: the most that one key brings on both / their best keys\n"
        )
        shown = [twins.bound(seed).shown for seed in seeds]
        print(
            tabulate(
                shown,
                ("seed", "best key of the one", "of the other", "mean", "worst"),
                tablefmt="github",
                disable_numparse=True,
            )
        )
    if not given.no_quickstart:
        print("\nThe published quickstart: seconds measured there, partitions predicted here\n")
        names = ("key", "seconds", "of as loaded", "rank", "partitions", "of as loaded", "rank")
        print(tabulate(quickstart.rows(), names, tablefmt="github", disable_numparse=True))


def report(outcomes: Sequence[Outcome]) -> None:
    worlds = list(dict.fromkeys(outcome.world for outcome in outcomes if not outcome.trap))
    rows = [_row(results(outcomes, world, who)) for world in worlds for who in (*EVIDENCE, *BASELINES)]
    names = (
        "world", "by", "saving / best, mean", "worst", "q-error median", "p90", "p95", "max", "in range", "totals in range",
        "claimed / saved", "worse",
    )  # fmt: skip
    print(tabulate(rows, names, tablefmt="github", disable_numparse=True))
    print("\nTables where nothing should be done: changes advised\n")
    print(tabulate(_trap_rows(outcomes), ("trap", *EVIDENCE), tablefmt="github"))
    print("\nFailures: under 0.85 of the best key's saving, advice in a trap, or a workload made worse\n")
    print("\n".join(_failures(outcomes)) or "none")


def _row(mine: Sequence[Outcome]) -> tuple[str, ...]:
    ratios = [outcome.ratio for outcome in mine if outcome.ratio is not None]
    judged = [outcome.judged for outcome in mine if outcome.judged is not None]
    errors = np.concatenate([each.errors for each in judged]) if judged else np.array([])
    inside = np.concatenate([each.inside for each in judged]) if judged else np.array([])
    quantiles = [f"{np.quantile(errors, q):.2f}" if len(errors) else "" for q in (0.5, 0.9, 0.95, 1)]
    claims = [each.claimed / each.saved for each in judged if each.saved > 0]
    return (
        mine[0].world, mine[0].who, f"{np.mean(ratios):.3f}" if ratios else "", f"{min(ratios):.3f}" if ratios else "", *quantiles,
        f"{inside.sum():.0f}/{len(inside)}" if len(inside) else "",
        f"{sum(each.total_inside for each in judged)}/{len(judged)}" if judged else "",
        f"{min(claims):.2f} to {max(claims):.2f}" if claims else "", str(sum(outcome.worse for outcome in mine)),
    )  # fmt: skip


def _trap_rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    worlds = list(dict.fromkeys(outcome.world for outcome in outcomes if outcome.trap))
    return [
        (
            world,
            *(
                f"{sum(bool(o.key) for o in results(outcomes, world, e))}/{len(results(outcomes, world, e))}"
                for e in EVIDENCE
            ),
        )
        for world in worlds
    ]


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    said = []
    for one in outcomes:
        if one.who in EVIDENCE:
            where = f"{one.world}, seed {one.seed}, {one.table}, {one.who}: "
            if one.trap and one.key:
                said.append(f"{where}advised {one.shown} in a trap")
            if one.worse:
                said.append(f"{where}{one.shown} makes it worse, {one.now:,.0f} to {one.after:,.0f} partitions")
            if one.ratio is not None and one.ratio < 0.85:
                best = ", ".join(render(part) for part in one.best_key)
                said.append(f"{where}advised {one.shown}: {one.ratio:.3f} of the best, {best}")
    return said


if __name__ == "__main__":
    main()
