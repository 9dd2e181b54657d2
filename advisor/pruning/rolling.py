"""Ranges that move along with the clock: the last 90 days of a table, whenever they are asked for.

The history holds such a query as it was run over the weeks of its window. Read over the table as it is at the end, one
of four weeks ago asks for four weeks more than it did, or will do: a week's rows would pass for three. So its range is
taken as it would be asked for at the end of the window. Where the constants don't follow the clock (since a certain
day, since the first of the month) they stay, and without statistics: a span that is guessed too long would make the
shares of all such ranges too small, and a key would seem to save what it doesn't. Nor does anything move where the
table doesn't grow along with the clock, or is loaded anew: what was scanned then was scanned of the same rows as now.
And where its last rows are days old, the last days at the window's end would be none of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from advisor.pruning.asks import Ask, within
from advisor.pruning.axes import EPOCH, Axis

FEWEST = 3
"""Fewer moments don't show that a constant follows the clock."""
STRAYS = 1.0
"""Days by which the distance from the clock may differ between executions, as that to a midnight does."""
SPREAD = 4.0
"""Days that the executions are apart at least: in less, any constant follows the clock."""
GROWING = 0.5, 4.0
"""Of the rows that an even day of the column has, a table that grows with the clock is recorded to be given so many a
day at least, and at most: one that is given more is loaded anew.
"""


def rolled(
    asked: Sequence[tuple[Ask, ...]],
    moments: Sequence[datetime],
    axes: Mapping[str, Axis],
    end: datetime,
    daily: float,
) -> list[tuple[Ask, ...]]:
    """The executions' conditions, those that follow the clock moved to the window's end; `moments` are when each ran,
    `daily` is the share of the table's rows that are added a day.
    """
    found = list(asked)
    columns = sorted({ask.column for asks in asked for ask in asks if _since(ask, axes)})
    for column in columns:
        mine = [(i, ask) for i, asks in enumerate(asked) for ask in asks if ask.column == column and _since(ask, axes)]
        line, at = axes[column], [_clock(moments[i], axes[column]) for i, _ in mine]
        ages = [moment - (ask.low or 0.0) for moment, (_, ask) in zip(at, mine, strict=True)]
        still = len(set(at)) < FEWEST or max(at) - min(at) < SPREAD or max(ages) - min(ages) > STRAYS
        if still or not grows(line, end, daily):
            continue
        for age, (i, ask) in zip(ages, mine, strict=True):
            low = _clock(end, line) - age
            moved = replace(ask, low=low, share=within(line, low, None), moving=True)
            asks = (moved if each is ask else each for each in found[i])
            found[i] = tuple(sorted(asks, key=lambda each: (each.column, each.share)))
    return found


def as_they_ran(asks: tuple[Ask, ...], moment: datetime, axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    """The conditions with as many rows as there were when they ran: those since a day three weeks ago were of a day or two then.
    Of times whose span is guessed, which aren't moved to the window's end; what other conditions beside them matched is told
    from what they did then.
    """

    def then(ask: Ask) -> Ask:
        line = axes[ask.column]
        if line.known or not line.is_time or not ask.open or ask.low is None or ask.stood:
            return ask
        clock = _clock(moment, line)
        return ask if not ask.low < clock < line.high else replace(ask, share=within(line, ask.low, clock))

    return tuple(map(then, asks))


def grows(line: Axis, end: datetime, daily: float) -> bool:
    """A time that goes on with the clock, as rows are added: `daily` is their share of the table's a day."""
    return GROWING[0] <= daily * line.span <= GROWING[1] and _clock(end, line) - line.high <= SPREAD


def _since(ask: Ask, axes: Mapping[str, Axis]) -> bool:
    """It asks for all since some time, of a column whose span is known: else its own constants tell how long that is."""
    line = axes[ask.column]
    return line.known and line.is_time and ask.open and ask.low is not None


def _clock(moment: datetime, line: Axis) -> float:
    days = (moment.replace(tzinfo=None) - EPOCH).total_seconds() / 86_400
    return math.floor(days) if line.family == "date" else days
