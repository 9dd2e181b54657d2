"""Advice that fills every corner of the pages: many kinds, hostile texts everywhere, and as much as there may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from advisor.model import (
    ZERO,
    Advice,
    BackTest,
    Baseline,
    Benefit,
    BudgetPoint,
    Change,
    Cost,
    DayHits,
    DayTimes,
    Decision,
    Distribution,
    Grade,
    LookBack,
    Range,
    Recommendation,
    Rejection,
    Skipped,
    SnapshotInfo,
    Table,
    TableName,
    TablePruning,
    Target,
    TemplateEvidence,
    ViewMissing,
)
from tests.advices import END, EVENTS, ITEMS, ORDERS, START, apart, recommendation, rich, template

HOSTILE = (
    "<script>window.hacked=1</script></style></textarea><img src=x onerror=window.hacked=1>'\"><svg onload=window.hacked=1>"
    "{{ 7*7 }}{% raw %}](javascript:window.hacked=1) | `` ` ** \u202e gnp.exe \u2066\u200b \x1b[31mred\x07"
)
"""Tags, handlers, template and Markdown markup, a direction override, a zero-width space and terminal controls."""


def busy() -> Advice:
    """Six changes of three kinds, two of which no page knows, all charts, a table whose size is unknown."""
    changes = (*rich().recommendations, _view(), _setting(), _loss())
    curve = tuple(BudgetPoint(3.0 * n, 60.0 * n**0.5, n, n < 5) for n in range(7))
    together = ((changes[0].id, changes[3].id),)
    return replace(
        rich(),
        recommendations=changes,
        totals=replace(apart(changes), curve=curve, only_together=together),
        back_test=BackTest(END - timedelta(days=7), 5, 400.0, 350.0),
        decisions=(Decision(changes[1].id, "snoozed", "after the quarter's end", "ann", date(2026, 4, 1)),),
        tables=(
            Table(ORDERS, "BASE TABLE", 40_000_000_000, 5 * 2**39),
            Table(TableName("SALES", "PUBLIC", "PAYMENTS"), "BASE TABLE", 200_000_000, 13 * 2**30),
            Table(ITEMS, "BASE TABLE", 9_000_000, 900 * 2**20, clustering_key=("ITEM_ID",)),
            Table(EVENTS, "BASE TABLE", None, None, clustering_key=("TO_DATE(TS)",)),
        ),
        baseline=baseline(),
        workload=replace(rich().workload, result_cache_days=hits()),
    )


def baseline() -> Baseline:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(30)]
    latencies = [
        DayTimes(
            day, name, 400 + number, base + number % 7, 4 * base + 3 * (number % 5), 9.5 * base + 40 * (number % 4)
        )
        for name, base in (("LOAD_WH", 900.0), ("BI_WH", 120.0))
        for number, day in enumerate(days)
        if name != "BI_WH" or number != 12
    ]
    pruning = (
        TablePruning(ORDERS, 160_000, 9_000_000.0, 11_000_000.0, 0.02),
        TablePruning(EVENTS, 90_000, 4_000_000.0, 5_000_000.0, 0.31),
        TablePruning(TableName("SALES", "PUBLIC", "PAYMENTS"), 800, 900_000.0, 2_000_000.0, 0.74),
        TablePruning(ITEMS, 60, 300_000.0, 300_000.0, None),
        TablePruning(TableName("SALES", "PUBLIC", "COUNTRIES"), 1, 900.0, 900.0, 1.0),
    )
    reach = LookBack(
        ORDERS, "ORDERED_AT", tuple(float(30 * n) for n in range(13)), tuple(1 / (1 + n) for n in range(13))
    )
    return Baseline(tuple(latencies), pruning, (reach,))


def hits() -> tuple[DayHits, ...]:
    """Of a month with a day without queries."""
    days = [(number, date(2026, 1, 1) + timedelta(days=number)) for number in range(30) if number != 12]
    return tuple(DayHits(day, 400 + 10 * number, 20 + 9 * (number % 7)) for number, day in days)


def _view() -> Recommendation:
    return replace(
        recommendation(),
        id="kept_aggregate-0011aabbccdd",
        kind="kept_aggregate",
        title="Keep the daily revenue of SALES.PUBLIC.ORDERS in a materialized view",
        reason="Six templates sum AMOUNT by day and shop 900 times a day and read 1.2 TiB for it.",
        details={
            "tables": ["SALES.PUBLIC.ORDERS"],
            "definition": "SELECT DAY, SHOP_ID, SUM(AMOUNT) AS AMOUNT\nFROM SALES.PUBLIC.ORDERS\nGROUP BY DAY, SHOP_ID",
            "rewrites": [{"fingerprint": "aa11bb22", "query": "SELECT SUM(AMOUNT) FROM ORDERS_BY_DAY WHERE DAY >= ?"}],
            "rows_kept": 360_000,
            "staleness": {"allowed_minutes": 60, "seen_minutes": None},
        },
        benefit=Benefit(credits=Range(200.0, 260.0, 300.0), bytes_scanned=Change(4e13, Range(1e11, 2e11, 4e11))),
        cost=Cost(Range(3.0, 4.0, 6.0), Range(20.0, 30.0, 60.0), Range(1e8, 2e8, 3e8)),
        net_credits_per_month=Range(139.5, 229.7, 279.75),
        confidence="high",
        grade=Grade.PROBED,
        edition="enterprise",
    )


def _setting() -> Recommendation:
    return replace(
        recommendation(),
        id="idle_limit-0011aabbccde",
        kind="idle_limit",
        action="change",
        target=Target("warehouse", "BI_WH"),
        title="Suspend BI_WH after 60 seconds",
        reason="It idles 9 hours a day before it suspends.",
        details={"auto_suspend_seconds": 60, "now_seconds": 600, "multi_cluster": False},
        benefit=Benefit(credits=Range(10.0, 12.0, 14.0)),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=Range(10.0, 12.0, 14.0),
        confidence="low",
        grade=Grade.OBSERVED,
        templates=(),
        warnings=(),
    )


def _loss() -> Recommendation:
    """A key that never pays back: a reader must see that at once."""
    return replace(
        recommendation(ITEMS),
        id="clustering_key-0011aabbccdf",
        benefit=Benefit(credits=Range(1.0, 2.0, 3.0)),
        cost=Cost(Range(5.0, 9.0, 12.0), Range(2.0, 4.0, 6.0)),
        net_credits_per_month=Range(-6.0, -2.75, 0.58),
    )


# ---------------------------------------------------------------- hostile


def hostile() -> Advice:
    """Every text that can come from an account or a file, hostile."""
    place = TableName(HOSTILE[:255], HOSTILE[:255], HOSTILE[:255])
    slow = replace(
        template(HOSTILE, f'SELECT "{HOSTILE}" /* {HOSTILE} */ FROM t', HOSTILE), database=HOSTILE, kind=HOSTILE
    )
    reach = LookBack(place, HOSTILE, (0.0, 1.0), (1.0, 0.5))
    return replace(
        rich(),
        snapshot=SnapshotInfo("export", HOSTILE, START, END, None, (HOSTILE,)),
        coverage=replace(
            rich().coverage, views_missing=(ViewMissing(HOSTILE, HOSTILE),), skipped=(Skipped(HOSTILE, 1, 1.0),)
        ),
        workload=replace(rich().workload, templates=(slow,)),
        tables=(Table(place, HOSTILE, 1, 1, clustering_key=(HOSTILE,)),),
        recommendations=(
            _hostile(place),
            replace(_hostile(place), id="other_text-00112233aabb", kind="other_text"),
        ),
        decisions=(Decision(_hostile(place).id, HOSTILE, HOSTILE, HOSTILE),),
        rejections=(Rejection("clustering_key", Target.table(place), {"clustering_key": [HOSTILE]}, HOSTILE),),
        baseline=Baseline(
            (DayTimes(date(2026, 1, 1), HOSTILE, 1, 1.0, 1.0, 1.0),), (TablePruning(place, 9, 9.0, 9.0, 0.1),), (reach,)
        ),
    )


def _hostile(place: TableName) -> Recommendation:
    return replace(
        recommendation(place),
        title=HOSTILE,
        reason=HOSTILE,
        details={
            **recommendation(place).details,
            HOSTILE: HOSTILE,
            "definition": HOSTILE,
            "rewrites": [{"fingerprint": HOSTILE, "query": HOSTILE}],
            "unserved": [{"fingerprint": HOSTILE, "why": HOSTILE}],
        },
        confidence=HOSTILE,
        templates=(TemplateEvidence(HOSTILE, 7, HOSTILE, 0.5, 0.1),),
        edition=HOSTILE,
        privileges=(HOSTILE,),
        warnings=(HOSTILE,),
    )


# ---------------------------------------------------------------- large


def large(changes: int = 500, templates: int = 5000) -> Advice:
    """As much as a report must bear: each change with twenty templates, every table of long names."""
    times = Distribution(3_600_000.0, 3000.0, 2500.0, 9000.0, 12_345.678)
    text = "SELECT customer_id, order_date, status, amount FROM sales.public.orders WHERE tenant_id = 42 AND ordered_at >= '2026-01-01'"
    workload = replace(
        rich().workload,
        templates=tuple(
            replace(template(f"{number:016x}", text, f"01b2-{number:032x}"), execution_ms=times)
            for number in range(templates)
        ),
    )
    numbered = tuple(map(_numbered, range(changes)))
    return replace(
        busy(),
        workload=workload,
        recommendations=numbered,
        totals=apart(numbered),
        decisions=(),
        rejections=rich().rejections * 5000,
    )


def _numbered(number: int) -> Recommendation:
    table = TableName("ANALYTICS_PRODUCTION", "PUBLIC_EVENTS", f"FACT_TABLE_NUMBER_{number}")
    evidence = tuple(
        TemplateEvidence(f"{number * 20 + each:016x}", 1200, f"01b2-{number:032x}", 0.91, 0.03) for each in range(20)
    )
    unserved = [
        {"fingerprint": f"{each:016x}", "why": "filters UPPER(NAME), which no minimum and maximum can serve"}
        for each in range(20)
    ]
    advised = recommendation(table)
    return replace(
        advised,
        id=f"clustering_key-{number:012x}",
        templates=evidence,
        details={**advised.details, "unserved": unserved, "hashes": [f"{each:032x}" for each in range(60)]},
    )
