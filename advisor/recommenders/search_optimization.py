"""Search optimization: look-ups that no order of the table can serve.

What it finds
-------------
Selective look-ups, by equality, in lists, inside text and inside VARIANTs, on columns of many values, whose few rows lie in few
micro-partitions while the queries read most of them; and search optimization in force whose observed credits exceed what it saves.

Why it matters
--------------
A table has one order. A clustering key serves one set of columns; a search access path serves each column that it is built on,
whatever the order, and costs storage and upkeep of its own.

Example
-------
SESSIONS is asked by SESSION_ID and by USER_ID, 900 times a day each, and every query reads all 4,000 partitions for 3 rows.
Advice: `ALTER TABLE SESSIONS ADD SEARCH OPTIMIZATION ON EQUALITY(SESSION_ID, USER_ID)`.

When not to
-----------
Columns of few values, ranges, and look-ups that a clustering key serves as well. Tables rewritten all the time: each write is
indexed again. Materialized views, external, hybrid and temporary tables, and FLOAT columns have no such paths. Standard edition
has no search optimization. Where nothing tells how many rows a look-up leaves, nothing is advised.

References
----------
docs.snowflake.com: Search optimization service; SYSTEM$ESTIMATE_SEARCH_OPTIMIZATION_COSTS (its example gives the default rates).
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor import cost, patches, platform, unneeded
from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import between, many, number, percent, size
from advisor.loads import Load
from advisor.model import (
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Proposed,
    Range,
    Recommendation,
    Rejection,
    Service,
    Target,
    TemplateEvidence,
    Workload,
)
from advisor.paths import PathCost, path_cost
from advisor.profile import TableProfile
from advisor.quoting import identifier, qualified
from advisor.searches import SPREAD, Expression, Look, looks_of, unfit
from advisor.settings import Settings
from advisor.terms import EVIDENCE_TEMPLATES, hashes, identity, monthly, short_window, valid_until

CODE = "search_optimization"

FORBIDDEN = ("external", "hybrid", "temporary", "event")
UNCHECKED = {"dynamic": "a dynamic", "iceberg": "an Iceberg"}


def propose(account: Account, settings: Settings) -> Proposed:
    """At most one set of paths for each table, the expressions that pay together; silent where no look-up is selective."""
    reads = {read.template.fingerprint: read for read in account.templates}
    outcomes: list[Proposal | Rejection] = [*unneeded.search(account, settings)]
    for profile in account.profiles:
        if profile.partitions < settings.min_partitions or not profile.table.rows or not profile.table.bytes:
            continue
        looks = [look for look in looks_of(profile, reads, account) if look.saved.expected > 0]
        fit = [look for look in looks if unfit(look, profile, settings) is None]
        if fit:
            outcomes.append(_outcome(profile, fit, account, settings))
        elif looks:
            outcomes.append(_reject(profile, [looks[0].expression], unfit(looks[0], profile, settings) or ""))
    return Proposed(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Proposal)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Rejection)),
        len(outcomes),
    )


def _outcome(
    profile: TableProfile, looks: Sequence[Look], account: Account, settings: Settings
) -> Proposal | Rejection:
    why = _obstacle(profile, looks, account)
    if why is not None:
        return _reject(profile, [look.expression for look in looks], why)
    chosen = _chosen(profile, looks, settings)
    if not chosen:
        best = _served(looks, [max(looks, key=lambda look: (look.saved.expected, look.expression)).expression])
        saved = sum((look.saved for look in best), ZERO)
        costs = path_cost(profile, 1, settings)
        return _reject(profile, [best[0].expression], _costly(saved, costs))
    served = _served(looks, chosen)
    saved, costs = sum((look.saved for look in served), ZERO), path_cost(profile, len(chosen), settings)
    if saved.low < costs.upkeep.expected:
        return _reject(profile, chosen, f"It would probably pay, but not surely: {_costly(saved, costs)}")
    return _proposal(profile, chosen, served, costs, account, settings)


def _costly(saved: Range, costs: PathCost) -> str:
    return (
        f"It saves {between(saved)} credits a month, but its upkeep takes {between(costs.upkeep)} and its build "
        f"{between(costs.build)} once."
    )


def _obstacle(profile: TableProfile, looks: Sequence[Look], account: Account) -> str | None:
    table = profile.table
    sort = platform.forbidden(table, FORBIDDEN)
    if sort is not None:
        return f"Snowflake has no search optimization on {sort}."
    unchecked = [trait for trait in UNCHECKED if trait in table.traits]
    if unchecked:
        return f"It is {UNCHECKED[unchecked[0]]} table: whether it can have search optimization needs checking."
    try:
        qualified(table.name)
        for look in looks:
            identifier(look.expression.column)
    except InputError:
        return "A name of it can't be written as SQL: look at the snapshot's rows of it."
    if profile.recreated_by is not None:
        return f"{profile.recreated_by.recreates}: search optimization set here is lost with its next run."
    in_force = (account.facts.search or {}).get(table.name)
    if in_force is not None:
        return f"It has search optimization already, which took {number(in_force.credits)} credits in the window."
    return None


def _chosen(profile: TableProfile, looks: Sequence[Look], settings: Settings) -> list[Expression]:
    """Expressions that pay, added one by one while the next brings more than its own part of the cost."""
    chosen: list[Expression] = []
    left = sorted({look.expression for look in looks})
    net = 0.0
    while left:
        ranked = [(_net(profile, looks, [*chosen, each], settings), each) for each in left]
        best, expression = max(ranked, key=lambda pair: pair[0])
        if best <= max(net, settings.min_net_credits_per_month if not chosen else net):
            break
        chosen, net = [*chosen, expression], best
        left.remove(expression)
    return sorted(chosen)


def _served(looks: Sequence[Look], chosen: Sequence[Expression]) -> list[Look]:
    """For each template the expression that saves most."""
    best: dict[str, Look] = {}
    for look in looks:
        name = look.load.template.fingerprint
        if look.expression in chosen and (name not in best or look.saved.expected > best[name].saved.expected):
            best[name] = look
    return [best[name] for name in sorted(best)]


def _net(profile: TableProfile, looks: Sequence[Look], chosen: Sequence[Expression], settings: Settings) -> float:
    saved = sum(look.saved.expected for look in _served(looks, chosen))
    return saved - _monthly(path_cost(profile, len(chosen), settings), settings).expected


def _monthly(costs: PathCost, settings: Settings) -> Range:
    """Credits a month: upkeep, the build's share, storage where it has a price."""
    stored = cost.storage(costs.storage.expected, settings) or 0.0
    return costs.upkeep + costs.build.scaled(1 / settings.payback_months) + Range(stored, stored, stored)


