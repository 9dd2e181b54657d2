"""Views of all of a table's rows in a second order, which lets look-ups skip what the table's own order can't."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.blocks import Stored
from advisor.clustering.candidates import candidates
from advisor.clustering.estimate import Estimate
from advisor.cost import ScanPrice
from advisor.keys import render
from advisor.model import Churn, Range
from advisor.profile import TableProfile
from advisor.pruning.asks import Question
from advisor.settings import Settings
from advisor.stored_results.asked import Asked
from advisor.stored_results.projections import Ground, columns_of
from advisor.stored_results.served import Candidate, Refused, netted
from advisor.stored_results.serving import Keeping, changed_daily

ORDERS_TRIED = 2
"""Columns of one table that a view is thought of in the order of: those that its queries would gain most by."""


@dataclass(frozen=True)
class Ordered(Ground):
    """All rows, clustered by what serves the members best."""

    column: str
    """That all of them ask for."""

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        columns = columns_of([asked.block for asked in members], self.name)
        view = self._view(members, columns)
        found = candidates(view, self._prices(members, len(columns)), self._narrow, self.days)
        if not found:
            return Refused(tuple(members), None, f"No order by {self.column} is known to serve them.")
        best = found[0]
        kept = self.stored(members, (), [render(part) for part in best.key])
        return kept if isinstance(kept, Refused) else self._candidate(kept, members, best, view)

    @property
    def _narrow(self) -> Settings:
        return replace(self.settings, max_key_columns=1)

    def _candidate(
        self, kept: Stored, members: Sequence[Asked], best: Estimate, view: TableProfile
    ) -> Candidate | Refused:
        held = self.size(Range(self.rows, self.rows, self.rows), len(kept.keys))
        taken = self.keeping(held, members)
        taken = Keeping(taken.build + best.build, taken.upkeep + best.upkeep, taken.assumed_churn)
        index = {load.template.fingerprint: i for i, load in enumerate(view.loads)}
        places = [index[asked.fingerprint] for asked in members]
        # Of a template's blocks each has its part.
        shares = [1 / places.count(i) for i in places]
        reads = tuple(
            Range(float(best.after_low[i]), float(best.after[i]), float(best.after_high[i])).scaled(share)
            for i, share in zip(places, shares, strict=True)
        )
        saved = tuple(best.credits_each[i].scaled(share) for i, share in zip(places, shares, strict=True))
        return netted(kept, members, held, reads, saved, taken, self.settings)

    def _view(self, members: Sequence[Asked], columns: Sequence[str]) -> TableProfile:
        """The view as a table with the members' loads, in partitions of its own."""
        mine, width = {asked.fingerprint for asked in members}, self.width(len(columns))
        kept = [i for i, load in enumerate(self.profile.loads) if load.template.fingerprint in mine]
        new = {old: i for i, old in enumerate(kept)}
        loads = tuple(
            replace(load, before=None if load.before is None else load.before * width)
            for load in (self.profile.loads[i] for i in kept)
        )
        table, layout = self.profile.table, self.profile.layout
        partitions = max(1, math.ceil(self.profile.partitions * width))
        questions = tuple(
            replace(q, load=new[q.load], asks=tuple(ask for ask in q.asks if ask.column == self.column))
            for q in layout.questions
            if q.load in new
        )
        return replace(
            self.profile,
            table=replace(table, bytes=math.ceil((table.bytes or 0) * width), clustering_key=()),
            partitions=partitions,
            loads=loads,
            layout=replace(layout, partitions=partitions, questions=questions, loads=len(loads), weaker=None),
            churn=self._churn,
            clustering_credits=None,
            owner=None,
            search_credits=None,
            views=(),
        )

    def _prices(self, members: Sequence[Asked], columns: int) -> Mapping[str, ScanPrice | None]:
        """Of a partition of the view, which holds as many rows as several of the table."""
        rows = 1 / self.width(columns)
        return {
            asked.fingerprint: ScanPrice(
                asked.price.saved_ms.scaled(rows), asked.price.added_ms.scaled(rows), asked.price.credits_per_hour
            )
            for asked in members
        }

    @property
    def _churn(self) -> Churn | None:
        """A partition of the table that changes, or is reclustered, moves all of its rows in the view."""
        written = self.profile.churn
        if written is None:
            return None
        moved = changed_daily(self.profile, self.days, self.settings) / self.profile.partitions * self.rows
        return Churn(moved, max(0.0, moved - written.rows_added), 0.0)


def ordered(asked: Sequence[Asked], ground: Ground) -> list[tuple[Ordered, list[Asked]]]:
    """The columns that look-ups ask for in each of their scans, those that could save most first, with who asks for them."""
    layout, loads = ground.profile.layout, ground.profile.loads
    index = {load.template.fingerprint: i for i, load in enumerate(loads)}
    asking: dict[int, list[Question]] = {}
    for question in layout.questions:
        asking.setdefault(question.load, []).append(question)
    worth: dict[str, float] = {}
    askers: dict[str, list[Asked]] = {}
    for one in asked:
        questions = asking.get(index[one.fingerprint], [])
        held = set(columns_of([one.block], ground.name))
        everywhere = set.intersection(*({ask.column for ask in q.asks} for q in questions)) if questions else set()
        for column in sorted(everywhere & held):
            share = max(min(ask.share for ask in q.asks if ask.column == column) for q in questions)
            worth[column] = worth.get(column, 0.0) + one.worth * max(0.0, 1 - share)
            askers.setdefault(column, []).append(one)
    ranked = sorted(worth, key=lambda column: (-worth[column], column))[:ORDERS_TRIED]
    return [
        (Ordered(ground.profile, ground.account, ground.writes_per_day, ground.settings, column), askers[column])
        for column in ranked
        if worth[column] > _least_cost(ground, askers[column])
    ]


def _least_cost(ground: Ground, members: Sequence[Asked]) -> float:
    """Credits a month that a view can't be had for less than: what isn't worth that isn't looked at any further."""
    columns = columns_of([asked.block for asked in members], ground.name)
    taken = ground.keeping(ground.size(Range(*[ground.rows] * 3), len(columns)), members)
    return taken.upkeep.low + taken.build.low / ground.settings.payback_months
