"""Which stored results would answer the blocks that ask one table best.

Blocks are merged pair by pair as long as one stored result for both nets more than two: the union of their keys and aggregates,
the conditions that they don't share lifted to keys (Agrawal, Chaudhuri, Narasayya, VLDB 2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Protocol

from advisor import cost
from advisor.account import Account
from advisor.blocks import Stored, merged
from advisor.blocks.legality import view_obstacle
from advisor.model import ZERO, Change, Range, Service, TableName
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.asked import Asked
from advisor.stored_results.serving import Keeping, Size, Sizer, UnknownSizeError, keeping, known_types, per_hour, total


@dataclass(frozen=True, eq=False)
class Candidate:
    kept: Stored
    members: tuple[Asked, ...]
    size: Size
    reads: tuple[Range, ...]
    """Partitions of it that an execution reads, by member."""
    saved: tuple[Range, ...]
    """Credits a month, by member."""
    keeping: Keeping
    net: Range

    @property
    def credits(self) -> Range:
        return total(self.saved)

    @property
    def mean_read(self) -> float:
        """Partitions that an execution reads today, on average."""
        return self.partitions.before / math.fsum(asked.monthly for asked in self.members)

    @property
    def partitions(self) -> Change:
        """Read a month by what it serves, before and after."""
        before = math.fsum(asked.before * asked.monthly for asked in self.members)
        each = (reads.scaled(asked.monthly) for asked, reads in zip(self.members, self.reads, strict=True))
        return Change(before, reduce(add, each, ZERO))


@dataclass(frozen=True, eq=False)
class Refused:
    """A block that nothing stored can serve, or a candidate that isn't worth looking at, and why."""

    asked: tuple[Asked, ...]
    kept: Stored | None
    reason: str

    @property
    def worth(self) -> float:
        return math.fsum(asked.worth for asked in self.asked)


@dataclass(frozen=True)
class Market:
    """What candidates of one table are judged by."""

    profile: TableProfile
    sizer: Sizer
    writes_per_day: float
    days: float
    settings: Settings

    @staticmethod
    def of(profile: TableProfile, account: Account, settings: Settings) -> Market:
        name = profile.table.name
        writers = [read.template for read in account.templates if name in read.reading.writes]
        writes = math.fsum(template.executions_per_day for template in writers)
        return Market(profile, Sizer(profile, account.workload), writes, account.workload.days, settings)

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        """One stored result for all of them."""
        blocked = obstructed(members)
        if blocked is not None:
            return blocked
        kept = merged([(asked.block, asked.fixed) for asked in members])
        why = view_obstacle(kept, known_types(self.profile))
        if why is not None:
            return Refused(tuple(members), kept, why)
        try:
            held = self.sizer.size(kept)
        except UnknownSizeError as unknown:
            return Refused(
                tuple(members), kept, f"Nothing tells how many values {unknown} has, so not how large it would be."
            )
        return self.estimate(kept, members, held)

    def estimate(self, kept: Stored, members: Sequence[Asked], held: Size) -> Candidate:
        taken = keeping(held, self.profile, price_of(members), self.writes_per_day, self.days, self.settings)
        return estimated(kept, members, held, taken, self.settings)

    @property
    def rows(self) -> float:
        return float(self.profile.table.rows or 0)


def obstructed(members: Sequence[Asked]) -> Refused | None:
    """Where a block has an obstacle, what would be stored for it may not even be SQL."""
    why = next((asked.block.obstacle for asked in members if asked.block.obstacle), None)
    return None if why is None else Refused(tuple(members), None, f"It {why}.")


class Assessor(Protocol):
    """What tells a candidate's worth."""

    @property
    def settings(self) -> Settings: ...

    @property
    def rows(self) -> float:
        """Of the tables that the blocks read: what is stored must be much less."""

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        """One stored result for all of them."""


