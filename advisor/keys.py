"""Clustering-key expressions: a KeyPart as Snowflake SQL, and back.

Snowflake stores keys in a canonical form (`LINEAR(CAST(TS AS DATE), SUBSTRING(C,1,4))`), so keys are compared as
KeyParts and never as text (docs.snowflake.com, "Clustering keys & clustered tables").
"""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from advisor.model import KeyPart
from advisor.quoting import identifier


def render(part: KeyPart) -> str:
    """
    >>> render(KeyPart("TS", unit="DAY"))
    'TO_DATE(TS)'
    >>> render(KeyPart("id", digits=3))
    'TRUNC("id", -3)'
    """
    column = identifier(part.column)
    if part.unit == "DAY":
        return f"TO_DATE({column})"
    if part.unit is not None:
        return f"DATE_TRUNC('{part.unit}', {column})"
    if part.digits is not None:
        return f"TRUNC({column}, -{part.digits})"
    if part.substring is not None:
        start, length = part.substring
        return f"SUBSTRING({column}, {start}, {length})"
    return column


_DAY = re.compile(r'\bTO_DATE\(("(?:[^"]|"")*"|[\w$]+)\)')


def stored_forms(key: str) -> tuple[str, ...]:
    """How Snowflake may store a key, beside the text itself.

    >>> stored_forms("TENANT, TO_DATE(TS)")
    ('TENANT, TO_DATE(TS)', 'TENANT, CAST(TS AS DATE)')
    """
    return tuple(dict.fromkeys((key, _DAY.sub(r"CAST(\1 AS DATE)", key))))


def parse(expression: str) -> KeyPart | None:
    """The KeyPart that an expression of a stored key stands for; None for any other expression.

    >>> parse("CAST(TS AS DATE)")
    KeyPart(column='TS', unit='DAY', digits=None, substring=None)
    """
    try:
        tree = sqlglot.parse_one(expression, read="snowflake")
    except sqlglot.errors.SqlglotError:
        return None
    return _part(tree)


def parse_key(text: str) -> tuple[KeyPart, ...] | None:
    """The parts of a whole key, written as in CLUSTER BY; None where one of them is no KeyPart.

    >>> parse_key("TENANT, TO_DATE(TS)")
    (KeyPart(column='TENANT', unit=None, digits=None, substring=None), KeyPart(column='TS', unit='DAY', digits=None,
    substring=None))
    """
    try:
        trees = sqlglot.parse_one(f"SELECT {text}", read="snowflake")
    except sqlglot.errors.SqlglotError:
        return None
    plain = isinstance(trees, exp.Select) and not any(trees.args.get(part) for part in ("from_", "where", "joins"))
    parts = [_part(tree) for tree in trees.expressions] if plain else []
    return tuple(part for part in parts if part is not None) if parts and None not in parts else None


def _part(tree: exp.Expr) -> KeyPart | None:
    inner = tree.find(exp.Column)
    if inner is None or not isinstance(inner.this, exp.Identifier):
        return None
    column = inner.this.this if inner.this.args.get("quoted") else inner.this.this.upper()
    if tree is inner:
        return KeyPart(column)
    if inner.parent is not tree:
        return None
    if isinstance(tree, (exp.Cast, exp.TsOrDsToDate)) and (isinstance(tree, exp.TsOrDsToDate) or tree.is_type("date")):
        return KeyPart(column, unit="DAY")
    if isinstance(tree, (exp.DateTrunc, exp.TimestampTrunc)):
        return KeyPart(column, unit=tree.args["unit"].name.upper())
    if isinstance(tree, exp.Substring):
        start, length = (_integer(tree.args.get(name)) for name in ("start", "length"))
        # Snowflake counts from 1 and takes 0 for 1.
        return None if start is None or length is None else KeyPart(column, substring=(max(1, start), length))
    if isinstance(tree, exp.Trunc):
        digits = _integer(tree.args.get("decimals"))
        return None if digits is None or digits >= 0 else KeyPart(column, digits=-digits)
    return None


def _integer(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Neg):
        inner = _integer(node.this)
        return None if inner is None else -inner
    return int(node.this) if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit() else None
