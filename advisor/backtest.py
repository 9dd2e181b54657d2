"""Advice chosen on the first three quarters of the window, scored on the last.

What is proposed from the earlier part is judged by the later part's executions and, for clustering keys, by the literals that
these asked for (a split in time, as in "Sibyl: Forecasting Time-Evolving Query Workloads", SIGMOD 2024). And whatever the
whole window proposes must pay in its last quarter too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from advisor.account import Account, profiles_of
from advisor.estimate import Judge
from advisor.figures import number
from advisor.keys import parse
from advisor.model import (
    BackTest,
    KeyPart,
    Proposal,
    Proposed,
    QueryTemplate,
    Range,
    Rejection,
    Service,
    TableName,
)
from advisor.profile import TableProfile
from advisor.questions import ReadTemplate
from advisor.recommenders import clustering_key
from advisor.selection import choose
from advisor.selection.problem import Problem
from advisor.settings import Settings
from advisor.snapshot import Snapshot, row_sample


@dataclass(frozen=True)
class Tested:
    survivors: tuple[Proposal, ...]
    rejections: tuple[Rejection, ...]
    """One for each proposal that pays by its queries over the window but not in its last quarter."""
    result: BackTest | None


def back_test(snapshot: Snapshot, account: Account, proposed: Sequence[Proposed], settings: Settings) -> Tested:
    """Nothing is tested, and everything survives, where the window is shorter than `Settings.min_window_days`, or its history
    doesn't tell when the templates ran."""
    proposals = [proposal for each in proposed for proposal in each.proposals]
    if account.workload.days < settings.min_window_days or any(t.recent is None for t in account.workload.templates):
        return Tested(tuple(proposals), (), None)
    tables = {proposal.layout for proposal in proposals if proposal.layout is not None}
    seen = {profile.table.name: profile for profile in account.profiles}
    later = _profiled(snapshot, _part(account, True), tables, settings, seen)
    judged = [(proposal, rescored(proposal, account, later, settings)) for proposal in proposals]
    fails = [bool(now.services) and now.alone is None and _net(then) <= _least(settings) for now, then in judged]
    return Tested(
        tuple(now for (now, _), failed in zip(judged, fails, strict=True) if not failed),
        tuple(_lost(now, then, account) for (now, then), failed in zip(judged, fails, strict=True) if failed),
        _score(snapshot, account, proposals, later, settings),
    )


def _score(
    snapshot: Snapshot, account: Account, proposals: Sequence[Proposal], later: Account, settings: Settings
) -> BackTest:
    """Keys are proposed anew from the earlier part; the other kinds' proposals are those of the window at its traffic."""
    tables = {proposal.layout for proposal in proposals if proposal.layout is not None}
    early = _profiled(snapshot, _part(account, False), tables, settings, {})
    others = [p for p in proposals if p.recommendation.kind != clustering_key.CODE]
    offered = [*clustering_key.propose(early, settings).proposals, *(_at_rate(p, account, early) for p in others)]
    problem = Problem.of(offered, _least(settings), settings.budget_credits, settings.max_changes)
    chosen, _ = choose(problem)
    scored = (rescored(p, early, later, settings) for p in problem.proposals)
    again = Problem.of(scored, problem.least_net, problem.budget, problem.most_changes)
    least = len(chosen) * _least(settings)
    return BackTest(
        account.workload.recent_from, len(chosen), problem.value(chosen) + least, again.value(chosen) + least
    )


def _least(settings: Settings) -> float:
    return settings.min_net_credits_per_month


def _net(proposal: Proposal) -> float:
    return proposal.recommendation.net_credits_per_month.expected


def _lost(now: Proposal, then: Proposal, account: Account) -> Rejection:
    recommendation = now.recommendation
    reason = (
        f"It doesn't survive the back-test: over the whole window it nets {number(_net(now))} credits a month, by the "
        f"executions since {account.workload.recent_from:%Y-%m-%d} alone {number(_net(then))}."
    )
    return Rejection(recommendation.kind, recommendation.target, now.brief, reason)


# ---------------------------------------------------------------- a proposal, judged by another part of the window


