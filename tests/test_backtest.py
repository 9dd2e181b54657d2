"""Advice chosen on the earlier part of a planted history, scored on the later: what survives, what doesn't, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recommenders.test_clustering_key import advise, by_customer, by_week, keys, loads, reasons, runs


def test_a_steady_workload_keeps_what_was_promised(tmp_path: Path) -> None:
    advice = advise(tmp_path, runs(by_customer, 400, 2000) + loads(100_000))
    tested = advice.back_test
    assert tested is not None
    assert tested.changes == 1
    assert tested.kept == pytest.approx(tested.promised, rel=0.05)
    assert keys(advice)


def test_a_key_for_queries_that_have_ended_is_rejected_for_that_reason(tmp_path: Path) -> None:
    ended = [row for row in runs(by_customer, 400, 2000) if int(str(row["QUERY_ID"]).split("-")[-1]) < 280]
    advice = advise(tmp_path, ended + runs(by_week, 56, 40, start=7) + loads(100_000))
    assert not any("CUSTOMER_ID" in str(key) for _, key in keys(advice))
    assert "It doesn't survive the back-test: over the whole window it nets" in reasons(advice)
    tested = advice.back_test
    assert tested is not None
    assert tested.promised > 0 > tested.kept


def test_a_window_of_a_few_days_is_not_tested(tmp_path: Path) -> None:
    brief = [row for row in runs(by_customer, 400, 2000) if int(str(row["QUERY_ID"]).split("-")[-1]) < 70]
    advice = advise(tmp_path, brief)
    assert advice.back_test is None
    assert "back-test" not in reasons(advice)
