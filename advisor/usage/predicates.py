"""Single conditions: which columns one term of a WHERE, ON, HAVING or QUALIFY filters or joins, and by which values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from advisor.model import ColumnUsage, Role, TableName, Value
from advisor.usage import constants
from advisor.usage.clauses import Term, clauses
from advisor.usage.comparisons import COMPARISONS, MIRRORED, OPPOSITE, holds_query, is_constant
from advisor.usage.conditions import Draft, DraftClause, project, weakened
from advisor.usage.constants import VARIANT
from advisor.usage.forms import bare_text, equality, half_range, membership, pattern, text_match
from advisor.usage.resolver import Origins, Resolver
from advisor.usage.scope import Origin, Scans, Scope, Source, output_names
from advisor.usage.wrappers import Wrapping, wrapping


@dataclass(frozen=True)
class Place:
    """Where a condition stands, and what it can filter from there."""

    scope: Scope
    filterable: tuple[Source, ...] | None = None
    """The sources whose rows it can drop; None for all of the scope's."""
    after_windows: bool = False
    """QUALIFY: rows dropped here have already counted in the scope's windows."""


@dataclass(frozen=True)
class Predicates:
    resolver: Resolver
    scans: Scans
    at: datetime

    def drafts(self, condition: exp.Expr, place: Place) -> list[DraftClause]:
        found: list[DraftClause] = []
        for clause in clauses(condition):
            found += project([[d for term in branch for d in self._drafts(term, place)] for branch in clause.branches])
        return found

    def _drafts(self, term: Term, place: Place) -> list[Draft]:
        drafts = self._term(term, place)
        return [weakened(draft) for draft in drafts] if term.weak else drafts

    def _term(self, term: Term, place: Place) -> list[Draft]:
        node, negated = term.node, term.negated
        operator = COMPARISONS.get(type(node))
        if operator is not None:
            if isinstance(node.expression, exp.Null) and not isinstance(node, (exp.EQ, exp.NEQ)):
                return self._null_test(node.this, (operator == "<>") != negated, place)
            return self._compared(node.this, OPPOSITE[operator] if negated else operator, node.expression, place)
        rule = RULES.get(type(node))
        if rule is not None:
            return rule(self, node, negated, place)
        if isinstance(node, exp.Column):
            # A condition that is a bare column is a boolean one.
            return self._compared(node, "=", exp.Boolean(this=not negated), place)
        return self._others(node, place, negated)

    # ------------------------------------------------------------ forms of conditions

    def _compared(self, left: exp.Expr, operator: str, right: exp.Expr, place: Place) -> list[Draft]:
        left, right = left.unnest(), right.unnest() if isinstance(right, exp.Paren) else right
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple) and operator == "=":
            pairs = zip(left.expressions, right.expressions, strict=False)
            return [draft for a, b in pairs for draft in self._compared(a, operator, b, place)]
        if isinstance(right, (exp.Any, exp.All)):
            every = isinstance(right, exp.All)
            if operator == ("<>" if every else "=") and id(right.this) in place.scope.subqueries:
                return self._semi_join(left, right.this, every, place)
            return self._others(left, place)
        if is_constant(right):
            return self._filtered(left, operator, right, place)
        if is_constant(left):
            return self._filtered(right, MIRRORED[operator], left, place)
        if operator != "=" or holds_query(left) or holds_query(right):
            return self._related(left, right, place)
        sides = [self.resolver.expression(side, place.scope) for side in (left, right)]
        return self.joined(sides[0], sides[1], place)

    def _filtered(self, node: exp.Expr, operator: str, constant: exp.Expr, place: Place) -> list[Draft]:
        value = constants.evaluate(constant, self.at)
        if operator == "<>":
            return self._others(node, place, True, () if value is None else (value,))

        def compared(usage: ColumnUsage, wrap: Wrapping) -> Draft:
            return equality(usage, wrap, value) if operator == "=" else half_range(usage, wrap, operator, value)

        return self._each(node, place, compared)

    def _between(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        low, high = node.args["low"], node.args["high"]
        if negated or node.args.get("symmetric"):
            constant = is_constant(low) and is_constant(high)
            return self._others(node.this if constant else node, place, negated)
        return self._compared(node.this, ">=", low, place) + self._compared(node.this, "<=", high, place)

    def _in(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        query = node.args.get("query")
        if query is not None:
            return self._semi_join(node.this, query, negated, place)
        tuples = [item for item in node.expressions if isinstance(item, exp.Tuple)]
        left = node.this.unnest()
        if isinstance(left, exp.Tuple) and len(tuples) == len(node.expressions):
            columns = zip(left.expressions, zip(*(item.expressions for item in tuples), strict=False), strict=False)
            return [draft for part, items in columns for draft in self._listed(part, items, negated, place)]
        return self._listed(left, node.expressions, negated, place)

    def _listed(self, node: exp.Expr, items: Iterable[exp.Expr], negated: bool, place: Place) -> list[Draft]:
        items = [item for item in items if not isinstance(item, exp.Null)]
        if not all(map(is_constant, items)):
            return self._others(node, place, negated)
        found = [constants.evaluate(item, self.at) for item in items]
        values = tuple(value for value in found if value is not None) if None not in found else ()
        if negated:
            return self._others(node, place, True, values)
        return self._each(node, place, lambda usage, wrap: membership(usage, wrap, values))

    def _semi_join(self, node: exp.Expr, query: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        inner = place.scope.subqueries[id(query)]
        parts = node.expressions if isinstance(node, exp.Tuple) else [node]
        names = output_names(inner) or []
        if len(names) < len(parts):
            return self._others(node, place, negated)
        return [
            draft
            for part, name in zip(parts, names, strict=False)
            for draft in self.joined(
                self.resolver.expression(part, place.scope), self.resolver.output(inner, name), place, negated
            )
        ]

    def _like(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        sought = node.expression
        options = sought.this if isinstance(sought, exp.Any) else sought
        items = options.expressions if isinstance(options, exp.Tuple) else [options.unnest()]
        found = [constants.evaluate(item, self.at) for item in items]
        texts = tuple(text for text in found if isinstance(text, str))
        if negated or isinstance(sought, exp.All) or not all(map(is_constant, items)):
            return self._others(node.this, place, negated, tuple(map(bare_text, texts)))
        known = texts if len(texts) == len(items) else ()
        folded = isinstance(node, exp.ILike)
        return self._each(node.this, place, lambda usage, wrap: pattern(usage, wrap, known, folded))

    def _text_test(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        value = constants.evaluate(node.expression, self.at)
        values = (value,) if isinstance(value, str) else ()
        if negated or not is_constant(node.expression):
            return self._others(node.this, place, negated, values)
        prefix = isinstance(node, exp.StartsWith)
        return self._each(node.this, place, lambda usage, wrap: text_match(usage, wrap, values, prefix))

    def _is(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        if isinstance(node.expression, exp.Null):
            return self._null_test(node.this, negated, place)
        if isinstance(node.expression, exp.Boolean) and not negated:
            return self._compared(node.this, "=", node.expression, place)
        return self._others(node.this, place, negated)

    def _null_test(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        return self._each(
            node,
            place,
            lambda usage, wrap: Draft(replace(usage, role=Role.NULL_TEST, negated=negated)),
            # `WHERE u.id IS NULL` after LEFT JOIN u asks for rows without a partner: it drops none of u's.
            unless=lambda origin: origin.optional and not negated,
        )

    def _nothing(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        """EXISTS speaks through its own query's conditions; a constant filters nothing."""
        return []

    def _escaped(self, node: exp.Expr, negated: bool, place: Place) -> list[Draft]:
        return self._term(Term(node.this, negated), place)

    # ------------------------------------------------------------ drafts

    def joined(self, left: Origins, right: Origins, place: Place, negated: bool = False) -> list[Draft]:
        """Both sides of an equality of columns. Where a side has several origins (a UNION), each names the other's first."""
        if {(o.scan, o.reference) for o in left} & {(o.scan, o.reference) for o in right}:
            return [self._other(o, place) for o in (*left, *right) if self._filters(o, place)]
        drafts: list[Draft] = []
        for side, other in ((left, right), (right, left)):
            partner = self._partner(other)
            for origin in side:
                if not origin.computed and not origin.blocked:
                    usage, _ = self._usage(origin, Role.JOIN)
                    negative = negated or place.scope.anti
                    drops = partner is not None and not negative and self._filters(origin, place)
                    usage = replace(usage, partner=partner, negated=negative, required=drops)
                    drafts.append(Draft(usage, origin.reference))
        return drafts

    def _related(self, left: exp.Expr, right: exp.Expr, place: Place) -> list[Draft]:
        """Columns compared with each other by order, or with a subquery's result: filters without constants."""
        sides = [self.resolver.expression(side, place.scope) for side in (left, right)]
        drafts: list[Draft] = []
        for side, other in (sides, sides[::-1]):
            for origin in side:
                partner = self._partner(tuple(o for o in other if o.scan != origin.scan))
                if self._filters(origin, place):
                    draft = self._other(origin, place)
                    drafts.append(replace(draft, usage=replace(draft.usage, partner=partner)))
        return drafts

    def _partner(self, origins: Origins) -> tuple[TableName, str] | None:
        plain = [origin for origin in origins if not origin.computed]
        return (self.scans.tables[plain[0].scan], plain[0].column) if plain else None

    def _others(
        self, node: exp.Expr, place: Place, negated: bool = False, values: tuple[Value, ...] = ()
    ) -> list[Draft]:
        origins = [o for o in self.resolver.expression(node, place.scope) if self._filters(o, place)]
        return [self._other(origin, place, negated, values) for origin in origins]

    def _other(self, origin: Origin, place: Place, negated: bool = False, values: tuple[Value, ...] = ()) -> Draft:
        usage, wrap = self._usage(origin, Role.OTHER)
        typed = tuple(value for value in (constants.coerce(v, wrap.result) for v in values) if value is not None)
        usage = replace(usage, keeps_order=False, negated=negated, values=() if origin.mixed else typed)
        return Draft(usage, origin.reference)

    def _each(
        self,
        node: exp.Expr,
        place: Place,
        form: Callable[[ColumnUsage, Wrapping], Draft],
        unless: Callable[[Origin], bool] = lambda origin: False,
    ) -> list[Draft]:
        drafts: list[Draft] = []
        for origin in self.resolver.expression(node, place.scope):
            if not self._filters(origin, place) or unless(origin):
                continue
            if origin.mixed:
                drafts.append(self._other(origin, place))
                continue
            usage, wrap = self._usage(origin, Role.OTHER)
            draft = form(usage, wrap)
            draft = draft if origin.reference is None else replace(draft, reference=origin.reference)
            drafts.append(weakened(draft) if origin.blurred else draft)
        return drafts

    def _filters(self, origin: Origin, place: Place) -> bool:
        """Whether a condition on it, here, drops rows of its scan."""
        if origin.computed or origin.blocked:
            return False
        allowed = place.scope.sources.values() if place.filterable is None else place.filterable
        if not any(source is origin.source for source in allowed):
            return False
        return not place.after_windows or self.resolver.passes_windows(origin, place.scope)

    def _usage(self, origin: Origin, role: Role) -> tuple[ColumnUsage, Wrapping]:
        data_type = self.scans.data_type(origin.scan, origin.column)
        if data_type is None and ":" in origin.column:
            data_type = VARIANT
        wrap = wrapping(origin.layers, data_type, self.at)
        usage = ColumnUsage(
            table=self.scans.tables[origin.scan],
            column=origin.column,
            role=role,
            scan=origin.scan,
            wrapper=wrap.text,
            keeps_order=wrap.keeps_order and not origin.mixed,
        )
        return usage, wrap

    def key(self, origin: Origin, role: Role) -> ColumnUsage:
        """A group or an order key."""
        return self._usage(origin, role)[0]


Rule = Callable[[Predicates, exp.Expr, bool, Place], list[Draft]]
RULES: dict[type[exp.Expr], Rule] = {
    exp.Between: Predicates._between,
    exp.In: Predicates._in,
    exp.Like: Predicates._like,
    exp.ILike: Predicates._like,
    exp.Escape: Predicates._escaped,
    exp.StartsWith: Predicates._text_test,
    exp.Contains: Predicates._text_test,
    exp.Is: Predicates._is,
    exp.Exists: Predicates._nothing,
    exp.Boolean: Predicates._nothing,
    exp.Null: Predicates._nothing,
    exp.Literal: Predicates._nothing,
}
