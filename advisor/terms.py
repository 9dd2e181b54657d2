"""What every recommendation states in the same way, whatever its kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta

from advisor.cost import DAYS_PER_MONTH
from advisor.figures import number
from advisor.model import QueryTemplate, TemplateEvidence, Workload
from advisor.settings import Settings

EVIDENCE_TEMPLATES = 20
HASHES_PER_TEMPLATE = 3


def identity(*parts: str) -> str:
    """`<kind>-<12 hex>`, the same from run to run for the same change to the same object."""
    return f"{parts[0]}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def valid_until(workload: Workload, settings: Settings) -> str:
    """The last day on which a script is meant to be applied."""
    return (workload.window_end + timedelta(days=settings.advice_valid_days)).date().isoformat()


def hashes(templates: Iterable[QueryTemplate]) -> list[str]:
    """Parameterized hashes to watch afterwards: one of each template at least, and not so many as to fill a page."""
    firsts = [sorted(template.hashes)[:HASHES_PER_TEMPLATE] for template in templates]
    return sorted({found for each in firsts for found in each})


def monthly(workload: Workload) -> float:
    """What a figure of the window is multiplied by to hold for a month."""
    return DAYS_PER_MONTH / workload.days


def evidence(templates: Sequence[QueryTemplate]) -> tuple[TemplateEvidence, ...]:
    """The templates that a change serves, those that take most time first, where it doesn't touch what they scan."""
    ranked = sorted(templates, key=lambda each: (-each.execution_ms.total, each.fingerprint))
    return tuple(
        TemplateEvidence(each.fingerprint, each.executions, each.example_query_id, None, None)
        for each in ranked[:EVIDENCE_TEMPLATES]
    )


def short_window(workload: Workload, settings: Settings) -> tuple[str, ...]:
    """The warning that a short history deserves."""
    if workload.days >= settings.min_window_days:
        return ()
    return (f"The history holds {number(workload.days)} days: what a month brings is extrapolated from them.",)
