"""The record of what an advice was made from, kept in `advice.json` for `advisor diff`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from advisor.account import Account
from advisor.model import Inputs, Owner, Table, TableFacts
from advisor.settings import Settings

TABLES = 500
TEMPLATES = 500
# How the work is done, not what it comes to.
_NO_INPUT = frozenset(
    {
        "memory_limit",
        "threads",
        "cache_folder",
        "statements_per_day",
        "samples_per_day",
        "connections",
        "attempts",
        "retry_seconds",
        "request_seconds",
        "statement_seconds",
        "decisions",
        "dbt_manifest",
    }
)


def record(settings: Settings, account: Account) -> Inputs:
    """Settings that differ from their defaults, the tables in use, and how often each template runs."""
    known, workload = account.catalog, account.workload
    named = {name for read in account.templates for name in (*read.reading.scans, *read.reading.writes)}
    used = sorted((known.tables[name] for name in named & known.tables.keys()), key=lambda t: (-(t.bytes or 0), t.name))
    counted = workload.templates[:TEMPLATES]
    return Inputs(
        settings=differing(settings),
        tables=tuple(
            sorted((_facts(t, account.owners.get(t.name)) for t in used[:TABLES]), key=lambda facts: facts.name)
        ),
        tables_left_out=max(0, len(used) - TABLES),
        templates={t.fingerprint: t.executions_per_day for t in sorted(counted, key=lambda t: t.fingerprint)},
        templates_left_out=max(0, len(workload.templates) - TEMPLATES),
    )


def differing(settings: Settings) -> dict[str, object]:
    """The settings that decide the advice and aren't at their defaults, by name."""
    default = Settings()
    named = ((each.name, getattr(settings, each.name)) for each in fields(Settings) if each.name not in _NO_INPUT)
    return {name: _plain(value) for name, value in sorted(named) if value != getattr(default, name)}


def _plain(value: object) -> object:
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def _facts(table: Table, owner: Owner | None) -> TableFacts:
    return TableFacts(
        name=str(table.name),
        kind=table.kind,
        rows=table.rows,
        bytes=table.bytes,
        columns=len(table.columns) or None,
        clustering_key=table.clustering_key,
        traits=tuple(sorted(table.traits)),
        owner=None if owner is None else str(owner),
    )
