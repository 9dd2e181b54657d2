"""Historical data: set apart what no query reads any more.

What it finds
-------------
Tables whose queries all begin at a recent moment while the table goes back for years, from the lower bounds of their own
conditions against the moment they ran. Where the old rows slow those queries down, a hot and a cold table behind a UNION ALL
view whose branches prune; where nobody reads them, a storage lifecycle policy that moves them to archive storage.

Why it matters
--------------
Snowflake has no partitions to drop. Rows that nobody reads are stored at the full price, and in a table that isn't ordered by
time every query wades through them.

Example
-------
LOG_EVENTS holds seven years in 2 TiB; its queries ask for the last 90 days. Advice: a policy that archives what is older than
135 days, at the COOL tier, kept for good.

When not to
-----------
Where time prunes already, a split brings nothing: it is said so. Where any query reads the table from its beginning,
nothing is archived, for archived rows can't be queried. Reports that run less often than the window is long don't show
in it. A table that a job recreates is cut in the job, and one that dbt makes in its model: the next run would collide
with a view in its place. External and Iceberg tables are partitioned where they are defined.

References
----------
docs.snowflake.com: Storage lifecycle policies; CREATE STORAGE LIFECYCLE POLICY (ARCHIVE_FOR_DAYS ends in deletion);
Understanding micro-partitions. Zimmerer et al., "Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025.
"""

from __future__ import annotations

from collections.abc import Mapping

from advisor import cost, history, patches
from advisor.account import Account
from advisor.figures import between, many, number, percent, size
from advisor.history import Cut
from advisor.lookback import look_backs
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
from advisor.profile import Load, TableProfile
from advisor.questions import ReadTemplate
from advisor.settings import Settings
from advisor.terms import evidence, identity, monthly, short_window

CODE = "history_partitioning"


def propose(account: Account, settings: Settings) -> Proposed:
    """At most a split and a policy for each table that holds history."""
    templates = {read.template.fingerprint: read for read in account.templates}
    each = [_propose(profile, templates, account, settings) for profile in account.profiles]
    return Proposed(
        tuple(proposal for proposed in each for proposal in proposed.proposals),
        tuple(rejection for proposed in each for rejection in proposed.rejections),
        sum(proposed.judged for proposed in each),
    )


def _propose(
    profile: TableProfile, templates: Mapping[str, ReadTemplate], account: Account, settings: Settings
) -> Proposed:
    """Silent where the table is small or no query bounds a time column of it."""
    table = profile.table
    looks = look_backs(profile, templates, account.workload)
    if not looks or not table.rows or not table.bytes or profile.partitions < settings.min_partitions:
        return Proposed((), (), 0)
    cut = history.cut_of(profile, looks[0], account.workload, settings)
    why = history.obstacle(cut, settings)
    if why is not None:
        return Proposed((), (_reject(cut, "split", why),), 1)
    if cut.cold < settings.min_cold_share:
        why = (
            f"Its queries reach back up to {number(cut.look.days)} days by {cut.column} and it spans "
            f"{number(cut.look.age_days)}: only {percent(cut.cold)} of it would be history."
        )
        return Proposed((), (_reject(cut, "split", why),), 1)
    return _both(cut, account, settings)


def _both(cut: Cut, account: Account, settings: Settings) -> Proposed:
    """The split and the policy, each taken or left for a reason of its own."""
    outcomes = [_split(cut, account, settings), _policy(cut, account, settings)]
    return Proposed(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Proposal)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Rejection)),
        len(outcomes),
    )


# ---------------------------------------------------------------- a hot and a cold table


def _split(cut: Cut, account: Account, settings: Settings) -> Proposal | Rejection:
    if cut.ordered is not False:
        return _reject(cut, "split", history.already_pruned(cut))
    by_dbt = history.in_the_model(cut)
    if by_dbt is not None:
        return _reject(cut, "split", by_dbt)
    bared = history.unsplittable(cut)
    if bared is not None:
        return _reject(cut, "split", bared)
    if not cut.profile.table.columns:
        return _reject(cut, "split", "The snapshot has no columns of it, which the view over both parts has to list.")
    taken = [name for name in history.beside(cut) if name in account.catalog.tables or name in account.catalog.views]
    if taken:
        return _reject(cut, "split", f"The name {taken[0]}, which a part of it would get, is taken.")
    services = _services(cut, account)
    credits = sum((service.saved for service in services), ZERO)
    build, upkeep = cost.rewrite(float(cut.profile.table.bytes or 0), settings), history.moving(cut, settings)
    net = credits - upkeep - build.scaled(1 / settings.payback_months)
    if net.expected <= settings.min_net_credits_per_month or credits.low < upkeep.expected:
        why = (
            f"Without its history its queries would save {between(credits)} credits a month, but moving rows takes "
            f"{between(upkeep)} a month and the split {between(build)} once."
        )
        return _reject(cut, "split", why)
    recommendation = _recommend_split(cut, credits, Cost(build, upkeep), net, account.workload, settings)
    label = f"a split at {cut.boundary:%Y-%m-%d}"
    return Proposal(recommendation, None, label, history.brief(cut, "split"), services, cut.profile.table.name)


