"""Today's layout read off scans: conditions that stand beside others, and join keys that follow each other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from advisor.pruning.asks import Ask, Question
from advisor.pruning.widths import Observation, learn_widths, observations

RECEIVED = Ask("RECEIVED", 0.15, low=0.0, high=1.0)
MODE, FLAG = Ask("MODE", 0.3, 2), Ask("FLAG", 0.03, 1)


def seen(share: float, *asks: Ask, executions: float = 10.0) -> Observation:
    return Observation(share, executions, (Question(0, 1.0, asks),))


def test_what_pruned_is_the_column_whose_condition_could_have() -> None:
    widths = learn_widths([seen(0.17, RECEIVED, MODE)])
    assert widths == {"RECEIVED": pytest.approx(0.02)}


def test_the_column_that_explains_more_loads_is_taken_for_the_order_of_the_rows() -> None:
    widths = learn_widths([seen(0.17, RECEIVED, FLAG), seen(0.16, RECEIVED, MODE, executions=1)])
    assert list(widths) == ["RECEIVED"]


def test_a_column_beside_one_that_is_known_to_be_narrow_stays_unknown() -> None:
    widths = learn_widths([seen(0.17, RECEIVED), seen(0.17, RECEIVED, FLAG)])
    assert list(widths) == ["RECEIVED"]


@pytest.mark.parametrize("asks", [(RECEIVED, MODE), (RECEIVED, FLAG)])
def test_loads_that_read_everything_show_no_column_narrow(asks: Sequence[Ask]) -> None:
    assert learn_widths([seen(1.0, *asks)]) == {}


def test_an_end_of_a_column_that_lies_together_isnt_taken_for_all_of_it() -> None:
    opened, then = Ask("OPENED", 0.04, low=700.0), Ask("OPENED", 0.001, 1, positions=(300.0,))
    assert learn_widths([seen(0.042, opened, executions=100)]) == {"OPENED": pytest.approx(0.002)}
    beside = learn_widths([seen(0.042, opened, executions=100), seen(0.21, then, FLAG)])
    assert beside["OPENED"] == pytest.approx(0.209), (
        "a day of long ago, of one kind, is looked for in a fifth of the partitions"
    )
    alone = learn_widths([seen(0.042, opened, executions=100), seen(0.21, then)])
    assert alone["OPENED"] == pytest.approx(0.209)


def test_so_many_values_that_they_read_all_in_any_order_show_none() -> None:
    """Each of the twenty would be in 0.15 of the partitions, were these independent; but one in a half is read by all."""
    brand = Ask("PRODUCT", 0.01, 20, derived=True)
    store, recent, product = Ask("STORE", 0.02, 1), Ask("DAY", 0.03, low=700.0), Ask("PRODUCT", 0.0005, 1)
    longer = Ask("DAY", 0.28, low=500.0)
    widths = learn_widths([seen(0.97, brand), seen(0.031, store, recent, executions=100), seen(0.28, product, longer)])
    assert widths == {"DAY": pytest.approx(0.001), "PRODUCT": 1.0}


def test_several_values_that_read_part_of_the_rows_still_show_their_order() -> None:
    assert learn_widths([seen(0.7, Ask("PRODUCT", 0.01, 20))]) == {"PRODUCT": pytest.approx(0.058, abs=0.001)}


def test_a_column_that_leaves_far_more_than_was_read_does_not_explain_it() -> None:
    """Half of the partitions hold a kind, and three in a hundred the kind's rows of late."""
    widths = learn_widths([seen(0.5, FLAG), seen(0.026, FLAG, Ask("LOADED", 0.024, low=700.0))])
    assert widths == {"FLAG": pytest.approx(0.47), "LOADED": pytest.approx(0.002)}


def test_a_column_whose_end_is_narrow_explains_what_is_skipped_there() -> None:
    """The latest days lie in a partition, and so do their rows of a kind; a quarter is read as twice as many rows as it matches
    by a span that is guessed."""
    latest, quarter, shop = (
        Ask("DAY", 0.003, low=700.0),
        Ask("DAY", 0.066, low=200.0, high=290.0),
        Ask("SHOP", 0.006, 1),
    )
    week = Ask("DAY", 0.01, low=693.0)
    loads = [seen(0.01, latest), seen(0.124, quarter, shop), seen(0.01, week, shop, executions=300)]
    assert list(learn_widths(loads)) == ["DAY"]


def test_scans_for_values_that_no_row_has_show_no_order() -> None:
    """Beyond the ends of a column a scan finds nothing, and reads nothing, however the rows lie."""
    beyond = Question(0, 1.0, (Ask("SCORE", 0.0, low=-400.0, high=-350.0),), matched=0.0)
    assert observations([beyond], [1 / 120], [10.0], 1 / 120) == []
    assert observations([beyond], [0.5], [10.0], 1 / 120), "nor does it find any between others, but it reads these"


def test_a_range_that_was_of_days_when_it_was_asked_for_explains_that_little_was_read() -> None:
    """Where it isn't moved on with the clock it is of a month by now."""
    shop = Ask("SHOP", 0.006, 1)
    widths = learn_widths([seen(0.041, Ask("DAY", 0.05, low=690.0)), seen(0.005, Ask("DAY", 0.027, low=710.0), shop)])
    assert list(widths) == ["DAY"]
    moved = Ask("DAY", 0.027, low=710.0, moving=True)
    assert list(learn_widths([seen(0.041, Ask("DAY", 0.05, low=690.0)), seen(0.005, moved, shop)])) == ["DAY", "SHOP"]
