"""From a syntax tree to scopes: sources, joins, CTEs, views, and the queries nested in expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from advisor.model import TableName
from advisor.usage.names import Session, fold
from advisor.usage.resolver import natural_columns
from advisor.usage.scope import Joined, Scans, Scope, Source, Star, output_names
from advisor.usage.select_lists import select_list
from advisor.usage.syntax import (
    alias_columns,
    expressions,
    identifier,
    is_limited,
    mentions,
    name_parts,
    nests,
    opaque_columns,
    set_operands,
    view_definition,
)

MAX_VIEW_DEPTH = 40
MAX_SCOPES = 20_000


class TooComplexError(Exception):
    """Views inside views multiply beyond what is worth reading."""


VARIABLES = (exp.Parameter, exp.Placeholder)


@dataclass(frozen=True, eq=False)
class Cte:
    scope: Scope
    renamed: tuple[str, ...]
    barrier: bool = False


Ctes = Mapping[str, Cte]


@dataclass
class Builder:
    session: Session
    scans: list[TableName] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    """All scopes, an outer one before those inside it."""
    references: dict[int, list[Source]] = field(default_factory=dict)
    """The sources that refer to a CTE, by the identity of its scope."""
    view_depth: int = 0
    hidden: bool = False
    """A variable names one of the tables: `IDENTIFIER($t)`, `TABLE(?)`."""
    _views: dict[TableName, exp.Expr | None] = field(default_factory=dict)

    def query(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Scope:
        """The scope of a SELECT or a set operation, however it is parenthesised."""
        limited = False
        while isinstance(node, (exp.Subquery, exp.Paren)):
            ctes = self.with_ctes(node, parent, ctes)
            limited = limited or is_limited(node)
            node = node.this
        ctes = self.with_ctes(node, parent, ctes)
        scope = self.scope(node, parent)
        scope.limited = limited or is_limited(node)
        if isinstance(node, exp.SetOperation):
            scope.branches = [self.query(branch, parent, ctes) for branch in set_operands(node)]
        elif isinstance(node, exp.Select):
            self._select(node, scope, ctes)
        return scope

    def scope(self, node: exp.Expr | None, parent: Scope | None) -> Scope:
        if len(self.scopes) >= MAX_SCOPES:
            raise TooComplexError
        scope = Scope(node, parent)
        self.scopes.append(scope)
        return scope

    def with_ctes(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            alias = cte.args["alias"]
            name, renamed = fold(alias.this) or "", alias_columns(alias)
            # Snowflake takes a CTE for recursive when it names itself, with or without the word.
            body = cte.this.unnest() if isinstance(cte.this, exp.Subquery) else cte.this
            operands = set_operands(body)
            if mentions(operands[0], name) or not any(mentions(operand, name) for operand in operands[1:]):
                known[name] = Cte(self.query(cte.this, parent, known), renamed)
            else:
                known[name] = self._recursive(body, parent, known, name, renamed)
        return known

    def _recursive(self, node: exp.Expr, parent: Scope | None, ctes: Ctes, name: str, renamed: tuple[str, ...]) -> Cte:
        """Inside itself the CTE means what its first branch yields; no condition moves into either branch."""
        ctes = self.with_ctes(node, parent, ctes)
        scope = self.scope(node, parent)
        scope.recursive = True
        first, *others = set_operands(node)
        scope.branches = [self.query(first, parent, ctes)]
        inside = {**ctes, name: Cte(scope.branches[0], renamed, barrier=True)}
        scope.branches += [self.query(other, parent, inside) for other in others]
        return Cte(scope, renamed)

    def _select(self, node: exp.Select, scope: Scope, ctes: Ctes) -> None:
        if node.args.get("from_") is not None:
            self.source(node.args["from_"].this, scope, ctes)
        for lateral in node.args.get("laterals") or ():
            self.source(lateral, scope, ctes)
        for join in node.args.get("joins") or ():
            self.join(join, scope, ctes)
        select_list(node, scope)
        self.subqueries(expressions(node), scope, ctes)

    def join(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> None:
        left = list(scope.sources.values())
        self.source(node.this, scope, ctes)
        right = list(scope.sources.values())[len(left) :]
        side = str(node.args.get("side") or "").upper()
        # What an outer join keeps whole, its ON filters not; what it may replace by NULLs, it does.
        optional = {"LEFT": right, "RIGHT": left, "FULL": [*left, *right]}.get(side, [])
        for source in optional:
            source.optional = True
        filterable = {"LEFT": tuple(right), "RIGHT": tuple(left), "FULL": ()}.get(side)
        using = tuple(fold(column) or "" for column in node.args.get("using") or ())
        if str(node.args.get("method") or "").upper() == "NATURAL" and len(right) == 1:
            using = natural_columns(left, right[0])
        for condition in (node.args.get("on"), node.args.get("match_condition")):
            if condition is not None:
                scope.joins.append(Joined(condition, tuple(right), filterable))
                self.subqueries([condition], scope, ctes)
        if using:
            scope.joins.append(Joined(None, tuple(right), filterable, using))

    def subqueries(self, expressions: Iterable[exp.Expr], scope: Scope, ctes: Ctes) -> None:
        """Build the queries that stand in these expressions, and note the windows."""
        stack = [node for node in expressions if nests(node)][::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Query):
                inner = self.query(node, scope, ctes)
                inner.anti = isinstance(node.parent, exp.Exists) and isinstance(node.parent.parent, exp.Not)
                scope.subqueries[id(node)] = inner
                continue
            if isinstance(node, exp.Window):
                scope.windows.append(node)
            stack.extend(reversed(list(node.iter_expressions())))

    # ------------------------------------------------------------ sources

    def source(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> None:
        """Add what stands in a FROM, a JOIN or a USING; a parenthesised join adds all its parts."""
        inner = node.unnest() if isinstance(node, exp.Subquery) else node.this if isinstance(node, exp.Paren) else node
        if inner is not node and isinstance(inner, (exp.Table, exp.Paren)):
            self.source(inner, scope, ctes)
        else:
            found = self._derived(node, scope, ctes)
            pivots = node.args.get("pivots")
            self._add(self._pivoted(found, pivots, scope) if pivots else found, scope)
        for join in node.args.get("joins") or ():
            self.join(join, scope, ctes)

    def _add(self, source: Source, scope: Scope) -> None:
        alias = source.alias or f"#{len(scope.sources)}"
        while alias in scope.sources:
            alias += f"#{len(scope.sources)}"
        scope.sources[alias] = source

    def _derived(self, node: exp.Expr, scope: Scope, ctes: Ctes) -> Source:
        alias = node.args.get("alias")
        name = (fold(alias.this) if isinstance(alias, exp.TableAlias) else None) or ""
        renamed = alias_columns(alias)
        if isinstance(node, exp.Table):
            return self._table(node, name, renamed, scope, ctes)
        if isinstance(node, exp.Subquery):
            return Source(name, scope=self.query(node, scope.parent, ctes), renamed=renamed)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return Source(name, scope=self.query(node.this, scope, ctes), renamed=renamed)
        if isinstance(node, exp.TableFromRows) and isinstance(node.this, exp.Literal):
            return self._base(self.session.named(name_parts(node.this.name)), name, renamed)
        self.hidden |= isinstance(node, exp.TableFromRows) and isinstance(node.this, VARIABLES)
        self.subqueries([node.this] if isinstance(node.this, exp.Expr) else [], scope, ctes)
        return Source(name, columns=opaque_columns(node, renamed))

    def _table(self, node: exp.Table, name: str, renamed: tuple[str, ...], scope: Scope, ctes: Ctes) -> Source:
        called = node.this
        if isinstance(called, exp.DynamicIdentifier) and isinstance(called.this, exp.Literal):
            return self._base(self.session.named(name_parts(called.this.name)), name, renamed)
        if not isinstance(called, exp.Identifier):
            self.hidden |= isinstance(called, exp.DynamicIdentifier)
            return Source(name)
        own = fold(called) or ""
        cte = ctes.get(own) if node.args.get("db") is None else None
        if cte is not None:
            source = Source(name or own, scope=cte.scope, renamed=renamed or cte.renamed, barrier=cte.barrier)
            self.references.setdefault(id(cte.scope), []).append(source)
            return source
        return self._base(self.session.table(node), name or own, renamed)

    def _base(self, table: TableName, name: str, renamed: tuple[str, ...]) -> Source:
        directory = self.session.directory
        if directory.view(table) is not None:
            view = self._view(table)
            if view is not None:
                return replace(view, alias=name or table.name, renamed=renamed or view.renamed)
        self.scans.append(table)
        columns = directory.columns(table)
        return Source(name or table.name, len(self.scans) - 1, table, columns, renamed=renamed)

    def _view(self, table: TableName) -> Source | None:
        """The view's query as a source, its names completed by the view's own place; None when its text can't be used."""
        if table not in self._views:
            self._views[table] = view_definition(self.session.directory.view(table) or "")
        definition = self._views[table]
        if definition is None:
            return None
        if self.view_depth >= MAX_VIEW_DEPTH:
            raise TooComplexError
        query = definition.expression if isinstance(definition, exp.Create) else definition
        named = definition.this.expressions if isinstance(definition.this, exp.Schema) else ()
        outside = self.session
        self.session = replace(outside, database=table.database, schema=table.schema)
        self.view_depth += 1
        # A fresh copy for each use: scopes know their nodes by identity.
        scope = self.query(query.copy(), None, {})
        self.view_depth -= 1
        self.session = outside
        renamed = tuple(fold(identifier(column)) or "" for column in named)
        return Source(table.name, table=table, scope=scope, renamed=renamed)

    def _pivoted(self, inner: Source, pivots: Sequence[exp.Expr], scope: Scope) -> Source:
        """A PIVOT lets the columns that it doesn't use pass, as group keys do, and makes others of its own."""
        around = self.scope(None, scope.parent)
        around.sources = {inner.alias or "#0": inner}
        used: set[str] = set()
        name, renamed = inner.alias, inner.renamed[:0]
        for pivot in pivots:
            used |= {fold(column.this) or "" for column in pivot.find_all(exp.Column)}
            made = [fold(column) or "" for column in pivot.args.get("columns") or ()]
            if pivot.args.get("unpivot"):
                made += [fold(identifier(column)) or "" for column in pivot.expressions]
                made += [fold(identifier(part.this)) or "" for part in pivot.args.get("fields") or ()]
            around.outputs.update(dict.fromkeys(made))
            alias = pivot.args.get("alias")
            if isinstance(alias, exp.TableAlias):
                name, renamed = fold(alias.this) or name, alias_columns(alias) or renamed
        around.positions = [Star((inner,), frozenset(used)), *around.outputs]
        return Source(name, scope=around, renamed=renamed if output_names(around) is not None else ())

    # ------------------------------------------------------------ the end of building

    def reached(self, roots: list[Scope]) -> list[Scope]:
        """The scopes that the statement runs, outer before inner; numbers references to CTEs that are shared."""
        seen: dict[int, Scope] = {}
        sources: set[int] = set()
        stack = roots[::-1]
        while stack:
            scope = stack.pop()
            if id(scope) in seen:
                continue
            seen[id(scope)] = scope
            sources |= {id(source) for source in scope.sources.values()}
            inner = [source.scope for source in scope.sources.values() if source.scope is not None]
            stack += [*inner, *scope.branches, *scope.subqueries.values()][::-1]
        for number, shared in enumerate(self.references.values()):
            live = [source for source in shared if id(source) in sources]
            for place, source in enumerate(live if len(live) > 1 else ()):
                source.reference = (number, place)
        return [scope for scope in self.scopes if id(scope) in seen]

    def used_scans(self, scopes: list[Scope]) -> tuple[Scans, dict[int, int]]:
        """Drops the scans of CTEs that nobody uses. Also: how many references each shared CTE has, by its number."""
        sources = {id(source): source for scope in scopes for source in scope.sources.values()}.values()
        used = sorted((source for source in sources if source.scan is not None), key=lambda source: source.scan or 0)
        kept = [source.scan for source in used if source.scan is not None]
        for number, source in enumerate(used):
            source.scan = number
        counts: dict[int, int] = {}
        for source in sources:
            if source.reference is not None:
                counts[source.reference[0]] = counts.get(source.reference[0], 0) + 1
        tables = tuple(self.scans[scan] for scan in kept)
        return Scans(tables, tuple(source.columns for source in used)), counts
