"""What search optimization in force was billed beside what it can have saved, and whether the plan ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from advisor.cost import MS_PER_HOUR, ScanPrice
from advisor.decisions import in_force
from advisor.model import Range, SearchService, TableName, Workload
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.terms import identity, monthly

SURELY = 2.0  # a service is dropped where it cost over this many times the most that it can have saved


def outweighed(
    service: SearchService, profile: TableProfile | None, prices: Mapping[str, ScanPrice | None]
) -> float | None:
    """Credits over the window that it saved at most, each partition skipped at the price of the table's dearest query, where its bill
    surely exceeds them; None where it doesn't, or nothing tells."""
    if service.pruned is None or service.credits <= 0 or (service.pruned and profile is None):
        return None
    known = [prices[load.template.fingerprint] for load in profile.loads] if profile is not None else []
    dearest = max((price.saved_ms.high * price.credits_per_hour for price in known if price is not None), default=0.0)
    saved = service.pruned * dearest / MS_PER_HOUR
    return saved if service.credits > SURELY * saved else None


def net_of_ending(service: SearchService, saved: float, workload: Workload) -> Range:
    """Credits a month without a service that `saved` so many over the window at most."""
    month = monthly(workload)
    spent, most = service.credits * month, saved * month
    return Range(spent - most, spent - most / 2, spent)


def id_of_ending(name: TableName) -> str:
    return identity("search_optimization", str(name), "drop")


def beside_the_plan(
    profile: TableProfile,
    service: SearchService | None,
    prices: Mapping[str, ScanPrice | None],
    workload: Workload,
    settings: Settings,
) -> TableProfile:
    """The profile as its new keys are judged: search optimization that the plan ends has no paths left for them to build anew.

    The plan is sure to end what was billed too much, as that serves no query and builds nothing, unless the number of changes is
    bounded or somebody has decided against it.
    """
    saved = None if service is None else outweighed(service, profile, prices)
    if service is None or saved is None or settings.max_changes is not None:
        return profile
    net = net_of_ending(service, saved, workload)
    decided = in_force(settings.decisions, [id_of_ending(profile.table.name)], workload.window_end.date())
    if net.expected <= settings.min_net_credits_per_month or any(each.state != "accepted" for each in decided):
        return profile
    return replace(profile, search_credits=None, search_ending=profile.search_credits)
