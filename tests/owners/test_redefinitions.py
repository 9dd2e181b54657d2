"""Tables that another table comes in the place of, by CREATE OR REPLACE without a query, a swap or a new name: what is set on them is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.owners import ctas
from advisor.owners.redefinitions import Anew, anew
from tests.owners.test_makers import account, advised, made, written

DEFINED = "CREATE OR REPLACE TABLE orders (id NUMBER(38, 0), region VARCHAR, day DATE) COPY GRANTS"
NEW = "CREATE OR REPLACE TABLE orders_new AS SELECT * FROM raw"


def defined(text: str, times: int = 28, **figures: Any) -> list[dict[str, Any]]:
    """Statements of data definition run without a warehouse and scan nothing."""
    nothing = {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0, "PARTITIONS_TOTAL": 0}
    rows = made(text, times, "CREATE_TABLE")
    return [{**row, **nothing, **figures, "QUERY_ID": f"{text[:40]}-{i}"} for i, row in enumerate(rows)]


def filled(text: str = "INSERT INTO orders SELECT * FROM raw") -> list[dict[str, Any]]:
    return [{**row, "QUERY_ID": f"f-{i}"} for i, row in enumerate(made(text, 28, "INSERT"))]


@pytest.mark.parametrize(
    ("makers", "before", "after"),
    [
        (defined(DEFINED) + filled(), "day DATE) COPY", "day DATE) CLUSTER BY (CUSTOMER_ID) COPY"),
        (defined("CREATE OR REPLACE TABLE orders LIKE template") + filled(), "LIKE template", "LIKE template CLUSTER BY (CUSTOMER_ID)"),
        (made("CREATE OR REPLACE TABLE DB..orders AS SELECT * FROM raw", 28), "orders AS", "orders CLUSTER BY (CUSTOMER_ID) AS"),
        (made("CREATE OR REPLACE TABLE IDENTIFIER('DB.PUBLIC.ORDERS') AS SELECT * FROM raw", 28), "') AS", "') CLUSTER BY (CUSTOMER_ID) AS"),
        (made(NEW, 28) + defined("ALTER TABLE orders SWAP WITH orders_new"), "orders_new AS", "orders_new CLUSTER BY (CUSTOMER_ID) AS"),
        (made(NEW, 28) + defined("ALTER TABLE orders_new SWAP WITH public.orders"), "orders_new AS", "orders_new CLUSTER BY (CUSTOMER_ID) AS"),
        (
            made(NEW, 28) + defined("ALTER TABLE orders RENAME TO orders_old") + defined("ALTER TABLE orders_new RENAME TO orders"),
            "orders_new AS",
            "orders_new CLUSTER BY (CUSTOMER_ID) AS",
        ),
    ],
    ids=["columns", "like", "schema left out", "name in a string", "swapped", "swapped from the other side", "renamed"],
)  # fmt: skip
def test_what_puts_another_table_in_its_place_gets_the_clause(
    tmp_path: Path, makers: list[dict[str, Any]], before: str, after: str
) -> None:
    change, script, entry = written(account(tmp_path, makers), tmp_path / "out")
    assert entry["statements"]["apply"] == []
    assert "ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY" not in script
    removed, added = entry["details"]["owner"]["patch"].split("\n")[-2:]
    assert removed.startswith("-CREATE")
    assert before in removed
    assert added == f"+{removed[1:].replace(before, after)}"
    says_order = any("let the INSERT that fills it end with ORDER BY the key" in warning for warning in change.warnings)
    assert says_order == (before[:3] in ("day", "LIK"))
    swaps = any("A job puts another table in its place" in warning for warning in change.warnings)
    assert swaps == ("orders_new" in before)
    assert change.cost.upkeep_credits_per_month is not None
    assert change.cost.upkeep_credits_per_month.low > 0


def test_a_definition_that_resets_the_key_gets_it_beside_the_table(tmp_path: Path) -> None:
    makers = defined("CREATE OR ALTER TABLE orders (id NUMBER(38, 0), region VARCHAR)", 1) + filled()
    change, script, entry = written(account(tmp_path, makers), tmp_path / "out")
    assert entry["statements"]["apply"] == ["ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]
    assert "+CREATE OR ALTER TABLE orders (id NUMBER(38, 0), region VARCHAR) CLUSTER BY (CUSTOMER_ID)" in script
    assert any(
        "CREATE OR ALTER TABLE, which takes away a key that it doesn't name: the script sets" in w
        for w in change.warnings
    )
    assert change.cost.build_credits is not None
    assert change.cost.build_credits.expected > 0


def test_a_definition_that_no_key_can_be_written_into_is_a_rejection(tmp_path: Path) -> None:
    makers = defined("CREATE OR ALTER TABLE orders (id NUMBER) COMMENT = 'x' CLUSTER BY (region)", 1)
    advice = advised(account(tmp_path, makers))
    assert "clustering_key" not in {r.kind for r in advice.recommendations}
    assert any(
        "takes away a key that it doesn't name, and into which none can be written." in r.reason
        for r in advice.rejections
    )


@pytest.mark.parametrize(
    ("makers", "said"),
    [
        (defined("CREATE OR REPLACE TABLE orders CLONE staged"), "A job recreates it"),
        (defined("ALTER TABLE orders SWAP WITH other"), "A job puts another table in its place"),
    ],
    ids=["clone", "a table that nothing makes"],
)
def test_what_no_key_can_be_written_into_is_a_rejection(
    tmp_path: Path, makers: list[dict[str, Any]], said: str
) -> None:
    advice = advised(account(tmp_path, makers))
    assert not advice.recommendations
    assert any(
        r.reason.startswith(said) and "none that a key can be written into" in r.reason for r in advice.rejections
    )


@pytest.mark.parametrize(
    "makers",
    [
        defined("TRUNCATE TABLE orders") + filled(),
        defined("CREATE TABLE IF NOT EXISTS orders (id NUMBER)") + filled(),
        defined("CREATE OR REPLACE TEMPORARY TABLE orders (id NUMBER)"),
        made("CREATE OR REPLACE TEMPORARY TABLE orders AS SELECT * FROM raw", 28),
        defined(DEFINED, 1) + filled(),
        defined("ALTER TABLE orders RENAME TO orders_old", 1),
        defined("CREATE OR REPLACE TABLE other.orders (id NUMBER)"),
        defined(DEFINED, EXECUTION_STATUS="FAIL"),
    ],
    ids=["truncate", "if not exists", "temporary", "temporary as", "once", "away", "another schema", "failed"],
)  # fmt: skip
def test_what_leaves_the_table_in_its_place_makes_nobody_its_owner(
    tmp_path: Path, makers: list[dict[str, Any]]
) -> None:
    _, _, entry = written(account(tmp_path, makers), tmp_path / "out")
    assert entry["details"]["owner"] is None
    assert entry["statements"]["apply"] == ["ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("create or replace transient table s.t (a int)", (Anew(("S", "T")),)),
        ("create table t (a int)", (Anew(("T",)),)),
        ("create or replace table t clone u", (Anew(("T",), filled=True),)),
        ("create or alter table t (a int)", (Anew(("T",), resets=True),)),
        ("create or replace iceberg table t (a int)", (Anew(("T",)),)),
        ('/* x */ create or replace table db.s."a.b" like s.u', (Anew(("DB", "S", "a.b")),)),
        ("alter table if exists a swap with b.c", (Anew(("A",), ("B", "C"), True), Anew(("B", "C"), ("A",), True))),
        ("alter table a rename column b to c", ()),
        ("alter table a rename to", ()),
        ("alter table", ()),
        ("create table if not exists t (a int)", ()),
        ("create or replace temp table t (a int)", ()),
        ("create or replace dynamic table t target_lag = '1 hour' as select 1", ()),
        ("create or replace view t as select 1", ()),
        ("create or replace table identifier('t') (a int)", (Anew(("T",)),)),
        ("alter table identifier('s.\"t\"') rename to db..u", (Anew(("DB", "PUBLIC", "U"), ("S", "t"), True),)),
        ("create or replace table identifier($t) (a int)", ()),
        ("create or replace table identifier('a.b.c.d') (a int)", ()),
        ("create or replace table identifier('", ()),
        ("create or replace table db..t (a int)", (Anew(("DB", "PUBLIC", "T")),)),
        ("create or replace table db...t (a int)", ()),
        ("create or replace table", ()),
        ("select 'create or replace table t", ()),
        ("", ()),
    ],
)
def test_what_a_statement_makes_anew(statement: str, found: tuple[Anew, ...]) -> None:
    assert anew(statement) == found


@pytest.mark.parametrize(
    ("statement", "clustered"),
    [
        ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) CLUSTER BY (A)"),
        ("CREATE TABLE t (a INT DEFAULT f(1));", "CREATE TABLE t (a INT DEFAULT f(1)) CLUSTER BY (A);"),
        ("CREATE TABLE t (a INT) CLUSTER BY LINEAR(b) COMMENT = 'x'", "CREATE TABLE t (a INT) CLUSTER BY (A) COMMENT = 'x'"),
        ("CREATE TABLE t LIKE d.s.u COPY GRANTS", "CREATE TABLE t LIKE d.s.u CLUSTER BY (A) COPY GRANTS"),
        ("CREATE TABLE t LIKE u CLUSTER BY (b)", "CREATE TABLE t LIKE u CLUSTER BY (A)"),
        ("CREATE TABLE t (a INT) COMMENT = 'AS' CLUSTER BY (b)", None),
        ("CREATE OR ALTER TABLE t (a INT)", "CREATE OR ALTER TABLE t (a INT) CLUSTER BY (A)"),
        ("CREATE TABLE d..t (a INT)", "CREATE TABLE d..t (a INT) CLUSTER BY (A)"),
        ("CREATE TABLE d..t AS SELECT 1", "CREATE TABLE d..t CLUSTER BY (A) AS SELECT 1"),
        ("CREATE TABLE IDENTIFIER('d.s.t') (a INT)", "CREATE TABLE IDENTIFIER('d.s.t') (a INT) CLUSTER BY (A)"),
        ("CREATE TABLE t LIKE IDENTIFIER('u') COPY GRANTS", "CREATE TABLE t LIKE IDENTIFIER('u') CLUSTER BY (A) COPY GRANTS"),
        ("CREATE TABLE IDENTIFIER('t'", None),
        ("CREATE TABLE t CLONE u", None),
        ("CREATE TABLE t USING TEMPLATE (SELECT 1)", None),
        ("CREATE TABLE t FROM BACKUP SET b IDENTIFIER 'x'", None),
        ("CREATE TABLE t", None),
        ("CREATE TABLE t (a INT", None),
    ],
)  # fmt: skip
def test_where_the_clause_stands(statement: str, clustered: str | None) -> None:
    assert ctas.clustered(statement, "A") == clustered
