"""The tables that a dynamic table would read: how stale their readers already tolerate, and what building and
refreshing takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from advisor import cost
from advisor.account import Account
from advisor.blocks import Stored
from advisor.blocks.stored import bare, parsed
from advisor.cost import DAYS_PER_MONTH
from advisor.model import Range, TableName
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.asked import Asked
from advisor.stored_results.dynamic import kept_for, obstacle
from advisor.stored_results.served import Candidate, Refused, estimated, obstructed, price_of
from advisor.stored_results.serving import Keeping, Size, Sizer, UnknownSizeError, changed_partitions
from advisor.usage.names import Session

STEPS = (1, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)
"""Lags that are proposed, in minutes."""
MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class Sources:
    """The tables that one dynamic table would read."""

    profiles: tuple[TableProfile, ...]
    account: Account
    settings: Settings
    lag: int
    """Minutes."""
    loads_per_day: float
    """Of the source that is written most often."""
    session: Session

    @property
    def rows(self) -> float:
        return float(max((profile.table.rows or 0) for profile in self.profiles))

    @property
    def partitions(self) -> float:
        return math.fsum(profile.partitions for profile in self.profiles)

    @property
    def refreshes_per_day(self) -> float:
        return min(self.loads_per_day, MINUTES_PER_DAY / self.lag)

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        blocked = obstructed(members)
        if blocked is not None:
            return blocked
        kept = kept_for(members, self.session)
        if isinstance(kept, str):
            return Refused(tuple(members), None, kept)
        if len(members) > 1 and (kept.exact or kept.whole):
            return Refused(tuple(members), kept, "Each needs a table of its own.")
        why = obstacle(kept, members, self.account)
        if why is not None:
            return Refused(tuple(members), kept, why)
        try:
            held = self._size(kept)
        except UnknownSizeError as unknown:
            return Refused(
                tuple(members), kept, f"Nothing tells how many values {unknown} has, so not how large it would be."
            )
        return estimated(kept, members, held, self._keeping(held, price_of(members)), self.settings)

    def _size(self, kept: Stored) -> Size:
        """Groups of the largest source: a key of another table has its values there."""
        largest = max(self.profiles, key=_extent)
        owners, known = _owners(kept), {profile.table.name: profile for profile in self.profiles}
        counts = []
        for key in kept.keys:
            owner = known.get(owners.get(_alias(key), largest.table.name), largest)
            counts.append(Sizer(owner, self.account.workload).distinct(bare(key)))
        rows = float(largest.table.rows or 0)
        possible = math.prod(count for count, _ in counts)
        unsure = next((key for key, (_, sure) in zip(kept.keys, counts, strict=True) if not sure), None)
        if unsure is not None:
            raise UnknownSizeError(unsure)
        groups = possible * -math.expm1(rows * math.log1p(-1 / possible)) if possible > 1 else 1.0
        width = (largest.table.bytes or 0) / max(1.0, rows) / max(1, len(largest.table.columns))
        size = groups * width * (len(kept.keys) + len(kept.aggregates))
        partition = largest.partition_bytes or 1.0
        parts = Range(*(max(1.0, math.ceil(figure / partition)) for figure in (size / 2, size, size * 2)))
        low = max(1.0, min(groups, max((count for count, _ in counts), default=1.0)))
        return Size(
            Range(low, max(low, groups), max(low, min(rows, groups * 1.5))), Range(size / 2, size, size * 2), parts
        )

    def _keeping(self, held: Size, price: float) -> Keeping:
        """Each refresh reads what changed, at best, and everything again, at worst; a warehouse that resumes for it bills a
        minute at least."""
        changed = math.fsum(
            changed_partitions(profile.churn, float(profile.table.rows or 1), profile.partitions)
            for profile in self.profiles
            if profile.churn is not None
        )
        full = self.partitions * self.refreshes_per_day
        resumed = self.refreshes_per_day / 60 * self.settings.price(None)
        low, high = changed * price, full * price + resumed
        # Joined to what changed, other rows are read too: between the two, in geometric middle.
        expected = min(high, max(low, math.sqrt(max(low, 1e-12) * full * price)) + resumed / 2)
        upkeep = Range(min(low, expected), expected, high).scaled(DAYS_PER_MONTH)
        write = held.bytes.expected / cost.GIB * self.settings.rewrite_credits_per_gib[1]
        build = self.partitions * price + write
        return Keeping(Range(build, build, build * 2), upkeep, assumed_churn=False)


def _extent(profile: TableProfile) -> tuple[float, float, int, TableName]:
    table = profile.table
    return table.rows or 0, table.bytes or 0, len(table.columns), table.name


def _owners(kept: Stored) -> Mapping[str, TableName]:
    """What each alias of its source stands for."""
    tables = parsed(f"SELECT 1 FROM {kept.source}").find_all(exp.Table)
    return {table.alias_or_name: TableName(table.catalog, table.db, table.name) for table in tables}


def _alias(key: str) -> str:
    """Which source's column it is; "" where there is one source alone."""
    found = parsed(key).find(exp.Column)
    return found.table if found is not None else ""


def sources(members: Sequence[Asked], account: Account, session: Session, settings: Settings) -> Sources | str:
    """The tables of these blocks and the lag that their queries tolerate, or why it can't be told."""
    known = {profile.table.name: profile for profile in account.profiles}
    names = sorted({table for asked in members for table in asked.block.tables})
    profiles = tuple(known[name] for name in names)
    loads = [_loads_per_day(profile, account) for profile in profiles]
    if None in loads:
        return f"Nothing tells how often {names[loads.index(None)]} is loaded, so not how stale its queries may be."
    often = max(load for load in loads if load is not None)
    lag = MINUTES_PER_DAY if not often else MINUTES_PER_DAY / often / 2
    step = max((step for step in STEPS if step <= lag), default=STEPS[0])
    return Sources(profiles, account, settings, step, often, session)


def _loads_per_day(profile: TableProfile, account: Account) -> float | None:
    """Statements a day that write it; None where rows come and no statement is seen to bring them."""
    name = profile.table.name
    writers = [read.template for read in account.templates if name in (*read.reading.writes, *read.reading.creates)]
    if writers:
        return math.fsum(template.executions_per_day for template in writers)
    churn = profile.churn
    still = churn is not None and churn.rows_added + churn.rows_removed + churn.rows_updated == 0
    return 0.0 if still else None
