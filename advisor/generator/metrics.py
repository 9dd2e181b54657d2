"""The baseline and the plan's totals as OpenMetrics text, for the monitoring that people have already.

A figure that isn't known is left out. Prometheus reads the text too: for node_exporter's textfile collector, let the file's
name end in `.prom`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from advisor.model import Range
from advisor.published import Publication
from advisor.quoting import comment

Sample = tuple[Mapping[str, str], float | None]


def openmetrics(advice: Publication) -> str:
    """One text; every metric is a gauge of the window that the advice was made from."""
    families = (*_window(advice), *_baseline(advice), *_plan(advice))
    return "".join(_family(*family) for family in families) + "# EOF\n"


def _window(advice: Publication) -> list[tuple[str, str, Sequence[Sample]]]:
    return [
        ("window_start_timestamp_seconds", "Start of the history.", [({}, _epoch(advice.window_start))]),
        ("window_end_timestamp_seconds", "End of the history.", [({}, _epoch(advice.window_end))]),
        ("queries", "Queries in the history.", [({}, advice.queries)]),
        ("templates", "Distinct statements among them.", [({}, advice.templates)]),
        (
            "understood_ratio",
            "Share of the execution time that the advice speaks for.",
            [({}, advice.understood_share)],
        ),
        ("views_missing", "Views that the advice had to do without.", [({}, len(advice.views_missing))]),
    ]


def _baseline(advice: Publication) -> list[tuple[str, str, Sequence[Sample]]]:
    baseline = advice.baseline
    times = baseline.get("execution_time_ms", {})
    shown = [({"statistic": name}, _seconds(times.get(name))) for name in ("mean", "p50", "p95", "p99")]
    return [
        ("execution_time_seconds", "Execution time of a query.", shown),
        ("execution_time_sum_seconds", "Execution time of all queries together.", [({}, _seconds(times.get("total")))]),
        (
            "result_cache_hit_ratio",
            "Share of the queries answered from the result cache.",
            [({}, baseline.get("result_cache_hit_rate"))],
        ),
        (
            "partitions_scanned_ratio",
            "Partitions read of those there were.",
            [({}, baseline.get("partitions_scanned_share"))],
        ),
        ("bytes_scanned", "Bytes that all queries scanned.", [({}, baseline.get("bytes_scanned"))]),
    ]


def _plan(advice: Publication) -> list[tuple[str, str, Sequence[Sample]]]:
    counted = Counter((each.kind, each.confidence) for each in advice.recommendations)
    made: list[Sample] = [({"kind": kind, "confidence": sure}, n) for (kind, sure), n in sorted(counted.items())]
    dropped: list[Sample] = [
        ({"kind": kind}, n) for kind, n in sorted(Counter(each.kind for each in advice.rejections).items())
    ]
    each_net: list[Sample] = [
        ({"id": each.id, "kind": each.kind, "target": str(each.target)}, each.net.expected)
        for each in advice.recommendations
    ]
    totals = advice.totals
    return [
        ("recommendations", "Changes that the plan recommends.", made),
        ("rejections", "Candidates that were dropped.", dropped),
        (
            "net_credits_per_month",
            "What the plan brings in all, after upkeep and its share of the build.",
            _ends(totals.get("net_credits_per_month")),
        ),
        (
            "upkeep_credits_per_month",
            "What keeping the plan's changes takes.",
            _ends(totals.get("upkeep_credits_per_month")),
        ),
        ("build_credits", "What building the plan's changes takes, once.", _ends(totals.get("build_credits"))),
        ("recommendation_net_credits_per_month", "What the plan would lose without this change, expected.", each_net),
    ]


def _ends(figure: Range | None) -> list[Sample]:
    if figure is None:
        return []
    return [({"bound": "low"}, figure.low), ({"bound": "expected"}, figure.expected), ({"bound": "high"}, figure.high)]


def _family(name: str, text: str, samples: Sequence[Sample]) -> str:
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return ""
    full = f"advisor_{name}"
    lines = [f"# TYPE {full} gauge"]
    lines += [f"# UNIT {full} {unit}" for unit in ("seconds", "ratio") if name.endswith(f"_{unit}")]
    lines += [f"# HELP {full} {text}"]
    lines += [f"{full}{_labels(labels)} {value!r}" for labels, value in known]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return comment(value).replace("\\", "\\\\").replace('"', '\\"')


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _epoch(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
