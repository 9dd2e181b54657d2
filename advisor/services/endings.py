"""Services in force that were billed more than they can have saved, and what of them the plan leaves for new keys to
build anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.cost import MS_PER_HOUR, ScanPrice
from advisor.decisions import in_force
from advisor.loads import Load
from advisor.model import Facts, Range, ReadTemplate, SearchService, TableName, Workload
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.standing import Views
from advisor.terms import identity, monthly

SURELY = 2.0  # a service is dropped where it cost over this many times the most that it can have saved

SEARCHES, REFRESHES = "search_optimization_history", "materialized_view_refresh_history"
"""Of a part of the window alone, they tell of a service's upkeep as if all were like it, and end nothing that the rest might excuse."""

Prices = Mapping[str, ScanPrice | None]


def beside_the_plan(
    profile: TableProfile,
    views: Views,
    told: Facts,
    reads: Sequence[ReadTemplate],
    prices: Prices,
    workload: Workload,
    settings: Settings,
) -> TableProfile:
    """The profile as its new keys are judged, with what they would have Snowflake build anew: the table's search access paths and
    the materialized views over it, without those that the plan ends.

    The plan is sure to end what was billed too much, as that serves no query and builds nothing, unless the number of changes is
    bounded or somebody has decided against it.
    """
    name, month = profile.table.name, monthly(workload)
    over = views.over.get(name, ())
    service = (told.search or {}).get(name)
    search = None if service is None else service.credits * month / told.covered.get(SEARCHES, 1.0)
    ends = service is not None and _search_ends(name, service, profile, prices, workload, settings)
    spent = {view: (told.refreshes or {}).get(view, 0.0) for view in over}
    ending = tuple(view for view in over if _view_ends(view, spent[view], profile, reads, prices, workload, settings))
    left = tuple(view for view in over if view not in ending)
    return replace(
        profile,
        search_credits=None if ends else search,
        search_ending=search if ends else None,
        views=left,
        view_credits=math.fsum(spent[view] for view in left) * month / told.covered.get(REFRESHES, 1.0),
        views_ending=ending,
        views_untold=views.untold,
    )


def _sure(change: str, spent: float, saved: float, workload: Workload, settings: Settings) -> bool:
    """Whether the plan holds a change that ends a service for certain."""
    decided = in_force(settings.decisions, [change], workload.window_end.date())
    kept = settings.max_changes is not None or any(each.state != "accepted" for each in decided)
    return not kept and net_of_ending(spent, saved, workload).expected > settings.min_net_credits_per_month


def net_of_ending(spent: float, saved: float, workload: Workload) -> Range:
    """Credits a month without a service that was billed `spent` over the window and `saved` so many at most."""
    month = monthly(workload)
    return Range((spent - saved) * month, (spent - saved / 2) * month, spent * month)


def id_of_ending(kind: str, name: TableName) -> str:
    return identity(kind, str(name), "drop")


# ---------------------------------------------------------------- search optimization


def _search_ends(
    name: TableName,
    service: SearchService,
    profile: TableProfile,
    prices: Prices,
    workload: Workload,
    settings: Settings,
) -> bool:
    saved, change = outweighed(service, profile, prices), id_of_ending("search_optimization", name)
    return saved is not None and _sure(change, service.credits, saved, workload, settings)


def outweighed(service: SearchService, profile: TableProfile | None, prices: Prices) -> float | None:
    """Credits over the window that it saved at most, each partition skipped at the price of the table's dearest query, where its
    bill surely exceeds them; None where it doesn't, or nothing tells."""
    if service.pruned is None or service.credits <= 0 or (service.pruned and profile is None):
        return None
    known = [prices[load.template.fingerprint] for load in profile.loads] if profile is not None else []
    dearest = max((price.saved_ms.high * price.credits_per_hour for price in known if price is not None), default=0.0)
    saved = service.pruned * dearest / MS_PER_HOUR
    return saved if service.credits > SURELY * saved else None


# ---------------------------------------------------------------- materialized views


def _view_ends(
    view: TableName,
    spent: float,
    profile: TableProfile,
    reads: Sequence[ReadTemplate],
    prices: Prices,
    workload: Workload,
    settings: Settings,
) -> bool:
    saved = outspent(view, spent, profile, reads, prices)
    return saved is not None and _sure(id_of_ending("materialized_view", view), spent, saved, workload, settings)


def outspent(
    view: TableName, spent: float, profile: TableProfile, reads: Sequence[ReadTemplate], prices: Prices
) -> float | None:
    """Credits over the window that a view over the profile's table saved at most, where refreshing it surely took more; None
    where it didn't, or some query can't be told to leave it alone."""
    if spent <= 0 or may_be_read(view, profile.table.name, reads):
        return None
    saved = most_skipped(profile, reads, prices)
    return saved if saved is not None and spent > SURELY * saved else None


def may_be_read(view: TableName, base: TableName, reads: Sequence[ReadTemplate]) -> bool:
    """By a statement that isn't understood: it bears one of their names."""
    words = {view.name.upper(), base.name.upper()}
    unread = (read.template.text.upper() for read in reads if read.reading.problem is not None)
    return any(word in text for text in unread for word in words)


def most_skipped(profile: TableProfile, reads: Sequence[ReadTemplate], prices: Prices) -> float | None:
    """Credits over the window, had every partition of the table that its queries didn't read been read at their dearest
    price: no order, view or path can have saved more. None where a price or a query isn't known."""
    if not profile.understood:
        return None
    each_read = {read.template.fingerprint: read for read in reads}
    spared = []
    for load in profile.loads:
        price = prices[load.template.fingerprint]
        skipped = _skipped(profile, load, each_read[load.template.fingerprint])
        if skipped and price is None:
            return None
        if price is not None:
            each = skipped * price.saved_ms.high * price.credits_per_hour / MS_PER_HOUR
            spared.append(each * load.template.executions)
    return math.fsum(spared)


def _skipped(profile: TableProfile, load: Load, read: ReadTemplate) -> float:
    """Partitions of the table that an execution surely or possibly leaves: beside other tables only a record of the table's own
    scans tells what was read of it."""
    name = profile.table.name
    there = float(profile.partitions * read.reading.scans.count(name))
    alone = set(read.reading.scans) == {name}
    recorded = not profile.recorded.isdisjoint(load.template.hashes)
    return max(0.0, there - (load.before or 0.0)) if alone or recorded else there
