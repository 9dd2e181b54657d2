"""The moments at which a statement's conditions turn, where they are reckoned from the clock: no constant of it tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import duckdb
from sqlglot import ErrorLevel, exp

MOST = 50
"""Expressions of a statement that are worked out."""


def boundaries(trees: Iterable[exp.Expr]) -> tuple[tuple[exp.Expr, date], ...]:
    """The conditions with the values of the expressions without a column that they compare with; `trees` are frozen at one
    moment.

    A datetime where the expression has a time of day. What the engine can't work out by itself is left out.
    """
    sides = [
        (condition, side.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.IGNORE))
        for tree in trees
        for condition in tree.find_all(exp.Predicate)
        for side in condition.iter_expressions()
        if side.find(exp.Cast) and not side.find(exp.Column, exp.Query, exp.Predicate)
    ]
    values = dict(_values(list(dict.fromkeys(text for _, text in sides))[:MOST]))
    return tuple((condition, values[text]) for condition, text in sides if text in values)


def _values(texts: Iterable[str]) -> Iterator[tuple[str, date]]:
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for text in texts:
            try:
                (value,) = engine.execute(f"SELECT {text}").fetchone() or (None,)
            except duckdb.Error:
                continue
            if isinstance(value, datetime):
                yield text, value.replace(tzinfo=None)
            elif isinstance(value, date):
                yield text, value
