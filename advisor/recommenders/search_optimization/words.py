"""What the advice to add search optimization says, and what is said against it."""

from __future__ import annotations

from collections.abc import Sequence

from advisor import cost, platform
from advisor.account import Account
from advisor.figures import between, listed, many, number, percent, sizes
from advisor.loads import Load
from advisor.model import (
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Range,
    Recommendation,
    Rejection,
    Service,
    Target,
    TemplateEvidence,
    Workload,
)
from advisor.owners import patches
from advisor.profile import TableProfile
from advisor.quoting import identifier
from advisor.services.paths import PathCost
from advisor.services.searches import SPREAD, Expression, Look
from advisor.settings import Settings
from advisor.terms import EVIDENCE_TEMPLATES, hashes, identity, monthly, short_window, valid_until

CODE = "search_optimization"


def monthly_cost(costs: PathCost, settings: Settings) -> Range:
    """Credits a month: upkeep, the build's share, storage where it has a price."""
    stored = cost.storage(costs.storage.expected, settings) or 0.0
    return costs.upkeep + costs.build.scaled(1 / settings.payback_months) + Range(stored, stored, stored)


def proposal(
    profile: TableProfile,
    chosen: Sequence[Expression],
    served: Sequence[Look],
    costs: PathCost,
    account: Account,
    settings: Settings,
) -> Proposal:
    table, workload = profile.table, account.workload
    saved = sum((look.saved for look in served), ZERO)
    net = saved - monthly_cost(costs, settings)
    written = clauses(chosen)
    before, after = _partitions(served, monthly(workload))
    recommendation = Recommendation(
        id=identity(CODE, str(table.name), *written),
        kind=CODE,
        action="create",
        target=Target.table(table.name),
        title=f"Add search optimization to {table.name} on {', '.join(written)}",
        reason=_reason(profile, chosen, served, saved, costs, account),
        details={
            **_brief(profile, chosen),
            "rows": table.rows,
            "partitions": profile.partitions,
            "valid_until": valid_until(workload, settings),
            "hashes": hashes(look.load.template for look in served),
        },
        benefit=Benefit(partitions_scanned=Change(before, after), credits=saved),
        cost=Cost(costs.build, costs.upkeep, costs.storage),
        net_credits_per_month=net,
        confidence="low"
        if net.low <= 0 or costs.assumed_churn or workload.days < settings.min_window_days
        else "medium",
        grade=Grade.ESTIMATED,
        templates=tuple(_evidence(look, profile) for look in _by_gain(served)[:EVIDENCE_TEMPLATES]),
        edition="enterprise",
        privileges=(
            f"OWNERSHIP on table {table.name}",
            f"ADD SEARCH OPTIMIZATION on schema {table.name.database}.{table.name.schema}",
        ),
        warnings=_warnings(profile, chosen, costs, workload, settings),
    )
    services = tuple(Service(look.load.template.fingerprint, table.name, look.saved) for look in served)
    return Proposal(
        recommendation, None, f"search optimization on {', '.join(written)}", _brief(profile, chosen), services
    )


def _warnings(
    profile: TableProfile, chosen: Sequence[Expression], costs: PathCost, workload: Workload, settings: Settings
) -> tuple[str, ...]:
    return (
        *patches.lost_whole(
            profile.owner, "search optimization is lost, and is built from nothing if it is added again"
        ),
        "Its rates come from one documented example: run the estimate in the script's preconditions first; it costs a few "
        "minutes of a warehouse.",
        "Whether a query uses the path shows in its profile alone; casts around the column and Time Travel reads don't.",
        "On second-generation and adaptive warehouses Snowflake (Optima) indexes look-ups by itself and free of charge: queries "
        "that run there may need no path.",
        *platform.masked(profile.table, {expression.column for expression in chosen}),
        *(
            ("The table's writes aren't recorded: its upkeep is bounded by a full turnover a month.",)
            if costs.assumed_churn
            else ()
        ),
        *short_window(workload, settings),
    )


def clauses(chosen: Sequence[Expression]) -> list[str]:
    """The methods as ALTER TABLE takes them: `EQUALITY(A, B)`, `SUBSTRING(C)`."""
    found = []
    for method in ("EQUALITY", "SUBSTRING"):
        targets = [_target(each) for each in chosen if each.method == method]
        if targets:
            found.append(f"{method}({', '.join(targets)})")
    return found


def _target(expression: Expression) -> str:
    name = identifier(expression.column)
    return name if expression.path is None else f"{name}:{expression.path}"


def _reason(
    profile: TableProfile,
    chosen: Sequence[Expression],
    served: Sequence[Look],
    saved: Range,
    costs: PathCost,
    account: Account,
) -> str:
    runs = sum(look.load.template.executions for look in served)
    before = sum((look.load.before or 0) * look.load.template.executions for look in served) / runs
    after = sum(look.touched * look.load.template.executions for look in served) / runs
    rows = max(look.rows for look in served)
    return (
        f"{many(len(served), 'query template looks', 'query templates look')} it up by {listed([_target(each) for each in chosen], 'or')} "
        f"{number(runs / account.workload.days)} times a day for at most {number(max(1.0, rows))} rows, reading "
        f"{percent(min(1.0, before / profile.partitions))} of its {profile.partitions:,} micro-partitions; those rows lie in "
        f"about {number(after)} of them. That saves {between(saved)} credits a month; upkeep takes {between(costs.upkeep)} a "
        f"month, the build {between(costs.build)} once, storage {sizes(costs.storage)}."
    )


def _by_gain(served: Sequence[Look]) -> list[Look]:
    return sorted(served, key=lambda look: (-look.saved.expected, look.load.template.fingerprint))


def _partitions(served: Sequence[Look], month: float) -> tuple[float, Range]:
    before = sum((look.load.before or 0.0) * look.load.template.executions for look in served) * month
    after = sum(look.touched * look.load.template.executions for look in served) * month
    return before, Range(after / SPREAD, after, min(max(before, after), after * SPREAD))


def _evidence(look: Look, profile: TableProfile) -> TemplateEvidence:
    load: Load = look.load
    before, after = load.before or 0.0, look.touched
    scanned = (before, after, after / SPREAD, min(max(before, after), after * SPREAD))
    shares = [min(1.0, each / profile.partitions) for each in scanned]
    return TemplateEvidence(
        load.template.fingerprint, load.template.executions, load.template.example_query_id, *shares
    )


def _brief(profile: TableProfile, chosen: Sequence[Expression]) -> dict[str, object]:
    return {"tables": [str(profile.table.name)], "search": clauses(sorted(set(chosen)))}


def reject(profile: TableProfile, chosen: Sequence[Expression], reason: str) -> Rejection:
    return Rejection(CODE, Target.table(profile.table.name), _brief(profile, chosen), reason)
