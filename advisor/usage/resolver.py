"""Where a column of an expression comes from: names followed through aliases, subqueries, CTEs and views to base tables."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from advisor.usage.names import fold
from advisor.usage.scope import (
    Layer,
    Origin,
    Scope,
    Source,
    base_column,
    column_names,
    has,
    leaves_aggregated,
    output_names,
    path,
    stars,
)

Origins = tuple[Origin, ...]


class Resolver:
    """Answers for one statement; remembers answers, and the names that nobody owns."""

    def __init__(self) -> None:
        self.unresolved: set[str] = set()
        self._outputs: dict[tuple[int, str], Origins] = {}
        self._aliases: dict[tuple[int, str], Origins] = {}
        self._window_keys: dict[int, list[set[tuple[int, str]]]] = {}
        self._expanding: set[tuple[int, str]] = set()

    def expression(self, node: exp.Expr, scope: Scope, alias_first: bool = False) -> Origins:
        """The origins of all columns under the node; empty for a constant."""
        under = leaves_aggregated(node)
        if len(under) == 1 and under[0][0] is node:
            return self._leaf(node, scope, alias_first)
        mixed = len(under) > 1
        found: dict[object, Origin] = {}
        for leaf, inside in under:
            layer = Layer(node, leaf)
            for origin in self._leaf(leaf, scope, alias_first):
                origin = replace(
                    origin,
                    layers=(*origin.layers, layer),
                    computed=origin.computed or inside,
                    mixed=origin.mixed or mixed,
                )
                # `a + a` uses a once: aliases that double each other must not double their origins.
                found.setdefault(replace(origin, layers=()) if mixed else origin, origin)
        return tuple(found.values())

    def _leaf(self, leaf: exp.Expr, scope: Scope, alias_first: bool) -> Origins:
        origins = self._column(base_column(leaf), scope, alias_first)
        steps = path(leaf)
        if not steps:
            return origins
        return tuple(_stepped(origin, leaf, steps) for origin in origins)

    def _column(self, node: exp.Column, scope: Scope, alias_first: bool) -> Origins:
        name, qualifier = fold(node.this) or "", fold(node.args.get("table"))
        asked: Scope | None = scope
        while asked is not None:
            if qualifier is not None:
                source = _called(asked, qualifier, fold(node.args.get("db")))
                if source is not None:
                    return self._qualified(source, name, f"{qualifier}.{name}")
            else:
                origins = self._unqualified(name, asked, alias_first and asked is scope)
                if origins is not None:
                    return origins
            asked = asked.parent
        self.unresolved.add(name if qualifier is None else f"{qualifier}.{name}")
        return ()

    def _qualified(self, source: Source, name: str, shown: str) -> Origins:
        if has(source, name) is False:
            self.unresolved.add(shown)
            return ()
        return self.through(source, name)

    def _unqualified(self, name: str, scope: Scope, alias_first: bool) -> Origins | None:
        """A column of the sources before an alias of the select list, as Snowflake does; None when the scope has neither."""
        alias = scope.outputs.get(name)
        usable = alias is not None and (id(scope), name) not in self._expanding and not _is_itself(alias, name)
        if usable and alias_first:
            return self._aliased(name, scope)
        sources = list(scope.sources.values())
        owners = [source for source in sources if has(source, name)]
        if owners:
            return self.through(owners[0], name)
        if usable:
            return self._aliased(name, scope)
        possible = [source for source in sources if has(source, name) is None]
        if len(possible) == 1:
            return self.through(possible[0], name)
        if possible:
            self.unresolved.add(name)
            return ()
        return None

    def _aliased(self, name: str, scope: Scope) -> Origins:
        alias = scope.outputs[name]
        return () if alias is None else self._expanded(alias, name, scope)

    def _expanded(self, expression: exp.Expr, name: str, scope: Scope) -> Origins:
        """An item of the select list; within it its own alias means the source's column."""
        key = (id(scope), name)
        if key not in self._aliases:
            self._expanding.add(key)
            self._aliases[key] = self.expression(expression, scope)
            self._expanding.discard(key)
        return self._aliases[key]

    def through(self, source: Source, name: str) -> Origins:
        """The origins of a column that a source offers."""
        if source.scan is not None:
            if source.renamed and source.columns:
                name = dict(zip(source.renamed, source.columns, strict=False)).get(name, name)
            return (Origin(source.scan, name, source=source, optional=source.optional),)
        if source.scope is None:
            return ()
        if source.renamed:
            inner = output_names(source.scope) or []
            position = source.renamed.index(name) if name in source.renamed else len(inner)
            if position >= len(inner):
                return ()
            name = inner[position]
        return tuple(_passed(origin, source) for origin in self.output(source.scope, name))

    def output(self, scope: Scope, name: str) -> Origins:
        """The origins of a column that a scope offers, seen from outside."""
        key = (id(scope), name)
        if key not in self._outputs:
            # A recursive CTE asks for itself: nothing more to learn on the second visit.
            self._outputs[key] = ()
            origins = self._united(scope, name) if scope.branches else self._selected(scope, name)
            blocked = scope.limited or scope.recursive
            self._outputs[key] = tuple(dict.fromkeys(_from_outside(origin, blocked) for origin in origins))
        return self._outputs[key]

    def _united(self, scope: Scope, name: str) -> list[Origin]:
        names = output_names(scope.branches[0])
        position = names.index(name) if names and name in names else None
        found: list[Origin] = []
        for branch in scope.branches:
            own = output_names(branch) if position is not None else None
            found += self.output(
                branch, own[position] if own and position is not None and position < len(own) else name
            )
        return found

    def _selected(self, scope: Scope, name: str) -> list[Origin]:
        origins: Origins = ()
        if name in scope.outputs:
            expression = scope.outputs[name]
            origins = () if expression is None else self._expanded(expression, name, scope)
        else:
            for star in stars(scope):
                original = star.original(name)
                owner = None if original is None else _owner(star.sources, original)
                if owner is not None and original is not None:
                    origins = self.through(owner, original)
                    break
        if not scope.windows:
            return list(origins)
        return [_from_outside(origin, not self.passes_windows(origin, scope)) for origin in origins]

    def passes_windows(self, origin: Origin, scope: Scope) -> bool:
        """A condition may move below the scope's windows: it takes or leaves whole partitions of each."""
        if not scope.windows:
            return True
        if id(scope) not in self._window_keys:
            self._window_keys[id(scope)] = [
                {
                    (o.scan, o.column)
                    for key in window.args.get("partition_by") or ()
                    for o in self.expression(key, scope)
                }
                for window in scope.windows
            ]
        return all((origin.scan, origin.column) in keys for keys in self._window_keys[id(scope)])

    def joined(self, left: list[Source], right: Source, name: str) -> list[tuple[Origins, Origins]]:
        """The pairs that USING (name) compares."""
        owner = _owner(tuple(left), name)
        return [] if owner is None else [(self.through(owner, name), self.through(right, name))]


