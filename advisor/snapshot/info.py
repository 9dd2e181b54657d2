"""Where a snapshot comes from, and which views it lacks."""

from __future__ import annotations

from advisor.model import SnapshotInfo, ViewMissing
from advisor.snapshot import covered
from advisor.snapshot.folder import Snapshot
from advisor.snapshot.views import VIEWS


def info(snapshot: Snapshot) -> SnapshotInfo:
    """The manifest's account of the snapshot and the window of its query history; `export` without a manifest."""
    manifest = snapshot.manifest
    lost = tuple(
        f"{view}: {rows} row{'s' if rows > 1 else ''} with a value that cannot be read; the value counts as missing"
        for view, rows in sorted(snapshot.unreadable.items())
        if view != "query_history"
    )
    return SnapshotInfo(
        source=manifest.source,
        account=manifest.account,
        window_start=snapshot.window_start,
        window_end=snapshot.window_end,
        taken_at=manifest.taken_at,
        notes=manifest.notes + lost + covered.notes(snapshot),
    )


def missing_views(snapshot: Snapshot) -> tuple[ViewMissing, ...]:
    """The optional views that the analysis can use and this snapshot lacks, by name; a history of single executions tells its
    repeats itself."""
    told = {"query_repeats"} if "query_history" in snapshot.present else set()
    return tuple(
        ViewMissing(name, view.effect)
        for name, view in sorted(VIEWS.items())
        if view.effect and name not in snapshot.present | told
    )
