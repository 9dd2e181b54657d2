"""The query within a statement: all of a SELECT, or what an INSERT, a CREATE TABLE … AS or a MERGE takes its rows from.

It is cut out of the text as it stands, so that the rest of the statement stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import TokenError

from advisor.owners.ctas import closed

KINDS = ("SELECT", "INSERT", "CREATE_TABLE_AS_SELECT", "MERGE")
"""Of templates that hold a query."""
NAMES = (TokenType.IDENTIFIER, TokenType.STRING)
BEGINNINGS = ("SELECT", "WITH")


@dataclass(frozen=True)
class Source:
    query: str
    of: str | None = None
    """The statement that it is the source of, by its first words."""


def source_of(statement: str) -> Source | None:
    """None for a statement without a query, or one that hands its rows to several tables.

    >>> source_of("INSERT INTO t (a) SELECT 1;")
    Source(query='SELECT 1', of='INSERT')
    """
    try:
        tokens = Snowflake().tokenize(statement)
    except TokenError:
        return None
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    words = ["" if token.token_type in NAMES else token.text.upper() for token in tokens]
    if not words or TokenType.SEMICOLON in {token.token_type for token in tokens}:
        return None
    if words[0] in (*BEGINNINGS, "("):
        return Source(statement)
    if words[0] == "MERGE":
        at = _first(words, ("USING",))
        end = closed(words, at + 1) if at is not None else None
        return None if at is None or end is None else _cut(statement, tokens, words, at + 2, end, "MERGE")
    if words[0] == "INSERT" and not {"ALL", "FIRST"} & set(words[1:3]):
        return _cut(statement, tokens, words, _first(words, BEGINNINGS), len(tokens), "INSERT")
    if words[0] == "CREATE" and "TABLE" in words[:5]:
        at = _first(words, ("AS",))
        return None if at is None else _cut(statement, tokens, words, at + 1, len(tokens), "CREATE TABLE … AS")
    return None


def _cut(
    statement: str, tokens: Sequence[Token], words: Sequence[str], at: int | None, end: int, of: str
) -> Source | None:
    """The text from one token up to another, where a query begins there."""
    if at is None or next((word for word in words[at:end] if word != "("), None) not in BEGINNINGS:
        return None
    return Source(statement[tokens[at].start : tokens[end - 1].end + 1], of)


def _first(words: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The first of these words outside brackets."""
    depth = 0
    for i, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in wanted:
            return i
    return None
