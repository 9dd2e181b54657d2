"""What a view of a snapshot is made of: its columns, and the kind of value that each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a column holds once it is normalised: the DuckDB type that it is read as."""

    TEXT = "VARCHAR"
    WHOLE = "BIGINT"
    NUMBER = "DOUBLE"
    EXACT = "DECIMAL(38, 3)"
    """Sums that must not depend on the order of the rows: milliseconds, and counts beyond 64 bits."""
    TIME = "TIMESTAMP"
    SHARES = "JSON"
    """Values with shares of the rows, `[["a", 0.5], [7, 0.1]]`: what may be damaged without harm."""

    @property
    def noun(self) -> str:
        return {"VARCHAR": "text", "TIMESTAMP": "time"}.get(self.value, "number")


@dataclass(frozen=True)
class View:
    columns: Mapping[str, Kind]
    required: tuple[tuple[str, ...], ...] = ()
    """Each entry names alternatives: at least one of them must be there."""
    effect: str | None = None
    """What its absence costs the advice; None for a view that must be there or that replaces another."""
    once: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Columns that some accounts have under another name, and that name."""


def columns(
    text: str = "", whole: str = "", number: str = "", exact: str = "", time: str = "", shares: str = ""
) -> Mapping[str, Kind]:
    """Columns by kind, each group's names parted by blanks."""
    kinds = {
        Kind.TEXT: text,
        Kind.WHOLE: whole,
        Kind.NUMBER: number,
        Kind.EXACT: exact,
        Kind.TIME: time,
        Kind.SHARES: shares,
    }
    return MappingProxyType({name: kind for kind, names in kinds.items() for name in names.split()})


def required(names: str) -> tuple[tuple[str, ...], ...]:
    """Columns that nothing can stand in for, parted by blanks; `A|B` wants one of the two."""
    return tuple(tuple(alternatives.split("|")) for alternatives in names.split())


TABLE = required("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME")
"""What the object views name a table by."""
RECORD = required("DATABASE_NAME SCHEMA_NAME TABLE_NAME")
"""What the histories name a table by."""
