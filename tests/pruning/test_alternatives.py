"""Conditions joined by OR over several columns: a partition is skipped only if each alternative rules it out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from advisor.model import Churn, ColumnUsage, KeyPart, Role, TableName
from advisor.pruning.alternatives import terms_of, unheard
from advisor.pruning.asks import Question
from advisor.pruning.axes import Axis
from advisor.pruning.layout import Layout
from benchmarks.worlds.cases import TODAY, Case, Rows, Template, dates, number
from benchmarks.worlds.outcomes import advised
from benchmarks.worlds.synthetic import DAYS, FIRST
from benchmarks.worlds.told import EVIDENCE, Told
from benchmarks.worlds.truth import Truth
from tests.pruning.test_latest_rows import judge, known_of

ROWS, PARTITIONS = 240_000, 120
T = TableName("DB", "S", "T")
AXES = {name: Axis(name, "number", 0, 1000, 1001, known=True) for name in "ABCDEF"}


def equal(column: str, branch: int | None, clause: int = 0, *, negated: bool = False) -> ColumnUsage:
    return ColumnUsage(T, column, Role.EQUALITY, 0, values=(5,), clause=clause, branch=branch, negated=negated)


def described(usages: list[ColumnUsage]) -> dict[str, int]:
    return {"".join(ask.column for ask in term.asks): term.sign for term in terms_of(usages, AXES)}


@pytest.mark.parametrize(
    ("usages", "terms", "silent", "why"),
    [
        ([equal("A", 0), equal("B", 1)], {"A": 1, "B": 1, "AB": -1}, False, "what both scan is counted once"),
        (
            [equal("C", None, 1), equal("A", 0), equal("B", 1), equal("D", 2)],
            {"AC": 1, "BC": 1, "CD": 1, "ABC": -1, "ACD": -1, "BCD": -1, "ABCD": 1},
            False,
            "three, beside a condition that always holds",
        ),
        ([equal("A", 0), equal("B", 0), equal("C", 1)], {"AB": 1, "C": 1, "ABC": -1}, False, "two in one alternative"),
        ([equal("A", 0), equal("B", 1, negated=True)], {"": 1}, False, "one alternative rules nothing out"),
        ([equal("A", 0), equal("B", 0, negated=True), equal("C", 1)], {"A": 1, "C": 1, "AC": -1}, False, "half of one"),
        ([equal("A", 0), equal("A", 1)], {"A": 1}, False, "alternatives on one column are one condition"),
        ([equal(column, i) for i, column in enumerate("ABCDE")], {"": 1}, True, "more than are told apart"),
        ([equal("A", 0), equal("B", 1), equal("C", 0, 1), equal("D", 1, 1)], {"A": 1, "B": 1, "AB": -1}, True, "a second OR"),
    ],
)  # fmt: skip
def test_an_or_is_a_sum_of_ands(usages: list[ColumnUsage], terms: dict[str, int], silent: bool, why: str) -> None:
    assert described(usages) == terms, why
    assert unheard(usages, AXES) == silent, why


def test_alternatives_together_read_no_more_than_each() -> None:
    """By the closed form 72 partitions of the one that seems the narrower, where the other is read in 40."""
    which = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    questions = tuple(Question(0, 1.0 if len(each) % 2 else -1.0, (), together=each) for each in which)
    layout = Layout(1e6, 200, {}, {}, (*questions, *questions), 1)
    read = np.array([40.0, 40, 60, 72, 50, 60, 80])
    once = 40 + 40 + 60 - 40 - 40 - 40 + 40
    assert layout.per_load(np.append(read, np.full(7, 9.0))) == pytest.approx([once + 9])


EXECUTIONS = 600, 250, 200


@cache
def known(second: str) -> tuple[Mapping[str, Told], Truth]:
    return known_of(devices(second))


def devices(second: str) -> Case:
    """Devices' rows in the order of days, of which the last three are asked for by either of two columns; `second` is the other."""
    rng = np.random.default_rng(5)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    rows = Rows("LOG", {
        "DAY": dates("DAY", arrived), "CHANGED": dates("CHANGED", arrived + rng.integers(0, 3, ROWS)),
        "DEVICE": number("DEVICE", rng.integers(0, 400, ROWS)), "BATCH": number("BATCH", rng.permutation(ROWS)),
    }, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))  # fmt: skip

    def either(rng: np.random.Generator, at: date) -> str:
        since = at - timedelta(days=3)
        other = f"changed >= '{since}'" if second == "CHANGED" else f"batch = {rng.integers(ROWS)}"
        return f"(day >= '{since}' OR {other})"

    return Case("devices", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE {either(r, at)}", EXECUTIONS[0]),
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE device = {r.integers(400)} AND {either(r, at)}", EXECUTIONS[1]),
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE device = {r.integers(400)}", EXECUTIONS[2]),
    ))  # fmt: skip


def test_a_key_that_keeps_the_pruning_of_alternatives_is_found() -> None:
    found, truth = known("CHANGED")
    best, runs = advised(found["sample"]), np.array(EXECUTIONS, dtype=float)
    assert best is not None
    today, after = (float(truth.per_template(x) @ runs) for x in (truth.now(), truth.keyed(best.key)))
    assert after < 0.55 * today
    claimed = float((judge(found["sample"]).before - best.after) @ runs)
    assert 0.3 * (today - after) < claimed < 1.2 * (today - after)


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_that_both_columns_go_together_is_no_more_than_likely_where_ends_alone_are_asked_for(evidence: str) -> None:
    found, truth = known("CHANGED")
    by_day = judge(found[evidence]).estimate((KeyPart("DAY"),))
    assert truth.per_template(truth.keyed(by_day.key))[0] < 4
    assert 0.2 * PARTITIONS < by_day.after[0] < 0.3 * PARTITIONS


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_a_key_that_takes_the_pruning_from_alternatives_is_told_to(evidence: str) -> None:
    found, truth = known("CHANGED")
    by_device = judge(found[evidence]).estimate((KeyPart("DEVICE"),))
    assert truth.per_template(truth.keyed(by_device.key))[0] > 0.95 * PARTITIONS
    assert by_device.after[0] > 0.95 * PARTITIONS
    assert by_device.after[1] < 3


def test_two_times_that_go_together_read_half_a_quarter_on_average() -> None:
    """And not the half of it by the one, and by the other, which isn't the key's, a quarter beside it."""
    found, _ = known("CHANGED")
    after = judge(found["sample"]).estimate((KeyPart("DAY", "QUARTER"), KeyPart("DEVICE"))).after
    assert after[0] == pytest.approx(PARTITIONS / DAYS * (91 / 2 + 3), rel=0.2)


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_an_alternative_on_a_column_in_no_order_has_all_scanned(evidence: str) -> None:
    found, truth = known("BATCH")
    by_day = judge(found[evidence]).estimate((KeyPart("DAY"),))
    assert truth.per_template(truth.keyed(by_day.key))[0] > 0.95 * PARTITIONS
    assert by_day.after[0] > 0.95 * PARTITIONS