def _services(cut: Cut, account: Account) -> tuple[Service, ...]:
    """What each reader saves once the old rows are out of its way."""
    saved = ((load.template.fingerprint, history.saved(load, cut, account)) for load in cut.look.bounded)
    return tuple(Service(fingerprint, cut.profile.table.name, each) for fingerprint, each in saved if each != ZERO)


def _recommend_split(
    cut: Cut, credits: Range, costs: Cost, net: Range, workload: Workload, settings: Settings
) -> Recommendation:
    table = cut.profile.table
    served = _hot_evidence(cut)
    before, after = history.partitions(cut, workload)
    read = before / max(1.0, sum(load.template.executions for load in cut.look.bounded) * monthly(workload))
    return Recommendation(
        id=identity(CODE, str(table.name), "split", cut.column),
        kind=CODE,
        action="change",
        target=Target.table(table.name),
        title=f"Split {table.name} at {cut.boundary:%Y-%m-%d} into a hot and a cold table behind a view",
        reason=(
            f"Queries of {many(len(cut.look.bounded), 'template')} begin at a moment of {cut.column}, {number(cut.look.days)} days "
            f"back at most, yet read {percent(min(1.0, read / cut.profile.partitions))} of its {cut.profile.partitions:,} "
            f"micro-partitions on average, because rows of all times lie mixed. {percent(cut.cold)} of it is older than "
            f"{cut.boundary:%Y-%m-%d}: set apart, it is skipped whole. That saves {between(credits)} credits a month; moving rows "
            f"takes {between(costs.upkeep_credits_per_month)} a month and the split {between(costs.build_credits)} once."
        ),
        details=history.details(cut, "split", workload, settings),
        benefit=Benefit(partitions_scanned=Change(before, after), credits=credits),
        cost=costs,
        net_credits_per_month=net,
        confidence="low" if net.low <= 0 or workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=served,
        edition="standard",
        privileges=(
            f"OWNERSHIP on table {table.name}",
            "CREATE TABLE and CREATE VIEW on its schema",
            "USAGE on a warehouse that copies all of it",
        ),
        warnings=(*_split_warnings(cut), *short_window(workload, settings)),
    )


def _hot_evidence(cut: Cut) -> tuple[TemplateEvidence, ...]:
    loads = {load.template.fingerprint: load for load in cut.look.bounded}
    rows = evidence([load.template for load in loads.values()])
    return tuple(_shares(row, loads[row.fingerprint], cut) for row in rows)


def _shares(row: TemplateEvidence, load: Load, cut: Cut) -> TemplateEvidence:
    if load.before is None:
        return row
    after = history.hot_partitions(load, cut)
    scanned = (load.before, after, after / history.SPREAD, min(max(load.before, after), after * history.SPREAD))
    shares = [min(1.0, each / cut.profile.partitions) for each in scanned]
    return TemplateEvidence(row.fingerprint, row.executions, row.example_query_id, *shares)


# ---------------------------------------------------------------- archive storage


def _policy(cut: Cut, account: Account, settings: Settings) -> Proposal | Rejection:
    if cut.look.whole:
        last = max(cut.look.whole, key=lambda load: (load.template.execution_ms.total, load.template.fingerprint))
        why = (
            f"{many(len(cut.look.whole), 'query template')} may read all of it, such as {last.template.fingerprint}: archived rows "
            f"can't be queried."
        )
        return _reject(cut, "lifecycle_policy", why)
    if cut.cold_bytes < settings.min_storage_gib * cost.GIB:
        why = f"Its history takes {size(cut.cold_bytes)}; under {number(settings.min_storage_gib)} GiB storage costs little."
        return _reject(cut, "lifecycle_policy", why)
    costs = Cost(cost.rewrite(cut.cold_bytes, settings), history.moving(cut, settings).scaled(0.5))
    worth = cost.storage(cut.cold_bytes * (1 - settings.archive_price_share), settings)
    stored = ZERO if worth is None else Range(worth, worth, worth)
    services = _services(cut, account) if cut.ordered is False else ()
    benefit = sum((service.saved for service in services), stored)
    build, upkeep = costs.build_credits or ZERO, costs.upkeep_credits_per_month or ZERO
    net = benefit - upkeep - build.scaled(1 / settings.payback_months)
    if worth is not None and net.expected <= settings.min_net_credits_per_month:
        why = f"Archiving {size(cut.cold_bytes)} saves {between(benefit)} credits a month and takes {between(benefit - net)}."
        return _reject(cut, "lifecycle_policy", why)
    known = None if worth is None and not services else benefit
    recommendation = _recommend_policy(cut, known, costs, net, account.workload, settings)
    label = f"archiving what is before {cut.boundary:%Y-%m-%d}"
    return Proposal(recommendation, None, label, history.brief(cut, "lifecycle_policy"), services, None, stored)


