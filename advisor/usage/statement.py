"""What one parsed statement says: kinds of statements, and what each of their scopes filters, joins, groups and orders by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlglot import exp

from advisor.model import ColumnUsage, Reading, Role, TableName
from advisor.usage import constants
from advisor.usage.builder import Builder
from advisor.usage.conditions import DraftClause, number, project
from advisor.usage.names import fold
from advisor.usage.predicates import Place, Predicates
from advisor.usage.resolver import Resolver
from advisor.usage.scope import Joined, Scope, Source
from advisor.usage.syntax import identifier, name_parts

HIDDEN = "names a table by a variable"


@dataclass
class Statement:
    """One statement while it is read."""

    builder: Builder
    at: datetime
    resolver: Resolver = field(default_factory=Resolver)
    writes: list[TableName] = field(default_factory=list)
    creates: list[TableName] = field(default_factory=list)

    def read(self, tree: exp.Expr) -> Reading:
        main = self._main(tree)
        scopes = self.builder.reached([main]) if main is not None else []
        scans, references = self.builder.used_scans(scopes)
        predicates = Predicates(self.resolver, scans, self.at)
        clauses = [clause for scope in scopes for clause in self._clauses(scope, predicates)]
        usages = number(clauses, references)
        usages += [usage for scope in scopes for usage in self._keys(scope, predicates)]
        return Reading(
            scans=scans.tables,
            usages=tuple(dict.fromkeys(usages)),
            writes=tuple(dict.fromkeys(self.writes)),
            creates=tuple(dict.fromkeys(self.creates)),
            limit=None if main is None or main.node is None else self._limit(tree, main.node),
            unresolved=tuple(sorted(self.resolver.unresolved)),
            problem=HIDDEN if self.builder.hidden else None,
        )

    # ------------------------------------------------------------ kinds of statements

    def _main(self, tree: exp.Expr) -> Scope | None:
        """The outermost scope; None for a statement that reads no table."""
        if isinstance(tree, (exp.Query, exp.Paren)):
            return self.builder.query(tree, None, {})
        if isinstance(tree, exp.Create):
            return self._create(tree)
        if isinstance(tree, exp.Insert):
            self._target(tree.this, self.creates if tree.args.get("overwrite") else self.writes)
            return self._source_query(tree, tree.expression)
        if isinstance(tree, exp.MultitableInserts):
            for insert in tree.find_all(exp.Insert):
                self._target(insert.this, self.writes)
            return self._source_query(tree, tree.args.get("source"))
        if isinstance(tree, (exp.Merge, exp.Update, exp.Delete)):
            return self._change(tree)
        if isinstance(tree, exp.Copy):
            return self._copy(tree)
        if isinstance(tree, exp.TruncateTable):
            for table in tree.expressions:
                self._target(table, self.writes)
        return None

    def _target(self, node: exp.Expr, into: list[TableName]) -> None:
        table = node.this if isinstance(node, exp.Schema) else node
        if not isinstance(table, exp.Table):
            return
        if isinstance(table.this, exp.Identifier):
            into.append(self.builder.session.table(table))
        elif isinstance(table.this, exp.DynamicIdentifier) and isinstance(table.this.this, exp.Literal):
            into.append(self.builder.session.named(name_parts(table.this.this.name)))
        else:
            self.builder.hidden |= isinstance(table.this, exp.DynamicIdentifier)

    def _source_query(self, tree: exp.Expr, query: exp.Expr | None) -> Scope | None:
        ctes = self.builder.with_ctes(tree, None, {})
        return self.builder.query(query, None, ctes) if isinstance(query, exp.Query) else None

    def _create(self, tree: exp.Create) -> Scope | None:
        properties = tree.args.get("properties")
        stored = properties is not None and properties.find(exp.MaterializedProperty) is not None
        if not isinstance(tree.expression, exp.Query) or (tree.kind != "TABLE" and not stored):
            # Creating a view or a procedure runs nothing.
            return None
        self._target(tree.this, self.creates)
        return self._source_query(tree, tree.expression)

    def _copy(self, tree: exp.Copy) -> Scope | None:
        self._target(tree.this, self.writes)
        source = next(iter(tree.args.get("files") or ()), None)
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            scope = self.builder.scope(tree, None)
            self.builder.source(source, scope, {})
            return scope
        return self._source_query(tree, source)

    def _change(self, tree: exp.Expr) -> Scope:
        """MERGE, UPDATE and DELETE scan their target, and join it to what USING or FROM name."""
        ctes = self.builder.with_ctes(tree, None, {})
        scope = self.builder.scope(tree, None)
        self._target(tree.this, self.writes)
        self.builder.source(tree.this, scope, ctes)
        target = tuple(scope.sources.values())
        using = tree.args.get("using")
        others = using if isinstance(using, list) else [using]
        if tree.args.get("from_") is not None:
            others = [*others, tree.args["from_"].this]
        for source in others:
            if isinstance(source, exp.Expr):
                self.builder.source(source, scope, ctes)
        if isinstance(tree, exp.Merge) and any(not when.args.get("matched") for when in tree.find_all(exp.When)):
            # What has no match is inserted, so ON drops none of the source's rows.
            scope.filterable = target
        for part in (*tree.expressions, tree.args.get("on"), tree.args.get("where"), tree.args.get("whens")):
            if isinstance(part, exp.Expr):
                self.builder.subqueries([part], scope, ctes)
        return scope

    # ------------------------------------------------------------ what a scope says

    def _clauses(self, scope: Scope, predicates: Predicates) -> Iterator[DraftClause]:
        for joined in scope.joins:
            yield from self._joined(joined, scope, predicates)
        node = scope.node
        if node is None:
            return
        for part in ("on", "where", "having", "qualify"):
            condition = node.args.get(part)
            if isinstance(condition, exp.Expr) and not scope.branches:
                place = Place(scope, scope.filterable, after_windows=part == "qualify")
                yield from predicates.drafts(condition if part == "on" else condition.this, place)

    def _joined(self, joined: Joined, scope: Scope, predicates: Predicates) -> Iterator[DraftClause]:
        place = Place(scope, joined.filterable)
        if joined.node is not None:
            yield from predicates.drafts(joined.node, place)
        left = _before(scope, joined.right)
        for name in joined.using:
            for pair in self.resolver.joined(left, joined.right[0], name):
                yield from project([predicates.joined(*pair, place)])

    def _keys(self, scope: Scope, predicates: Predicates) -> Iterator[ColumnUsage]:
        node = scope.node
        if node is None or not isinstance(node, exp.Query):
            return
        for expression in _group_keys(node):
            for origin in self.resolver.expression(expression, scope):
                if not origin.computed:
                    yield predicates.key(origin, Role.GROUP)
        order = node.args.get("order")
        for item in order.expressions if order is not None else ():
            expression = _ordinal(item.this, node)
            if scope.branches:
                name = fold(identifier(expression))
                origins = self.resolver.output(scope, name) if name else ()
            else:
                origins = self.resolver.expression(expression, scope, alias_first=True)
            descending, nulls_first = bool(item.args.get("desc")), bool(item.args.get("nulls_first"))
            keys = (predicates.key(origin, Role.ORDER) for origin in origins if not origin.computed)
            yield from (replace(key, descending=descending, nulls_first=nulls_first) for key in keys)

    def _limit(self, tree: exp.Expr, node: exp.Expr) -> int | None:
        """The rows that the outermost LIMIT, TOP or FETCH has found, with those that an OFFSET is known to skip: of the
        query itself or of the parentheses around it.
        """
        query = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
        while isinstance(query, exp.Expr):
            limit = query.args.get("limit")
            if isinstance(limit, exp.Expr):
                kept = constants.evaluate(limit.args.get("expression") or limit.args.get("count"), self.at)
                offset = query.args.get("offset")
                skipped = constants.evaluate(offset.expression, self.at) if isinstance(offset, exp.Expr) else 0
                return kept + (skipped if isinstance(skipped, int) else 0) if isinstance(kept, int) else None
            query = query.this if isinstance(query, (exp.Subquery, exp.Paren)) else None
        return None


def _before(scope: Scope, right: tuple[Source, ...]) -> list[Source]:
    sources = list(scope.sources.values())
    return sources[: next(i for i, source in enumerate(sources) if source is right[0])]


def _ordinal(expression: exp.Expr, query: exp.Expr) -> exp.Expr:
    """`GROUP BY 2`: the second item of the select list; anything else is itself."""
    if not isinstance(expression, exp.Literal) or expression.is_string or not expression.name.isdecimal():
        return expression
    items = query.selects if isinstance(query, exp.Query) else []
    place = int(expression.name) - 1
    if not 0 <= place < len(items):
        return expression
    item: exp.Expr = items[place]
    if not isinstance(item, exp.Alias):
        return item
    named: exp.Expr = item.args["alias"]
    return named if isinstance(query, exp.SetOperation) else item.this


def _group_keys(node: exp.Expr) -> Iterator[exp.Expr]:
    group = node.args.get("group")
    if group is None:
        return
    if group.args.get("all") is True:
        items = [item.this if isinstance(item, exp.Alias) else item for item in node.expressions]
        yield from (item for item in items if item.find(exp.AggFunc, exp.Window, exp.Star) is None)
    stack = [*group.expressions[::-1]]
    for name in ("rollup", "cube", "grouping_sets"):
        more = group.args.get(name)
        stack += more if isinstance(more, list) else []
    while stack:
        key = stack.pop()
        if isinstance(key, (exp.Tuple, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Paren)):
            stack += key.expressions[::-1] if not isinstance(key, exp.Paren) else [key.this]
        else:
            yield _ordinal(key, node)