# ---------------------------------------------------------------- words


def _proposal(
    profile: TableProfile,
    chosen: Sequence[Expression],
    served: Sequence[Look],
    costs: PathCost,
    account: Account,
    settings: Settings,
) -> Proposal:
    table, workload = profile.table, account.workload
    saved = sum((look.saved for look in served), ZERO)
    net = saved - _monthly(costs, settings)
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
        privileges=(f"OWNERSHIP on table {table.name}", "ADD SEARCH OPTIMIZATION on its schema"),
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
        "Its rates come from one documented example: run the estimate in the script's preconditions first; it costs a few minutes "
        "of a warehouse.",
        "Whether a query uses the path shows in its profile alone; casts around the column and Time Travel reads don't.",
        "On second-generation and adaptive warehouses Snowflake (Optima) indexes look-ups by itself and free of charge: queries that run "
        "there may need no path.",
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
        f"{many(len(served), 'query template')} look it up by {' and '.join(_target(each) for each in chosen)} "
        f"{number(runs / account.workload.days)} times a day for at most {number(max(1.0, rows))} rows and read "
        f"{percent(min(1.0, before / profile.partitions))} of its {profile.partitions:,} micro-partitions; those rows lie in about "
        f"{number(after)} of them. That saves {between(saved)} credits a month; upkeep takes {between(costs.upkeep)} a month, the build "
        f"{between(costs.build)} once, storage {between(costs.storage, size)}."
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


def _reject(profile: TableProfile, chosen: Sequence[Expression], reason: str) -> Rejection:
    return Rejection(CODE, Target.table(profile.table.name), _brief(profile, chosen), reason)
