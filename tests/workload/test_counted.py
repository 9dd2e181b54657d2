"""What the one pass over a unit takes for granted of `sql/executions.sql`."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from advisor.snapshot.kinds import Kind
from advisor.snapshot.views import VIEWS
from advisor.workload.texts import columns_of_executions

NAMED = ("STATEMENT", "PARAMETERIZED_HASH", "QUERY_TYPE", "OUTCOME")


def test_of_a_number_no_more_is_asked_than_whether_it_is_there_and_whether_it_is_nothing() -> None:
    made, used = columns_of_executions(NAMED)
    numbers = {name for name in used if VIEWS["query_history"].columns[name] in (Kind.WHOLE, Kind.EXACT)}
    assert numbers == {"BYTES_SCANNED", "PARTITIONS_SCANNED", "EXECUTION_TIME", "TOTAL_ELAPSED_TIME"}
    for column in sqlglot.parse_one(f"SELECT {made}", read="duckdb").find_all(exp.Column):
        if column.name in numbers:
            test = column.parent
            while isinstance(test, exp.Coalesce):
                test = test.parent
            asked = test.expression.sql() if isinstance(test, exp.EQ | exp.Is) else None
            assert asked in ("0", "NULL"), test


def test_a_time_is_asked_for_no_more_than_whether_it_is_there() -> None:
    made, used = columns_of_executions(NAMED)
    assert {name for name in used if VIEWS["query_history"].columns[name] is Kind.TIME} == {"START_TIME"}
    for column in sqlglot.parse_one(f"SELECT {made}", read="duckdb").find_all(exp.Column):
        if column.name == "START_TIME":
            assert isinstance(column.parent, exp.Is), column.parent
