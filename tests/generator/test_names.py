"""Any name survives from the advice to every file of the output, and is nothing but a name there."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token as MarkdownToken
from sqlglot import Token, TokenType, exp

from advisor.generator.document import document
from advisor.generator.pages import exact, markdown, plan, report
from advisor.generator.scripts import Script, scripts
from advisor.model import Advice, TableName
from advisor.quoting import comment, identifier
from tests.advices import one, recommendation
from tests.names import NAMES, TEXTS

TABLES = st.builds(TableName, NAMES, NAMES, NAMES)
KEYS = st.lists(NAMES, min_size=1, max_size=3)
PLAIN = TableName("D", "S", "T")
MARKDOWN = MarkdownIt("gfm-like")


def advice_on(table: TableName, key: list[str], current: list[str]) -> Advice:
    """A new key whose first column is cut to days, on a table with a key of bare columns."""
    expressions = [
        f"TO_DATE({identifier(name)})" if position == 0 else identifier(name) for position, name in enumerate(key)
    ]
    return one(recommendation(table, tuple(expressions), tuple(map(identifier, current))))


def only_script(advice: Advice) -> Script:
    (script,) = scripts(advice)
    assert script is not None
    return script


def statements(text: str) -> list[str]:
    """What a second reader finds in a script: the text from each statement's first token to its last."""
    found: list[str] = []
    tokens: list[Token] = []
    for token in sqlglot.tokenize(text, read="snowflake"):
        if token.token_type is TokenType.SEMICOLON:
            found.append(text[tokens[0].start : tokens[-1].end + 1])
            tokens = []
        else:
            tokens.append(token)
    assert tokens == []
    return found


def table_of(statement: str) -> tuple[str, str, str]:
    table = sqlglot.parse_one(statement, read="snowflake").find(exp.Table)
    assert table is not None
    return table.catalog, table.db, table.name


def columns(statement: str) -> list[str]:
    return [column.name for column in sqlglot.parse_one(statement, read="snowflake").find_all(exp.Column, bfs=False)]


def strings(statement: str) -> list[str]:
    return [
        token.text for token in sqlglot.tokenize(statement, read="snowflake") if token.token_type is TokenType.STRING
    ]


@pytest.fixture(autouse=True, scope="module")
def no_log() -> Iterator[None]:
    """sqlglot logs that it takes Snowflake's scripting as an opaque command; the tests here know."""
    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


# ---------------------------------------------------------------- scripts


@given(TABLES, KEYS, KEYS)
@settings(deadline=None)
def test_the_script_holds_its_statements_and_nothing_else(table: TableName, key: list[str], current: list[str]) -> None:
    script = only_script(advice_on(table, key, current))
    found = statements(script.text)
    if found[0] == "ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE":
        assert '"' in script.apply[0] + script.revert[0]
        found.pop(0)
    check, guard, *rest = found
    assert check.startswith("SELECT\n  CASE\n")
    assert guard.startswith(("EXECUTE IMMEDIATE $$\nDECLARE\n", "EXECUTE IMMEDIATE '\nDECLARE\n"))
    assert rest == [*script.apply, *script.verify]


@given(TABLES, KEYS, KEYS)
@settings(deadline=None)
def test_apply_and_revert_name_the_table_and_the_columns(table: TableName, key: list[str], current: list[str]) -> None:
    script = only_script(advice_on(table, key, current))
    for statement, expected in ((script.apply[0], key), (script.revert[0], current)):
        (tree,) = sqlglot.parse(statement, read="snowflake")
        assert isinstance(tree, exp.Alter)
        assert isinstance(tree.args["actions"][0], exp.ClusterProperty)
        assert table_of(statement) == (table.database, table.schema, table.name)
        assert columns(statement) == expected


@given(TABLES, KEYS)
@settings(deadline=None)
def test_a_drop_names_the_table_and_its_revert_the_columns(table: TableName, current: list[str]) -> None:
    script = only_script(advice_on(table, [], current))
    assert table_of(script.apply[0]) == (table.database, table.schema, table.name)
    assert script.apply[0].endswith(" DROP CLUSTERING KEY")
    assert columns(script.revert[0]) == current


@given(TABLES, KEYS, KEYS)
@settings(deadline=None)
def test_the_check_looks_at_the_table_and_the_guard_runs_the_check(
    table: TableName, key: list[str], current: list[str]
) -> None:
    check, guard = statements(only_script(advice_on(table, key, current)).text)[-6:-4]
    assert table_of(check) == (table.database, "INFORMATION_SCHEMA", "TABLES")
    assert strings(check)[-2:] == [table.schema, table.name]
    assert ", ".join(map(identifier, current)) in strings(check)
    (block,) = [token.text for token in sqlglot.tokenize(guard.removeprefix("EXECUTE IMMEDIATE "), read="snowflake")]
    inner = block.partition("BEGIN\n")[2].rpartition(";\n  IF (verdict NOT LIKE 'OK%') THEN\n    RAISE not_as_seen")[0]
    assert inner.replace("  END INTO :verdict\n", "  END AS verdict\n", 1) == check


