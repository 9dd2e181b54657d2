"""Clustering keys: create one, change one, drop one.

What it finds
-------------
Tables whose micro-partitions are read in vain because the rows that queries ask for lie scattered, and the key of one to
three expressions under which the account's own queries would read the fewest. Dates are cut to days, weeks, months or
quarters, numbers to tens and hundreds, text to the part after a shared prefix, wherever that serves as well as the bare
column. A key that no query uses and that still costs upkeep is dropped.

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
their queries save. Tables that load in the order they are asked are pruned already. Tables that a job recreates lose
the key with each run: set it in the job. Conditions inside UPPER, MOD or behind a leading wildcard gain nothing.

References
----------
docs.snowflake.com: Clustering keys & clustered tables; Strategies for selecting clustering keys. Zimmerer et al.,
"Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025. Snowflake quickstart "Cluster key selection".
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from advisor.cost import DAYS_PER_MONTH, ScanPrice
from advisor.errors import InputError
from advisor.estimate import Estimate, Judge, evidence
from advisor.figures import between, many, number, percent
from advisor.keys import parse, render
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    KeyPart,
    Range,
    Recommendation,
    Rejection,
    Target,
    TemplateEvidence,
    Workload,
)
from advisor.profile import TableProfile
from advisor.quoting import expression, identifier, qualified
from advisor.settings import Settings

CODE = "clustering_key"

FORBIDDEN_TRAITS = ("external", "hybrid", "temporary", "event")
DEFINED_ELSEWHERE = {"dynamic": "a dynamic", "iceberg": "an Iceberg"}
AS_GOOD = 0.015  # share of the best key's net credits within which a simpler key is taken
EVIDENCE_TEMPLATES = 20
HASHES_PER_TEMPLATE = 3
WORTH_A_CHANGE = 0.1  # share of its net credits by which a key must beat the one in force
PRUNED = 0.1  # queries that read less than this share of a table's partitions find it in good order
WORSE = 1.1  # a template that reads over this many times its partitions of today is named in a warning


def obstacle(profile: TableProfile, settings: Settings) -> str | None:
    """Why the table as such can't have a key, or can't gain by one; None where it can."""
    table = profile.table
    forbidden = [trait for trait in FORBIDDEN_TRAITS if trait in table.traits]
    if forbidden or table.kind != "BASE TABLE":
        return f"Snowflake allows no clustering key on {forbidden[0] if forbidden else table.kind.lower()} tables."
    if not _quotable(profile):
        return "A name or an expression of its key can't be written as SQL: look at the snapshot's rows of it."
    defined = [trait for trait in DEFINED_ELSEWHERE if trait in table.traits]
    if defined:
        return f"It is {DEFINED_ELSEWHERE[defined[0]]} table: its key is set by another statement, for which no script is written."
    if not table.rows or not table.bytes:
        unknown = table.rows is None or table.bytes is None
        return "The snapshot doesn't say how large it is." if unknown else "It is empty now."
    if profile.partitions < settings.min_partitions:
        return f"It has {many(profile.partitions, 'micro-partition')}; under {settings.min_partitions} there is nothing to skip."
    if profile.recreated_by is not None:
        return f"A job recreates it (template {profile.recreated_by}): a key set here is lost with its next run."
    if not any(load.asks for load in profile.loads):
        whys = sorted({load.unserved for load in profile.loads if load.unserved})
        return f"No query filters it in a way that a key can serve: {'; '.join(whys) or 'none reads it'}."
    if all(load.before is None for load in profile.loads):
        return "The history records no partitions scanned for its queries."
    return None


def present(profile: TableProfile) -> tuple[KeyPart, ...] | None:
    """The key in force as KeyParts; None when it has an expression that the model doesn't know."""
    parts = [parse(expression) for expression in profile.table.clustering_key]
    return None if None in parts else tuple(part for part in parts if part is not None)


def unused(profile: TableProfile) -> bool:
    """There is a key, and no query filters, joins, groups or orders by any of its columns: all of it is understood."""
    key = present(profile)
    if (
        not key
        or not profile.understood
        or not _quotable(profile)
        or any(trait in profile.table.traits for trait in DEFINED_ELSEWHERE)
    ):
        return False
    return not any(part.column in profile.used_columns for part in key)


# ---------------------------------------------------------------- which one to take, and what to say


def preferred(ranked: Sequence[Estimate], profile: TableProfile) -> Estimate:
    """The best of them, or one that is as good within the model's error and simpler: fewer columns, coarser groups."""
    axes = profile.layout.axes
    best = ranked[0].net.expected
    close = [estimate for estimate in ranked if estimate.net.expected >= best - abs(best) * AS_GOOD]
    return min(
        close,
        key=lambda e: (
            len(e.key),
            math.prod(axes[part.column].buckets(part) for part in e.key),
            [part.rank for part in e.key],
        ),
    )


