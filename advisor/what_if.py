"""Snowflake's own estimators beside ours: what they should be asked of the advice, and what their answers change in it.

An answer widens a cost to hold both figures, so that neither is believed alone: Snowflake documents its estimate of
clustering costs as good to within 100% either way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from advisor.errors import InputError
from advisor.figures import number
from advisor.model import (
    Advice,
    Answer,
    Cost,
    Grade,
    Probe,
    Proposal,
    Proposed,
    Range,
    Recommendation,
    TableName,
)
from advisor.settings import Settings
from advisor.snapshot import Snapshot, open_snapshot

DAYS_PER_MONTH = 30.4
DEPTH, COSTS, SEARCH, PLAN = (
    "CLUSTERING_INFORMATION",
    "ESTIMATE_AUTOMATIC_CLUSTERING_COSTS",
    "ESTIMATE_SEARCH_OPTIMIZATION_COSTS",
    "EXPLAIN_PLAN_JSON",
)
CALLS = {"clustering_key": (DEPTH, COSTS), "search_optimization": (SEARCH,)}
"""What is asked of a change of each kind."""
EXPRESSIONS = {"clustering_key": "clustering_key", "search_optimization": "search"}
"""The detail of each kind that an estimator takes beside the table."""


def wanted(folder: Path, settings: Settings, analyze: Callable[[Snapshot, Settings], Advice]) -> tuple[Probe, ...]:
    """What to ask of the advice on a snapshot's folder, at most `Settings.what_if_calls`, the best advice first."""
    try:
        with open_snapshot(folder, settings) as snapshot:
            return tuple(_probes(analyze(snapshot, settings)))[: settings.what_if_calls]
    except InputError:
        return ()  # the analysis itself will say what keeps it from reading the history


def _probes(advice: Advice) -> Iterator[Probe]:
    for recommendation in advice.recommendations:
        table, argument = _table(recommendation), _argument(recommendation)
        if table is None or not argument:
            continue
        for call in CALLS[recommendation.kind]:
            yield Probe(call, table, argument)
        for query in _examples(recommendation)[:1]:
            yield Probe(PLAN, table, query)


def _table(recommendation: Recommendation) -> TableName | None:
    target = recommendation.target
    if target.database is None or target.schema is None or target.name is None:
        return None
    return TableName(target.database, target.schema, target.name)


def _argument(recommendation: Recommendation) -> str:
    """What the estimators take beside the table: `(TENANT_ID, TO_DATE(TS))`, `EQUALITY(A), SUBSTRING(B)`; empty for none."""
    written = recommendation.details.get(EXPRESSIONS.get(recommendation.kind, ""))
    if not isinstance(written, Sequence) or isinstance(written, str):
        return ""
    text = ", ".join(map(str, written))
    return f"({text})" if text and recommendation.kind == "clustering_key" else text


def _examples(recommendation: Recommendation) -> list[str]:
    return [each.example_query_id for each in recommendation.templates if each.example_query_id is not None]


# ---------------------------------------------------------------- answers


def answers(snapshot: Snapshot) -> tuple[Answer, ...]:
    """What the snapshot holds of them; one that is no JSON object says nothing."""
    columns = "CALL, TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, ARGUMENT, ANSWER"
    found = snapshot.rows("what_if", f"SELECT DISTINCT {columns} FROM what_if ORDER BY ALL")
    return tuple(
        Answer(Probe(call, TableName(*place), argument), content)
        for call, *place, argument, text in found
        for content in [_content(text)]
        if content
    )


def _content(text: str | None) -> dict[str, object]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def heard(proposed: Proposed, said: Sequence[Answer], settings: Settings) -> Proposed:
    """The proposals with Snowflake's own figures beside ours."""
    if not said:
        return proposed
    return replace(proposed, proposals=tuple(_heard(proposal, said, settings) for proposal in proposed.proposals))


def _heard(proposal: Proposal, said: Sequence[Answer], settings: Settings) -> Proposal:
    ours = proposal.recommendation
    about = {
        a.probe.call: a for a in said if a.probe.table == _table(ours) and a.probe.argument == _argument(ours) != ""
    }
    plans = [a for a in said if a.probe.call == PLAN and a.probe.argument in _examples(ours)]
    if not about and not plans:
        return proposal
    cost, notes = _cost(ours, None if _rebuilt(ours) else about.get(COSTS) or about.get(SEARCH))
    net = _net(ours, cost, settings)
    grade = Grade.PROBED if ours.grade is Grade.ESTIMATED else ours.grade
    told = (*ours.warnings, *notes, *_depth(about.get(DEPTH)), *(line for plan in plans for line in _planned(plan)))
    recommendation = replace(ours, cost=cost, net_credits_per_month=net, grade=grade, warnings=told)
    alone = proposal.alone
    if alone is None and net.expected <= settings.min_net_credits_per_month:
        alone = f"Counting Snowflake's own estimate of its costs it would bring {number(net.expected)} credits a month."
    return replace(proposal, recommendation=recommendation, alone=alone)


