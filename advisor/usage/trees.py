"""Texts to syntax trees. Samples of one template differ in constants alone: the next one takes over the last one's tree, with
its own constants put in, and isn't parsed.

That is exact where the texts differ only in numbers and strings that stand bare in a comparison or make up the list of an IN,
of which no parser asks what they say, or in numbers inside a comment. Anything else, such as `'2026-05-01'::date`, is parsed
anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.tokenizer_core import Token

KEPT = 8
LONGEST = 20_000
"""Characters of a text whose tree is kept: a tree takes a hundred times the memory of its text."""
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Like)
CONSTANT = r"['0-9](?:(?<=')[^'\\]*'|(?<=[0-9])(?<![\w.$].)[0-9]*(?:\.[0-9]+)?(?![\w.$]))"
"""A string without quotes or escapes in it, or a number that touches no name: in place of one another, of one sort, a tokenizer
takes them for one token of the same kind."""
RUN = re.compile(rf"({CONSTANT}(?:\s*,\s*{CONSTANT})*)")
COMMENTS = re.compile(r"(?:\s|/\*(?!\+)(?:(?!\*/).)*\*/|--[^\n]*(?:\n|$))*", re.DOTALL)

ENDING = frozenset("\n\r")
"""Either ends a comment for sqlglot."""

Trees = Sequence[exp.Expr | None]


@dataclass(frozen=True)
class Pattern:
    """A parsed text, cut at its runs of constants, and what it was parsed to."""

    pieces: list[str]
    """Every other one, from the second on, is a run."""
    tokens: Sequence[Token]
    trees: Trees

    @cached_property
    def free(self) -> Mapping[int, exp.Expr | None]:
        """Those of its runs, by number, that may be others: each with its literal, with the IN whose list it is, or with None
        where it stands in a comment. Looked for when a second text asks: most texts have none like them."""
        places = [0, *accumulate(map(len, self.pieces))]
        runs = {(places[i], places[i + 1]): i // 2 for i in range(1, len(self.pieces), 2)}
        free: dict[int, exp.Expr | None] = {}
        for span, node in _exchangeable(self.trees):
            if span in runs and _says(node, self.pieces[runs[span] * 2 + 1]):
                free[runs[span]] = node
        for low, high in _comments("".join(self.pieces), self.tokens):
            free |= {n: None for (start, end), n in runs.items() if low <= start and end <= high}
        return free

    def fits(self, runs: list[str]) -> bool:
        pairs = zip(self.pieces[1::2], runs, strict=True)
        return all(own == other or self._may_be(i, other) for i, (own, other) in enumerate(pairs))

    def _may_be(self, i: int, run: str) -> bool:
        if i not in self.free:
            return False
        node = self.free[i]
        if node is None:
            return not {"'", *ENDING} & {*self.pieces[i * 2 + 1], *run}
        if isinstance(node, exp.In):
            return True
        return bool(node.is_string) == (run[0] == "'") and len(constants_in(run)) == 1

    def filled(self, runs: list[str]) -> Trees:
        """Its trees with these constants, until it is filled again."""
        if "free" not in vars(self):
            return self.trees  # as they were parsed, from these constants
        for i, node in self.free.items():
            if isinstance(node, exp.In):
                node.set("expressions", [_literal(constant) for constant in constants_in(runs[i])])
            elif node is not None:
                node.set("this", runs[i].strip("'"))
        return self.trees


@dataclass(frozen=True)
class Parser:
    """Remembers the last few trees. Whoever is given one must leave it as it is, or `forget`."""

    patterns: dict[tuple[str, ...], Pattern] = field(default_factory=dict)

    def parse(self, text: str) -> Trees:
        """One tree a statement. Raises what sqlglot raises."""
        if len(text) > LONGEST:
            return Snowflake().parse(text)
        pieces = pieces_of(text)
        between, runs = tuple(pieces[::2]), pieces[1::2]
        pattern = self.patterns.pop(between, None)
        if pattern is None or not pattern.fits(runs):
            dialect = Snowflake()
            tokens = dialect.tokenize(text)
            pattern = Pattern(pieces, tokens, dialect.parser().parse(tokens, text))
        self.patterns[between] = pattern
        if len(self.patterns) > KEPT:
            del self.patterns[next(iter(self.patterns))]
        return pattern.filled(runs)

    def pattern(self, text: str) -> Pattern | None:
        """Of the text, where it was the last to be parsed."""
        return self.patterns.get(tuple(pieces_of(text)[::2]))

    def forget(self) -> None:
        self.patterns.clear()


def _exchangeable(trees: Trees) -> Iterator[tuple[tuple[int, int], exp.Expr]]:
    """Where in the text literals stand of which no parser asks what they say: alone, or as the list of an IN. In a PIVOT it
    does, to name columns."""
    for tree in trees:
        for node in tree.find_all(exp.Literal, exp.In) if isinstance(tree, exp.Query) else ():
            listed = _listed(node)
            alone = isinstance(node, exp.In) or isinstance(node.parent, COMPARISONS)
            literal = bool(listed) and all(isinstance(item, exp.Literal) for item in listed)
            if alone and literal and node.find_ancestor(exp.Pivot) is None:
                yield (listed[0].meta.get("start", -1), listed[-1].meta.get("end", -1) + 1), node


def _listed(node: exp.Expr) -> list[exp.Expr]:
    return node.expressions if isinstance(node, exp.In) else [node]


def _says(node: exp.Expr, run: str) -> bool:
    """The node holds what the text says, as it is."""
    said = [(constant[0] == "'", constant.strip("'")) for constant in constants_in(run)]
    return [(item.is_string, item.name) for item in _listed(node)] == said


@lru_cache(maxsize=1)
def pieces_of(text: str) -> list[str]:
    """The text, cut at its runs of constants. Whoever is given it must leave it as it is."""
    return RUN.split(text)


def constants_in(run: str) -> list[str]:
    """Those of a run, one after the other."""
    return re.findall(CONSTANT, run)


def _literal(constant: str) -> exp.Literal:
    return exp.Literal(this=constant.strip("'"), is_string=constant[0] == "'")


def _comments(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """From where to where no token stands, but comments do."""
    ends = [(0, 0), *((token.start, token.end + 1) for token in tokens), (len(text), len(text))]
    for (_, low), (high, _) in pairwise(ends):
        if (
            high - low > 1
            and ("/*" in text[low:high] or "--" in text[low:high])
            and COMMENTS.fullmatch(text, low, high)
        ):
            yield low, high
