"""Zipf's law told from one figure of the history."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.pruning.sizes import exponent_of_rest, exponent_of_squares, shares


def law(distinct: int, exponent: float) -> np.ndarray:
    found = np.arange(1, distinct + 1) ** -exponent
    return np.asarray(found / found.sum())


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.0, 1.3])
@pytest.mark.parametrize("distinct", [12, 300, 60_000])
def test_the_exponent_is_the_one_whose_squared_shares_add_up_to_what_was_matched(
    distinct: int, exponent: float
) -> None:
    squares = float((law(distinct, exponent) ** 2).sum())
    assert exponent_of_squares(distinct, squares) == pytest.approx(exponent, abs=0.02)


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.3])
def test_the_exponent_is_the_one_under_which_so_much_is_left_beside_the_largest(exponent: float) -> None:
    rest = float(law(3000, exponent)[3000 // 40 :].sum())
    assert exponent_of_rest(3000, 40, rest) == pytest.approx(exponent, abs=0.02)


def test_shares_are_the_largest_groups_and_no_more_than_there_are() -> None:
    assert shares(5, 0.0).tolist() == pytest.approx([0.2] * 5)
    assert shares(60_000, 1.1)[:3].tolist() == pytest.approx(law(60_000, 1.1)[:3].tolist(), rel=1e-3)
    assert len(shares(60_000, 1.1)) == 4096
