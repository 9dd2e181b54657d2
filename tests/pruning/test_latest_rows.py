"""The latest rows of a table that grows, asked for under keys on months and quarters; and columns that are nearly all NULL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest

from advisor.clustering.judge import Judge
from advisor.keys import render
from advisor.model import Churn, KeyPart
from advisor.pruning.axes import EPOCH, Axis, in_units
from advisor.pruning.groups import on_average
from benchmarks.columns import Floats
from benchmarks.worlds.cases import TODAY, Case, Rows, Template, dates, number, times, with_nulls
from benchmarks.worlds.outcomes import HELD, SHOWN, advised
from benchmarks.worlds.synthetic import DAYS, FIRST, last_days
from benchmarks.worlds.told import EVIDENCE, Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

ROWS, PARTITIONS, SEED = 120_000, 60, 3
BY_QUARTER = (KeyPart("AT", "QUARTER"), KeyPart("SCORE"))


@pytest.mark.parametrize("family", ["date", "timestamp"])
@pytest.mark.parametrize("unit", ["DAY", "WEEK", "MONTH", "QUARTER"])
def test_what_a_week_reads_of_months_is_the_mean_over_the_days_on_which_it_is_asked_for(unit: str, family: str) -> None:
    part, span = KeyPart("AT", unit), 1461.0
    first = float((datetime(2021, 1, 1) - EPOCH).days)
    ends = first + span + np.arange(0, 365, 1 if family == "date" else 0.7)

    def line(end: float) -> Axis:
        return Axis("AT", family, end - span, end, 1461, known=True)

    begins = [np.floor(in_units(part, end - 7)) for end in ends]
    read = [
        (in_units(part, end) - begun) / (in_units(part, end) - in_units(part, end - span))
        for begun, end in zip(begins, ends, strict=True)
    ]
    assert np.mean([on_average(line(end), part, end - 7) for end in ends]) == pytest.approx(np.mean(read), rel=0.03)


def plays() -> Case:
    """Plays as they come, of games of which few are played much."""
    rng = np.random.default_rng(SEED)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    rows = Rows("PLAYS", {
        "AT": times("AT", arrived), "SCORE": number("SCORE", rng.normal(0, 1000, ROWS)),
        "GAME": number("GAME", np.minimum(rng.zipf(1.4, ROWS), 500)),
    }, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))  # fmt: skip
    return Case("plays", (rows,), (
        Template(lambda r, at: "SELECT * FROM plays ORDER BY at DESC LIMIT 20", 900),
        Template(lambda r, at: f"SELECT * FROM plays WHERE game = {min(500, r.zipf(1.4))} ORDER BY at DESC LIMIT 50", 400),
        Template(lambda r, at: "SELECT * FROM plays ORDER BY score DESC LIMIT 10", 100),
    ))  # fmt: skip


def errors() -> Case:
    """A log in the order of days, of which one row in two hundred tells of an error."""
    rng = np.random.default_rng(SEED)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    error = with_nulls(number("ERROR", rng.integers(0, 300, ROWS)), rng.random(ROWS) < 0.995)
    rows = Rows("LOG", {"DAY": dates("DAY", arrived), "ERROR": error}, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))
    return Case("log", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM log WHERE {last_days(at, 2)}", 300),
        Template(lambda r, at: f"SELECT * FROM log WHERE error = {r.integers(300)}", 300),
    ))  # fmt: skip


def known_of(case: Case) -> tuple[Mapping[str, Told], Truth]:
    """By kind of evidence what the advisor is told of the case's only table; and the truth."""
    rng, name = np.random.default_rng(SEED), case.tables[0].name
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen = truths(case, shown)
    return {each: told(case, shown, seen, SEED, each)[name] for each in EVIDENCE}, truths(case, held)[name]


def read_of(case: Case, key: tuple[KeyPart, ...]) -> Floats:
    """What the texts of the history themselves read under a key."""
    truth = truths(case, execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED)))[case.tables[0].name]
    return truth.per_template(truth.keyed(key))


def judge(found: Told) -> Judge:
    return Judge.of(found.profile, found.prices, found.settings, found.workload.days)


