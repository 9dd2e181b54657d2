"""Storage that serves nobody: Time Travel and Fail-safe out of proportion, tables that nothing reads.

What it finds
-------------
Tables whose Time Travel and Fail-safe outweigh what they hold, and the way out that each allows: a shorter retention,
or a transient table where a job rebuilds it anyway; tables that no query reads and no scan has touched for months; and
bytes that only clones still keep.

Why it matters
--------------
Each row that changes is stored again for as long as Time Travel reaches back, then seven days more in Fail-safe. A table that is
rebuilt every night is kept eight times over.

Example
-------
STAGING holds 200 GiB and a job recreates it every hour: 9 TiB of its earlier versions are stored. Advice: CREATE OR REPLACE
TRANSIENT TABLE in the job.

When not to
-----------
What can't be rebuilt keeps its Fail-safe. A table that nobody reads may be there for disaster recovery, an audit or a
share: ask its owner. "Not read" is said only where scans are recorded for long enough. Storage is billed in money:
without `storage_price_per_tib_month` and `price_per_credit` its worth in credits is unknown.

References
----------
docs.snowflake.com: Understanding & using Time Travel; Fail-safe; Transient tables; TABLE_STORAGE_METRICS.
"""

from __future__ import annotations

from advisor import cost
from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import listed, many, size
from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    Maker,
    Owner,
    Proposal,
    Proposed,
    Range,
    Recommendation,
    Rejection,
    Storage,
    Table,
    Target,
    TemplateEvidence,
)
from advisor.owners import patches
from advisor.platform import FOREIGN
from advisor.quoting import beside, qualified
from advisor.settings import Settings
from advisor.terms import evidence, identity, short_window, valid_until
from advisor.unread import last_scan, unread

CODE = "storage_retention"

ELSEWHERE = {
    "temporary": "It is a temporary table: it ends with its session, and what it stores with it.",
    "hybrid": "It is a hybrid table: its rows are stored apart from micro-partitions, and what its Time Travel keeps needs checking.",
    "iceberg": "It is an Iceberg table: its files lie in an external volume, whose retention needs checking there.",
    "dynamic": "It is a dynamic table: what it keeps is set by another statement, for which no script is written.",
    **FOREIGN,
}

Outcome = Proposal | Rejection | None


def propose(account: Account, settings: Settings) -> Proposed:
    """At most one change for each table, the largest saving first; silent where the snapshot has no storage metrics."""
    outcomes = [
        _outcome(table, stored, account.owners.get(name), account, settings)
        for name, stored in sorted((account.facts.storage or {}).items())
        for table in [account.catalog.tables.get(name)]
        if table is not None and (table.kind == "BASE TABLE" or "temporary" in table.traits)
    ]
    proposals = tuple(outcome for outcome in outcomes if isinstance(outcome, Proposal))
    rejections = [outcome for outcome in outcomes if isinstance(outcome, Rejection)]
    return Proposed(proposals, tuple(rejections[: settings.near_misses_kept]), len(proposals) + len(rejections))


def _outcome(table: Table, stored: Storage, owner: Owner | None, account: Account, settings: Settings) -> Outcome:
    """What is advised for a plain table; of the other sorts, why it isn't."""
    found = _found(table, stored, owner, account, settings)
    why = next((why for trait, why in ELSEWHERE.items() if trait in table.traits), None)
    return (
        found if found is None or why is None else Rejection(CODE, Target.table(table.name), _brief(table, "kept"), why)
    )


def _found(table: Table, stored: Storage, owner: Owner | None, account: Account, settings: Settings) -> Outcome:
    least = settings.min_storage_gib * cost.GIB
    try:
        qualified(table.name)
    except InputError:
        return None
    kept = stored.time_travel + stored.failsafe + stored.dropped
    if kept >= least and kept >= settings.history_ratio * stored.active:
        return _kept(table, stored, kept, owner, account, settings)
    if stored.active >= least and unread(table, account, settings):
        return _unread_table(table, stored, account, settings)
    if stored.clones >= least:
        why = (
            f"{size(stored.clones)} that were deleted from it are kept by its clones: they go when the clones go. Which tables these are "
            f"the snapshot doesn't say."
        )
        return Rejection(CODE, Target.table(table.name), _brief(table, "clones"), why)
    return None


