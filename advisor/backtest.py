"""Advice chosen on the first three quarters of the window, scored on the last.

What is proposed from the earlier part is judged by the later part's executions and, for clustering keys, by the literals that
these asked for (a split in time, as in "Sibyl: Forecasting Time-Evolving Query Workloads", SIGMOD 2024). And whatever the
whole window proposes must pay in its last quarter too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from advisor.account import Account, profilers
from advisor.beside import Begun, Beside
from advisor.clustering.judge import Judge
from advisor.clustering.search import KeySearch
from advisor.figures import number
from advisor.keys import parse
from advisor.model import (
    BackTest,
    KeyPart,
    Proposal,
    Proposed,
    QueryTemplate,
    Range,
    ReadTemplate,
    Rejection,
    Service,
    TableName,
)
from advisor.profile import TableProfile
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


def back_test(parts: Parts | None, account: Account, proposed: Sequence[Proposed], settings: Settings) -> Tested:
    """Nothing is tested, and everything survives, where there are no parts."""
    proposals = [proposal for each in proposed for proposal in each.proposals]
    if parts is None:
        return Tested(tuple(proposals), (), None)
    tables = layouts(proposals)
    later = parts.later.profiled(tables)
    judged = [(proposal, rescored(proposal, account, later, settings)) for proposal in proposals]
    fails = [bool(now.services) and now.alone is None and _net(then) <= _least(settings) for now, then in judged]
    return Tested(
        tuple(now for (now, _), failed in zip(judged, fails, strict=True) if not failed),
        tuple(_lost(now, then, account) for (now, then), failed in zip(judged, fails, strict=True) if failed),
        _score(account, proposals, parts.early.profiled(tables), later, settings),
    )


def layouts(proposals: Iterable[Proposal]) -> set[TableName]:
    """The tables that they would lay out anew."""
    return {proposal.layout for proposal in proposals if proposal.layout is not None}


def _score(
    account: Account, proposals: Sequence[Proposal], early: Account, later: Account, settings: Settings
) -> BackTest:
    """Keys are proposed anew from the earlier part; the other kinds' proposals are those of the window at its traffic."""
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


@dataclass(frozen=True)
class Part:
    """The account as a part of its window shows it; without profiles yet."""

    account: Account
    makers: Mapping[TableName, Callable[[], TableProfile]]
    begun: dict[TableName, Begun[TableProfile]]

    @staticmethod
    def of(snapshot: Snapshot, account: Account, later: bool, settings: Settings) -> Part:
        """The later part judges and proposes nothing, so it may know what the whole window tells of the columns' values: a week's
        literals alone tell little of them."""
        whole = account.workload
        reads = [part for read in account.templates if (part := _read_part(read, account, later)) is not None]
        window = replace(
            whole,
            window_start=whole.recent_from if later else whole.window_start,
            window_end=whole.window_end if later else whole.recent_from,
            templates=tuple(read.template for read in reads),
        )
        search = KeySearch(account.key_search.beside)
        own = replace(account, workload=window, templates=tuple(reads), profiles=(), key_search=search)
        seen = {profile.table.name: profile for profile in account.profiles} if later else {}
        sampled = partial(row_sample, snapshot)
        makers = profilers(own.templates, own.catalog, own.histories, window, settings, sampled, seen, account.owners)
        judged = {profile.table.name: profile for profile in account.profiles}
        return Part(own, {name: partial(_as_judged, make, judged[name]) for name, make in makers.items()}, {})

    def begin(self, tables: Collection[TableName], beside: Beside, settings: Settings, keys: bool) -> None:
        """The profiles of these tables will be asked for, and their `keys`."""

        def made(name: TableName) -> TableProfile:
            profile = self.makers[name]()
            if keys:
                self.account.key_search.begin(profile, self.account.prices, settings, self.account.workload.days)
            return profile

        wanted = [name for name in self.makers if name in tables]
        self.begun.update({name: beside.begin(made, name) for name in wanted})

    def profiled(self, tables: Collection[TableName]) -> Account:
        """With the profiles of these tables."""
        profiles = [
            self.begun[name].result() if name in self.begun else make()
            for name, make in self.makers.items()
            if name in tables
        ]
        return replace(self.account, profiles=tuple(profiles))


def _as_judged(make: Callable[[], TableProfile], judged: TableProfile) -> TableProfile:
    """The profile of a part, with what new keys of its table would have built anew."""
    return replace(make(), search_credits=judged.search_credits, views=judged.views, view_credits=judged.view_credits)


@dataclass(frozen=True)
class Parts:
    early: Part
    later: Part

    @staticmethod
    def of(snapshot: Snapshot, account: Account, settings: Settings) -> Parts | None:
        """None where the window is shorter than `Settings.min_window_days`, or its history doesn't tell when the
        templates ran.
        """
        whole = account.workload
        if whole.days < settings.min_window_days or any(template.recent is None for template in whole.templates):
            return None
        return Parts(*(Part.of(snapshot, account, later, settings) for later in (False, True)))

    def begin(self, tables: Collection[TableName], beside: Beside, settings: Settings) -> None:
        """These tables will be judged by both parts: their profiles are made, and their keys searched for, beside what else is
        done."""
        self.early.begin(tables, beside, settings, keys=True)
        self.later.begin(tables, beside, settings, keys=False)


def _read_part(read: ReadTemplate, account: Account, later: bool) -> ReadTemplate | None:
    """None where the template didn't run then. One that ran then, but of which no sample did, keeps all its samples."""
    template, cut = read.template, account.workload.recent_from
    recent = template.recent or 0
    executions = recent if later else template.executions - recent
    if executions <= 0:
        return None
    then = [i for i, one in enumerate(read.ran) if (one.started >= cut) is later]
    samples, ran = tuple(read.samples[i] for i in then), tuple(read.ran[i] for i in then)
    return ReadTemplate(_scaled(template, executions), read.reading, samples or read.samples, ran or read.ran)


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
