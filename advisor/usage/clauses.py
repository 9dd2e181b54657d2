"""Conditions in normal form: a conjunction of clauses, each a plain term or an OR whose alternatives are conjunctions.

Negations move down to the terms, and what all alternatives of an OR have in common moves out of it (TPC-H query 19).
Works on stacks, not by recursion: tools write chains of thousands of terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, eq=False)
class Term:
    """One condition without AND, OR and NOT; `negated` tells whether it stood under a NOT."""

    node: exp.Expr
    negated: bool = False
    weak: bool = False
    """It stands in an OR that is nested in an alternative of another, so it doesn't decide that alternative."""

    @property
    def key(self) -> tuple[exp.Expr, bool]:
        """Equal for terms that read the same."""
        return self.node, self.negated


@dataclass(frozen=True)
class Clause:
    """A disjunction of conjunctions; a plain condition has one branch of one term."""

    branches: tuple[tuple[Term, ...], ...]


def clauses(node: exp.Expr) -> Iterator[Clause]:
    """The clauses of a condition in the order of the text."""
    for term in _operands(Term(node), exp.And):
        alternatives = _operands(term, exp.Or)
        if len(alternatives) == 1:
            yield Clause(((term,),))
        else:
            yield from _disjunction([_operands(alternative, exp.And) for alternative in alternatives])


def _operands(term: Term, connective: type[exp.Expr]) -> list[Term]:
    """The terms that the connective joins, NOTs moved inward: under a NOT, OR joins what AND joined."""
    found: list[Term] = []
    stack = [term]
    while stack:
        term = stack.pop()
        node, negated = term.node, term.negated
        while isinstance(node, (exp.Paren, exp.Not)):
            negated ^= isinstance(node, exp.Not)
            node = node.this
        opposite = exp.Or if connective is exp.And else exp.And
        if isinstance(node, opposite if negated else connective):
            stack += [Term(node.expression, negated), Term(node.this, negated)]
        else:
            found.append(Term(node, negated))
    return found


def _disjunction(branches: list[list[Term]]) -> Iterator[Clause]:
    common = set.intersection(*({term.key for term in branch} for branch in branches))
    yield from (Clause(((term,),)) for term in _first_each(branches[0]) if term.key in common)
    rest = [[term for term in branch if term.key not in common] for branch in branches]
    if all(rest):
        yield Clause(tuple(tuple(plain for term in branch for plain in _flat(term)) for branch in rest))


def _flat(term: Term) -> Iterator[Term]:
    """The term, or all terms of the OR that it is, however deep."""
    if not _is_or(term):
        yield term
        return
    stack = [term]
    while stack:
        inner = stack.pop()
        if isinstance(inner.node, (exp.And, exp.Or)):
            stack += reversed(_operands(inner, exp.And if _is_or(inner) == inner.negated else exp.Or))
        else:
            yield Term(inner.node, inner.negated, weak=True)


def _first_each(terms: list[Term]) -> list[Term]:
    return list({term.key: term for term in terms}.values())


def _is_or(term: Term) -> bool:
    return isinstance(term.node, exp.And if term.negated else exp.Or)
