"""What each template asks of one table, and what it scans of it today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.model import FILTERS, QueryTemplate, Reading, ReadTemplate, Role, TableHistory, TableName
from advisor.pruning.asks import PRUNABLE


@dataclass(frozen=True)
class Load:
    """What one template asks of the table."""

    template: QueryTemplate
    before: float | None
    """Partitions of this table that an execution scans today, from the history; None when it doesn't say."""
    asks: bool
    """At least one of its conditions can be decided by a minimum and a maximum."""
    limited: bool
    """A LIMIT stops its scan early, whatever the layout."""
    unserved: str | None
    """Why no key can help it; None for a load that asks."""


def load(table: TableName, read: ReadTemplate, before: float | None, asks: bool) -> Load:
    reading = read.reading
    shaped = any(usage.role in (Role.GROUP, Role.ORDER) for usage in reading.usages)
    limited = reading.limit is not None and not shaped
    return Load(read.template, before, asks, limited, None if asks else _why_unserved(table, reading))


def _why_unserved(table: TableName, reading: Reading) -> str:
    filters = [usage for usage in reading.usages if usage.table == table and usage.role in FILTERS]
    if not filters:
        joined = any(usage.table == table and usage.role is Role.JOIN for usage in reading.usages)
        return "filters only through a join" if joined else "reads it without a filter"
    wrapped = next((usage for usage in filters if usage.wrapper and not usage.keeps_order), None)
    if wrapped is not None:
        return f"filters {wrapped.column} inside {wrapped.wrapper}, which a minimum and a maximum can't decide"
    if any(usage.role is Role.CONTAINS for usage in filters):
        return "searches inside text, which a minimum and a maximum can't decide"
    if any(usage.branch is not None for usage in filters):
        return (
            "combines different columns by OR, of which a minimum and a maximum aren't known to decide each alternative"
        )
    if all(":" in usage.column for usage in filters):
        return "filters inside a VARIANT column, on which no key is proposed"
    served = [usage for usage in filters if usage.role in PRUNABLE and usage.keeps_order and not usage.negated]
    if served:
        return f"filters {served[0].column}, of which neither statistics nor constants tell how many rows that leaves"
    return "filters in a form that a minimum and a maximum can't decide"


def before(
    table: TableName, read: ReadTemplate, partitions: Mapping[TableName, int], history: TableHistory
) -> float | None:
    """Partitions of this table per execution: recorded for the table, else its part of what the whole query scanned."""
    template = read.template
    recorded = [scan for scan in history.scans_by(template.hashes) if scan.queries]
    if recorded:
        return sum(scan.partitions_scanned for scan in recorded) / sum(scan.queries for scan in recorded)
    if template.partitions_scanned is None:
        return None
    scanned = template.partitions_scanned / template.executions
    scans = [name for name in read.reading.scans if name in partitions]
    largest = max(partitions[name] for name in scans)
    # Small tables are read whole; what is left is shared by the large ones in proportion to their size.
    small = sum(partitions[name] for name in scans if partitions[name] * 10 < largest)
    large = sum(partitions[name] for name in scans if partitions[name] * 10 >= largest)
    mine = sum(partitions[name] for name in scans if name == table)
    if partitions[table] * 10 < largest:
        return float(min(mine, scanned))
    return max(0.0, scanned - small) * mine / large
