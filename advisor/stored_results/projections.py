"""Views of a table's rows as they are: the few that queries ask for again and again, or all of them in a second order
(`advisor/stored_results/second_orders.py`).

A view of fewer columns alone saves nothing: a micro-partition stores its columns apart, and a scan reads those that it needs.
What saves is a condition that leaves few rows, or an order that lets look-ups skip what the table's own order can't.
So partitions of a view are reckoned in rows: one of a narrow view holds as many rows as several of its table, and is as dear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from advisor.account import Account
from advisor.blocks import Block, Stored, projection
from advisor.blocks.legality import view_obstacle
from advisor.blocks.stored import bare, parsed
from advisor.model import Range, TableName
from advisor.profile import TableProfile
from advisor.pruning.joins import matched_share
from advisor.settings import Settings
from advisor.stored_results.asked import Asked, asked_of, searched
from advisor.stored_results.served import Candidate, Refused, netted, price_of, saving
from advisor.stored_results.serving import Keeping, Size, keeping, known_types

UNSURE = 2.0
"""A recorded share of rows, and the even part of a column in a row's bytes, hold within this factor."""


def gather(account: Account, profiles: Sequence[TableProfile], settings: Settings) -> Mapping[TableName, list[Asked]]:
    """By table the blocks that scan it, of the queries all of whose scans of it stand in such blocks: their conditions are
    not looked at yet."""
    large = {profile.table.name: profile for profile in profiles}
    found: dict[TableName, list[Asked]] = {name: [] for name in large}
    for read in searched(account, large, settings):
        blocks = account.blocks(read.template)
        for name in sorted(large.keys() & set(read.reading.scans)):
            mine = [block for block in blocks if name in block.tables]
            if len(mine) == read.reading.scans.count(name) and all(_replaceable(block, name) for block in mine):
                asked = [asked_of(read, block, large[name], account) for block in mine]
                found[name] += [one for one in asked if one is not None]
    return {name: sorted(each, key=lambda one: one.rank)[: settings.views_weighed] for name, each in found.items()}


def _replaceable(block: Block, table: TableName) -> bool:
    return block.obstacle is None and block.tables.count(table) == 1 and bool(columns_of([block], table))


def columns_of(blocks: Iterable[Block], table: TableName) -> tuple[str, ...]:
    """What they use of the table."""
    return tuple(sorted({column for block in blocks for owner, column in block.columns if owner == table}))


@dataclass(frozen=True)
class Ground:
    """What views of one table's rows are judged on."""

    profile: TableProfile
    account: Account
    writes_per_day: float
    settings: Settings

    @staticmethod
    def of(profile: TableProfile, account: Account, settings: Settings) -> Ground:
        name = profile.table.name
        writers = [read.template for read in account.templates if name in read.reading.writes]
        return Ground(profile, account, math.fsum(t.executions_per_day for t in writers), settings)

    @property
    def name(self) -> TableName:
        return self.profile.table.name

    @property
    def rows(self) -> float:
        return float(self.profile.table.rows or 0)

    @property
    def days(self) -> float:
        return self.account.workload.days

    def stored(self, members: Sequence[Asked], conditions: Iterable[str], order: Sequence[str]) -> Stored | Refused:
        columns = columns_of([asked.block for asked in members], self.name)
        kept = projection(self.name, columns, conditions, order)
        why = view_obstacle(kept, known_types(self.profile))
        return kept if why is None else Refused(tuple(members), kept, why)

    def width(self, columns: int) -> float:
        """The part of a row that so many columns are."""
        return columns / max(columns, len(self.profile.table.columns))

    def size(self, rows: Range, columns: int) -> Size:
        each = self.width(columns) * (self.profile.table.bytes or 0) / max(1.0, self.rows)
        held = Range(rows.low * each / UNSURE, rows.expected * each, rows.high * each * UNSURE)
        partition = self.profile.partition_bytes or 1.0
        parts = (
            max(1.0, math.ceil(rows_held * each / partition)) for rows_held in (rows.low, rows.expected, rows.high)
        )
        return Size(rows, held, Range(*parts))

    def keeping(self, held: Size, members: Sequence[Asked]) -> Keeping:
        price = price_of(members)
        return keeping(held, self.profile, price, self.writes_per_day, self.days, self.settings, rows=True)


# ---------------------------------------------------------------- few rows


@dataclass(frozen=True)
class Filtered(Ground):
    """The rows that conditions leave which never change, in the order of the table."""

    conditions: frozenset[str]
    share: float
    """Of the rows, as recorded."""

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        kept = self.stored(members, self.conditions, ())
        if isinstance(kept, Refused):
            return kept
        expected = self.share * self.rows
        rows = Range(max(1.0, expected / UNSURE), max(1.0, expected), max(1.0, min(self.rows, expected * UNSURE)))
        held = self.size(rows, len(kept.keys))
        # In partitions of the table, by the rows that are read: as few columns are read of it today.
        equal = rows.scaled(self.profile.partitions / max(1.0, self.rows))
        saved = tuple(saving(asked, equal) for asked in members)
        reads = (held.partitions,) * len(members)
        return netted(kept, members, held, reads, saved, self.keeping(held, members), self.settings)


def filtered(asked: Sequence[Asked], ground: Ground) -> list[tuple[Filtered, list[Asked]]]:
    """The sets of unchanging conditions of which the history records how many rows they leave, each with those that ask them."""
    known: dict[frozenset[str], float] = {}
    settled = [settle(one, ground) for one in asked] if any(_recorded(one, ground) is not None for one in asked) else []
    for one in settled:
        share = _recorded(one, ground)
        if share is not None and one.fixed and len(one.fixed) == len(one.block.conditions):
            known[one.fixed] = max(share, known.get(one.fixed, 0.0))
    found = []
    for conditions, share in sorted(known.items(), key=lambda item: sorted(item[0])):
        view = Filtered(ground.profile, ground.account, ground.writes_per_day, ground.settings, conditions, share)
        found.append((view, [one for one in settled if conditions <= one.fixed]))
    return found


def _recorded(asked: Asked, ground: Ground) -> float | None:
    """The share of rows that the conditions of a scan leave, as the history recorded it; None where it doesn't, or
    beside others.
    """
    alone = asked.read.reading.scans == (ground.name,)
    history = ground.account.histories.get(ground.name)
    return matched_share(asked.read.template, history) if alone and history is not None else None


def settle(asked: Asked, ground: Ground) -> Asked:
    """With the conditions on the table alone that all samples ask with the same constants."""
    template = asked.read.template
    fixed = _conditions(asked.block, ground.name)
    for text in sorted({sample.text for sample in template.samples}):
        statement = ground.account.studies.studied(text, template) if fixed else None
        again = (each for each in (statement.blocks if statement else ()) if each.place == asked.block.place)
        fixed &= _conditions(next(again, None), ground.name)
    return replace(asked, fixed=fixed)


def _conditions(block: Block | None, table: TableName) -> frozenset[str]:
    """The fixed conditions of a block that concern that table's columns and no others."""
    if block is None:
        return frozenset()
    fixed = [condition.text for condition in block.conditions if condition.fixed]
    if len(block.tables) == 1:
        return frozenset(fixed)
    sources = parsed(f"SELECT 1 FROM {block.source}").find_all(exp.Table)
    alias = next(each.alias_or_name for each in sources if TableName(each.catalog, each.db, each.name) == table)
    return frozenset(
        bare(each) for each in fixed if {column.table for column in parsed(each).find_all(exp.Column)} == {alias}
    )
