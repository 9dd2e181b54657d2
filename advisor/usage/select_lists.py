"""What a SELECT hands out: its columns by name and by position, stars among them."""

from __future__ import annotations

from sqlglot import exp

from advisor.usage.names import fold
from advisor.usage.scope import Scope, Star
from advisor.usage.syntax import identifier


def select_list(node: exp.Select, scope: Scope) -> None:
    for number, item in enumerate(node.expressions):
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            scope.positions.append(_star(star, fold(item.args.get("table")) if item is not star else None, scope))
            continue
        name = fold(item.args["alias"]) if isinstance(item, exp.Alias) else None
        if isinstance(item, exp.Column):
            name = fold(item.this)
        # A column without a name can't be asked for, but it holds its place for UNION and column lists.
        name = name or f"#{number}"
        scope.outputs.setdefault(name, item.this if isinstance(item, exp.Alias) else item)
        scope.positions.append(name)


def _star(star: exp.Star, qualifier: str | None, scope: Scope) -> Star:
    sources = [source for alias, source in scope.sources.items() if qualifier in (None, alias)]
    renamed = {
        fold(item.args["alias"]) or "": fold(identifier(item.this)) or ""
        for item in star.args.get("rename") or ()
        if isinstance(item, exp.Alias)
    }
    for item in star.args.get("replace") or ():
        if isinstance(item, exp.Alias):
            scope.outputs[fold(item.args["alias"]) or ""] = item.this
    excluded = frozenset(fold(identifier(item)) or "" for item in star.args.get("except_") or ())
    return Star(tuple(sources), excluded, renamed)