@pytest.fixture(scope="module")
def played() -> tuple[Mapping[str, Told], Truth]:
    return known_of(plays())


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_latest_rows_lie_all_over_the_quarter_that_they_are_in_those_of_a_rare_value_further_back(
    played: tuple[Mapping[str, Told], Truth], evidence: str
) -> None:
    found, truth = played
    after, true = judge(found[evidence]).estimate(BY_QUARTER).after, truth.per_template(truth.keyed(BY_QUARTER))
    assert found[evidence].workload.window_end == datetime(2026, 1, 5), "a quarter of which four days have passed"
    assert true[0] > 3
    assert true[1] > 1.5 * true[0], "queries are seen to go as far"
    assert after[0] == pytest.approx(true[0], rel=0.5)
    # One in seven texts that are read asks for a game of so few rows that all are read; of the later ones one in 24.
    assert after[1] == pytest.approx(read_of(plays(), BY_QUARTER)[1], rel=0.5)


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_latest_rows_of_each_value_lie_as_far_back_as_its_own_execution_was_seen_to_read(
    played: tuple[Mapping[str, Told], Truth], evidence: str
) -> None:
    """The fifty of a game of which one row in three is lie in the last partition, those of a rare one in fifty."""
    layout = played[0][evidence].profile.layout
    asked = [question for question in layout.questions if question.load == 1 and question.read is not None]
    read = np.array([question.read for question in asked])
    back = np.array(
        [min((ask.share for ask in question.asks if ask.column == "AT"), default=1.0) for question in asked]
    )
    assert read.min() <= 1 / PARTITIONS < 6 / PARTITIONS < read.max()
    assert (back <= 1.05 * read).all(), "some ran when there were fewer partitions"
    assert (back >= read - layout.widths["AT"] - 1e-9).all()


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_no_key_is_advised_that_would_have_them_read_more(
    played: tuple[Mapping[str, Told], Truth], evidence: str
) -> None:
    found, truth = played
    best, runs = advised(found[evidence]), np.array([900.0, 400.0, 100.0])
    if best is not None:
        assert truth.per_template(truth.keyed(best.key)) @ runs < truth.per_template(truth.now()) @ runs, [
            *map(render, best.key)
        ]


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_oldest_rows_lie_all_over_the_first_quarter_however_short_the_last_one_is(evidence: str) -> None:
    found, truth = oldest()
    key = (KeyPart("AT", "QUARTER"), KeyPart("KIND"))
    after, true = judge(found[evidence]).estimate(key).after, truth.per_template(truth.keyed(key))
    assert true[0] > 4
    assert after[:1] == pytest.approx(true[:1], rel=0.6)


@cache
def oldest() -> tuple[Mapping[str, Told], Truth]:
    """Rows in no order, of which the oldest are asked for."""
    rng = np.random.default_rng(SEED)
    columns = {
        "AT": times("AT", rng.uniform(FIRST, TODAY, ROWS)),
        "KIND": number("KIND", rng.integers(0, 40, ROWS)),
    }
    return known_of(Case("oldest", (Rows("QUEUE", columns, PARTITIONS),), (
        Template(lambda r, at: "SELECT * FROM queue ORDER BY at LIMIT 10", 600),
        Template(lambda r, at: f"SELECT COUNT(*) FROM queue WHERE kind = {r.integers(40)} AND {last_days(at, 60, 'at')}", 300),
    )))  # fmt: skip


@pytest.fixture(scope="module")
def logged() -> tuple[Mapping[str, Told], Truth]:
    return known_of(errors())


@pytest.mark.parametrize("lead", [KeyPart("ERROR"), KeyPart("ERROR", digits=2)])
@pytest.mark.parametrize("evidence", ["statistics", "sample"])
def test_the_rows_without_a_value_lie_together_in_the_order_of_what_comes_behind(
    logged: tuple[Mapping[str, Told], Truth], evidence: str, lead: KeyPart
) -> None:
    found, truth = logged
    key = (lead, KeyPart("DAY"))
    after, true = judge(found[evidence]).estimate(key).after, truth.per_template(truth.keyed(key))
    assert true[0] < PARTITIONS / 10
    assert after == pytest.approx(true, rel=0.5), "and the few with one fill a partition"


def test_a_sample_with_few_values_of_a_column_doesnt_show_that_days_tell_them_apart(
    logged: tuple[Mapping[str, Told], Truth],
) -> None:
    found, truth = logged
    key = (KeyPart("DAY"),)
    after, true = judge(found["sample"]).estimate(key).after, truth.per_template(truth.keyed(key))
    assert true[1] > PARTITIONS / 2
    assert after[1] == pytest.approx(true[1], rel=0.5)
    assert advised(found["sample"]) is None or advised(found["sample"]).key != key  # type: ignore[union-attr]


@cache
def due() -> tuple[Mapping[str, Told], Truth]:
    """Tasks of some owner, those that are due next since lately, or were due last before; and all of an owner."""
    rng = np.random.default_rng(SEED)
    arrived = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    rows = Rows("TASKS", {
        "DUE": dates("DUE", arrived + rng.exponential(20, ROWS)), "OWNER": number("OWNER", rng.integers(0, 40, ROWS)),
    }, PARTITIONS, arrived, Churn(ROWS / DAYS, 0, 0))  # fmt: skip
    return known_of(Case("tasks", (rows,), (
        Template(lambda r, at: f"SELECT * FROM tasks WHERE owner = {r.integers(40)} AND {last_days(at, 200, 'due')} ORDER BY due LIMIT 20", 300),
        Template(lambda r, at: f"SELECT * FROM tasks WHERE owner = {r.integers(40)} AND due < '{at - timedelta(200)}' ORDER BY due DESC LIMIT 20", 300),
        Template(lambda r, at: f"SELECT COUNT(*) FROM tasks WHERE owner = {r.integers(40)}", 100),
    )))  # fmt: skip


@pytest.mark.parametrize(
    "key",
    [(KeyPart("OWNER"), KeyPart("DUE")), (KeyPart("DUE", "QUARTER"), KeyPart("OWNER")), (KeyPart("DUE", "MONTH"),)],
)
@pytest.mark.parametrize("evidence", EVIDENCE)
def test_the_first_rows_since_a_time_lie_where_it_begins(evidence: str, key: tuple[KeyPart, ...]) -> None:
    found, truth = due()
    after, true = judge(found[evidence]).estimate(key).after, truth.per_template(truth.keyed(key))
    assert after[:2] == pytest.approx(true[:2], rel=0.6)
