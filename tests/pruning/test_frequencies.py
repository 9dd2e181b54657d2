"""What statistics tell of frequent values: known shares, groups of known size, and which of two sources is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from advisor import frequent
from advisor.model import Column, ColumnStatistics, ColumnUsage, KeyPart, Role, TableName
from advisor.pruning import stand_ins
from advisor.pruning.allotment import allotted, corrected
from advisor.pruning.asks import Ask, Question, asks_of, within
from advisor.pruning.axes import Axis
from advisor.pruning.ends import axis
from advisor.pruning.groups import groups, sizes_of
from advisor.pruning.nests import nested
from advisor.pruning.prediction import predict
from advisor.pruning.weighing import weighed_by_frequencies
from tests.worlds import World

ROWS, PARTITIONS = 60_000, 200
LIFE = (datetime(2020, 1, 1), datetime(2026, 1, 5))
T = TableName("DB", "PUBLIC", "T")
HOT = 0.4


def line(values: np.ndarray, name: str = "TENANT", told: bool = True, rows: int = ROWS) -> Axis:
    """The axis of a column of numbers, as the collector's statistics have it."""
    distinct, counts = np.unique(values, return_counts=True)
    pairs = tuple(frequent.kept([(str(v), int(n)) for v, n in zip(distinct, counts, strict=True)], len(values)))
    known = ColumnStatistics(
        float(len(distinct)), str(distinct[0]), str(distinct[-1]), 0.0, frequent=pairs if told else None
    )
    return axis(name, Column(name, "NUMBER", 1, known), float(rows), (), LIFE)


def usage(value: object, column: str = "TENANT", **ends: object) -> ColumnUsage:
    values = () if ends else (value,)
    role = Role.RANGE if ends else Role.EQUALITY
    return ColumnUsage(T, column, role, 0, values=values, clause=0, **ends)  # type: ignore[arg-type]


def tenants(seed: int = 3) -> np.ndarray:
    """One has four rows in ten, two hundred others the rest."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(ROWS) < HOT, 7.0, rng.integers(0, 200, ROWS)).astype(float)


def asked(value: float, told: bool = True) -> Ask:
    (found,) = asks_of([usage(value)], {"TENANT": line(tenants(), told=told)})
    return found


def test_what_a_value_holds_is_known() -> None:
    values = tenants()
    for value in (7.0, 11.0):
        assert asked(value).share == pytest.approx((values == value).mean(), rel=0.15)
    assert asked(7.0).counted
    assert asked(7.0, told=False).share == pytest.approx(1 / 200, rel=0.01)


def test_a_frequent_value_is_believed_and_not_what_all_executions_match_on_average() -> None:
    axes = {"TENANT": line(tenants())}
    assert corrected((asked(7.0),), 0.05, axes) == (asked(7.0),)
    (guess,) = corrected((asked(7.0, told=False),), 0.05, {"TENANT": line(tenants(), told=False)})
    assert guess.share == pytest.approx(0.05)


def test_a_range_counts_the_frequent_values_in_it() -> None:
    values, told = tenants(), line(tenants())
    for low, high in ((5.0, 9.0), (9.0, 50.0)):
        true = ((values >= low) & (values < high)).mean()
        assert within(told, low, high) == pytest.approx(true, rel=0.1)


def test_a_value_that_stands_for_none_is_counted() -> None:
    never = json.dumps([["9999-12-31", 0.7]])
    known = ColumnStatistics(731, "2024-01-01", "9999-12-31", 0.0, frequent=tuple(map(tuple, json.loads(never))))
    found = axis("ENDED", Column("ENDED", "DATE", 1, known), ROWS, [date(2025, 3, 1)], LIFE)
    assert len(found.stand_ins) == 1
    assert found.stood_in == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("matched", "stood", "why"),
    [
        (0.0009, 0.0009, "a day of two years holds more, and is frequent"),
        (0.3, 0.0015, "no more than the least of the frequent values"),
        (None, 1e-6, "hardly a row"),
    ],
)
def test_of_what_is_not_among_the_frequent_values_queries_tell(matched: float | None, stood: float, why: str) -> None:
    days = tuple((str(date(2024, 1, 1) + timedelta(days=i)), 0.0015) for i in range(frequent.KEPT))
    known = ColumnStatistics(731, "2024-01-01", "9999-12-31", 0.0, frequent=days)
    literals = [date(2025, 3, 1), date(9999, 12, 31)]
    axes = {"ENDED": axis("ENDED", Column("ENDED", "DATE", 1, known), ROWS, literals, LIFE)}
    asks = asks_of([usage(date(9999, 12, 31), "ENDED")], axes)
    asks = asks if matched is None else corrected(asks, matched, axes)
    told = stand_ins.told(axes, [Question(0, 1.0, asks, matched=matched)])
    assert told["ENDED"].stood_in == pytest.approx(stood), why


@pytest.mark.parametrize("part", [KeyPart("TENANT"), KeyPart("TENANT", digits=1), KeyPart("TENANT", digits=2)])
def test_groups_are_as_uneven_as_they_are(part: KeyPart) -> None:
    values, told = tenants(), line(tenants())
    _, counts = np.unique(np.trunc(values / 10 ** (part.digits or 0)), return_counts=True)
    assert groups(told, part) == pytest.approx(ROWS**2 / (counts**2).sum(), rel=0.05)
    sizes = sizes_of(told, part)
    assert sizes is None or sizes[0] == pytest.approx(counts.max() / ROWS, rel=0.05)
    assert groups(line(values, told=False), part) > 1.1 * groups(told, part)


def test_values_that_hold_alike_make_groups_of_one_size() -> None:
    even = line(np.random.default_rng(1).integers(0, 60, ROWS).astype(float))
    assert groups(even, KeyPart("TENANT")) == pytest.approx(60, rel=0.01)
    assert sizes_of(even, KeyPart("TENANT")) is None


def world() -> World:
    """Users are numbered from their tenant's thousand on, 400 of each."""
    rng = np.random.default_rng(5)
    tenant = np.minimum(rng.zipf(1.3, ROWS), 300).astype(float)
    user = tenant * 1000 + rng.integers(0, 400, ROWS).astype(float)
    day = np.floor(rng.uniform(0, 700, ROWS))
    return World({"TENANT": tenant, "USER": user, "DAY": day}, {"TENANT": "number", "USER": "number", "DAY": "date"}, PARTITIONS)  # fmt: skip


