"""Rewrites over stored results that an earlier run proved: found again, the same to the letter, where nothing they rest on changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.stored_results import proven, proving
from tests.recommenders.test_clustering_key import ORDERS, columns, loads, runs
from tests.recommenders.test_materialized_view import KNOWN, by_region, of_a_region
from tests.snapshots import table, write_snapshot

HISTORY = runs(by_region, 400, 2000) + runs(of_a_region, 400, 2000, start=7) + loads(100_000)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were rewritten."""
    texts: list[str] = []
    own = proving.rewrite

    def watched(text: str, *rest: Any) -> exp.Expr | str:
        texts.append(text)
        return own(text, *rest)

    monkeypatch.setattr(proving, "rewrite", watched)
    return texts


def output(folder: Path, cache: Path | None, history: list[dict[str, Any]] = HISTORY, **types: str) -> dict[str, bytes]:
    """The files that a run writes, by name."""
    settings = Settings(cache_folder=None if cache is None else str(cache))
    tables = [ORDERS, table("STAGING")]
    shape = [row | {"DATA_TYPE": types.get(row["COLUMN_NAME"], row["DATA_TYPE"])} for row in columns("ORDERS")]
    snapshot = write_snapshot(folder / "in", history, tables, columns=shape, column_statistics=KNOWN)
    with open_snapshot(snapshot, settings) as opened:
        generate(analyze(opened, settings), folder / "out")
    out = folder / "out"
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_second_run_writes_no_rewrite_and_puts_out_the_same(tmp_path: Path, written: list[str]) -> None:
    first = output(tmp_path / "first", tmp_path / "cache")
    assert any(name.endswith(".sql") for name in first)
    assert len(written) == 2
    written.clear()
    assert output(tmp_path / "second", tmp_path / "cache") == first
    assert written == []
    assert output(tmp_path / "third", None) == first


def test_what_a_changed_table_has_to_do_with_is_written_and_proven_again(tmp_path: Path, written: list[str]) -> None:
    output(tmp_path / "first", tmp_path / "cache")
    written.clear()
    changed = output(tmp_path / "second", tmp_path / "cache", ID="FLOAT")
    assert len(written) == 2
    assert changed == output(tmp_path / "third", None, ID="FLOAT")


def test_another_version_proves_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: list[str]) -> None:
    output(tmp_path / "first", tmp_path / "cache")
    written.clear()
    monkeypatch.setattr(proven, "_version", lambda: "another")
    output(tmp_path / "second", tmp_path / "cache")
    assert len(written) == 2


def test_what_another_moment_may_decide_otherwise_is_not_found_again(tmp_path: Path, written: list[str]) -> None:
    def lately(i: int) -> str:
        return f"SELECT region, SUM(id) FROM orders WHERE day >= current_date - {30 + i % 300} GROUP BY region"

    history = runs(lately, 400, 2000) + loads(100_000)
    first = output(tmp_path / "first", tmp_path / "cache", history)
    assert len(written) == 1
    assert output(tmp_path / "second", tmp_path / "cache", history) == first
    assert len(written) == 2
