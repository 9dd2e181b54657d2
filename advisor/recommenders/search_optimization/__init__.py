"""Search optimization: look-ups that no order of the table can serve.

What it finds
-------------
Selective look-ups, by equality, in lists, inside text and inside VARIANTs, on columns of many values, whose few rows lie in few
micro-partitions while the queries read most of them; and search optimization in force whose observed credits exceed what it
saves.

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
indexed again. Materialized views, external, hybrid and temporary tables, FLOAT columns and virtual ones have no such paths. Standard
edition has no search optimization. Where nothing tells how many rows a look-up leaves, nothing is advised.

References
----------
docs.snowflake.com: Search optimization service; SYSTEM$ESTIMATE_SEARCH_OPTIMIZATION_COSTS (its example gives the default rates).
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor import platform
from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import between, number
from advisor.model import ZERO, Proposal, Proposed, Range, Rejection
from advisor.profile import TableProfile
from advisor.quoting import identifier, qualified
from advisor.recommenders.search_optimization.words import CODE, monthly_cost, proposal, reject
from advisor.services import unneeded
from advisor.services.paths import PathCost, path_cost
from advisor.services.searches import Expression, Look, looks_of, unfit
from advisor.settings import Settings

__all__ = ["CODE", "propose"]

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
            outcomes.append(reject(profile, [looks[0].expression], unfit(looks[0], profile, settings) or ""))
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
        return reject(profile, [look.expression for look in looks], why)
    chosen = _chosen(profile, looks, settings)
    if not chosen:
        best = _served(looks, [max(looks, key=lambda look: (look.saved.expected, look.expression)).expression])
        saved = sum((look.saved for look in best), ZERO)
        costs = path_cost(profile, 1, settings)
        return reject(profile, [best[0].expression], _costly(saved, costs))
    served = _served(looks, chosen)
    saved, costs = sum((look.saved for look in served), ZERO), path_cost(profile, len(chosen), settings)
    if saved.low < costs.upkeep.expected:
        return reject(profile, chosen, f"It would probably pay, but not surely: {_costly(saved, costs)}")
    return proposal(profile, chosen, served, costs, account, settings)


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
    elsewhere = platform.foreign(table)
    if elsewhere is not None:
        return elsewhere
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
    return saved - monthly_cost(path_cost(profile, len(chosen), settings), settings).expected
