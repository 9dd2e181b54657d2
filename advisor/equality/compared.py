"""Which constants and moments each column is compared with: rows that hold them meet several conditions at once (docs/adr/0024)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sqlglot import exp

from advisor.usage.names import fold

Compared = Mapping[str, tuple[exp.Literal | date, ...]]
"""By a column's own name, whichever table it is of; columns that are joined share theirs."""


def compared(trees: Iterable[exp.Expr], turns: Iterable[tuple[exp.Expr, date]]) -> Compared:
    """`turns`: conditions of the trees with the moments that they reckon from the clock."""
    found: dict[str, list[exp.Literal | date]] = {}
    joined: dict[str, set[str]] = {}
    for tree in trees:
        for condition in tree.find_all(exp.Predicate):
            columns = _columns(condition)
            if len(columns) == 1 and not any(inner is not condition for inner in condition.find_all(exp.Predicate)):
                found.setdefault(columns[0], []).extend(condition.find_all(exp.Literal))
            elif _joins(condition) and len(columns) == 2:
                for one, other in (columns, columns[::-1]):
                    joined.setdefault(one, {one}).add(other)
    for turned, moment in turns:
        columns = _columns(turned)
        if len(columns) == 1:
            found.setdefault(columns[0], []).append(moment)
    each = {name: _reached(name, joined) for name in {*found, *joined}}
    return {
        name: tuple(value for other in sorted(others) for value in found.get(other, ()))
        for name, others in sorted(each.items())
    }


def _joins(condition: exp.Expr) -> bool:
    """One column equals another, whatever is made of either."""
    return isinstance(condition, exp.EQ) and all(
        len(_columns(side)) == 1 for side in (condition.this, condition.expression)
    )


def _columns(condition: exp.Expr) -> list[str]:
    return list(dict.fromkeys(_names(condition)))


def _names(condition: exp.Expr) -> Iterator[str]:
    for column in condition.find_all(exp.Column):
        name = fold(column.this)
        if name is not None:
            yield name


def _reached(name: str, joined: Mapping[str, set[str]]) -> set[str]:
    """The columns that equal it, whichever way."""
    reached, ahead = {name}, [name]
    while ahead:
        for other in joined.get(ahead.pop(), ()):
            if other not in reached:
                reached.add(other)
                ahead.append(other)
    return reached
