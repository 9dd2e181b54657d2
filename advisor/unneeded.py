"""Services in force that cost more than they bring, by what was observed of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlglot import exp

from advisor.account import Account
from advisor.blocks.expressions import named
from advisor.cost import MS_PER_HOUR
from advisor.errors import InputError
from advisor.figures import count, number
from advisor.loads import Load
from advisor.model import ZERO, Benefit, Cost, Grade, Proposal, Range, Recommendation, SearchService, TableName, Target
from advisor.profile import TableProfile
from advisor.proving import pretty
from advisor.questions import ReadTemplate
from advisor.quoting import qualified
from advisor.search_bills import SURELY, id_of_ending, net_of_ending, outweighed
from advisor.settings import Settings
from advisor.terms import identity, monthly, short_window, valid_until
from advisor.usage.names import Session
from advisor.usage.syntax import view_definition


def search(account: Account, settings: Settings) -> tuple[Proposal, ...]:
    """Search optimization to drop; silent where what it let queries skip isn't recorded."""
    profiles = {profile.table.name: profile for profile in account.profiles}
    found = []
    for name, service in sorted((account.facts.search or {}).items()):
        saved = outweighed(service, profiles.get(name), account.prices)
        if saved is not None and name in account.catalog.tables and _quotable(name):
            found.append(_drop(name, service, saved, account, settings))
    return tuple(found)


def most_skipped(profile: TableProfile, account: Account) -> float | None:
    """Credits over the window, had every partition of the table that its queries didn't read been read at their dearest
    price: no order, view or path can have saved more. None where a price or a query isn't known."""
    if not profile.understood:
        return None
    reads = {read.template.fingerprint: read for read in account.templates}
    spared = []
    for load in profile.loads:
        price = account.prices[load.template.fingerprint]
        skipped = _skipped(profile, load, reads[load.template.fingerprint])
        if skipped and price is None:
            return None
        if price is not None:
            each = skipped * price.saved_ms.high * price.credits_per_hour / MS_PER_HOUR
            spared.append(each * load.template.executions)
    return math.fsum(spared)


def _skipped(profile: TableProfile, load: Load, read: ReadTemplate) -> float:
    """Partitions of the table that an execution surely or possibly leaves: beside other tables only a record of the table's own
    scans tells what was read of it."""
    name = profile.table.name
    there = float(profile.partitions * read.reading.scans.count(name))
    alone = set(read.reading.scans) == {name}
    recorded = any(scan.hash in load.template.hashes and scan.queries for scan in profile.scans)
    return max(0.0, there - (load.before or 0.0)) if alone or recorded else there


def views(account: Account, settings: Settings) -> tuple[Proposal, ...]:
    """Materialized views to drop; silent where their definition isn't known, or some query can't be told to leave them alone."""
    profiles = {profile.table.name: profile for profile in account.profiles}
    read = {name for template in account.templates for name in template.reading.scans}
    found = []
    for name, spent in sorted((account.facts.refreshes or {}).items()):
        made = _definition(name, account)
        if spent <= 0 or made is None or _may_be_read(name, made.base, account):
            continue
        if made.base in profiles:
            saved = most_skipped(profiles[made.base], account)
        else:
            saved = None if made.base in read else 0.0
        if saved is not None and spent > SURELY * saved:
            found.append(_drop_view(name, made, spent, saved, account, settings))
    return tuple(found)


def dearest(account: Account) -> dict[TableName, tuple[TableName, float]]:
    """By table the view over it whose refreshes took most, and the credits that they took over the window."""
    found: dict[TableName, tuple[TableName, float]] = {}
    for name, spent in sorted((account.facts.refreshes or {}).items()):
        made = _definition(name, account)
        if made is not None and spent > found.get(made.base, (name, 0.0))[1]:
            found[made.base] = (name, spent)
    return found


@dataclass(frozen=True)
class _Made:
    base: TableName
    statement: str
    """What creates it anew."""


def _definition(name: TableName, account: Account) -> _Made | None:
    table, text = account.catalog.tables.get(name), account.catalog.views.get(name)
    known = table is not None and table.kind == "MATERIALIZED VIEW" and text is not None and _quotable(name)
    tree = view_definition(text or "") if known else None
    sources = list(tree.expression.find_all(exp.Table)) if isinstance(tree, exp.Create) else []
    if tree is None or len(sources) != 1:
        return None
    session = Session(account.directory, name.database, name.schema)
    base = session.table(sources[0])
    schema = tree.this if isinstance(tree.this, exp.Schema) else None
    (schema.this if schema is not None else tree.this).replace(_named(name))
    sources[0].replace(exp.Table(**_named(base).args | {"alias": sources[0].args.get("alias")}))
    tree.set("replace", None)
    return _Made(base, pretty(tree)) if base in account.catalog.tables and _quotable(base) else None


def _named(name: TableName) -> exp.Table:
    return exp.Table(this=named(name.name), db=named(name.schema), catalog=named(name.database))


def _may_be_read(name: TableName, base: TableName, account: Account) -> bool:
    """By a statement that isn't understood: it bears one of their names."""
    words = {name.name.upper(), base.name.upper()}
    unread = (read.template.text.upper() for read in account.templates if read.reading.problem is not None)
    return any(word in text for text in unread for word in words)


def _quotable(name: TableName) -> bool:
    try:
        qualified(name)
    except InputError:
        return False
    return True


def _drop(name: TableName, service: SearchService, saved: float, account: Account, settings: Settings) -> Proposal:
    table, net = account.catalog.tables[name], net_of_ending(service, saved, account.workload)
    brief: dict[str, object] = {"tables": [str(name)], "search": []}
    recommendation = Recommendation(
        id=id_of_ending(name),
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
        privileges=(f"OWNERSHIP on table {name}", "ADD SEARCH OPTIMIZATION on its schema"),
        warnings=(
            "A first build in the window counts as keeping: look at its bill by day first.",
            "DESCRIBE SEARCH OPTIMIZATION tells which columns it covers: note them down, a revert names them.",
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, "no search optimization", brief, (), None, net)


def _drop_view(
    name: TableName, made: _Made, spent: float, saved: float, account: Account, settings: Settings
) -> Proposal:
    month = monthly(account.workload)
    net = Range((spent - saved) * month, (spent - saved / 2) * month, spent * month)
    brief: dict[str, object] = {"tables": [str(made.base)], "keys": [], "aggregates": [], "definition": made.statement}
    recommendation = Recommendation(
        id=identity("materialized_view", str(name), "drop"),
        kind="materialized_view",
        action="drop",
        target=Target("materialized_view", name.name, name.database, name.schema),
        title=f"Drop the materialized view {name}",
        reason=(
            f"Refreshing it took {number(spent)} credits in {number(account.workload.days)} days. All partitions of {made.base} that "
            f"the queries of that time did not read, whatever spared them, were worth {number(saved)} credits at most."
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
            "Queries that run less often than the window is long are not in the evidence; those that name the view fail without it.",
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, "no view", brief, (), None, net)
