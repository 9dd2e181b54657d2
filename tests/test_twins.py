"""What can't be known without a sample of the rows: two tables with one history and one set of statistics, and two best keys."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.worlds.outcomes import SHOWN
from benchmarks.worlds.told import Told, told
from benchmarks.worlds.truth import SHOWN_DAYS, execute, truths
from benchmarks.worlds.twins import bound, twins


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_neither_history_nor_statistics_tell_the_twins_apart(evidence: str) -> None:
    one, other = (_told(which, evidence) for which in (0, 1))
    assert one == other


def test_a_sample_tells_the_twins_apart() -> None:
    one, other = (_told(which, "sample") for which in (0, 1))
    assert one.profile.layout.sample is not None
    assert other.profile.layout.sample is not None
    assert one.profile.layout.sample.width("A", "B") < 0.1 < other.profile.layout.sample.width("A", "B")


def test_no_key_brings_as_much_as_the_best_on_both() -> None:
    found = bound(1)
    assert found.best[0] != found.best[1]
    assert found.worst < 0.85
    assert found.mean < 0.95


def _told(which: int, evidence: str) -> Told:
    case = twins(1)[which]
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(1))
    return told(case, shown, truths(case, shown), 1, evidence)["T"]
