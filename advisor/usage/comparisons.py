"""What compares, which way round, and what is compared with: a constant holds no column and no query."""

from __future__ import annotations

from sqlglot import exp

from advisor.usage.scope import leaves

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NullSafeEQ: "=",
    exp.EqualNull: "=",
    exp.NEQ: "<>",
    exp.NullSafeNEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def is_constant(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) or not (holds_query(node) or leaves(node))


def holds_query(node: exp.Expr) -> bool:
    return node.find(exp.Query) is not None
