"""Which templates' blocks ask one table for what a stored result could hold, and what each takes today."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from advisor.account import Account
from advisor.blocks import Block
from advisor.blocks.legality import expression_obstacle
from advisor.blocks.stored import parsed
from advisor.cost import DAYS_PER_MONTH, ScanPrice
from advisor.model import ReadTemplate, TableName
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.serving import per_hour

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


def begin(account: Account, settings: Settings) -> None:
    """The queries that may be rewritten will be asked what they say."""
    large = {profile.table.name for profile in account.profiles if profile.partitions >= settings.min_partitions}
    if account.key_search.beside is not None:
        account.studies.begin(searched(account, large, settings), account.key_search.beside)


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
        fixed = fixed_conditions(asked.read, asked.block, account)
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


def fixed_conditions(read: ReadTemplate, block: Block, account: Account) -> frozenset[str] | None:
    """The conditions that every sample asks with the same constants; None where their keys or aggregates differ."""
    fixed = {condition.text for condition in block.conditions if condition.fixed}
    for text in sorted({sample.text for sample in read.template.samples}):
        statement = account.studies.studied(text, read.template)
        found = next((b for b in statement.blocks if b.place == block.place), None) if statement is not None else None
        if found is None or (found.keys, found.aggregates) != (block.keys, block.aggregates):
            return None
        fixed &= {condition.text for condition in found.conditions}
    return frozenset(fixed)
