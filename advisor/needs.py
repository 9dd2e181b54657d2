"""What a live account should be asked after its history: the columns whose statistics would sharpen the advice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from advisor.account import Account, read_account
from advisor.asks import PRUNABLE
from advisor.errors import InputError
from advisor.model import Column, Needs, TableName, Wanted
from advisor.profile import TableProfile
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
    """What the history in a snapshot's folder asks for: no column that isn't filtered, no table too small for a key.

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
    for profile in sorted(account.profiles, key=lambda each: (-_weight(each), each.table.name)):
        columns = _columns(profile, _filtered(account).get(profile.table.name, frozenset()))
        if profile.partitions < settings.min_partitions or not columns or not _plain(profile):
            continue
        name = profile.table.name
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


def _filtered(account: Account) -> Mapping[TableName, frozenset[str]]:
    """The columns with a condition that a minimum and a maximum could decide, by table."""
    found: dict[TableName, set[str]] = {}
    for read in account.templates:
        for usage in (usage for reading in (read.reading, *read.samples) for usage in reading.usages):
            if usage.table is not None and usage.role in PRUNABLE and usage.keeps_order:
                found.setdefault(usage.table, set()).add(usage.column)
    return {name: frozenset(columns) for name, columns in found.items()}
