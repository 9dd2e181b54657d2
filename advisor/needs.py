"""What a live account should be asked after its history: the columns whose statistics would sharpen the advice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from advisor.account import Account, read_account
from advisor.errors import InputError
from advisor.model import Column, ColumnUsage, Needs, Reading, TableName, Wanted
from advisor.platform import foreign
from advisor.profile import TableProfile
from advisor.pruning.asks import PRUNABLE
from advisor.pruning.joins import partners
from advisor.settings import Settings
from advisor.snapshot import Snapshot, open_snapshot

ORDERED = ("NUMBER", "FLOAT", "TEXT", "BOOLEAN", "DATE", "TIME")
"""What the names of the types begin with that have a minimum and a maximum worth asking for."""

# A policy shows a role other values, or fewer rows, than the queries see.
_POLICIES = """
SELECT REF_DATABASE_NAME, REF_SCHEMA_NAME, REF_ENTITY_NAME,
    coalesce(bool_or(POLICY_KIND ILIKE '%ROW%ACCESS%'), false),
    list(DISTINCT REF_COLUMN_NAME) FILTER (REF_COLUMN_NAME IS NOT NULL AND NOT POLICY_KIND ILIKE '%ROW%ACCESS%')
FROM policy_references GROUP BY ALL
"""


def needs(folder: Path, settings: Settings) -> Needs:
    """What the history in a snapshot's folder asks for: no column that isn't filtered or joined with a filtered table, no table
    too small for a key unless its filters may prune one that isn't, through a join.

    Nothing where the history holds nothing to analyze; analyzing it says so.
    """
    try:
        with open_snapshot(folder, settings) as snapshot:
            return _needs(snapshot, settings)
    except InputError as error:
        return Needs((), (f"column statistics: not asked for: {error}",))


def _needs(snapshot: Snapshot, settings: Settings) -> Needs:
    account = read_account(snapshot, settings, lambda *_: None)
    rows = snapshot.rows("policy_references", _POLICIES)
    hidden = {TableName(*row[:3]) for row in rows if row[3]}
    masked = {TableName(*row[:3]): frozenset(row[4] or ()) for row in rows}
    found, notes = [], []
    asked = _asked(account)
    large = {
        each.table.name
        for each in account.profiles
        if each.partitions >= settings.min_partitions and foreign(each.table) is None
    }
    sides = _sides(account, large)
    for profile in sorted(account.profiles, key=lambda each: (-_weight(each), each.table.name)):
        name = profile.table.name
        columns = _columns(profile, asked.get(name, frozenset()))
        if name not in large | sides or not columns or not _plain(profile):
            continue
        if name in hidden:
            notes.append(f"column statistics: {name} has a row access policy: not asked for")
            continue
        seen = tuple(column for column in columns if column.name not in masked.get(name, ()))
        notes += [
            f"column statistics: {name}.{column.name} is masked: not asked for"
            for column in columns
            if column not in seen
        ]
        if seen:
            found.append(Wanted(profile.table, seen, profile.partitions))
    return Needs(tuple(found), tuple(notes))


def _weight(profile: TableProfile) -> float:
    return sum(load.template.execution_ms.total for load in profile.loads)


def _plain(profile: TableProfile) -> bool:
    return profile.table.kind == "BASE TABLE" and not profile.table.traits & {
        "external",
        "hybrid",
        "event",
        "temporary",
    }


def _columns(profile: TableProfile, filtered: frozenset[str]) -> tuple[Column, ...]:
    return tuple(c for c in profile.table.columns if c.name in filtered and c.data_type.startswith(ORDERED))


def _asked(account: Account) -> Mapping[TableName, frozenset[str]]:
    """The columns with a condition that a minimum and a maximum could decide, written or implied by a join, by table."""
    found: dict[TableName, set[str]] = {}
    for reading in _readings(account):
        for usage in reading.usages:
            if usage.table is not None and _decidable(usage):
                found.setdefault(usage.table, set()).add(usage.column)
        for name, usage, (side, column) in _joins(reading):
            found.setdefault(name, set()).add(usage.column)
            found.setdefault(side, set()).add(column)
    return {name: frozenset(columns) for name, columns in found.items()}


def _sides(account: Account, large: Collection[TableName]) -> frozenset[TableName]:
    """The tables whose filters may prune one of those through a join."""
    joins = (join for reading in _readings(account) for join in _joins(reading))
    return frozenset(side for name, _, (side, _) in joins if name in large)


def _readings(account: Account) -> Iterator[Reading]:
    return (reading for read in account.templates for reading in (read.reading, *read.samples))


def _joins(reading: Reading) -> Iterator[tuple[TableName, ColumnUsage, tuple[TableName, str]]]:
    """By table, the join columns that meet a filtered table, and what they meet there."""
    filtered = {usage.scan for usage in reading.usages if _decidable(usage)}
    for scan, name in enumerate(reading.scans):
        for usage, other in partners(reading, scan):
            if other in filtered and usage.partner is not None:
                yield name, usage, usage.partner


def _decidable(usage: ColumnUsage) -> bool:
    return usage.role in PRUNABLE and usage.keeps_order
