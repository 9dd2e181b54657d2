"""Materialized views: aggregations that many queries repeat, kept ready by Snowflake.

What it finds
-------------
Groupings of one table that queries ask for again and again, at the top of a statement, in a CTE, in a subquery or beside a join,
and the view of few rows that answers several of them: their keys and aggregates together, the columns of filters that differ
lifted to keys, AVG kept as SUM and COUNT. Each query's text over the view is printed and has been run beside the original
on generated rows.

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

import hashlib
from collections.abc import Iterator, Sequence

from advisor.account import Account
from advisor.blocks import Stored, column_names, definition
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
    Service,
    TableName,
    Target,
    TemplateEvidence,
)
from advisor.profile import TableProfile
from advisor.proving import Rewrites, pretty, prove
from advisor.quoting import identifier, qualified
from advisor.served import Asked, Candidate, Market, Refused, candidates, gather, saved_by_template
from advisor.settings import Settings
from advisor.terms import hashes, identity, short_window, valid_until

CODE = "materialized_view"

KINDS = ("BASE TABLE", "EXTERNAL TABLE")
FORBIDDEN_TRAITS = ("hybrid", "temporary", "event", "dynamic")
UNSURE_TRAITS = ("iceberg",)
REJECTED_EACH = 3
NAME_LENGTH = 180


def propose(account: Account, settings: Settings) -> Proposed:
    """Per table the views that net most together."""
    large = [profile for profile in account.profiles if profile.partitions >= settings.min_partitions]
    asked = gather(account, large, settings)
    each = [_propose(profile, asked[profile.table.name], account, settings) for profile in large]
    return Proposed(
        tuple(proposal for proposed in each for proposal in proposed.proposals),
        tuple(rejection for proposed in each for rejection in proposed.rejections),
        sum(proposed.judged for proposed in each),
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
        outcome = _settled(candidate, market, account, settings)
        refused += outcome[1]
        if outcome[0] is not None:
            proposals.append(_proposal(*outcome[0], market, account, settings))
    refused.sort(key=lambda one: -one.worth)
    rejections = tuple(_reject(profile, one.kept, one.reason) for one in refused[:REJECTED_EACH])
    return Proposed(tuple(proposals), rejections, len(found) + len(refused))


def obstacle(profile: TableProfile) -> str | None:
    """Why the table can't have a materialized view, or wouldn't keep it; None where it can."""
    table = profile.table
    forbidden = [trait for trait in FORBIDDEN_TRAITS if trait in table.traits]
    if forbidden or table.kind not in KINDS:
        return f"Snowflake allows no materialized view on {forbidden[0] if forbidden else table.kind.lower()} tables."
    if any(trait in table.traits for trait in UNSURE_TRAITS):
        return "It is an Iceberg table: whether a materialized view is allowed on it needs checking."
    if table.row_policy:
        return "It has a row access policy: Snowflake allows no materialized view on it."
    if not table.columns:
        return "The snapshot doesn't tell its columns."
    if not table.rows or not table.bytes:
        return "The snapshot doesn't say how large it is." if None in (table.rows, table.bytes) else "It is empty now."
    if profile.recreated_by is not None:
        return f"A job recreates it (template {profile.recreated_by}): a view on it is invalid after the next run."
    try:
        qualified(table.name)
    except InputError:
        return "Its name can't be written as SQL."
    return None


Settled = tuple[Candidate, Rewrites]


def _settled(
    candidate: Candidate, market: Market, account: Account, settings: Settings
) -> tuple[Settled | None, list[Refused]]:
    """The candidate with those of its members whose rewrites are proven, while it is worth it; and what fell away."""
    refused: list[Refused] = []
    while True:
        why = fault(candidate, market, settings)
        if why is not None:
            return None, [*refused, Refused(candidate.members, candidate.kept, why)]
        name = view_name(candidate.kept)
        rewrites = prove(
            [(asked.read.template, asked.block) for asked in candidate.members], candidate.kept, name, account, settings
        )
        if not rewrites.refused:
            return (candidate, rewrites), refused
        lost = [asked for asked in candidate.members if asked.fingerprint in rewrites.refused]
        refused += [
            Refused((asked,), candidate.kept, _unproven(asked.fingerprint, rewrites.refused[asked.fingerprint]))
            for asked in lost
        ]
        left = [asked for asked in candidate.members if asked not in lost]
        judged = market.judge(left) if left else None
        if not isinstance(judged, Candidate):
            return None, refused
        candidate = judged


def _unproven(fingerprint: str, why: str) -> str:
    return f"The rewrite of template {fingerprint} {why}."


def fault(candidate: Candidate, market: Market, settings: Settings) -> str | None:
    """Why this view isn't worth it or not allowed, in one sentence; None where it is."""
    table, keeping = market.profile.table, candidate.keeping
    masked = sorted(table.masked & {column for asked in candidate.members for _, column in asked.block.columns})
    if masked:
        return f"{masked[0]} has a masking policy: Snowflake allows no materialized view with it."
    read = market.partitions(candidate)
    if market.mean_read(candidate) < min(settings.stored_scan_share * market.profile.partitions, settings.stored_scan):
        return (
            f"Its queries read {number(market.mean_read(candidate))} of its {market.profile.partitions:,} micro-partitions "
            f"already: a view for them is more to look after than it saves."
        )
    if read.after.high >= read.before:
        return f"Its queries read {number(read.before)} partitions a month; from the view they would read {between(read.after)}."
    if candidate.net.expected <= settings.min_net_credits_per_month:
        return (
            f"It saves {between(candidate.credits)} credits a month but refreshing it takes {between(keeping.upkeep)} and "
            f"building it {between(keeping.build)} once{_written(market)}."
        )
    if candidate.credits.low < keeping.upkeep.expected:
        return (
            f"It would probably pay, but not surely: refreshing it takes {between(keeping.upkeep)} credits a month and may "
            f"exceed what it saves, {between(candidate.credits)}."
        )
    return None


