"""Values at an end of a column that stand for none: 9999-12-31 for "still", 1900-01-01 for "never", -1 for "unknown".

One of them stretches a minimum or a maximum so far that all other values seem to be one. Rows that hold it are like rows
that hold NULL: they lie together, at an end of any order by the column, and no range over the others matches them. How many
they are no statistic says, but the rows that queries match do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from advisor.pruning.asks import FEWEST, UNTOLD, Ask, Question
from advisor.pruning.axes import Axis

HARDLY = 1e-6  # of the rows: a value that is neither among a column's frequent ones nor told of by queries
MOST = 0.98
"""Of the rows: a column that is asked for values holds some."""


def told(axes: Mapping[str, Axis], questions: Sequence[Question]) -> dict[str, Axis]:
    """The axes, those of columns with such a value with the share of the rows that hold it, where queries tell and
    statistics don't.
    """
    untold = {name: line for name, line in axes.items() if line.stand_ins and not line.stood_in}
    sure = {**axes, **{name: _told(line, axes, questions) for name, line in untold.items()}}
    return {
        **sure,
        **{
            name: _infrequent(sure[name] if sure[name].stood_in else _beside_another(line, sure, questions))
            for name, line in untold.items()
        },
    }


def _infrequent(line: Axis) -> Axis:
    """Of a value that isn't among the frequent ones queries tell no more than what the least of these holds: of a hundred days
    of a year that may still be enough to be in all partitions.
    """
    if line.frequent is None:
        return line
    most = line.frequent.most / (1 - line.null_share)
    return replace(line, stood_in=min(most, line.stood_in or HARDLY))


def _told(line: Axis, axes: Mapping[str, Axis], questions: Sequence[Question]) -> Axis:
    """What is told beside nothing else that stands for none."""
    asked = [(ask, question) for ask, question in _asked(line, questions) if not _others_stand(ask, question)]
    alone = [ask for ask, question in asked if len(question.asks) == 1]
    at_most = [_by_the_others(line, alone), _beside_values(line, axes, questions)]
    share = (
        _by_itself(alone)
        or min((each for each in at_most if each is not None), default=None)
        or _by_itself(ask for ask, _ in asked)
    )
    return _standing_for(line, share)


def _beside_another(line: Axis, axes: Mapping[str, Axis], questions: Sequence[Question]) -> Axis:
    """The axis with what is told beside values that stand for none in other columns: what is left of the rows that queries
    match, if other queries tell how many rows those hold."""
    asked = _asked(line, questions)
    told = [
        min(1.0, question.matched / max(FEWEST, math.prod(_share(each, axes) for each in question.asks if each != ask)))
        for ask, question in asked
        if ask.stood and ask.values == 1 and question.matched is not None
        and all(not each.stood or (each.values == 1 and axes[each.column].stood_in) for each in question.asks if each != ask)
    ]  # fmt: skip
    return _standing_for(line, math.fsum(told) / len(told) if told else _by_itself(ask for ask, _ in asked))


def _asked(line: Axis, questions: Sequence[Question]) -> list[tuple[Ask, Question]]:
    return [
        (ask, question) for question in questions for ask in question.asks
        if ask.column == line.column and question.written and not ask.derived and not ask.null
    ]  # fmt: skip


def _others_stand(ask: Ask, question: Question) -> bool:
    return any(each.stood for each in question.asks if each != ask)


def _share(ask: Ask, axes: Mapping[str, Axis]) -> float:
    line = axes[ask.column]
    return (1 - line.null_share) * line.stood_in / len(line.stand_ins) if ask.stood else ask.share


def _standing_for(line: Axis, share: float | None) -> Axis:
    return line if share is None else replace(line, stood_in=min(MOST, share / (1 - line.null_share)))


def _by_itself(asks: Iterable[Ask]) -> float | None:
    """What queries for it match: the share of the guess is nobody's."""
    shares = [ask.share for ask in asks if ask.stood and ask.values == 1 and ask.share != UNTOLD]
    return sum(shares) / len(shares) if shares else None


def _by_the_others(line: Axis, asks: Iterable[Ask]) -> float | None:
    """What queries for a stretch of the other values leave beside the NULLs, if these lie evenly; None unless that is some."""
    ranges = [(ask.share, _even(line, ask)) for ask in asks if not ask.values and not ask.stood and ask.located]
    matched, even = (math.fsum(each) for each in zip(*ranges, strict=True)) if ranges else (0.0, 0.0)
    left = 1 - line.null_share - matched / even if matched and even else 0.0
    return left if left > 0 else None


def _beside_values(line: Axis, axes: Mapping[str, Axis], questions: Sequence[Question]) -> float | None:
    """What queries match that ask for it, or for a range with it, and for single values of columns that have so many: of
    those of one template that ask for values of many rows it is too much, so the least is taken.
    """
    by_load: dict[int, list[float]] = {}
    for question in questions:
        others = [ask for ask in question.asks if ask.column != line.column]
        mine = [ask for ask in question.asks if ask.column == line.column]
        told = len(mine) == 1 and mine[0].stood and mine[0].values <= 1 and not mine[0].derived
        counted = all(ask.values and not ask.derived and not ask.stood and axes[ask.column].known for ask in others)
        if told and counted and others and question.matched is not None:
            even = math.prod((1 - axes[ask.column].absent) * ask.values / axes[ask.column].distinct for ask in others)
            among = 0.0 if mine[0].values else (1 - line.absent) * _even(line, mine[0])
            by_load.setdefault(question.load, []).append(max(FEWEST, question.matched / even - among))
    return min((math.fsum(each) / len(each) for each in by_load.values()), default=None)


def _even(line: Axis, ask: Ask) -> float:
    """The part of the axis that a range takes; the end of a date's is excluded here, where the axis takes its last day."""
    step = 1.0 if line.family == "date" else 0.0
    return line.share(ask.low, None if ask.high is None else ask.high - step)
