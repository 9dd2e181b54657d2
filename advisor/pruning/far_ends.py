"""Which ends of a column are no values of it: 9999-12-31, 1900-01-01, -1 beside account numbers of nine digits.

Each of three things has to say so: it is a value that programs take for "none", it lies far from all others that queries
ask for, and the column has too few values to reach so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

CENTURY = 36_525.0
"""Days: what lies so far ahead isn't known to happen."""
LONG_AGO = 7_305.0
"""Days between the first of a year up to 1970, from which programs count, and all that is asked for."""
SPARSE = 10.0
"""Values so many times as few as would fill the gap don't reach over it, and a gap so many times as long as all else is one."""
TELLING = 8
"""Different numbers that are asked for: of fewer it isn't known where the others lie."""
NUMBERS = frozenset(
    {0.0, -1.0, 2.0**31 - 1, -(2.0**31), 2.0**63 - 1, -(2.0**63)}
    | {99991231.0, 20991231.0, 19000101.0}  # days as numbers
    | {
        end * unit for end in (253402214400.0, 253402300799.0) for unit in (1.0, 1000.0)
    }  # 9999-12-31, in seconds and thousandths
)
FIRST_YEAR = date(1970, 1, 1)
FIRST_DAY = -700_000.0


def times(positions: Sequence[float], others: Sequence[float], clock: float, days: float | None) -> tuple[float, ...]:
    """Of days since 1970 those that stand for none; `others` are what queries ask for, `days` how many different ones the
    column has, where that is counted.
    """
    late = {
        each
        for each in positions
        if each > clock + CENTURY or (_last_of_a_century(each, clock) and (days or 0.0) * SPARSE <= each - clock)
    }
    early = {each for each in positions if _first_of_a_year(each)}
    rest = [each for each in others if each not in late and each not in early]
    gap = min([*rest, clock]) - max(early, default=clock)
    if gap < LONG_AGO or (days is not None and days * SPARSE > gap):
        early = set()
    return tuple(sorted(early | late))


def _last_of_a_century(day: float, clock: float) -> bool:
    if not clock + LONG_AGO < day <= clock + CENTURY:
        return False
    at = FIRST_YEAR + timedelta(days=int(day))
    return (at.year % 100, at.month, at.day) == (99, 12, 31)


def _first_of_a_year(day: float) -> bool:
    if not FIRST_DAY < day <= 0 or day != int(day):
        return day <= FIRST_DAY
    at = FIRST_YEAR + timedelta(days=int(day))
    return (at.month, at.day) == (1, 1)


def numbers(positions: Sequence[float], others: Sequence[float], distinct: float) -> tuple[float, ...]:
    """The same of numbers."""
    looks = {each for each in positions if each in NUMBERS or _nines(each)} - beside(positions)
    rest = {*others} - looks - beside(positions)
    if len(rest) < TELLING:
        return ()
    low, high = min(rest), max(rest)
    length = max(high - low, distinct)
    return tuple(sorted(each for each in looks if max(low - each, each - high) > SPARSE * length))


def beside(positions: Sequence[float]) -> frozenset[float]:
    """What is compared with where others stand for none, and is no value either: "> 0" where an unknown account is -1."""
    return frozenset({0.0} if -1.0 in positions else ())


def _nines(number: float) -> bool:
    digits = str(int(abs(number))) if abs(number) < 1e15 and number == int(number) else ""
    return len(digits) >= 3 and set(digits) == {"9"}
