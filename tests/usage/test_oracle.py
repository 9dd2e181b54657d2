"""Filters and joins of all TPC-H and TPC-DS queries, as we read them and as DuckDB plans them."""

from __future__ import annotations

import pytest

from advisor.model import FILTERS, ColumnUsage, Reading, Role
from advisor.usage.names import Directory, Session
from advisor.usage.reading import read_with
from tests.usage.oracle import Benchmark, snowflake
from tests.usage.shown import AT

Columns = frozenset[tuple[str, str]]

SUBQUERY = "compared with a scalar subquery's result, which DuckDB plans as a join"
ONLY_OURS: dict[tuple[str, int], tuple[Columns, str]] = {
    ("tpcds", 6): (frozenset({("DATE_DIM", "D_MONTH_SEQ")}), SUBQUERY),
    ("tpcds", 54): (frozenset({("DATE_DIM", "D_MONTH_SEQ")}), SUBQUERY),
    ("tpcds", 58): (frozenset({("DATE_DIM", "D_WEEK_SEQ")}), SUBQUERY),
}
ANTI_JOIN = "IS NULL after a left join: it asks for rows without a partner and drops none of this table's"
ONLY_DUCKDB: dict[tuple[str, int], tuple[Columns, str]] = {
    ("tpcds", 78): (
        frozenset(
            {
                ("CATALOG_RETURNS", "CR_ORDER_NUMBER"),
                ("STORE_RETURNS", "SR_TICKET_NUMBER"),
                ("WEB_RETURNS", "WR_ORDER_NUMBER"),
            }
        ),
        ANTI_JOIN,
    ),
}
# The plan has these joins too, but calls one side by the alias or the position that a subquery, a UNION or a CTE gave it
# (`supplier_no = s_suppkey`, `ps_suppkey = #0`), so names can't be compared; each was compared with its plan by eye.
JOINS_ONLY_OURS: dict[tuple[str, int], set[tuple[str, str]]] = {
    ("tpch", 15): {("L_SUPPKEY", "S_SUPPKEY")},
    ("tpch", 16): {("PS_SUPPKEY", "S_SUPPKEY")},
    ("tpch", 20): {("PS_PARTKEY", "P_PARTKEY"), ("PS_SUPPKEY", "S_SUPPKEY")},
    ("tpcds", 1): {("C_CUSTOMER_SK", "SR_CUSTOMER_SK"), ("SR_STORE_SK", "S_STORE_SK")},
    ("tpcds", 2): {("CS_SOLD_DATE_SK", "D_DATE_SK"), ("D_DATE_SK", "WS_SOLD_DATE_SK")},
    ("tpcds", 5): {
        ("CP_CATALOG_PAGE_SK", "CR_CATALOG_PAGE_SK"),
        ("CP_CATALOG_PAGE_SK", "CS_CATALOG_PAGE_SK"),
        ("CR_RETURNED_DATE_SK", "D_DATE_SK"),
        ("CS_SOLD_DATE_SK", "D_DATE_SK"),
        ("D_DATE_SK", "SR_RETURNED_DATE_SK"),
        ("D_DATE_SK", "SS_SOLD_DATE_SK"),
        ("D_DATE_SK", "WR_RETURNED_DATE_SK"),
        ("D_DATE_SK", "WS_SOLD_DATE_SK"),
        ("SR_STORE_SK", "S_STORE_SK"),
        ("SS_STORE_SK", "S_STORE_SK"),
        ("WEB_SITE_SK", "WS_WEB_SITE_SK"),
    },
    ("tpcds", 8): {("CA_ZIP", "S_ZIP")},
    ("tpcds", 23): {("CS_ITEM_SK", "I_ITEM_SK"), ("I_ITEM_SK", "WS_ITEM_SK")},
    ("tpcds", 30): {("C_CUSTOMER_SK", "WR_RETURNING_CUSTOMER_SK")},
    ("tpcds", 44): {("I_ITEM_SK", "SS_ITEM_SK")},
    ("tpcds", 51): {("SS_ITEM_SK", "WS_ITEM_SK")},
    ("tpcds", 54): {
        ("CS_BILL_CUSTOMER_SK", "C_CUSTOMER_SK"),
        ("CS_ITEM_SK", "I_ITEM_SK"),
        ("CS_SOLD_DATE_SK", "D_DATE_SK"),
        ("C_CUSTOMER_SK", "WS_BILL_CUSTOMER_SK"),
        ("D_DATE_SK", "WS_SOLD_DATE_SK"),
        ("I_ITEM_SK", "WS_ITEM_SK"),
    },
    ("tpcds", 71): {
        ("CS_ITEM_SK", "I_ITEM_SK"),
        ("CS_SOLD_TIME_SK", "T_TIME_SK"),
        ("I_ITEM_SK", "SS_ITEM_SK"),
        ("I_ITEM_SK", "WS_ITEM_SK"),
        ("SS_SOLD_TIME_SK", "T_TIME_SK"),
        ("T_TIME_SK", "WS_SOLD_TIME_SK"),
    },
    ("tpcds", 78): {("CS_BILL_CUSTOMER_SK", "SS_CUSTOMER_SK"), ("SS_CUSTOMER_SK", "WS_BILL_CUSTOMER_SK")},
    ("tpcds", 81): {("CR_RETURNING_CUSTOMER_SK", "C_CUSTOMER_SK")},
    ("tpcds", 97): {("CS_BILL_CUSTOMER_SK", "SS_CUSTOMER_SK"), ("CS_ITEM_SK", "SS_ITEM_SK")},
}


