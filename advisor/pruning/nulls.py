"""How many rows hold no value of a column, where no statistics say it but queries do.

`IS NOT NULL` lets the rows with a value through, and the history records how many that were: of a log of which thirty days' rows are
4% and those with an error among them 0.02%, one row in two hundred has one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.model import ColumnUsage, ReadTemplate, Role, Table, TableHistory
from advisor.pruning.asks import FEWEST, Ask, clause_asks, clauses
from advisor.pruning.axes import Axis
from advisor.pruning.ends import MOST_NULLS
from advisor.pruning.joins import matched_share, partners
from advisor.pruning.questions import Scan, scans_of
from advisor.pruning.rolling import as_they_ran


def told(
    axes: Mapping[str, Axis], table: Table, readers: Sequence[ReadTemplate], history: TableHistory
) -> dict[str, Axis]:
    """The axes, those of columns without statistics with the share of NULLs, where templates tell it of which each text asks for
    nothing else, or for stretches of times beside it."""
    found: dict[str, list[tuple[float, float]]] = {}
    for read in readers:
        column = _tested(table, read, axes)
        share = None if column is None else _share(table, read, axes, history)
        if column is not None and share is not None:
            found.setdefault(column, []).append((share, float(read.template.executions)))
    return {
        name: replace(line, null_share=min(MOST_NULLS, _mean(found[name]))) if name in found else line
        for name, line in axes.items()
    }


def _mean(pairs: Sequence[tuple[float, float]]) -> float:
    return math.fsum(share * weight for share, weight in pairs) / math.fsum(weight for _, weight in pairs)


def _tested(table: Table, read: ReadTemplate, axes: Mapping[str, Axis]) -> str | None:
    """The column without statistics of which all texts ask for the rows that have a value; None where it is several, or a time:
    of what isn't paid or closed yet the latest rows hold more than the others.
    """
    tests = [[usage for usage in scan.usages if _is_test(usage)] for scan in scans_of(table, read)]
    columns = {usage.column for each in tests for usage in each}
    if len(columns) != 1 or any(len(each) != 1 for each in tests):
        return None
    column = columns.pop()
    return column if column in axes and not axes[column].known and not axes[column].is_time else None


def _is_test(usage: ColumnUsage) -> bool:
    return usage.role is Role.NULL_TEST and usage.negated and usage.wrapper is None and usage.branch is None


def _share(table: Table, read: ReadTemplate, axes: Mapping[str, Axis], history: TableHistory) -> float | None:
    """The share of NULLs by what one template matches. Those with a value are so many of the rows that its other conditions match,
    of which the guessed length of a time tells, and of those that it read at least: few rows of the last weeks don't pass for few
    with a value. Where the length is guessed too great, NULLs pass for fewer than they are.
    """
    recorded, beside = matched_share(read.template, history), [_beside(scan, axes) for scan in scans_of(table, read)]
    others = [each for each in beside if each is not None]
    if recorded is None or len(others) < len(beside):
        return None
    return 1 - min(1.0, max(recorded / max(FEWEST, math.fsum(others) / len(others)), _of_read(read, history)))


def _of_read(read: ReadTemplate, history: TableHistory) -> float:
    """The share of the rows in the partitions read that the template matches."""
    scans = [each for each in history.scans_by(read.template.hashes) if each.rows_matched is not None]
    return sum(each.rows_matched or 0 for each in scans) / max(1, sum(each.rows_scanned or 0 for each in scans))


def _beside(scan: Scan, axes: Mapping[str, Axis]) -> float | None:
    """The share of the rows that a scan's other conditions matched when it ran; None where that isn't known."""
    if scan.stops or partners(scan.reading, scan.number):
        return None
    asks: list[Ask] = []
    for clause in clauses([usage for usage in scan.usages if not _is_test(usage)]):
        found = clause_asks(clause, axes)
        if not found or not all(axes[ask.column].is_time and not ask.values and ask.placed for ask in found):
            return None
        asks += found
    ran = tuple(asks) if scan.ran is None else as_they_ran(tuple(asks), scan.ran, axes)
    return math.prod(ask.share for ask in ran)
