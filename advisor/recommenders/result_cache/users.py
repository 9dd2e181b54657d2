"""The cache turned on for a user that never gets an answer from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from advisor.account import Account
from advisor.figures import between, number, seconds
from advisor.model import ZERO, Benefit, Cost, Grade, Proposal, ReadTemplate, Recommendation, Service, Target
from advisor.recommenders.result_cache.shared import CODE, baseline, credits, details, policies, seconds_saved
from advisor.reuse.misses import Missed
from advisor.reuse.replay import Miss
from advisor.settings import Settings
from advisor.terms import evidence, identity, monthly, short_window


def of_users(
    found: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings, least: float
) -> list[Proposal]:
    users: defaultdict[str, list[Missed]] = defaultdict(list)
    for each in found:
        if each.miss is Miss.SETTING and each.user is not None:
            users[each.user].append(each)
    heavy = [(user, each) for user, each in sorted(users.items()) if sum(m.ms for m in each) >= least]
    enough = [(user, each) for user, each in heavy if sum(m.executions for m in each) >= settings.min_uncached_repeats]
    return [_user(user, each, reads, account, settings) for user, each in enough]


def _user(
    user: str, misses: Sequence[Missed], reads: dict[str, ReadTemplate], account: Account, settings: Settings
) -> Proposal:
    templates = [reads[each.fingerprint].template for each in misses]
    saved = [credits(each.ms, t, account, settings) for each, t in zip(misses, templates, strict=True)]
    total, ms = sum(saved, ZERO), sum(each.ms for each in misses)
    tables = sorted({str(name) for each in misses for name in reads[each.fingerprint].reading.scans})
    brief = {"tables": tables, "cause": "setting"}
    month = monthly(account.workload)
    asked = sum(each.executions for each in misses)
    recommendation = Recommendation(
        id=identity(CODE, user, "setting"),
        kind=CODE,
        action="enable",
        target=Target("user", user),
        title=f"Turn the result cache on for user {user}",
        reason=(
            f"It asked the same texts again {number(asked * month)} times a month while nothing had changed, and none of its questions was "
            f"answered from the cache in {number(account.workload.days)} days: USE_CACHED_RESULT is likely off for it. That takes "
            f"{seconds(ms * month / 1000)} a month: {between(total)} credits. {baseline(account)}"
        ),
        details={**brief, **details(templates, account, settings)},
        benefit=Benefit(execution_seconds=seconds_saved(ms, templates, account), credits=total),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=total,
        confidence="low" if account.workload.days < settings.min_window_days else "medium",
        grade=Grade.ESTIMATED,
        templates=evidence(templates),
        edition="standard",
        privileges=(f"OWNERSHIP on user {user}",),
        warnings=(
            "Where the application or its driver sets USE_CACHED_RESULT for its session, that wins: change it there. The check below tells.",
            "Users that measure performance have it off for good reason.",
            *policies([name for each in misses for name in reads[each.fingerprint].reading.scans], account),
            *short_window(account.workload, settings),
        ),
    )
    services = tuple(Service(t.fingerprint, None, each) for t, each in zip(templates, saved, strict=True))
    return Proposal(recommendation, None, f"the result cache for {user}", brief, services)
