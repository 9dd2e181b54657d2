"""What there is to choose from, and what any choice is worth: the exact value, without a solver.

A template is served whole by one change (a view, a cached result), or scan by scan: each scan by the change that saves most
of it among those that may serve it, and under the layout that its table then has where none does (facility location; "do
nothing" serves every scan at no saving).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor.model import Proposal, Service, TableName


@dataclass(frozen=True)
class Problem:
    """Proposals in order of their ids, whatever order they came in; everything else goes by their index."""

    proposals: tuple[Proposal, ...]
    least_net: float
    """Each change must bring more than so many credits a month beside the others."""
    budget: float | None
    """Expected credits that all builds may take together; None: any."""
    most_changes: int | None

    @staticmethod
    def of(proposals: Iterable[Proposal], least_net: float, budget: float | None, most_changes: int | None) -> Problem:
        known = sorted(proposals, key=lambda p: (p.recommendation.id, p.label))
        return Problem(tuple(known), least_net, budget, most_changes)

    @cached_property
    def own(self) -> tuple[float, ...]:
        """Credits a month of each apart from what it serves: upkeep and build, less what it saves whatever the queries do."""
        return tuple(
            p.recommendation.net_credits_per_month.expected - sum(s.saved.expected for s in p.services)
            for p in self.proposals
        )

    @cached_property
    def builds(self) -> tuple[float, ...]:
        """Expected credits of each build; infinite where it is unknown and there is a budget to keep."""
        unknown = 0.0 if self.budget is None else float("inf")
        costs = (p.recommendation.cost.build_credits for p in self.proposals)
        return tuple(unknown if cost is None else cost.expected for cost in costs)

    @cached_property
    def offers(self) -> Mapping[str, Sequence[tuple[int, Service]]]:
        """Who serves each template, by fingerprint."""
        found: dict[str, list[tuple[int, Service]]] = {}
        for i, proposal in enumerate(self.proposals):
            for service in proposal.services:
                found.setdefault(service.fingerprint, []).append((i, service))
        return found

    @cached_property
    def templates(self) -> tuple[frozenset[str], ...]:
        """The fingerprints that each proposal serves."""
        return tuple(frozenset(s.fingerprint for s in p.services) for p in self.proposals)

    @cached_property
    def rivals(self) -> Mapping[TableName, frozenset[int]]:
        """The proposals that set each table's layout: one of them at most."""
        found: dict[TableName, set[int]] = {}
        for i, proposal in enumerate(self.proposals):
            if proposal.layout is not None:
                found.setdefault(proposal.layout, set()).add(i)
        return {table: frozenset(each) for table, each in found.items()}

    def allowed(self, chosen: Collection[int]) -> bool:
        """One layout a table, the builds within the budget, no more changes than asked for."""
        layouts = [layout for i in chosen if (layout := self.proposals[i].layout) is not None]
        return len(layouts) == len(set(layouts)) and self.within_limits(chosen)

    def within_limits(self, chosen: Collection[int]) -> bool:
        spent = sum(self.builds[i] for i in chosen)
        return (self.budget is None or spent <= self.budget * (1 + 1e-9)) and (
            self.most_changes is None or len(chosen) <= self.most_changes
        )

    def value(self, chosen: Collection[int]) -> float:
        """Net credits a month of a choice, less `least_net` for each change in it."""
        served = set().union(*(self.templates[i] for i in chosen))
        return sum(self.own[i] - self.least_net for i in sorted(chosen)) + sum(
            self.saved(fingerprint, chosen) for fingerprint in sorted(served)
        )

    def saved(self, fingerprint: str, chosen: Collection[int]) -> float:
        """Credits a month that one template saves."""
        return sum(service.saved.expected for _, service in self.used(fingerprint, chosen))

    def used(self, fingerprint: str, chosen: Collection[int]) -> list[tuple[int, Service]]:
        """The services that the template takes up."""
        whole: list[tuple[int, Service]] = []
        scans: dict[TableName, tuple[int, Service]] = {}
        for i, service in self.offers.get(fingerprint, ()):
            if i not in chosen:
                continue
            if service.table is None:
                whole += [(i, service)] if service.saved.expected > 0 else []
                continue
            best = scans.get(service.table)
            # A layout binds every scan of its table: what it slows is slowed, unless something else serves it.
            if service.saved.expected > 0 or self.proposals[i].layout is not None:
                better = best is None or service.saved.expected > best[1].saved.expected
                scans[service.table] = (i, service) if better or best is None else best
        each = list(scans.values())
        best_whole = max(whole, key=lambda offer: (offer[1].saved.expected, -offer[0]), default=None)
        if best_whole is not None and best_whole[1].saved.expected > sum(s.saved.expected for _, s in each):
            return [best_whole]
        return each

    def gain(self, i: int, chosen: Collection[int]) -> float:
        """What `i` adds to a choice that it is not in, or what leaving it out would lose; less `least_net`."""
        beside = frozenset(chosen) | {i}
        without = beside - {i}
        change = sum(
            self.saved(fingerprint, beside) - self.saved(fingerprint, without)
            for fingerprint in sorted(self.templates[i])
        )
        return self.own[i] - self.least_net + change
