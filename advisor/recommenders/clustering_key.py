"""Clustering keys: create one, change one, drop one.

What it finds
-------------
Tables whose micro-partitions are read in vain because the rows that queries ask for lie scattered, and the key of one to
three expressions under which the account's own queries would read the fewest. Dates are cut to days, weeks, months or
quarters, numbers to tens and hundreds, text to the part after a shared prefix, wherever that serves as well as the bare
column. A key that no query uses, or that was billed more than all that its queries can have been spared, is dropped.

Why it matters
--------------
Snowflake skips a micro-partition when the minimum and maximum it keeps of a column rule the condition out. A table in
the wrong order has no such luck: each query reads, and pays for, most of it.

Example
-------
Before: `SELECT ... FROM ORDERS WHERE TENANT_ID = 7 AND ORDER_TS >= '2026-05-01'` reads 291 of 312 partitions.
Advice: `ALTER TABLE ORDERS CLUSTER BY (TENANT_ID, TO_DATE(ORDER_TS))`; the same query is predicted to read 4 to 9.

When not to
-----------
Tables under 100 micro-partitions have nothing to skip. Tables rewritten all the time pay more to stay in order than
their queries save. Tables that load in the order they are asked are pruned already. A table that dbt, a task or a job
recreates loses what an ALTER sets: its key is a patch for the model or the statement. Conditions inside UPPER, MOD or
behind a leading wildcard gain nothing.

References
----------
docs.snowflake.com: Clustering keys & clustered tables; Strategies for selecting clustering keys. Zimmerer et al.,
"Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025. Snowflake quickstart "Cluster key selection".
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor import caveats, patches, unneeded, verdict
from advisor.account import Account
from advisor.cost import DAYS_PER_MONTH
from advisor.estimate import Estimate, evidence
from advisor.figures import between, number, percent
from advisor.keys import render
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    KeyPart,
    Maker,
    Owner,
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
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.terms import EVIDENCE_TEMPLATES, hashes, identity, valid_until

CODE = "clustering_key"

UNPAID_KEYS = 2  # keys that don't pay by themselves, but may where something else serves the queries that they slow


def propose(account: Account, settings: Settings) -> Proposed:
    """Per table the keys that are worth it, the best first and simple ones before others that are as good."""
    each = [_propose(profile, account, settings) for profile in account.profiles]
    return Proposed(
        tuple(proposal for proposed in each for proposal in proposed.proposals),
        tuple(rejection for proposed in each for rejection in proposed.rejections),
        sum(proposed.judged for proposed in each),
    )


def _propose(profile: TableProfile, account: Account, settings: Settings) -> Proposed:
    """Keys for one table, or the end of one that no query uses or that costs more than it spares, where none is better."""
    keys = _propose_keys(profile, account, settings)
    paid = any(proposal.alone is None for proposal in keys.proposals)
    spared = 0.0 if verdict.unused(profile) else unneeded.most_skipped(profile, account)
    if paid or not profile.clustering_credits or not verdict.droppable(profile) or spared is None:
        return keys
    if profile.clustering_credits <= unneeded.SURELY * spared:
        return keys
    dropped = recommend_drop(profile, spared, settings, account.workload)
    brief = _brief(profile, ())
    proposal = Proposal(dropped, None, "no key", brief, (), profile.table.name, dropped.net_credits_per_month)
    return Proposed((*keys.proposals, proposal), keys.rejections, keys.judged + 1)


def _propose_keys(profile: TableProfile, account: Account, settings: Settings) -> Proposed:
    why = verdict.obstacle(profile, settings)
    if why is not None:
        return Proposed((), (reject(profile, (), why),), 0)
    found = account.keys(profile, settings)
    if not found:
        why = "No column that its queries filter can be part of a key."
        return Proposed((), (reject(profile, (), why),), 0)
    return weigh(found, profile, account, settings)


def weigh(ranked: Sequence[Estimate], profile: TableProfile, account: Account, settings: Settings) -> Proposed:
    """Which of a table's candidate keys, most net credits first, are worth it, and why the others aren't."""
    best = verdict.preferred(ranked, profile, settings)
    why = verdict.keep_present(best, profile, account.prices, settings, account.workload.days)
    if why is not None:
        return Proposed((), (reject(profile, best.key, why),), len(ranked))
    faults = {other.key: verdict.fault(other, profile, settings) for other in ranked}
    sound = [] if faults[best.key] else [best, *(e for e in ranked if verdict.worse(e, best) and not faults[e.key])]
    unpaid = [
        e
        for e in ranked
        if faults[e.key] and e.net.expected <= settings.min_net_credits_per_month and _served(e, profile)
    ]
    kept = [*sound[: settings.keys_weighed], *unpaid[:UNPAID_KEYS]]
    return Proposed(
        tuple(_proposal(estimate, faults[estimate.key], profile, settings, account.workload) for estimate in kept),
        tuple(
            reject(profile, other.key, faults[other.key] or verdict.second_to(other, best))
            for other in ranked
            if other not in kept
        ),
        len(ranked),
    )


def _proposal(
    estimate: Estimate, alone: str | None, profile: TableProfile, settings: Settings, workload: Workload
) -> Proposal:
    return Proposal(
        recommend(estimate, profile, settings, workload),
        alone,
        f"({', '.join(map(render, estimate.key))})",
        _brief(profile, estimate.key),
        services(estimate, profile),
        profile.table.name,
    )


def services(estimate: Estimate, profile: TableProfile) -> tuple[Service, ...]:
    """What the key does for each template that it touches."""
    return tuple(
        Service(load.template.fingerprint, profile.table.name, saved)
        for load, saved in zip(profile.loads, estimate.credits_each, strict=True)
        if saved != ZERO
    )


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
    own = (f"OWNERSHIP on table {name}", "USAGE on its database and schema")
    return own if owner is None or _of_itself(owner) else (*own, f"a change to {owner}")


def _of_itself(owner: Owner) -> bool:
    """The table is altered where it stands, and keeps what is set."""
    return owner.maker is Maker.DYNAMIC_TABLE or owner.keeps_its_table


def reject(profile: TableProfile, key: Sequence[KeyPart], reason: str) -> Rejection:
    return Rejection(CODE, Target.table(profile.table.name), _brief(profile, key), reason)


def _brief(profile: TableProfile, key: Sequence[KeyPart]) -> dict[str, object]:
    return {"tables": [str(profile.table.name)], "clustering_key": [render(part) for part in key]}


def _reason(estimate: Estimate, profile: TableProfile, workload: Workload) -> str:
    gained = _served(estimate, profile)
    served, mine = [profile.loads[i] for i in gained], set(gained)
    asked = {ask.column for question in profile.layout.questions if question.load in mine for ask in question.asks}
    columns = " and ".join(sorted(asked & {part.column for part in estimate.key} or asked))
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
        f"{many} it by {columns} {number(daily)} times a day and read "
        f"{percent(min(1, before))} of its {profile.partitions:,} micro-partitions; in this order they are expected to "
        f"read {percent(min(1, after))}. That saves {between(estimate.credits)} credits a month; upkeep takes "
        f"{between(estimate.upkeep)} a month and the build {between(estimate.build)} once."
    )


def _served(estimate: Estimate, profile: TableProfile) -> list[int]:
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
        "owner": patches.of_key(profile.owner, rendered) if profile.owner else None,
        "valid_until": valid_until(workload, settings),
        "hashes": hashes(load.template for load in profile.loads if load.template.fingerprint in served),
        "unserved": [
            {"fingerprint": load.template.fingerprint, "why": load.unserved}
            for load in sorted(profile.loads, key=lambda load: load.template.fingerprint)
            if load.unserved
        ],
    }
