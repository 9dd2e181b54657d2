"""What texts match each, where the history tells what all executions of their template match on average.

A frequent value's share is what statistics say: they count that very value, the history an average over others. The history
tells what the values hold that aren't among the frequent ones: what is left of the average, if that is between an even part and
what the least frequent value holds. How often hot values are asked for neither tells of a single text; `weighing` draws both together.
Without statistics, shares that are guessed are corrected until all conditions of a text together match the average.
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
    known = [math.prod(ask.share for ask in asks if _told(ask, axes) or _spread(ask, axes)) for asks in asked]
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


def _spread(ask: Ask, axes: Mapping[str, Axis]) -> bool:
    """A range of which quantiles tell how many rows it has beside another text's."""
    spread = axes[ask.column].spread
    return spread is not None and not ask.values and not ask.null and ask.located and not ask.stood


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


def corrected(asks: tuple[Ask, ...], matched: float, axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    """The asks with their guessed shares corrected so that together they match the share of the rows that was recorded: a hot
    value holds more than one in its column's distinct count, and only time is spread about evenly over its span."""
    alone = len(asks) == 1
    guessed = [
        not ask.null
        and not ask.counted
        and (
            bool(ask.values)
            or not axes[ask.column].is_time
            or (alone and (ask.moving or not axes[ask.column].known or bool(axes[ask.column].stand_ins)))
            or (ask.stood and not axes[ask.column].stood_in)
        )
        for ask in asks
    ]
    sure = math.prod(max(ask.share, 1e-6) for ask, guess in zip(asks, guessed, strict=True) if not guess)
    assumed = math.prod(max(ask.share, 1e-12) for ask, guess in zip(asks, guessed, strict=True) if guess)
    if not any(guessed) or matched <= 0:
        return asks
    target = min(1.0, max(matched / sure, 1e-12))
    if assumed >= 1:  # nothing but the one value that is always asked for is known of them
        alike = target ** (1 / sum(guessed))
        return tuple(replace(ask, share=alike) if guess else ask for ask, guess in zip(asks, guessed, strict=True))
    exponent = math.log(target) / math.log(assumed)
    return tuple(
        replace(ask, share=min(1.0, ask.share**exponent)) if guess else ask
        for ask, guess in zip(asks, guessed, strict=True)
    )


def as_versions(asks: tuple[Ask, ...], matched: float) -> tuple[Ask, ...]:
    """The asks, a range that takes in what stands for no value with the most rows that it may match beside other ranges,
    of which so many are recorded to match all: what began later has not ended before either (M. Fréchet, 1935).
    """
    ranges = [ask for ask in asks if not ask.values]
    open_ = [ask for ask in ranges if ask.stood]
    if len(open_) != 1 or len(ranges) < 2:
        return asks
    single = math.prod(ask.share for ask in asks if ask.values)
    others = math.prod(ask.share for ask in ranges if not ask.stood)
    most = min(1.0, matched / max(single, FEWEST) + 1 - others)
    return tuple(replace(ask, share=max(ask.share, most)) if ask.stood and not ask.values else ask for ask in asks)