@pytest.fixture(scope="module")
def benchmarks() -> dict[str, Benchmark]:
    return {name: Benchmark.load(name) for name in ("tpch", "tpcds")}


@pytest.fixture(scope="module")
def readings(benchmarks: dict[str, Benchmark]) -> dict[tuple[str, int], Reading]:
    found: dict[tuple[str, int], Reading] = {}
    for name, benchmark in benchmarks.items():
        session = Session(Directory.of(benchmark.catalog()), "DB", "S")
        found |= {(name, number): read_with(session, snowflake(text), AT) for number, text in benchmark.queries()}
    return found


QUERIES = [("tpch", number) for number in range(1, 23)] + [("tpcds", number) for number in range(1, 100)]


@pytest.mark.parametrize("query", QUERIES, ids=[f"{name}-{number}" for name, number in QUERIES])
def test_filters_and_joins_equal_the_plans(
    query: tuple[str, int], benchmarks: dict[str, Benchmark], readings: dict[tuple[str, int], Reading]
) -> None:
    name, number = query
    plan = benchmarks[name].plan(dict(benchmarks[name].queries())[number])
    reading = readings[query]
    assert (reading.problem, reading.unresolved) == (None, ())
    filters = _filters(reading)
    assert filters - plan.filters == ONLY_OURS.get(query, (frozenset(), ""))[0]
    assert plan.filters - filters == ONLY_DUCKDB.get(query, (frozenset(), ""))[0]
    joins = _joins(reading)
    assert {pair for pair in plan.joins if not _connected(pair, joins)} == set()
    assert {pair for pair in joins if not _connected(pair, plan.joins)} == JOINS_ONLY_OURS.get(query, set())


def test_the_oracle_sees_something(benchmarks: dict[str, Benchmark]) -> None:
    plans = [benchmark.plan(text) for benchmark in benchmarks.values() for _, text in benchmark.queries()]
    assert sum(len(plan.filters) for plan in plans) >= 350
    assert sum(len(plan.joins) for plan in plans) >= 560


def _filters(reading: Reading) -> frozenset[tuple[str, str]]:
    """Without comparisons of two tables' columns: the plan has them in its joins."""
    usages = (usage for usage in reading.usages if usage.role in FILTERS and usage.partner is None)
    return frozenset((usage.table.name, usage.column) for usage in usages if not _is_not_null(usage))


def _is_not_null(usage: ColumnUsage) -> bool:
    """The oracle leaves it out too: DuckDB adds it to every inner join."""
    return usage.role is Role.NULL_TEST and usage.negated


def _joins(reading: Reading) -> frozenset[tuple[str, str]]:
    pairs = {(usage.column, usage.partner[1]) for usage in reading.usages if usage.role is Role.JOIN and usage.partner}
    return frozenset((min(pair), max(pair)) for pair in pairs)


def _connected(pair: tuple[str, str], joins: frozenset[tuple[str, str]]) -> bool:
    """Whether equalities lead from one column to the other: of a = b, b = c and a = c a plan keeps any two."""
    reached = {pair[0]}
    while True:
        further = {column for join in joins if reached & set(join) for column in join} - reached
        if not further:
            return pair[1] in reached
        reached |= further
