"""What a statement asks for as a whole: UNION, SELECT *."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp


def unions(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Each UNION of the statement, in CTEs and subqueries too, and the statement with that one as UNION ALL.

    A UNION that is an operand of another is left: whatever it keeps twice, the other drops.
    """
    for place, node in enumerate(tree.find_all(exp.Union)):
        outer = node.parent
        while isinstance(outer, (exp.Subquery, exp.Paren)):
            outer = outer.parent
        if node.args.get("distinct") and not isinstance(outer, exp.SetOperation):
            changed = tree.copy()
            list(changed.find_all(exp.Union))[place].set("distinct", False)
            yield f"UNION in {outer.alias}" if isinstance(outer, exp.CTE) else "UNION", changed


def returns_all(tree: exp.Expr) -> bool:
    """It hands every column of every row that it finds to whoever asks: no LIMIT for a look at a few, nothing left out."""
    if not isinstance(tree, exp.Select) or tree.args.get("limit") is not None:
        return False
    return any(isinstance(item, exp.Star) and not any(item.args.values()) for item in tree.expressions)
