"""What search access paths take: to build, to keep up and to store; and what they, and views over the table, take where a new
order rewrites it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor import cost
from advisor.clustering.upkeep import UNSURE
from advisor.cost import DAYS_PER_MONTH
from advisor.model import ZERO, Churn, Range
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.serving import changed_daily


@dataclass(frozen=True)
class PathCost:
    build: Range
    upkeep: Range
    """Credits a month."""
    storage: Range
    """Bytes."""
    assumed_churn: bool


def path_cost(profile: TableProfile, expressions: int, settings: Settings) -> PathCost:
    """What paths on so many expressions take: each its part of what paths on all columns would."""
    size = float(profile.table.bytes or 0)
    low, expected, high = settings.search_path_share
    each = min(1.0, expressions / max(1, len(profile.table.columns)))
    storage = Range(low * size * each, min(high, max(low, expected * expressions)) * size, high * size)
    storage = Range(*sorted((storage.low, storage.expected, storage.high)))
    gib = settings.search_credits_per_gib
    build = Range(
        *(part / cost.GIB * rate for part, rate in zip((storage.low, storage.expected, storage.high), gib, strict=True))
    )
    turnover, assumed = _turnover(profile)
    return PathCost(
        build,
        Range(build.low * turnover.low, build.expected * turnover.expected, build.high * turnover.high),
        storage,
        assumed,
    )


def _turnover(profile: TableProfile) -> tuple[Range, bool]:
    """The share of the table's partitions that is written a month; up to all of it where nothing records its writes."""
    if profile.churn is None:
        return Range(0.0, 0.5, 1.0), True
    churn: Churn = profile.churn
    rows = float(profile.table.rows or 1)
    added = churn.rows_added / rows
    changed = -math.expm1(-(churn.rows_removed + churn.rows_updated) / profile.partitions)
    monthly_share = (added + changed) * DAYS_PER_MONTH
    return Range(added * DAYS_PER_MONTH / 2, monthly_share, monthly_share * 2), False


def built_anew(profile: TableProfile, settings: Settings) -> Range:
    """Credits that the paths in force take where all of their table is rewritten; zero where none are known, or none outlive
    the table's next making.

    Which columns they cover isn't recorded: one at least, all at most. Where the table's writes are known and no key has it
    rewritten besides, what maintenance was billed for the part that is written tells what all of it takes; too much where they
    were first built in the window, but no more than all. Paths that nothing was billed for in the window aren't known of.
    """
    if profile.search_credits is None or profile.recreated_by is not None:
        return ZERO
    one, every = (path_cost(profile, count, settings).build for count in (1, max(1, len(profile.table.columns))))
    turnover, assumed = _turnover(profile)
    if assumed or turnover.expected <= 0 or not profile.search_credits or profile.table.clustering_key:
        return Range(one.low, one.expected, every.high)
    billed = min(max(profile.search_credits / turnover.expected, one.low), every.high)
    return Range(max(one.low, billed / UNSURE), billed, min(every.high, billed * UNSURE))


def refreshed(profile: TableProfile, credits_per_partition: float, days: float, settings: Settings) -> Range:
    """Credits that the materialized views over a table take where all of it is rewritten: what is reclustered is a change to
    them.

    Each partition that changes is read again, by a service that bills more for it than a warehouse. What refreshes were billed
    for those that changed in the window widens that to hold both, and neither is believed alone: a view's first build may be in
    the bill, and what a refresh takes however little has changed.
    """
    if not profile.views or profile.recreated_by is not None:
        return ZERO
    each = Range(*settings.refresh_multiplier).scaled(credits_per_partition * len(profile.views))
    changed = changed_daily(profile, days, settings) * DAYS_PER_MONTH
    if profile.churn is not None and changed > 0 and profile.view_credits > 0:
        billed = profile.view_credits / changed
        each = Range(min(each.low, billed), math.sqrt(each.expected * billed), max(each.high, billed))
    return each.scaled(profile.partitions)