def _kept(
    table: Table, stored: Storage, kept: int, owner: Owner | None, account: Account, settings: Settings
) -> Outcome:
    parts = [
        (stored.time_travel, "in Time Travel"),
        (stored.failsafe, "in Fail-safe"),
        (stored.dropped, f"of {many(stored.versions, 'earlier version')}"),
    ]
    each = listed([f"{size(held)} {where}" for held, where in parts if held])
    held = f"It holds {size(stored.active)}, and {size(kept)} of what it held before: {each}."
    if owner is not None and owner.rebuilds and "transient" not in table.traits:
        freed = stored.failsafe + stored.dropped
        reason = (
            f"{held} {owner.recreates} each time, so that Fail-safe protects what the next run replaces. As a transient table, made "
            f"so where it is defined, it has no Fail-safe."
        )
        return _proposal(
            table,
            "transient",
            "change",
            f"Make {{}} transient in {owner}",
            reason,
            freed,
            owner,
            account,
            settings,
        )
    days = table.retention_days
    if days is not None and days > 1 and "transient" not in table.traits:
        freed = round(stored.time_travel * (1 - 1 / days))
        if freed >= settings.min_storage_gib * cost.GIB:
            reason = f"{held} Its Time Travel reaches back {days} days; one day would keep about {size(stored.time_travel / days)}."
            return _proposal(
                table,
                "retention",
                "change",
                "Shorten the Time Travel of {} to one day",
                reason,
                freed,
                None,
                account,
                settings,
            )
    why = f"{held} Only a transient table has no Fail-safe, and nothing in the window shows that a job can rebuild it."
    if "transient" in table.traits:
        why = f"{held} It is transient and keeps a day at most: fewer changes alone would keep less."
    return Rejection(CODE, Target.table(table.name), _brief(table, "transient"), why)


def _unread_table(table: Table, stored: Storage, account: Account, settings: Settings) -> Proposal:
    reason = (
        f"{last_scan(table, account)}, and no query of the window reads or writes it. It holds {size(stored.active)}. Set aside under another name, whoever needs "
        f"it will say so; dropped after that, its storage ends."
    )
    freed = stored.active + stored.time_travel
    return _proposal(
        table, "unread", "drop", "Set aside {}, which nothing reads", reason, freed, None, account, settings
    )


def _proposal(
    table: Table,
    cause: str,
    action: str,
    title: str,
    reason: str,
    freed: int,
    owner: Owner | None,
    account: Account,
    settings: Settings,
) -> Proposal:
    worth = cost.storage(freed, settings)
    saved = None if worth is None else Range(worth / 2, worth, worth)
    net = saved or ZERO
    recommendation = Recommendation(
        id=identity(CODE, str(table.name), cause),
        kind=CODE,
        action=action,
        target=Target.table(table.name),
        title=title.format(table.name),
        reason=reason,
        details={
            **_brief(table, cause),
            "rows": table.rows,
            "owner": patches.of_transient(owner) if owner is not None and cause == "transient" else None,
            "retention_days": table.retention_days,
            "transient": "transient" in table.traits,
            "set_aside": beside(table.name.name, "_UNREAD"),
            "hashes": [],
            "valid_until": valid_until(account.workload, settings),
        },
        benefit=Benefit(credits=saved, storage_bytes=Range(freed / 2, freed, freed)),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=net,
        confidence="low" if cause == "unread" or account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=_templates(owner.fingerprint if owner else None, account),
        edition="standard",
        privileges=(f"a change to {owner}" if owner else f"OWNERSHIP on table {table.name}",),
        warnings=(
            *_of_owner(account.owners.get(table.name), cause),
            *WARNINGS[cause],
            *_unpriced(saved),
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, cause, _brief(table, cause), (), None, net)


WARNINGS = {
    "transient": (
        "Without Fail-safe Snowflake's support can't bring it back: be sure that the job can.",
        "What is in Fail-safe now leaves it over the next seven days.",
        "A permanent table doesn't turn transient by an ALTER: the job's next run does it.",
    ),
    "retention": (
        "Time Travel, UNDROP and clones of an earlier moment then reach back one day; what leaves it stays in Fail-safe for seven more.",
        "A stream or a dynamic table on it needs what it hasn't read yet: check both first. An account's minimum retention wins.",
    ),
    "unread": (
        "It may be there for disaster recovery, an audit or a share: ask its owner. Scans by other accounts aren't recorded here.",
        "Views, tasks and shares that name it fail once it has another name: that is the test, and one statement undoes it.",
    ),
}


def _of_owner(owner: Owner | None, cause: str) -> tuple[str, ...]:
    if cause == "retention" and owner is not None and owner.resets:
        return (
            f"{owner} defines it by CREATE OR ALTER TABLE, which resets what it doesn't name: write the days into that too.",
        )
    if cause == "retention":
        return patches.lost_whole(owner, "its Time Travel is the schema's default again")
    if cause == "unread" and owner is not None and owner.maker is Maker.DBT:
        return (f"{owner} is still defined: its next run makes the table anew. Take it out of the project as well.",)
    return ()


def _unpriced(saved: Range | None) -> tuple[str, ...]:
    if saved is not None:
        return ()
    return (
        "Storage is billed in money, not credits: its net in credits is nothing until storage_price_per_tib_month and price_per_credit are set.",
    )


def _templates(fingerprint: str | None, account: Account) -> tuple[TemplateEvidence, ...]:
    return evidence([template for template in account.workload.templates if template.fingerprint == fingerprint])


def _brief(table: Table, cause: str) -> dict[str, object]:
    return {"tables": [str(table.name)], "cause": cause}
