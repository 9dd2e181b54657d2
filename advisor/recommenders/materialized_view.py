"""Materialized views: aggregations that many queries repeat, kept ready by Snowflake.

What it finds
-------------
Groupings of one table that queries ask for again and again, at the top of a statement, in a CTE, in a subquery or beside a join,
and the view of few rows that answers several of them: their keys and aggregates together, the columns of filters that differ
lifted to keys, AVG kept as SUM and COUNT. Each query's text over the view is printed and has been run beside the original
on generated rows. And views in force whose refreshes took more than all that their table's queries can have been spared: to drop.

Why it matters
--------------
An aggregation reads every row of its table to return a handful. The view holds the handful: Snowflake keeps it up to date and
reads it by itself where a query's groups can be had from it.

Example
-------
Before: `SELECT REGION, SUM(AMOUNT) FROM ORDERS WHERE DAY >= '2026-05-01' GROUP BY REGION` reads 312 partitions each time.
Advice: `CREATE MATERIALIZED VIEW ... AS SELECT DAY, REGION, SUM(AMOUNT) AS SUM_AMOUNT FROM ORDERS GROUP BY DAY, REGION`: the
same question reads one.

When not to
-----------
Tables under 100 micro-partitions are read quickly as they are. A view with nearly as many rows as its table saves nothing;
a table that is rewritten all the time, reloaded or reclustered makes its view do the same, on serverless compute. Tables
that a job recreates leave an invalid view behind. Row access policies, masked columns, joins, window functions, DISTINCT
aggregates and whatever hangs on a session parameter are not allowed. Standard edition has no materialized views.

References
----------
docs.snowflake.com: Working with materialized views; CREATE MATERIALIZED VIEW. Agrawal, Chaudhuri and Narasayya, "Automated
selection of materialized views and indexes", VLDB 2000. Harinarayan et al., "Implementing data cubes efficiently", SIGMOD 1996.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor import patches, unneeded
from advisor import stored_advice as said
from advisor.account import Account
from advisor.blocks import Stored, definition
from advisor.errors import InputError
from advisor.figures import between, number, percent
from advisor.model import (
    Benefit,
    Cost,
    Grade,
    Proposal,
    Proposed,
    Recommendation,
    Rejection,
    TableName,
    Target,
)
from advisor.platform import forbidden
from advisor.profile import TableProfile
from advisor.proving import Rewrites, pretty
from advisor.quoting import identifier, qualified
from advisor.served import Asked, Candidate, Market, candidates, gather, services
from advisor.settings import Settings
from advisor.terms import identity, short_window

CODE = "materialized_view"

KINDS = ("BASE TABLE", "EXTERNAL TABLE")
FORBIDDEN_TRAITS = ("hybrid", "temporary", "event", "dynamic")
UNSURE_TRAITS = ("iceberg",)
REJECTED_EACH = 3


def propose(account: Account, settings: Settings) -> Proposed:
    """Per table the views that net most together, and those in force that cost more than they can bring."""
    large = [profile for profile in account.profiles if profile.partitions >= settings.min_partitions]
    asked = gather(account, large, settings)
    each = [_propose(profile, asked[profile.table.name], account, settings) for profile in large]
    drops = unneeded.views(account, settings)
    return Proposed(
        (*drops, *(proposal for proposed in each for proposal in proposed.proposals)),
        tuple(rejection for proposed in each for rejection in proposed.rejections),
        len(drops) + sum(proposed.judged for proposed in each),
    )


def _propose(profile: TableProfile, asked: Sequence[Asked], account: Account, settings: Settings) -> Proposed:
    worth = [one for one in asked if one.worth > settings.min_net_credits_per_month]
    if not worth:
        return Proposed((), (), 0)
    why = obstacle(profile)
    if why is not None:
        return Proposed((), (_reject(profile, None, why),), 0)
    market = Market.of(profile, account, settings)
    found, refused = candidates(worth, market)
    proposals = []
    for candidate in found:
        outcome, fallen = said.settled(candidate, market, lambda c: fault(c, market), view_name, account)
        refused += fallen
        if outcome is not None:
            proposals.append(_proposal(*outcome, market, account))
    refused.sort(key=lambda one: -one.worth)
    rejections = tuple(_reject(profile, one.kept, one.reason) for one in refused[:REJECTED_EACH])
    return Proposed(tuple(proposals), rejections, len(found) + len(refused))


def obstacle(profile: TableProfile) -> str | None:
    """Why the table can't have a materialized view, or wouldn't keep it; None where it can."""
    table = profile.table
    sort = forbidden(table, FORBIDDEN_TRAITS, KINDS)
    if sort is not None:
        return f"Snowflake allows no materialized view on {sort}."
    if any(trait in table.traits for trait in UNSURE_TRAITS):
        return "It is an Iceberg table: whether a materialized view is allowed on it needs checking."
    if table.row_policy:
        return "It has a row access policy: Snowflake allows no materialized view on it."
    if not table.columns:
        return "The snapshot doesn't tell its columns."
    if not table.rows or not table.bytes:
        return "The snapshot doesn't say how large it is." if None in (table.rows, table.bytes) else "It is empty now."
    if profile.recreated_by is not None:
        return f"{profile.recreated_by.recreates}: a view on it is invalid after the next run."
    try:
        qualified(table.name)
    except InputError:
        return "Its name can't be written as SQL."
    return None


def fault(candidate: Candidate, market: Market) -> str | None:
    """Why this view isn't worth it or not allowed, in one sentence; None where it is."""
    used = {column for asked in candidate.members for _, column in asked.block.columns}
    masked = sorted(market.profile.table.masked & used)
    if masked:
        return f"{masked[0]} has a masking policy: Snowflake allows no materialized view with it."
    return said.fault(candidate, market.profile.partitions, _written(market), market.settings)


