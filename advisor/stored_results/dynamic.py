"""What a dynamic table could store for queries that no materialized view can serve: joins, windows, DISTINCT aggregates.

A dynamic table lags behind its sources by its TARGET_LAG. Results are as old as the last load already, so the lag is set to a
part of the time between loads; the queries must name the table, since Snowflake never reads one in place of its sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from advisor.account import Account
from advisor.blocks import Block, Stored, definition, stored, study
from advisor.blocks.expressions import text, within
from advisor.blocks.legality import PLAIN, expression_obstacle
from advisor.blocks.stored import merged, parsed
from advisor.cost import DAYS_PER_MONTH
from advisor.model import ReadTemplate, TableName
from advisor.platform import FOREIGN, forbidden
from advisor.profile import TableProfile
from advisor.settings import Settings
from advisor.stored_results.asked import Asked, searched, settled
from advisor.usage.names import Session

KINDS = ("BASE TABLE", "VIEW", "TEMPORARY TABLE", "EVENT TABLE")
UNCHECKED = {"hybrid", "iceberg", "temporary", "event", "dynamic", *FOREIGN}
HOLDER = "a dynamic table"
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
    for read in searched(account, large, settings):
        for block in account.blocks(read.template):
            if any(table in large for table in block.tables) and is_beyond(block):
                asked = _asked(read, block, profiles, account)
                found += [asked] if asked is not None else []
    return settled(found, 2 * settings.views_weighed, account)


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
    of_tables = (_of_table(name, members, account) for name in sorted(set(kept.tables)))
    why = next((each for each in of_tables if each is not None), None)
    if why is not None:
        return why
    why = _of_expressions(kept, account) if kept.whole is None else _of_whole(kept.whole)
    return why or _of_joins(definition(kept))


def _of_table(name: TableName, members: Sequence[Asked], account: Account) -> str | None:
    table = account.catalog.tables[name]
    sort = forbidden(table, ("external",), KINDS)
    if sort is not None:
        return f"Snowflake allows no dynamic table over {sort}, as {name} is one of."
    if table.kind == "VIEW" or table.traits & UNCHECKED:
        return f"{name} is no plain table: whether a dynamic table may read it with this lag needs checking."
    owner = account.owners.get(name)
    if owner is not None and owner.rebuilds:
        return (
            f"{owner.recreates}, and change tracking ends with the old table: a dynamic table over {name} fails to refresh until "
            f"somebody turns it on again."
        )
    masked = table.masked & {column for asked in members for owner, column in asked.block.columns if owner == name}
    if table.row_policy or masked:
        return f"{name} has a policy: a stored copy would show its rows as the owner sees them."
    return None


def _of_expressions(kept: Stored, account: Account) -> str | None:
    types: dict[str, str] = {}
    for name in set(kept.tables):
        types |= {column.name: column.data_type for column in account.catalog.tables[name].columns}
    measured = (part for each in kept.aggregates for part in _measured(parsed(each)))
    whys = (
        expression_obstacle(part, types, HOLDER) for part in (*map(parsed, (*kept.keys, *kept.conditions)), *measured)
    )
    alien = next((a for a in kept.aggregates if not isinstance(parsed(a), EXACT)), None)
    if alien is not None:
        return f"{alien} is not certain to be allowed in {HOLDER}."
    return next((why for why in whys if why), None)


def _measured(aggregate: exp.Expr) -> Iterator[exp.Expr]:
    """What it aggregates. (The clock is allowed in conditions alone, a function of one's own nowhere for certain.)"""
    for part in aggregate.iter_expressions():
        if not isinstance(part, exp.Star):
            yield from part.expressions if isinstance(part, exp.Distinct) else (part,)


def _of_joins(statement: exp.Select) -> str | None:
    """A refresh can't be incremental over an outer join on more than equality; the clock is allowed in WHERE alone."""
    for join in statement.args.get("joins") or []:
        on = join.args.get("on")
        tests = list(on.flatten() if isinstance(on, exp.And) else [on] if on is not None else [])
        if join.side and not all(isinstance(test.unnest(), exp.EQ) for test in tests):
            return f"{text(on)} is more than equality: over such an outer join a dynamic table can't be refreshed incrementally."
        strange = [
            inner for test in tests for inner in within(test) if not isinstance(inner, (*PLAIN, exp.Cast, exp.DataType))
        ]
        if strange:
            return f"{text(strange[0])} is not certain to be allowed in {HOLDER}."
    return None


def _of_whole(statement: str) -> str | None:
    allowed = (*PLAIN, *WINDOWS, *EXACT, exp.Select, exp.From, exp.Table, exp.Join, exp.Where, exp.Qualify)
    more = (exp.Alias, exp.TableAlias, exp.Order, exp.Ordered, exp.WindowSpec)
    strange = [inner for inner in within(parsed(statement)) if not isinstance(inner, (*allowed, *more))]
    return f"{text(strange[0])} is not certain to be allowed in {HOLDER}." if strange else None
