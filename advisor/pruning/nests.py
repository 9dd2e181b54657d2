"""Numbers that begin with another column's: a user's with its tenant's, a line's with its order's.

TENANT tells what TRUNC(USER_ID, -3) tells where users of tenant 7 are numbered 7000 to 7999. Without a sample of the
rows nothing says so outright, but it leaves traces that are rarely there by chance.

*Both ends.* The one's minimum and maximum, cut by the same power of ten, are the other's. The leading three digits of
two unrelated maxima agree one time in 230 at most (Benford's law), and few unrelated numbers begin at a power of ten
besides. Let one pair in ten be so numbered, and agreeing ends mean it 96 times in 100 or more (Bayes).

*Values asked for.* From the history alone: what is asked of the one, cut, is often what is asked of the other, and the
digits that are cut off don't fill their span, as 300 users of each tenant leave the numbers from 7300 to 7999 free. How
probable each is by chance (binomial; the range of even draws) is multiplied, and below 0.00001 it shows a pair: a
product of two such comes one time in 8,000.

That is expected; what would be read if it isn't so lies in the range.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from scipy.special import bdtrc

from advisor.model import KeyPart
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.groups import as_led, single_values

FEWEST_LED = 100
"""Smaller maxima agree with others' leading digits by chance."""
FEWEST_SEEN = 3
BY_CHANCE = 1e-5
YEARS = frozenset(map(str, range(1900, 2101)))
LIKE_DATES = (4, 6, 8)
"""The digits of a year, of a month with its year, of a day."""
ALONE = 1e-3
"""Neither is worth more: a column whose numbers all end in 0 leaves a stretch free whatever another one holds."""
MOST_DIGITS = 12

Nests = Mapping[str, KeyPart]
"""By column the coarser form of another one that it is."""