def _written(market: Market) -> str:
    churn, rows = market.profile.churn, market.profile.table.rows
    if churn is None or not rows:
        return ""
    return f" ({percent((churn.rows_added + churn.rows_removed + churn.rows_updated) / rows)} of its rows are written a day)"


# ---------------------------------------------------------------- in words


def _proposal(candidate: Candidate, rewrites: Rewrites, market: Market, account: Account) -> Proposal:
    return Proposal(
        _recommendation(candidate, rewrites, market, account),
        None,
        f"a materialized view by {said.keys(candidate.kept)}",
        said.brief(candidate.kept),
        services(candidate),
    )


def _recommendation(candidate: Candidate, rewrites: Rewrites, market: Market, account: Account) -> Recommendation:
    kept, name = candidate.kept, view_name(candidate.kept)
    return Recommendation(
        id=identity(CODE, str(kept.tables[0]), pretty(definition(kept))),
        kind=CODE,
        action="create",
        target=Target(CODE, name.name, name.database, name.schema),
        title=f"Keep {kept.tables[0]} aggregated by {said.keys(kept)} in a materialized view",
        reason=_reason(candidate, market, account),
        details=_details(candidate, rewrites, market, account),
        benefit=Benefit(partitions_scanned=candidate.partitions, credits=candidate.credits),
        cost=Cost(candidate.keeping.build, candidate.keeping.upkeep, candidate.size.bytes),
        net_credits_per_month=candidate.net,
        confidence=said.confidence(candidate, account, market.settings),
        grade=Grade.ESTIMATED,
        templates=tuple(said.evidence(candidate, float(market.profile.partitions))),
        edition="enterprise",
        privileges=(
            f"CREATE MATERIALIZED VIEW on schema {identifier(name.database)}.{identifier(name.schema)}",
            f"SELECT on {qualified(kept.tables[0])}",
            "USAGE on its database and schema",
        ),
        warnings=tuple(_warnings(candidate, market, account)),
    )


def _reason(candidate: Candidate, market: Market, account: Account) -> str:
    rows = market.rows
    return (
        f"{said.asking(candidate, account)} for groups of the {rows:,.0f} rows of {candidate.kept.tables[0]} and read "
        f"{number(candidate.mean_read)} of its {market.profile.partitions:,} micro-partitions each time; the view holds "
        f"{between(candidate.size.rows)} rows ({percent(candidate.size.rows.expected / rows)}) in "
        f"{between(candidate.size.partitions)} partitions. That saves {between(candidate.credits)} credits a month; "
        f"refreshing takes {between(candidate.keeping.upkeep)} a month and the build {between(candidate.keeping.build)} once."
    )


def _details(candidate: Candidate, rewrites: Rewrites, market: Market, account: Account) -> dict[str, object]:
    table = market.profile.table
    base = {"database": table.name.database, "schema": table.name.schema, "name": table.name.name}
    own = {"base": base, "rows": table.rows, "partitions": market.profile.partitions}
    return said.details(candidate, rewrites, account, market.settings) | own


def _warnings(candidate: Candidate, market: Market, account: Account) -> Iterator[str]:
    yield from short_window(account.workload, market.settings)
    yield from patches.lost_whole(market.profile.owner, "the view turns invalid and has to be dropped first")
    if not account.catalog.policies_known:
        yield "The snapshot has no policy_references: the script looks for row access and masking policies before it creates anything."
    if candidate.keeping.assumed_churn:
        yield "The table's writes aren't recorded: refreshing is bounded by a full turnover a month."
    if market.profile.table.auto_clustering and market.profile.table.clustering_key:
        yield "Automatic clustering rewrites partitions of the table, and each of them is read again to refresh the view."
    yield (
        "Snowflake decides by itself whether it reads the view in place of the table: see it with EXPLAIN, or let the queries "
        "name the view as the rewrites do."
    )
    yield from said.averages(candidate)
    yield (
        "While the view exists no masking or row access policy can be put on the table, and altering, dropping or renaming the "
        "table or one of its columns makes the view invalid."
    )


def view_name(kept: Stored) -> TableName:
    return said.stored_name(kept, "MV")


def _reject(profile: TableProfile, kept: Stored | None, reason: str) -> Rejection:
    details = {"tables": [str(profile.table.name)]} if kept is None else said.brief(kept)
    return Rejection(CODE, Target.table(profile.table.name), details, reason)
