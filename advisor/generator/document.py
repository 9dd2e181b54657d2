"""`advice.json`: the advice as other programs read it, laid out as the contract's schema 1 says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime

from advisor import __version__
from advisor.figures import account_ms, excerpt, ratio
from advisor.generator.scripts import Script
from advisor.model import (
    Advice,
    BackTest,
    Benefit,
    Change,
    Cost,
    Coverage,
    QueryTemplate,
    Range,
    Recommendation,
    Rejection,
    SnapshotInfo,
    Table,
    Target,
    TemplateEvidence,
    Totals,
    Workload,
)

SCHEMA = 1
SIGNIFICANT_DIGITS = 6
SLOWEST = 20
LARGEST = 20

Json = dict[str, object]


def document(advice: Advice, scripts: Sequence[Script | None]) -> str:
    """The text of `advice.json`; `scripts[i]` is the script of `recommendations[i]`, None where there is none."""
    pairs = zip(advice.recommendations, scripts, strict=True)
    content: Json = {
        "schema": SCHEMA,
        "snapshot": _snapshot(advice.snapshot),
        "coverage": _coverage(advice.coverage, advice.workload, advice.candidates),
        "baseline": _baseline(advice.workload, advice.tables),
        "totals": _totals(advice.totals),
        "back_test": _back_test(advice.back_test),
        "decisions": [
            {"id": each.id, "state": each.state, "reason": each.reason, "author": each.author, "until": each.until}
            for each in advice.decisions
        ],
        "recommendations": [_recommendation(recommendation, script) for recommendation, script in pairs],
        "rejections": [_rejection(rejection) for rejection in advice.rejections],
        "inputs": _inputs(advice),
    }
    return json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: object) -> object:
    """JSON's own types; floats lose the digits that the estimates don't have."""
    match value:
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case str():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case float():
            return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
    return value


def _moment(moment: datetime) -> str:
    """ISO 8601 in UTC; a moment without a zone is in UTC already."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _snapshot(snapshot: SnapshotInfo) -> Json:
    return {
        "source": snapshot.source,
        "account": snapshot.account,
        "window_start": snapshot.window_start,
        "window_end": snapshot.window_end,
        "taken_at": snapshot.taken_at,
        "notes": snapshot.notes,
    }


def _coverage(coverage: Coverage, workload: Workload, candidates: int) -> Json:
    return {
        "queries": coverage.queries,
        "templates": coverage.templates,
        "templates_parsed": coverage.templates_parsed,
        "candidates": candidates,
        "execution_time_understood_share": coverage.execution_time_understood_share,
        "views_missing": [{"view": missing.view, "effect": missing.effect} for missing in coverage.views_missing],
        "skipped": [
            {
                "reason": skipped.reason,
                "queries": skipped.queries,
                "execution_time_share": ratio(skipped.execution_ms, account_ms(workload)),
            }
            for skipped in coverage.skipped
        ],
    }


def _baseline(workload: Workload, tables: Sequence[Table]) -> Json:
    times = workload.execution_ms
    return {
        "execution_time_ms": {
            "total": times.total,
            "mean": times.mean,
            "p50": times.p50,
            "p95": times.p95,
            "p99": times.p99,
        },
        "result_cache_hit_rate": workload.result_cache_hit_rate,
        "partitions_scanned_share": ratio(workload.partitions_scanned, workload.partitions_total),
        "bytes_scanned": workload.bytes_scanned,
        "slowest_templates": [_template(template) for template in workload.templates[:SLOWEST]],
        "largest_tables": [_table(table) for table in tables[:LARGEST]],
    }


def _inputs(advice: Advice) -> Json:
    """What `advisor diff` explains a difference with."""
    inputs = advice.inputs
    return {
        "advisor": __version__,
        "settings": inputs.settings,
        "tables": [asdict(facts) for facts in inputs.tables],
        "tables_left_out": inputs.tables_left_out,
        "executions_per_day": inputs.templates,
        "templates_left_out": inputs.templates_left_out,
    }


