"""What a live account may be asked beyond its history, because an analysis of that history would gain from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.model.catalog import Column, Table, TableName


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


@dataclass(frozen=True)
class Probe:
    """A question that Snowflake's own estimators answer."""

    call: str
    """The function's name, without SYSTEM$."""
    table: TableName
    argument: str
    """A key's expressions in brackets; of EXPLAIN_PLAN_JSON, a query's id."""


@dataclass(frozen=True)
class Answer:
    probe: Probe
    content: Mapping[str, Any]
    """The JSON that came back."""
