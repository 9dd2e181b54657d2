"""What earlier changes taught: how much of a predicted saving changes of one kind really brought (docs/adr)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.figures import many, number
from advisor.model import Proposal, Proposed, Range
from advisor.tracking.ledger import Entry, ordered

DOUBT = 4.0
"""Changes that one has to see before they weigh as much as the model's own word."""
LEAST, MOST = 0.5, 1.25
"""The factor's bounds: what was too bold is cut further than what was too shy is raised."""
_SEEN = (0.05, 4.0)  # one change says no more than this, however it went


@dataclass(frozen=True)
class Calibration:
    factor: float
    """What predicted savings of the kind are multiplied by."""
    changes: int


def learned(entries: Sequence[Entry]) -> dict[str, Calibration]:
    """By kind, the geometric mean of observed over predicted, drawn toward 1 as if `DOUBT` changes had gone as predicted.

    Each change counts once, by its last verdict.
    """
    last: dict[str, tuple[str, float]] = {}
    for entry in ordered(entries):
        ratio = entry.facts.get("observed_over_predicted")
        if isinstance(ratio, int | float):
            last[entry.id] = (str(entry.facts["kind"]), float(ratio))
    seen: defaultdict[str, list[float]] = defaultdict(list)
    for kind, ratio in last.values():
        seen[kind].append(math.log(min(max(ratio, _SEEN[0]), _SEEN[1])))
    return {kind: Calibration(_factor(logs), len(logs)) for kind, logs in sorted(seen.items())}


def _factor(logs: Sequence[float]) -> float:
    return min(max(math.exp(sum(sorted(logs)) / (len(logs) + DOUBT)), LEAST), MOST)


def calibrated(proposed: Sequence[Proposed], lessons: Mapping[str, Calibration]) -> tuple[Proposed, ...]:
    """The same proposals, what their queries save scaled by their kind's factor."""
    return tuple(
        replace(each, proposals=tuple(_scaled(proposal, lessons) for proposal in each.proposals)) for each in proposed
    )


def _scaled(proposal: Proposal, lessons: Mapping[str, Calibration]) -> Proposal:
    recommendation = proposal.recommendation
    lesson, credits = lessons.get(recommendation.kind), recommendation.benefit.credits
    if lesson is None or credits is None or not proposal.services:
        return proposal
    saved = [service.saved for service in proposal.services]
    more = (
        (lesson.factor - 1) * sum(each.low for each in saved),
        (lesson.factor - 1) * sum(each.expected for each in saved),
    )
    moved = (*more, (lesson.factor - 1) * sum(each.high for each in saved))
    net = _moved(recommendation.net_credits_per_month, moved)
    said = (
        f"{many(lesson.changes, 'earlier change')} of this kind {'was' if lesson.changes == 1 else 'were'} tracked: "
        f"credits saved are the model's times {number(lesson.factor)}."
    )
    scaled = replace(
        recommendation,
        benefit=replace(recommendation.benefit, credits=_moved(credits, moved)),
        net_credits_per_month=net,
        reason=f"{recommendation.reason} {said}",
    )
    alone = proposal.alone or (None if net.expected > 0 else f"{said} It no longer pays.")
    services = tuple(replace(service, saved=service.saved.scaled(lesson.factor)) for service in proposal.services)
    return replace(proposal, recommendation=scaled, alone=alone, services=services)


def _moved(figure: Range, by: tuple[float, float, float]) -> Range:
    low, expected, high = (end + more for end, more in zip((figure.low, figure.expected, figure.high), by, strict=True))
    return Range(min(low, expected), expected, max(high, expected))