def _written(market: Market) -> str:
    churn, rows = market.profile.churn, market.profile.table.rows
    if churn is None or not rows:
        return ""
    return f" ({percent((churn.rows_added + churn.rows_removed + churn.rows_updated) / rows)} of its rows are written a day)"


# ---------------------------------------------------------------- in words


def _proposal(
    candidate: Candidate, rewrites: Rewrites, market: Market, account: Account, settings: Settings
) -> Proposal:
    kept, table = candidate.kept, market.profile.table.name
    each = saved_by_template(candidate)
    return Proposal(
        _recommendation(candidate, rewrites, market, account, settings),
        None,
        f"a materialized view by {_keys(kept)}",
        brief(kept),
        tuple(Service(fingerprint, table, saved) for fingerprint, saved in sorted(each.items())),
    )


def _recommendation(
    candidate: Candidate, rewrites: Rewrites, market: Market, account: Account, settings: Settings
) -> Recommendation:
    kept, name, profile = candidate.kept, view_name(candidate.kept), market.profile
    return Recommendation(
        id=identity(CODE, str(kept.tables[0]), pretty(definition(kept))),
        kind=CODE,
        action="create",
        target=Target(CODE, name.name, name.database, name.schema),
        title=f"Keep {kept.tables[0]} aggregated by {_keys(kept)} in a materialized view",
        reason=_reason(candidate, market, account),
        details=_details(candidate, rewrites, market, account, settings),
        benefit=Benefit(partitions_scanned=market.partitions(candidate), credits=candidate.credits),
        cost=Cost(candidate.keeping.build, candidate.keeping.upkeep, candidate.size.bytes),
        net_credits_per_month=candidate.net,
        confidence=_confidence(candidate, account, settings),
        grade=Grade.ESTIMATED,
        templates=tuple(_evidence(candidate, profile)),
        edition="enterprise",
        privileges=(
            f"CREATE MATERIALIZED VIEW on schema {identifier(name.database)}.{identifier(name.schema)}",
            f"SELECT on {qualified(kept.tables[0])}",
            "USAGE on its database and schema",
        ),
        warnings=tuple(_warnings(candidate, market, account, settings)),
    )


