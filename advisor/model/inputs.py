"""What the advice was made from, as far as it explains why the next run's differs: a compact record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableFacts:
    """One table that the workload reads or writes."""

    name: str
    """DATABASE.SCHEMA.NAME"""
    kind: str
    rows: int | None
    bytes: int | None
    columns: int | None
    """How many it has; None where the snapshot has no `columns`."""
    clustering_key: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    owner: str | None = None
    """Who makes it anew, or defines it elsewhere; None where an ALTER changes it for good."""


@dataclass(frozen=True)
class Inputs:
    settings: Mapping[str, object] = field(default_factory=dict)
    """Those that decide the advice and differ from their defaults, JSON-ready."""
    tables: tuple[TableFacts, ...] = ()
    """In order of name; the largest where there are many."""
    tables_left_out: int = 0
    templates: Mapping[str, float] = field(default_factory=dict)
    """Executions a day by fingerprint, of the templates that take most time."""
    templates_left_out: int = 0
