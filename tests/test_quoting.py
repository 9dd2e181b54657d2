"""Every name and text comes back from the SQL that it was written into, and starts nothing of its own."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import TokenType, exp

from advisor.errors import InputError
from advisor.model import TableName
from advisor.quoting import (
    LONGEST_NAME,
    RESERVED,
    beside,
    comment,
    comment_lines,
    commented_out,
    dollar_quoted,
    expression,
    file_part,
    identifier,
    literal,
    qualified,
    timestamp,
)
from tests.names import NAMES, TEXTS


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ORDERS", "ORDERS"),
        ("_A$1", "_A$1"),
        ("orders", '"orders"'),
        ("1A", '"1A"'),
        ("ÄPFEL", '"ÄPFEL"'),
        ("SELECT", '"SELECT"'),
        ("LINEAR", '"LINEAR"'),
        ("A$$B", '"A$$B"'),
        (" ", '" "'),
        ('x"";DROP TABLE y--', '"x"""";DROP TABLE y--"'),
    ],
)
def test_identifier_is_bare_only_where_that_is_the_same_name(name: str, written: str) -> None:
    assert identifier(name) == written


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_snowflake_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no such name"):
        identifier(name)


def test_each_reserved_word_is_quoted() -> None:
    assert [identifier(word) for word in sorted(RESERVED)] == [f'"{word}"' for word in sorted(RESERVED)]


@given(NAMES)
def test_an_identifier_is_one_token_that_reads_back_as_the_name(name: str) -> None:
    (token,) = sqlglot.tokenize(identifier(name), read="snowflake")
    assert token.text == name


@given(NAMES, NAMES, NAMES)
def test_a_qualified_name_reads_back_as_its_three_parts(database: str, schema: str, name: str) -> None:
    table = sqlglot.parse_one(f"SELECT * FROM {qualified(TableName(database, schema, name))}", read="snowflake").find(
        exp.Table
    )
    assert table is not None
    assert (table.catalog, table.db, table.name) == (database, schema, name)


@given(TEXTS)
def test_a_literal_is_one_string_that_reads_back_as_the_text(text: str) -> None:
    (token,) = sqlglot.tokenize(literal(text), read="snowflake")
    assert (token.token_type, token.text) == (TokenType.STRING, text)


@given(TEXTS)
def test_a_literal_shows_all_that_it_holds_but_what_no_escape_can_write(text: str) -> None:
    hidden = [c for c in literal(text) if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and ord(c) <= 0xFFFF]
    assert hidden == []


@given(TEXTS)
def test_a_comment_is_one_line_that_shows(text: str) -> None:
    written = comment(text)
    assert len(f"-- {written}".splitlines()) == 1
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in written)
    assert len(sqlglot.tokenize(f"SELECT 1 -- {written}\n, 2", read="snowflake")) == 4


def test_a_comment_names_what_it_replaces() -> None:
    assert comment("a\nb\r\u2028\u2029\x85\u202ec") == "a<U+000A>b<U+000D><U+2028><U+2029><U+0085><U+202E>c"


@given(TEXTS)
def test_comment_lines_hold_no_code(text: str) -> None:
    assert all(line.startswith("--") for line in comment_lines(text).splitlines())
    assert sqlglot.tokenize(comment_lines(text) + "\n", read="snowflake") == []


@given(NAMES)
def test_a_statement_commented_out_comes_back_when_its_dashes_go(name: str) -> None:
    statement = f"DROP TABLE {identifier(name)}"
    written = commented_out(statement)
    assert sqlglot.tokenize(written + "\n", read="snowflake") == []
    if all(comment(line) == line for line in statement.split("\n")):
        assert "\n".join(line.removeprefix("-- ") for line in written.split("\n")) == f"{statement};"
    else:
        assert "take this statement from advice.json" in written


@given(TEXTS)
def test_a_block_in_dollars_or_quotes_reads_back(text: str) -> None:
    tokens = sqlglot.tokenize(dollar_quoted(f"\n{text}\n"), read="snowflake")
    assert [token.text for token in tokens] == [f"\n{text}\n"]


def test_a_block_that_holds_dollars_keeps_its_lines() -> None:
    assert dollar_quoted("a\n'$$\\") == "'a\n''$$\\\\'"


@pytest.mark.parametrize(
    "text", ["A", "TO_DATE(TS)", '"a;--b(/*"', "SUBSTRING(\"o''k\", 1, 4)", "TRUNC(N, -5)", "V:a.b::STRING"]
)
def test_a_key_expression_is_left_as_it_is(text: str) -> None:
    assert expression(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "A); DROP TABLE T",
        "A)",
        "(A",
        "A) (",
        "A -- b",
        "A /* b */",
        "A // b",
        'A"',
        "A'",
        "$$A$$",
        "A;",
        "A\\",
    ],
)
def test_a_key_expression_that_could_be_more_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="key expression"):
        expression(text)


def test_a_timestamp_is_written_in_utc() -> None:
    assert timestamp(datetime(2026, 1, 1, 12)) == "'2026-01-01 12:00:00 +0000'::TIMESTAMP_TZ"
    assert timestamp(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))) == timestamp(
        datetime(2026, 1, 1, 10, tzinfo=UTC)
    )


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_file_parts_are_safe_short_and_apart_on_any_file_system(names: list[str]) -> None:
    parts = [file_part(name) for name in names]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", part) for part in parts)
    assert len({part.lower() for part in parts}) == len(names)


def test_a_file_part_is_the_name_itself_where_it_can_be() -> None:
    assert file_part("ORDERS_2026") == "ORDERS_2026"
    assert file_part("orders") != "orders"


@given(NAMES, NAMES)
def test_what_is_made_beside_an_object_has_a_name_that_is_its_own_and_not_too_long(name: str, other: str) -> None:
    assert len(beside(name, "_BEFORE_SPLIT")) <= LONGEST_NAME
    assert beside(name, "_BEFORE_SPLIT").endswith("_BEFORE_SPLIT")
    assert (beside(name, "_COLD") == beside(other, "_COLD")) == (name == other)


def test_long_names_that_differ_at_their_end_do_not_share_one() -> None:
    first, second = (beside("x" * 254 + last, "_HOT") for last in "ab")
    assert first != second
    assert len(first) == LONGEST_NAME
