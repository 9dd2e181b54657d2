"""What prunes today without the model hearing of it isn't put down to a column that it hears of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from advisor.keys import render
from advisor.model import Churn, KeyPart
from benchmarks.worlds.cases import TODAY, Case, Rows, Template, dates, number, times
from benchmarks.worlds.outcomes import advised
from benchmarks.worlds.synthetic import DAYS, FIRST
from benchmarks.worlds.told import EVIDENCE
from tests.pruning.test_latest_rows import judge, known_of

ROWS, PARTITIONS = 240_000, 120


def devices(late: Callable[[date], str], *more: Template) -> Case:
    """Devices' rows in the order of days; what `late` asks for is pruned by that order, and a look-up of a device by nothing."""
    rng = np.random.default_rng(5)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    shown = dates("DAY", arrived)
    numbered = np.array([int(str(np.datetime64(int(day), "D")).replace("-", "")) for day in arrived])
    rows = Rows("LOG", {
        "DAY": shown, "CHANGED": dates("CHANGED", arrived + rng.integers(0, 3, ROWS)), "YYYYMMDD": number("YYYYMMDD", numbered),
        "DEVICE": number("DEVICE", rng.integers(0, 400, ROWS)),
    }, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))  # fmt: skip
    return Case("devices", (rows,), (Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE {late(at)}", 600), *more))


def looked_up(executions: int, late: Callable[[date], str] | None = None) -> Template:
    def text(rng: np.random.Generator, at: date) -> str:
        return f"SELECT COUNT(*) FROM log WHERE device = {rng.integers(400)}{f' AND {late(at)}' if late else ''}"

    return Template(text, executions)


def either(at: date) -> str:
    return f"(day >= '{at - timedelta(days=3)}' OR changed >= '{at - timedelta(days=3)}')"


def as_number(at: date) -> str:
    return f"yyyymmdd >= {at - timedelta(days=2):%Y%m%d}"


HALF = Template(lambda r, at: "SELECT COUNT(*) FROM log WHERE device < 220", 200)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (devices(either, looked_up(250, either), looked_up(200)), "alternatives on two columns"),
        (devices(either, HALF), "half of the devices, which read nearly all of the partitions, are in no half order"),
        (
            devices(as_number, looked_up(250, as_number), looked_up(200)),
            "a range of numbers that goes on without an end",
        ),
    ],
)
@pytest.mark.parametrize("evidence", EVIDENCE)
def test_no_key_is_advised_that_takes_the_pruning_from_what_isnt_heard(case: Case, why: str, evidence: str) -> None:
    found, truth = known_of(case)
    best, runs = advised(found[evidence]), np.array([template.executions for template in case.templates], dtype=float)
    if best is not None:
        today = truth.per_template(truth.now()) @ runs
        assert truth.per_template(truth.keyed(best.key)) @ runs < today, (why, [*map(render, best.key)])


def best_of_few_stars() -> Case:
    rng = np.random.default_rng(6)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    rows = Rows("LOG", {
        "STARS": number("STARS", rng.integers(1, 6, ROWS)), "SHOP": number("SHOP", rng.integers(0, 300, ROWS)),
        "AT": times("AT", rng.permutation(arrived)),
    }, PARTITIONS)  # fmt: skip
    return Case("stars", (rows,), (
        Template(lambda r, at: "SELECT * FROM log ORDER BY stars DESC LIMIT 10", 300),
        Template(lambda r, at: f"SELECT * FROM log WHERE shop = {r.integers(300)}", 300),
    ))  # fmt: skip


def kinds(rare: float) -> Case:
    """Half of the rows are of one kind, of each other kind there are a few."""
    rng = np.random.default_rng(7)
    kind = np.where(rng.random(ROWS) < 0.5, 0, rng.integers(1, ROWS // 4, ROWS))
    rows = Rows("LOG", {"SCORE": number("SCORE", rng.normal(0, 1000, ROWS)), "KIND": number("KIND", kind)}, PARTITIONS)

    def text(rng: np.random.Generator, at: date) -> str:
        asked = rng.integers(1, ROWS // 4) if rng.random() < rare else 0
        return f"SELECT * FROM log WHERE kind = {asked} ORDER BY score DESC LIMIT 10"

    return Case("kinds", (rows,), (Template(text, 600),))


@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize(
    ("case", "column"), [(best_of_few_stars(), "SHOP"), (kinds(0.5), "SCORE"), (kinds(0.9), "SCORE")]
)
def test_a_top_k_without_a_boundary_isnt_promised_one(case: Case, column: str, evidence: str) -> None:
    found, truth = known_of(case)
    key = (KeyPart(column),)
    true = truth.per_template(truth.keyed(key))
    assert true[0] > PARTITIONS / 3
    if column in found[evidence].profile.layout.axes:
        assert judge(found[evidence]).estimate(key).after[0] > 0.4 * true[0]


def merged(updates: int) -> Case:
    """Orders in the order of their last update, a third of which came long after they were opened."""
    rng = np.random.default_rng(8)
    opened = rng.uniform(FIRST, TODAY, ROWS)
    updated = np.minimum(np.where(rng.random(ROWS) < 0.35, opened + rng.exponential(60, ROWS), opened), TODAY)
    order = np.argsort(updated)
    rows = Rows("LOG", {
        "OPENED": dates("OPENED", opened[order]), "UPDATED": times("UPDATED", updated[order]),
        "CUSTOMER": number("CUSTOMER", rng.integers(0, 3000, ROWS)),
    }, PARTITIONS, updated[order], Churn(ROWS / DAYS, 0, 0))  # fmt: skip

    def since(days: int, at: date) -> date:
        return at - timedelta(days=days)

    return Case("merged", (rows,), (
        Template(lambda r, at: f"SELECT * FROM log WHERE updated >= '{since(1, at)}'", updates),
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE opened >= '{since(30, at)}'", 400),
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE customer = {r.integers(3000)} AND opened >= '{since(365, at)}'", 200),
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE customer = {r.integers(3000)}", 100),
    ))  # fmt: skip


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_what_was_opened_lately_was_updated_lately_but_not_the_other_way_round(evidence: str) -> None:
    found, truth = known_of(merged(1000))
    by_opening = judge(found[evidence]).estimate((KeyPart("OPENED"),))
    true = truth.per_template(truth.keyed(by_opening.key))
    assert true[0] > PARTITIONS / 5
    assert by_opening.after[0] > PARTITIONS / 6
    best, runs = advised(found[evidence]), np.array([1000.0, 400, 200, 100])
    if best is not None:
        assert truth.per_template(truth.keyed(best.key)) @ runs < truth.per_template(truth.now()) @ runs, [
            *map(render, best.key)
        ]
