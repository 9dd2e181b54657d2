"""How long times are taken to be without statistics: as long as the rows tell that queries match."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from advisor.pruning.asks import Ask, Question, within
from advisor.pruning.axes import EPOCH, Axis
from advisor.pruning.lengths import as_long_as_matched

MADE, END = datetime(2023, 1, 2), datetime(2026, 1, 5)
FIRST, NOW = float((MADE - EPOCH).days), float((END - EPOCH).days)
AXIS = Axis("AT", "timestamp", FIRST, NOW, 60_000)


def test_times_are_as_long_as_the_rows_that_a_day_holds_say() -> None:
    """The table was made three years ago, and holds two years: a day's queries match a 730th of its rows."""
    days = [Question(i, 1.0, (Ask("AT", 1 / 730, 0, NOW - 300 + i, NOW - 299 + i),)) for i in range(12)]
    told = as_long_as_matched({"AT": AXIS}, days, END)["AT"]
    assert told.low == pytest.approx(NOW - 730)
    assert told.high == NOW
    for unchanged, questions in ((replace(AXIS, known=True), days), (AXIS, days[:3])):
        assert as_long_as_matched({"AT": unchanged}, questions, END) == {"AT": unchanged}


def since(age: float, share: float, clocks: int = 12) -> list[Question]:
    """Of the rows since so many days before each of some clocks, the days before the window's end."""
    return [Question(i, 1.0, (Ask("AT", share, 0, NOW - i - age),), ran=NOW - i) for i in range(clocks)]


def test_open_ranges_tell_how_long_a_time_goes_back_from_when_they_were_asked() -> None:
    """The table was made three years ago; of its 60 days' rows ten days' are a sixth."""
    told = as_long_as_matched({"AT": AXIS}, since(10, 1 / 6), END)["AT"]
    assert told.low == pytest.approx(NOW - np.mean(range(12)) - 60)
    assert told.high == NOW


def test_they_tell_of_no_column_of_which_what_lies_further_back_is_asked_for() -> None:
    """Orders are due for years: those since ten days are so many because most of them are still to come."""
    long_ago = Question(0, 1.0, (Ask("AT", 0.1, 0, NOW - 400, NOW - 310), Ask("KIND", 0.1, 1)))
    assert as_long_as_matched({"AT": AXIS}, [*since(10, 1 / 6), long_ago], END)["AT"].low == NOW - 400


def test_open_ranges_of_today_or_of_a_column_that_goes_on_beyond_the_clock_tell_nothing() -> None:
    due = replace(AXIS, high=NOW + 90)
    for unchanged, questions in ((AXIS, since(0.4, 0.1)), (due, since(10, 0.5)), (AXIS, since(10, 1 / 6, clocks=7))):
        assert as_long_as_matched({"AT": unchanged}, questions, END) == {"AT": unchanged}


def stretches(each: float) -> list[Question]:
    """Days of so much of the rows each."""
    return [Question(i, 1.0, (Ask("AT", each, 0, NOW - 300 + i, NOW - 299 + i),)) for i in range(12)]


def test_stretches_tell_it_better_than_open_ranges() -> None:
    told = as_long_as_matched({"AT": AXIS}, [*since(10, 15 / 730), *stretches(1 / 730)], END)["AT"]
    assert (told.stand_ins, told.stood_in) == ((), 0.0)
    assert told.low == pytest.approx(NOW - 730)


def test_what_open_ranges_match_beyond_what_their_days_hold_lies_beyond_the_clock() -> None:
    """Half of the versions are still valid; the others ended over 400 days."""
    told = as_long_as_matched({"AT": AXIS}, [*since(4, 0.505), *stretches(0.5 / 400)], END)["AT"]
    assert told.stood_in == pytest.approx(0.5)
    assert told.low == pytest.approx(NOW - 400)
    assert within(told, NOW - 20, None) == pytest.approx(0.525, abs=0.001)


def test_open_ranges_tell_how_long_numbers_that_are_moments_go_back() -> None:
    line = replace(AXIS, family="number", low=FIRST * 86_400, high=NOW * 86_400, moments=True)
    asked = [
        replace(each, asks=(replace(each.asks[0], low=(each.asks[0].low or 0) * 86_400),)) for each in since(10, 1 / 6)
    ]
    found = as_long_as_matched({"AT": line}, asked, END)["AT"]
    assert found.low / 86_400 == pytest.approx(NOW - np.mean(range(12)) - 60)
