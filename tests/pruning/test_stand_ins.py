"""9999-12-31 for "still", 1900-01-01 for "never", -1 for "unknown": from the statistics to the partitions counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from advisor.clustering.judge import Judge
from advisor.model import Column, ColumnStatistics, KeyPart, Value
from advisor.pruning import stand_ins
from advisor.pruning.allotment import as_versions, corrected
from advisor.pruning.asks import Ask, Question, within
from advisor.pruning.axes import EPOCH, Axis
from advisor.pruning.ends import axis
from benchmarks.worlds.cases import TODAY, Case, Rows, Template, dates, number
from benchmarks.worlds.outcomes import HELD, SHOWN, advised
from benchmarks.worlds.synthetic import DAYS, FIRST, some_days
from benchmarks.worlds.told import EVIDENCE, Told, told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, Truth, execute, truths

ROWS, PARTITIONS, SEED = 120_000, 120, 3
NOW = datetime(2026, 1, 5)
CREATED = datetime(2023, 1, 2)
FAR, NEVER = (date(9999, 12, 31), date(1900, 1, 1))


def line(kind: str, low: object, high: object, distinct: float, *literals: Value) -> Axis:
    column = Column("C", kind, 1, ColumnStatistics(distinct, str(low), str(high), 0.0))
    return axis("C", column, 1e6, literals, (CREATED, NOW))


def days(of: date) -> float:
    return float((of - EPOCH.date()).days)


def test_a_year_that_nobody_lives_to_see_is_no_end_of_a_time() -> None:
    found = line("DATE", date(2024, 1, 6), FAR, 731, FAR, date(2025, 5, 1))
    assert found.stand_ins == (days(FAR),)
    assert (found.low, found.high) == (days(date(2024, 1, 6)), days(date(2026, 1, 5)))


@pytest.mark.parametrize(("distinct", "found"), [(731, True), (9_000, False)])
def test_the_last_day_of_this_century_is_one_unless_there_are_days_enough_before_it(distinct: int, found: bool) -> None:
    end = date(2099, 12, 31)
    assert bool(line("DATE", date(2024, 1, 6), end, distinct, end).stand_ins) is found


def test_days_as_numbers_end_as_days_do() -> None:
    found = line("NUMBER", 20240106, 99991231, 731, *range(20250101, 20250111))
    assert found.stand_ins == (99991231.0,)
    assert (found.low, found.high) == (20240106, 20250110)


def test_nor_is_the_first_day_of_a_century_long_before_all_others() -> None:
    found = line("DATE", NEVER, date(2026, 1, 4), 731, date(2025, 12, 1))
    assert found.stand_ins == (days(NEVER),)
    assert (found.low, found.high) == (days(date(2024, 1, 5)), days(date(2026, 1, 4)))
    both = line("DATE", NEVER, FAR, 731, date(2025, 12, 1))
    assert both.stand_ins == (days(NEVER), days(FAR))
    assert (both.low, both.high) == (days(date(2024, 1, 6)), days(date(2026, 1, 5)))


@pytest.mark.parametrize("known", [True, False])
def test_more_than_0_is_asked_for_where_an_unknown_account_is_less(known: bool) -> None:
    """The 0 is no value of the column, nor another one that stands for none."""
    asked = [-1, 0, *(800_000_000 + 137 * i for i in range(20))]
    statistics = ColumnStatistics(3001, "-1", "800002999", 0.0) if known else None
    found = axis("C", Column("C", "NUMBER", 1, statistics), 1e6, asked, (CREATED, NOW), looked_up=True)
    assert found.stand_ins == (-1.0,)
    assert found.low >= 799_999_000


def test_a_time_of_seconds_begins_with_what_is_asked_for() -> None:
    found = line("TIMESTAMP_NTZ", "1970-01-01 00:00:00", "2026-01-04 10:00:00", 9e5, datetime(2024, 3, 1))
    assert found.stand_ins == (0.0,)
    assert found.low == days(date(2024, 3, 1))


@pytest.mark.parametrize(
    ("low", "high", "distinct", "literal"),
    [
        (NEVER, date(2010, 5, 5), 30_000.0, date(1961, 5, 5)),
        (NEVER, date(2026, 1, 4), 20_000.0, date(2025, 12, 1)),
        (date(1995, 1, 1), date(2026, 1, 4), 360.0, date(2025, 12, 31)),
        (date(2024, 1, 6), date(2055, 12, 31), 731.0, date(2025, 12, 31)),
        (date(1970, 1, 2), date(2026, 1, 4), 731.0, date(2025, 12, 31)),
    ],
    ids=["births", "many old days", "month ends", "due in thirty years", "no first of a year"],
)
def test_values_that_may_be_meant_are_ends(low: date, high: date, distinct: float, literal: date) -> None:
    found = line("DATE", low, high, distinct, literal)
    assert not found.stand_ins
    assert (found.low, found.high) == (days(low), days(high))


def test_a_number_for_none_lies_far_from_a_dense_stretch_of_others() -> None:
    asked = [700_000_000 + 3_000 * i for i in range(10)]
    found = line("NUMBER", -1, 700_030_000, 30_001, *asked)
    assert found.stand_ins == (-1.0,)
    assert (found.low, found.high) == (700_000_000, 700_030_000)
    nines = line("NUMBER", 5, 999_999_999, 20_001, *range(1, 20_000, 2_000))
    assert nines.stand_ins == (999_999_999.0,)
    assert nines.high == 20_005


@pytest.mark.parametrize(
    ("low", "high", "distinct", "asked"),
    [
        (0, 1_000_000, 900_000, range(990_000, 1_000_000, 1_000)),
        (-1, 20_000, 20_000, range(1, 20_000, 2_000)),
        (0, 700_030_000, 30_001, [700_000_001]),
        (12, 700_030_000, 30_001, range(700_000_000, 700_030_000, 3_000)),
    ],
    ids=["dense ids of which the latest are asked for", "beside the others", "one asked for", "nobody's none"],
)
def test_other_numbers_are_ends(low: int, high: int, distinct: float, asked: range | list[int]) -> None:
    found = line("NUMBER", low, high, distinct, *asked)
    assert not found.stand_ins
    assert (found.low, found.high) == (low, high)


def test_without_statistics_it_doesnt_stretch_what_is_asked_for() -> None:
    found = axis("C", Column("C", "DATE", 1), 1e6, [date(2025, 12, 1), FAR, NEVER], (CREATED, NOW))
    assert (found.low, found.high) == (days(CREATED.date()), days(NOW.date()))
    assert found.stand_ins == (days(NEVER), days(FAR))


@pytest.mark.parametrize(("kind", "share"), [("TIMESTAMP_NTZ", 0.7), ("DATE", 1.0)])
def test_a_range_that_ends_before_it_leaves_it_out(kind: str, share: float) -> None:
    """The high end of a date's range is its last day, that of any other is excluded."""
    found = line(kind, date(2024, 1, 6), FAR, 731, date(2025, 5, 1), date(2024, 1, 6))
    assert within(replace(found, stood_in=0.3), None, days(FAR)) == pytest.approx(share)


