"""What a live account may be asked beyond its history, because an analysis of that history would gain from it."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.model.catalog import Column, Table


@dataclass(frozen=True)
class Wanted:
    """One table whose conditions could prune, and the columns that they stand on."""

    table: Table
    columns: tuple[Column, ...]
    partitions: int


@dataclass(frozen=True)
class Needs:
    tables: tuple[Wanted, ...]
    """Those first whose queries take most time."""
    notes: tuple[str, ...]
    """What was left out, and why."""
