"""The flow: snapshot → templates → column usages → profiles → candidates → settled advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from advisor import cost, verdict
from advisor.candidates import candidates
from advisor.model import (
    FILTERS,
    Advice,
    Catalog,
    Coverage,
    Execution,
    QueryTemplate,
    Reading,
    Recommendation,
    Rejection,
    Skipped,
    TableHistory,
    TableName,
    ViewMissing,
    Workload,
)
from advisor.profile import ReadTemplate, Sampled, TableProfile, partitions_of, profile, reading_tables
from advisor.recommenders import clustering_key
from advisor.settings import Settings
from advisor.snapshot import Snapshot, catalog, histories, info, missing_views, row_sample
from advisor.usage import Request, read_all
from advisor.workload import compress

LARGEST_TABLES = 20
MOVING = ("CURRENT_", "GETDATE", "SYSDATE", "SYSTIMESTAMP", "LOCALTIME", "NOW(")
"""A text with any of these asks for something else at another moment."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Study:
    """What a snapshot says before anything is proposed."""

    catalog: Catalog
    workload: Workload
    templates: tuple[ReadTemplate, ...]
    profiles: tuple[TableProfile, ...]


def analyze(snapshot: Snapshot, settings: Settings, say: Say = lambda _: None) -> Advice:
    """All that the snapshot says should change; equal snapshots and settings give equal advice.

    `say` is told each stage as it begins, for a terminal.
    """
    return advise(snapshot, study(snapshot, settings, say), settings)


def study(snapshot: Snapshot, settings: Settings, say: Say = lambda _: None) -> Study:
    """Templates, what they ask of which table, and how each table lies."""
    known = catalog(snapshot)
    say("compressing executions into templates")
    workload = compress(snapshot, settings)
    recorded = histories(snapshot, workload.days)
    say(f"reading {len(workload.templates):,} templates of {workload.queries:,} executions")
    templates = read_templates(workload, known, recorded, settings)
    say("pruning hypothetical layouts")
    sampled = partial(row_sample, snapshot)
    return Study(known, workload, templates, profiles_of(templates, known, recorded, workload, settings, sampled))


def advise(snapshot: Snapshot, studied: Study, settings: Settings) -> Advice:
    """What should change, judged and settled."""
    recommendations, rejections, judged = settle(studied.profiles, studied.workload, settings)
    tables = sorted(studied.catalog.tables.values(), key=lambda table: (-(table.bytes or 0), table.name))
    return Advice(
        info(snapshot),
        _coverage(studied.workload, studied.templates, studied.catalog, missing_views(snapshot)),
        studied.workload,
        tuple(tables[:LARGEST_TABLES]),
        recommendations,
        rejections,
        judged,
    )


# ---------------------------------------------------------------- reading


def read_templates(
    workload: Workload, known: Catalog, recorded: Mapping[TableName, TableHistory], settings: Settings
) -> tuple[ReadTemplate, ...]:
    """Every template read once, and the samples of those that filter a table large enough to have a key, as many as
    `Settings.samples_read` allows, the templates that take most time first."""
    one_each = read_all([_request(t, t.text, workload) for t in workload.templates], known, settings)
    first = [ReadTemplate(t, reading, ()) for t, reading in zip(workload.templates, one_each, strict=True)]
    large = {
        name
        for name, count in _partitions(first, known, recorded, settings).items()
        if count >= settings.min_partitions
    }
    wanted = [
        (i, sample)
        for i, read in enumerate(first)
        if any(usage.role in FILTERS and usage.table in large for usage in read.reading.usages)
        for sample in read.template.samples
    ][: settings.samples_read]
    requests = [_request(first[i].template, sample.text, workload, sample) for i, sample in wanted]
    found: dict[int, list[Reading]] = {}
    for (i, _), reading in zip(wanted, read_all(requests, known, settings), strict=True):
        if reading.problem is None:
            found.setdefault(i, []).append(reading)
    return tuple(ReadTemplate(read.template, read.reading, tuple(found.get(i, ()))) for i, read in enumerate(first))


def _request(template: QueryTemplate, text: str, workload: Workload, sample: Execution | None = None) -> Request:
    moving = sample is not None and any(word in text.upper() for word in MOVING)
    at = sample.started if sample is not None and moving else workload.window_end
    return Request(text, template.database, template.schema, at)


def _partitions(
    templates: Sequence[ReadTemplate],
    known: Catalog,
    recorded: Mapping[TableName, TableHistory],
    settings: Settings,
) -> dict[TableName, int]:
    readers: dict[TableName, list[ReadTemplate]] = {}
    for read in templates:
        for name in set(read.reading.scans):
            readers.setdefault(name, []).append(read)
    counts = {}
    for name in reading_tables(templates, known):
        history = recorded.get(name, TableHistory())
        count = partitions_of(known.tables[name], readers[name], history, settings.partition_bytes)
        if count is not None:
            counts[name] = count
    return counts


