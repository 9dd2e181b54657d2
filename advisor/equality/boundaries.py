"""The moments at which a statement's conditions turn, where they are reckoned from the clock: no constant of it tells them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import duckdb
from sqlglot import ErrorLevel, exp

MOST = 50
"""Expressions of a statement that are worked out."""


def boundaries(trees: Iterable[exp.Expr]) -> tuple[date, ...]:
    """The values of the expressions without a column that conditions compare with; `trees` are frozen at one moment.

    A datetime where the expression has a time of day. What the engine can't work out by itself is left out.
    """
    texts = dict.fromkeys(
        side.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.IGNORE)
        for tree in trees
        for condition in tree.find_all(exp.Predicate)
        for side in condition.iter_expressions()
        if side.find(exp.Cast) and not side.find(exp.Column, exp.Query, exp.Predicate)
    )
    found: dict[date, None] = {}
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for text in list(texts)[:MOST]:
            try:
                (value,) = engine.execute(f"SELECT {text}").fetchone() or (None,)
            except duckdb.Error:
                continue
            if isinstance(value, datetime):
                found[value.replace(tzinfo=None)] = None
            elif isinstance(value, date):
                found[value] = None
    return tuple(found)
