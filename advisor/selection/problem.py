"""What there is to choose from, and what any choice is worth: the exact value, without a solver.

A template is served whole by one change (a view, a cached result), or scan by scan: each scan by the change that saves most
of it among those that may serve it, and under the layout that its table then has where none does (facility location; "do
nothing" serves every scan at no saving).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    gains: dict[tuple[int, frozenset[int]], float] = field(default_factory=dict, compare=False, repr=False)
    """What `gain` has found so far: it asks for the same again and again, whatever the limits."""

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
    def beside(self) -> tuple[frozenset[int], ...]:
        """The other proposals that serve a template of each."""
        serving = {fingerprint: {j for j, _ in offers} for fingerprint, offers in self.offers.items()}
        every = [frozenset[int]().union(*(serving[fingerprint] for fingerprint in own)) for own in self.templates]
        return tuple(others - {i} for i, others in enumerate(every))

    @cached_property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """The proposals in groups that have no scan, no table's layout and no limit in common."""
        if self.budget is not None or self.most_changes is not None:
            return (tuple(range(len(self.proposals))),)
        group = list(range(len(self.proposals)))
        for bound in self._bound:
            one = {group[i] for i in bound}
            if len(one) > 1:
                least = min(one)
                group = [least if each in one else each for each in group]
        return tuple(tuple(i for i, each in enumerate(group) if each == one) for one in sorted(set(group)))

    def only(self, part: Sequence[int]) -> Problem:
        return Problem(tuple(self.proposals[i] for i in part), self.least_net, self.budget, self.most_changes)

    @property
    def _bound(self) -> set[frozenset[int]]:
        """Proposals of which the choice of one may change what another is worth."""
        found = set(self.rivals.values())
        for offers in self.offers.values():
            tables = {service.table for _, service in offers}
            if None in tables:
                found.add(frozenset(i for i, _ in offers))
            else:
                found |= {frozenset(i for i, service in offers if service.table == table) for table in tables}
        return found

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
        taken = [offer for offer in self.offers[fingerprint] if offer[0] in chosen]
        if len(taken) <= 1:
            return sum(s.saved.expected for i, s in taken if s.saved.expected > 0 or self._binds(i, s))
        return sum(service.saved.expected for _, service in self._used(taken))

    def used(self, fingerprint: str, chosen: Collection[int]) -> list[tuple[int, Service]]:
        """The services that the template takes up."""
        return self._used([offer for offer in self.offers.get(fingerprint, ()) if offer[0] in chosen])

    def _used(self, offers: Sequence[tuple[int, Service]]) -> list[tuple[int, Service]]:
        whole: list[tuple[int, Service]] = []
        scans: dict[TableName, tuple[int, Service]] = {}
        for i, service in offers:
            if service.table is None:
                whole += [(i, service)] if service.saved.expected > 0 else []
                continue
            best = scans.get(service.table)
            if service.saved.expected > 0 or self._binds(i, service):
                better = best is None or service.saved.expected > best[1].saved.expected
                scans[service.table] = (i, service) if better or best is None else best
        each = list(scans.values())
        best_whole = max(whole, key=lambda offer: (offer[1].saved.expected, -offer[0]), default=None)
        if best_whole is not None and best_whole[1].saved.expected > sum(s.saved.expected for _, s in each):
            return [best_whole]
        return each

    def _binds(self, i: int, service: Service) -> bool:
        """A layout binds every scan of its table: what it slows is slowed, unless something else serves it."""
        return service.table is not None and self.proposals[i].layout is not None

    def gain(self, i: int, chosen: Collection[int]) -> float:
        """What `i` adds to a choice that it is not in, or what leaving it out would lose; less `least_net`."""
        without = frozenset(j for j in chosen if j in self.beside[i])
        if (i, without) not in self.gains:
            beside = without | {i}
            change = sum(
                self.saved(fingerprint, beside) - self.saved(fingerprint, without)
                for fingerprint in sorted(self.templates[i])
            )
            self.gains[i, without] = self.own[i] - self.least_net + change
        return self.gains[i, without]
