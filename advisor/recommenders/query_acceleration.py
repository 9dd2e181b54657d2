"""Query acceleration: who could be served, for how much, and why it seldom saves a credit.

What it finds
-------------
Warehouses whose large scans the acceleration service could share out, from Snowflake's own list of eligible queries: how many,
how many seconds they would gain, at which scale factor, and the most that it would cost.

Why it matters
--------------
The service lends a query servers beyond the warehouse's own, by the second. A few large queries then no longer need a larger
warehouse, and no longer hold up the small ones.

Example
-------
On REPORTING_WH 40 queries a day could gain 3 of their 4 minutes at scale factor 8. That is at most 5.2 credits a month
more, so it is advised where a second is worth that to you.

When not to
-----------
The work is the same wherever it is done: what the service is paid for, the warehouse saves at best. Without a value of a second
(`credits_per_second_saved`) it is rejected with its figures. Adaptive warehouses need none; Standard edition has none.

References
----------
docs.snowflake.com: Using the query acceleration service; QUERY_ACCELERATION_ELIGIBLE.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from advisor.account import Account
from advisor.errors import InputError
from advisor.figures import between, many, number, seconds
from advisor.model import (
    ZERO,
    Accelerable,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Proposed,
    QueryTemplate,
    Range,
    Recommendation,
    Rejection,
    Service,
    Target,
)
from advisor.quoting import identifier
from advisor.settings import Settings, normal_size
from advisor.terms import evidence, identity, monthly, short_window, valid_until

CODE = "query_acceleration"
BOUND = "The scale factor bounds the cost: at any moment the service may take that many times the warehouse's own rate."

SECONDS_PER_HOUR = 3600
PAYS_BACK = 0.5  # the share of the warehouse's time so freed that is expected to end its billing: others use the rest


def propose(account: Account, settings: Settings) -> Proposed:
    """One change or rejection for each warehouse with eligible time; silent where the snapshot has no such list."""
    found: defaultdict[str, list[Accelerable]] = defaultdict(list)
    for each in account.facts.accelerable or ():
        found[each.warehouse].append(each)
    least = settings.min_accelerated_seconds / monthly(account.workload)
    heavy = [(name, each) for name, each in sorted(found.items()) if sum(item.seconds for item in each) >= least]
    outcomes = [_outcome(name, each, account, settings) for name, each in heavy]
    return Proposed(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Proposal)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Rejection)),
        len(outcomes),
    )


def _outcome(
    warehouse: str, eligible: Sequence[Accelerable], account: Account, settings: Settings
) -> Proposal | Rejection:
    factor = max(1, min(settings.acceleration_scale_factor, max(item.scale_factor for item in eligible)))
    brief: dict[str, object] = {"tables": [], "scale_factor": factor}
    size = next((item.size for item in eligible if item.size is not None), None)
    target = Target("warehouse", warehouse)
    try:
        identifier(warehouse)
    except InputError:
        return Rejection(CODE, target, brief, "Its name can't be written as SQL: look at the snapshot's rows of it.")
    if normal_size(size) == "ADAPTIVE":
        return Rejection(CODE, target, brief, "It is an adaptive warehouse, which shares out its queries by itself.")
    if account.facts.accelerated.get(warehouse):
        credits = number(account.facts.accelerated[warehouse])
        return Rejection(CODE, target, brief, f"The service is on already and took {credits} credits in the window.")
    month = monthly(account.workload)
    gained = sum(_gained(item, factor) for item in eligible) * month
    most = gained * settings.price(size) / SECONDS_PER_HOUR
    worth = Range(0.0, most * PAYS_BACK, most)
    value = gained * settings.credits_per_second_saved
    benefit = worth + Range(value, value, value)
    net = benefit - Range(most, most, most)
    if net.expected <= settings.min_net_credits_per_month:
        return Rejection(CODE, target, brief, _not_worth(eligible, gained, most, month))
    return _proposal(warehouse, eligible, factor, gained, benefit, most, net, account, settings, brief)


def _gained(item: Accelerable, factor: int) -> float:
    """Seconds over the window."""
    return item.seconds * (1 - 1 / (1 + min(factor, max(1, item.scale_factor))))


def _services(
    eligible: Sequence[Accelerable], factor: int, benefit: Range, known: Mapping[str, QueryTemplate]
) -> tuple[tuple[Service, ...], Range]:
    """Its benefit by template, in proportion to what each gains, so that nothing else claims the same time; and the rest."""
    parts: defaultdict[str | None, float] = defaultdict(float)
    for item in eligible:
        template = known.get(item.hash) if item.hash is not None else None
        parts[None if template is None else template.fingerprint] += _gained(item, factor)
    whole = sum(parts.values())
    rest = benefit.scaled(parts.pop(None, 0.0) / whole)
    shares = sorted((fingerprint, part) for fingerprint, part in parts.items() if fingerprint is not None)
    return tuple(Service(fingerprint, None, benefit.scaled(part / whole)) for fingerprint, part in shares), rest


def _not_worth(eligible: Sequence[Accelerable], gained: float, most: float, month: float) -> str:
    queries = sum(item.queries for item in eligible) * month
    return (
        f"It would gain {number(queries)} queries a month {seconds(gained)} in all, for up to {number(most)} credits, of which the warehouse "
        f"saves {number(most * PAYS_BACK)} if half of the time so freed ends its billing. It pays where a second is worth more than "
        f"{number(most * (1 - PAYS_BACK) / gained)} credits (credits_per_second_saved)."
    )


def _proposal(
    warehouse: str,
    eligible: Sequence[Accelerable],
    factor: int,
    gained: float,
    benefit: Range,
    most: float,
    net: Range,
    account: Account,
    settings: Settings,
    brief: dict[str, object],
) -> Proposal:
    workload, month = account.workload, monthly(account.workload)
    known = {found: template for template in workload.templates for found in template.hashes}
    templates = sorted({known[i.hash].fingerprint: known[i.hash] for i in eligible if i.hash in known}.items())
    spent, queries = sum(item.seconds for item in eligible) * month, sum(item.queries for item in eligible)
    recommendation = Recommendation(
        id=identity(CODE, warehouse),
        kind=CODE,
        action="enable",
        target=Target("warehouse", warehouse),
        title=f"Turn query acceleration on for warehouse {warehouse}, scale factor {factor}",
        reason=(
            f"Snowflake lists {many(queries, 'query', 'queries')} of it in the window as eligible. At scale factor "
            f"{factor} they would end {seconds(gained)} a month earlier in all, which you value at "
            f"{number(settings.credits_per_second_saved)} credits a second; it costs up to {number(most)} credits a month, of which the "
            f"warehouse may save a part. Net: {between(net)}."
        ),
        details={
            **brief,
            "queries": queries,
            "eligible_seconds_per_month": spent,
            "most_credits_per_month": most,
            "hashes": sorted({item.hash for item in eligible if item.hash})[:20],
            "valid_until": valid_until(workload, settings),
        },
        benefit=Benefit(execution_seconds=Change(spent, Range(spent - gained, spent - gained, spent)), credits=benefit),
        cost=Cost(ZERO, Range(most, most, most)),
        net_credits_per_month=net,
        confidence="low" if workload.days < settings.min_window_days else "medium",
        grade=Grade.PROBED,
        templates=evidence([template for _, template in templates]),
        edition="enterprise",
        privileges=(f"MODIFY on warehouse {warehouse}",),
        warnings=(BOUND, *short_window(workload, settings)),
    )
    services, rest = _services(eligible, factor, benefit, known)
    return Proposal(recommendation, None, f"acceleration of {warehouse}", brief, services, None, rest)