def _template(template: QueryTemplate) -> Json:
    times = template.execution_ms
    return {
        "fingerprint": template.fingerprint,
        "kind": template.kind,
        "text": excerpt(template.text),
        "executions": template.executions,
        "example_query_id": template.example_query_id,
        "execution_time_ms": {
            "total": times.total,
            "mean": times.mean,
            "p50": times.p50,
            "p95": times.p95,
            "p99": times.p99,
        },
        "partitions_scanned_share": ratio(template.partitions_scanned, template.partitions_total),
        "bytes_scanned": template.bytes_scanned,
    }


def _table(table: Table) -> Json:
    return {
        "database": table.name.database,
        "schema": table.name.schema,
        "name": table.name.name,
        "rows": table.rows,
        "bytes": table.bytes,
        "clustering_key": table.clustering_key,
    }


def _totals(totals: Totals) -> Json:
    return {
        "net_credits_per_month": ranged(totals.net_credits_per_month),
        "saved_credits_per_month": ranged(totals.saved_credits_per_month),
        "upkeep_credits_per_month": ranged(totals.upkeep_credits_per_month),
        "build_credits": ranged(totals.build_credits),
        "claimed_alone": totals.claimed_alone,
        "exact": totals.exact,
        "curve": [
            {
                "build_credits": point.build_credits,
                "net_credits_per_month": point.net_credits_per_month,
                "changes": point.changes,
                "exact": point.exact,
            }
            for point in totals.curve
        ],
        "only_together": totals.only_together,
    }


def _back_test(tested: BackTest | None) -> Json | None:
    if tested is None:
        return None
    return {
        "since": tested.since,
        "changes": tested.changes,
        "promised_net_credits_per_month": tested.promised,
        "kept_net_credits_per_month": tested.kept,
    }


def _recommendation(recommendation: Recommendation, script: Script | None) -> Json:
    return {
        "id": recommendation.id,
        "kind": recommendation.kind,
        "action": recommendation.action,
        "target": targeted(recommendation.target),
        "title": recommendation.title,
        "reason": recommendation.reason,
        "details": recommendation.details,
        "benefit": _benefit(recommendation.benefit),
        "cost": _cost(recommendation.cost),
        "net_credits_per_month": ranged(recommendation.net_credits_per_month),
        "confidence": recommendation.confidence,
        "evidence": {
            "grade": recommendation.grade,
            "templates": [_evidence(template) for template in recommendation.templates],
        },
        "requires": {"edition": recommendation.edition, "privileges": recommendation.privileges},
        "statements": {
            "apply": script.apply if script else (),
            "verify": script.verify if script else (),
            "revert": script.revert if script else (),
        },
        "script": script.path if script else None,
        "warnings": recommendation.warnings,
    }


def _rejection(rejection: Rejection) -> Json:
    return {
        "kind": rejection.kind,
        "target": targeted(rejection.target),
        "details": rejection.details,
        "reason": rejection.reason,
    }


def targeted(target: Target) -> Json:
    return {"type": target.type, "database": target.database, "schema": target.schema, "name": target.name}


def _benefit(benefit: Benefit) -> Json:
    return _known(
        {
            "partitions_scanned": _change(benefit.partitions_scanned),
            "bytes_scanned": _change(benefit.bytes_scanned),
            "execution_seconds": _change(benefit.execution_seconds),
            "credits": ranged(benefit.credits),
            "storage_bytes": ranged(benefit.storage_bytes),
        }
    )


def _cost(cost: Cost) -> Json:
    return _known(
        {
            "build_credits": ranged(cost.build_credits),
            "upkeep_credits_per_month": ranged(cost.upkeep_credits_per_month),
            "storage_bytes": ranged(cost.storage_bytes),
        }
    )


def _evidence(template: TemplateEvidence) -> Json:
    return {
        "fingerprint": template.fingerprint,
        "executions": template.executions,
        "example_query_id": template.example_query_id,
        "partitions_scanned_share": _known(
            {
                "before": template.before,
                "after": template.after,
                "after_low": template.after_low,
                "after_high": template.after_high,
            }
        ),
    }


def _change(change: Change | None) -> Json | None:
    return None if change is None else {"before": change.before, "after": ranged(change.after)}


def ranged(figure: Range | None) -> Json | None:
    return None if figure is None else {"low": figure.low, "expected": figure.expected, "high": figure.high}


def _known(figures: Json) -> Json:
    """The schema has no null for a figure: one that is unknown is left out."""
    return {name: figure for name, figure in figures.items() if figure is not None}
