"""Whether a clustering key is allowed, needed and worth it; every no is one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from advisor.clustering.estimate import Estimate
from advisor.clustering.judge import Judge
from advisor.cost import ScanPrice
from advisor.errors import InputError
from advisor.figures import between, many, number, percent
from advisor.keys import parse, render
from advisor.model import ZERO, KeyPart
from advisor.owners.patches import changeable
from advisor.platform import forbidden, foreign
from advisor.profile import TableProfile
from advisor.quoting import expression, identifier, qualified
from advisor.settings import Settings

FORBIDDEN_TRAITS = ("external", "hybrid", "temporary", "event")
DEFINED_ELSEWHERE = {"iceberg": "an Iceberg table", "materialized view": "a materialized view"}
KEYED = ("BASE TABLE", "MATERIALIZED VIEW")
AS_GOOD = 0.015  # share of the best key's net credits within which a simpler one is taken
WORTH_A_CHANGE = 0.1  # share of its net credits by which a key must beat the one in force
LEAST_SAVED = 0.05  # share of the partitions read that a key must spare: less is within the model's error
PRUNED = 0.1  # queries that read less than this share of a table's partitions find it in good order
ENDS = 2.0  # partitions that a range ends in: where a table is in good order, some query must be spared more


def obstacle(profile: TableProfile, settings: Settings) -> str | None:
    """Why the table as such can't have a key, or can't gain by one; None where it can."""
    table = profile.table
    sort = forbidden(table, FORBIDDEN_TRAITS, KEYED)
    if sort is not None:
        return f"Snowflake allows no clustering key on {sort}."
    elsewhere = foreign(table)
    if elsewhere is not None:
        return elsewhere
    if not _quotable(profile):
        return "A name or an expression of its key can't be written as SQL: look at the snapshot's rows of it."
    defined = _defined_elsewhere(profile)
    if defined is not None:
        return f"It is {defined}: its key is set by another statement, for which no script is written."
    if not table.rows or not table.bytes:
        unknown = table.rows is None or table.bytes is None
        return "The snapshot doesn't say how large it is." if unknown else "It is empty now."
    if profile.partitions < settings.min_partitions:
        return f"It has {many(profile.partitions, 'micro-partition')}; under {settings.min_partitions} there is nothing to skip."
    if profile.recreated_by is not None and not changeable(profile.recreated_by):
        return (
            f"{profile.recreated_by.recreates}: a key set here is lost with its next run, and its statement is none that a key "
            f"can be written into."
        )
    if profile.owner is not None and profile.owner.resets and not changeable(profile.owner):
        return f"{profile.owner.resets_it}, and into which none can be written."
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


def droppable(profile: TableProfile) -> tuple[KeyPart, ...]:
    """The key in force, where it is set by hand and every statement that reads the table is understood; else empty."""
    elsewhere = _defined_elsewhere(profile) is not None
    elsewhere |= profile.recreated_by is not None and not changeable(profile.recreated_by)
    return () if not profile.understood or elsewhere or not _quotable(profile) else present(profile) or ()


def _defined_elsewhere(profile: TableProfile) -> str | None:
    sorts = {*profile.table.traits, profile.table.kind.lower()}
    return next((name for sort, name in DEFINED_ELSEWHERE.items() if sort in sorts), None)


def unused(profile: TableProfile) -> bool:
    """There is a key, and no query filters, joins, groups or orders by any of its columns: all of it is understood."""
    key = droppable(profile)
    return bool(key) and not any(part.column in profile.used_columns for part in key)


def preferred(ranked: Sequence[Estimate], profile: TableProfile, settings: Settings) -> Estimate:
    """The best of those that are worth it, or of all where none is; or one that is as good within the model's error and
    simpler: fewer columns, coarser groups."""
    axes = profile.layout.axes
    ranked = [estimate for estimate in ranked if fault(estimate, profile, settings) is None] or ranked

    def close(to: Estimate, among: Sequence[Estimate]) -> list[Estimate]:
        least = to.net.expected - abs(to.net.expected) * AS_GOOD
        return [each for each in among if each.net.expected >= least]

    fewest = min(len(estimate.key) for estimate in close(ranked[0], ranked))
    best = next(estimate for estimate in ranked if len(estimate.key) == fewest)
    alike = [e for e in close(best, ranked) if sorted(p.column for p in e.key) == sorted(p.column for p in best.key)]
    return min(
        alike,
        key=lambda e: (math.prod(axes[part.column].buckets(part) for part in e.key), [part.rank for part in e.key]),
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
    share = profile.share_read
    if after.expected >= before and share < PRUNED:
        return (
            f"It is pruned already: its queries read {percent(share)} of its partitions, and would read {between(after)} a "
            f"month instead of {number(before)} under this key."
        )
    if after.expected >= before:
        return f"Its queries read {number(before)} partitions a month today and would read {between(after)} under this key."
    spared = _spared(estimate, profile)
    if share < PRUNED and spared < ENDS:
        return (
            f"It is pruned already: its queries read {percent(share)} of its partitions, and none would be spared more than "
            f"{number(spared)} of them under this key, which is within the error of where a range ends."
        )
    if after.expected > before * (1 - LEAST_SAVED):
        return f"Its queries read {number(before)} partitions a month today and would read {between(after)}: too little less."
    if after.high >= before:
        return (
            f"Its queries read {number(before)} partitions a month today; under this key {between(after)}, which is not "
            f"surely less."
        )
    if estimate.net.expected <= settings.min_net_credits_per_month:
        return (
            f"It saves {between(estimate.credits)} credits a month but keeping the order takes {between(estimate.upkeep)}"
            f" and building it {between(estimate.build)} once{_written(profile)}{_beside(estimate)}."
        )
    if estimate.credits.low < estimate.upkeep.expected:
        return (
            f"It would probably pay, but not surely: its upkeep of {between(estimate.upkeep)} credits a "
            f"month{_with_those_beside(estimate)} may exceed what it saves, {between(estimate.credits)}."
        )
    return None


def _beside(estimate: Estimate) -> str:
    """What of the build is for what hangs on the table."""
    paths, views = estimate.paths, estimate.views
    parts = [
        *([f"{between(paths)} of that are for its search access paths, which are built anew"] if paths != ZERO else []),
        *(
            [f"{between(views)} of that for the materialized views over it, which are refreshed"]
            if views != ZERO
            else []
        ),
    ]
    return "".join(f"; {part}" for part in parts)


def _with_those_beside(estimate: Estimate) -> str:
    """What upkeep is for, besides the table."""
    parts = [
        *(["its search access paths"] if estimate.paths != ZERO else []),
        *(["the materialized views over it"] if estimate.views != ZERO else []),
    ]
    return f", for {' and '.join(parts)} too," if parts else ""


def _spared(estimate: Estimate, profile: TableProfile) -> float:
    """Partitions that a query reads less, of the template that gains the most."""
    loads = zip(profile.loads, estimate.after.tolist(), strict=True)
    return max((load.before - after for load, after in loads if load.before is not None), default=0.0)


def worse(estimate: Estimate, best: Estimate) -> bool:
    """It nets less than the key that is preferred to it; one that nets more was found less simple."""
    return estimate.net.expected < best.net.expected


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
