"""How far a key's estimate can be trusted, and what must be known before it is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.clustering.estimate import Estimate, evidence
from advisor.figures import between, number, percent
from advisor.model import ZERO, TableName, Workload
from advisor.owners import patches
from advisor.platform import masked
from advisor.profile import TableProfile
from advisor.pruning.counterparts import Pairs
from advisor.pruning.nests import linked
from advisor.services.paths import built_anew
from advisor.settings import Settings
from advisor.terms import short_window

NAMED = 5  # views that a sentence names
WORSE = 1.1  # a template that reads over this many times its partitions of today is named
DISPUTING = {
    "sample": ("The row sample", "statistics and history alone"),
    "statistics": ("The history with statistics", "the history alone"),
}


def confidence(estimate: Estimate, profile: TableProfile, settings: Settings, days: float) -> str:
    """high, medium or low."""
    unsure = (
        estimate.net.low <= 0 or estimate.assumed_churn or estimate.disputed or bool(_of_policies(estimate, profile))
    )
    if unsure or days < settings.min_window_days:
        return "low"
    surmised = evidence(profile.layout) == "history" or bool(_of_ties(estimate, profile))
    return "medium" if surmised else "high"


def warnings(estimate: Estimate, profile: TableProfile, settings: Settings, workload: Workload) -> tuple[str, ...]:
    said = [*_slower(estimate, profile), *short_window(workload, settings), *_of_evidence(estimate, profile)]
    said += [*_barren(profile), *_of_alternatives(estimate, profile), *_of_policies(estimate, profile)]
    if estimate.assumed_churn:
        said.append("The table's writes aren't recorded: its upkeep is bounded by a full turnover a month.")
    if profile.table.clustering_key:
        said.append("Upkeep is counted over what the key in force takes already.")
    said += _of_prices(estimate, profile, settings)
    if profile.recreated_by is None:
        said.append("Rewritten partitions stay in Time Travel and Fail-safe, and the table's cached results end.")
    return (*patches.warnings(profile.owner), *said)


def _of_policies(estimate: Estimate, profile: TableProfile) -> tuple[str, ...]:
    return masked(profile.table, {part.column for part in estimate.key})


def _slower(estimate: Estimate, profile: TableProfile) -> list[str]:
    slower = [
        f"{load.template.fingerprint} ({number(load.before)} → {number(float(after))} partitions an execution)"
        for load, after in zip(profile.loads, estimate.after, strict=True)
        if load.before is not None and after > load.before * WORSE
    ]
    return [f"These templates will read more than today: {', '.join(slower)}."] if slower else []


def _barren(profile: TableProfile) -> list[str]:
    """Of each template the part of its scans that find nothing in any order of the rows, as its samples show."""
    every, ended = ([0.0] * len(profile.loads) for _ in range(2))
    for question in profile.layout.questions:
        every[question.load] += question.weight
        ended[question.load] += question.weight if question.barren else 0.0
    shares = [
        f"{percent(part / whole)} of {load.template.fingerprint}"
        for load, part, whole in zip(profile.loads, ended, every, strict=True)
        if part
    ]
    found = (
        "A table that they join has no row for these scans, or they ask for values beyond a column's ends, and they are taken to read"
        f" one partition under any key: {', '.join(shares)}."
    )
    return [found] if shares else []


def _of_alternatives(estimate: Estimate, profile: TableProfile) -> list[str]:
    """Nothing documents that a partition is skipped which all alternatives of an OR over several columns rule out."""
    either = {question.load for question in profile.layout.questions if not question.written}
    spared = [
        0.0 if load.before is None else max(0.0, load.before - float(after)) * load.template.executions
        for load, after in zip(profile.loads, estimate.after, strict=True)
    ]
    rests = sum(spared[i] for i in either)
    if not rests:
        return []
    return [
        f"{percent(rests / sum(spared))} of what it spares is spared to queries with conditions on several columns joined by OR. That Snowflake "
        f"skips a partition which each of them rules out isn't documented: try one on a sorted copy first."
    ]


def _of_evidence(estimate: Estimate, profile: TableProfile) -> list[str]:
    kind, said = evidence(profile.layout), []
    if estimate.disputed and estimate.otherwise is not None and kind in DISPUTING:
        better, weaker = DISPUTING[kind]
        said.append(
            f"{better} says {number(estimate.partitions.after.expected)} partitions a month, {weaker} "
            f"{number(estimate.otherwise)}: they differ by more than half, so prove it before you apply it."
        )
    if kind == "history":
        said.append("Distinct counts and spans are inferred from the literals seen: no column_statistics.")
    if kind != "sample":
        said += _of_ties(estimate, profile)
        said.append("Columns that move together without the loading order showing it aren't seen: a row sample would.")
    return said


def _of_ties(estimate: Estimate, profile: TableProfile) -> list[str]:
    """What is taken of columns that the key serves through another one."""
    layout, key = profile.layout, sorted({part.column for part in estimate.key})
    sure, following = _beside(key, layout.ties.one_to_one), _beside(key, layout.ties.abreast)
    surmised = layout.surmise or layout.ties
    maybe = [*_beside(key, surmised.one_to_one), *_beside(key, surmised.abreast)]
    nested = linked(key, layout.nests).items()
    return [
        *(f"{part.column} without its last {part.digits} digits is taken to be {name}." for name, part in nested),
        *(f"{one} and {other} have equally many values and are taken to go one to one." for one, other in sure),
        *(
            f"{one} and {other} lie between the same days and are taken to follow each other."
            for one, other in following
        ),
        *(
            f"Whether {one} and {other} go together isn't known: what is expected is the mean of both cases."
            for one, other in maybe
            if (one, other) not in (*sure, *following)
        ),
    ]


def _beside(key: Sequence[str], pairs: Pairs) -> list[tuple[str, str]]:
    """The pairs of which the key has one column."""
    return [(column, other) for column in key for other in sorted(pairs.get(column, ())) if other not in key]


def _of_prices(estimate: Estimate, profile: TableProfile, settings: Settings) -> list[str]:
    said = []
    if any(use.size is None for load in profile.loads for use in load.template.warehouses):
        size, price = settings.default_warehouse_size, settings.price(None)
        credits = f"{price:g} credit{'' if price == 1 else 's'}"
        said.append(f"The history names no warehouse size: its time is priced as {size}, {credits} an hour.")
    if profile.recreated_by is not None:
        return said
    said += [*_of_paths(estimate, profile, settings), *_of_views(estimate, profile)]
    if profile.engine == "OPTIMA" and not estimate.prices.bills:
        said.append(
            "Optima clustering keeps keys set from September 2026 on and bills what is ingested, at a rate that isn't "
            "published: build and upkeep are priced as Classic clustering's."
        )
    if estimate.prices.bills:
        tables = f"{estimate.prices.bills} table{'' if estimate.prices.bills == 1 else 's'}"
        said.append(f"Upkeep rests on what automatic clustering billed for {tables} of this account.")
    if sorted_rewrite(estimate, profile) is not None and estimate.sorted_build.expected < estimate.build.expected:
        said.append(
            f"One sorted rewrite (INSERT OVERWRITE … ORDER BY the key) before the key is set is priced at "
            f"{between(estimate.sorted_build)} credits instead of {between(estimate.build)}: first see what streams and "
            f"materialized views hang on the table."
        )
    return said


def _of_paths(estimate: Estimate, profile: TableProfile, settings: Settings) -> list[str]:
    """What search access paths take of the costs, or why they take nothing: the plan drops them."""
    if estimate.paths != ZERO:
        return [
            f"The table had search optimization in the window. Its access paths are maintained for all that the key rewrites: "
            f"{between(estimate.paths)} credits of the build, and a part of the upkeep, are for that; nothing if it is dropped "
            f"before."
        ]
    if profile.search_ending is None:
        return []
    anew = built_anew(replace(profile, search_credits=profile.search_ending), settings)
    return [
        f"This plan drops the table's search optimization: drop it before the key is set. While it is in force its access paths "
        f"are built anew for all that the key rewrites, {between(anew)} credits once and more with the upkeep, which isn't "
        f"counted here."
    ]


def _of_views(estimate: Estimate, profile: TableProfile) -> list[str]:
    """What the materialized views over the table take of the costs, and that those which the plan drops take nothing."""
    said = []
    if estimate.views != ZERO:
        said.append(
            f"Materialized views stand on the table ({_names(profile.views)}) and are refreshed for all that the key rewrites: "
            f"{between(estimate.views)} credits of the build, and a part of the upkeep, are for that. Where both could be clustered, "
            f"Snowflake advises to cluster the views and not their table."
        )
    if profile.views_ending:
        said.append(
            f"This plan drops materialized views over the table ({_names(profile.views_ending)}): drop them before the key is set. "
            f"While they are there they are refreshed for all that the key rewrites, which isn't counted here."
        )
    if profile.views_untold:
        said.append(
            f"What these materialized views are over isn't known: {_names(profile.views_untold)}. One over this table would be "
            f"refreshed for all that the key rewrites, which isn't counted here."
        )
    return said


def _names(views: Sequence[TableName]) -> str:
    shown = ", ".join(map(str, views[:NAMED]))
    return shown if len(views) <= NAMED else f"{shown} and {len(views) - NAMED} more"


def sorted_rewrite(estimate: Estimate, profile: TableProfile) -> dict[str, float] | None:
    """Credits, once, of the other way to build: a sorted rewrite, then the key. None where the table's owner sorts it anyway, or
    where its definition alone writes it."""
    if profile.recreated_by is not None or "dynamic" in profile.table.traits:
        return None
    price = estimate.sorted_build
    return {"low": price.low, "expected": price.expected, "high": price.high}
