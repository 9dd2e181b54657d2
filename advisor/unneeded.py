"""Services in force that cost more than they bring, by what was observed of both."""

from __future__ import annotations

from advisor.account import Account
from advisor.errors import InputError
from advisor.estimate import MS_PER_HOUR
from advisor.figures import count, number
from advisor.model import ZERO, Benefit, Cost, Grade, Proposal, Range, Recommendation, SearchService, TableName, Target
from advisor.quoting import qualified
from advisor.settings import Settings
from advisor.terms import identity, monthly, short_window, valid_until

SURELY = 2.0  # it is dropped where it cost over this many times the most that it can have saved


def search(account: Account, settings: Settings) -> tuple[Proposal, ...]:
    """Search optimization to drop; silent where what it let queries skip isn't recorded."""
    found = []
    for name, service in sorted((account.facts.search or {}).items()):
        table = account.catalog.tables.get(name)
        if table is None or service.pruned is None or service.credits <= 0 or not _quotable(name):
            continue
        saved = _most_saved(name, service, account)
        if service.credits > SURELY * saved and _reads_known(name, account):
            found.append(_drop(name, service, saved, account, settings))
    return tuple(found)


def _quotable(name: TableName) -> bool:
    try:
        qualified(name)
    except InputError:
        return False
    return True


def _reads_known(name: TableName, account: Account) -> bool:
    """What a partition of it takes is told by some query, or it let queries skip none."""
    service = (account.facts.search or {})[name]
    return not service.pruned or any(profile.table.name == name for profile in account.profiles)


def _most_saved(name: TableName, service: SearchService, account: Account) -> float:
    """Credits over the window, each partition skipped at the price of its dearest query."""
    profile = next((profile for profile in account.profiles if profile.table.name == name), None)
    prices = [account.prices[load.template.fingerprint] for load in profile.loads] if profile is not None else []
    dearest = max((price.saved_ms.high * price.credits_per_hour for price in prices if price is not None), default=0.0)
    return (service.pruned or 0) * dearest / MS_PER_HOUR


def _drop(name: TableName, service: SearchService, saved: float, account: Account, settings: Settings) -> Proposal:
    month, table = monthly(account.workload), account.catalog.tables[name]
    spent, most = service.credits * month, saved * month
    net = Range(spent - most, spent - most / 2, spent)
    brief: dict[str, object] = {"tables": [str(name)], "search": []}
    recommendation = Recommendation(
        id=identity("search_optimization", str(name), "drop"),
        kind="search_optimization",
        action="drop",
        target=Target.table(name),
        title=f"Drop the search optimization of {name}",
        reason=(
            f"Keeping it took {number(service.credits)} credits in {number(account.workload.days)} days, and it let queries skip "
            f"{count(service.pruned)} partitions beyond what the table's order did: worth {number(saved)} credits at most."
        ),
        details={
            **brief,
            "rows": table.rows,
            "partitions": None,
            "hashes": [],
            "valid_until": valid_until(account.workload, settings),
        },
        benefit=Benefit(credits=net),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=net,
        confidence="low" if account.workload.days < settings.min_window_days else "high",
        grade=Grade.OBSERVED,
        templates=(),
        edition="enterprise",
        privileges=(f"OWNERSHIP on table {name}", "ADD SEARCH OPTIMIZATION on its schema"),
        warnings=(
            "A first build in the window counts as keeping: look at its bill by day first.",
            "DESCRIBE SEARCH OPTIMIZATION tells which columns it covers: note them down, a revert names them.",
            *short_window(account.workload, settings),
        ),
    )
    return Proposal(recommendation, None, "no search optimization", brief, (), None, net)
