"""What statements scan of a table before and after it is put in the order of a clustering key."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.demo.engine import Engine, Scan
from advisor.model import KeyPart


def measure(engine: Engine, table: str, key: Sequence[KeyPart], texts: Sequence[str]) -> list[dict[str, object]]:
    """Partitions per statement: `text`, `before`, `after`, `total_before`, `total_after`. The table itself is left as it is."""
    asked = [text for text in texts if text.lstrip()[:6].upper() in ("SELECT", "WITH")]
    before = [_scans(engine, table, text) for text in asked]
    engine.copy_sorted(table, "keyed_copy", ", ".join(expression(part) for part in key))
    # The copy takes the table's name for as long as it is asked, so that the texts stay as they are.
    engine.rows(f"RENAME TABLE {table} TO as_loaded")
    engine.rows(f"RENAME TABLE keyed_copy TO {table}")
    try:
        after = [_scans(engine, table, text) for text in asked]
    finally:
        engine.rows(f"DROP TABLE {table} ALL")
        engine.rows(f"RENAME TABLE as_loaded TO {table}")
    return [
        {"text": text, "before": old[0], "after": new[0], "total_before": old[1], "total_after": new[1]}
        for text, old, new in zip(asked, before, after, strict=True)
    ]


def expression(part: KeyPart) -> str:
    """The key's expression in the engine's dialect."""
    column = part.column.lower()
    if part.unit == "WEEK":
        return f"TO_MONDAY({column})"
    if part.unit is not None:
        return f"DATE_TRUNC({part.unit}, {column})"
    if part.digits is not None:
        return f"TRUNCATE({column}, -{part.digits})"
    if part.substring is not None:
        return f"SUBSTR({column}, {part.substring[0]}, {part.substring[1]})"
    return column


def _scans(engine: Engine, table: str, text: str) -> tuple[int, int]:
    """Partitions scanned and total of one table, over all its scans in the statement."""
    scans: list[Scan] = [scan for scan in engine.scans(text) if scan.table == table]
    return sum(scan.scanned for scan in scans), sum(scan.total for scan in scans)
