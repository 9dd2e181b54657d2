"""Values beyond a column's ends: whoever asks for them reads a partition at most, in any order of the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.clustering.judge import Judge
from advisor.model import ColumnUsage, KeyPart, Role, TableName
from advisor.profile import TableProfile
from advisor.pruning.asks import Ask, Question, asks_of
from advisor.pruning.axes import Axis
from advisor.pruning.barren import barren
from advisor.pruning.widths import Observation, learn_widths
from benchmarks.worlds.cases import Case, Rows, Template, number
from benchmarks.worlds.outcomes import SHOWN
from benchmarks.worlds.told import Told, told
from benchmarks.worlds.truth import SHOWN_DAYS, Truth, execute, truths

ROWS, PARTITIONS, DAYS, SEED = 60_000, 150, 400, 3
KEY = (KeyPart("SOLD", digits=1), KeyPart("BUYER"))


def closed_shops(shops: int) -> Case:
    """Sales of two shops, in no order, of which so many are asked for."""
    rng = np.random.default_rng(SEED)
    columns = {
        "SOLD": number("SOLD", rng.integers(0, DAYS, ROWS)), "SHOP": number("SHOP", rng.integers(1, 3, ROWS)),
        "BUYER": number("BUYER", rng.integers(0, 9_000, ROWS)),
    }  # fmt: skip

    def month(r: np.random.Generator) -> str:
        low = int(r.integers(0, DAYS - 30))
        return f"sold BETWEEN {low} AND {low + 29}"

    return Case("closed shops", (Rows("SALES", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE shop = {r.integers(1, 1 + shops)} AND {month(r)}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE {month(r)}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE buyer = {r.integers(9_000)}", 50),
    ))  # fmt: skip


def seen(now: Case, then: Case) -> tuple[Told, Truth]:
    """What is told of the one table where the other had been asked."""
    executed = execute(then, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    found = truths(then, executed)
    return told(now, executed, found, SEED, "statistics")["SALES"], found["SALES"]


def predicted(each: Told) -> list[float]:
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    return [float(after) for after in judge.estimate(KEY).after]


def test_values_beyond_the_ends_read_one_partition_under_any_key() -> None:
    case = closed_shops(4)
    each, truth = seen(case, case)
    found, true = predicted(each), truth.per_template(truth.keyed(KEY))
    assert true[0] < 0.7 * true[1]
    assert found[0] == pytest.approx(true[0], rel=0.15)
    assert found[1] == pytest.approx(true[1], rel=0.25)


def test_they_show_nothing_of_the_order_of_the_rows() -> None:
    case = closed_shops(4)
    assert "SHOP" not in narrow(seen(case, case)[0].profile)


def narrow(profile: TableProfile) -> set[str]:
    return {column for column, width in profile.layout.widths.items() if width < 0.5}


def test_statistics_that_have_not_seen_a_value_do_not_end_what_has_read_on() -> None:
    """The third shop has opened since they were taken; who asked for its sales read all partitions."""
    later = closed_shops(3)
    opened = later.tables[0].columns["SHOP"]
    values = np.where(np.arange(ROWS) % 3 == 0, 3.0, opened.values)
    columns = {**later.tables[0].columns, "SHOP": replace(opened, values=values)}
    each, _ = seen(closed_shops(3), replace(later, tables=(replace(later.tables[0], columns=columns),)))
    assert not any(question.barren for question in each.profile.layout.questions)


def looked_up(first: int) -> bool:
    """Whether nobody holds an id of those from `first` on, by statistics of 50,000 ids from 0."""
    line = Axis("ID", "number", 0.0, 49_999.0, 50_000.0, known=True)
    values = tuple(range(first, first + 3))
    usage = ColumnUsage(TableName("DB", "PUBLIC", "T"), "ID", Role.MEMBERSHIP, 0, values=values)
    (ask,) = asks_of([usage], {"ID": line})
    return ask.unmatched


def test_ids_that_count_on_may_have_come_since_the_statistics() -> None:
    assert not looked_up(50_100)
    assert looked_up(-20)
    assert looked_up(5_000_000)


def test_a_value_of_half_of_the_rows_that_reads_nearly_all_is_not_in_half_an_order() -> None:
    half = Question(0, 1.0, (Ask("SHOP", 0.48, 1, positions=(1.0,)),))
    assert learn_widths([Observation(0.96, 10.0, (half,))]) == {"SHOP": 1.0}


def asked(read_on: int, texts: int) -> list[Question]:
    """Of so many texts the first look for values that are there, as the others don't."""
    there, nowhere = Ask("ID", 0.001, 1, positions=(5.0,)), Ask("ID", 0.001, 1, positions=(900.0,), unmatched=True)
    return [Question(0, 1 / texts, (there if i < read_on else nowhere,)) for i in range(texts)]


def test_scans_find_nothing_as_often_as_all_executions_read_little() -> None:
    found = barren(asked(1, 12), [120] + [1] * 11, 20.0)
    assert [question.barren for question in found] == [False] + [True] * 11
    assert sum(question.weight * (1 if question.barren else 120) for question in found) == pytest.approx(20)
    assert sum(question.weight for question in found) == pytest.approx(1)


def test_a_text_is_given_no_more_than_three_times_its_part() -> None:
    assert barren(asked(1, 12), [120] + [1] * 11, 100.0)[0].weight == pytest.approx(3 / 12)
    assert barren(asked(11, 12), [120] * 11 + [1], 120.0)[-1].weight == pytest.approx(1 / 36)
