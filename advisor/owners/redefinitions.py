"""Statements that put another table in a table's place, or reset it: CREATE OR REPLACE TABLE, SWAP WITH, RENAME TO,
CREATE OR ALTER TABLE.

They are read as tokens: much of what may stand in a CREATE TABLE has no tree. Source: Snowflake's CREATE TABLE and ALTER TABLE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import Token, TokenType
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import TokenError

from advisor.owners.ctas import KEPT_FOR_GOOD
from advisor.usage.syntax import name_parts

SORTS = (*KEPT_FOR_GOOD, "ALTER", "ICEBERG", "HYBRID")
Name = tuple[str, ...]
"""One to three parts, as Snowflake stores them."""


@dataclass(frozen=True)
class Anew:
    table: Name
    source: Name | None = None
    """The table that comes in its place; None where it is created."""
    filled: bool = False
    """It holds rows at once, which no statement writes."""
    resets: bool = False
    """The table stays, with its rows; a key that the statement doesn't name goes."""


def anew(statement: str) -> tuple[Anew, ...]:
    """The tables that the statement makes anew, of its session's names; none for one that leaves a table what it is.

    >>> anew("CREATE OR REPLACE TABLE orders (id INT)")
    (Anew(table=('ORDERS',), source=None, filled=False, resets=False),)
    >>> anew('ALTER TABLE s."new" RENAME TO orders')
    (Anew(table=('ORDERS',), source=('S', 'new'), filled=True, resets=False),)
    """
    try:
        tokens = Snowflake().tokenize(statement)
    except TokenError:
        return ()
    words = ["" if token.token_type is TokenType.IDENTIFIER else token.text.upper() for token in tokens]
    if words[:2] == ["ALTER", "TABLE"]:
        return _renamed(tokens, words)
    at = next((i for i, word in enumerate(words) if word not in SORTS), 0)
    created = words[:1] == ["CREATE"] and "TABLE" in words[:at] and words[at : at + 1] != ["IF"]
    name, after = _name(tokens, at) if created else (None, at)
    filled, resets = words[after : after + 1] == ["CLONE"], words[1:3] == ["OR", "ALTER"]
    return () if name is None else (Anew(name, filled=filled, resets=resets),)


def _renamed(tokens: Sequence[Token], words: Sequence[str]) -> tuple[Anew, ...]:
    first, at = _name(tokens, 4 if words[2:4] == ["IF", "EXISTS"] else 2)
    second, _ = _name(tokens, at + 2)
    if first is None or second is None:
        return ()
    if words[at : at + 2] == ["SWAP", "WITH"]:
        return (Anew(first, second, True), Anew(second, first, True))
    return (Anew(second, first, True),) if words[at : at + 2] == ["RENAME", "TO"] else ()


def _name(tokens: Sequence[Token], at: int) -> tuple[Name | None, int]:
    """The name that begins at `at`, and where what follows it begins."""
    if _says(tokens, at, "IDENTIFIER") and _says(tokens, at + 1, "("):
        return _named(tokens, at + 2)
    found: list[str] = []
    while at < len(tokens):
        token = tokens[at]
        found.append(token.text if token.token_type is TokenType.IDENTIFIER else token.text.upper())
        at += 1
        if at + 1 >= len(tokens) or tokens[at].token_type is not TokenType.DOT:
            break
        at += 1
        if tokens[at].token_type is TokenType.DOT:
            found.append("PUBLIC")  # a schema that is left out, `DB..T`
            at += 1
    whole = 1 <= len(found) <= 3 and "." not in found
    return (tuple(found) if whole else None), at


def _named(tokens: Sequence[Token], at: int) -> tuple[Name | None, int]:
    """The name in the string of IDENTIFIER('…'); a variable hides it."""
    written = at < len(tokens) and tokens[at].token_type is TokenType.STRING and _says(tokens, at + 1, ")")
    given = name_parts(tokens[at].text) if written else []
    return (tuple(given) if 1 <= len(given) <= 3 else None), at + 2


def _says(tokens: Sequence[Token], at: int, word: str) -> bool:
    return at < len(tokens) and tokens[at].token_type is not TokenType.IDENTIFIER and tokens[at].text.upper() == word
