"""How unequal the groups of a key expression are, where queries show that they are: by Zipf's law, the r-th largest of them
holds a share of the rows in proportion to 1/r^s (G. Zipf, "Human Behavior and the Principle of Least Effort", 1949).

One figure of the history gives the exponent s. Where values are asked for as often as they hold rows, the mean share that a query
matches is the sum of their squared shares. Where any is asked for as often as any other, n queries rarely meet one of the
D/n largest of D values, so what they match is what the others hold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from advisor.pruning.closed_form import Floats

MOST = 3.0  # of an exponent
HALVINGS = 30
EXACT = 256  # terms of a sum that are added up one by one; the rest is an integral
LARGEST = 4096  # groups: a partition holds several of any smaller one


def exponent_of_squares(distinct: float, squares: float) -> float:
    """Of the law under which so many groups' squared shares add up to `squares`."""
    return _solved(lambda s: _powers(distinct, 2 * s) / _powers(distinct, s) ** 2 >= squares)


def exponent_of_rest(distinct: float, queries: float, rest: float) -> float:
    """Of the law under which all but the `distinct / queries` largest groups hold a share `rest` of the rows."""
    return _solved(lambda s: 1 - _powers(max(1.0, distinct / queries), s) / _powers(distinct, s) <= rest)


def shares(distinct: float, exponent: float) -> Floats:
    """The largest groups' shares of the rows, in descending order."""
    ranks = np.arange(1, int(min(distinct, LARGEST)) + 1)
    return np.asarray(ranks**-exponent / _powers(distinct, exponent), dtype=float)


def _solved(enough: Callable[[float], bool]) -> float:
    low, high = 0.0, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _powers(count: float, s: float) -> float:
    """The sum of 1/r^s for r from 1 to `count`."""
    exact = float((np.arange(1, int(min(count, EXACT)) + 1) ** -s).sum())
    if count <= EXACT:
        return exact
    start, end = EXACT + 0.5, count + 0.5
    rest = np.log(end / start) if abs(s - 1) < 1e-9 else (end ** (1 - s) - start ** (1 - s)) / (1 - s)
    return exact + float(rest)
