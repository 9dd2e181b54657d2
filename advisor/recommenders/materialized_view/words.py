"""What the advice to create a materialized view says, whatever the view holds; and what forbids one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from advisor.account import Account
from advisor.blocks import Stored, definition
from advisor.errors import InputError
from advisor.figures import percent
from advisor.model import (
    Benefit,
    Cost,
    Grade,
    Proposal,
    Recommendation,
    Rejection,
    TableName,
    Target,
)
from advisor.owners import patches
from advisor.platform import forbidden, foreign
from advisor.profile import TableProfile
from advisor.quoting import identifier, qualified
from advisor.settings import Settings
from advisor.stored_results import advice as said
from advisor.stored_results.proving import Rewrites, pretty
from advisor.stored_results.served import Candidate, services
from advisor.terms import identity, short_window

CODE = "materialized_view"

KINDS = ("BASE TABLE", "EXTERNAL TABLE")
FORBIDDEN_TRAITS = ("hybrid", "temporary", "event", "dynamic")
UNSURE_TRAITS = ("iceberg",)
REJECTED_EACH = 3


def obstacle(profile: TableProfile) -> str | None:
    """Why the table can't have a materialized view, or wouldn't keep it; None where it can."""
    table = profile.table
    sort = forbidden(table, FORBIDDEN_TRAITS, KINDS)
    if sort is not None:
        return f"Snowflake allows no materialized view on {sort}."
    elsewhere = foreign(table)
    if elsewhere is not None:
        return elsewhere
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


def fault(candidate: Candidate, profile: TableProfile, settings: Settings) -> str | None:
    """Why this view isn't worth it or not allowed, in one sentence; None where it is."""
    own = profile.table.name
    used = {column for asked in candidate.members for owner, column in asked.block.columns if owner == own}
    masked = sorted(profile.table.masked & used)
    if masked:
        return f"{masked[0]} has a masking policy: Snowflake allows no materialized view with it."
    return said.fault(candidate, profile.partitions, _written(profile), settings)


def _written(profile: TableProfile) -> str:
    churn, rows = profile.churn, profile.table.rows
    if churn is None or not rows:
        return ""
    return f" ({percent((churn.rows_added + churn.rows_removed + churn.rows_updated) / rows)} of its rows are written a day)"


@dataclass(frozen=True)
class Words:
    """What a view is called and why it is worth it."""

    title: str
    label: str
    reason: str
    warnings: tuple[str, ...] = ()


def proposal(
    candidate: Candidate, rewrites: Rewrites, words: Words, profile: TableProfile, account: Account, settings: Settings
) -> Proposal:
    kept = candidate.kept
    return Proposal(
        _recommendation(candidate, rewrites, words, profile, account, settings),
        None,
        words.label,
        said.brief(kept),
        services(candidate),
        profile.table.name if kept.order else None,
    )


def _recommendation(
    candidate: Candidate, rewrites: Rewrites, words: Words, profile: TableProfile, account: Account, settings: Settings
) -> Recommendation:
    kept, name = candidate.kept, view_name(candidate.kept)
    return Recommendation(
        id=identity(CODE, str(kept.tables[0]), pretty(definition(kept)), *kept.order),
        kind=CODE,
        action="create",
        target=Target(CODE, name.name, name.database, name.schema),
        title=words.title,
        reason=words.reason,
        details=_details(candidate, rewrites, profile, account, settings),
        benefit=Benefit(partitions_scanned=candidate.partitions, credits=candidate.credits),
        cost=Cost(candidate.keeping.build, candidate.keeping.upkeep, candidate.size.bytes),
        net_credits_per_month=candidate.net,
        confidence=said.confidence(candidate, account, settings),
        grade=Grade.ESTIMATED,
        templates=tuple(said.evidence(candidate, float(profile.partitions))),
        edition="enterprise",
        privileges=(
            f"CREATE MATERIALIZED VIEW on schema {identifier(name.database)}.{identifier(name.schema)}",
            f"SELECT on {qualified(kept.tables[0])}",
            f"USAGE on database {identifier(name.database)} and schema {identifier(name.database)}.{identifier(name.schema)}",
        ),
        warnings=tuple(_warnings(candidate, words.warnings, profile, account, settings)),
    )


def _details(
    candidate: Candidate, rewrites: Rewrites, profile: TableProfile, account: Account, settings: Settings
) -> dict[str, object]:
    table = profile.table
    base = {"database": table.name.database, "schema": table.name.schema, "name": table.name.name}
    order = list(candidate.kept.order)
    own = {"base": base, "rows": table.rows, "partitions": profile.partitions, "cluster_by": order}
    return said.details(candidate, rewrites, account, settings) | own


def _warnings(
    candidate: Candidate, own: Iterable[str], profile: TableProfile, account: Account, settings: Settings
) -> Iterator[str]:
    yield from short_window(account.workload, settings)
    yield from patches.lost_whole(profile.owner, "the view turns invalid and has to be dropped first")
    if not account.catalog.policies_known:
        yield "The snapshot has no policy_references: the script looks for row access and masking policies before it creates anything."
    if candidate.keeping.assumed_churn:
        yield "The table's writes aren't recorded: refreshing is bounded by a full turnover a month."
    if profile.table.auto_clustering and profile.table.clustering_key:
        yield "Automatic clustering rewrites partitions of the table, and each of them is read again to refresh the view."
    yield from own
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


def reject(profile: TableProfile, kept: Stored | None, reason: str) -> Rejection:
    details = {"tables": [str(profile.table.name)]} if kept is None else said.brief(kept)
    return Rejection(CODE, Target.table(profile.table.name), details, reason)
