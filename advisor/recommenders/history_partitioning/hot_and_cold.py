"""A hot and a cold table behind a view whose branches prune."""

from __future__ import annotations

from advisor import cost, history
from advisor.account import Account
from advisor.figures import between, many, number, percent
from advisor.history import Cut
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
    Target,
    TemplateEvidence,
    Workload,
)
from advisor.recommenders.history_partitioning.shared import CODE, reject, services
from advisor.settings import Settings
from advisor.terms import evidence, identity, monthly, short_window


def split(cut: Cut, account: Account, settings: Settings) -> Proposal | Rejection:
    if cut.ordered is not False:
        return reject(cut, "split", history.already_pruned(cut))
    by_dbt = history.in_the_model(cut)
    if by_dbt is not None:
        return reject(cut, "split", by_dbt)
    bared = history.unsplittable(cut)
    if bared is not None:
        return reject(cut, "split", bared)
    if not cut.profile.table.columns:
        return reject(cut, "split", "The snapshot has no columns of it, which the view over both parts has to list.")
    taken = [name for name in history.beside(cut) if name in account.catalog.tables or name in account.catalog.views]
    if taken:
        return reject(cut, "split", f"The name {taken[0]}, which a part of it would get, is taken.")
    found = services(cut, account)
    credits = sum((service.saved for service in found), ZERO)
    build, upkeep = cost.rewrite(float(cut.profile.table.bytes or 0), settings), history.moving(cut, settings)
    net = credits - upkeep - build.scaled(1 / settings.payback_months)
    if net.expected <= settings.min_net_credits_per_month or credits.low < upkeep.expected:
        why = (
            f"Without its history its queries would save {between(credits)} credits a month, but moving rows takes "
            f"{between(upkeep)} a month and the split {between(build)} once."
        )
        return reject(cut, "split", why)
    recommendation = _recommend_split(cut, credits, Cost(build, upkeep), net, account.workload, settings)
    label = f"a split at {cut.boundary:%Y-%m-%d}"
    return Proposal(recommendation, None, label, history.brief(cut, "split"), found, cut.profile.table.name)


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
            f"CREATE TABLE and CREATE VIEW on schema {table.name.database}.{table.name.schema}",
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
