"""A statement with tokens in place of its names and values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from advisor.redactor.tokens import _NUMBER, Names, Values, plain
from advisor.redactor.words import Sort, Token, tokens

_WILDCARD = re.compile(r"(\\.|[%_])")


@dataclass
class Found:
    """All names and values of a snapshot: what the tokens are ranked among."""

    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)

    def value(self, text: str) -> None:
        if not plain(text) and not _NUMBER.fullmatch(text):
            self.texts.add(text)

    def statement(self, text: str) -> None:
        for token in tokens(text):
            if token.sort is Sort.NAME:
                self.names.add(stored(token.text))
            elif token.sort is Sort.TEXT:
                self.value(content(token.text))
            elif token.sort is Sort.PATTERN:
                pieces = _WILDCARD.split(content(token.text))
                self.prefixes |= {pieces[0]} if len(pieces) > 1 and pieces[0] else set()
                self.texts |= {piece for piece in pieces[::2] if piece}


def redacted(text: str, names: Names, values: Values) -> str:
    """The text as every stage of the analysis reads it, and nothing of what it says of anyone."""
    return "".join(_redacted(token, names, values) for token in tokens(text))


def _redacted(token: Token, names: Names, values: Values) -> str:
    if token.sort is Sort.KEPT:
        return token.text
    if token.sort is Sort.COMMENT:
        # What ends a line still ends it; that dbt wrote the statement is no secret.
        return '/* {"app": "dbt"} */ ' if '"app": "dbt"' in token.text else " "
    if token.sort is Sort.NAME:
        return _name(token.text, names)
    if token.sort is Sort.NUMBER:
        return values.number(token.text)
    if token.sort is Sort.DIGITS:
        return values.digits(token.text)
    inside = content(token.text)
    return _quoted(_pattern(inside, values) if token.sort is Sort.PATTERN else values.value(inside))


def _pattern(text: str, values: Values) -> str:
    pieces = _WILDCARD.split(text)
    return "".join(piece if i % 2 or not piece else values.text(piece) for i, piece in enumerate(pieces))


def _name(text: str, names: Names) -> str:
    token = names.token(stored(text))
    return f'"{token}"' if text.startswith('"') else token.lower() if text.islower() else token


def stored(text: str) -> str:
    """A name as Snowflake stores it."""
    return text.strip('"').replace('""', '"') if text.startswith('"') else text.upper()


def content(text: str) -> str:
    """What a string constant holds; its escapes stay as they are written."""
    return text[2:].removesuffix("$$") if text.startswith("$$") else text[1:].removesuffix("'").replace("''", "'")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
