"""What a statement asks for as a whole: UNION, SELECT *."""

from __future__ import annotations

from sqlglot import exp


def union_all(tree: exp.Expr) -> exp.Expr | None:
    """The statement with its outermost UNION as UNION ALL; None where it has none."""
    if not isinstance(tree, exp.Union) or not tree.args.get("distinct"):
        return None
    changed = tree.copy()
    changed.set("distinct", False)
    return changed


def returns_all(tree: exp.Expr) -> bool:
    """It hands every column of every row that it finds to whoever asks: no LIMIT for a look at a few, nothing left out."""
    if not isinstance(tree, exp.Select) or tree.args.get("limit") is not None:
        return False
    return any(isinstance(item, exp.Star) and not any(item.args.values()) for item in tree.expressions)
