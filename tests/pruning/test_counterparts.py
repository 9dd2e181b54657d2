"""Columns that go one to one: told from those that don't, and what a key on the one brings to conditions on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.counterparts import STRAYING, Ties, ties, told_together
from advisor.pruning.frequencies import Frequencies
from advisor.pruning.groups import as_asked
from advisor.pruning.layout import Layout
from advisor.pruning.prediction import predict
from tests.worlds import World

PRODUCT = Axis("PRODUCT_ID", "number", 1, 3000, 3000, known=True)
CODE = Axis("CODE", "text", 0.17, 0.26, 2950, known=True)
LEAST = 0.0005  # of the rows
BOTH = {"CODE": frozenset({"PRODUCT_ID"}), "PRODUCT_ID": frozenset({"CODE"})}


def sure(*axes: Axis) -> Ties:
    return ties({line.column: line for line in axes}, (), {})[0]


def test_equal_distinct_counts_are_taken_for_one_to_one() -> None:
    assert ties({"PRODUCT_ID": PRODUCT, "CODE": CODE}, (), {}) == (Ties(BOTH), None)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (replace(CODE, distinct=2700), "a tenth fewer values are other values"),
        (Axis("DAY", "date", 19_000, 21_999, 3000, known=True), "days are as many as their span is long"),
        (replace(PRODUCT, column="SUBSTITUTE_ID"), "numbers between the same ends refer to the same things"),
    ],
)
def test_other_equal_counts_have_other_reasons(other: Axis, why: str) -> None:
    assert sure(PRODUCT, other) == Ties(), why


def counted(line: Axis, shares: list[float], **others: object) -> Axis:
    """With frequent values that hold these shares, as statistics tell them."""
    values = [(float(i), line.low + i * line.span / 200, share) for i, share in enumerate(shares)]
    made = replace(line, **others)  # type: ignore[arg-type]
    return replace(made, frequent=Frequencies.of(values, made.distinct, 1 - made.absent, LEAST))


HALVES = [0.5**i for i in range(2, 10)]


@pytest.mark.parametrize(
    ("product", "code", "paired"),
    [
        (counted(PRODUCT, HALVES), counted(CODE, [each * 0.995 for each in HALVES]), True),
        (counted(PRODUCT, HALVES), counted(CODE, [0.6]), False),
        (counted(PRODUCT, HALVES), counted(CODE, []), False),
        (counted(PRODUCT, []), counted(CODE, []), True),
        (counted(PRODUCT, HALVES, stood_in=0.4), counted(CODE, [0.4, *HALVES]), True),
        (counted(PRODUCT, HALVES, null_share=0.4), counted(CODE, HALVES), False),
    ],
)
def test_values_of_equal_counts_hold_alike_where_they_go_together(product: Axis, code: Axis, paired: bool) -> None:
    assert sure(product, code) == Ties(BOTH if paired else {})


def test_few_values_are_as_many_by_chance() -> None:
    assert sure(replace(PRODUCT, distinct=12), replace(CODE, distinct=12)) == Ties()


@pytest.mark.parametrize(("share", "paired"), [(0.0005, True), (0.01, False)])
def test_without_statistics_values_of_as_many_rows_may_go_together(share: float, paired: bool) -> None:
    axes = {"PRODUCT_ID": replace(PRODUCT, known=False), "CODE": replace(CODE, distinct=4800, known=False)}
    asks = [Ask("PRODUCT_ID", 0.0012, 4, positions=(1.0, 2.0, 3.0, 4.0)), Ask("CODE", share, 1, positions=(0.2,))]
    questions = [Question(i, 1.0, (ask,)) for i, ask in enumerate(asks)]
    assert ties(axes, questions, {}) == (Ties(), Ties(BOTH) if paired else None)


@pytest.mark.parametrize(
    ("widths", "why"),
    [
        ({}, "nothing is known of today's order"),
        ({"SHIPPED": 0.9, "RECEIVED": 0.8}, "rows lie in the order of neither"),
        ({"SHIPPED": 0.01, "RECEIVED": 0.8}, ""),
    ],
)
def test_times_are_surmised_to_go_together_unless_the_layout_shows_them_apart(
    widths: dict[str, float], why: str
) -> None:
    axes = {name: Axis(name, "date", 19_000, 19_730, 731) for name in ("RECEIVED", "SHIPPED")}
    pairs = {"RECEIVED": frozenset({"SHIPPED"}), "SHIPPED": frozenset({"RECEIVED"})}
    assert ties(axes, (), widths) == (Ties(), Ties(abreast=pairs) if why else None), why


@pytest.mark.parametrize(
    ("late", "known", "following"),
    [((1, 14), True, True), ((1, 40), True, False), ((90, 14), True, False), ((1, 14), False, False)],
)
def test_times_between_the_same_days_are_taken_to_follow_each_other(
    late: tuple[int, int], known: bool, following: bool
) -> None:
    shipped = Axis("SHIPPED", "date", 19_000, 19_730, 731, known=True)
    received = Axis("RECEIVED", "date", shipped.low + late[0], shipped.high + late[1], 700, known=known)
    pairs = {"RECEIVED": frozenset({"SHIPPED"}), "SHIPPED": frozenset({"RECEIVED"})}
    taken, surmised = ties({"RECEIVED": received, "SHIPPED": shipped}, (), {})
    assert taken == Ties(abreast=pairs if following else {})
    assert surmised == (None if following else Ties(abreast=pairs))


@pytest.mark.parametrize(
    ("common", "rows", "paired"), [(1.0, 3, False), (0.4, 3, True), (0.01, 7, True), (0.01, 9, False)]
)
def test_rows_of_values_that_are_told_to_differ_may_be_further_apart(common: float, rows: float, paired: bool) -> None:
    """Where a few products hold most rows, how many rows a dozen queries match tells less of all."""
    axes = {"PRODUCT_ID": replace(PRODUCT, known=False, uncommon=common), "CODE": replace(CODE, known=False)}
    asks = [Ask("PRODUCT_ID", rows / 1e4, 1, positions=(1.0,)), Ask("CODE", 1 / 1e4, 1, positions=(0.2,))]
    questions = [Question(i, 1.0, (ask,)) for i, ask in enumerate(asks)]
    assert ties(axes, questions, {}) == (Ties(), Ties(BOTH) if paired else None)


def test_the_lesser_share_of_two_columns_that_go_one_to_one_tells_of_both() -> None:
    asks = [Ask("PRODUCT_ID", 0.0003, 1, positions=(float(i),)) for i in range(12)]
    asks += [Ask("CODE", 0.0002, 1, positions=(0.2,)) for _ in range(12)]
    questions = [Question(i, 1.0, (ask,)) for i, ask in enumerate(asks)]
    told = told_together({"PRODUCT_ID": PRODUCT, "CODE": CODE}, BOTH, questions)
    assert {name: line.uncommon for name, line in told.items()} == pytest.approx({"CODE": 0.59, "PRODUCT_ID": 0.59})


def coded(rng: np.random.Generator, follows: bool) -> World:
    """Half of the rows are of ten products, the others of 2,000; a code is its product's, in no order, or anything."""
    common, rare = rng.integers(1, 11, 40_000), rng.integers(11, 2011, 40_000)
    product = rng.permutation(np.concatenate([common, rare])).astype(float)
    codes = rng.permutation(2011).astype(float) + 50_000
    code = codes[product.astype(int)]
    columns = {"PRODUCT_ID": product, "CODE": code if follows else rng.permutation(code)}
    return World(columns, {"PRODUCT_ID": "number", "CODE": "number"}, 200)


