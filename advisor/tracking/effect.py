"""Whether a change helped: each template against itself, all of them against the templates that nothing was done to.

A template's executions are compared in logarithms, their tenths at either end cut off (Yuen 1974): one slow run decides
nothing. What the templates left alone did between the windows is the account's drift; by how much they differ from each
other is how far a template drifts by itself, and no verdict is surer than that allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from advisor.model import Range
from advisor.tracking.runs import Floats, Runs

LEAST_EXECUTIONS = 10
"""In each window; a template with fewer says nothing."""
LEAST_CONTROLS = 6
"""Templates left alone that the drift is taken from; with fewer it is not known."""
TRIMMED = 0.1
TRIMMED_DRIFT = 0.2
CERTAINTY = 0.99
"""One-sided: a change that did nothing is called a success once in a hundred times."""


@dataclass(frozen=True)
class Estimated:
    """A figure, the variance of its error, and the degrees of freedom of that variance."""

    value: float
    variance: float
    freedom: float


@dataclass(frozen=True)
class Drift:
    """What happened to templates that nothing was done to, as a logarithm of time."""

    common: Estimated
    own: float
    """The variance by which templates drift apart."""
    controls: int


@dataclass(frozen=True)
class Treated:
    """One template that the change concerns."""

    shift: Estimated
    """The logarithm of after over before."""
    credits_before: float
    """What its executions of a month take at the time per execution that they had before."""


def shift(before: Runs, after: Runs) -> Estimated | None:
    """The logarithm of a template's time after over before; None where either window has too few executions."""
    if min(len(before.ms), len(after.ms)) < LEAST_EXECUTIONS:
        return None
    old, new = (_trimmed(np.log(np.maximum(runs.ms, 1.0)), TRIMMED) for runs in (before, after))
    variance = old.variance + new.variance
    below = old.variance**2 / old.freedom + new.variance**2 / new.freedom
    # Degrees of freedom as Welch (1947) has them.
    return Estimated(new.value - old.value, variance, variance**2 / below if below else math.inf)


def drift(controls: Sequence[Estimated]) -> Drift | None:
    """None where too few templates were left alone to tell."""
    if len(controls) < LEAST_CONTROLS:
        return None
    values = np.array([each.value for each in controls])
    noise = float(np.median([each.variance for each in controls]))
    return Drift(_trimmed(values, TRIMMED_DRIFT), max(0.0, _spread(values) ** 2 - noise), len(controls))


def saving(treated: Sequence[Treated], drifted: Drift) -> Range:
    """Credits a month that the change saves: what the templates would take, had they drifted as the others, less what
    they take. Low and high are the ends of a one-sided interval each.

    Each part's own limits are those of a logarithm, so they lie unevenly; they join as Zou and Donner (2008) join them.
    """
    common, own = drifted.common, Estimated(0.0, drifted.own, drifted.controls - 1)
    without = [each.credits_before * math.exp(common.value) for each in treated]
    taken = [each.credits_before * math.exp(each.shift.value) for each in treated]
    gained = [(sum(without), common), *((credits, own) for credits in without)]
    lost = [(credits, each.shift) for credits, each in zip(taken, treated, strict=True)]
    total = sum(without) - sum(taken)
    low = math.hypot(*(_reach(*part, -1) for part in gained), *(_reach(*part, 1) for part in lost))
    high = math.hypot(*(_reach(*part, 1) for part in gained), *(_reach(*part, -1) for part in lost))
    return Range(total - low, total, total + high)


def _reach(credits: float, part: Estimated, side: int) -> float:
    """How far a figure's limit lies from it when its logarithm is as uncertain as `part`."""
    return credits * math.expm1(side * quantile(CERTAINTY, part.freedom) * math.sqrt(part.variance))


def _spread(values: Floats) -> float:
    """The standard deviation, as the closer half of all pairs shows it (Qn of Rousseeuw and Croux 1993)."""
    n = len(values)
    near = n // 2 + 1
    apart = np.sort(np.abs(values[:, None] - values)[np.triu_indices(n, 1)])
    return 2.2219 * float(apart[near * (near - 1) // 2 - 1]) * n / (n + (1.4 if n % 2 else 3.8))


def quantile(probability: float, freedom: float) -> float:
    """Student's t: the Cornish-Fisher expansion about the normal's, within 1% from four degrees of freedom on."""
    z, n = NormalDist().inv_cdf(probability), max(freedom, 3.0)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def _trimmed(values: Floats, share: float) -> Estimated:
    """The mean of what is left when that share is cut off at each end, and its error (Tukey and McLaughlin 1963)."""
    ordered = np.sort(values)
    cut = int(share * len(ordered))
    kept = ordered[cut : len(ordered) - cut]
    winsorized = np.clip(ordered, kept[0], kept[-1])
    variance = float(winsorized.var(ddof=1)) / ((1 - 2 * cut / len(ordered)) ** 2 * len(ordered))
    return Estimated(float(kept.mean()), variance, float(len(kept) - 1))
