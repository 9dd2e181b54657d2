"""Texts that differ in constants share a tree: it is the one that parsing would give."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import SqlglotError

from advisor.usage import Request
from advisor.usage.names import Directory
from advisor.usage.reading import answer
from advisor.usage.trees import Parser, Trees
from tests.usage.shown import AT, CATALOG
from tests.usage.test_constructs import CASES

TEXTS = [text for text, _ in CASES]
OTHERS = (
    "0",
    "7",
    "1e3",
    "0x1f",
    "2.50",
    ".5",
    "-3",
    "'it''s'",
    "'a%'",
    "''",
    "'2026-02-30'",
    r"'\''",
    "'*/ 1'",
    "1, 2",
    "null",
)


def parsed(text: str) -> Trees | None:
    try:
        return Snowflake().parse(text)
    except SqlglotError:
        return None


def told(parser: Parser, text: str) -> Trees | None:
    try:
        return parser.parse(text)
    except SqlglotError:
        return None


def shown(trees: Trees | None) -> list[str] | None:
    return None if trees is None else [re.sub(r"<?_?comments.*", "", repr(bare(tree))) for tree in trees]


def bare(tree: exp.Expr | None) -> exp.Expr | None:
    copy = tree.copy() if tree is not None else None
    for node in copy.walk() if copy is not None else ():
        node.comments = None
    return copy


def varied(text: str, seed: int) -> str:
    """The text with some of its constants, in comments too, exchanged for others of any sort."""
    chosen = random.Random(seed)
    return re.sub(r"'[^']*'|\b\d+\b", lambda old: chosen.choice((old[0], old[0], *OTHERS)), text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_with_other_constants_reads_as_if_it_were_the_first(text: str) -> None:
    parser, directory = Parser(), Directory.of(CATALOG)
    for seed in range(12):
        request = Request(varied(text, seed), "DB", "S", AT)
        assert answer(directory, request, parser) == answer(directory, request, Parser())
        assert shown(told(parser, request.text)) == shown(parsed(request.text))


COMMENTED = "/* run 5, 'a' */ select a from t where a = {} and m in ({}) -- {}\n and b between {} and 9 or n like {}"


@given(st.lists(st.lists(st.sampled_from(OTHERS), min_size=5, max_size=5), min_size=2, max_size=6))
def test_whatever_stands_for_a_constant_the_tree_is_the_parsers(found: list[list[str]]) -> None:
    parser = Parser()
    for constants in found:
        text = COMMENTED.format(*constants)
        assert shown(told(parser, text)) == shown(parsed(text))


def test_samples_of_one_template_are_parsed_once() -> None:
    parser = Parser()
    trees = []
    for n in range(1, 6):
        listed = ", ".join(f"'{value}'" for value in range(n))
        text = (
            f"/* run {n} */ select sum(iff(a > {n}, b, 0)) from t where a >= {n}.5 and m in ({listed}) and n = 'x{n}'"
        )
        trees.append(parser.parse(text))
    assert all(tree is trees[0] for tree in trees)


@pytest.mark.parametrize(
    "text",
    [
        "select a from t where d = '{}'::date",
        "select {} from t",
        "select a from t limit {}",
        "insert into t values ({})",
    ],
)
def test_a_constant_that_a_parser_may_ask_about_is_parsed_anew(text: str) -> None:
    parser = Parser()
    assert parser.parse(text.format(1)) is not parser.parse(text.format(2))