def told_of(*questions: Question, nulls: float = 0.0) -> float:
    """The share of the rows with a value that is taken to stand for none."""
    ended = replace(line("DATE", date(2024, 1, 6), FAR, 731, date(2026, 1, 5)), null_share=nulls)
    axes = {"C": ended, "KIND": replace(line("NUMBER", 0, 99, 100), column="KIND")}
    return stand_ins.told(axes, questions)["C"].stood_in


def test_nulls_stand_for_none_by_themselves() -> None:
    """Half of the rows are NULL; of the others one in ten stands for none, which ranges and look-ups tell alike."""
    begin = days(date(2024, 1, 6))
    stretch = Ask("C", 0.045, 0, begin, begin + 73.1)
    assert told_of(Question(0, 1.0, (stretch,), matched=0.045), nulls=0.5) == pytest.approx(0.1, abs=0.01)
    alone = Ask("C", 0.05, 1, positions=(days(FAR),), stood=True)
    assert told_of(Question(0, 1.0, (alone,), matched=0.05), nulls=0.5) == pytest.approx(0.1)


def test_a_range_with_it_beside_a_value_tells_how_many_rows_hold_it() -> None:
    kind = Ask("KIND", 0.0002, 1, positions=(5.0,))
    still = Ask("C", 0.5, 0, days(date(2026, 1, 5)), None, stood=True)
    assert told_of(Question(0, 1.0, (still, kind), matched=0.0001)) == pytest.approx(0.01, abs=0.002)
    assert told_of(Question(0, 1.0, (still, kind))) == 0, "of what isn't recorded nothing is told"


