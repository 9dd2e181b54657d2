"""Conditions on one column that several alternatives ask together: what of it both leave, or how far they lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.pruning.asks import FEWEST, Ask
from advisor.pruning.axes import Axis

Span = tuple[float, float]


def met(asks: Sequence[Ask], axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    """The same, with those on one column joined as far as it is known where they lie; by column, the narrowest first."""
    found: list[Ask] = []
    for ask in asks:
        at = next(
            (i for i, other in enumerate(found) if _placed(ask) and _placed(other) and ask.column == other.column), None
        )
        if at is None:
            found.append(ask)
        else:
            found[at] = _both(found[at], ask, axes[ask.column])
    return tuple(sorted(found, key=lambda ask: (ask.column, ask.share)))


def _placed(ask: Ask) -> bool:
    return not ask.null and ask.located and len(ask.positions) == ask.values


def _both(one: Ask, other: Ask, line: Axis) -> Ask:
    if one.apart or other.apart:
        return one if one.apart else other
    bare = one.bare and other.bare
    if not one.values and not other.values:
        low, high = max(_low(one), _low(other)), min(_high(one), _high(other))
        if low < high:
            least = min(one.share, other.share, (1 - line.absent) * _between(line, low, high))
            ends = (None if math.isinf(low) else low, None if math.isinf(high) else high)
            return Ask(line.column, max(FEWEST, least), 0, *ends, bare=bare)
        return _apart(line, math.nextafter(high, -math.inf), low, bare)
    few, many = (one, other) if one.values else (other, one)
    common = tuple(each for each in few.positions if _holds(many, each))
    if common:
        share = few.share * len(common) / few.values
        return replace(few, share=share, values=len(common), positions=common, bare=bare)
    nearest = min((_gap(a, b) for a in _spans(few) for b in _spans(many)), key=lambda gap: gap[1] - gap[0])
    return _apart(line, *nearest, bare)


def _apart(line: Axis, low: float, high: float, bare: bool) -> Ask:
    return Ask(line.column, FEWEST, 0, low, high, bare=bare, apart=True)


def _between(line: Axis, low: float, high: float) -> float:
    """The share of the axis; the end of a date's range is excluded here, where the axis takes its last day."""
    step = 1.0 if line.family == "date" else 0.0
    return line.share(None if math.isinf(low) else low, None if math.isinf(high) else high - step)


def _holds(ask: Ask, position: float) -> bool:
    return position in ask.positions if ask.values else _low(ask) <= position < _high(ask)


def _spans(ask: Ask) -> list[Span]:
    """Its first and last position in each place."""
    return (
        [(each, each) for each in ask.positions] if ask.values else [(_low(ask), math.nextafter(_high(ask), -math.inf))]
    )


def _gap(one: Span, other: Span) -> Span:
    return (one[1], other[0]) if one[1] < other[0] else (other[1], one[0])


def _low(ask: Ask) -> float:
    return -math.inf if ask.low is None else ask.low


def _high(ask: Ask) -> float:
    return math.inf if ask.high is None else ask.high
