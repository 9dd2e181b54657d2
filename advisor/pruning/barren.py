"""Scans that find nothing and end as they begin, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.pruning.asks import FEWEST, Ask, Question

SEVERAL = 4.0
"""Partitions that the other executions of a template read on average: too many to be one by chance."""
HEAVIEST = 3.0
"""Times its even part that a text is given at most, and one over the least."""


def unless_found(asks: tuple[Ask, ...], read: int | None) -> tuple[Ask, ...]:
    """The conditions of a scan; what no row is known to hold has no share of them, unless the scan `read` on for it."""
    if read is None or read > 1:
        return asks
    return tuple(replace(ask, share=FEWEST, counted=True) if ask.unmatched else ask for ask in asks)


def barren(questions: Sequence[Question], read: Sequence[int | None], usual: float | None) -> list[Question]:
    """The questions of one load, those marked that are barren: a joined table is known to leave no row, or a value to lie beyond
    its column's ends, and so the execution read no partition, or one, where the load's others read several. Such rows may
    have been there when it ran, and one partition may be all that the order of the rows had it read. `usual` is what an
    execution reads on average; None where it reads other tables too.
    """
    ended = [
        n is not None and n <= 1 and any(ask.unmatched for ask in question.asks)
        for question, n in zip(questions, read, strict=True)
    ]
    others = [n for n, so in zip(read, ended, strict=True) if n is not None and not so]
    if not any(ended) or not others or sum(others) < SEVERAL * len(others):
        return list(questions)
    marked = [replace(question, barren=so) for question, so in zip(questions, ended, strict=True)]
    if (
        usual is None
        or len({question.weight for question in questions}) > 1
        or len(others) + sum(ended) < len(questions)
    ):
        return marked
    return _as_often(marked, sum(others) / len(others), usual)


def _as_often(questions: Sequence[Question], fertile: float, usual: float) -> list[Question]:
    """Weighed so that all of them together read as much as usual, of which the others read so much and the barren ones one:
    few texts don't tell how often a template finds nothing.
    """
    ended = sum(question.barren for question in questions) / len(questions)
    part = 1 - (usual - 1) / (fertile - 1)
    least, most = max(ended / HEAVIEST, 1 - HEAVIEST * (1 - ended)), min(HEAVIEST * ended, 1 - (1 - ended) / HEAVIEST)
    part = min(max(part, least), most)
    return [
        replace(each, weight=each.weight * (part / ended if each.barren else (1 - part) / (1 - ended)))
        for each in questions
    ]
