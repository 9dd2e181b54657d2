"""How long a column of times is whose ends nothing but the table's life tells.

Where a day holds a 730th of the rows that queries match, they lie within 730 days of the end, whenever the table was made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis, in_days
from advisor.pruning.ends import UNITS_A_DAY

SHORTER = 0.95
"""Of the guessed span of a time: more is within what the matched rows tell."""
FAR_SHORTER = 0.5
"""The same by open ranges, which match what lies beyond the clock too: less tells only that some does."""
FEWEST_ASKED = 8
"""Fewer ranges don't tell how many rows a day holds."""
AHEAD = 1.0
"""Days after the window's end: a column of which later ones are asked for goes on beyond the clock."""
LEAST_AGE = 1.0
"""Days: how many rows the hours of today hold tells little of how many a day does."""


@dataclass(frozen=True)
class _Stretch:
    """A range that queries ask for alone: how long it is, where the clock stood, and the rows that it matches."""

    length: float
    clock: float
    share: float


def as_long_as_matched(axes: Mapping[str, Axis], questions: Sequence[Question], end: datetime) -> dict[str, Axis]:
    """The axes, those of times whose ends are guessed as long as the rows tell that queries match; the window ends at `end`."""
    return {
        name: _as_long(line, questions, in_days(end) or 0.0)
        if not line.known and (line.is_time or line.moments)
        else line
        for name, line in axes.items()
    }


def _as_long(line: Axis, questions: Sequence[Question], end: float) -> Axis:
    asked = [
        (question, ask) for question in questions for ask in question.asks
        if ask.column == line.column and len(question.asks) == 1 and question.written
        and not ask.values and not ask.derived and not ask.stood
    ]  # fmt: skip
    stretches = [found for _, ask in asked if (found := _between(line, ask)) is not None]
    since = [found for question, ask in asked if (found := _since(line, question, ask, end)) is not None]
    if len(stretches) >= FEWEST_ASKED:
        beyond = _beyond(stretches, since)
        shorter = _beginning(line, stretches, 1 - beyond)
        return replace(shorter, stand_ins=(math.inf,), stood_in=beyond) if beyond else shorter
    longer = _beginning(line, [*stretches, *since])
    told = replace(longer, low=min(longer.low, _earliest(line, questions)))
    return told if told.span < FAR_SHORTER * line.span else line


def _earliest(line: Axis, questions: Sequence[Question]) -> float:
    """The first that is asked for by values and by ranges that end: it isn't asked for where there are no rows."""
    asks = [ask for question in questions for ask in question.asks if ask.column == line.column and not ask.derived]
    lows = [ask.low for ask in asks if ask.low is not None and ask.high is not None]
    positions = [position for ask in asks for position in ask.positions]
    return min((each for each in (*lows, *positions) if each >= line.low), default=line.high)


def _beginning(line: Axis, told: Sequence[_Stretch], rows: float = 1.0) -> Axis:
    """The axis, as long as these tell of this share of the rows."""
    share = math.fsum(each.share for each in told)
    if len(told) < FEWEST_ASKED or not share:
        return line
    clock = math.fsum(each.clock for each in told) / len(told)
    low = clock - math.fsum(each.length for each in told) / share * rows
    return replace(line, low=low) if line.high - low < SHORTER * line.span else line


def _beyond(stretches: Sequence[_Stretch], since: Sequence[_Stretch]) -> float:
    """The share of the rows that lie beyond the clock, of which nothing says where: versions that are still valid, days that
    are due. It is what open ranges match more than so many days of it do by the stretches, if that is most of it.
    """
    if len(since) < FEWEST_ASKED:
        return 0.0
    a_day = math.fsum(each.share for each in stretches) / max(LEAST_AGE, math.fsum(each.length for each in stretches))
    matched = math.fsum(each.share for each in since) / len(since)
    more = matched - a_day * math.fsum(each.length for each in since) / len(since)
    return more if more > matched / 2 else 0.0


def _between(line: Axis, ask: Ask) -> _Stretch | None:
    if ask.low is None or ask.high is None or not (line.low <= ask.low and ask.high <= line.high + 1):
        return None
    return _Stretch(ask.high - ask.low, line.high, ask.share)


def _since(line: Axis, question: Question, ask: Ask, end: float) -> _Stretch | None:
    """A range that goes on: up to the clock, unless later times are asked for. Where rows lie beyond it all the same, the
    column is longer than they tell, and a key on it saves more than is said.
    """
    if line.stand_ins or ask.low is None or ask.high is not None or ask.low < line.low:
        return None  # of how many rows hold what stands for no value this column's own ranges tell nothing surely
    unit = _unit(line, end)
    if line.high > (end + AHEAD) * unit or (question.ran is None and not line.moments):
        return None
    clock = line.high if question.ran is None else question.ran * unit
    return _Stretch(clock - ask.low, clock, ask.share) if clock - ask.low >= LEAST_AGE * unit else None


def _unit(line: Axis, end: float) -> float:
    """A day on the axis."""
    return min(UNITS_A_DAY, key=lambda each: abs(math.log(line.high / end / each))) if line.moments else 1.0