def keep_present(
    best: Estimate,
    profile: TableProfile,
    prices: Mapping[str, ScanPrice | None],
    settings: Settings,
    days: float,
) -> str | None:
    """Why the key in force should stay, in one sentence; None where there is none, or a better one.

    It is judged by the model too and not by the scans alone: a key that was set lately hasn't shown in the history yet.
    """
    key = present(profile)
    if not key:
        return None
    if key == best.key:
        return "It has this key already."
    if any(part.column not in profile.layout.axes for part in key):
        return None
    now = Judge.of(profile, prices, settings, days).estimate(key)
    if best.net.expected - now.net.expected > abs(best.net.expected) * WORTH_A_CHANGE:
        return None
    shown = ", ".join(render(part) for part in key)
    return f"The key in force, ({shown}), is expected to serve as well: rewriting the table for this one wouldn't pay."


def fault(estimate: Estimate, profile: TableProfile, settings: Settings) -> str | None:
    """Why this key isn't worth it, in one sentence; None where it is."""
    before, after = estimate.partitions.before, estimate.partitions.after
    share = _share_read(profile)
    if after.expected >= before and share < PRUNED:
        return (
            f"It is pruned already: its queries read {percent(share)} of its partitions, and would read {between(after)} a "
            f"month instead of {number(before)} under this key."
        )
    if after.expected >= before:
        return f"Its queries read {number(before)} partitions a month today and would read {between(after)} under this key."
    if after.high >= before:
        return (
            f"Its queries read {number(before)} partitions a month today; under this key {between(after)}, which is not "
            f"surely less."
        )
    if estimate.net.expected <= settings.min_net_credits_per_month:
        return (
            f"It saves {between(estimate.credits)} credits a month but keeping the order takes {between(estimate.upkeep)}"
            f" and building it {between(estimate.build)} once{_written(profile)}."
        )
    if estimate.credits.low < estimate.upkeep.expected:
        return (
            f"It would probably pay, but not surely: its upkeep of {between(estimate.upkeep)} credits a month may exceed what it "
            f"saves, {between(estimate.credits)}."
        )
    return None


def second_to(estimate: Estimate, best: Estimate) -> str:
    """Why the key wasn't taken beside a better one."""
    key = ", ".join(render(part) for part in best.key)
    if estimate.net.expected <= 0:
        return f"It would cost {number(-estimate.net.expected)} credits a month more than it saves; ({key}) pays."
    more = best.net.expected - estimate.net.expected
    if more == 0:
        return f"It nets no more than ({key}) and is less simple."
    if more < 0:
        return (
            f"It nets {number(-more)} credits a month more than ({key}), within the model's error, but is less simple."
        )
    return f"({key}) nets {number(more)} credits a month more."


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
        title=f"{verb} {table.name} {joint} ({', '.join(rendered)})",
        reason=_reason(estimate, profile, workload),
        details=_details(profile, rendered, served, settings, workload),
        benefit=Benefit(estimate.partitions, estimate.bytes, estimate.seconds, estimate.credits),
        cost=Cost(estimate.build, estimate.upkeep),
        net_credits_per_month=estimate.net,
        confidence=_confidence(estimate, profile, settings, workload.days),
        grade=Grade.MEASURED if evidence(profile.layout) == "sample" else Grade.ESTIMATED,
        templates=served,
        edition="standard",
        privileges=(f"OWNERSHIP on table {table.name}", "USAGE on its database and schema"),
        warnings=_warnings(estimate, profile, settings, workload.days),
    )


def recommend_drop(profile: TableProfile, settings: Settings, workload: Workload) -> Recommendation:
    """The recommendation to drop a key that no query uses, worth what automatic clustering billed for it."""
    table, credits = profile.table, profile.clustering_credits
    assert credits is not None
    monthly = credits / workload.days * DAYS_PER_MONTH
    saved = Range(monthly, monthly, monthly)
    key = ", ".join(table.clustering_key)
    return Recommendation(
        id=identity(CODE, str(table.name), "drop"),
        kind=CODE,
        action="drop",
        target=Target.table(table.name),
        title=f"Drop the clustering key of {table.name}",
        reason=f"No query in the window filters, joins, groups or orders by ({key}), and keeping it took "
        f"{number(credits)} credits in {number(workload.days)} days.",
        details=_details(profile, [], (), settings, workload),
        benefit=Benefit(credits=saved),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=saved,
        confidence="medium",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=(f"OWNERSHIP on table {table.name}", "USAGE on its database and schema"),
        warnings=("Queries that run less often than the window is long are not in the evidence.",),
    )


