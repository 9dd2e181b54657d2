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
    scans: tuple[TableScan, ...] | None
    """None for a write: the engine does not say what it scans."""


def run(engine: Engine, statements: Sequence[Statement], progress: Callable[[str], None]) -> tuple[Recorded, ...]:
    """Executes all statements in order. Raises SourceError where the engine refuses one or has no record of it."""
    ran: list[tuple[Statement, int, tuple[Scan, ...] | None]] = []
    plans: dict[str, tuple[Scan, ...]] = {}
    for nth, statement in enumerate(statements):
        if statement.template.writes:
            plans.clear()
        elif statement.text not in plans:
            # Asked before it runs, and kept until the next write: until then a repeat scans the same partitions.
            plans[statement.text] = engine.explain(statement.text)
        ran.append((statement, engine.run(statement.text), plans.get(statement.text)))
        if (nth + 1) % 500 == 0 or nth + 1 == len(statements):
            progress(f"{nth + 1:,} of {len(statements):,} statements")
    log, profiles = engine.log(), engine.profiles()
    return tuple(_recorded(statement, log[mark], planned, profiles) for statement, mark, planned in ran)


def _recorded(
    statement: Statement,
    logged: Logged,
    planned: tuple[Scan, ...] | None,
    profiles: dict[str, tuple[ScanProfile, ...]],
) -> Recorded:
    if logged.query_id not in profiles:
        raise SourceError(f"the engine kept no profile of {statement.template.name}: {statement.text}")
    scans = None if planned is None else _paired(planned, profiles[logged.query_id])
    return Recorded(statement, logged, scans)


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
