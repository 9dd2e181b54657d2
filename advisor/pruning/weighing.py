"""How much each of a template's few texts counts, where the history tells what all its executions match.

Two dozen texts are read of a template that may have run ten thousand times. One of them asks for the customer who has a
third of the rows, or three do: what the template scans under a key differs by as much. The pruning history counts the
rows that all executions match. With a row sample the same is counted for each text read, so the texts that match more
are given more weight where all executions match more, and less where they match less (calibration to a known total:
J.-C. Deville, C.-E. Särndal, "Calibration Estimators in Survey Sampling", JASA 1992, with exponential weights).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.sample import Floats, Sample

FEWEST = 4
"""Fewer texts don't show how executions differ."""
HEAVIEST = 3.0
"""Times its even part that a text is given at most."""
STEPS = 40


def weighed(questions: Sequence[Question], executions: Sequence[int], sample: Sample) -> tuple[Question, ...]:
    """The questions with their parts of each load's scans; `executions` go by load."""

    def counted(asks: Sequence[Ask]) -> float | None:
        there = all(ask.column in sample.columns and (ask.null or ask.placed) for ask in asks)
        return _share(asks, sample) if there else None

    return _weighed(questions, executions, counted, sample.rows)


def weighed_by_frequencies(
    questions: Sequence[Question], executions: Sequence[int], axes: Mapping[str, Axis]
) -> tuple[Question, ...]:
    """The same where statistics tell what the values hold that are asked for, and times are spread evenly."""

    def told(asks: Sequence[Ask]) -> float | None:
        single = [axes[ask.column].frequent is not None and ask.values == len(ask.positions) > 0 for ask in asks]
        times = [axes[ask.column].is_time and ask.located and not ask.values for ask in asks]
        known = any(single) and all(one or other for one, other in zip(single, times, strict=True))
        return math.prod(ask.share for ask in asks) if known else None

    return _weighed(questions, executions, told, math.inf)


def _weighed(
    questions: Sequence[Question],
    executions: Sequence[int],
    share: Callable[[Sequence[Ask]], float | None],
    rows: float,
) -> tuple[Question, ...]:
    """`share` tells what conditions match, as counted on so many rows; None where it can't."""
    by_load: dict[int, list[int]] = {}
    for i, question in enumerate(questions):
        by_load.setdefault(question.load, []).append(i)
    found = list(questions)
    for load, mine in by_load.items():
        recorded = {questions[i].matched for i in mine}
        scans = round(math.fsum(questions[i].weight for i in mine))
        if len(mine) < FEWEST or None in recorded or len(recorded) > 1 or scans > 1:
            continue  # what a template's several scans match is recorded together
        if any(questions[i].barren for i in mine):
            continue  # how often its scans find nothing what they read has told
        found_of = [share([ask for ask in questions[i].asks if not ask.derived]) for i in mine]
        shares = np.array([each for each in found_of if each is not None])
        if len(shares) < len(mine):
            continue
        (target,) = recorded
        assert target is not None
        for i, weight in zip(mine, _weights(shares, target, executions[load], rows).tolist(), strict=True):
            found[i] = replace(found[i], weight=found[i].weight * weight)
    return tuple(found)


def _share(asks: Sequence[Ask], sample: Sample) -> float:
    """Of the sample's rows, those that meet all of the conditions."""
    return (
        float(np.logical_and.reduce([ask.met_by(sample.columns[ask.column]) for ask in asks]).mean()) if asks else 1.0
    )


def _weights(shares: Floats, recorded: float, executions: int, rows: float) -> Floats:
    """1 on average, with which the shares have the recorded mean, as far as it isn't the sample's chance that they don't."""
    n, mean = len(shares), float(shares.mean())
    chance = mean / rows / n
    drawn = max(0.0, float(shares.var(ddof=1)) / n - chance) * max(0.0, 1 - n / max(1, executions))
    if not drawn:
        return np.ones(n)
    wanted = mean + (recorded - mean) * drawn / (drawn + chance)
    scaled = (shares - mean) / float(np.abs(shares - mean).max())

    def tilted(slope: float) -> Floats:
        raised = np.exp(slope * scaled)
        return np.asarray(raised / raised.mean())

    # Both the mean and the heaviest weight grow with the slope: the least that is steep enough, or the most allowed.
    sign, near, far = (1.0 if wanted > mean else -1.0), 0.0, np.log(HEAVIEST) * n
    for _ in range(STEPS):
        slope = (near + far) / 2
        weights = tilted(sign * slope)
        past = (float((weights * shares).mean()) - wanted) * sign >= 0
        near, far = (near, slope) if past or float(weights.max()) > HEAVIEST else (slope, far)
    return tilted(sign * near)
