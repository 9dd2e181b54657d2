"""A storage lifecycle policy that moves what nobody reads to archive storage."""

from __future__ import annotations

from advisor import cost, history
from advisor.account import Account
from advisor.figures import between, many, number, percent, size
from advisor.history import Cut
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    Proposal,
    Range,
    Recommendation,
    Rejection,
    Target,
    Workload,
)
from advisor.owners import patches
from advisor.recommenders.history_partitioning.shared import CODE, reject, services
from advisor.settings import Settings
from advisor.terms import evidence, identity, short_window


def policy(cut: Cut, account: Account, settings: Settings) -> Proposal | Rejection:
    if cut.look.whole:
        last = max(cut.look.whole, key=lambda load: (load.template.execution_ms.total, load.template.fingerprint))
        why = (
            f"{many(len(cut.look.whole), 'query template')} may read all of it, such as {last.template.fingerprint}: archived rows "
            f"can't be queried."
        )
        return reject(cut, "lifecycle_policy", why)
    if cut.cold_bytes < settings.min_storage_gib * cost.GIB:
        why = f"Its history takes {size(cut.cold_bytes)}; under {number(settings.min_storage_gib)} GiB storage costs little."
        return reject(cut, "lifecycle_policy", why)
    costs = Cost(cost.rewrite(cut.cold_bytes, settings), history.moving(cut, settings).scaled(0.5))
    worth = cost.storage(cut.cold_bytes * (1 - settings.archive_price_share), settings)
    stored = ZERO if worth is None else Range(worth, worth, worth)
    found = services(cut, account) if cut.ordered is False else ()
    benefit = sum((service.saved for service in found), stored)
    build, upkeep = costs.build_credits or ZERO, costs.upkeep_credits_per_month or ZERO
    net = benefit - upkeep - build.scaled(1 / settings.payback_months)
    if worth is not None and net.expected <= settings.min_net_credits_per_month:
        why = f"Archiving {size(cut.cold_bytes)} saves {between(benefit)} credits a month and takes {between(benefit - net)}."
        return reject(cut, "lifecycle_policy", why)
    known = None if worth is None and not found else benefit
    recommendation = _recommend_policy(cut, known, costs, net, account.workload, settings)
    label = f"archiving what is before {cut.boundary:%Y-%m-%d}"
    return Proposal(recommendation, None, label, history.brief(cut, "lifecycle_policy"), found, None, stored)


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
            f"back at most; the table spans {number(cut.look.age_days)} days. {percent(cut.cold)} of it, {size(cold)}, is older than "
            f"{cut.boundary:%Y-%m-%d} and was not read in the window. {_time_prunes(cut)} A policy moves these rows to archive "
            f"storage, where they cost less and can't be queried until they are restored."
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
            f"CREATE STORAGE LIFECYCLE POLICY on schema {table.name.database}.{table.name.schema}",
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
        return "Queries gain nothing by it, because they skip these partitions already: only storage is saved."
    if cut.ordered is False:
        return "Its rows lie mixed with those that are read, so that queries gain too."
    return "Storage is saved; whether queries gain too the history doesn't say."


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
