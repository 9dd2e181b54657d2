"""How a budget of bytes is shared out among tables, and what their statements look like."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlglot
from sqlglot import exp

from advisor.collector.statistics import Plan, plans, sample_of, scaled_distinct, statistics_of
from advisor.model import Column, Table, TableName, Wanted

GIB = 2**30
WEEK = timedelta(days=7)


def wanted(name: str = "T", size: int | None = 8 * GIB, rows: int = 10**8, partitions: int = 1000) -> Wanted:
    """Half of the table's bytes are in the one column of its two that is wanted."""
    columns = (Column("A", "NUMBER", 1), Column("B", "NUMBER", 2))
    return Wanted(Table(TableName("DB", "PUBLIC", name), "BASE TABLE", rows, size, columns), columns[:1], partitions)


def test_a_table_that_fits_is_read_whole_and_sampled() -> None:
    (plan,) = plans([wanted()], 20 * GIB, samples=True)
    assert (plan.percent, plan.rows, plan.bytes) == (100.0, 20_000, 8 * GIB)


def test_no_row_is_sampled_unless_asked_for() -> None:
    (plan,) = plans([wanted()], 20 * GIB, samples=False)
    assert (plan.percent, plan.rows, plan.bytes) == (100.0, 0, 4 * GIB)


def test_more_partitions_want_more_sampled_rows() -> None:
    (plan,) = plans([wanted(partitions=10_000)], 20 * GIB, samples=True)
    assert plan.rows == 160_000


def test_a_larger_table_is_read_in_part() -> None:
    (plan,) = plans([wanted()], 4 * GIB, samples=False)
    assert (plan.percent, plan.bytes) == (50.0, 2 * GIB)


def test_a_sample_of_rows_is_worth_more_than_whole_statistics() -> None:
    (plan,) = plans([wanted()], 10 * GIB, samples=True)
    assert (plan.percent, plan.rows, plan.bytes) == (25.0, 20_000, 5 * GIB)


def test_none_takes_more_than_half_of_what_is_left() -> None:
    planned = plans([wanted(name, 400 * GIB) for name in "ABC"], 20 * GIB, samples=False)
    assert [plan.bytes for plan in planned] == [10 * GIB, 5 * GIB, int(2.5 * GIB)]
    assert sum(plan.bytes for plan in planned) <= 20 * GIB


@pytest.mark.parametrize(("size", "budget"), [(8 * GIB, 0), (None, 20 * GIB), (10**16, GIB)])
def test_nothing_is_asked_where_the_budget_or_the_size_says_nothing(size: int | None, budget: int) -> None:
    (plan,) = plans([wanted(size=size)], budget, samples=True)
    assert (plan.percent, plan.rows, plan.bytes) == (0.0, 0, 0)


def test_statements_of_tables_only_read_whatever_the_names() -> None:
    hostile = TableName('D"B', "s.p", 'x"";DROP TABLE y--')
    kinds = ("NUMBER", "TEXT", "BOOLEAN", "DATE", "TIMESTAMP_TZ", "FLOAT")
    columns = tuple(Column(f'c"{i};', kind, i) for i, kind in enumerate(kinds))
    plan = Plan(Wanted(Table(hostile, "BASE TABLE", 10**6, GIB, columns), columns, 100), 12.5, 20_000, 0)
    for extract in (statistics_of(plan, WEEK), sample_of(plan, WEEK)):
        (tree,) = sqlglot.parse(extract.sql, read="snowflake")
        assert isinstance(tree, exp.Select)
        (table,) = tree.find_all(exp.Table)
        assert (table.catalog, table.db, table.name) == ('D"B', "s.p", hostile.name)
        of_the_table = table.find_ancestor(exp.Select)
        assert of_the_table is not None
        assert {column.name for column in of_the_table.find_all(exp.Column)} == {column.name for column in columns}
    assert "SAMPLE SYSTEM (12.5) SEED (1)" in statistics_of(plan, WEEK).sql
    assert "SAMPLE BERNOULLI (2) SEED (1)" in sample_of(plan, WEEK).sql


@pytest.mark.parametrize(
    ("true", "sampled"), [(10, 1000), (1000, 1000), (5000, 10_000), (90_000, 20_000), (10**6, 20_000)]
)
def test_distinct_values_of_all_rows_are_told_from_a_sample(true: int, sampled: int) -> None:
    rows = 10**6
    seen = true * (1 - (1 - 1 / true) ** sampled) if true < rows else sampled
    assert scaled_distinct(seen, sampled, rows) == pytest.approx(true, rel=0.02)


def test_no_more_distinct_values_than_rows() -> None:
    assert scaled_distinct(1010, 1000, 1000) == 1000
    assert scaled_distinct(1010, 1000, 5000) == 5000
    assert scaled_distinct(0, 0, 10) == 0