@dataclass(frozen=True)
class _Asked:
    """The single values that are asked of a column."""

    values: frozenset[float]
    _leads: dict[int, frozenset[float]] = field(default_factory=dict)

    def leads(self, digits: int) -> frozenset[float]:
        """What is left of them without so many last digits."""
        if digits not in self._leads:
            self._leads[digits] = frozenset(value // 10.0**digits for value in self.values)
        return self._leads[digits]


def nests(axes: Mapping[str, Axis], questions: Sequence[Question]) -> Nests:
    """Of each column that is one the least coarse such form."""
    numbers = [line for line in axes.values() if line.family == "number"]
    asked = {
        column: _Asked(frozenset(position for ask in asks for position in ask.positions))
        for column, asks in single_values(questions).items()
    }
    found: dict[str, KeyPart] = {}
    for outer, inner in permutations(numbers, 2):
        digits = _digits(outer, inner, asked)
        if digits and (outer.column not in found or digits < (found[outer.column].digits or 0)):
            found[outer.column] = KeyPart(inner.column, digits=digits)
    return {outer: part for outer, part in sorted(found.items()) if not _comes_back(outer, found)}


def _comes_back(outer: str, found: Nests) -> bool:
    """Each of a circle is told to be coarser than the next: columns that are asked alike, of which none begins with another."""
    column, seen = outer, set[str]()
    while column in found and column not in seen:
        seen.add(column)
        column = found[column].column
    return column == outer


def nested(axes: Mapping[str, Axis], questions: Sequence[Question]) -> tuple[dict[str, Axis], Nests]:
    """Such columns, and the axes: those of the finer ones with what queries for the coarser ones tell."""
    found = nests(axes, questions)
    told, single = dict(axes), single_values(questions) if found else {}
    for outer, part in found.items():
        told[part.column] = as_led(told[part.column], part, told[outer], single)
    return told, found


def linked(columns: Iterable[str], nests: Nests) -> Nests:
    """Those of the columns, and of the ones that begin with or continue them, or one of these."""
    reached, before = set(columns), set[str]()
    while reached != before:
        before = reached
        ends = [{name, part.column} for name, part in nests.items()]
        reached = reached.union(*(both for both in ends if both & reached))
    return {name: part for name, part in nests.items() if name in reached}


def _digits(outer: Axis, inner: Axis, asked: Mapping[str, _Asked]) -> int | None:
    """By how many digits `inner` is cut to be `outer`; None where nothing shows it."""
    for digits in range(1, MOST_DIGITS):
        unit = 10.0**digits
        if inner.low < unit:
            return None
        ends = math.floor(inner.low / unit), math.floor(inner.high / unit)
        if outer.known and inner.known:
            if ends == (outer.low, outer.high) and _telling(outer) and inner.distinct > outer.distinct:
                return digits
        elif outer.column in asked and inner.column in asked and _led(asked[outer.column], asked[inner.column], digits):
            return digits
    return None


def _telling(outer: Axis) -> bool:
    """Its ends aren't those of any other numbers: all that have so many digits, or the years that the account goes back."""
    years = all(str(int(end))[:4] in YEARS and len(str(int(end))) in LIKE_DATES for end in (outer.low, outer.high))
    full = str(int(outer.low)).strip("0") == str(int(outer.high) + 1).strip("0") == "1"
    return outer.high >= FEWEST_LED and not years and not full


def _led(outer: _Asked, inner: _Asked, digits: int) -> bool:
    """More of the leading digits of what is asked are among the other's than chance puts there, and what follows them stays
    in a narrower stretch than it leaves any number."""
    leads, unit = inner.leads(digits), 10.0**digits
    seen = len(leads & outer.values)
    if seen < FEWEST_SEEN:
        return False
    rest = [value % unit for value in inner.values]
    # Round numbers begin with round numbers.
    if not any(rest):
        return False
    low, high = min(leads), max(leads)
    share = min(1.0, sum(low <= value <= high for value in outer.values) / (high - low + 1))
    hits, stretch = _hits(len(leads), seen, share), _stretch(len(rest), (max(rest) - min(rest)) / unit)
    return max(hits, ALONE) * max(stretch, ALONE) <= BY_CHANCE


def _hits(tries: int, least: int, share: float) -> float:
    """How probable so many hits or more are."""
    return float(bdtrc(least - 1, tries, share))


def _stretch(values: int, width: float) -> float:
    """How probable it is that so many values spread evenly lie no further apart than that part of their span."""
    return values * width ** (values - 1) - (values - 1) * width**values


# ---------------------------------------------------------------- the same said of the finer column alone


def plain_key(key: Sequence[KeyPart], nests: Nests) -> tuple[KeyPart, ...]:
    """The key with every such column as the form that it is, without what tells nothing beside its neighbours."""
    parts: list[KeyPart] = []
    for part in key:
        while part.column in nests:
            inner = nests[part.column]
            part = replace(inner, digits=(inner.digits or 0) + (part.digits or 0))
        if any(_finer(each, part) for each in parts):
            continue
        if parts and _finer(part, parts[-1]):
            parts.pop()
        parts.append(part)
    return tuple(parts)


def _finer(one: KeyPart, other: KeyPart) -> bool:
    """The order by `one` is one by `other` too."""
    numbers = not any((one.unit, other.unit, one.substring, other.substring))
    return numbers and one.column == other.column and (one.digits or 0) <= (other.digits or 0)


def plain(question: Question, nests: Nests) -> Question:
    """The question with what it asks of such columns as stretches of the finer one."""
    return replace(question, asks=tuple(_plain(ask, nests) for ask in question.asks)) if nests else question


def _plain(ask: Ask, nests: Nests) -> Ask:
    while ask.column in nests and not ask.null:
        inner = nests[ask.column]
        ask = _cut(ask, inner.column, 10.0 ** (inner.digits or 0))
    return ask


def _cut(ask: Ask, column: str, unit: float) -> Ask:
    if ask.values == len(ask.positions) == 1:
        (position,) = ask.positions
        return replace(
            ask, column=column, values=0, positions=(), low=position * unit, high=(position + 1) * unit, stretches=0
        )
    if ask.values and not ask.positions:
        # So many values of the coarser column, wherever they lie: what they reach of it is counted already.
        return replace(ask, column=column, derived=False)
    low, high = (None if end is None else math.ceil(end) * unit for end in (ask.low, ask.high))
    return replace(ask, column=column, low=low, high=high, positions=tuple(each * unit for each in ask.positions))
