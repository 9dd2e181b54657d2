"""Runs the demo's statements on the engine and keeps what the engine recorded of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.demo.engine import Engine, Logged, Scan, ScanProfile
from advisor.demo.traffic import Statement
from advisor.errors import SourceError


@dataclass(frozen=True)
class TableScan:
    """One scan of one table by one execution."""

    table: str
    scanned: int
    """Partitions read: what min/max pruning left, less what a join skipped at run time."""
    total: int
    rows_read: int
    rows_matched: int


@dataclass(frozen=True)
class Recorded:
    statement: Statement
    logged: Logged
    rows_produced: int
    """As the client received them: the log's own count is at times written too early."""
    scans: tuple[TableScan, ...] | None
    """None for a write: the engine does not say what it scans."""


def run(engine: Engine, statements: Sequence[Statement], progress: Callable[[str], None]) -> tuple[Recorded, ...]:
    """Executes all statements in order. Raises SourceError where the engine has no record of one, EngineError where it
    refuses.
    """
    ran: list[tuple[Statement, tuple[int, int], tuple[Scan, ...] | None]] = []
    for nth, statement in enumerate(statements):
        # The log adds up a join's tables; its plan keeps them apart. Asked first, before a write adds partitions.
        planned = engine.explain(statement.text) if " JOIN " in statement.text else None
        ran.append((statement, engine.run(statement.text), planned))
        if statement.template.writes:
            engine.compact_segments(statement.template.writes)
        if (nth + 1) % 500 == 0 or nth + 1 == len(statements):
            progress(f"{nth + 1:,} of {len(statements):,} statements")
    log, profiles = engine.log(), engine.profiles()
    return tuple(_recorded(one, log[mark], produced, planned, profiles) for one, (mark, produced), planned in ran)


def _recorded(
    statement: Statement,
    logged: Logged,
    produced: int,
    planned: tuple[Scan, ...] | None,
    profiles: dict[str, tuple[ScanProfile, ...]],
) -> Recorded:
    if statement.template.writes:
        return Recorded(statement, logged, produced, None)
    profile = profiles.get(logged.query_id, ())
    if planned is None and len(profile) == 1:
        planned = (Scan(profile[0].table, logged.partitions_scanned, logged.partitions_total),)
    if planned is None or len(planned) != len(profile) or not all(scan.total for scan in planned):
        raise SourceError(f"the engine did not record what this scans: {statement.text}")
    return Recorded(statement, logged, produced, _paired(planned, profile))


def _paired(planned: tuple[Scan, ...], ran: tuple[ScanProfile, ...]) -> tuple[TableScan, ...]:
    """A plan's scans with their profiles. Where a table is scanned twice, the larger plan gets the larger profile."""
    left = defaultdict(list)
    for profile in sorted(ran, key=lambda profile: profile.rows_read):
        left[profile.table].append(profile)
    paired = []
    for scan in sorted(planned, key=lambda scan: (scan.table, -scan.scanned)):
        profile = left[scan.table].pop()
        scanned = scan.scanned - min(profile.skipped_by_join, scan.scanned)
        paired.append(TableScan(scan.table, scanned, scan.total, profile.rows_read, profile.rows_matched))
    return tuple(paired)
