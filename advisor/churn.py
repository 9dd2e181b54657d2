"""What a table's writes come to where nothing but the queries' own history records them."""

from __future__ import annotations

from advisor.model import Churn, ReadTemplate, TableName, Workload
from advisor.owners.redefinitions import anew
from advisor.readers import Templates


def churn_seen(table: TableName, templates: Templates, workload: Workload) -> Churn | None:
    """Rows a day as the history's own statements count them; None where it holds no statement that writes, or one that writes
    the table and doesn't say how much."""
    counted = [read for read in templates.writers if _counts(read)]
    mine = [read for read in templates.writers if table in read.reading.writes or _fills(read, table)]
    mine = [read for read in mine if not _empties(read)]
    if not counted or not all(map(_counts, mine)):
        return None
    rows = [read.template for read in mine]
    return Churn(
        sum(t.rows_inserted or 0 for t in rows) / workload.days,
        sum(t.rows_deleted or 0 for t in rows) / workload.days,
        sum(t.rows_updated or 0 for t in rows) / workload.days,
    )


def _counts(read: ReadTemplate) -> bool:
    template = read.template
    return (template.rows_inserted, template.rows_updated, template.rows_deleted) != (None, None, None)


def _empties(read: ReadTemplate) -> bool:
    """Partitions that go as a whole are rewritten by nobody."""
    return "TRUNCATE" in (read.template.kind.upper()[:8], read.template.text.lstrip()[:8].upper())


def _fills(read: ReadTemplate, table: TableName) -> bool:
    """By INSERT OVERWRITE: the table stays, and its key with it. Makers of another in its place are counted by their runs."""
    return table in read.reading.creates and not anew(read.template.text)
