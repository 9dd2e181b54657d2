"""What a statement does with physical columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from advisor.model.catalog import TableName

Value = int | float | str | bool | date | datetime
"""A constant as a query wrote it, evaluated at the moment the query ran (`CURRENT_DATE - 7` is a date)."""


class Role(StrEnum):
    __hash__ = str.__hash__  # an Enum's own is many times slower, and a role is looked up for every usage

    EQUALITY = "equality"
    MEMBERSHIP = "membership"
    RANGE = "range"
    PREFIX = "prefix"
    CONTAINS = "contains"
    NULL_TEST = "null_test"
    OTHER = "other"
    """A filter of any other form: inequality, a function's truth, a comparison of two columns, a subquery's result."""
    JOIN = "join"
    GROUP = "group"
    ORDER = "order"


FILTERS = frozenset(
    {Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.CONTAINS, Role.NULL_TEST, Role.OTHER}
)


@dataclass(frozen=True)
class ColumnUsage:
    """How one statement uses one physical column, once for each scan of the table and each place in the text.

    For a filter whose wrapper keeps order, `values`, `low` and `high` speak of the **bare column**:
    `TO_DATE(ts) = '2024-01-01'` is the range from 2024-01-01 (included) to 2024-01-02 (excluded), with `role` EQUALITY as
    written. A bound that is no constant (a join's, a subquery's) is None.
    """

    table: TableName
    column: str
    """`V:a.b` for a variant path."""
    role: Role
    scan: int
    """Which scan of the statement, from 0: a self-join has two."""
    wrapper: str | None = None
    """What stands between column and comparison, `_` for the column: `DATE_TRUNC('MONTH', _)`. None for the bare column."""
    keeps_order: bool = True
    """A partition's minimum and maximum of the column can decide the filter (no wrapper, or a monotone one)."""
    negated: bool = False
    values: tuple[Value, ...] = ()
    """EQUALITY: one; MEMBERSHIP: all that the list holds; PREFIX, CONTAINS: the text without wildcards."""
    low: Value | None = None
    high: Value | None = None
    low_included: bool = True
    high_included: bool = True
    clause: int = 0
    """AND-ed conditions of one scan have different numbers; the alternatives of an OR share one."""
    branch: int | None = None
    """Which alternative of its clause's OR; None when the clause is no OR."""
    partner: tuple[TableName, str] | None = None
    """JOIN: the column it is compared with."""
    required: bool = False
    """JOIN: rows without a partner are dropped."""
    descending: bool = False
    """ORDER: the greatest come first."""
    nulls_first: bool = False
    """ORDER: rows without a value come before all others, as they do where the greatest come first and nothing else is said."""


@dataclass(frozen=True)
class Reading:
    """What one statement says, resolved to physical tables."""

    scans: tuple[TableName, ...]
    """One entry a scan, in the order of the text; `ColumnUsage.scan` indexes it."""
    usages: tuple[ColumnUsage, ...]
    writes: tuple[TableName, ...] = ()
    """Tables that the statement inserts into, updates, deletes from, or merges into."""
    creates: tuple[TableName, ...] = ()
    """Tables that it creates or replaces with their contents (CREATE [OR REPLACE] TABLE … AS, INSERT OVERWRITE)."""
    limit: int | None = None
    unresolved: tuple[str, ...] = ()
    """Columns that could not be given to one table; sorted, each once."""
    problem: str | None = None
    """Why the statement was not understood, in a few words (`does not parse`, `too long`, …); None when it was."""