def test_a_range_with_it_is_a_guess_while_nothing_tells_how_many_rows_hold_it() -> None:
    """Nearly all rows have an account, so it's few that end late or never."""
    account = replace(line("NUMBER", 0, 80_000_199, 201), column="ACCOUNT")
    axes = {"C": line("DATE", date(2024, 1, 6), FAR, 731, date(2026, 1, 5)), "ACCOUNT": account}
    asks = (Ask("ACCOUNT", 1.0, 0, 1e-9, None), Ask("C", 0.5, 0, days(date(2026, 1, 5)), None, stood=True))
    assert [ask.share for ask in corrected(asks, 0.04, axes)] == pytest.approx([1, 0.04])
    axes["C"] = replace(axes["C"], stood_in=0.5)
    assert [ask.share for ask in corrected(asks, 0.5, axes)] == pytest.approx([1, 0.5])


def test_the_least_is_taken_that_queries_leave_for_it() -> None:
    """Few rows have ended of late, so a range of these leaves nearly all rows; but few are found beside a value."""
    begin = days(date(2025, 12, 1))
    late = Ask("C", 0.001, 0, begin, begin + 30)
    kind = Ask("KIND", 0.01, 1, positions=(5.0,))
    ended = Ask("C", 0.02, 1, positions=(days(FAR),), stood=True)
    asked = (Question(0, 1.0, (late,), matched=0.001), Question(1, 1.0, (ended, kind), matched=0.0002))
    assert told_of(*asked) == pytest.approx(0.02)


# ---------------------------------------------------------------- advice


def logins() -> Case:
    """Half of the users never came; the others are asked for by when they came last."""
    rng = np.random.default_rng(SEED)
    came = np.floor(rng.uniform(FIRST, TODAY, ROWS))
    columns = {
        "CAME": dates("CAME", np.where(rng.random(ROWS) < 0.5, days(NEVER), came)),
        "PLAN": number("PLAN", rng.integers(0, 30, ROWS)),
    }
    return Case("logins", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE came >= '{at - timedelta(days=30)}'", 300),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE plan = {r.integers(30)} AND {some_days(r, FIRST, 60, 'came')}", 200),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE plan = {r.integers(30)} AND came = '{NEVER}'", 50),
    ))  # fmt: skip


def versions() -> Case:
    """A row for each version of a customer; the current one ends never."""
    rng = np.random.default_rng(SEED)
    begun = np.sort(rng.uniform(FIRST, TODAY, ROWS))
    over = np.minimum(TODAY - 1, np.floor(begun + rng.exponential(250, ROWS)))
    columns = {
        "BEGUN": dates("BEGUN", begun), "ENDED": dates("ENDED", np.where(rng.random(ROWS) < 0.3, days(FAR), over)),
        "CUSTOMER": number("CUSTOMER", rng.integers(0, 9000, ROWS)), "SEGMENT": number("SEGMENT", rng.integers(0, 12, ROWS)),
    }  # fmt: skip

    def at_some_time(r: np.random.Generator) -> str:
        when = EPOCH.date() + timedelta(days=FIRST + int(r.integers(30, DAYS)))
        return f"begun <= '{when}' AND ended > '{when}'"

    return Case("versions", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT * FROM t WHERE ended = '{FAR}' AND customer = {r.integers(9000)}", 300),
        Template(lambda r, at: f"SELECT * FROM t WHERE ended = '{FAR}' AND segment = {r.integers(12)}", 200),
        Template(lambda r, at: f"SELECT * FROM t WHERE customer = {r.integers(9000)} AND {at_some_time(r)}", 200),
    ))  # fmt: skip