def _rebuilt(ours: Recommendation) -> bool:
    """Its owner sorts the table with each run: no service does, so Snowflake's figures of one don't concern it."""
    owner = ours.details.get("owner")
    return isinstance(owner, Mapping) and bool(owner.get("rebuilds"))


def _cost(ours: Recommendation, answer: Answer | None) -> tuple[Cost, list[str]]:
    """The costs that hold Snowflake's figures too, and the sentences that tell them apart.

    The upkeep of a key that takes another's place is a difference, which Snowflake doesn't estimate.
    """
    if answer is None:
        return ours.cost, []
    build, monthly = _estimates(answer)
    upkeep = monthly if ours.action == "create" else None
    cost = replace(
        ours.cost,
        build_credits=_both(ours.cost.build_credits, build),
        upkeep_credits_per_month=_both(ours.cost.upkeep_credits_per_month, upkeep),
    )
    pairs = (
        ("to build", ours.cost.build_credits, build),
        ("a month to keep", ours.cost.upkeep_credits_per_month, upkeep),
    )
    return cost, [
        f"Snowflake estimates {number(theirs)} credits {what}; from the history it is"
        f" {'unknown' if mine is None else number(mine.expected)}."
        for what, mine, theirs in pairs
        if theirs is not None
    ]


def _estimates(answer: Answer) -> tuple[float | None, float | None]:
    """Credits to build, and a month to keep; None where the answer doesn't say."""
    if answer.probe.call == COSTS:
        daily = _value(answer.content.get("maintenance"))
        return _value(answer.content.get("initial")), None if daily is None else daily * DAYS_PER_MONTH
    positions = answer.content.get("costPositions")
    named = {
        position.get("name"): _value(position.get("costs"))
        for position in (positions if isinstance(positions, list) else ())
        if isinstance(position, dict)
    }
    return named.get("BuildCosts"), named.get("MaintenanceCosts")


def _value(part: object) -> float | None:
    value = part.get("value") if isinstance(part, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _both(ours: Range | None, theirs: float | None) -> Range | None:
    if theirs is None:
        return ours
    if ours is None:
        return Range(theirs / 2, theirs, theirs * 2)
    middle = math.sqrt(ours.expected * theirs) if ours.expected > 0 and theirs > 0 else (ours.expected + theirs) / 2
    return Range(min(ours.low, theirs), middle, max(ours.high, theirs))


def _net(ours: Recommendation, cost: Cost, settings: Settings) -> Range:
    """The net that was stated, less what the costs have grown by."""
    net, old = ours.net_credits_per_month, ours.cost

    def grown(end: str) -> float:
        upkeep = _end(cost.upkeep_credits_per_month, end) - _end(old.upkeep_credits_per_month, end)
        build = _end(cost.build_credits, end) - _end(old.build_credits, end)
        return upkeep + build / settings.payback_months

    return Range(net.low - grown("high"), net.expected - grown("expected"), net.high - grown("low"))


def _end(figure: Range | None, end: str) -> float:
    return 0.0 if figure is None else float(getattr(figure, end))


def _depth(answer: Answer | None) -> list[str]:
    depth = None if answer is None else answer.content.get("average_depth")
    count = None if answer is None else answer.content.get("total_partition_count")
    if not isinstance(depth, int | float) or not isinstance(count, int | float):
        return []
    return [
        f"Snowflake counts {count:,} partitions today, of which {number(float(depth))} overlap at a value of this key."
    ]


def _planned(answer: Answer) -> list[str]:
    found = answer.content.get("GlobalStats")
    stats = found if isinstance(found, dict) else {}
    total, assigned = stats.get("partitionsTotal"), stats.get("partitionsAssigned")
    if not isinstance(total, int) or not isinstance(assigned, int):
        return []
    return [f"Snowflake plans {assigned:,} of {total:,} partitions for query {answer.probe.argument} today."]