def _recommend_policy(
    cut: Cut, credits: Range | None, costs: Cost, net: Range, workload: Workload, settings: Settings
) -> Recommendation:
    table, cold = cut.profile.table, cut.cold_bytes
    return Recommendation(
        id=identity(CODE, str(table.name), "lifecycle_policy", cut.column),
        kind=CODE,
        action="create",
        target=Target.table(table.name),
        title=f"Archive the rows of {table.name} that are older than {cut.keep_days} days",
        reason=(
            f"All its queries ({many(len(cut.look.bounded), 'template')}) begin at a moment of {cut.column}, {number(cut.look.days)} days "
            f"back at most; the table spans {number(cut.look.age_days)}. {percent(cut.cold)} of it, {size(cold)}, is older than "
            f"{cut.boundary:%Y-%m-%d} and was not read in the window. {_time_prunes(cut)} A policy moves it to archive storage, "
            f"where it costs less and can't be queried until it is restored."
        ),
        details=history.details(cut, "lifecycle_policy", workload, settings),
        benefit=Benefit(credits=credits, storage_bytes=Range(cold, cold, cold)),
        cost=costs,
        net_credits_per_month=net,
        confidence="low" if not cut.look.axis.known or workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=evidence([load.template for load in cut.look.bounded]),
        edition="standard",
        privileges=(
            f"OWNERSHIP on table {table.name}",
            "CREATE STORAGE LIFECYCLE POLICY on its schema",
            "APPLY STORAGE LIFECYCLE POLICY",
        ),
        warnings=(
            *patches.lost_whole(
                cut.profile.owner, "the new table has no lifecycle policy, and what was archived isn't in it"
            ),
            *_policy_warnings(cut, credits, costs, settings),
            *short_window(workload, settings),
        ),
    )


def _time_prunes(cut: Cut) -> str:
    if cut.ordered:
        return "Queries gain nothing by it, because time prunes already; storage does."
    if cut.ordered is False:
        return "Its rows lie mixed with those that are read, so that queries gain too."
    return "Whether queries gain by it the history doesn't say; storage does."


def _policy_warnings(cut: Cut, credits: Range | None, costs: Cost, settings: Settings) -> tuple[str, ...]:
    said = [
        f"Archived rows can't be queried: CREATE TABLE … FROM ARCHIVE OF brings them back. The table is bound to the {history.TIER} tier for "
        "good, which has a minimum of 90 days; COLD (180 days, not on Azure) is cheaper and takes up to 48 hours to read.",
        "Reports that run less often than the window is long, audits and legal holds aren't in the evidence: ask the table's owner.",
        "ARCHIVE_FOR_DAYS is set to its maximum, since Snowflake deletes archived rows when it ends.",
        "UPDATE, DELETE and MERGE wait while the policy runs. What it costs to run stands in Snowflake's consumption table "
        "alone: the build is estimated as a rewrite of the rows.",
        "A shared table, a table in a WORM snapshot and an app's table can have no such policy; clones keep the rows where they are.",
    ]
    if cut.profile.table.row_policy or cut.profile.table.masked:
        said.append(
            "It has policies: whether they cover rows that are brought back from the archive needs checking before anyone does."
        )
    if credits is None:
        build, upkeep = costs.build_credits or ZERO, costs.upkeep_credits_per_month or ZERO
        monthly_cost = upkeep.expected + build.expected / settings.payback_months
        even = monthly_cost / (cut.cold_bytes * (1 - settings.archive_price_share) / cost.TIB)
        said.append(
            "Storage is billed in money, not credits: the net holds what archiving takes alone. It pays where a TiB-month is worth more "
            f"than {number(even)} credits; set storage_price_per_tib_month and price_per_credit to have it netted."
        )
    return tuple(said)


def _split_warnings(cut: Cut) -> tuple[str, ...]:
    whole = [load.template.fingerprint for load in cut.look.whole]
    said = [
        "Writers must name the hot table: INSERT, MERGE, UPDATE and DELETE fail on a view. Find them all first.",
        "Grants, policies, tags, streams, constraints and search optimization are on the old table: set them anew on both parts and "
        "the view. Storage doubles until the old table is dropped.",
        "Rows cross the boundary only when the script is run again with a later one.",
        "Queries that run less often than the window is long are not in the evidence.",
    ]
    if "transient" in cut.profile.table.traits:
        said.append(
            "It is transient: whether CREATE TABLE … LIKE makes transient parts needs checking; permanent ones have Fail-safe."
        )
    if whole:
        said.append(f"These templates read both parts, as they read all of it today: {', '.join(sorted(whole))}.")
    return tuple(said)


# ---------------------------------------------------------------- words


def _reject(cut: Cut, method: str, reason: str) -> Rejection:
    return Rejection(CODE, Target.table(cut.profile.table.name), history.brief(cut, method), reason)