def _reason(candidate: Candidate, market: Market, account: Account) -> str:
    templates = {asked.fingerprint: asked.read.template.executions for asked in candidate.members}
    daily = sum(templates.values()) / account.workload.days
    many_ask = f"{len(templates)} query templates ask" if len(templates) > 1 else "One query template asks"
    rows = float(market.profile.table.rows or 1)
    return (
        f"{many_ask} {candidate.kept.tables[0]} {number(daily)} times a day for groups of its {rows:,.0f} rows and read "
        f"{number(market.mean_read(candidate))} of its {market.profile.partitions:,} micro-partitions each time; the view holds "
        f"{between(candidate.size.rows)} rows ({percent(candidate.size.rows.expected / rows)}) in "
        f"{between(candidate.size.partitions)} partitions. That saves {between(candidate.credits)} credits a month; "
        f"refreshing takes {between(candidate.keeping.upkeep)} a month and the build {between(candidate.keeping.build)} once."
    )


def _details(
    candidate: Candidate, rewrites: Rewrites, market: Market, account: Account, settings: Settings
) -> dict[str, object]:
    kept, table = candidate.kept, market.profile.table
    served = {asked.fingerprint: asked.read.template for asked in candidate.members}
    return {
        "tables": [str(name) for name in kept.tables],
        "definition": pretty(definition(kept)),
        "columns": [identifier(name) for name in column_names(kept).values()],
        "keys": list(kept.keys),
        "aggregates": list(kept.aggregates),
        "rewrites": [
            {"fingerprint": fingerprint, "original": rewrite.original, "query": rewrite.query}
            for fingerprint, rewrite in sorted(rewrites.proven.items())
        ],
        "proven_on_databases": settings.proof_databases,
        "base": {"database": table.name.database, "schema": table.name.schema, "name": table.name.name},
        "used_columns": sorted({column for asked in candidate.members for _, column in asked.block.columns}),
        "rows": table.rows,
        "groups": {
            "low": candidate.size.rows.low,
            "expected": candidate.size.rows.expected,
            "high": candidate.size.rows.high,
        },
        "partitions": market.profile.partitions,
        "valid_until": valid_until(account.workload, settings),
        "hashes": hashes(served.values()),
    }


def _evidence(candidate: Candidate, profile: TableProfile) -> Iterator[TemplateEvidence]:
    after = candidate.size.partitions.expected
    seen: dict[str, tuple[Asked, float, float]] = {}
    for asked in candidate.members:
        _, before, later = seen.get(asked.fingerprint, (asked, 0.0, 0.0))
        seen[asked.fingerprint] = (asked, before + asked.before, later + after)
    for asked, before, later in seen.values():
        template, whole = asked.read.template, float(profile.partitions)
        yield TemplateEvidence(
            template.fingerprint,
            template.executions,
            template.example_query_id,
            min(1.0, before / whole),
            min(1.0, later / whole),
        )


def _confidence(candidate: Candidate, account: Account, settings: Settings) -> str:
    short = account.workload.days < settings.min_window_days
    if candidate.net.low <= 0 or candidate.keeping.assumed_churn or short:
        return "low"
    return "medium"


def _warnings(candidate: Candidate, market: Market, account: Account, settings: Settings) -> Iterator[str]:
    yield from short_window(account.workload, settings)
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
    if any("AVG" in aggregate for asked in candidate.members for aggregate in asked.block.aggregates):
        yield "AVG is had as SUM divided by COUNT: its last decimal may be rounded in another way."
    yield (
        "While the view exists no masking or row access policy can be put on the table, and altering, dropping or renaming the "
        "table or one of its columns makes the view invalid."
    )


def view_name(kept: Stored) -> TableName:
    """Beside its table, and the same from run to run for the same definition."""
    base = kept.tables[0]
    digest = hashlib.sha256(pretty(definition(kept)).encode()).hexdigest()[:8].upper()
    return TableName(base.database, base.schema, f"{base.name[:NAME_LENGTH]}_MV_{digest}")


def _keys(kept: Stored) -> str:
    return f"({', '.join(kept.keys)})" if kept.keys else "nothing, as a single row"


def brief(kept: Stored) -> dict[str, object]:
    return {
        "tables": [str(name) for name in kept.tables],
        "keys": list(kept.keys),
        "aggregates": list(kept.aggregates),
        "definition": pretty(definition(kept)),
    }


def _reject(profile: TableProfile, kept: Stored | None, reason: str) -> Rejection:
    said = {"tables": [str(profile.table.name)]} if kept is None else brief(kept)
    return Rejection(CODE, Target.table(profile.table.name), said, reason)
