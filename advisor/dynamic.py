"""What a dynamic table could store for queries that no materialized view can serve: joins, windows, DISTINCT aggregates.

A dynamic table lags behind its sources by its TARGET_LAG. Results are as old as the last load already, so the lag is set to a
part of the time between loads; the queries must name the table, since Snowflake never reads one in place of its sources.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from advisor import cost
from advisor.account import Account
from advisor.blocks import Block, Stored, stored, study
from advisor.blocks.expressions import text, within
from advisor.blocks.legality import PLAIN, expression_obstacle
from advisor.blocks.stored import bare, merged, parsed
from advisor.cost import DAYS_PER_MONTH
from advisor.model import Range, TableName
from advisor.platform import forbidden
from advisor.profile import TableProfile
from advisor.questions import ReadTemplate
from advisor.served import Asked, Candidate, Refused, estimated, obstructed, price_of, settled
from advisor.serving import Keeping, Size, Sizer, UnknownSizeError, changed_partitions
from advisor.settings import Settings
from advisor.usage.names import Session

STEPS = (1, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)
"""Lags that are proposed, in minutes."""
MINUTES_PER_DAY = 1440
KINDS = ("BASE TABLE", "VIEW", "TEMPORARY TABLE", "EVENT TABLE")
UNCHECKED = {"hybrid", "iceberg", "temporary", "event", "dynamic"}
UNSUPPORTED = (exp.AnyValue, exp.Rand)
WINDOWS = (exp.Window, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
EXACT = (
    exp.Count,
    exp.Sum,
    exp.Avg,
    exp.Min,
    exp.Max,
    exp.CountIf,
    exp.Median,
    exp.Stddev,
    exp.StddevPop,
    exp.Variance,
)


def gather(account: Account, settings: Settings) -> list[Asked]:
    """Blocks that are beyond a materialized view, those that take most credits first."""
    profiles = {profile.table.name: profile for profile in account.profiles}
    large = {name for name, profile in profiles.items() if profile.partitions >= settings.min_partitions}
    found = []
    searched = [read for read in account.templates if _searchable(read, large, settings)]
    for read in searched[: settings.rewritten_templates]:
        for block in account.blocks(read.template):
            if any(table in large for table in block.tables) and is_beyond(block):
                asked = _asked(read, block, profiles, account)
                found += [asked] if asked is not None else []
    return settled(found, 2 * settings.views_weighed, account)


def _searchable(read: ReadTemplate, large: set[TableName], settings: Settings) -> bool:
    return (
        read.template.kind == "SELECT"
        and read.reading.problem is None
        and len(read.template.text) <= settings.rewritten_characters
        and read.template.executions > 1
        and any(name in large for name in read.reading.scans)
    )


def is_beyond(block: Block) -> bool:
    """It joins, ranks, or aggregates in a way that finer groups can't give."""
    if block.plain:
        return block.windows
    return len(block.tables) > 1 or any(not _mergeable(aggregate) for aggregate in block.aggregates)


def _mergeable(aggregate: str) -> bool:
    node = parsed(aggregate)
    known = isinstance(node, (exp.Sum, exp.Count, exp.CountIf, exp.Min, exp.Max, exp.Avg))
    return known and not isinstance(node.this, exp.Distinct)


def _asked(
    read: ReadTemplate,
    block: Block,
    profiles: Mapping[TableName, TableProfile],
    account: Account,
) -> Asked | None:
    price = account.prices[read.template.fingerprint]
    if price is None or any(table not in profiles for table in block.tables):
        return None
    scans = []
    for table in sorted(set(block.tables)):
        load = next((load for load in profiles[table].loads if load.template is read.template), None)
        if load is None or load.before is None or load.limited:
            return None
        share = block.tables.count(table) / max(1, read.reading.scans.count(table))
        scans.append((table, load.before * min(1.0, share)))
    monthly = read.template.executions / account.workload.days * DAYS_PER_MONTH
    return Asked(read, block, frozenset(), tuple(scans), price, monthly)


# ---------------------------------------------------------------- what is stored


