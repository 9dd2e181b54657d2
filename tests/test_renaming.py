"""A table's name decides nothing: whatever the tables are called, the same results are stored for the same queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from advisor.model import Advice
from tests.recommenders.accounts import advise, columns, runs, times
from tests.snapshots import START, table

GB = 10**9
SIDES = ("ALPHA", "BETA", "GAMMA")
"""Groupings by any two of these are worth the same, and one by all three would be nearly as large as the table."""
NAMES = ("FACT", "DIM")


def asked(name: str, other: str) -> list[dict[str, object]]:
    alone = [f"SELECT {side}, SUM(amount) FROM {name} GROUP BY {side}" for side in SIDES]
    joined = [f"SELECT d.kind, SUM(f.amount) FROM {name} f JOIN {other} d ON f.alpha = d.alpha GROUP BY d.kind"]
    joined += [f"SELECT {name}.beta, COUNT(*) FROM {name} JOIN {other} ON {name}.alpha = {other}.alpha GROUP BY 1"]
    figures = {"PARTITIONS_SCANNED": 2000, "PARTITIONS_TOTAL": 2000}
    history = [
        row
        for i, text in enumerate(alone + joined)
        for row in runs(lambda _, __, text=text: text, times(200, i), f"q{i}", **figures)  # type: ignore[misc]
    ]
    load = f"INSERT INTO {name} SELECT * FROM {other}"
    writes = {"QUERY_TYPE": "INSERT", "PARTITIONS_SCANNED": None, "ROWS_INSERTED": 1000}
    return history + runs(lambda *_: load, times(28, 3), "w", **writes)


def advised(folder: Path, name: str, other: str) -> Advice:
    place = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC"}
    counts = {(name, side): 600 for side in SIDES} | {(other, "ALPHA"): 600, (other, "KIND"): 5}
    statistics = [
        {**place, "TABLE_NAME": owner, "COLUMN_NAME": column, "APPROX_DISTINCT": count, "NULL_SHARE": 0.0}
        | {"MIN_VALUE": "1", "MAX_VALUE": "600"}
        for (owner, column), count in counts.items()
    ]
    old = START - timedelta(days=366)
    return advise(
        folder,
        asked(name, other),
        [
            table(name, ROW_COUNT=400_000_000, BYTES=32 * GB, CREATED=old),
            table(other, ROW_COUNT=600, BYTES=10**6, CREATED=old),
        ],
        columns=[
            *columns(name, ALPHA="NUMBER", BETA="NUMBER", GAMMA="NUMBER", AMOUNT="NUMBER"),
            *columns(other, ALPHA="NUMBER", KIND="TEXT"),
        ],
        column_statistics=statistics,
    )


def told(advice: Advice, names: Mapping[str, str]) -> list[object]:
    """What is advised and what is left of each table, the names put back."""

    def plain(said: object) -> str:
        return re.sub(r"\b[A-Z0-9]+\b", lambda word: names.get(word[0], word[0]), str(said))

    taken = [
        (r.kind, plain(r.details["keys"]), plain(r.details["aggregates"]), r.net_credits_per_month, plain(r.reason))
        for r in advice.recommendations
    ]
    of_tables = [r for r in advice.rejections if r.target.type != "query"]
    left = [(r.kind, plain(r.target), plain(r.details.get("keys")), plain(r.reason)) for r in of_tables]
    return [sorted(taken, key=str), sorted(left)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    return told(advised(tmp_path_factory.mktemp("original"), *NAMES), {})


def test_there_is_something_to_merge(original: list[object]) -> None:
    assert "['ALPHA', 'BETA']" in str(original[0])
    assert "'dynamic_table'" in str(original[0])


@pytest.mark.parametrize("names", [("ZEBRA", "AARDVARK"), ("DIM", "FACT"), ("T1", "T2"), ("Q", "ORDERS")])
def test_renaming_the_tables_renames_the_advice(tmp_path: Path, original: list[object], names: tuple[str, str]) -> None:
    assert told(advised(tmp_path, *names), dict(zip(names, NAMES, strict=True))) == original
