"""How far a verdict can be trusted: `python -m benchmarks.track` makes accounts before and after changes whose effect is
known, tracks them from their snapshots, and counts right verdicts and false successes.

Truths: queries that took 0.1 to 0.6 of their time (improved), the same (unchanged, drifted) or 1.6 to 4 times as long
(worsened), upkeep on top; drift is 0.6 to 1.6 of everyone's time, a tenth either way of each template's own, and up to 2.5
times the executions. A little improved, which no goal counts, is 0.75 to 0.9 of the time.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from advisor.published import read
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.tracking.tracker import track
from benchmarks.accounts import LITTLE, SCENARIOS, Account, account


def verdicts(made: Account) -> list[tuple[str, str, str]]:
    """Scenario, true verdict and the tracker's, for each change of an account."""
    with open_snapshot(made.before) as before, open_snapshot(made.after) as after:
        found = track(before, after, read(made.advice), Settings())
    pairs = ((made.truths[outcome.recommendation.id], outcome) for outcome in found.outcomes)
    return [(truth.scenario, truth.verdict, str(outcome.verdict)) for truth, outcome in pairs]


def _row(name: str, counted: Counter[tuple[str, str, str]], scenarios: Sequence[str]) -> tuple[str, int, str, str]:
    of = {key: n for key, n in counted.items() if key[0] in scenarios}
    right = sum(n for (_, truth, said), n in of.items() if truth == said)
    none = sum(n for (_, truth, _), n in of.items() if truth != "confirmed")
    false = sum(n for (_, truth, said), n in of.items() if said == "confirmed" != truth)
    return name, sum(of.values()), f"{right / sum(of.values()):.1%}", f"{false / none:.1%} of {none}" if none else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=40, help="of each sort: with drift and without")
    parser.add_argument("--executions", type=int, default=30)
    given = parser.parse_args()
    counted: Counter[tuple[str, str, str]] = Counter()
    for seed in range(given.accounts):
        for drifted in (False, True):
            with TemporaryDirectory() as home:
                counted.update(verdicts(account(Path(home), seed, drifted, given.executions)))
    little = Counter({key: n for key, n in counted.items() if key[0] == LITTLE})
    rows = [_row(name, counted, (name,)) for name in SCENARIOS]
    rows += [_row("all of these", counted, SCENARIOS), _row(f"({LITTLE})", little, (LITTLE,))]
    print(f"{given.executions} executions of each template in each window\n")
    print(tabulate(rows, headers=("truth", "changes", "right", "false success"), disable_numparse=True))
    print(
        "\nWrong: "
        + (
            ", ".join(
                f"{s}: {t} called {v} ({n})" for (s, t, v), n in sorted(counted.items()) if t != v and s != LITTLE
            )
            or "none"
        )
    )


if __name__ == "__main__":
    main()
