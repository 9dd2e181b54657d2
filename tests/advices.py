"""Hand-built advice for the generator's tests: a rich one, an empty one, and recommendations with any name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from operator import add

from advisor.model import (
    ZERO,
    Advice,
    BackTest,
    Benefit,
    BudgetPoint,
    Change,
    Cost,
    Coverage,
    Distribution,
    Grade,
    QueryTemplate,
    Range,
    Recommendation,
    Rejection,
    Skipped,
    SnapshotInfo,
    Table,
    TableName,
    Target,
    TemplateEvidence,
    Totals,
    ViewMissing,
    WarehouseUse,
    Workload,
)
from advisor.quoting import identifier
from advisor.selection.outcome import sum_known

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 31, tzinfo=UTC)
ORDERS = TableName("SALES", "PUBLIC", "ORDERS")
EVENTS = TableName("SALES", "web", "Click Events")
ITEMS = TableName("SALES", "PUBLIC", "ITEMS")
UNKNOWN_TIMES = Distribution(0.0, None, None, None, None)


def template(fingerprint: str, text: str, example_query_id: str | None = None) -> QueryTemplate:
    return QueryTemplate(
        fingerprint=fingerprint,
        text=text,
        kind="SELECT",
        database="SALES",
        schema="PUBLIC",
        executions=1200,
        example_query_id=example_query_id,
        first_seen=START,
        last_seen=END,
        executions_per_day=40.0,
        execution_ms=Distribution(3_600_000.0, 3000.0, 2500.0, 9000.0, 12_345.678),
        bytes_scanned=5_000_000_000,
        partitions_scanned=900_000,
        partitions_total=1_000_000,
        rows_inserted=None,
        rows_updated=None,
        rows_deleted=None,
        warehouses=(WarehouseUse("MEDIUM", 1200, 3_600_000.0, 900_000, None, None),),
        hashes=("0a1b",),
        samples=(),
    )


def recommendation(
    table: TableName = ORDERS,
    key: tuple[str, ...] = ("TENANT_ID", "TO_DATE(ORDERED_AT)"),
    current: tuple[str, ...] = (),
    hashes: tuple[str, ...] = ("0a1b2c3d", "4e5f6a7b"),
) -> Recommendation:
    """Create where `current` is empty, drop where `key` is, else change."""
    action = "drop" if not key else "change" if current else "create"
    return Recommendation(
        id=f"clustering_key-{len(current)}{len(key)}abcdef0",
        kind="clustering_key",
        action=action,
        target=Target.table(table),
        title=f"{action.capitalize()} the clustering key of {table}",
        reason=f"{table} is filtered by TENANT_ID and ORDERED_AT in 40 queries a day but reads 90% of its partitions.",
        details={
            "tables": [str(table)],
            "clustering_key": list(key),
            "current_clustering_key": list(current),
            "rows": 1_000_001,
            "written_columns": [],
            "partitions": 834,
            "valid_until": "2026-03-02",
            "hashes": list(hashes),
            "unserved": [
                {"fingerprint": "bb22cc33", "why": "filters UPPER(NAME), which no minimum and maximum can serve"}
            ],
        },
        benefit=Benefit(
            partitions_scanned=Change(900_000.0, Range(20_000.0, 30_000.0, 60_000.0)),
            bytes_scanned=Change(14e12, Range(3e11, 5e11, 1e12)),
            execution_seconds=Change(3600.0, Range(300.0, 400.0, 900.123456789)),
            credits=Range(60.0, 85.0, 110.0),
        ),
        cost=Cost(build_credits=Range(1.0, 2.0, 11.0), upkeep_credits_per_month=Range(8.0, 10.0, 15.0)),
        net_credits_per_month=Range(44.083333333, 74.8333333, 101.916666667),
        confidence="medium",
        grade=Grade.ESTIMATED,
        templates=(
            TemplateEvidence("aa11bb22", 1200, "01b2-0001", 0.91, 0.034567891, 0.02, 0.13),
            TemplateEvidence("cc33dd44", 30, None, None, None),
        ),
        edition="standard",
        privileges=(f"OWNERSHIP on {table}",),
        warnings=("Loads arrive every hour: automatic clustering will run as often.",),
    )


def apart(recommendations: tuple[Recommendation, ...]) -> Totals:
    """Of recommendations that have nothing to do with each other."""
    net = reduce(add, (r.net_credits_per_month for r in recommendations), ZERO)
    return Totals(
        net_credits_per_month=net,
        saved_credits_per_month=sum_known(r.benefit.credits for r in recommendations) or ZERO,
        upkeep_credits_per_month=sum_known(r.cost.upkeep_credits_per_month for r in recommendations),
        build_credits=sum_known(r.cost.build_credits for r in recommendations),
        claimed_alone=net.expected,
        exact=True,
        curve=(BudgetPoint(0.0, 0.0, 0, True),),
        only_together=(),
    )


THREE = (
    recommendation(),
    recommendation(EVENTS, (identifier("User Id"),), ("TO_DATE(TS)",), hashes=()),
    recommendation(ITEMS, (), ("ITEM_ID",)),
)


def rich() -> Advice:
    """Three actions, a name that must be quoted, a missing view, skipped queries, unknown figures."""
    slow = template(
        "aa11bb22", "SELECT * FROM orders WHERE name = 'Ann Smith' AND tenant_id = 42 -- secret", "01b2-0001"
    )
    return Advice(
        snapshot=SnapshotInfo("export", None, START, END, None, ("The start times are spread over 30 days.",)),
        coverage=Coverage(
            queries=1300,
            templates=2,
            templates_parsed=1,
            execution_time_understood_share=0.97,
            views_missing=(ViewMissing("table_dml_history", "Upkeep is taken from the writes seen in the history."),),
            skipped=(Skipped("failed", 70, 36_000.0), Skipped("does not parse", 30, 72_000.0)),
        ),
        workload=Workload(
            window_start=START,
            window_end=END,
            queries=1300,
            execution_ms=Distribution(3_708_000.0, 2852.3, 2500.0, 9000.0, None),
            result_cache_hit_rate=0.125,
            bytes_scanned=5_100_000_000,
            partitions_scanned=900_000,
            partitions_total=1_000_000,
            templates=(slow, replace(slow, fingerprint="cc33dd44", text='SELECT "a|b" FROM t', example_query_id=None)),
            skipped=(Skipped("failed", 70, 36_000.0),),
        ),
        tables=(
            Table(ORDERS, "BASE TABLE", 1_000_001, 14_000_000_000),
            Table(EVENTS, "BASE TABLE", None, None, clustering_key=("TO_DATE(TS)",)),
        ),
        recommendations=THREE,
        rejections=(
            Rejection(
                "clustering_key",
                Target.table(TableName("SALES", "PUBLIC", "COUNTRIES")),
                {"tables": ["SALES.PUBLIC.COUNTRIES"], "clustering_key": ["CODE"]},
                "It has 3 micro-partitions: there is nothing to skip.",
            ),
        ),
        candidates=17,
        totals=apart(THREE),
        back_test=BackTest(datetime(2026, 1, 23, 12, tzinfo=UTC), 3, 230.0, 210.0),
    )


def empty() -> Advice:
    """A history that says nothing: every figure that can be unknown is."""
    return Advice(
        snapshot=SnapshotInfo("export", None, START, END, None),
        coverage=Coverage(0, 0, 0, 0.0, (), ()),
        workload=Workload(START, END, 0, UNKNOWN_TIMES, None, None, None, None, (), ()),
        tables=(),
        recommendations=(),
        rejections=(),
        candidates=0,
        totals=apart(()),
        back_test=None,
    )


def one(recommendation: Recommendation) -> Advice:
    return replace(rich(), recommendations=(recommendation,), totals=apart((recommendation,)))


def materialized_view(table: TableName = ORDERS, view: str = "ORDERS_MV_1A2B3C4D") -> Recommendation:
    names = ", ".join(f"{identifier(column)}" for column in ("REGION", "day"))
    base = ".".join(map(identifier, (table.database, table.schema, table.name)))
    return replace(
        recommendation(table),
        id="materialized_view-00abcdef0",
        kind="materialized_view",
        action="create",
        target=Target("materialized_view", view, table.database, table.schema),
        title=f"Keep {table} aggregated by (REGION, day) in a materialized view",
        details={
            "tables": [str(table)],
            "definition": f"SELECT\n  {names},\n  SUM(AMOUNT) AS SUM_AMOUNT\nFROM {base}\nGROUP BY\n  {names}",
            "columns": ["REGION", '"day"', "SUM_AMOUNT"],
            "keys": ["REGION", '"day"'],
            "aggregates": ["SUM(AMOUNT)"],
            "cluster_by": [],
            "rewrites": [
                {
                    "fingerprint": "aa11bb22",
                    "original": f"SELECT\n  SUM(AMOUNT)\nFROM {base}\nWHERE\n  REGION = 'a;b'",
                    "query": f"SELECT\n  SUM(SUM_AMOUNT)\nFROM {identifier(view)}\nWHERE\n  REGION = 'a;b'",
                }
            ],
            "proven_on_databases": 24,
            "base": {"database": table.database, "schema": table.schema, "name": table.name},
            "used_columns": ["AMOUNT", "REGION", "day"],
            "rows": 1_000_001,
            "groups": {"low": 100.0, "expected": 2000.0, "high": 3000.0},
            "partitions": 834,
            "valid_until": "2026-03-02",
            "hashes": ["0a1b2c3d"],
        },
        cost=Cost(Range(1.0, 2.0, 11.0), Range(8.0, 10.0, 15.0), Range(1e6, 2e6, 4e6)),
        edition="enterprise",
        privileges=(f"CREATE MATERIALIZED VIEW on schema {table.database}.{table.schema}", f"SELECT on {table}"),
    )


def dynamic_table(table: TableName = ORDERS, stored: str = "ORDERS_DT_1A2B3C4D") -> Recommendation:
    view = materialized_view(table, stored)
    other = {"database": "SALES", "schema": "web", "name": "Click Events", "rows": None}
    own = {"database": table.database, "schema": table.schema, "name": table.name, "rows": 1_000_001}
    extra = {"target_lag": "8 hours", "warehouse": "COMPUTE_WH", "loads_per_day": 1.04, "sources": [own, other]}
    return replace(
        view,
        id="dynamic_table-00abcdef0",
        kind="dynamic_table",
        target=Target("table", stored, table.database, table.schema),
        title=f"Keep {table} joined to {EVENTS} by (REGION) in a dynamic table",
        details={**view.details, "tables": [str(table), str(EVENTS)], **extra},
        edition="standard",
        privileges=(f"CREATE DYNAMIC TABLE on schema {table.database}.{table.schema}", f"SELECT on {table}"),
    )


def query_rewrite() -> Recommendation:
    return replace(
        recommendation(),
        id="query_rewrite-00abcdef0",
        kind="query_rewrite",
        action="rewrite",
        target=Target("query", "aa11bb22"),
        title=f"Ask DAY of {ORDERS} by range in template aa11bb22",
        details={
            "tables": [str(ORDERS)],
            "conditions": [{"before": "YEAR(DAY) = 2026", "after": "DAY >= '2026-01-01' AND DAY < '2027-01-01'"}],
            "fingerprint": "aa11bb22",
            "original": "SELECT\n  COUNT(*)\nFROM SALES.PUBLIC.ORDERS\nWHERE\n  YEAR(DAY) = 2026",
            "query": "SELECT\n  COUNT(*)\nFROM SALES.PUBLIC.ORDERS\nWHERE\n  DAY >= '2026-01-01' AND DAY < '2027-01-01'",
            "source_of": None,
            "proven_on_databases": 24,
            "valid_until": "2026-03-02",
            "hashes": ["0a1b2c3d"],
        },
        cost=Cost(Range(0, 0, 0), Range(0, 0, 0)),
        privileges=(),
    )
