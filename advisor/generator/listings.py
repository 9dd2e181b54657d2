"""The tables of the plan and the report: one function each, figures printed, nothing escaped yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from advisor.figures import (
    account_ms,
    between,
    count,
    duration,
    excerpt,
    expected,
    many,
    number,
    percent,
    ratio,
    seconds,
    size,
)
from advisor.generator.headline import Headline, paid_back, payback_days
from advisor.model import Advice, Change, Recommendation, Table, TablePruning, TemplateEvidence, Totals

SLOWEST = 10
LARGEST = 10
REJECTED = 100
REJECTED_EACH = 3


@dataclass(frozen=True)
class Listing:
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0
    """Rows that `advice.json` has beyond these."""


def budgets(totals: Totals) -> Listing:
    """One row per point of the curve of saving against budget."""
    return Listing(
        ("Builds, credits", "Net, credits a month", "Changes", "Best choice"),
        tuple(
            (
                number(point.build_credits),
                number(point.net_credits_per_month),
                count(point.changes),
                "proven" if point.exact else "not proven",
            )
            for point in totals.curve
        ),
    )


def totals(advice: Advice, head: Headline) -> Listing:
    """The plan as a whole."""
    rows = (
        ("Saved, credits a month", between(head.credits)),
        ("Upkeep, credits a month", between(head.upkeep)),
        ("Build, credits once", between(head.build)),
        ("Net, credits a month", between(head.net)),
        ("Confidence", head.confidences),
        ("Evidence", head.grades),
        ("Changes", f"{len(advice.recommendations):,} of {many(advice.candidates, 'candidate')}"),
    )
    return Listing(("The plan", "Figure"), rows)


def changes(advice: Advice) -> Listing:
    """One row per recommendation, most net benefit first."""
    return Listing(
        ("#", "Change", "Net, credits a month", "Build, credits", "Payback", "Confidence", "Grade"),
        tuple(
            (
                str(position),
                recommendation.title,
                between(recommendation.net_credits_per_month),
                expected(recommendation.cost.build_credits),
                paid_back(payback_days(recommendation.benefit.credits, recommendation.cost)),
                recommendation.confidence,
                recommendation.grade,
            )
            for position, recommendation in enumerate(advice.recommendations, 1)
        ),
    )


def decisions(advice: Advice) -> Listing:
    """One row per recommendation that somebody has decided about."""
    titles = {recommendation.id: recommendation.title for recommendation in advice.recommendations}
    return Listing(
        ("Change", "Decided", "By", "Until", "Reason"),
        tuple(
            (titles[each.id], each.state, each.author, str(each.until or "for good"), each.reason)
            for each in advice.decisions
        ),
    )


def figures(recommendation: Recommendation) -> Listing:
    """What a recommendation brings and costs, a month before and after."""
    benefit, cost = recommendation.benefit, recommendation.cost
    rows = (
        _change("Partitions scanned a month", benefit.partitions_scanned, number),
        _change("Bytes scanned a month", benefit.bytes_scanned, size),
        _change("Execution time a month", benefit.execution_seconds, seconds),
        ("Credits saved a month", "", between(benefit.credits)),
        ("Upkeep, credits a month", "", between(cost.upkeep_credits_per_month)),
        ("Build, credits once", "", between(cost.build_credits)),
        ("Net, credits a month", "", between(recommendation.net_credits_per_month)),
    )
    return Listing(("Figure", "Now", "With the change"), rows)


def _change(name: str, change: Change | None, printed: Callable[[float | None], str]) -> tuple[str, str, str]:
    return name, printed(change.before if change else None), between(change.after if change else None, printed)


def evidence(recommendation: Recommendation) -> Listing:
    """The templates that a recommendation serves or harms."""
    return Listing(
        ("Template", "Executions", "Partitions read now", "With the change", "From, to", "Example query"),
        tuple(
            (
                template.fingerprint,
                count(template.executions),
                percent(template.before),
                percent(template.after),
                shares_between(template),
                template.example_query_id or "unknown",
            )
            for template in recommendation.templates
        ),
    )


def shares_between(template: TemplateEvidence) -> str:
    """The range that the template's share of partitions is expected to lie in."""
    if template.after_low is None or template.after_high is None:
        return "unknown"
    return f"{percent(template.after_low)} to {percent(template.after_high)}"