def natural_columns(left: list[Source], right: Source) -> tuple[str, ...]:
    """What NATURAL JOIN compares: the names on both sides, as far as both are known."""
    known = {name for source in left for name in column_names(source) or ()}
    return tuple(name for name in column_names(right) or () if name in known)


def _owner(sources: tuple[Source, ...], name: str) -> Source | None:
    owners = [source for source in sources if has(source, name)]
    possible = [source for source in sources if has(source, name) is None]
    return owners[0] if owners else possible[0] if len(possible) == 1 else None


def _passed(origin: Origin, source: Source) -> Origin:
    reference, blurred = origin.reference, origin.blurred
    if source.reference is not None:
        blurred = blurred or reference is not None
        reference = None if blurred else source.reference
    return replace(
        origin,
        source=source,
        optional=origin.optional or source.optional,
        blocked=origin.blocked or source.barrier,
        reference=reference,
        blurred=blurred,
    )


def _called(scope: Scope, qualifier: str, schema: str | None) -> Source | None:
    """The source of that alias; with a schema (`s.t.id`) the one of that name there, as `s1.t` and `s2.t` may be joined."""
    if schema is not None:
        for source in scope.sources.values():
            if source.table is not None and (source.table.schema, source.table.name) == (schema, qualifier):
                return source
    return scope.sources.get(qualifier)


def _stepped(origin: Origin, leaf: exp.Expr, steps: str) -> Origin:
    """The origin of a variant path; a path into a function's result is one function more around the column."""
    if origin.layers:
        return replace(origin, layers=(*origin.layers, Layer(leaf, base_column(leaf))))
    joint = "" if ":" in origin.column else ":"
    return replace(origin, column=origin.column + joint + (steps.removeprefix(".") if joint else steps))


def _from_outside(origin: Origin, blocked: bool) -> Origin:
    return replace(origin, source=None, blocked=origin.blocked or blocked)


def _is_itself(alias: exp.Expr | None, name: str) -> bool:
    return isinstance(alias, exp.Column) and fold(alias.this) == name