def asking(world: World, rng: np.random.Generator) -> tuple[Layout, list[list[Ask]]]:
    """Single products and codes, rare ones, with the rows that they match, as the history records it."""
    asked = []
    for column in ("PRODUCT_ID", "CODE"):
        values, counts = np.unique(world.columns[column], return_counts=True)
        drawn = rng.choice(values[counts < 200], 12, replace=False)
        share = float(np.mean([(world.columns[column] == value).mean() for value in drawn]))
        asked += [[Ask(column, share, 1, positions=(float(value),))] for value in drawn]
    layout = world.layout(asked)
    layout = replace(layout, axes=as_asked(layout.axes, layout.questions))
    return replace(layout, ties=ties(layout.axes, layout.questions, {})[0]), asked


KEY = (KeyPart("PRODUCT_ID"),)


def test_common_values_stand_among_rare_ones_where_text_is_the_key() -> None:
    """By Zipf's law some of the partitions hold a single product. Codes stand in no order, so all others hold rare ones too, and none
    of them is sure to be skipped when products are asked for."""
    rng = np.random.default_rng(3)
    product = np.minimum(rng.zipf(1.15, 80_000), 3000).astype(float)
    columns = {"PRODUCT_ID": product, "CODE": rng.permutation(3001).astype(float)[product.astype(int)] + 50_000}
    world = World(columns, {"PRODUCT_ID": "number", "CODE": "number"}, 200)
    drawn = rng.choice(np.unique(product), 36, replace=False)
    share = float(np.mean([(product == value).mean() for value in drawn]))
    asked = [[Ask("PRODUCT_ID", share, 1, positions=(float(value),))] for value in drawn]
    layout = world.layout(asked)
    axes = as_asked(layout.axes, layout.questions)
    layout = replace(layout, axes=told_together(axes, BOTH, layout.questions), ties=Ties(BOTH))
    text = {name: replace(line, family="text") if name == "CODE" else line for name, line in layout.axes.items()}
    key = (KeyPart("CODE"),)
    true = float(np.mean(world.counts(key, asked)))
    number, letters = (float(np.mean(predict(each, key))) for each in (layout, replace(layout, axes=text)))
    assert number < true / 1.5, "numbers are taken to be given out to values of about one size at a time"
    assert true / 1.15 <= letters <= true * 1.15, (true, number, letters)


