"""Texts count the more, or the less, the nearer they bring what is counted to what all executions were recorded to match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.prover.replays import Replay, as_weighed
from advisor.pruning.asks import Question
from advisor.pruning.counting import count
from advisor.pruning.layout import Layout
from advisor.pruning.sample import Sample
from advisor.pruning.weighing import HEAVIEST, weighed
from benchmarks.worlds.cases import Case, Rows, Template, number
from benchmarks.worlds.told import told
from benchmarks.worlds.truth import SHOWN_DAYS, execute, truths
from tests.worlds import World

ROWS, PARTITIONS, SAMPLED = 100_000, 200, 5_000
HOT, TEXTS = 0.4, 12


def world() -> World:
    """One tenant has four rows in ten, the others a hundredth each or less."""
    rng = np.random.default_rng(3)
    tenant = np.where(rng.random(ROWS) < HOT, 0.0, rng.integers(1, 80, ROWS))
    return World({"TENANT": tenant, "DAY": rng.integers(0, 700, ROWS).astype(float)}, {"TENANT": "number", "DAY": "date"}, PARTITIONS)  # fmt: skip


def sample_of(table: World) -> Sample:
    picked = np.random.default_rng(4).choice(ROWS, SAMPLED, replace=False)
    return Sample({name: values[picked] for name, values in table.columns.items()})


def questions(table: World, hot: int, recorded: float | None) -> tuple[Question, ...]:
    """A dozen texts, so many of which ask for the one tenant."""
    asked = [0.0] * hot + [float(7 + i) for i in range(TEXTS - hot)]
    return tuple(Question(0, 1 / TEXTS, (table.equal("TENANT", tenant),), matched=recorded) for tenant in asked)


def share(table: World, hot: int) -> float:
    """Of the rows, what a template matches on average of which so many texts in a dozen ask for the one tenant."""
    return float(np.mean([(table.columns["TENANT"] == q.asks[0].positions[0]).mean() for q in questions(table, hot, None)]))  # fmt: skip


def layout(table: World, asked: tuple[Question, ...], sample: Sample) -> Layout:
    return replace(table.layout([[]]), questions=asked, sample=sample)


@pytest.mark.parametrize(("hot", "truly"), [(2, 4), (5, 3)])
def test_texts_that_ask_for_hot_values_too_seldom_or_too_often_are_weighed(hot: int, truly: int) -> None:
    table = world()
    sample, key = sample_of(table), (KeyPart("TENANT"), KeyPart("DAY"))
    read = questions(table, hot, share(table, truly))
    told = weighed(read, [5_000], sample)
    [as_read], [as_weighed] = (count(layout(table, each, sample), key) for each in (read, told))
    true = np.mean([table.counted(key, q.asks) for q in questions(table, truly, None)])
    assert abs(as_read / true - 1) > 0.25
    assert as_weighed == pytest.approx(true, rel=0.1)
    assert sum(q.weight for q in told) == pytest.approx(1)


def test_no_text_stands_for_more_than_a_few() -> None:
    table = world()
    told = weighed(questions(table, 1, HOT), [5_000], sample_of(table))
    assert max(q.weight for q in told) <= HEAVIEST / TEXTS * 1.001


@pytest.mark.parametrize("executions", [TEXTS, 5_000])
def test_what_the_samples_chance_explains_weighs_nothing(executions: int) -> None:
    """Where all executions were read, or none asks for more rows than another, the mean is what the sample's rows make it."""
    table = world()
    if executions == TEXTS:
        read = questions(table, 2, share(table, 4))
    else:
        asked = [table.equal("TENANT", float(7 + i)) for i in range(TEXTS)]
        read = tuple(Question(0, 1 / TEXTS, (ask,), matched=0.012) for ask in asked)
    weights = [q.weight * TEXTS for q in weighed(read, [executions], sample_of(table))]
    assert weights == pytest.approx([1] * TEXTS, abs=0.25)


def test_texts_of_which_the_sample_or_the_history_tells_too_little_stay_as_they_are() -> None:
    table = world()
    unrecorded, lacking = questions(table, 2, None), Sample({"DAY": sample_of(table).columns["DAY"]})
    assert weighed(unrecorded, [5_000], sample_of(table)) == unrecorded
    recorded = questions(table, 2, 0.2)
    assert weighed(recorded, [5_000], lacking) == recorded
    assert weighed(recorded[:3], [5_000], sample_of(table)) == recorded[:3]


def test_texts_of_several_scans_stay_as_they_are() -> None:
    """Of a tenant's rows joined with a day's it isn't recorded which of the two match more."""
    table = world()
    days = tuple(Question(0, 1 / TEXTS, (table.between("DAY", i, i + 350),), matched=0.4) for i in range(TEXTS))
    both = (*questions(table, 2, 0.4), *days)
    assert weighed(both, [5_000], sample_of(table)) == both


LOOK_UP = "SELECT * FROM t WHERE tenant = {}"


@pytest.mark.parametrize(
    ("statement", "weighed"),
    [
        (LOOK_UP, True),
        (LOOK_UP.replace("*", "day, COUNT(*)") + " GROUP BY day LIMIT 5", True),
        (LOOK_UP + " LIMIT 5", False),
        (LOOK_UP + " ORDER BY day DESC LIMIT 5", False),
        (LOOK_UP.replace("t WHERE", "t JOIN d ON kind = id WHERE") + " AND brand = 3", False),
    ],
    ids=["alone", "grouped", "stopped", "latest", "joined"],
)
def test_what_is_recorded_of_part_of_the_partitions_weighs_nothing(statement: str, weighed: bool) -> None:
    """A scan that ends early, or whose partitions a join or a top-k skips, isn't recorded with all the rows that match."""
    rng = np.random.default_rng(3)
    tenant = np.where(rng.random(ROWS) < HOT, 0.0, rng.integers(1, 80, ROWS))
    fact = {"TENANT": tenant, "DAY": rng.integers(19_000, 20_000, ROWS), "KIND": rng.integers(0, 20, ROWS)}
    few = {"ID": np.arange(20), "BRAND": np.arange(20) // 2}
    tables = tuple(
        Rows(name, {column: number(column, values) for column, values in columns.items()}, partitions)
        for name, columns, partitions in (("T", fact, PARTITIONS), ("D", few, 1))
    )
    case = Case("limits", tables, (Template(lambda r, at: statement.format(0 if r.random() < HOT else r.integers(1, 80)), 300),))  # fmt: skip
    shown = execute(case, SHOWN_DAYS, 36, rng)
    found = told(case, shown, truths(case, shown), 3, "sample")["T"].profile.layout.questions
    assert all((question.matched is not None) is weighed for question in found)


def test_a_proof_weighs_the_texts_that_it_replays_as_the_prediction_does() -> None:
    replayed = [Replay(load, 1 / 2, None, None) for load in (0, 0, 1, 1, 2, 2)]
    asked = [Question(0, 0.8, ()), Question(0, 0.2, ()), Question(1, 1.0, ())]
    asked += [Question(2, 1.0, (), together=(0,)), Question(2, -1.0, (), together=(0, 1))]
    weights = [each.weight for each in as_weighed(replayed, asked)]
    assert weights == [0.8, 0.2, 0.5, 0.5, 0.5, 0.5], "of other scans than the prediction's nothing is told"