def rescored(proposal: Proposal, seen: Account, other: Account, settings: Settings) -> Proposal:
    """The proposal that was made of `seen` as `other` shows it: a key by its literals, anything else by how often its
    templates run there."""
    profile = next((each for each in other.profiles if each.table.name == proposal.layout), None)
    key = _key(proposal)
    if not key or profile is None or any(part.column not in profile.layout.axes for part in key):
        return _at_rate(proposal, seen, other)
    estimate = Judge.of(profile, other.prices, settings, other.workload.days).estimate(key)
    return _with(proposal, clustering_key.services(estimate, profile), estimate.net)


def _key(proposal: Proposal) -> tuple[KeyPart, ...]:
    expressions = proposal.brief.get("clustering_key")
    parts = [parse(each) for each in expressions] if isinstance(expressions, list) else []
    return tuple(part for part in parts if part is not None)


def _with(proposal: Proposal, services: tuple[Service, ...], net: Range) -> Proposal:
    recommendation = replace(proposal.recommendation, net_credits_per_month=net)
    return replace(proposal, services=services, recommendation=recommendation)


def _at_rate(proposal: Proposal, seen: Account, other: Account) -> Proposal:
    then, now = seen.daily, other.daily
    services = tuple(
        replace(s, saved=s.saved.scaled(now.get(s.fingerprint, 0.0) / then[s.fingerprint]))
        for s in proposal.services
        if s.fingerprint in then
    )
    change = sum(s.saved.expected for s in services) - sum(s.saved.expected for s in proposal.services)
    return _with(proposal, services, proposal.recommendation.net_credits_per_month + Range(change, change, change))


# ---------------------------------------------------------------- a part of the window


def _part(account: Account, later: bool) -> Account:
    """The account as that part of its window shows it; without profiles yet."""
    whole = account.workload
    reads = [part for read in account.templates if (part := _read_part(read, account, later)) is not None]
    window = replace(
        whole,
        window_start=whole.recent_from if later else whole.window_start,
        window_end=whole.window_end if later else whole.recent_from,
        templates=tuple(read.template for read in reads),
    )
    return replace(account, workload=window, templates=tuple(reads), profiles=())


def _read_part(read: ReadTemplate, account: Account, later: bool) -> ReadTemplate | None:
    """None where the template didn't run then. One that ran then, but of which no sample did, keeps all its samples."""
    template, cut = read.template, account.workload.recent_from
    recent = template.recent or 0
    executions = recent if later else template.executions - recent
    if executions <= 0:
        return None
    kept = [i for i, moment in enumerate(read.moments) if (moment >= cut) is later]
    samples = tuple(read.samples[i] for i in kept) or read.samples
    return ReadTemplate(_scaled(template, executions), read.reading, samples)


def _scaled(template: QueryTemplate, executions: int) -> QueryTemplate:
    """The template with so many of its executions, each as the average."""
    share = executions / template.executions
    times = template.execution_ms

    def part(figure: int | None) -> int | None:
        return None if figure is None else round(figure * share)

    return replace(
        template,
        executions=executions,
        executions_per_day=template.executions_per_day * share,
        execution_ms=replace(times, total=times.total * share),
        bytes_scanned=part(template.bytes_scanned),
        partitions_scanned=part(template.partitions_scanned),
        partitions_total=part(template.partitions_total),
        rows_inserted=part(template.rows_inserted),
        rows_updated=part(template.rows_updated),
        rows_deleted=part(template.rows_deleted),
    )


def _profiled(
    snapshot: Snapshot,
    part: Account,
    tables: set[TableName],
    settings: Settings,
    seen: Mapping[TableName, TableProfile],
) -> Account:
    """The part with profiles of those tables. The later part judges and proposes nothing, so it may know (`seen`) what the
    whole window tells of the columns' values: a week's literals alone tell little of them."""
    profiles = profiles_of(
        part.templates,
        part.catalog,
        part.histories,
        part.workload,
        settings,
        partial(row_sample, snapshot),
        tables,
        seen,
        part.owners,
    )
    return replace(part, profiles=profiles)
