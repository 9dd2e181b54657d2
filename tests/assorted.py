"""One hand-built recommendation of each kind and action whose script is a golden file, beside those of `advices.rich`."""

from __future__ import annotations

from dataclasses import replace

from advisor.model import Advice, Benefit, Cost, Grade, Range, Recommendation, TableName, Target, TemplateEvidence
from tests.advices import rich

PLACE = TableName("SALES", "web", "Page Views")
LEFT_ALONE = TableName("SALES", "web", "Daily Views")
COMMON = {"valid_until": "2026-03-02", "hashes": ["0a1b2c3d"]}
RANGE = Range(1.0, 2.0, 4.0)


def recommendation(kind: str, action: str, target: Target, details: dict[str, object]) -> Recommendation:
    return Recommendation(
        id=f"{kind}-0123456789ab",
        kind=kind,
        action=action,
        target=target,
        title=f"{action.capitalize()} what {kind} says of {target}",
        reason="It is worth it.",
        details={"tables": [str(PLACE)], **COMMON, **details},
        benefit=Benefit(credits=RANGE),
        cost=Cost(Range(0.5, 0.5, 0.5), Range(0.1, 0.1, 0.1)),
        net_credits_per_month=RANGE,
        confidence="medium",
        grade=Grade.ESTIMATED,
        templates=(TemplateEvidence("aa11bb22", 1200, "01b2-0001", 0.91, 0.03),),
        edition="enterprise",
        privileges=("OWNERSHIP on what it changes",),
        warnings=("Mind the gap.",),
    )


def _cut(method: str) -> dict[str, object]:
    parts = {"hot": "HOT", "cold": "COLD", "old": "BEFORE_SPLIT", "policy": "ARCHIVE", "restored": "RESTORED"}
    return {
        "cut": {"column": "Seen At", "boundary": "2025-10-01", "method": method},
        "look_back_days": 60.0,
        "keep_days": 123,
        "cold_share": 0.9,
        "cold_bytes": 9e11,
        "column_type": "TIMESTAMP_NTZ",
        "columns": ["ID", "Seen At", "Mail", "NOTE", "DAY"],
        "rows": 1_000_000,
        "partitions": 60_000,
        "parts": {part: f"Page Views_{suffix}" for part, suffix in parts.items()},
        "archive_tier": "COOL",
        "archive_for_days": 2_147_483_647,
    }


WARMED = """SELECT count(*)  FROM SALES."web"."Page Views" WHERE note = '/home'"""

REWRITE: dict[str, object] = {
    "cause": "text",
    "fingerprints": ["aa11bb22"],
    "rewrites": [{"fingerprint": "aa11bb22", "query": "SELECT COUNT(*) FROM T"}],
    "instead_of": "select count(*) from t -- 4711",
    "hit_rate": 0.125,
}
SETTING: dict[str, object] = {"cause": "setting", "fingerprints": ["aa11bb22"], "hit_rate": None}
WARM: dict[str, object] = {
    "cause": "load",
    "fingerprints": ["aa11bb22"],
    "hit_rate": 0.125,
    "database": "SALES",
    "schema": "web",
    "task": "WARM_AA11BB22",
    "schedule": "USING CRON 30 7 * * 1,2,3,4,5 UTC",
    "warehouse": "COMPUTE_WH",
    "query": WARMED,
    "mark": "Warms the result cache (0123456789abcdef)",
    "runs_per_month": 21.7,
    "reads": [["SALES", "web", "Page Views"]],
}
SEARCH: dict[str, object] = {
    "search": ['EQUALITY(ID, "Mail")', "SUBSTRING(NOTE)"],
    "rows": 1_000_000,
    "partitions": 2000,
}
ACCELERATION: dict[str, object] = {"scale_factor": 8, "most_credits_per_month": 5.2}
SUSPEND: dict[str, object] = {
    "auto_suspend_seconds": 300,
    "auto_suspend_today": 600,
    "suspensions_per_month": 1440.0,
    "idle_credits_per_month": 190.0,
}
RETENTION: dict[str, object] = {
    "cause": "retention",
    "rows": 1_000_000,
    "retention_days": 30,
    "transient": False,
    "set_aside": "Page Views_UNREAD",
}


UNUSED_VIEW: dict[str, object] = {
    "keys": [],
    "aggregates": [],
    "definition": 'CREATE MATERIALIZED VIEW SALES."web"."Views by Day" AS\nSELECT\n  DAY\nFROM SALES."web"."Page Views"\nGROUP BY\n  DAY',
}


def assorted() -> Advice:
    return replace(
        rich(),
        recommendations=(
            recommendation("history_partitioning", "change", Target.table(PLACE), _cut("split")),
            recommendation("history_partitioning", "create", Target.table(PLACE), _cut("lifecycle_policy")),
            recommendation("result_cache", "rewrite", Target("query", "aa11bb22"), REWRITE),
            recommendation("result_cache", "enable", Target("user", "Report User"), SETTING),
            recommendation("result_cache", "create", Target("query", "aa11bb22"), WARM),
            recommendation("search_optimization", "create", Target.table(PLACE), SEARCH),
            recommendation("search_optimization", "drop", Target.table(PLACE), {**SEARCH, "search": []}),
            recommendation("query_acceleration", "enable", Target("warehouse", "Report WH"), ACCELERATION),
            recommendation("warehouse_setting", "change", Target("warehouse", "Report WH"), SUSPEND),
            recommendation(
                "materialized_view", "drop", Target("materialized_view", "Views by Day", "SALES", "web"), UNUSED_VIEW
            ),
            recommendation("dynamic_table", "disable", Target.table(LEFT_ALONE), {"refreshes_per_month": 720.0}),
            recommendation("storage_retention", "change", Target.table(PLACE), RETENTION),
            recommendation("storage_retention", "drop", Target.table(PLACE), {**RETENTION, "cause": "unread"}),
        ),
    )
