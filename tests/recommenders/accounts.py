"""Planted accounts for the tests of one kind of advice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from advisor.analyzer import analyze
from advisor.model import Advice, Recommendation
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.snapshots import START, Row, query, write_snapshot

DAYS = 28
END = START + timedelta(days=DAYS)


def advise(
    folder: Path, history: Sequence[Row], tables: Sequence[Row], settings: Settings | None = None, **views: Any
) -> Advice:
    settings = settings or Settings()
    with open_snapshot(write_snapshot(folder, history, tables, **views), settings) as snapshot:
        return analyze(snapshot, settings)


def of(advice: Advice, kind: str) -> list[Recommendation]:
    return [recommended for recommended in advice.recommendations if recommended.kind == kind]


def rejected(advice: Advice, kind: str) -> str:
    """The reasons why candidates of the kind were left, one after another."""
    return " ".join(rejection.reason for rejection in advice.rejections if rejection.kind == kind)


def columns(table: str, **types: str) -> list[dict[str, Any]]:
    """Rows of COLUMNS: `columns("T", ID="NUMBER")`."""
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": table}
    return [
        {**place, "COLUMN_NAME": name, "DATA_TYPE": kind, "ORDINAL_POSITION": i}
        for i, (name, kind) in enumerate(types.items(), 1)
    ]


def times(count: int, start: int = 0, days: int = DAYS) -> list[datetime]:
    """So many moments, spread evenly over the first days of the window."""
    return [START + timedelta(minutes=start + i * (days * 1440 // count)) for i in range(count)]


def runs(
    text: Callable[[int, datetime], str], moments: Sequence[datetime], name: str, **figures: Any
) -> list[dict[str, Any]]:
    """One execution at each moment; `text` is told its number and when it runs."""
    common: dict[str, Any] = {"WAREHOUSE_SIZE": "Large", "EXECUTION_TIME": 20_000, "TOTAL_ELAPSED_TIME": 20_000}
    rows = []
    for i, at in enumerate(moments):
        when = {"QUERY_ID": f"{name}-{i}", "START_TIME": at, "END_TIME": at + timedelta(seconds=1)}
        rows.append(query(text(i, at), **{**common, **when, **figures}))
    return rows
