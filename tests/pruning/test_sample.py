"""Row samples: what is counted on them against what the whole table scans, and how their files are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advisor.analyzer import analyze
from advisor.errors import InputError
from advisor.model import Advice, Grade, KeyPart, Recommendation, TableName
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.counting import count
from advisor.pruning.cut import PACKED_BITS, Draw, compact, in_order
from advisor.pruning.layout import Layout
from advisor.pruning.prediction import predict
from advisor.pruning.sample import Sample
from advisor.settings import Settings
from advisor.snapshot import open_snapshot, row_sample, sample_file
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, loads, runs
from tests.snapshots import Row, write_snapshot
from tests.worlds import Floats, World

PARTITIONS = 200
ROWS = 100_000
SAMPLED = 3_000
DAY0 = 19_000.0


def world(seed: int = 5) -> World:
    """Days, a shipping day that follows them with a long tail, skewed tenants, items without order."""
    rng = np.random.default_rng(seed)
    day = DAY0 + np.sort(rng.integers(0, 730, ROWS)).astype(float)
    values = {
        "DAY": day,
        "SHIPPED": day + np.floor(rng.exponential(3, ROWS)),
        "TENANT": np.floor(40 * rng.random(ROWS) ** 3),
        "ITEM": rng.integers(0, 30_000, ROWS).astype(float),
    }
    return World(values, {"DAY": "date", "SHIPPED": "date", "TENANT": "number", "ITEM": "number"}, PARTITIONS)


def sampled(layout: Layout, table: World, seed: int = 11) -> Layout:
    rows = np.random.default_rng(seed).choice(table.rows, SAMPLED, replace=False)
    return replace(layout, sample=Sample({name: values[rows] for name, values in table.columns.items()}))


KEYS: list[tuple[KeyPart, ...]] = [
    (KeyPart("DAY", unit="WEEK"),),
    (KeyPart("TENANT"),),
    (KeyPart("ITEM"),),
    (KeyPart("SHIPPED"),),
    (KeyPart("TENANT"), KeyPart("DAY", unit="MONTH")),
    (KeyPart("DAY", unit="MONTH"), KeyPart("TENANT")),
    (KeyPart("DAY", unit="QUARTER"), KeyPart("ITEM")),
    (KeyPart("TENANT"), KeyPart("ITEM")),
]


@pytest.fixture(scope="module")
def errors() -> Mapping[str, Floats]:
    """How many times too much or too little is said of each question under each key: counted, and by the closed form."""
    table = world()
    week, month = table.between("DAY", DAY0 + 300, DAY0 + 307), table.between("SHIPPED", DAY0 + 500, DAY0 + 531)
    large, few = table.equal("TENANT", 0), table.equal("TENANT", 7, 21, 33)
    items = table.between("ITEM", 5000, 5600)
    asked = [[week], [month], [large], [few], [items], [week, large], [month, few], [items, large]]
    layout = table.layout(asked)
    with_sample = sampled(layout, table)
    found: dict[str, list[Floats]] = {"counted": [], "computed": []}
    for key in KEYS:
        truth = np.maximum(1, [table.counted(key, asks) for asks in asked])
        for how, said in (("counted", count(with_sample, key)), ("computed", predict(layout, key))):
            ratio = np.maximum(1, said) / truth
            found[how].append(np.maximum(ratio, 1 / ratio))
    return {how: np.concatenate(each) for how, each in found.items()}


def test_what_is_counted_on_a_sample_is_near_what_the_whole_table_scans(errors: Mapping[str, Floats]) -> None:
    assert np.median(errors["counted"]) < 1.1
    assert (errors["counted"] < 2).mean() > 0.95


def test_counting_beats_computing_where_values_are_skewed_and_move_together(errors: Mapping[str, Floats]) -> None:
    assert np.log(errors["counted"]).mean() < np.log(errors["computed"]).mean()


def test_a_sample_of_all_rows_counts_what_the_table_scans() -> None:
    table = world()
    asked = [[table.equal("TENANT", 3)], [table.between("DAY", DAY0 + 100, DAY0 + 110)]]
    layout = replace(table.layout(asked), sample=Sample(table.columns))
    key = (KeyPart("TENANT"), KeyPart("DAY"))
    assert count(layout, key) == pytest.approx([table.counted(key, asks) for asks in asked], rel=0.05)


def test_a_sample_serves_a_table_of_which_it_has_enough_rows() -> None:
    sample = Sample({"A": np.arange(800.0)})
    assert sample.serving(100, 80_000) is sample
    assert sample.serving(101, 80_000) is None


def test_a_column_that_is_nearly_all_null_isnt_told_from_a_few_sampled_values() -> None:
    full, errors = np.arange(800.0), np.where(np.arange(800) % 100 == 0, np.arange(800.0), np.nan)
    serving = Sample({"A": full, "ERROR": errors}).serving(100, 80_000)
    assert serving is not None
    assert list(serving.columns) == ["A"]
    assert Sample({"ERROR": errors}).serving(100, 80_000) is None
    assert Sample({"ERROR": errors}).serving(100, 800) is not None, "these are all rows"


def test_few_rows_that_lie_anywhere_are_expected_in_as_many_partitions_as_hold_them() -> None:
    table = world()
    few = table.above("ITEM", 29_995)
    layout = sampled(table.layout([[few]]), table)
    key = (KeyPart("DAY", unit="WEEK"),)
    assert count(layout, key) == pytest.approx(table.counted(key, [few]), rel=0.6)
    assert count(layout, key)[0] > 5


def test_rows_that_the_key_puts_together_are_not_expected_everywhere() -> None:
    table = world()
    latest = table.above("SHIPPED", DAY0 + 730)
    layout = sampled(table.layout([[latest]]), table)
    assert count(layout, (KeyPart("DAY"),))[0] <= 2 * table.counted((KeyPart("DAY"),), [latest])


@pytest.mark.parametrize("tail", ["latest", "earliest"])
def test_few_rows_at_the_end_of_every_group_are_expected_in_each(tail: str) -> None:
    """Of each tenant the sample has some 75 rows, and its latest of these lies days before its latest of all."""
    table = world()
    end = table.above("DAY", DAY0 + 729) if tail == "latest" else Ask("DAY", 1 / 730, 0, None, DAY0 + 1)
    layout = sampled(table.layout([[end]]), table)
    key = (KeyPart("TENANT"), KeyPart("DAY"))
    true = table.counted(key, [end])
    assert true > 30, "nearly all of the forty tenants have rows of that day"
    assert count(layout, key) == pytest.approx(true, rel=0.15)


def test_few_rows_at_the_end_of_the_leading_column_are_expected_in_one_partition() -> None:
    table = world()
    latest = table.above("DAY", DAY0 + 729)
    layout = sampled(table.layout([[latest]]), table)
    assert count(layout, (KeyPart("DAY"), KeyPart("TENANT")))[0] <= 2, "no group before it spreads them"


@pytest.mark.parametrize("earlier", [KeyPart("SHIPPED"), KeyPart("SHIPPED", unit="WEEK"), KeyPart("DAY", unit="MONTH")])
def test_few_rows_that_an_earlier_expression_puts_together_are_expected_there_alone(earlier: KeyPart) -> None:
    table = world()
    latest = table.above("DAY", DAY0 + 729)
    layout = sampled(table.layout([[latest]]), table)
    key = (earlier, KeyPart("DAY"))
    assert count(layout, key)[0] <= 2 * table.counted(key, [latest]), "what ships in other weeks isn't of the last day"


def test_nulls_that_a_sample_shows_together_are_not_expected_elsewhere() -> None:
    values = np.where(np.arange(4_000) < 200, np.nan, 1.0)
    sample = Sample({"A": values, "B": np.arange(4_000.0)})
    axes = {"B": Axis("B", "number", 0, 4_000, 4_000)}
    along, across = (
        sample.with_nulls("A", sample.cut((KeyPart(column),) if column else (), axes, 100), 400_000).sum()
        for column in ("B", "")
    )
    assert along == pytest.approx(5, abs=1)
    assert across > 95


def test_nulls_within_many_small_groups_are_expected_at_the_end_of_each() -> None:
    """Of most groups the sample has a row or two, and few of them are NULL: that is chance, not groups without any."""
    rng = np.random.default_rng(8)
    item = np.floor(4_000 * rng.random(ROWS) ** 2)
    closed = np.where(rng.random(ROWS) < 0.03, np.nan, DAY0 + rng.integers(0, 730, ROWS))
    order = np.lexsort((rng.random(ROWS), closed, item))
    true = int(np.logical_or.reduceat(np.isnan(closed[order]), np.arange(PARTITIONS) * ROWS // PARTITIONS).sum())
    rows = rng.choice(ROWS, SAMPLED, replace=False)
    sample = Sample({"ITEM": item[rows], "CLOSED": closed[rows]})
    axes = {
        "ITEM": Axis("ITEM", "number", 0, 3_999, 4_000, known=True),
        "CLOSED": Axis("CLOSED", "date", DAY0, DAY0 + 729, 730, 0.03, True),
    }
    asked = (Question(0, 1.0, (Ask("CLOSED", 0.03, 1, null=True),)),)
    layout = Layout(float(ROWS), PARTITIONS, axes, {}, asked, 1, sample)
    assert true > 0.9 * PARTITIONS
    assert count(layout, (KeyPart("ITEM"), KeyPart("CLOSED")))[0] == pytest.approx(true, rel=0.1)


def test_nulls_that_some_groups_have_alone_are_not_expected_in_the_others() -> None:
    rng = np.random.default_rng(8)
    item = rng.integers(0, 400, ROWS).astype(float)
    closed = np.where((item < 40) & (rng.random(ROWS) < 0.5), np.nan, 1.0)
    rows = rng.choice(ROWS, SAMPLED, replace=False)
    sample = Sample({"ITEM": item[rows], "CLOSED": closed[rows]})
    axes = {
        "ITEM": Axis("ITEM", "number", 0, 399, 400, known=True),
        "CLOSED": Axis("CLOSED", "number", 1, 1, 1, 0.05, True),
    }
    asked = (Question(0, 1.0, (Ask("CLOSED", 0.05, 1, null=True),)),)
    layout = Layout(float(ROWS), PARTITIONS, axes, {}, asked, 1, sample)
    assert count(layout, (KeyPart("ITEM"), KeyPart("CLOSED")))[0] < 0.5 * PARTITIONS


def test_a_value_that_is_not_in_the_sample_stands_between_its_neighbours() -> None:
    sample = Sample({"A": np.array([1.0, 2.0, 2.0, 5.0, np.nan])})
    assert [sample.rank_of("A", value) for value in (1, 2, 5)] == [0, 1, 3]
    assert [sample.rank_of("A", value) for value in (0, 3, 9)] == [-0.5, 2.5, 3.5]


# ---------------------------------------------------------------- files

NAME = TableName("DB", "PUBLIC", "ORDERS")


def laid_out(folder: Path, name: TableName, values: Mapping[str, Any], **families: str) -> Mapping[str, list[float]]:
    """What is read of a sample file of these columns, laid out on axes of these families."""
    write_snapshot(folder)
    (folder / "samples").mkdir()
    pq.write_table(pa.table(dict(values)), folder / "samples" / sample_file(name))
    axes = {column: Axis(column, family, 0, 1, 10, prefix="C-") for column, family in families.items()}
    with open_snapshot(folder) as snapshot:
        sample = row_sample(snapshot, name, axes)
    return {} if sample is None else {column: list(map(float, rows)) for column, rows in sample.columns.items()}


def test_numbers_dates_and_times_become_positions(tmp_path: Path) -> None:
    zone = datetime.fromisoformat("1970-01-02T00:00:00+06:00")
    read = laid_out(
        tmp_path,
        NAME,
        {
            "N": pa.array([7, 7], pa.decimal128(10, 0)),
            "D": [date(1970, 1, 3)] * 2,
            "T": [datetime(1970, 1, 1, 12)] * 2,
            "Z": pa.array([zone.astimezone(UTC)] * 2, pa.timestamp("us", "Asia/Dhaka")),
            "B": [True, True],
        },
        N="number",
        D="date",
        T="timestamp",
        Z="timestamp",
        B="number",
    )
    assert read == {"B": [1, 1], "D": [2, 2], "N": [7, 7], "T": [0.5, 0.5], "Z": [0.75, 0.75]}


def test_nulls_have_no_position_and_text_keeps_its_order(tmp_path: Path) -> None:
    read = laid_out(tmp_path, NAME, {"C": ["C-b", None, "C-a"], "N": [1.0, 1.0, 1.0]}, C="text", N="number")
    first, second, third = read["C"]
    assert first < second
    assert np.isnan(third)


def test_columns_that_the_sample_lacks_are_left_to_the_model(tmp_path: Path) -> None:
    assert set(laid_out(tmp_path, NAME, {"N": [1], "EXTRA": ["x"]}, N="number", MISSING="date")) == {"N"}
    assert laid_out(tmp_path / "none", NAME, {"EXTRA": ["x"]}, N="number") == {}


@pytest.mark.parametrize("table", ["user.Events", "a/b", "100%", "ümläut", 'quo"te', "with space", "%2E", "a*?:<>|b"])
def test_any_table_finds_its_file(tmp_path: Path, table: str) -> None:
    name = TableName("D.B", "PUBLIC", table)
    assert laid_out(tmp_path, name, {"N": [3]}, N="number") == {"N": [3]}


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    values: dict[str, list[Any]] = {"N": [3, 1, 2, 1], "C": ["C-x", "C-y", None, "C-a"]}
    turned = {column: rows[::-1] for column, rows in values.items()}
    first = laid_out(tmp_path / "first", NAME, values, N="number", C="text")
    second = laid_out(tmp_path / "second", NAME, turned, N="number", C="text")
    assert str(first) == str(second)


def test_a_corrupt_sample_is_one_line_that_names_it(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / sample_file(NAME)).write_bytes(b"PAR1 and no more")
    with open_snapshot(tmp_path) as snapshot, pytest.raises(InputError, match=r"DB\.PUBLIC\.ORDERS\.parquet") as caught:
        row_sample(snapshot, NAME, {"N": Axis("N", "number", 0, 1, 2)})
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------- advice


def advise(folder: Path, sample: Mapping[str, Any] | None, history: Sequence[Row]) -> Advice:
    write_snapshot(folder, history, [ORDERS], columns=columns("ORDERS"))
    if sample is not None:
        (folder / "samples").mkdir()
        pq.write_table(pa.table(dict(sample)), folder / "samples" / sample_file(NAME))
    with open_snapshot(folder) as snapshot:
        return analyze(snapshot, Settings())


def keys(advice: Advice) -> list[Recommendation]:
    return [each for each in advice.recommendations if each.kind == "clustering_key"]


def test_advice_from_a_sample_is_graded_measured_and_surer(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = {
        "CUSTOMER_ID": rng.integers(0, 100_000, 40_000),
        "DAY": np.datetime64("2024-01-01") + rng.integers(0, 366, 40_000).astype("timedelta64[D]"),
    }
    history = runs(by_customer, 400, 2000) + runs(by_week, 100, 2000, start=5) + loads(100_000)
    (with_sample,) = keys(advise(tmp_path / "with", rows, history))
    (without,) = keys(advise(tmp_path / "without", None, history))
    assert (with_sample.grade, without.grade) == (Grade.MEASURED, Grade.ESTIMATED)
    assert with_sample.benefit.partitions_scanned is not None
    assert without.benefit.partitions_scanned is not None
    spread = [r.benefit.partitions_scanned.after for r in (with_sample, without) if r.benefit.partitions_scanned]
    assert spread[0].high / spread[0].low < spread[1].high / spread[1].low


def test_a_sample_too_small_for_the_partitions_is_not_counted_on(tmp_path: Path) -> None:
    rows = {"CUSTOMER_ID": list(range(100))}
    (recommended,) = advise(tmp_path, rows, runs(by_customer, 400, 2000) + loads(100_000)).recommendations
    assert recommended.grade is Grade.ESTIMATED


def test_a_key_on_a_column_that_the_sample_lacks_is_computed() -> None:
    table = world()
    layout = table.layout([[table.equal("ITEM", 77)], [table.equal("TENANT", 7)]])
    rows = np.arange(0, ROWS, 20)
    partial = replace(layout, sample=Sample({"TENANT": table.columns["TENANT"][rows]}))
    for key in ([KeyPart("ITEM")], [KeyPart("TENANT"), KeyPart("ITEM")]):
        assert list(count(partial, key)) == list(predict(layout, key))


@pytest.mark.parametrize("sizes", [(), (7,), (1, 300), (3_000, 40, 9), (2**31, 2**31, 2**31)])
def test_rows_sort_by_each_code_in_turn_and_stay_as_they_lie_where_all_are_equal(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    codes = [compact(rng.integers(0, size, SAMPLED)) for size in sizes]
    packed = sum(int(code.max()).bit_length() for code in codes) + SAMPLED.bit_length() <= PACKED_BITS
    assert packed == (len(sizes) < 3 or max(sizes) < 2**31), "the last case has no room in one number"
    expected = np.lexsort((np.arange(SAMPLED), *reversed(codes)))
    assert in_order(codes, SAMPLED).tolist() == expected.tolist()


def test_drawn_rows_span_what_they_hold_and_a_partition_without_any_spans_nothing() -> None:
    values = np.array([4.0, 9.0, 1.0, 5.0, 5.0, 7.0, 2.0, 3.0])
    drawn = Draw.of(np.array([0, 1, 5, 6, 7]), np.array([0, 2, 4, 6]))
    assert drawn.spans(values, values).tolist() == [5.0, -np.inf, 0.0, 1.0]


@pytest.mark.parametrize(
    ("few", "many", "least", "most", "why"),
    [
        (12, (13,), 150, 200, "a hot value's rows in one partition, and as many of others spread evenly"),
        (15, (9, 6), 150, 200, "in two of them"),
        (15, (5, 3, 8, 8, 6), 150, 200, "in five, of a status that most rows of today still have"),
        (0, (13, 8, 4), 3, 60, "rows that lie in three partitions alone"),
        (2, (20, 8), 4, 60, "few beside them show nothing"),
    ],
)
def test_a_hot_value_in_a_partition_or_two_doesnt_hide_the_rows_that_are_everywhere(
    few: int, many: tuple[int, ...], least: int, most: int, why: str
) -> None:
    each = 30
    sample = Sample({"A": np.arange(PARTITIONS * each, dtype=float)})
    cut = sample.cut(
        (KeyPart("A"),), {"A": Axis("A", "number", 0, PARTITIONS * each, PARTITIONS * each, known=True)}, PARTITIONS
    )
    matching = np.zeros(PARTITIONS * each, bool)
    for partition, rows in zip(range(20, 25), many, strict=False):
        matching[partition * each : partition * each + rows] = True
    matching[np.arange(few) * each * 11 + each * 30] = True
    share = float(matching.mean())
    assert least <= sample.holding(matching, share, cut, PARTITIONS * 3000.0).sum() <= most, why
