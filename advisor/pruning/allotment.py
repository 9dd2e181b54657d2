"""What a template's texts match each, where statistics tell what the values hold that they ask for, and the history what all
its executions match on average.

A frequent value's share is what statistics say: they count that very value, the history an average over others. The history
tells what the values hold that aren't among the frequent ones: what is left of the average, if that is between an even part and
what the least frequent value holds. How often hot values are asked for neither tells of a single text; `weighing` draws both together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.pruning.asks import FEWEST, Ask
from advisor.pruning.axes import Axis
from advisor.pruning.frequencies import Frequencies


def allotted(
    asked: Sequence[tuple[Ask, ...]], recorded: float, axes: Mapping[str, Axis]
) -> tuple[list[tuple[Ask, ...]], list[float]]:
    """What the texts of one template ask, and the share of the rows that each is taken to match. `asked` are all their
    conditions, `recorded` is what they match on average.
    """
    asked = _with_others(asked, recorded, axes)
    known = [math.prod(ask.share for ask in asks if _told(ask, axes)) for asks in asked]
    usual = math.fsum(known) / max(1, len(known))
    return list(asked), [min(1.0, recorded * each / max(FEWEST, usual)) for each in known]


def at_most(asks: tuple[Ask, ...], axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    """Values that aren't among the frequent ones hold no more than the least of these."""
    return tuple(
        replace(ask, share=min(ask.share, ask.values * line.frequent.most))
        if _told(ask, axes) and not ask.counted and (line := axes[ask.column]).frequent is not None
        else ask
        for ask in asks
    )


def _told(ask: Ask, axes: Mapping[str, Axis]) -> bool:
    return axes[ask.column].frequent is not None and ask.values == len(ask.positions) > 0 and not ask.stood


def _with_others(
    asked: Sequence[tuple[Ask, ...]], recorded: float, axes: Mapping[str, Axis]
) -> Sequence[tuple[Ask, ...]]:
    """With what other values than the frequent ones hold, where each text asks for such values of the same one column, and
    for times.
    """
    told = [[ask for ask in asks if _told(ask, axes)] for asks in asked]
    if len({ask.column for each in told for ask in each}) != 1 or any(len(each) != 1 for each in told):
        return asked
    beside = [[ask for ask in asks if not _told(ask, axes)] for asks in asked]
    if not all(axes[ask.column].is_time and ask.located and not ask.null for asks in beside for ask in asks):
        return asked
    by = [math.prod(ask.share for ask in asks) for asks in beside]
    hot = [part * ask.share for part, (ask,) in zip(by, told, strict=True) if ask.counted]
    of_others = math.fsum(part * ask.values for part, (ask,) in zip(by, told, strict=True) if not ask.counted)
    if not of_others:
        return asked
    frequent = axes[told[0][0].column].frequent
    assert frequent is not None
    each = _each(len(asked) * recorded, hot, of_others, len(asked), frequent)
    return [
        tuple(
            replace(ask, share=min(1.0, each * ask.values), counted=True)
            if _told(ask, axes) and not ask.counted
            else ask
            for ask in asks
        )
        for asks in asked
    ]


def _each(matched: float, of_frequent: Sequence[float], of_others: float, texts: int, frequent: Frequencies) -> float:
    """What a value that isn't frequent holds: what is left of all that so many texts match, as far as it isn't by chance that
    so many of them ask for frequent ones.
    """
    seen = len(of_frequent) / texts
    by_chance = texts * seen * (1 - seen) * (math.fsum(of_frequent) / max(1, len(of_frequent))) ** 2 / of_others**2
    told = frequent.most**2 / (frequent.most**2 + by_chance)
    left = (matched - math.fsum(of_frequent)) / of_others
    if left > frequent.most:
        return frequent.each  # other executions ask for frequent values
    return max(frequent.each, frequent.each + (left - frequent.each) * told)
