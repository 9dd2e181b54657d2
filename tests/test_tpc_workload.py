"""All TPC-H and TPC-DS queries as an account's workload: nothing breaks, and each view that is advised is legal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from advisor.settings import Settings
from tests.recommenders.accounts import advise, runs, times
from tests.snapshots import table
from tests.test_blocks import legal
from tests.usage.oracle import Benchmark, snowflake

ROWS, PARTITIONS = 100_000_000, 2000
FEW = 20
"""Values of a column that isn't a date: so few that what groups by it is small."""


def place(name: str) -> dict[str, Any]:
    return {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "S", "TABLE_NAME": name}


@pytest.mark.parametrize("name", ["tpch", "tpcds"])
def test_every_query_is_taken_and_every_advised_view_is_legal(tmp_path: Path, name: str) -> None:
    found = Benchmark.load(name)
    known = found.catalog().tables.values()
    texts = [snowflake(text) for _, text in found.queries()]
    found.connection.close()
    scanned = {"PARTITIONS_SCANNED": PARTITIONS, "PARTITIONS_TOTAL": PARTITIONS, "SCHEMA_NAME": "S"}
    history = [
        row
        for i, text in enumerate(texts)
        for row in runs(lambda *_, text=text: text, times(30, i), f"q{i}", **scanned)
    ]
    columns = [
        {**place(one.name.name), "COLUMN_NAME": c.name, "DATA_TYPE": c.data_type, "ORDINAL_POSITION": c.position}
        for one in known
        for c in one.columns
    ]
    ends = {"DATE": ("1998-01-01", "2003-12-31"), "NUMBER": ("1", "1000"), "TEXT": ("a", "z")}
    statistics = [
        {**place(one.name.name), "COLUMN_NAME": c.name, "APPROX_DISTINCT": FEW, "NULL_SHARE": 0.0}
        | dict(zip(("MIN_VALUE", "MAX_VALUE"), ends.get(c.data_type, (None, None)), strict=True))
        for one in known
        for c in one.columns
    ]
    tables = [table(one.name.name, schema="S", ROW_COUNT=ROWS, BYTES=32 * 10**9) for one in known]
    still = {"START_TIME": history[0]["START_TIME"], "DATABASE_NAME": "DB", "SCHEMA_NAME": "S", "TABLE_NAME": "NONE"}
    churn = [{**still, "ROWS_ADDED": 0, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}]
    few = Settings(proof_databases=8)
    advice = advise(
        tmp_path, history, tables, few, columns=columns, column_statistics=statistics, table_dml_history=churn
    )
    assert advice.coverage.templates == len(texts)
    assert advice.coverage.templates_parsed == len(texts)
    views = [r for r in advice.recommendations if r.kind == "materialized_view"]
    assert views or name == "tpcds"
    for view in views:
        tree = sqlglot.parse_one(str(view.details["definition"]), read="snowflake")
        assert legal(tree), view.details["definition"]
        order = [sqlglot.parse_one(str(each), read="snowflake") for each in view.details["cluster_by"]]  # type: ignore[attr-defined]
        assert {column.name for each in order for column in each.find_all(exp.Column)} <= {
            column.name for column in tree.find_all(exp.Column)
        }