def proof(recommendation: Recommendation) -> Listing:
    """What the templates scan of a sample that was sorted by the key; partitions an execution."""
    proof = recommendation.details.get("proof")
    rows = proof["templates"] if isinstance(proof, Mapping) else ()
    return Listing(
        ("Template", "Executions", "Now", "Predicted", "Measured", "Measured / predicted"),
        tuple(
            (
                row["fingerprint"],
                count(row["executions"]),
                number(row["before"]),
                number(row["predicted"]),
                number(row["measured"]),
                f"{row['ratio']:.2f}",
            )
            for row in rows
        ),
    )


def rejections(advice: Advice) -> Listing:
    """The first few of each object, which come nearest to being worth it."""
    shown: list[tuple[str, ...]] = []
    seen: Counter[tuple[str, str]] = Counter()
    for rejection in advice.rejections:
        place = (str(rejection.target), rejection.kind)
        seen[place] += 1
        if seen[place] <= REJECTED_EACH and len(shown) < REJECTED:
            shown.append((*place, _candidate(rejection.details), rejection.reason))
    return Listing(
        ("Object", "Kind", "Candidate", "Why not"), tuple(shown), max(0, len(advice.rejections) - len(shown))
    )


def _candidate(details: Mapping[str, object]) -> str:
    """The key of a rejected clustering key or stored result; other kinds are told by their object."""
    key = details.get("clustering_key", details.get("keys"))
    return _key(key) if isinstance(key, (list, tuple)) else ""


def _key(expressions: Sequence[object]) -> str:
    return ", ".join(map(str, expressions)) or "none"


def slowest(advice: Advice, shown: int = SLOWEST) -> Listing:
    """The templates that take the most time in sum."""
    templates = advice.workload.templates
    return Listing(
        ("Template", "Total", "Share", "Executions", "Median", "95th percentile", "Partitions read", "Statement"),
        tuple(
            (
                template.fingerprint,
                duration(template.execution_ms.total),
                percent(ratio(template.execution_ms.total, account_ms(advice.workload))),
                count(template.executions),
                duration(template.execution_ms.p50),
                duration(template.execution_ms.p95),
                percent(ratio(template.partitions_scanned, template.partitions_total)),
                excerpt(template.text),
            )
            for template in templates[:shown]
        ),
        max(0, len(templates) - shown),
    )


def largest(tables: Sequence[Table]) -> Listing:
    return Listing(
        ("Table", "Size", "Rows", "Clustering key"),
        tuple(
            (str(table.name), size(table.bytes), count(table.rows), _key(table.clustering_key))
            for table in tables[:LARGEST]
        ),
        max(0, len(tables) - LARGEST),
    )


def baseline(advice: Advice) -> Listing:
    """What the account does today."""
    workload, times = advice.workload, advice.workload.execution_ms
    rows = (
        ("Queries", count(workload.queries)),
        ("Execution time, total", duration(times.total)),
        ("Execution time, mean", duration(times.mean)),
        ("Execution time, median", duration(times.p50)),
        ("Execution time, 95th percentile", duration(times.p95)),
        ("Execution time, 99th percentile", duration(times.p99)),
        ("Answered from the result cache", percent(workload.result_cache_hit_rate)),
        ("Partitions read of those there were", percent(ratio(workload.partitions_scanned, workload.partitions_total))),
        ("Bytes scanned", size(workload.bytes_scanned)),
    )
    return Listing(("Figure", "Over the window"), rows)


def pruning(found: Sequence[TablePruning], shown: int = LARGEST) -> Listing:
    """What queries read of each table, and how many of the rows read no filter let through."""
    return Listing(
        ("Table", "Partitions", "Read over the window", "Of those there were", "Rows read in vain"),
        tuple(
            (
                str(entry.table),
                count(entry.partitions),
                count(entry.scanned),
                percent(ratio(entry.scanned, entry.offered)),
                percent(None if entry.matched_share is None else 1 - entry.matched_share),
            )
            for entry in found[:shown]
        ),
        max(0, len(found) - shown),
    )


def skipped(advice: Advice) -> Listing:
    total = account_ms(advice.workload)
    return Listing(
        ("Left out because", "Queries", "Share of the execution time"),
        tuple(
            (entry.reason, count(entry.queries), percent(ratio(entry.execution_ms, total)))
            for entry in advice.coverage.skipped
        ),
    )


def missing(advice: Advice) -> Listing:
    return Listing(
        ("View", "What its absence costs"), tuple((entry.view, entry.effect) for entry in advice.coverage.views_missing)
    )
