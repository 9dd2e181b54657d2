"""What Snowflake allows on which sort of table and in which edition, in the words that the rejections share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from advisor.figures import listed
from advisor.model import Proposed, Rejection, Table
from advisor.settings import Settings

BASE = ("BASE TABLE",)
FOREIGN = {
    "imported": "Its database is imported from a share: only the provider can change what is in it.",
    "application": "Its database is an application's: only the provider can change what is in it.",
}


def forbidden(table: Table, traits: Collection[str], kinds: Collection[str] = BASE) -> str | None:
    """The sort that the table is, in the plural, where it is one of the traits or of none of the kinds: `hybrid
    tables`, `views`.
    """
    trait = next((trait for trait in traits if trait in table.traits), None)
    if trait is not None:
        return f"{trait} tables"
    if table.kind in kinds:
        return None
    sort = table.kind.lower()
    return f"{sort}s" if sort.endswith(("view", "table")) else f"{sort} tables"


def foreign(table: Table) -> str | None:
    """Why nobody in the account can change the table, as a sentence; None where it is the account's own."""
    return next((why for trait, why in FOREIGN.items() if trait in table.traits), None)


def masked(table: Table, columns: Collection[str]) -> tuple[str, ...]:
    """What to check first where conditions are on masked columns: a policy may keep them from being weighed before the scan."""
    found = sorted(table.masked & set(columns))
    has = "have masking policies" if len(found) > 1 else "has a masking policy"
    return (
        (f"{listed(found)} {has}: whether conditions on it skip micro-partitions needs checking first.",)
        if found
        else ()
    )


def in_edition(proposed: Proposed, settings: Settings) -> Proposed:
    """Without what the account's edition doesn't have; what ends such a service is kept."""
    if settings.edition != "standard":
        return proposed
    out = [
        each
        for each in proposed.proposals
        if each.recommendation.edition == "enterprise" and each.recommendation.action != "drop"
    ]
    rejections = tuple(
        Rejection(
            each.recommendation.kind,
            each.recommendation.target,
            each.brief,
            "It needs the Enterprise edition; the account's is Standard (setting edition).",
        )
        for each in out
    )
    kept = tuple(each for each in proposed.proposals if each not in out)
    return replace(proposed, proposals=kept, rejections=(*proposed.rejections, *rejections))
