"""Services in force that cost more than they bring, by what was observed of both."""

from __future__ import annotations

from advisor.account import Account
from advisor.figures import count, number
from advisor.model import ZERO, Benefit, Cost, Grade, Proposal, Recommendation, SearchService, TableName, Target
from advisor.services.endings import id_of_ending, may_be_read, net_of_ending, outspent, outweighed
from advisor.settings import Settings
from advisor.stored_results.proving import pretty
from advisor.stored_results.standing import Standing, quotable, standing
from advisor.terms import short_window, valid_until


def search(account: Account, settings: Settings) -> tuple[Proposal, ...]:
    """Search optimization to drop; silent where what it let queries skip isn't recorded."""
    profiles = {profile.table.name: profile for profile in account.profiles}
    found = []
    for name, service in sorted((account.facts.search or {}).items()):
        saved = outweighed(service, profiles.get(name), account.prices)
        if saved is not None and name in account.catalog.tables and quotable(name):
            found.append(_drop(name, service, saved, account, settings))
    return tuple(found)


def views(account: Account, settings: Settings) -> tuple[Proposal, ...]:
    """Materialized views to drop; silent where their definition isn't known, or some query can't be told to leave them alone."""
    profiles = {profile.table.name: profile for profile in account.profiles}
    read = {name for template in account.templates for name in template.reading.scans}
    found = []
    for name, spent in sorted((account.facts.refreshes or {}).items()):
        made = standing(name, account.catalog, account.directory)
        if made is None:
            continue
        if made.base in profiles:
            saved = outspent(name, spent, profiles[made.base], account.templates, account.prices)
        else:
            unread = spent > 0 and made.base not in read and not may_be_read(name, made.base, account.templates)
            saved = 0.0 if unread else None
        if saved is not None:
            found.append(_drop_view(name, made, spent, saved, account, settings))
    return tuple(found)


def dearest(account: Account) -> dict[TableName, tuple[TableName, float]]:
    """By table the view over it whose refreshes took most, and the credits that they took over the window."""
    found: dict[TableName, tuple[TableName, float]] = {}
    for name, spent in sorted((account.facts.refreshes or {}).items()):
        made = standing(name, account.catalog, account.directory)
        if made is not None and spent > found.get(made.base, (name, 0.0))[1]:
            found[made.base] = (name, spent)
    return found


def _drop(name: TableName, service: SearchService, saved: float, account: Account, settings: Settings) -> Proposal:
    table, net = account.catalog.tables[name], net_of_ending(service.credits, saved, account.workload)
    brief: dict[str, object] = {"tables": [str(name)], "search": []}
    recommendation = Recommendation(
        id=id_of_ending("search_optimization", name),
        kind="search_optimization",
        action="drop",
        target=Target.table(name),
        title=f"Drop the search optimization of {name}",
        reason=(
            f"Keeping it took {number(service.credits)} credits in {number(account.workload.days)} days, and it let queries skip "
            f"{count(service.pruned)} partitions beyond what the table's order did: worth {number(saved)} credits at most."
        ),
        details={
            **brief,
            "rows": table.rows,
            "partitions": None,
            "hashes": [],
            "valid_until": valid_until(account.workload, settings),
        },
        benefit=Benefit(credits=net),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=net,
        confidence="low" if account.workload.days < settings.min_window_days else "high",
        grade=Grade.OBSERVED,
        templates=(),
        edition="enterprise",
        privileges=(f"OWNERSHIP on table {name}", f"ADD SEARCH OPTIMIZATION on schema {name.database}.{name.schema}"),
        warnings=(
            "A first build in the window counts as keeping: look at its bill by day first.",
            "DESCRIBE SEARCH OPTIMIZATION tells which columns it covers: note them down, a revert names them.",
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, "no search optimization", brief, (), None, net)


def _drop_view(
    name: TableName, made: Standing, spent: float, saved: float, account: Account, settings: Settings
) -> Proposal:
    net = net_of_ending(spent, saved, account.workload)
    brief: dict[str, object] = {
        "tables": [str(made.base)],
        "keys": [],
        "aggregates": [],
        "definition": pretty(made.statement),
    }
    recommendation = Recommendation(
        id=id_of_ending("materialized_view", name),
        kind="materialized_view",
        action="drop",
        target=Target("materialized_view", name.name, name.database, name.schema),
        title=f"Drop the materialized view {name}",
        reason=(
            f"Refreshing it took {number(spent)} credits in {number(account.workload.days)} days. All partitions of {made.base} "
            f"that the queries of that time did not read, whatever spared them, were worth {number(saved)} credits at most."
        ),
        details={**brief, "hashes": [], "valid_until": valid_until(account.workload, settings)},
        benefit=Benefit(credits=net),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=net,
        confidence="low" if account.workload.days < settings.min_window_days else "high",
        grade=Grade.OBSERVED,
        templates=(),
        edition="enterprise",
        privileges=(f"OWNERSHIP on materialized view {name}",),
        warnings=(
            "A first build in the window counts as refreshing: look at its bill by day first.",
            "Queries that run less often than the window is long are not in the evidence; those that name the view fail without "
            "it.",
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, "no view", brief, (), None, net)
