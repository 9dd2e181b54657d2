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
their queries save, the more so where search optimization is in force or materialized views stand on them: its paths are built
anew, and the views refreshed, for all that is rewritten, and what that takes is in the key's price, unless the same plan drops
them. Tables that load in the order they are asked are pruned already. A table that dbt, a task or a job recreates loses what an
ALTER sets: its key is a patch for the model or the statement. A table of an imported database is its provider's to change.
Snowflake allows no virtual column in a key. Conditions inside UPPER, MOD or behind a leading wildcard gain nothing.

References
----------
docs.snowflake.com: Clustering keys & clustered tables; Virtual columns; Strategies for selecting clustering keys. Zimmerer et al.,
"Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025. Snowflake quickstart "Cluster key selection".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.account import Account
from advisor.clustering import verdict
from advisor.clustering.estimate import Estimate
from advisor.keys import render
from advisor.model import ZERO, KeyPart, Proposal, Proposed, Rejection, Service, Workload
from advisor.profile import TableProfile
from advisor.recommenders.clustering_key.words import CODE, brief, recommend, recommend_drop, reject, served_loads
from advisor.services.endings import SURELY, most_skipped
from advisor.settings import Settings

__all__ = ["CODE", "propose", "services", "weigh"]

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
    if paid or not profile.clustering_credits or not verdict.droppable(profile):
        return keys
    spared = 0.0 if verdict.unused(profile) else most_skipped(profile, account.templates, account.prices)
    if spared is None:
        return keys
    if profile.clustering_credits <= SURELY * spared:
        return keys
    dropped = recommend_drop(profile, spared, settings, account.workload)
    table, net = profile.table.name, dropped.net_credits_per_month
    proposal = Proposal(dropped, None, "no key", brief(profile, ()), (), table, net)
    return Proposed((*keys.proposals, proposal), keys.rejections, keys.judged + 1)


def _propose_keys(profile: TableProfile, account: Account, settings: Settings) -> Proposed:
    why = verdict.obstacle(profile, settings)
    if why is not None:
        return Proposed((), (reject(profile, (), why),), 0)
    found, barred = account.keys(profile, settings), _barred(profile)
    if not found:
        why = "No column that its queries filter can be part of a key."
        return Proposed((), (reject(profile, (), why), *barred), len(barred))
    weighed = weigh(found, profile, account, settings)
    return replace(weighed, rejections=(*weighed.rejections, *barred), judged=weighed.judged + len(barred))


def _barred(profile: TableProfile) -> tuple[Rejection, ...]:
    """Columns that its queries filter, but that no key may hold."""
    asked = {ask.column for question in profile.layout.questions for ask in question.asks}
    virtual = [column.name for column in profile.table.columns if column.virtual and column.name in asked]
    return tuple(
        reject(
            profile,
            (KeyPart(name),),
            f"{name} is a virtual column, which Snowflake allows in no key: one on what it is computed from may serve.",
        )
        for name in virtual
    )


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
        if faults[e.key] and e.net.expected <= settings.min_net_credits_per_month and served_loads(e, profile)
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
        brief(profile, estimate.key),
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
