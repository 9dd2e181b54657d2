"""What the advice to create, change or drop a clustering key says, and what is said against one."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.clustering import caveats, verdict
from advisor.clustering.estimate import Estimate, evidence
from advisor.cost import DAYS_PER_MONTH
from advisor.figures import between, listed, number, percent
from advisor.keys import render
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    KeyPart,
    Maker,
    Owner,
    Range,
    Recommendation,
    Rejection,
    Table,
    Target,
    TemplateEvidence,
    Workload,
)
from advisor.owners import patches
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.terms import EVIDENCE_TEMPLATES, hashes, identity, valid_until

CODE = "clustering_key"


def recommend(estimate: Estimate, profile: TableProfile, settings: Settings, workload: Workload) -> Recommendation:
    """The recommendation to create this key, or to change the present one into it."""
    table = profile.table
    rendered = [render(part) for part in estimate.key]
    action = "change" if table.clustering_key else "create"
    verb = "Change the clustering key of" if table.clustering_key else "Cluster"
    joint = "to" if table.clustering_key else "by"
    served = _evidence(estimate, profile)
    return Recommendation(
        id=identity(CODE, str(table.name), *rendered),
        kind=CODE,
        action=action,
        target=Target.table(table.name),
        title=f"{verb} {table.name} {joint} ({', '.join(rendered)}){_where(profile)}",
        reason=_reason(estimate, profile, workload),
        details=_details(profile, rendered, served, settings, workload)
        | {"sorted_rewrite_credits": caveats.sorted_rewrite(estimate, profile)},
        benefit=Benefit(estimate.partitions, estimate.bytes, estimate.seconds, estimate.credits),
        cost=Cost(estimate.build, estimate.upkeep),
        net_credits_per_month=estimate.net,
        confidence=caveats.confidence(estimate, profile, settings, workload.days),
        grade=Grade.MEASURED if evidence(profile.layout) == "sample" else Grade.ESTIMATED,
        templates=served,
        edition="standard",
        privileges=_privileges(profile),
        warnings=caveats.warnings(estimate, profile, settings, workload),
    )


def recommend_drop(profile: TableProfile, spared: float, settings: Settings, workload: Workload) -> Recommendation:
    """The recommendation to drop a key, worth what automatic clustering billed for it less what it can have `spared` at most,
    in credits over the window."""
    table, credits = profile.table, profile.clustering_credits
    assert credits is not None
    month = DAYS_PER_MONTH / workload.days
    saved = Range((credits - spared) * month, (credits - spared / 2) * month, credits * month)
    key = ", ".join(table.clustering_key)
    took = f"{number(credits)} credits in {number(workload.days)} days"
    used = f"No query in the window filters, joins, groups or orders by ({key}), and keeping it took {took}."
    dear = f"Keeping ({key}) took {took}, and all partitions that the queries did not read were worth {number(spared)} credits at most."
    return Recommendation(
        id=identity(CODE, str(table.name), "drop"),
        kind=CODE,
        action="drop",
        target=Target.table(table.name),
        title=f"Drop the clustering key of {table.name}{_where(profile)}",
        reason=used if verdict.unused(profile) else dear,
        details=_details(profile, [], (), settings, workload),
        benefit=Benefit(credits=saved),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=saved,
        confidence="medium",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=_privileges(profile),
        warnings=(
            "Queries that run less often than the window is long are not in the evidence.",
            *(
                [f"The key goes where {profile.owner} sets it, or comes back with it."]
                if profile.owner and not profile.owner.keeps_its_table
                else []
            ),
        ),
    )


def _where(profile: TableProfile) -> str:
    owner = profile.owner
    return "" if owner is None or _of_itself(owner) else f" in {owner}"


def _privileges(profile: TableProfile) -> tuple[str, ...]:
    name, owner = profile.table.name, profile.owner
    if profile.recreated_by is not None:
        return (f"a change to {owner}",)
    own = (f"OWNERSHIP on table {name}", f"USAGE on database {name.database} and schema {name.database}.{name.schema}")
    return own if owner is None or _of_itself(owner) else (*own, f"a change to {owner}")


def _of_itself(owner: Owner) -> bool:
    """The table is altered where it stands, and keeps what is set."""
    return owner.maker is Maker.DYNAMIC_TABLE or owner.keeps_its_table


def reject(profile: TableProfile, key: Sequence[KeyPart], reason: str) -> Rejection:
    return Rejection(CODE, Target.table(profile.table.name), brief(profile, key), reason)


def brief(profile: TableProfile, key: Sequence[KeyPart]) -> dict[str, object]:
    return {"tables": [str(profile.table.name)], "clustering_key": [render(part) for part in key]}


def _reason(estimate: Estimate, profile: TableProfile, workload: Workload) -> str:
    gained = served_loads(estimate, profile)
    served, mine = [profile.loads[i] for i in gained], set(gained)
    asked = {ask.column for question in profile.layout.questions if question.load in mine for ask in question.asks}
    columns = listed(sorted(asked & {part.column for part in estimate.key} or asked))
    daily = sum(load.template.executions for load in served) / workload.days
    scans = sum(load.template.executions for load in served)
    before = sum((load.before or 0) * load.template.executions for load in served) / scans / profile.partitions
    after = (
        sum(float(estimate.after[i]) * profile.loads[i].template.executions for i in gained)
        / scans
        / profile.partitions
    )
    many = f"{len(served)} query templates filter" if len(served) != 1 else "One query template filters"
    return (
        f"{many} it by {columns} {number(daily)} times a day, reading "
        f"{percent(min(1, before))} of its {profile.partitions:,} micro-partitions; in this order {percent(min(1, after))} "
        f"are expected to be read. That saves {between(estimate.credits)} credits a month; upkeep takes "
        f"{between(estimate.upkeep)} a month and the build {between(estimate.build)} once."
    )


def served_loads(estimate: Estimate, profile: TableProfile) -> list[int]:
    """The loads whose own conditions the key serves."""
    return [i for i, gain in enumerate(estimate.gains(profile)) if profile.loads[i].asks and gain > 0]


def _evidence(estimate: Estimate, profile: TableProfile) -> tuple[TemplateEvidence, ...]:
    gains = estimate.gains(profile)
    order = sorted(range(len(gains)), key=lambda i: (-abs(gains[i]), profile.loads[i].template.fingerprint))
    rows = []
    for i in order[:EVIDENCE_TEMPLATES]:
        load = profile.loads[i]
        if load.before is not None and abs(gains[i]) > 0:
            predicted = (float(each[i]) for each in (estimate.after, estimate.after_low, estimate.after_high))
            shares = (min(1.0, value / profile.partitions) for value in (load.before, *predicted))
            rows.append(
                TemplateEvidence(
                    load.template.fingerprint, load.template.executions, load.template.example_query_id, *shares
                )
            )
    return tuple(rows)


def _written(table: Table) -> list[str]:
    """What a rewrite has to list of a table with virtual columns, to which nothing can be written; else nothing."""
    if not any(column.virtual for column in table.columns):
        return []
    return [column.name for column in table.columns if not column.virtual]


def _details(
    profile: TableProfile,
    rendered: Sequence[str],
    evidence: Sequence[TemplateEvidence],
    settings: Settings,
    workload: Workload,
) -> dict[str, object]:
    served = {row.fingerprint for row in evidence}
    return {
        "clustering_key": list(rendered),
        "current_clustering_key": list(profile.table.clustering_key),
        "tables": [str(profile.table.name)],
        "partitions": profile.partitions,
        "rows": profile.table.rows,
        "written_columns": _written(profile.table),
        "owner": patches.of_key(profile.owner, rendered) if profile.owner else None,
        "valid_until": valid_until(workload, settings),
        "hashes": hashes(load.template for load in profile.loads if load.template.fingerprint in served),
        "unserved": [
            {"fingerprint": load.template.fingerprint, "why": load.unserved}
            for load in sorted(profile.loads, key=lambda load: load.template.fingerprint)
            if load.unserved
        ],
    }
