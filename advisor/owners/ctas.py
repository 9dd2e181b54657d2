"""A job's CREATE TABLE with another clustering key: its text as it is, but for that clause."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token, TokenType
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import TokenError

KEPT_FOR_GOOD = ("CREATE", "OR", "REPLACE", "TRANSIENT", "TABLE")
"""The words before the name of a table that isn't a session's own."""
_BEFORE_THE_NAME = (*KEPT_FOR_GOOD, "ALTER", "LOCAL", "GLOBAL", "IF", "NOT", "EXISTS")
_HOLDS_A_KEY_OF_ITS_OWN = ("CLONE", "USING", "FROM")
_NAMES = (TokenType.IDENTIFIER, TokenType.STRING)


def clustered(statement: str, key: str | None) -> str | None:
    """The statement with `CLUSTER BY (key)`, or without a key; None where it isn't a text that this can change.

    The clause stands after the name and its columns, or after LIKE and its table, before everything else (Snowflake's
    CREATE TABLE).
    """
    try:
        tokens = Snowflake().tokenize(statement)
    except TokenError:
        return None
    words = ["" if token.token_type in _NAMES else token.text.upper() for token in tokens]
    at = _before_the_options(tokens, words)
    if at is None:
        return None
    clause = f"CLUSTER BY ({key})" if key else ""
    if words[at : at + 1] == ["CLUSTER BY"]:
        opened = at + 2 if words[at + 1 : at + 2] == ["LINEAR"] else at + 1
        end = closed(words, opened)
        return None if end is None else _spliced(statement, tokens[at].start, tokens[end].end + 1, clause)
    # A key that stands among the later options is left to its author.
    if "CLUSTER BY" in words[at : words.index("AS", at) if "AS" in words[at:] else None] or not key:
        return None
    place = tokens[at - 1].end + 1
    return _spliced(statement, place, place, f" {clause}")


def filled_later(statement: str) -> bool:
    """Whether the table that it makes is empty: its columns are listed, or are another table's, and no query fills it."""
    tokens = Snowflake().tokenize(statement)
    words = ["" if token.token_type in _NAMES else token.text.upper() for token in tokens]
    at = _after_the_name(tokens, words)
    return at is not None and "AS" not in words[at:]


def transient(statement: str) -> str | None:
    """The statement that makes a transient table instead; None where it makes one already, or isn't a text that this
    can change.
    """
    try:
        tokens = Snowflake().tokenize(statement)
    except TokenError:
        return None
    words = [token.text.upper() for token in tokens]
    if words[:2] != ["CREATE", "TABLE"] and words[:4] != ["CREATE", "OR", "REPLACE", "TABLE"]:
        return None
    place = tokens[words.index("TABLE")].start
    return _spliced(statement, place, place, "TRANSIENT ")


def _before_the_options(tokens: Sequence[Token], words: Sequence[str]) -> int | None:
    """Where the key's clause stands, or would; None for what makes a table with neither a query, nor columns, nor LIKE."""
    at = _after_the_name(tokens, words)
    if at is None:
        return None
    if words[at : at + 1] == ["LIKE"]:
        return _after_a_name(words, at + 1)
    if "AS" in words[at:]:
        return at
    return None if words[at - 1] != ")" or any(word in _HOLDS_A_KEY_OF_ITS_OWN for word in words[at:]) else at


def _after_the_name(tokens: Sequence[Token], words: Sequence[str]) -> int | None:
    """Where what follows the table's name and its columns begins."""
    at = 0
    while at < len(tokens) and words[at] in _BEFORE_THE_NAME:
        at += 1
    if at == 0 or "TABLE" not in words[:at] or at >= len(tokens):
        return None
    at = _after_a_name(words, at)
    if words[at : at + 1] == ["("]:
        end = closed(words, at)
        return None if end is None else end + 1
    return at


def _after_a_name(words: Sequence[str], at: int) -> int:
    """`DB..T` leaves its schema out, IDENTIFIER('…') holds it in a string."""
    if words[at : at + 2] == ["IDENTIFIER", "("]:
        end = closed(words, at + 1)
        return len(words) if end is None else end + 1
    at += 1
    while at + 1 < len(words) and words[at] == ".":
        at += 3 if words[at + 1] == "." else 2
    return at


def closed(words: Sequence[str], at: int) -> int | None:
    """Where the bracket closes that opens at `at`."""
    depth = 0
    for i in range(at, len(words)):
        depth += (words[i] == "(") - (words[i] == ")")
        if depth == 0:
            return i if words[at] == "(" else None
    return None


def _spliced(statement: str, start: int, end: int, clause: str) -> str:
    before, after = statement[:start], statement[end:]
    return before + clause + (after if clause else after.lstrip())
