"""Laws of the whole analysis: what must not change the advice, and what must change it in just one way."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, loads, runs
from tests.snapshots import Row, table, write_snapshot

HISTORY = [*runs(by_customer, 300, 2000), *runs(by_week, 100, 1900, start=7), *loads(100_000)]


@pytest.fixture(autouse=True)
def several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which a snapshot as small as those here would be given one."""
    monkeypatch.setattr("advisor.snapshot.folder.SMALL_BYTES", 0)


def advice(folder: Path, out: str = "out", **shape: Any) -> Path:
    """The output folder for the planted account, written as `shape` says."""
    shape = {"history": HISTORY, "tables": [ORDERS], "columns": columns("ORDERS"), **shape}
    with open_snapshot(write_snapshot(folder / "snapshot", **shape), Settings()) as snapshot:
        generate(analyze(snapshot, Settings()), folder / out)
    return folder / out


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def shuffled(rows: Sequence[Row]) -> list[Row]:
    return random.Random(5).sample(list(rows), len(rows))


def lowered(rows: Sequence[Row]) -> list[Row]:
    return [{name.lower(): value for name, value in row.items()} for row in rows]


def test_the_same_snapshot_twice_gives_identical_bytes(tmp_path: Path) -> None:
    first = advice(tmp_path / "a")
    with open_snapshot(tmp_path / "a" / "snapshot", Settings()) as snapshot:
        generate(analyze(snapshot, Settings()), tmp_path / "again")
    assert files(first) == files(tmp_path / "again")
    assert len(files(first)) >= 4


def test_one_thread_gives_what_several_give(tmp_path: Path) -> None:
    first = advice(tmp_path / "a")
    alone = Settings(threads=1)
    with open_snapshot(tmp_path / "a" / "snapshot", alone) as snapshot:
        generate(analyze(snapshot, alone), tmp_path / "alone")
    assert files(first) == files(tmp_path / "alone")


@pytest.mark.parametrize(
    "shape",
    [
        {"history": shuffled(HISTORY)},
        {"history": lowered(HISTORY), "tables": lowered([ORDERS]), "columns": lowered(columns("ORDERS"))},
        {"form": "csv"},
        {"parts": 3},
        {"history": [*HISTORY, *HISTORY[:50]]},
    ],
    ids=["rows shuffled", "columns in lower case", "CSV", "parts", "rows delivered twice"],
)
def test_the_form_of_the_snapshot_does_not_change_the_advice(tmp_path: Path, shape: dict[str, Any]) -> None:
    plain = json.loads((advice(tmp_path / "a") / "advice.json").read_text())
    other = json.loads((advice(tmp_path / "b", **shape) / "advice.json").read_text())
    assert other["recommendations"] == plain["recommendations"] != []
    assert other["rejections"] == plain["rejections"]


def test_a_table_that_no_query_reads_changes_nothing(tmp_path: Path) -> None:
    other = table("UNREAD", ROW_COUNT=5, BYTES=5)
    plain = json.loads((advice(tmp_path / "a") / "advice.json").read_text())
    more = json.loads((advice(tmp_path / "b", tables=[ORDERS, other]) / "advice.json").read_text())
    assert more["recommendations"] == plain["recommendations"]


def test_renaming_the_table_renames_the_advice(tmp_path: Path) -> None:
    renamed = [{**row, "QUERY_TEXT": str(row["QUERY_TEXT"]).replace("orders", "sales")} for row in HISTORY]
    plain = json.loads((advice(tmp_path / "a") / "advice.json").read_text())["recommendations"]
    other = json.loads(
        (
            advice(
                tmp_path / "b", history=renamed, tables=[{**ORDERS, "TABLE_NAME": "SALES"}], columns=columns("SALES")
            )
            / "advice.json"
        ).read_text()
    )["recommendations"]
    assert [r["target"]["name"] for r in other] == ["SALES"]
    assert [r["details"]["clustering_key"] for r in other] == [r["details"]["clustering_key"] for r in plain]
    assert [r["net_credits_per_month"] for r in other] == [r["net_credits_per_month"] for r in plain]


def test_between_is_two_half_ranges(tmp_path: Path) -> None:
    def between(row: Row) -> Row:
        return {**row, "QUERY_TEXT": str(row["QUERY_TEXT"]).replace("= ", "BETWEEN 5 AND ", 1)}

    def halves(row: Row) -> Row:
        text = str(row["QUERY_TEXT"])
        return {**row, "QUERY_TEXT": text.replace("= ", ">= 5 AND customer_id <= ", 1)}

    mine = [row for row in HISTORY if "customer_id" in str(row["QUERY_TEXT"])]
    one = json.loads((advice(tmp_path / "a", history=[*map(between, mine)]) / "advice.json").read_text())
    two = json.loads((advice(tmp_path / "b", history=[*map(halves, mine)]) / "advice.json").read_text())
    assert one["coverage"]["templates"] == two["coverage"]["templates"] == 1
    for first, second in zip(one["rejections"], two["rejections"], strict=True):
        assert first["details"] == second["details"]
        assert first["reason"] == second["reason"]
