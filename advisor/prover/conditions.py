"""What one scan asks of its table, as SQL for the engine: over the sampled rows, and over the partitions' zone maps.

A clause of one scan excludes a partition only if each of its alternatives does, be they on one column or on several, as in the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from advisor.model import FILTERS, ColumnUsage, Role, Value
from advisor.pruning.asks import PRUNABLE


@dataclass(frozen=True)
class Condition:
    """Both speak of column number i as `c<i>`; of a partition's least and greatest value as `low<i>` and `high<i>`."""

    rows: str
    zones: str


EVERY = Condition("TRUE", "TRUE")


def condition(usages: Iterable[ColumnUsage], columns: Mapping[str, int]) -> Condition | None:
    """The filters of one scan, those that a minimum and a maximum can decide; None where the sample can't tell.

    `columns` numbers the columns that the sample tells of.
    """
    clauses: dict[int, dict[int | None, list[ColumnUsage]]] = {}
    for usage in usages:
        if usage.role in FILTERS:
            clauses.setdefault(usage.clause, {}).setdefault(usage.branch, []).append(usage)
    pruning = [list(branches.values()) for _, branches in sorted(clauses.items()) if _prunes(branches.values())]
    asked = [usage for clause in pruning for branch in clause for usage in branch if _decides(usage)]
    if any(usage.role is Role.NULL_TEST or usage.column not in columns or _unspeakable(usage) for usage in asked):
        return None
    tests = [_clause(clause, columns) for clause in pruning]
    return Condition(_all([test.rows for test in tests]), _all([test.zones for test in tests])) if tests else EVERY


def _prunes(branches: Iterable[Sequence[ColumnUsage]]) -> bool:
    """Each alternative holds a condition that decides."""
    return all(any(map(_decides, branch)) for branch in branches)


def _decides(usage: ColumnUsage) -> bool:
    bounded = bool(usage.values) or usage.low is not None or usage.high is not None
    told = bounded or usage.role is Role.NULL_TEST
    return told and usage.role in PRUNABLE and usage.keeps_order and not usage.negated


def _unspeakable(usage: ColumnUsage) -> bool:
    """The engine takes no NUL in a text."""
    return any(isinstance(value, str) and "\0" in value for value in (*usage.values, usage.low, usage.high))


def _clause(branches: Sequence[Sequence[ColumnUsage]], columns: Mapping[str, int]) -> Condition:
    each = [[_test(usage, columns[usage.column]) for usage in branch if _decides(usage)] for branch in branches]
    return Condition(
        _any([_all([test.rows for test in tests]) for tests in each]),
        _any([_all([test.zones for test in tests]) for tests in each]),
    )


def _test(usage: ColumnUsage, number: int) -> Condition:
    if usage.role is Role.PREFIX and usage.values:
        return _prefix(str(usage.values[0]), number)
    if usage.low is not None or usage.high is not None:
        return _between(usage, number)
    values = [literal(value) for value in usage.values]
    touched = [f"(low{number} <= {value} AND high{number} >= {value})" for value in values]
    return Condition(f"c{number} IN ({', '.join(values)})", _any(touched))


def _prefix(text: str, number: int) -> Condition:
    start, length = literal(text), len(text)
    zones = f"left(low{number}, {length}) <= {start} AND left(high{number}, {length}) >= {start}"
    return Condition(f"starts_with(c{number}, {start})", zones)


def _between(usage: ColumnUsage, number: int) -> Condition:
    rows, zones = [], []
    if usage.low is not None:
        above = f"{'>=' if usage.low_included else '>'} {literal(usage.low)}"
        rows.append(f"c{number} {above}")
        zones.append(f"high{number} {above}")
    if usage.high is not None:
        below = f"{'<=' if usage.high_included else '<'} {literal(usage.high)}"
        rows.append(f"c{number} {below}")
        zones.append(f"low{number} {below}")
    return Condition(_all(rows), _all(zones))


def literal(value: Value) -> str:
    """A constant in the engine's dialect."""
    match value:
        case bool():
            return str(value).upper()
        case int() | float():
            return repr(value)
        case datetime():
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return f"TIMESTAMP '{naive.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _all(parts: Sequence[str]) -> str:
    return f"({' AND '.join(parts)})" if len(parts) > 1 else parts[0]


def _any(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})" if len(parts) > 1 else parts[0]