def price_of(members: Sequence[Asked]) -> float:
    """Credits for a partition that is read, as the members' own executions show it."""
    weights = [asked.before * asked.monthly for asked in members]
    prices = [per_hour(asked.price.saved_ms, asked.price.credits_per_hour).expected for asked in members]
    return math.fsum(p * w for p, w in zip(prices, weights, strict=True)) / max(1e-9, math.fsum(weights))


def estimated(kept: Stored, members: Sequence[Asked], held: Size, taken: Keeping, settings: Settings) -> Candidate:
    """Each execution reads all that is stored."""
    saved = tuple(saving(asked, held.partitions) for asked in members)
    return netted(kept, members, held, (held.partitions,) * len(members), saved, taken, settings)


def netted(
    kept: Stored,
    members: Sequence[Asked],
    held: Size,
    reads: tuple[Range, ...],
    saved: tuple[Range, ...],
    taken: Keeping,
    settings: Settings,
) -> Candidate:
    """What is saved less upkeep, storage where it has a price, and the build's share."""
    stored = cost.storage(held.bytes.expected, settings) or 0.0
    net = total(saved) - taken.upkeep - taken.build.scaled(1 / settings.payback_months) - Range(stored, stored, stored)
    return Candidate(kept, tuple(members), held, reads, saved, taken, net)


def saving(asked: Asked, after: Range) -> Range:
    """Its scan less one of so many partitions, at the price of a partition."""
    fewer = asked.before - after.expected
    if fewer <= 0:
        return per_hour(asked.price.added_ms, asked.price.credits_per_hour).scaled(fewer * asked.monthly)
    ms = asked.price.saved_ms
    least, most = asked.before - after.high, asked.before - after.low
    spread = Range(min(ms.low * least, ms.expected * fewer), ms.expected * fewer, ms.high * most)
    return per_hour(spread, asked.price.credits_per_hour).scaled(asked.monthly)


def candidates(asked: Sequence[Asked], market: Assessor) -> tuple[list[Candidate], list[Refused]]:
    """The stored results that net most together, each block in one of them at most; and what was refused on the way."""
    settings, judged = market.settings, [market.judge([one]) for one in asked[: market.settings.views_weighed]]
    refused = [found for found in judged if isinstance(found, Refused)]
    found = [each for each in judged if isinstance(each, Candidate)]
    small = [each for each in found if each.size.rows.high <= settings.stored_share * market.rows]
    refused += [Refused(each.members, each.kept, _too_large(each, market)) for each in found if each not in small]
    while True:
        merge = _best_merge(small, market)
        if merge is None:
            return sorted(small, key=lambda c: (-c.net.expected, c.kept.keys, c.kept.aggregates)), refused
        first, second, both = merge
        small = [*(each for each in small if each not in (first, second)), both]


def _best_merge(found: Sequence[Candidate], market: Assessor) -> tuple[Candidate, Candidate, Candidate] | None:
    best: tuple[Candidate, Candidate, Candidate] | None = None
    gained = 0.0
    most = market.settings.stored_share * market.rows
    for i, first in enumerate(found):
        for second in found[i + 1 :]:
            both = market.judge([*first.members, *second.members])
            if isinstance(both, Refused) or both.size.rows.high > most:
                continue
            gain = both.net.expected - max(0.0, first.net.expected) - max(0.0, second.net.expected)
            if gain > gained:
                best, gained = (first, second, both), gain
    return best


def _too_large(candidate: Candidate, market: Assessor) -> str:
    return f"It would hold up to {candidate.size.rows.high:,.0f} rows of {market.rows:,.0f}: reading it instead saves too little."


def services(candidate: Candidate) -> tuple[Service, ...]:
    """What it saves of each template's scans of each table, in proportion to what they read."""
    found: dict[tuple[str, TableName], Range] = {}
    for asked, saved in zip(candidate.members, candidate.saved, strict=True):
        for table, scanned in asked.scans:
            part = saved.scaled(scanned / asked.before if asked.before else 1 / len(asked.scans))
            place = asked.fingerprint, table
            found[place] = found.get(place, ZERO) + part
    return tuple(Service(*place, saved) for place, saved in sorted(found.items()))