def test_partitions_of_one_product_are_skipped_by_other_products_codes() -> None:
    rng = np.random.default_rng(3)
    world = coded(rng, follows=True)
    layout, asked = asking(world, rng)
    true = float(np.mean(world.counts(KEY, asked[12:])))
    with_them, without = (float(np.mean(predict(each, KEY)[12:])) for each in (layout, replace(layout, ties=Ties())))
    assert without == 200, "nothing else says that a key on the product serves the code"
    assert with_them == pytest.approx(true, rel=0.1)


def test_what_may_or_may_not_go_together_is_expected_between_the_two() -> None:
    rng = np.random.default_rng(4)
    together, apart = coded(rng, follows=True), coded(rng, follows=False)
    layout, asked = asking(together, rng)
    maybe = float(np.mean(predict(replace(layout, ties=Ties(), surmise=layout.ties), KEY)[12:]))
    least, most = (float(np.mean(world.counts(KEY, asked[12:]))) for world in (together, apart))
    assert least < maybe < most
    assert maybe == pytest.approx((least + most) / 2, rel=0.1)


def test_every_key_is_expected_halfway_whether_the_surmise_tells_of_it_or_not() -> None:
    rng = np.random.default_rng(4)
    layout, _ = asking(coded(rng, follows=True), rng)
    surmised = replace(layout, ties=Ties(), surmise=layout.ties)
    moved = []
    for part in (KeyPart("PRODUCT_ID"), KeyPart("CODE"), KeyPart("PRODUCT_ID", digits=1), KeyPart("CODE", digits=1)):
        so, otherwise = predict(surmised.surmised, (part,)), predict(surmised.unsurmised, (part,))
        assert predict(surmised, (part,)).tolist() == (0.5 * so + 0.5 * otherwise).tolist(), part
        moved.append(so.tolist() != otherwise.tolist())
    assert set(moved) == {True, False}, "of some the surmise tells, of others it doesn't"


def test_a_key_on_one_time_serves_another_where_they_are_surmised_to_go_together() -> None:
    rng = np.random.default_rng(6)
    shipped = np.floor(19_000 + rng.uniform(0, 730, 60_000))
    columns = {"SHIPPED": shipped, "RECEIVED": shipped + rng.integers(1, 30, 60_000)}
    world = World(columns, {"SHIPPED": "date", "RECEIVED": "date"}, 200)
    week = [world.between("RECEIVED", 19_300, 19_307)]
    layout = world.layout([week])
    _, surmise = ties({name: replace(line, known=False) for name, line in layout.axes.items()}, (), layout.widths)
    true, key = world.counted((KeyPart("SHIPPED"),), week), (KeyPart("SHIPPED"),)
    following = replace(layout, ties=surmise or Ties())
    right, wrong, both = (
        float(predict(each, key)[0]) for each in (following, layout, replace(layout, surmise=surmise))
    )
    assert true <= right <= true + STRAYING * 200
    assert wrong == 200
    assert both == pytest.approx((right + wrong) / 2)
    for doubted in (following, replace(layout, surmise=surmise)):
        assert doubted.apart is not None
        assert predict(doubted.apart, key)[0] == wrong, "what the range reaches to"
    assert layout.apart is None


def test_a_question_for_both_is_answered_by_the_key_s_own_column() -> None:
    rng = np.random.default_rng(5)
    layout, _ = asking(coded(rng, follows=True), rng)
    both = (*layout.questions[0].asks, *layout.questions[12].asks)
    alone, beside = (
        predict(replace(layout, questions=(Question(0, 1.0, asks),), loads=1), KEY)[0] for asks in (both[:1], both)
    )
    assert beside == alone < 5