def reject(profile: TableProfile, key: Sequence[KeyPart], reason: str) -> Rejection:
    details = {"tables": [str(profile.table.name)], "clustering_key": [render(part) for part in key]}
    return Rejection(CODE, Target.table(profile.table.name), details, reason)


def identity(*parts: str) -> str:
    """`<kind>-<12 hex>`, the same from run to run for the same change to the same object."""
    return f"{parts[0]}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def _reason(estimate: Estimate, profile: TableProfile, workload: Workload) -> str:
    gained = [i for i, gain in enumerate(estimate.gains(profile)) if profile.loads[i].asks and gain > 0]
    served = [profile.loads[i] for i in gained]
    asked = {ask.column for question in profile.layout.questions if question.load in gained for ask in question.asks}
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


def _evidence(estimate: Estimate, profile: TableProfile) -> tuple[TemplateEvidence, ...]:
    gains = estimate.gains(profile)
    order = sorted(range(len(gains)), key=lambda i: (-abs(gains[i]), profile.loads[i].template.fingerprint))
    rows = []
    for i in order[:EVIDENCE_TEMPLATES]:
        load = profile.loads[i]
        if load.before is not None and abs(gains[i]) > 0:
            shares = (min(1.0, value / profile.partitions) for value in (load.before, float(estimate.after[i])))
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
        "valid_until": (workload.window_end + timedelta(days=settings.advice_valid_days)).date().isoformat(),
        "hashes": _hashes(profile, served),
        "unserved": [
            {"fingerprint": load.template.fingerprint, "why": load.unserved}
            for load in sorted(profile.loads, key=lambda load: load.template.fingerprint)
            if load.unserved
        ],
    }


def _hashes(profile: TableProfile, served: Collection[str]) -> list[str]:
    """Parameterized hashes to watch afterwards: one of each served template at least, and not so many as to fill a page."""
    each = [sorted(load.template.hashes) for load in profile.loads if load.template.fingerprint in served]
    firsts = [hashes[:HASHES_PER_TEMPLATE] for hashes in each]
    return sorted({found for hashes in firsts for found in hashes})


def _confidence(estimate: Estimate, profile: TableProfile, settings: Settings, days: float) -> str:
    if estimate.net.low <= 0 or estimate.assumed_churn or days < settings.min_window_days:
        return "low"
    return "medium" if evidence(profile.layout) == "history" else "high"


def _warnings(estimate: Estimate, profile: TableProfile, settings: Settings, days: float) -> tuple[str, ...]:
    slower = [
        f"{load.template.fingerprint} ({number(load.before)} → {number(float(after))} partitions an execution)"
        for load, after in zip(profile.loads, estimate.after, strict=True)
        if load.before is not None and after > load.before * WORSE
    ]
    said = []
    if slower:
        said.append(f"These templates will read more than today: {', '.join(slower)}.")
    if days < settings.min_window_days:
        said.append(f"The history holds {number(days)} days: what a month brings is extrapolated from them.")
    if estimate.assumed_churn:
        said.append("The table's writes aren't recorded: its upkeep is bounded by a full turnover a month.")
    if evidence(profile.layout) == "history":
        said.append("Distinct counts and spans are inferred from the literals seen: no column_statistics.")
    if evidence(profile.layout) != "sample":
        said.append("Columns that move together without the loading order showing it aren't seen: a row sample would.")
    if any(use.size is None for load in profile.loads for use in load.template.warehouses):
        size, price = settings.default_warehouse_size, settings.price(None)
        credits = f"{price:g} credit{'' if price == 1 else 's'}"
        said.append(f"The history names no warehouse size: its time is priced as {size}, {credits} an hour.")
    said.append("Rewritten partitions stay in Time Travel and Fail-safe, and the table's cached results end.")
    return tuple(said)


def _share_read(profile: TableProfile) -> float:
    """Of the partitions, on average over the executions whose scans are recorded."""
    loads = [(load.before, load.template.executions) for load in profile.loads if load.before is not None]
    read = sum(before * executions for before, executions in loads)
    return read / (profile.partitions * sum(executions for _, executions in loads))


def _quotable(profile: TableProfile) -> bool:
    """The scripts can spell the table's names and the key that a revert would restore."""
    table = profile.table
    try:
        qualified(table.name)
        for stored in table.clustering_key:
            expression(stored)
        for column in profile.layout.axes:
            identifier(column)
    except InputError:
        return False
    return True


def _written(profile: TableProfile) -> str:
    churn, rows = profile.churn, profile.table.rows
    if churn is None or not rows:
        return ""
    daily = (churn.rows_added + churn.rows_removed + churn.rows_updated) / rows
    return f" ({percent(daily)} of its rows are written a day)"
