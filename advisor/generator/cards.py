"""One recommendation as the report shows it, whatever its kind: what isn't known of it is left out or said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from advisor.figures import between, number
from advisor.generator.headline import break_even, paid_back, payback_days
from advisor.generator.listings import Listing
from advisor.generator.scripts import Script
from advisor.model import Advice, Range, Recommendation, TemplateEvidence

FULL = 25
TEMPLATES_FULL, TEMPLATES_SHORT = 20, 4
VALUE_LENGTH = 300

# Shown elsewhere on the card, or only of use to programs.
_TOLD = frozenset({"owner", "unserved", "hashes", "definition", "rewrites"})


@dataclass(frozen=True)
class Card:
    position: int
    recommendation: Recommendation
    script: Script | None
    full: bool
    """With its whole script; later ones show their statements only, so that the page stays small."""
    payback: str
    break_even: str
    templates: tuple[TemplateEvidence, ...]
    templates_left_out: int
    facts: Listing
    """What the kind itself says: `details`, printed."""

    @property
    def label(self) -> str:
        return self.recommendation.kind.replace("_", " ")

    @property
    def rewrites(self) -> tuple[tuple[str, str], ...]:
        """For each template that the change rewrites: what is shown, its new text."""
        found = self.recommendation.details.get("rewrites")
        entries = [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, (list, tuple)) else []
        return tuple((f"Template {entry.get('fingerprint')}, rewritten", _query(entry)) for entry in entries)

    @property
    def owner(self) -> Mapping[str, object] | None:
        """Who makes the table, and what to change there."""
        found = self.recommendation.details.get("owner")
        return found if isinstance(found, Mapping) else None


def net_scale(advice: Advice) -> Callable[[float], float]:
    """Where a net figure lies between the lowest and the highest of all, 0 to 100; zero is always on the scale."""
    ranges = [recommendation.net_credits_per_month for recommendation in advice.recommendations]
    low, high = min([0.0, *(r.low for r in ranges)]), max([0.0, *(r.high for r in ranges)])
    return lambda value: round(100 * (value - low) / (high - low), 2) if high > low else 0.0


def cards(advice: Advice, scripts: Sequence[Script | None]) -> tuple[Card, ...]:
    """One per recommendation, in order; `scripts[i]` belongs to `recommendations[i]`."""
    pairs = zip(advice.recommendations, scripts, strict=True)
    return tuple(_card(advice, position, *pair) for position, pair in enumerate(pairs, 1))


def _card(advice: Advice, position: int, recommendation: Recommendation, script: Script | None) -> Card:
    full = position <= FULL
    shown = TEMPLATES_FULL if full else TEMPLATES_SHORT
    return Card(
        position,
        recommendation,
        script,
        full,
        paid_back(payback_days(recommendation.benefit.credits, recommendation.cost)),
        break_even(recommendation, advice.workload.days),
        recommendation.templates[:shown],
        max(0, len(recommendation.templates) - shown),
        facts(recommendation.details),
    )


def facts(details: Mapping[str, object]) -> Listing:
    """A row per entry of `details` that is known, in the order given."""
    rows = [
        (key.replace("_", " ").capitalize(), _printed(value))
        for key, value in details.items()
        if key not in _TOLD and value not in (None, [], (), "", {})
    ]
    return Listing(("Fact", "Value"), tuple(rows))


def _query(rewrite: Mapping[str, object]) -> str:
    """The one text of a rewrite beside its fingerprint, under whatever name."""
    return "\n".join(str(value) for key, value in rewrite.items() if key != "fingerprint" and isinstance(value, str))


def _printed(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return number(value)
        case {"low": int() | float() as low, "expected": int() | float() as middle, "high": int() | float() as high}:
            return between(Range(low, middle, high))
        case {"database": str() as database, "schema": str() as schema, "name": str() as name}:
            return _cut(f"{database}.{schema}.{name}")
        case list() | tuple() if all(isinstance(item, (str, int, float)) for item in value):
            return _cut(", ".join(map(str, value)))
        case str():
            return _cut(value)
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"
