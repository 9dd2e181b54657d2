"""What a reader wants to know first: the plan's total, its price, how sure it is, when it has paid for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.cost import DAYS_PER_MONTH
from advisor.figures import many, number
from advisor.model import Advice, Cost, Grade, Range, Recommendation

CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True)
class Headline:
    """The plan as a whole; a range is None where a part of it is unknown."""

    net: Range
    credits: Range
    build: Range | None
    upkeep: Range | None
    confidences: str
    """`3 high, 1 low`."""
    grades: str
    payback_days: float | None
    """Infinite where it never pays back, None where a figure is unknown."""
    edition: str
    privileges: tuple[str, ...]
    """All that the changes together need, each once."""
    unpriced: int
    """Changes of which what they bring is known in no credits: the net holds their cost alone."""

    @property
    def lead(self) -> str:
        return "In credits alone you save" if self.unpriced else "You save"

    @property
    def beside(self) -> str:
        """What the net leaves out; empty where that is nothing."""
        if not self.unpriced:
            return ""
        brings = f"{many(self.unpriced, 'change')} {'brings' if self.unpriced == 1 else 'bring'}"
        return f"What {brings} has no price in credits, such as storage: the net holds what it takes alone."

    @property
    def payback(self) -> str:
        """`pays back in 9 days`, or why that can't be said."""
        return paid_back(self.payback_days)


def headline(advice: Advice) -> Headline:
    changes, totals = advice.recommendations, advice.totals
    unpriced = sum(change.benefit.credits is None for change in changes)
    cost = Cost(totals.build_credits, totals.upkeep_credits_per_month)
    return Headline(
        net=totals.net_credits_per_month,
        credits=totals.saved_credits_per_month,
        build=totals.build_credits,
        upkeep=totals.upkeep_credits_per_month,
        confidences=_counted([change.confidence for change in changes], CONFIDENCES),
        grades=_counted([change.grade for change in changes], tuple(reversed(Grade))),
        payback_days=payback_days(totals.saved_credits_per_month if unpriced < len(changes) else None, cost),
        edition="enterprise" if any(change.edition == "enterprise" for change in changes) else "standard",
        privileges=tuple(sorted({privilege for change in changes for privilege in change.privileges})),
        unpriced=unpriced,
    )


def _counted(values: Sequence[str], order: Sequence[str]) -> str:
    counts = Counter(values)
    return ", ".join(f"{counts[value]} {value}" for value in order if counts[value])


# ---------------------------------------------------------------- payback


def payback_days(credits: Range | None, cost: Cost) -> float | None:
    """Days until the expected saving, less upkeep, has brought the build in; infinite where it never does, None where a
    figure is unknown."""
    if credits is None or cost.build_credits is None or cost.upkeep_credits_per_month is None:
        return None
    if not cost.build_credits.expected:
        return 0.0
    daily = (credits.expected - cost.upkeep_credits_per_month.expected) / DAYS_PER_MONTH
    return cost.build_credits.expected / daily if daily > 0 else float("inf")


def paid_back(days: float | None) -> str:
    if days is None:
        return "payback unknown"
    if days == 0:
        return "pays from the first day"
    if days == float("inf"):
        return "doesn't pay back at today's rate"
    return "pays back within a day" if days < 1 else f"pays back in {number(days)} days"


def break_even(recommendation: Recommendation, window_days: float) -> str:
    """`Pays back in 9 days at the 120 queries a day that you run; worth it from 41 queries a day on.`

    At fewer queries a day than that, the saving would no longer cover the upkeep and the build's share of a month.
    """
    said = paid_back(payback_days(recommendation.benefit.credits, recommendation.cost)).capitalize()
    daily = served_executions(recommendation) / window_days
    saved = recommendation.benefit.credits
    if not daily or saved is None or saved.expected <= 0:
        return f"{said}."
    least = daily * max(0.0, 1 - recommendation.net_credits_per_month.expected / saved.expected)
    text = f"{said} at the {_a_day(daily)} that you run"
    return f"{text}; worth it from {_a_day(least)} on." if least else f"{text}."


def served_executions(recommendation: Recommendation) -> int:
    """Executions in the window of the templates that the change serves."""
    return sum(
        template.executions
        for template in recommendation.templates
        if template.before is None or template.after is None or template.after < template.before
    )


def _a_day(daily: float) -> str:
    return f"{many(1, 'query', 'queries')} a day" if number(daily) == "1" else f"{number(daily)} queries a day"
