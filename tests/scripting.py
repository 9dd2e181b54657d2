"""Snowflake Scripting as far as the scripts use it: blocks of EXECUTE IMMEDIATE, read and carried out statement by statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import TokenType

Rows = list[tuple[Any, ...]]


class RaisedError(Exception):
    """An exception that the block declares, by its message."""


@dataclass(frozen=True)
class Block:
    exceptions: dict[str, str]
    """Message by name."""
    steps: tuple[str, ...]
    """What stands between BEGIN and END, split at semicolons; `IF (…) THEN` and `END IF` are steps of their own."""


def block_of(statement: str) -> Block | None:
    """The block that an EXECUTE IMMEDIATE runs; None for another statement."""
    if not statement.startswith("EXECUTE IMMEDIATE "):
        return None
    (text,) = sqlglot.tokenize(statement.removeprefix("EXECUTE IMMEDIATE "), read="snowflake")
    declared, _, rest = text.text.partition("BEGIN\n")
    body = rest.rpartition("END;")[0]
    exceptions = dict(re.findall(r"(\w+) EXCEPTION \(-\d+, '((?:[^']|'')*)'\);", declared))
    assert declared.strip().startswith("DECLARE")
    return Block(exceptions, tuple(_steps(body)))


def _steps(body: str) -> list[str]:
    """Split where a second reader, sqlglot's tokenizer, sees a statement end."""
    steps: list[str] = []
    begin = 0
    for token in sqlglot.tokenize(body, read="snowflake"):
        if token.token_type is TokenType.SEMICOLON or (
            token.text.upper() == "THEN" and re.match(r"\s*IF \(", body[begin : token.start])
        ):
            last = token.start if token.token_type is TokenType.SEMICOLON else token.end + 1
            steps.append(body[begin:last].strip())
            begin = token.end + 1
    assert not body[begin:].strip(), body[begin:]
    return steps


def execute(block: Block, query: Callable[[str], Rows], run: Callable[[str], Rows]) -> Any:
    """Carries the block out and returns what it returns. Raises RaisedError where it raises."""
    variables: dict[str, Any] = {}
    skipping = False
    for step in (_bare(step) for step in block.steps):
        if step == "END IF":
            skipping = False
        elif skipping:
            continue
        elif condition := re.fullmatch(r"IF \((.*)\) THEN", step, re.DOTALL):
            skipping = not _holds(condition[1], variables, query)
        elif step.startswith("RAISE "):
            raise RaisedError(block.exceptions[step.removeprefix("RAISE ")])
        elif step.startswith("RETURN "):
            return _value(step.removeprefix("RETURN "), variables, query)
        elif into := re.search(r"\sINTO :(\w+)(?=\s)", step):
            ((value,),) = query(step.replace(into[0], f" AS {into[1]}"))
            variables[into[1]] = value
        else:
            run(step)
    return None


def _bare(step: str) -> str:
    """Without the comments that stand before it."""
    return re.sub(r"\A(--[^\n]*\n\s*)+", "", step)


def _value(expression: str, variables: dict[str, Any], query: Callable[[str], Rows]) -> Any:
    for name, value in variables.items():
        written = "NULL" if value is None else str(value).upper() if isinstance(value, bool) else _literal(str(value))
        expression = re.sub(rf"\b{name}\b", _constant(written), expression)
    ((found,),) = query(f"SELECT {expression} AS found")
    return found


def _holds(condition: str, variables: dict[str, Any], query: Callable[[str], Rows]) -> bool:
    """NULL is no reason to go in, as in Snowflake."""
    return bool(_value(condition, variables, query))


def _constant(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