def profiles_of(
    templates: Sequence[ReadTemplate],
    known: Catalog,
    recorded: Mapping[TableName, TableHistory],
    workload: Workload,
    settings: Settings,
    sampled: Sampled,
) -> tuple[TableProfile, ...]:
    """A profile of each known table that is read, in order of name."""
    counts = _partitions(templates, known, recorded, settings)
    return tuple(
        profile(known.tables[name], counts, templates, recorded.get(name, TableHistory()), workload, sampled)
        for name in sorted(counts)
    )


# ---------------------------------------------------------------- settling


def settle(
    profiles: Sequence[TableProfile], workload: Workload, settings: Settings
) -> tuple[tuple[Recommendation, ...], tuple[Rejection, ...], int]:
    """Per table the one change worth most, then all of them in order of worth within the budget; and how many were judged."""
    slopes = cost.milliseconds_per_partition(workload)
    prices = {t.fingerprint: cost.scan_price(t, slopes, settings) for t in workload.templates}
    chosen: list[Recommendation] = []
    rejections: list[Rejection] = []
    judged = 0
    for each in profiles:
        found, dropped, count = _judge(each, prices, workload, settings)
        chosen += found
        rejections += dropped
        judged += count
    chosen.sort(key=lambda r: (-r.net_credits_per_month.expected, r.id))
    within, beyond = _within_budget(chosen, settings.budget_credits)
    return tuple(within), (*rejections, *beyond), judged


def _judge(
    each: TableProfile, prices: Mapping[str, cost.ScanPrice | None], workload: Workload, settings: Settings
) -> tuple[list[Recommendation], list[Rejection], int]:
    """The change that one table should see: a key, or the end of one that no query uses and none is better than."""
    taken, dropped, judged = _judge_keys(each, prices, workload, settings)
    if not taken and verdict.unused(each) and each.clustering_credits:
        return [clustering_key.recommend_drop(each, settings, workload)], dropped, judged + 1
    return taken, dropped, judged


def _judge_keys(
    each: TableProfile, prices: Mapping[str, cost.ScanPrice | None], workload: Workload, settings: Settings
) -> tuple[list[Recommendation], list[Rejection], int]:
    why = verdict.obstacle(each, settings)
    if why is not None:
        return [], [clustering_key.reject(each, (), why)], 0
    ranked = candidates(each, prices, settings, workload.days)
    if not ranked:
        return [], [clustering_key.reject(each, (), "No column that its queries filter can be part of a key.")], 0
    best = verdict.preferred(ranked, each)
    why = verdict.keep_present(best, each, prices, settings, workload.days)
    if why is not None:
        return [], [clustering_key.reject(each, best.key, why)], len(ranked)
    faults = {other.key: verdict.fault(other, each, settings) for other in ranked}
    taken = [] if faults[best.key] else [clustering_key.recommend(best, each, settings, workload)]
    dropped = [
        clustering_key.reject(each, other.key, faults[other.key] or verdict.second_to(other, best))
        for other in ranked
        if not taken or other is not best
    ]
    return taken, dropped, len(ranked)


def _within_budget(
    chosen: Sequence[Recommendation], budget: float | None
) -> tuple[list[Recommendation], list[Rejection]]:
    """The first of them whose builds fit the budget together; what doesn't fit is rejected for that reason."""
    within, beyond, spent = [], [], 0.0
    for recommendation in chosen:
        build = recommendation.cost.build_credits
        needed = build.expected if build is not None else 0.0
        if budget is None or spent + needed <= budget:
            within.append(recommendation)
            spent += needed
        else:
            reason = f"Its build of {needed:.3g} credits doesn't fit the budget: {budget - spent:.3g} of {budget:g} are left."
            beyond.append(Rejection(recommendation.kind, recommendation.target, recommendation.details, reason))
    return within, beyond


# ---------------------------------------------------------------- coverage


def _coverage(
    workload: Workload, templates: Sequence[ReadTemplate], known: Catalog, missing: tuple[ViewMissing, ...]
) -> Coverage:
    problems: dict[str, list[QueryTemplate]] = {}
    for read in templates:
        why = _not_understood(read.reading, known)
        if why is not None:
            problems.setdefault(why, []).append(read.template)
    unread = [
        Skipped(why, sum(t.executions for t in found), sum(t.execution_ms.total for t in found))
        for why, found in sorted(problems.items())
    ]
    spent = sum(template.execution_ms.total for template in workload.templates)
    lost = sum(entry.execution_ms for entry in unread)
    total = spent + sum(entry.execution_ms for entry in workload.skipped)
    return Coverage(
        workload.queries,
        len(workload.templates),
        sum(read.reading.problem is None for read in templates),
        max(0.0, min(1.0, (spent - lost) / total)) if total else 0.0,
        missing,
        (*workload.skipped, *unread),
    )


def _not_understood(reading: Reading, known: Catalog) -> str | None:
    if reading.problem is not None:
        return reading.problem
    if any(name not in known.tables for name in reading.scans):
        return "reads a table that is not in the snapshot"
    return "has columns that can't be told to a table" if reading.unresolved else None
