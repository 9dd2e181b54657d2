"""Every statement of every script and of the combined files: what sqlglot, sqlfluff and, where it can, DuckDB make of it, as a table in the tests' output."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import cache

import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp
from tabulate import tabulate

from advisor.generator.combined import combined
from advisor.generator.scripts import scripts
from tests.every_advice import planted
from tests.test_sqlfluff import every_kind

# What each can't read: sqlglot keeps it whole (no tree to check) or refuses it, sqlfluff's grammar lacks it.
SQLGLOT_LACKS = re.compile(
    r"ALTER TABLE .* ADD (STORAGE LIFECYCLE POLICY|SEARCH OPTIMIZATION)\b|ALTER (USER|WAREHOUSE|TASK) |CREATE (STORAGE LIFECYCLE POLICY|TASK) "
    r"|CREATE TABLE .* FROM ARCHIVE OF |DROP (DYNAMIC TABLE|TASK) |EXECUTE IMMEDIATE |EXPLAIN |SHOW ",
    re.DOTALL,
)
SQLFLUFF_LACKS = re.compile(r"CREATE TABLE .* FROM ARCHIVE OF |SHOW (PARAMETERS|DYNAMIC TABLES|TASKS) ", re.DOTALL)
SHOWN = 60


@cache
def statements() -> tuple[tuple[str, str], ...]:
    """Kind and text of each, once."""
    advice = every_kind()
    made = scripts(advice)
    found: dict[str, str] = {}
    for recommendation, script in zip(advice.recommendations, made, strict=True):
        assert script is not None
        for text in (*script.apply, *script.verify, *script.revert, *_each(script.guard), *_each(script.undo_guard)):
            found.setdefault(text, recommendation.kind)
    for name, text in combined(advice, made).items():
        for block in _blocks(text):
            found.setdefault(block, name)
    return tuple((kind, text) for text, kind in found.items())


def _each(guard: str) -> Iterator[str]:
    """The statements of a check; :verdict is a variable of the block that holds it."""
    lines = "\n".join(line for line in guard.split("\n") if not line.startswith("--"))
    yield from (part.strip().replace("INTO :verdict", "AS verdict") for part in lines.split(";\n") if part.strip())


def _blocks(text: str) -> Iterator[str]:
    yield from (
        f"EXECUTE IMMEDIATE $$\n{part.split(chr(10) + '$$;')[0]}\n$$"
        for part in text.split("EXECUTE IMMEDIATE $$\n")[1:]
    )


def _sqlglot(text: str) -> str:
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        (tree,) = sqlglot.parse(text, read="snowflake")
    except sqlglot.errors.ParseError:
        return "refused"
    return "kept whole" if tree is None or isinstance(tree, exp.Command) else type(tree).__name__


def _sqlfluff(text: str, linter: Linter) -> str:
    parsed = linter.parse_string(f"{text};\n")
    return "refused" if parsed.violations else "parsed"


def _executed(text: str) -> str:
    """What a check answers on the account; nothing where it wasn't run."""
    tree = (
        None
        if text.startswith(("EXECUTE", "SHOW", "(")) or "RESULT_SCAN" in text
        else sqlglot.parse(text, read="snowflake")[0]
    )
    if not isinstance(tree, exp.Query) or not any(
        table.db == "INFORMATION_SCHEMA" for table in tree.find_all(exp.Table)
    ):
        return "not run"
    ((answer,),) = planted().rows(tree)
    return f"DuckDB: {str(answer).split(':')[0]}"


def test_two_parsers_read_every_statement_or_it_is_listed_why_not(
    record_property: Callable[[str, object], None],
) -> None:
    linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake", "templater": "raw"}))
    read = [(kind, text, _sqlglot(text), _sqlfluff(text, linter)) for kind, text in statements()]
    rows = [(kind, " ".join(text.split())[:SHOWN], *words, _executed(text)) for kind, text, *words in read]
    # `tests/conftest.py` prints it at the end of the run.
    record_property(
        "table", tabulate(rows, headers=("of", "statement", "sqlglot", "sqlfluff", "executed"), disable_numparse=True)
    )
    unread = [text for _, text, word, _ in read if word in ("refused", "kept whole")]
    assert [text for text in unread if not SQLGLOT_LACKS.match(text)] == []
    assert [text for _, text, _, word in read if word == "refused" and not SQLFLUFF_LACKS.match(text)] == []