@pytest.mark.parametrize(
    "key",
    [
        (KeyPart("TENANT"), KeyPart("DAY")),
        (KeyPart("TENANT", digits=1), KeyPart("DAY")),
        (KeyPart("USER", digits=2), KeyPart("DAY")),
        (KeyPart("DAY", unit="QUARTER"), KeyPart("USER")),
    ],
)
@pytest.mark.parametrize("tenant", [1.0, 3.0, 40.0])
def test_a_tenants_rows_lie_where_its_size_puts_them_also_in_an_order_of_its_users(
    key: tuple[KeyPart, ...], tenant: float
) -> None:
    table = world()
    axes = {name: line(table.columns[name], name) for name in ("TENANT", "USER")}
    (of_tenant,) = asks_of([usage(tenant)], axes)
    (of_user,) = asks_of([usage(tenant * 1000 + 17, "USER")], axes)
    asks = [[of_tenant], [of_user]]
    layout = table.layout(asks)
    told, begun = nested({**layout.axes, **axes}, layout.questions)
    found = predict(replace(layout, axes=told, nests=begun), key)
    for each, predicted in zip(asks, found, strict=True):
        true = table.counted(key, each)
        assert max(predicted / true, true / predicted) < 1.9, (each, predicted, true)


def test_small_groups_beside_large_ones_are_reached_through_another_column_too() -> None:
    """Each shop's last days are read, whatever the shop sells, also where shops seem to go along with days."""
    rng = np.random.default_rng(9)
    shops = np.minimum(rng.zipf(1.3, ROWS), 50).astype(float)
    days = np.sort(rng.integers(0, 730, ROWS)).astype(float) + 19_000
    table = World({"SHOP": shops, "DAY": days}, {"SHOP": "number", "DAY": "date"}, PARTITIONS)
    since = [table.above("DAY", 19_700.0)]
    layout = table.layout([since])
    layout = replace(layout, axes={**layout.axes, "SHOP": line(shops, "SHOP")}, widths={"SHOP": 0.3, "DAY": 0.0})
    key = (KeyPart("SHOP"), KeyPart("DAY"))
    (found,), true = predict(layout, key), table.counted(key, since)
    assert max(found / true, true / found) < 1.9, (found, true)


def test_texts_are_weighed_by_what_their_values_hold() -> None:
    axes = {"TENANT": line(tenants())}
    texts = [asked(7.0)] * 6 + [asked(float(30 + i)) for i in range(6)]
    truly = float(np.mean([ask.share for ask in texts])) / 2
    questions = [Question(0, 1 / 12, (ask,), matched=truly) for ask in texts]
    told = weighed_by_frequencies(questions, [5_000], axes)
    assert sum(q.weight * q.asks[0].share for q in told) == pytest.approx(truly, rel=0.05)
    assert sum(q.weight for q in told) == pytest.approx(1)
    without = [replace(q, asks=(asked(q.asks[0].positions[0], told=False),)) for q in questions]
    assert weighed_by_frequencies(without, [5_000], axes) == tuple(without)


def test_what_is_left_of_the_average_the_other_values_hold_if_they_may() -> None:
    rng = np.random.default_rng(8)
    users = np.where(rng.random(ROWS) < 0.3, 0.0, rng.integers(1, 30_000, ROWS)).astype(float)
    axes = {"TENANT": line(users)}
    texts = [asks_of([usage(float(i))], axes) for i in range(100, 112)]
    for matched, share in ((2e-4, 2e-4), (0.05, axes["TENANT"].frequent.each)):  # type: ignore[union-attr]
        found, parts = allotted(texts, matched, axes)
        assert [ask.share for (ask,) in found] == pytest.approx([share] * 12, rel=0.01)
        assert parts == pytest.approx([matched] * 12)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('[["a", 60], ["b", 9], [null, 500], ["c", 12]]', [["a", 0.06], ["c", 0.012]]),
        ("[[7, 600], [8.50, 300], [true, 20]]", [["7", 0.6], ["8.50", 0.3], ["true", 0.02]]),
        (f'[["{"x" * 100}", 600]]', []),
        ("[]", []),
        ("[[1, 2", None),
        ("[1, 2]", None),
        ('[["a", "many"]]', None),
        ('[["a", 1e999]]', None),
        (None, None),
    ],
)
def test_counts_that_are_sure_are_kept_and_what_cannot_be_read_is_none(answer: str | None, kept: list[list[object]] | None) -> None:  # fmt: skip
    found = frequent.shares(answer, 1000)
    assert (None if found is None else json.loads(found)) == kept


def test_of_sampled_partitions_a_value_must_fill_several() -> None:
    counts = '[["2025-01-01", 9000], ["open", 30000]]'
    assert json.loads(frequent.shares(counts, 60_000, 20) or "") == [["open", 0.5]]
    assert len(json.loads(frequent.shares(counts, 60_000, 200) or "")) == 2
