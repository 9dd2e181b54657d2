"""The verdicts as people and programs read them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from tabulate import tabulate

from advisor.figures import UNKNOWN, between, count, duration, moment, number, percent
from advisor.model import Range
from advisor.quoting import comment
from advisor.tracking.tracker import Outcome, TemplateOutcome, Tracking, Verdict

SCHEMA = 1
SHOWN = 10


def as_text(found: Tracking) -> str:
    """One table of verdicts, then each judged recommendation with predicted beside observed."""
    if not found.outcomes:
        return "The advice holds no recommendation to track.\n"
    parts = [_headline(found), _verdicts(found.outcomes), *map(_judged, _applied(found))]
    revert = revert_script(found)
    if revert:
        parts.append(f"What regressed, undone:\n\n{revert.rstrip()}")
    return "\n\n".join(parts) + "\n"


def revert_script(found: Tracking) -> str:
    """The revert statements of what regressed; empty where nothing did."""
    lines = []
    for outcome in found.outcomes:
        if outcome.verdict == Verdict.REGRESSED:
            lines += [f"-- {outcome.recommendation.id}: {comment(outcome.recommendation.title)}"]
            lines += [f"{statement};" for statement in outcome.recommendation.revert]
    return "\n".join(lines) + "\n" if lines else ""


def as_json(found: Tracking) -> str:
    """One object; figures that can't be told are null."""
    content = {
        "schema": SCHEMA,
        "before_until": found.before.isoformat() + "Z",
        "after_since": found.since.isoformat() + "Z",
        "after_until": found.after.isoformat() + "Z",
        "drift": None
        if found.drift is None
        else {"templates": found.drift.controls, "log_ratio": _short(found.drift.common.value)},
        "outcomes": [_outcome(outcome) for outcome in found.outcomes],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _applied(found: Tracking) -> list[Outcome]:
    return [outcome for outcome in found.outcomes if outcome.verdict is not None]


def _headline(found: Tracking) -> str:
    days = (found.after - found.since).total_seconds() / 86_400
    said = (
        f"{number(days)} days from {moment(found.since)}, compared with the window that ended {moment(found.before)}."
    )
    if found.drift is None:
        return f"{said}\nToo few templates were left alone to tell the account's drift."
    change = math.exp(found.drift.common.value)
    return f"{said}\n{found.drift.controls} templates were left alone; their time went to {percent(change)} of what it was."


def _verdicts(outcomes: Sequence[Outcome]) -> str:
    rows = [
        (
            comment(o.recommendation.id),
            o.verdict or o.state,
            between(o.recommendation.benefit.credits),
            between(o.saved),
            _upkeep(o),
            between(o.net),
            comment(o.reason),
        )
        for o in outcomes
    ]
    headers = ("recommendation", "verdict", "predicted saving", "observed", "upkeep", "net", "because")
    return tabulate(rows, headers=headers, disable_numparse=True, maxcolwidths=[None, None, 24, 24, 24, 24, 40])


def _upkeep(outcome: Outcome) -> str:
    if outcome.upkeep is None:
        return UNKNOWN if outcome.saved is not None else ""
    return f"{between(outcome.upkeep)}{'' if outcome.upkeep_observed else ', as predicted'}"


def _judged(outcome: Outcome) -> str:
    rows = [_row(each) for each in outcome.templates[:SHOWN]]
    headers = (
        "template",
        "executions",
        "median time",
        "partitions each",
        "partitions after/before: predicted",
        "observed",
    )
    listing = (
        tabulate(rows, headers=headers, disable_numparse=True) if rows else "No template of it ran in both windows."
    )
    more = len(outcome.templates) - SHOWN
    return f"{comment(outcome.recommendation.title)}\n\n{listing}" + (
        f"\n… and {more:,} more with --format json" if more > 0 else ""
    )


def _row(each: TemplateOutcome) -> tuple[str, ...]:
    return (
        comment(each.fingerprint),
        f"{count(each.executions_before)} → {count(each.executions_after)}",
        f"{duration(each.ms_before)} → {duration(each.ms_after)}",
        f"{number(each.partitions_before)} → {number(each.partitions_after)}",
        number(each.predicted_ratio),
        number(each.observed_ratio),
    )


def _outcome(outcome: Outcome) -> dict[str, object]:
    about = outcome.recommendation
    return {
        "id": about.id,
        "kind": about.kind,
        "state": outcome.state,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "predicted_credits_per_month": _range(about.benefit.credits),
        "observed_credits_per_month": _range(outcome.saved),
        "upkeep_credits_per_month": _range(outcome.upkeep),
        "upkeep_observed": outcome.upkeep_observed,
        "net_credits_per_month": _range(outcome.net),
        "observed_over_predicted": None if outcome.calibration is None else _short(outcome.calibration),
        "templates": [
            {
                "fingerprint": each.fingerprint,
                "executions": {"before": each.executions_before, "after": each.executions_after},
                "median_ms": {"before": _short(each.ms_before), "after": _short(each.ms_after)},
                "partitions": {"before": _maybe(each.partitions_before), "after": _maybe(each.partitions_after)},
                "partitions_ratio": {
                    "predicted": _maybe(each.predicted_ratio),
                    "observed": _maybe(each.observed_ratio),
                },
            }
            for each in outcome.templates
        ],
        "revert": list(about.revert) if outcome.verdict == Verdict.REGRESSED else [],
    }


def _range(figure: Range | None) -> dict[str, float] | None:
    if figure is None:
        return None
    return {"low": _short(figure.low), "expected": _short(figure.expected), "high": _short(figure.high)}


def _maybe(value: float | None) -> float | None:
    return None if value is None else _short(value)


def _short(value: float) -> float:
    return float(f"{value:.6g}") + 0.0
