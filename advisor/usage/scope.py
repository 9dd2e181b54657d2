"""Scopes: one SELECT's sources and outputs, and where a name in it comes from.

A Scope grows while the builder walks the text and never changes after. Resolution is memoised per output of a scope, so
that a chain of CTEs that each refer twice to the one before stays linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from advisor.model import TableName


@dataclass(eq=False)
class Source:
    """One item of a FROM: a base table's scan, a scope (subquery, CTE, view), or something opaque (a stage, FLATTEN)."""

    alias: str
    scan: int | None = None
    table: TableName | None = None
    """Of a base table or a view."""
    columns: Mapping[str, str] | None = None
    """Of a base table or an opaque source: types by name; None when not known."""
    scope: Scope | None = None
    renamed: tuple[str, ...] = ()
    """The alias's column list: `t (a, b)`."""
    optional: bool = False
    """An outer join may supply NULLs in place of its rows."""
    barrier: bool = False
    """No condition can be moved through it: the inside of a recursive CTE."""
    reference: tuple[int, int] | None = None
    """Of a CTE that is referred to more than once: its number, and which of its references this is."""


@dataclass(frozen=True, eq=False)
class Star:
    """`*` or `t.*` in a select list."""

    sources: tuple[Source, ...]
    excluded: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The old name by the new."""

    def original(self, name: str) -> str | None:
        """The source column that goes by this name outside; None for one that is excluded or renamed away."""
        if name in self.renamed:
            return self.renamed[name]
        return None if name in self.excluded or name in self.renamed.values() else name


@dataclass(frozen=True, eq=False)
class Joined:
    """The conditions of one join, and the sources that its ON can filter (None: all)."""

    node: exp.Expr | None
    right: tuple[Source, ...]
    filterable: tuple[Source, ...] | None
    using: tuple[str, ...] = ()


@dataclass(eq=False)
class Scope:
    node: exp.Expr | None
    parent: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    joins: list[Joined] = field(default_factory=list)
    branches: list[Scope] = field(default_factory=list)
    """Of a UNION, INTERSECT or EXCEPT, in order."""
    subqueries: dict[int, Scope] = field(default_factory=dict)
    """Queries inside this one's expressions, by the identity of their node."""
    outputs: dict[str, exp.Expr | None] = field(default_factory=dict)
    """None for a column that a PIVOT makes."""
    positions: list[str | Star] = field(default_factory=list)
    limited: bool = False
    windows: list[exp.Window] = field(default_factory=list)
    filterable: tuple[Source, ...] | None = None
    """The sources that WHERE can filter: for a MERGE's ON, only the target."""
    anti: bool = False
    """It is the subquery of a NOT EXISTS."""
    recursive: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """One expression between a column and its use: `leaf` is the node in it that stands for what lies beneath."""

    expression: exp.Expr
    leaf: exp.Expr


@dataclass(frozen=True)
class Origin:
    """A base column that an expression comes from, and what happened to it on the way."""

    scan: int
    column: str
    layers: tuple[Layer, ...] = ()
    source: Source | None = None
    """By which source of the asking scope it came in."""
    mixed: bool = False
    """Other columns take part in the value."""
    computed: bool = False
    """It is the input of an aggregate or a window."""
    blocked: bool = False
    """A condition here can't be moved down to the scan."""
    optional: bool = False
    reference: tuple[int, int] | None = None
    """The one reference to a shared CTE that it came through."""
    blurred: bool = False
    """It came through several."""


def has(source: Source, name: str) -> bool | None:
    """Whether the source offers such a column; None when that isn't known."""
    if source.renamed:
        return name in source.renamed
    if source.scope is None:
        return None if source.columns is None else name in source.columns
    return _offers(source.scope, name)


def _offers(scope: Scope, name: str) -> bool | None:
    if scope.branches:
        return _offers(scope.branches[0], name)
    if name in scope.outputs:
        return True
    answers = [
        has(source, original)
        for star in stars(scope)
        if (original := star.original(name)) is not None
        for source in star.sources
    ]
    return True if True in answers else None if None in answers else False


def stars(scope: Scope) -> list[Star]:
    return [position for position in scope.positions if isinstance(position, Star)]


def column_names(source: Source) -> list[str] | None:
    """All columns of a source in order; None when they aren't all known."""
    if source.renamed:
        return list(source.renamed)
    if source.scope is not None:
        return output_names(source.scope)
    return None if source.columns is None else list(source.columns)


def output_names(scope: Scope) -> list[str] | None:
    if scope.branches:
        return output_names(scope.branches[0])
    names: list[str] = []
    for position in scope.positions:
        if isinstance(position, str):
            names.append(position)
            continue
        outside = {old: new for new, old in position.renamed.items()}
        for source in position.sources:
            inside = column_names(source)
            if inside is None:
                return None
            names += [outside.get(name, name) for name in inside if name not in position.excluded]
    return names


def leaves(expression: exp.Expr) -> list[exp.Expr]:
    """The columns of an expression, each with the variant path on it; subqueries are not entered."""
    return [leaf for leaf, _ in leaves_aggregated(expression)]


def leaves_aggregated(expression: exp.Expr) -> list[tuple[exp.Expr, bool]]:
    """The same, each with whether an aggregate or a window stands between it and the whole, or is the whole."""
    found: list[tuple[exp.Expr, bool]] = []
    stack = [(expression, False)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Column):
            if not isinstance(node.this, exp.Star):
                found.append((_with_path(node, expression), inside))
        else:
            inside = inside or isinstance(node, (exp.AggFunc, exp.Window))
            stack.extend((below, inside) for below in reversed(list(node.iter_expressions())))
    return found


def _with_path(column: exp.Expr, within: exp.Expr) -> exp.Expr:
    node = column
    while node is not within and node.parent is not None and node.arg_key == "this" and _step(node.parent) is not None:
        node = node.parent
    return node


def _step(node: exp.Expr) -> str | None:
    """`:a.b`, `[0]` or `['a']` as it continues a path; None for what is no literal step."""
    if isinstance(node, exp.JSONExtract) and isinstance(node.expression, exp.JSONPath):
        steps = node.expression.expressions
        if not all(isinstance(s, (exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript)) for s in steps):
            return None
        return "".join(f"[{s.this}]" if isinstance(s, exp.JSONPathSubscript) else f".{s.this}" for s in steps[1:])
    if isinstance(node, (exp.Bracket, exp.GetExtract)):
        keys = node.expressions if isinstance(node, exp.Bracket) else [node.expression]
        if len(keys) == 1 and isinstance(keys[0], exp.Literal):
            return f".{keys[0].this}" if keys[0].is_string else f"[{keys[0].this}]"
    return None


def path(leaf: exp.Expr) -> str:
    """`.a.b[0]` for the path from the column to the leaf; empty for a bare column."""
    steps: list[str] = []
    while not isinstance(leaf, exp.Column):
        steps.append(_step(leaf) or "")
        leaf = leaf.this
    return "".join(reversed(steps))


def base_column(leaf: exp.Expr) -> exp.Column:
    while not isinstance(leaf, exp.Column):
        leaf = leaf.this
    return leaf


@dataclass(frozen=True)
class Scans:
    """The statement's scans, in the order of the text."""

    tables: tuple[TableName, ...]
    columns: tuple[Mapping[str, str] | None, ...]

    def data_type(self, scan: int, column: str) -> str | None:
        known = self.columns[scan]
        return known.get(column) if known else None
