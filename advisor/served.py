"""Which templates' blocks ask one table for groups, and which stored results would answer them best.

Blocks are merged pair by pair as long as one stored result for both nets more than two: the union of their keys and aggregates,
the conditions that they don't share lifted to keys (Agrawal, Chaudhuri, Narasayya, VLDB 2000).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import islice
from operator import add
from typing import Protocol

from advisor import cost
from advisor.account import Account
from advisor.blocks import Block, Stored, merged, study
from advisor.blocks.legality import expression_obstacle, view_obstacle
from advisor.blocks.stored import parsed
from advisor.cost import DAYS_PER_MONTH, ScanPrice
from advisor.model import ZERO, Change, Range, Service, TableName
from advisor.profile import TableProfile
from advisor.questions import ReadTemplate
from advisor.serving import Keeping, Size, Sizer, UnknownSizeError, keeping, known_types, per_hour, total
from advisor.settings import Settings
from advisor.usage.names import Session

_QUALIFIER = re.compile(r'(?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*)\.')


@dataclass(frozen=True, eq=False)
class Asked:
    """A block of one template, and what its scan takes today."""

    read: ReadTemplate
    block: Block
    fixed: frozenset[str]
    """The conditions that all samples ask alike."""
    scans: tuple[tuple[TableName, float], ...]
    """What the block reads of each of its tables in one execution, in partitions."""
    price: ScanPrice
    monthly: float
    """Executions."""

    @cached_property
    def before(self) -> float:
        """Partitions that the block reads in one execution."""
        return math.fsum(scanned for _, scanned in self.scans)

    @cached_property
    def worth(self) -> float:
        """Credits a month that its scan takes today."""
        return per_hour(self.price.saved_ms, self.price.credits_per_hour).expected * self.before * self.monthly

    @property
    def fingerprint(self) -> str:
        return self.read.template.fingerprint

    @cached_property
    def rank(self) -> tuple[object, ...]:
        """What takes most credits comes first, then what is asked, without names of tables: a new name must not change which
        results are merged. The fingerprint, which hangs on them, tells equal blocks apart."""
        asked = (self.block.keys, self.block.aggregates, [condition.text for condition in self.block.conditions])
        shape = tuple(tuple(_QUALIFIER.sub("", text) for text in texts) for texts in asked)
        return -self.worth, -self.monthly, len(self.block.tables), shape, self.block.place, self.fingerprint


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


def gather(account: Account, profiles: Sequence[TableProfile], settings: Settings) -> Mapping[TableName, list[Asked]]:
    """The blocks that group one of these tables, by table; what takes most credits today comes first."""
    large = {profile.table.name: profile for profile in profiles}
    found: dict[TableName, list[Asked]] = {name: [] for name in large}
    for read in searched(account, large, settings):
        for block in account.blocks(read.template):
            profile = large.get(block.tables[0])
            if profile is not None and len(block.tables) == 1 and not block.plain:
                asked = asked_of(read, block, profile, account)
                if asked is not None:
                    found[profile.table.name].append(asked)
    return {name: settled(each, settings.views_weighed, account) for name, each in found.items()}


def settled(found: Sequence[Asked], most: int, account: Account) -> list[Asked]:
    """Those worth most, with the conditions that never change; without those whose keys or aggregates do."""
    ranked = sorted(found, key=lambda one: one.rank)[:most]
    kept = []
    for asked in ranked:
        session = Session(account.directory, asked.read.template.database, asked.read.template.schema)
        fixed = fixed_conditions(asked.read, asked.block, session)
        if fixed is not None:
            types = {
                column.name: column.data_type
                for name in asked.block.tables
                for column in account.catalog.tables[name].columns
            }
            legal = (condition for condition in fixed if expression_obstacle(parsed(condition), types) is None)
            kept.append(replace(asked, fixed=frozenset(legal)))
    return kept


def searched(account: Account, large: Collection[TableName], settings: Settings) -> list[ReadTemplate]:
    """The queries of these tables that may be rewritten, those that take most time first."""
    found = (read for read in account.templates if _searchable(read, large, settings))
    return list(islice(found, settings.rewritten_templates))


def _searchable(read: ReadTemplate, large: Collection[TableName], settings: Settings) -> bool:
    return (
        read.template.kind == "SELECT"
        and read.reading.problem is None
        and len(read.template.text) <= settings.rewritten_characters
        and read.template.executions > 1
        and any(name in large for name in read.reading.scans)
    )


def asked_of(read: ReadTemplate, block: Block, profile: TableProfile, account: Account) -> Asked | None:
    """None where the history tells no partitions of it."""
    load = next((load for load in profile.loads if load.template is read.template), None)
    price = account.prices[read.template.fingerprint]
    if load is None or load.before is None or price is None or load.limited:
        return None
    before = load.before / max(1, read.reading.scans.count(profile.table.name))
    monthly = read.template.executions / account.workload.days * DAYS_PER_MONTH
    return Asked(read, block, frozenset(), ((profile.table.name, before),), price, monthly)


def fixed_conditions(read: ReadTemplate, block: Block, session: Session) -> frozenset[str] | None:
    """The conditions that every sample asks with the same constants; None where their keys or aggregates differ."""
    fixed = {condition.text for condition in block.conditions if condition.fixed}
    for text in sorted({sample.text for sample in read.template.samples}):
        statement = study(text, session)
        found = next((b for b in statement.blocks if b.place == block.place), None) if statement is not None else None
        if found is None or (found.keys, found.aggregates) != (block.keys, block.aggregates):
            return None
        fixed &= {condition.text for condition in found.conditions}
    return frozenset(fixed)


# ---------------------------------------------------------------- candidates


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