def kept_for(members: Sequence[Asked], session: Session) -> Stored | str:
    """What answers all of them, or why nothing can, as a sentence."""
    blocks = [asked.block for asked in members]
    if all(_mergeable(aggregate) for block in blocks for aggregate in block.aggregates) and not blocks[0].plain:
        return merged([(asked.block, asked.fixed) for asked in members])
    first = members[0]
    if first.block.plain:
        return _whole(first, session)
    moving = [c for c in first.block.conditions if c.text not in first.fixed]
    loose = next((condition for condition in moving if not condition.pinned), None)
    if loose is not None:
        return f"What it counts can't be added up over what {loose.text} lets through."
    return stored(first.block, first.fixed, exact=True)


def _whole(asked: Asked, session: Session) -> Stored | str:
    """The SELECT itself, its rows told apart by what its windows are cut by."""
    texts = {asked.read.template.text, *(sample.text for sample in asked.read.template.samples)}
    found = [_bare_select(each, asked.block.place, session) for each in sorted(texts)]
    node = found[0]
    if node is None or any(other is None or text(other) != text(node) for other in found):
        return "It asks with other constants each time."
    names = [item.alias_or_name for item in node.expressions]
    if not all(names) or len(set(names)) < len(names):
        return "Its columns have no names of their own."
    keys = _first_per_key(node)
    if keys is None:
        return "Nothing tells how many rows it returns."
    return replace(stored(asked.block, asked.fixed), keys=keys, aggregates=tuple(names), whole=text(node))


def _bare_select(sql: str, place: int, session: Session) -> exp.Select | None:
    """A SELECT of the statement without what only orders or cuts its rows."""
    statement = study(sql, session)
    if statement is None or place >= len(statement.nodes):
        return None
    node = statement.nodes[place].copy()
    for part in ("order", "limit", "offset", "with_"):
        node.set(part, None)
    return node


def _first_per_key(node: exp.Select) -> tuple[str, ...] | None:
    """`QUALIFY ROW_NUMBER() OVER (PARTITION BY keys …) = 1` leaves one row a key."""
    qualify = node.args.get("qualify")
    test = qualify.this if qualify is not None else None
    if not isinstance(test, exp.EQ) or not isinstance(test.this, exp.Window) or text(test.expression) != "1":
        return None
    keys = test.this.args.get("partition_by")
    return tuple(map(text, keys)) if isinstance(test.this.this, exp.RowNumber) and keys else None


def obstacle(kept: Stored, members: Sequence[Asked], account: Account) -> str | None:
    """Why no dynamic table may hold it, or is not certain to, as a sentence; None where one may."""
    why: str | None = None
    for name in sorted(set(kept.tables)):
        table = account.catalog.tables[name]
        sort = forbidden(table, ("external",), KINDS)
        if sort is not None:
            return f"Snowflake allows no dynamic table over {sort}, as {name} is one of."
        if table.kind == "VIEW" or table.traits & UNCHECKED:
            return f"{name} is no plain table: whether a dynamic table may read it with this lag needs checking."
        masked = table.masked & {column for asked in members for owner, column in asked.block.columns if owner == name}
        if table.row_policy or masked:
            return f"{name} has a policy: a stored copy would show its rows as the owner sees them."
    types: dict[str, str] = {}
    for name in set(kept.tables):
        types |= {column.name: column.data_type for column in account.catalog.tables[name].columns}
    if why is None and kept.whole is None:
        whys = [expression_obstacle(parsed(key), types) for key in (*kept.keys, *kept.conditions)]
        why = next((each for each in whys if each), None)
        alien = next((a for a in kept.aggregates if not isinstance(parsed(a), EXACT)), None)
        why = why or (f"{alien} is not certain to be allowed in a dynamic table." if alien else None)
    elif why is None:
        allowed = (*PLAIN, *WINDOWS, *EXACT, exp.Select, exp.From, exp.Table, exp.Join, exp.Where, exp.Qualify)
        more = (exp.Alias, exp.TableAlias, exp.Order, exp.Ordered, exp.WindowSpec)
        strange = [inner for inner in within(parsed(kept.whole or "")) if not isinstance(inner, (*allowed, *more))]
        why = f"{text(strange[0])} is not certain to be allowed in a dynamic table." if strange else None
    return why


# ---------------------------------------------------------------- what it takes


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
