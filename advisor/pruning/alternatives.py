"""Conditions joined by OR over several columns, as a sum of questions whose conditions are joined by AND.

A partition is skipped only if each alternative rules it out. So an OR of A and B scans what A scans and what B scans,
less what both do, for that is counted twice (inclusion and exclusion). Each of the three is a question like any other,
of which the model knows what it scans under a key; where one alternative prunes nothing, the sum is all partitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from advisor.model import ColumnUsage
from advisor.pruning.asks import Ask, asks_of, clause_asks, clauses, may_prune
from advisor.pruning.axes import Axis
from advisor.pruning.meeting import met

MOST = 4
"""Alternatives that are told apart: n of them make 2^n - 1 questions."""


@dataclass(frozen=True)
class Term:
    """Conditions joined by AND, whose partitions are added to what a scan reads, or taken from it."""

    asks: tuple[Ask, ...]
    sign: int = 1
    together: tuple[int, ...] = ()
    """Which alternatives it takes together, by number; none where the scan has no OR over several columns."""


def terms_of(usages: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> list[Term]:
    """What the filters of one scan ask. Of several such ORs the first is heard."""
    plain = asks_of(usages, axes)
    heard = next((found for clause in clauses(usages) if (found := _alternatives(clause, axes))), ())
    if not heard:
        return [Term(plain)]
    return [
        Term(met((*plain, *(ask for i in which for ask in heard[i])), axes), 1 if len(which) % 2 else -1, which)
        for count in range(1, len(heard) + 1)
        for which in combinations(range(len(heard)), count)
    ]


def unheard(usages: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> bool:
    """Whether any of these filters may prune although nothing is known that it asks: an open range of a column whose
    ends aren't known, or more alternatives on several columns than are heard.
    """
    silent = [clause for clause in clauses(usages) if _may(clause) and not clause_asks(clause, axes)]
    heard = sum(bool(_alternatives(clause, axes)) for clause in silent)
    return len(silent) > min(1, heard)


def _may(clause: Sequence[ColumnUsage]) -> bool:
    return all(any(map(may_prune, branch)) for branch in _branches(clause))


def _alternatives(clause: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> tuple[tuple[Ask, ...], ...]:
    """By alternative what it asks; none where one asks nothing that a minimum and a maximum can decide, or all are on
    one column.
    """
    branches = _branches(clause)
    if not 1 < len(branches) <= MOST or clause_asks(clause, axes):
        return ()
    found = tuple(tuple(ask for usage in branch for ask in clause_asks([usage], axes)) for branch in branches)
    return found if all(found) else ()


def _branches(clause: Sequence[ColumnUsage]) -> list[list[ColumnUsage]]:
    found: dict[int | None, list[ColumnUsage]] = {}
    for usage in clause:
        found.setdefault(usage.branch, []).append(usage)
    return list(found.values())
