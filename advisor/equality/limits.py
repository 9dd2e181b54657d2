"""What a LIMIT takes of a query's rows, without taking them: which of equal rows it takes is nobody's to say.

So no LIMIT is run. That both sides have the same ones, over orders of the same directions, their texts tell. What the outermost
query sorts by is compared as columns beside its own. What a query inside another sorts by shows in which rows it leaves: where a
LIMIT is, in every other pair of databases only those stay whose keys are the first or second there are, with all that equal them.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from advisor.usage.names import fold

FEW = 2
"""Different keys whose rows stay: generated tables have few rows."""
Ends = tuple[str, str, tuple[str, ...]]
"""LIMIT, OFFSET and the ORDER BY, without the keys that are compared on rows."""


def differ(original: exp.Expr, rewritten: exp.Expr) -> str | None:
    """How the two sides' limits and orders differ, in a few words; None where they don't."""
    before, after = _ends(original), _ends(rewritten)
    if len(before) != len(after):
        return "its LIMITs are not those of the original"
    for (limit, offset, order), (later_limit, later_offset, later_order) in zip(before, after, strict=True):
        if (limit, offset) != (later_limit, later_offset):
            return f"it ends in {_shown(later_limit, later_offset)} in place of {_shown(limit, offset)}"
        if order != later_order:
            return (
                "its ORDER BY is another than the original's" if order and later_order else "an ORDER BY is lost or new"
            )
    return None


def _ends(tree: exp.Expr) -> list[Ends]:
    """Of the outermost query and of each that has a limit, in the order of the text."""
    return [
        (_text(query, "limit"), _text(query, "offset"), _order(query, query is tree))
        for query in tree.find_all(exp.Query, bfs=False)
        if query is tree or _limited(query)
    ]


def _limited(query: exp.Expr) -> bool:
    return query.args.get("limit") is not None or query.args.get("offset") is not None


def _text(query: exp.Expr, part: str) -> str:
    found = query.args.get(part)
    return "" if found is None else _sql(found).strip()


def _sql(tree: exp.Expr) -> str:
    return str(tree.sql(dialect="snowflake", comments=False))


def _shown(limit: str, offset: str) -> str:
    return f"{limit} {offset}".strip() or "no LIMIT"


def _items(query: exp.Expr) -> Sequence[exp.Expr]:
    order = query.args.get("order")
    return () if order is None else order.expressions


def _order(query: exp.Expr, outermost: bool) -> tuple[str, ...]:
    """Each item's direction, and its key where that isn't compared on rows."""
    shows = [_is_appended(query, item) if outermost else _keys(query) is not None for item in _items(query)]
    return tuple(
        f"{'' if shown else _sql(item.this)} {'DESC' if item.args.get('desc') else 'ASC'} {item.args.get('nulls_first')}"
        for item, shown in zip(_items(query), shows, strict=True)
    )


def _is_appended(query: exp.Expr, item: exp.Expr) -> bool:
    return isinstance(query, exp.Select) and not isinstance(item.this, exp.Literal)


def lift(tree: exp.Expr, number: str) -> None:
    """Takes the limits away, and lets the keys of orders show as this module's docstring says. `number` is SQL for the database's
    number. Changes the tree."""
    for query in [*tree.find_all(exp.Query)]:
        if query is not tree and _limited(query):
            _let_few_stay(query, number)
        query.set("limit", None)
        query.set("offset", None)
    keys = [item.this for item in _items(tree) if _is_appended(tree, item)]
    if isinstance(tree, exp.Select):
        own = [exp.alias_(key.copy(), f"o{i}") for i, key in enumerate(keys)]
        tree.set("expressions", [*tree.expressions, *own])


def _let_few_stay(query: exp.Expr, number: str) -> None:
    keys = _keys(query)
    if not keys:
        return
    by = [item.copy() for item in _items(query)]
    for item, key in zip(by, keys, strict=True):
        item.set("this", key)
    first = exp.LTE(
        this=exp.Window(this=exp.DenseRank(), order=exp.Order(expressions=by)), expression=exp.Literal.number(FEW)
    )
    stays = exp.or_(first, sqlglot.parse_one(f"{number} // 2 % 2 = 0", read="duckdb"))
    asked = query.args.get("qualify")
    query.set("qualify", exp.Qualify(this=stays if asked is None else exp.and_(asked.this, stays)))


def _keys(query: exp.Expr) -> list[exp.Expr] | None:
    """What a SELECT sorts by as expressions of its sources; None where one of them can't be asked beside its conditions."""
    if not isinstance(query, exp.Select):
        return None
    keys = [_source(item.this, query) for item in _items(query)]
    windowed = any(key is not None and key.find(exp.Window) is not None for key in keys)
    return None if windowed or None in keys else [key.copy() for key in keys if key is not None]


def _source(key: exp.Expr, query: exp.Select) -> exp.Expr | None:
    """What stands behind a position or a name of the SELECT's own."""
    if isinstance(key, exp.Literal):
        at = int(key.this) if key.is_int else 0
        own = query.expressions[:at]
        return own[-1].unalias() if len(own) == at > 0 and not any(each.is_star for each in own) else None
    if isinstance(key, exp.Column) and not key.table:
        named = (
            each
            for each in query.expressions
            if isinstance(each, exp.Alias) and fold(each.args["alias"]) == fold(key.this)
        )
        return next(named, key).unalias()
    return key
