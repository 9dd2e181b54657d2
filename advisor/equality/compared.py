"""Which constants and moments each column is compared with: rows that hold them meet several conditions at once
(docs/adr/0024).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlglot import exp

from advisor.usage.names import fold

Place = tuple[str, str]
"""A table's flat name and a column's own; of no table where the column is one of a query's own."""
Compared = Mapping[Place, tuple[exp.Literal | date, ...]]
"""Columns that are joined share theirs. Those of one name in two tables don't: where one is compared with many constants and the
other with few, rows would hardly ever meet the few, and what differs there wouldn't be seen."""


def compared(
    trees: Sequence[exp.Expr], turns: Iterable[tuple[exp.Expr, date]], known: Mapping[str, Collection[str]]
) -> Compared:
    """`turns`: conditions of the trees with the moments that they reckon from the clock; `known`: the tables' columns, by flat
    name."""
    found: defaultdict[Place, list[exp.Literal | date]] = defaultdict(list)
    joined: dict[Place, set[Place]] = {}
    told = {id(tree): _Tree(tree, known) for tree in trees}
    for tree in trees:
        for condition in tree.find_all(exp.Predicate):
            columns = told[id(tree)].columns(condition)
            if len(columns) == 1 and not any(inner is not condition for inner in condition.find_all(exp.Predicate)):
                for place in columns[0]:
                    found[place].extend(condition.find_all(exp.Literal))
        for places in told[id(tree)].equal():
            for place in places:
                joined.setdefault(place, {place}).update(places)
    for turned, moment in turns:
        columns = told[id(turned.root())].columns(turned)
        for place in columns[0] if len(columns) == 1 else ():
            found[place].append(moment)
    each = {place: _reached(place, joined) for place in {*found, *joined}}
    return {
        place: tuple(value for other in sorted(others) for value in found.get(other, ()))
        for place, others in sorted(each.items())
    }


@dataclass(frozen=True)
class _Tree:
    tree: exp.Expr
    known: Mapping[str, Collection[str]]

    def columns(self, condition: exp.Expr) -> list[tuple[Place, ...]]:
        """Each column that is in it, as the places that it may stand for."""
        return list(dict.fromkeys(self._places(condition)))

    def equal(self) -> Iterator[tuple[Place, ...]]:
        """The places of columns that are joined: one column equals another, whatever is made of either, or is among those of a
        query."""
        for condition in self.tree.find_all(exp.EQ, exp.In):
            sides = [self.columns(side) for side in _sides(condition)]
            if sides and all(len(side) == 1 for side in sides):
                yield tuple(place for side in sides for place in side[0])
        for join in self.tree.find_all(exp.Join):
            for name in filter(None, map(fold, join.args.get("using") or ())):
                yield tuple((table, name) for table in self.known if name in self.known[table])

    def _places(self, condition: exp.Expr) -> Iterator[tuple[Place, ...]]:
        for column in condition.find_all(exp.Column):
            name = fold(column.this)
            if name is not None:
                having = [table for table in self.known if name in self.known[table]]
                near = self._near(column)
                of = [table for table in having if table in near] or having or [""]
                yield tuple((table, name) for table in of)

    def _near(self, column: exp.Column) -> Collection[str]:
        """The tables that its alias names, or without one those that its own query reads beside each other."""
        alias = fold(column.args.get("table"))
        if alias is not None:
            return () if alias in self._derived else self._aliased.get(alias, ())
        query = column.find_ancestor(exp.Select)
        return (
            () if query is None else [t.name for t in query.find_all(exp.Table) if t.find_ancestor(exp.Select) is query]
        )

    @cached_property
    def _aliased(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table in self.tree.find_all(exp.Table):
            found.setdefault(_alias(table), set()).add(table.name)
        return found

    @cached_property
    def _derived(self) -> frozenset[str]:
        """The aliases that a query stands behind, somewhere in the statement."""
        return frozenset(_alias(each) for each in self.tree.find_all(exp.Subquery, exp.CTE))


def _alias(source: exp.Expr) -> str:
    alias = source.args.get("alias")
    return (fold(alias.this) if isinstance(alias, exp.TableAlias) else None) or ""


def _sides(condition: exp.Expr) -> tuple[exp.Expr, ...]:
    """What is equal by it."""
    if isinstance(condition, exp.EQ):
        return condition.this, condition.expression
    query = condition.args.get("query")
    chosen = query.unnest() if isinstance(query, exp.Query) else None
    return (condition.this, *chosen.selects) if isinstance(chosen, exp.Query) and len(chosen.selects) == 1 else ()


def _reached(place: Place, joined: Mapping[Place, set[Place]]) -> set[Place]:
    """The columns that equal it, whichever way."""
    reached, ahead = {place}, [place]
    while ahead:
        for other in joined.get(ahead.pop(), ()):
            if other not in reached:
                reached.add(other)
                ahead.append(other)
    return reached
