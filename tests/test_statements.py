"""Every statement of every script and of the combined files: what sqlglot, sqlfluff and, where it can, DuckDB make of it, as a table in the tests' output."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import cache

import duckdb
import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp
from tabulate import tabulate

from advisor.generator.combined import combined
from advisor.generator.scripts import scripts
from tests.test_sqlfluff import every_kind

# What each can't read: sqlglot keeps it whole (no tree to check) or refuses it, sqlfluff's grammar lacks it.
SQLGLOT_LACKS = re.compile(
    r"ALTER TABLE .* ADD (STORAGE LIFECYCLE POLICY|SEARCH OPTIMIZATION)\b|ALTER USER |ALTER WAREHOUSE |CREATE STORAGE LIFECYCLE POLICY "
    r"|CREATE TABLE .* FROM ARCHIVE OF |DROP DYNAMIC TABLE |EXECUTE IMMEDIATE |EXPLAIN |SHOW ",
    re.DOTALL,
)
SQLFLUFF_LACKS = re.compile(r"CREATE TABLE .* FROM ARCHIVE OF |SHOW (PARAMETERS|DYNAMIC TABLES) ", re.DOTALL)
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


TABLES_VIEW = """
CREATE TABLE tables_view (
  table_schema VARCHAR, table_name VARCHAR, table_type VARCHAR, row_count BIGINT, clustering_key VARCHAR,
  retention_time BIGINT, is_transient VARCHAR, bytes BIGINT, is_dynamic VARCHAR, auto_clustering_on VARCHAR
)
"""


def _over_a_stand_in(text: str) -> str | None:
    """A check of INFORMATION_SCHEMA.TABLES as DuckDB's SQL, over a table of those columns; None for any other statement."""
    try:
        (tree,) = sqlglot.parse(text, read="snowflake")
    except sqlglot.errors.ParseError:
        return None
    tables = list(tree.find_all(exp.Table)) if isinstance(tree, exp.Query) else []
    if not tables or any((table.db, table.name) != ("INFORMATION_SCHEMA", "TABLES") for table in tables):
        return None
    for table in tables:
        table.replace(exp.to_table("tables_view"))
    assert tree is not None
    return tree.sql("duckdb")


def _answer(check: str, *rows: tuple[object, ...]) -> str:
    with duckdb.connect() as engine:
        engine.execute(TABLES_VIEW)
        for row in rows:
            engine.execute("INSERT INTO tables_view (table_schema, table_name, table_type) VALUES (?, ?, ?)", row)
        ((answer,),) = engine.execute(check).fetchall()
    return str(answer)


def _executed(text: str) -> str:
    """What the statement answers where the account holds nothing; nothing where it wasn't run."""
    check = _over_a_stand_in(text)
    return "not run" if check is None else f"DuckDB: {_answer(check).split(':')[0]}"


def test_checks_of_tables_run_and_answer() -> None:
    answers = [word for _, text in statements() if (word := _executed(text)) != "not run"]
    assert len(answers) >= 15
    assert set(answers) == {"DuckDB: STOP", "DuckDB: DONE", "DuckDB: OK"}


def test_the_drop_of_a_view_is_done_once_it_is_gone() -> None:
    checks = [
        check
        for kind, text in statements()
        if kind == "materialized_view" and "the view is gone" in text and "stands for something else" in text
        for check in [_over_a_stand_in(text)]
        if check is not None
    ]
    (check,) = checks
    there = ("web", "Views by Day", "MATERIALIZED VIEW")
    assert _answer(check) == "DONE: the view is gone, or this role cannot see it"
    assert _answer(check, there).startswith("OK")
    assert _answer(check, (*there[:2], "BASE TABLE")) == "STOP: the name stands for something else"


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