@given(TABLES, KEYS)
@settings(deadline=None)
def test_verify_speaks_of_the_table(table: TableName, key: list[str]) -> None:
    layout, _, bill = only_script(advice_on(table, key, [])).verify
    name, expressions = strings(layout)
    assert table_of(f"SELECT * FROM {name}") == (table.database, table.schema, table.name)
    assert columns(f"SELECT {expressions}") == key
    assert strings(bill)[1:4] == [table.database, table.schema, table.name]


@given(TABLES)
@settings(deadline=None)
def test_the_file_name_is_safe(table: TableName) -> None:
    assert re.fullmatch(
        r"scripts/001_clustering_key_[A-Za-z0-9_-]{3,122}\.sql", only_script(advice_on(table, ["A"], [])).path
    )


# ---------------------------------------------------------------- advice.json, plan, report


@given(TABLES, KEYS)
@settings(deadline=None)
def test_advice_json_holds_the_very_names(table: TableName, key: list[str]) -> None:
    advice = advice_on(table, key, [])
    (entry,) = json.loads(document(advice, scripts(advice)))["recommendations"]
    assert (entry["target"]["database"], entry["target"]["schema"], entry["target"]["name"]) == (
        table.database,
        table.schema,
        table.name,
    )
    assert columns("SELECT " + ", ".join(entry["details"]["clustering_key"])) == key
    assert entry["statements"]["apply"] == list(only_script(advice).apply)


def structure(tokens: list[MarkdownToken]) -> list[str]:
    """The blocks of a Markdown document and what stands in them, but for the text itself."""
    kinds: list[str] = []
    for token in tokens:
        kinds.append(token.type + token.tag)
        kinds += [child.type for child in token.children or () if child.type != "text"]
    return kinds


@cache
def plain_structure() -> list[str]:
    advice = advice_on(PLAIN, ["A"], [])
    return structure(MARKDOWN.parse(plan(advice, scripts(advice))))


def markdown_text(tokens: list[MarkdownToken]) -> str:
    inlines = (child.content for token in tokens for child in token.children or ())
    return " ".join(inlines)


@given(TABLES)
@example(TableName("D", "//|", "0"))
@settings(deadline=None)
def test_a_name_in_the_plan_is_only_text(table: TableName) -> None:
    hostile = advice_on(table, ["A"], [])
    tokens = MARKDOWN.parse(plan(hostile, scripts(hostile)))
    assert structure(tokens) == plain_structure()
    assert comment(str(table)).strip(" ") in markdown_text(tokens)


@given(TEXTS)
def test_text_in_markdown_reads_as_it_is(text: str) -> None:
    (_, inline, _) = MARKDOWN.parse(f"{markdown(text)} end")
    assert inline.children is not None
    assert {child.type for child in inline.children} <= {"text"}
    assert "".join(child.content for child in inline.children) == f"{comment(text)} end".strip()


@pytest.mark.parametrize(
    "text", ["7. a", "123456789) b", "# c", "- d", "+ e", "===", "    f", "| g |", "[h]: http://i.j"]
)
def test_text_begins_nothing_where_a_line_begins(text: str) -> None:
    assert structure(MARKDOWN.parse(f"{markdown(text)}\n\nafter")) == structure(MARKDOWN.parse("before\n\nafter"))


@pytest.mark.parametrize(
    "text", ["TENANT_ID", "DB.SCHEMA.T_1", "-5.2 credits", "91.0%", "1,200", "2026-01-31 00:00 UTC"]
)
def test_text_that_is_no_markup_is_left_as_it_is(text: str) -> None:
    assert markdown(text) == text


class Page(HTMLParser):
    """The tags of a page with their attributes' names, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A cell's class says whether its text is long.
        self.tags.append((tag, *(name for name, _ in attrs if tag != "td")))

    def handle_data(self, data: str) -> None:
        self.text += data


@cache
def page_on(table: TableName) -> Page:
    advice = advice_on(table, ["A"], [])
    return Page(report(advice, scripts(advice)))


@given(TABLES)
@settings(deadline=None)
def test_a_name_in_the_report_is_only_text(table: TableName) -> None:
    # What doesn't show can't be copied from the page.
    other = PLAIN if exact(str(table)) else PLAIN._replace(name="T\u200b")
    page = page_on(table)
    assert page.tags == page_on(other).tags
    assert comment(str(table)) in page.text