@cache
def known_of(make: Callable[[], Case]) -> tuple[Mapping[str, Told], Truth]:
    case, rng = make(), np.random.default_rng(SEED)
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen, true = truths(case, shown), truths(case, held)["T"]
    return {evidence: told(case, shown, seen, SEED, evidence)["T"] for evidence in EVIDENCE}, true


@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize(
    ("make", "key", "least"),
    [
        (logins, (KeyPart("CAME", "MONTH"), KeyPart("PLAN")), 0.97),
        (versions, (KeyPart("ENDED", "QUARTER"), KeyPart("CUSTOMER")), 0.97),
    ],
)
def test_the_key_that_is_advised_saves_nearly_as_much_as_a_good_one(
    make: Callable[[], Case], key: tuple[KeyPart, ...], least: float, evidence: str
) -> None:
    found, truth = known_of(make)
    runs = np.array([template.executions for template in make().templates])
    best = advised(found[evidence])
    assert best is not None
    now, good, mine = (
        truth.per_template(each) @ runs for each in (truth.now(), truth.keyed(key), truth.keyed(best.key))
    )
    assert now - mine >= least * (now - good)


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_what_queries_match_tells_how_many_rows_hold_it(evidence: str) -> None:
    found, truth = known_of(logins)
    # Without statistics the span of the others is guessed too.
    close = 0.1 if evidence == "statistics" else 0.3
    assert found[evidence].profile.layout.axes["CAME"].stood_in == pytest.approx(0.5, abs=close)
    key = (KeyPart("CAME", "MONTH"), KeyPart("PLAN"))
    each = found[evidence]
    after = Judge.of(each.profile, each.prices, each.settings, each.workload.days).estimate(key).after
    assert after == pytest.approx(truth.per_template(truth.keyed(key)), rel=0.6)


def test_what_began_later_has_not_ended_before_either() -> None:
    """Half of the versions begin by a day, and three tenths of all were in force on it: eight tenths end later."""
    begun, ended = Ask("BEGUN", 0.5, high=100.0), Ask("ENDED", 0.6, low=101.0, stood=True)
    assert as_versions((begun, ended), 0.3)[1].share == pytest.approx(0.8)
    one = Ask("CUSTOMER", 0.01, 1, positions=(7.0,))
    assert as_versions((begun, one, ended), 0.003)[2].share == pytest.approx(0.8)
    assert as_versions((one, ended), 0.003) == (one, ended), "no other range bounds it"


def test_of_two_values_that_stand_for_none_beside_each_other_the_one_that_is_told_elsewhere_tells_of_the_other() -> (
    None
):
    """Versions that are still valid, of an unknown account: nine rows in a thousand. Of an unknown account are 16 in a thousand."""
    ended = line("DATE", date(2024, 1, 6), FAR, 731, date(2026, 1, 5))
    account = replace(line("NUMBER", 0, 2000, 2000), column="ACCOUNT", stand_ins=(-1.0,))
    day = replace(line("DATE", date(2024, 1, 6), date(2026, 1, 5), 731), column="DAY")
    axes = {"C": ended, "ACCOUNT": account, "DAY": day}
    never = Ask("C", 0.09, 1, positions=ended.stand_ins, stood=True)
    unknown = Ask("ACCOUNT", 0.1, 1, positions=(-1.0,), stood=True)
    both = Question(0, 1.0, (never, unknown), matched=0.009)
    late = Question(1, 1.0, (Ask("DAY", 0.04, 0, day.high - 30), replace(unknown, share=0.016)), matched=0.00064)
    told = stand_ins.told(axes, [both, late])
    assert told["ACCOUNT"].stood_in == pytest.approx(0.016)
    assert told["C"].stood_in == pytest.approx(0.009 / 0.016)
