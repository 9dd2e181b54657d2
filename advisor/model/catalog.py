"""The account's tables as they stand, and what its own histories say of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple


class TableName(NamedTuple):
    """Where a table stands, each part in the exact case that Snowflake stores.

    A tuple, since names are compared by the million.
    """

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"


@dataclass(frozen=True)
class ColumnStatistics:
    """What is known of a column's values. `minimum` and `maximum` are text, as Snowflake prints them."""

    distinct: float | None = None
    minimum: str | None = None
    maximum: str | None = None
    null_share: float | None = None
    average_length: float | None = None
    sampled_rows: int | None = None
    frequent: tuple[tuple[str, float], ...] | None = None
    """Its most frequent values, as text, with their shares of all rows, NULLs included; empty where none holds many, None where
    that isn't known.
    """
    quantiles: tuple[tuple[str, float], ...] = ()
    """Numbers, as text, with the share of the column's values that are no larger; empty where they aren't known."""


@dataclass(frozen=True)
class Column:
    name: str
    data_type: str
    """Snowflake's canonical type: NUMBER, FLOAT, TEXT, BOOLEAN, DATE, TIMESTAMP_NTZ, VARIANT, …"""
    position: int
    statistics: ColumnStatistics | None = None
    nullable: bool = True
    """False only where the catalog says that no row lacks a value."""
    virtual: bool = False
    """Computed from other columns whenever it is read: it is stored nowhere, nothing is written to it, no key may hold it."""


@dataclass(frozen=True)
class Table:
    name: TableName
    kind: str
    """BASE TABLE, VIEW, EXTERNAL TABLE, … as TABLES.TABLE_TYPE says."""
    rows: int | None
    bytes: int | None
    columns: tuple[Column, ...] = ()
    """In ordinal order; empty when the snapshot has no `columns`."""
    clustering_key: tuple[str, ...] = ()
    """The expressions of the key in force, in order; empty when there is none."""
    auto_clustering: bool | None = None
    created: datetime | None = None
    traits: frozenset[str] = frozenset()
    """Of: transient, temporary, external, event, hybrid, iceberg, dynamic; imported and application where its database is."""
    row_policy: bool = False
    """A row access policy is set on it."""
    masked: frozenset[str] = frozenset()
    """Columns with a masking policy."""
    retention_days: int | None = None
    """Its Time Travel, where that is recorded."""
    id: int | None = None
    """Snowflake's own: another for a table that was made anew under the same name."""

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Catalog:
    """The account's tables and views as they stand at the end of the window."""

    tables: Mapping[TableName, Table]
    views: Mapping[TableName, str] = field(default_factory=dict)
    """A view's definition: the text of its CREATE VIEW statement or of its SELECT."""
    policies_known: bool = False
    """The snapshot tells the tables' policies: one that has none has none."""


@dataclass(frozen=True)
class KeyPart:
    """One expression of a clustering key: a column, bare or coarsened in one way that keeps its order."""

    column: str
    unit: str | None = None
    """HOUR, DAY, WEEK, MONTH, QUARTER or YEAR: dates and timestamps cut to it."""
    digits: int | None = None
    """TRUNC(column, -digits): whole tens for 1, hundreds for 2."""
    substring: tuple[int, int] | None = None
    """SUBSTRING(column, start, length), start counted from 1."""

    @property
    def rank(self) -> tuple[str, str, int, tuple[int, ...]]:
        """What to sort by, the bare column first."""
        return self.column, self.unit or "", self.digits or 0, self.substring or ()


@dataclass(frozen=True)
class Churn:
    """Rows written a day, averaged over the window."""

    rows_added: float
    rows_removed: float
    rows_updated: float


@dataclass(frozen=True)
class TableScans:
    """TABLE_QUERY_PRUNING_HISTORY summed over the window for one table and one parameterized hash."""

    hash: str
    queries: int
    partitions_scanned: int
    partitions_pruned: int
    rows_scanned: int | None
    rows_matched: int | None
    """Rows that survived the filters pushed down to the scan: the filter's true selectivity."""


@dataclass(frozen=True)
class TableHistory:
    """What is recorded of one table; None (or empty) where the view is missing or says nothing of it."""

    churn: Churn | None = None
    scans: tuple[TableScans, ...] = ()
    clustering_credits: float | None = None
    """What automatic clustering billed for it over the window."""
    reclustered_bytes: float | None = None
    """What it rewrote for that."""
    clustering_engine: str | None = None
    """CLASSIC or OPTIMA, as the last bill says."""
    billed_throughout: bool = True
    """The bills' record covers the whole window, as far as it can be told."""

    def scans_by(self, hashes: Iterable[str]) -> list[TableScans]:
        """Those of these parameterized hashes."""
        return [scan for each in dict.fromkeys(hashes) for scan in self._by_hash.get(each, ())]

    @cached_property
    def _by_hash(self) -> Mapping[str, Sequence[TableScans]]:
        found: dict[str, list[TableScans]] = {}
        for scan in self.scans:
            found.setdefault(scan.hash, []).append(scan)
        return found
