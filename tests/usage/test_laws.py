"""Laws: what must not change a reading, and that a usage's bounds choose the same rows as the condition itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from advisor.model import Catalog, ColumnUsage, Value
from tests.usage.shown import CATALOG, lines, reading, table
from tests.usage.test_constructs import CASES

TEXTS = [text for text, _ in CASES]


@pytest.mark.parametrize("column", ["a", "upper(m)", "to_date(ts)", "trunc(x, -2)", "coalesce(a, 1)"])
@given(low=st.integers(-500, 500), high=st.integers(-500, 500))
def test_between_is_both_half_ranges(column: str, low: int, high: int) -> None:
    between = reading(f"select * from t where b = 1 and {column} between {low} and {high} and x = 2")
    halves = reading(f"select * from t where b = 1 and {column} >= {low} and {column} <= {high} and x = 2")
    assert between == halves


@given(values=st.lists(st.integers(-9, 9), min_size=2, max_size=6))
def test_or_of_equalities_is_in(values: list[int]) -> None:
    distinct = list(dict.fromkeys(values))
    if len(distinct) > 1:
        alternatives = " or ".join(f"a = {value}" for value in distinct)
        listed = ", ".join(map(str, distinct))
        assert lines(f"select * from t where {alternatives}") == lines(f"select * from t where a in ({listed})")


@pytest.mark.parametrize("text", TEXTS)
def test_an_unrelated_table_changes_nothing(text: str) -> None:
    other = table("UNRELATED", A="NUMBER", ID="NUMBER")
    assert reading(text, Catalog({**CATALOG.tables, other.name: other}, CATALOG.views)) == reading(text)


@pytest.mark.parametrize("text", TEXTS)
def test_the_case_of_keywords_and_plain_names_changes_nothing(text: str) -> None:
    quoted_kept = [part if part[:1] in "'\"" else part.upper() for part in re.split(r"('[^']*'|\"[^\"]*\")", text)]
    # A variant path keeps its case, so only statements without one can be changed as text.
    if ":" not in text and "get_path" not in text and "['" not in text:
        assert reading("".join(quoted_kept)) == reading(text)


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        (
            "select t1.a from t t1 join u u1 on t1.id = u1.id where t1.a = 1",
            "select p.a from t as p join u as q on p.id = q.id where p.a = 1",
        ),
        (
            "with c as (select a as z from t) select * from c where z = 1",
            "with other as (select a as w from t) select * from other x where x.w = 1",
        ),
    ],
)
def test_renaming_aliases_changes_nothing(text: str, renamed: str) -> None:
    assert reading(text) == reading(renamed)


@pytest.mark.parametrize("text", ["select * from t where a = 1", "select * from t where ts::date = '2024-01-01'"])
def test_comments_and_spaces_change_nothing(text: str) -> None:
    spaced = text.replace(" ", "  /* a ' comment */\n") + " -- the end"
    assert reading(spaced) == reading(text)


# ---------------------------------------------------------------- DuckDB evaluates the condition, we evaluate the bounds

UNITS = ("day", "week", "month", "quarter", "year")
OPERATORS = ("=", "<", "<=", ">", ">=")
DAYS = [datetime(2023, 11, 20) + timedelta(hours=6 * step) for step in range(4 * 500)]
NUMBERS = [Decimal(step) / 2 for step in range(-90, 91)]
WORDS = ["", "a", "ab", "abb", "abc", "abcd", "abz", "ac", "b", "ba", "zz", "é"]

CONDITIONS = [
    *(
        f"date_trunc('{unit}', ts) {op} '{bound}'"
        for unit in UNITS
        for op in OPERATORS
        for bound in ("2024-01-01", "2024-02-14")
    ),
    *(f"ts::date {op} '2024-02-29'" for op in OPERATORS),
    *(f"ts + interval '3 days' {op} '2024-02-29 06:00:00'" for op in OPERATORS),
    *(
        f"{function} {op} {bound}"
        for function in ("floor(x)", "ceil(x)", "round(x, -1)", "round(x)", "trunc(x)")
        for op in OPERATORS
        for bound in (-10, -3, 0, 2.5, 7, 20)
    ),
    *(f"x + 3 {op} 4.5" for op in OPERATORS),
    *(f"left(m, 2) {op} 'ab'" for op in ("<", "<=", ">", ">=")),
]


@pytest.fixture(scope="module")
def rows() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name, kind, values in (("ts", "TIMESTAMP", DAYS), ("x", "DECIMAL(9, 1)", NUMBERS), ("m", "VARCHAR", WORDS)):
        connection.execute(f"CREATE TABLE {name}_values ({name} {kind})")
        connection.executemany(f"INSERT INTO {name}_values VALUES (?)", [[value] for value in values])
    return connection


@pytest.mark.parametrize("condition", CONDITIONS)
def test_bounds_choose_the_same_rows(condition: str, rows: duckdb.DuckDBPyConnection) -> None:
    (usage,) = reading(f"select * from t where {condition}").usages
    assert usage.keeps_order
    column = usage.column.lower()
    native = sqlglot.transpile(condition, read="snowflake", write="duckdb")[0]
    truth = rows.execute(f"SELECT {column} FROM {column}_values WHERE {native} ORDER BY 1").fetchall()
    everything = rows.execute(f"SELECT {column} FROM {column}_values ORDER BY 1").fetchall()
    assert [value for (value,) in everything if within(value, usage)] == [value for (value,) in truth]


def within(value: Value, usage: ColumnUsage) -> bool:
    if usage.values:
        return value in usage.values
    if usage.low is not None and (value < usage.low or (value == usage.low and not usage.low_included)):  # type: ignore[operator]
        return False
    return usage.high is None or value < usage.high or (value == usage.high and usage.high_included)  # type: ignore[operator]


@given(day=st.dates(date(1999, 1, 1), date(2030, 12, 31)), months=st.integers(-30, 30))
def test_adding_months_never_misses_a_day(day: date, months: int) -> None:
    (usage,) = reading(f"select * from t where dateadd(month, {months}, d) = '{day}'").usages
    for offset in range(-5, 6):
        candidate = replace_month(day, -months) + timedelta(days=offset)
        if replace_month(candidate, months) == day:
            assert within(candidate, replace(usage))


def replace_month(day: date, months: int) -> date:
    """DATEADD(MONTH) after its documentation: the same day of the month, or the month's last."""
    total = day.year * 12 + day.month - 1 + months
    first = date(total // 12, total % 12 + 1, 1)
    following = date((total + 1) // 12, (total + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
