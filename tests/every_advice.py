"""Advice of every kind, action and owner, and the account that it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from advisor.generator.scripts import Script, scripts
from advisor.model import Advice, DbtModel, Maker, Owner, Recommendation, Target
from advisor.owners import patches
from tests.advices import EVENTS, ITEMS, ORDERS, one, recommendation
from tests.assorted import LEFT_ALONE, PLACE, RETENTION, SUSPEND
from tests.assorted import recommendation as assorted
from tests.generator.test_sqlfluff import every_kind
from tests.standin import Account

ROWS = 1000
MODEL = "{{ config(materialized='incremental') }}\nselect * from raw"
JOB = "CREATE OR REPLACE TABLE SALES.PUBLIC.ORDERS AS SELECT * FROM SALES.PUBLIC.LOADED"
OF_JOB = Owner(Maker.JOB, True, 30.0, fingerprint="aa11bb22", statement=JOB)
DEFINED = 'CREATE OR REPLACE TABLE SALES.PUBLIC.ORDERS (TENANT_ID NUMBER, ORDERED_AT TIMESTAMP_NTZ, REGION VARCHAR, "day" DATE, AMOUNT NUMBER) COPY GRANTS'
LIKE = "CREATE OR REPLACE TABLE SALES.PUBLIC.ORDERS LIKE SALES.PUBLIC.LOADED"
OWNERS = {
    "dynamic_table": Owner(Maker.DYNAMIC_TABLE, False),
    "dbt_adds": Owner(Maker.DBT, False, model=DbtModel("model.a.b", "models/b.sql", MODEL, "incremental")),
    "dbt_rebuilds": Owner(Maker.DBT, True, 30.0, model=DbtModel("model.a.b", "models/b.sql", MODEL, "table")),
    "job": OF_JOB,
    "job_defines": replace(OF_JOB, statement=DEFINED),
    "job_copies": replace(OF_JOB, statement=LIKE, swaps=True),
    "job_resets": replace(
        OF_JOB, rebuilds=False, resets=True, statement=DEFINED.replace("REPLACE", "ALTER").removesuffix(" COPY GRANTS")
    ),
    "task": replace(OF_JOB, maker=Maker.TASK, task="SALES.OPS.REBUILD"),
}


def _meant(advised: Recommendation) -> Recommendation:
    """For a table as small as the account's, and for good."""
    given = advised.details
    sources = given.get("sources")
    fresh: dict[str, object] = {"valid_until": "9999-12-31"}
    if given.get("rows") is not None:
        fresh["rows"] = ROWS
    if isinstance(sources, list):
        fresh["sources"] = [{**each, "rows": ROWS if each["rows"] else None} for each in sources]
    return replace(advised, details={**given, **fresh})


def _owned(owner: Owner) -> Recommendation:
    plain = recommendation()
    patch = patches.of_key(owner, ("TENANT_ID", "TO_DATE(ORDERED_AT)"))
    return replace(plain, details={**plain.details, "owner": patch})


def _transient() -> Recommendation:
    details = {**RETENTION, "cause": "transient", "owner": patches.of_transient(OF_JOB)}
    return assorted("storage_retention", "rewrite", Target.table(PLACE), details)


def _unseen() -> Recommendation:
    """Where what is in force isn't known."""
    return assorted(
        "warehouse_setting", "change", Target("warehouse", "Report WH"), {**SUSPEND, "auto_suspend_today": None}
    )


def each() -> Mapping[str, Recommendation]:
    """By kind and action, and by owner where there is one."""
    found = {f"{r.kind}_{r.action}": r for r in every_kind().recommendations}
    assert len(found) == len(every_kind().recommendations)
    found |= {f"clustering_key_of_{name}": _owned(owner) for name, owner in OWNERS.items()}
    found |= {"storage_retention_transient": _transient(), "warehouse_setting_unseen": _unseen()}
    return {name: _meant(advised) for name, advised in found.items()}


def advice_of(name: str) -> Advice:
    return one(each()[name])


def script_of(name: str) -> Script:
    (script,) = scripts(advice_of(name))
    assert script is not None
    return script


def planted(clustering_key: str = "") -> Account:
    """The account as the advice saw it; `clustering_key` is that of the table ORDERS."""
    account = Account()
    at = "TIMESTAMP '2025-09-01' + INTERVAL (i) HOUR"
    orders = 'TENANT_ID BIGINT, ORDERED_AT TIMESTAMP, REGION VARCHAR, "day" DATE, AMOUNT BIGINT'
    rows = f"SELECT i % 7, {at}, 'a;b', DATE '2026-01-01', i FROM range({ROWS}) AS r(i)"
    account.table(ORDERS, orders, rows, clustering_key=clustering_key)
    account.engine.execute("CREATE TABLE SALES.PUBLIC.LOADED AS FROM SALES.PUBLIC.ORDERS")
    account.table(ITEMS, "ITEM_ID BIGINT", f"FROM range({ROWS})", clustering_key="LINEAR(ITEM_ID)")
    clicks = f"SELECT i, {at} FROM range({ROWS}) AS r(i)"
    account.table(EVENTS, '"User Id" BIGINT, TS TIMESTAMP', clicks, clustering_key="LINEAR(CAST(TS AS DATE))")
    views = f"SELECT i, CASE WHEN i % 11 > 0 THEN {at} END, 'a@b', NULL, DATE '2026-01-01' FROM range({ROWS}) AS r(i)"
    account.table(
        PLACE, 'ID BIGINT, "Seen At" TIMESTAMP, "Mail" VARCHAR, NOTE VARCHAR, DAY DATE', views, retention_time=30
    )
    account.table(LEFT_ALONE, "DAY DATE, VIEWS BIGINT", "VALUES (DATE '2026-01-01', 7)", is_dynamic="YES")
    account.engine.execute("INSERT INTO warehouses (name) VALUES ('Report WH')")
    account.engine.execute("INSERT INTO parameters VALUES ('USE_CACHED_RESULT', 'Report User', 'false')")
    return account


def view(account: Account) -> None:
    """The materialized view that the advice drops."""
    made = 'AS SELECT DAY FROM SALES."web"."Page Views" GROUP BY DAY'
    account.run(f'CREATE MATERIALIZED VIEW SALES."web"."Views by Day" {made}')
    account.ran.clear()
