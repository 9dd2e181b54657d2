"""Which charts the report shows of an account, each with its figures as a table; what isn't known has no chart but a reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from markupsafe import Markup

from advisor.figures import account_ms, count, duration, number, percent, ratio, size
from advisor.generator import charts, listings
from advisor.generator.listings import Listing
from advisor.model import Advice, DayTimes, LookBack, TablePruning

BARS = 10
MARKS = 5
AREAS = 24
LISTED = 200
SHADES = (0.2, 0.4, 0.6, 0.8)
"""A table's shade on the map is how many of these the share read in vain exceeds."""

_SWATCHES = (
    *(
        (f"shade-{shade}", f"{100 * low:.0f} to {100 * high:.0f}% in vain")
        for shade, (low, high) in enumerate(pairwise((0.0, *SHADES, 1.0)))
    ),
    ("unknown", "not recorded"),
)


@dataclass(frozen=True)
class Picture:
    """A chart, or the reason why there is none."""

    title: str
    caption: str
    chart: Markup | None = None
    listing: Listing | None = None
    legend: tuple[tuple[str, str], ...] = ()
    """The class of a swatch, and what its colour stands for."""


def plan_gallery(advice: Advice) -> tuple[Picture, ...]:
    """Of the plan itself."""
    return tuple(_budget(advice))


def gallery(advice: Advice) -> tuple[Picture, ...]:
    """Of the account as it is."""
    return tuple(picture for part in _PARTS for picture in part(advice))


def _budget(advice: Advice) -> Iterator[Picture]:
    """What each budget for builds would bring, drawn from what the best choice within it takes."""
    points = [(point.build_credits, point.net_credits_per_month) for point in advice.totals.curve]
    if len({build for build, _ in points}) > 1:
        title = "Saving against budget"
        caption = "The most that changes whose builds take so many credits bring together, net, in credits a month."
        yield Picture(title, caption, charts.curve(title, points, number, number), listings.budgets(advice.totals))


# ---------------------------------------------------------------- times


def _latencies(advice: Advice) -> Iterator[Picture]:
    found = advice.baseline.latencies
    if not found:
        yield Picture(
            "Execution time by day",
            "Unknown: the snapshot holds its history already summed up, without single executions.",
        )
    for warehouse, rows in groupby(found, key=lambda row: row.warehouse):
        yield _latency(warehouse, tuple(rows))


def _latency(warehouse: str | None, rows: tuple[DayTimes, ...]) -> Picture:
    by_day = {row.day: row for row in rows}
    days = list(_days(min(by_day), max(by_day)))
    known = [by_day.get(day) for day in days]
    series = [
        ("median", [row.p50 if row else None for row in known]),
        ("95th percentile", [row.p95 if row else None for row in known]),
        ("99th percentile", [row.p99 if row else None for row in known]),
    ]
    title = f"Execution time by day, warehouse {warehouse}" if warehouse else "Execution time by day, all warehouses"
    listing = Listing(
        ("Day (UTC)", "Executions", "Median", "95th percentile", "99th percentile"),
        tuple(
            (r.day.isoformat(), count(r.executions), duration(r.p50), duration(r.p95), duration(r.p99)) for r in rows
        ),
    )
    caption = f"{count(sum(row.executions for row in rows))} executions; figures to within 5%."
    return Picture(title, caption, charts.lines(title, [f"{day:%d %b}" for day in days], series, duration), listing)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _cached(advice: Advice) -> Iterator[Picture]:
    title, rate = "Answered from the result cache by day", advice.workload.result_cache_hit_rate
    found = advice.workload.result_cache_days
    if rate is None:
        yield Picture(title, "Unknown: no query of the history names the size of its warehouse.")
        return
    if not found:
        yield Picture(
            title, f"{percent(rate)} over the window; its days were summed up before the snapshot was written."
        )
        return
    by_day = {row.day: row for row in found}
    days = list(_days(min(by_day), max(by_day)))
    shares = [ratio(by_day[day].hits, by_day[day].executions) if day in by_day else None for day in days]
    listing = Listing(
        ("Day (UTC)", "SELECTs", "Answered from the cache", "Share"),
        tuple(
            (r.day.isoformat(), count(r.executions), count(r.hits), percent(ratio(r.hits, r.executions))) for r in found
        ),
    )
    caption = f"{percent(rate)} of the SELECTs over the window: they ran on no warehouse and scanned nothing, so likely from the cache."
    chart = charts.lines(title, [f"{day:%d %b}" for day in days], [("share of the SELECTs", shares)], percent)
    yield Picture(title, caption, chart, listing)


def _slowest(advice: Advice) -> Iterator[Picture]:
    templates = advice.workload.templates[:BARS]
    if templates:
        title = "Templates that take the most time"
        whole = account_ms(advice.workload)
        share = ratio(sum(template.execution_ms.total for template in templates), whole)
        rows = [(template.fingerprint, template.execution_ms.total) for template in templates]
        yield Picture(
            title, f"Together {percent(share)} of the execution time; listed below.", charts.bars(title, rows, duration)
        )


# ---------------------------------------------------------------- tables


def _largest(advice: Advice) -> Iterator[Picture]:
    tables = [table for table in advice.tables if table.bytes][:BARS]
    if tables:
        title = "Largest tables"
        rows = [(str(table.name), float(table.bytes or 0)) for table in tables]
        yield Picture(
            title,
            "Active bytes, as the catalog has them; listed below.",
            charts.bars(title, rows, size, _powers(max(value for _, value in rows))),
        )


def _powers(most: float) -> list[float]:
    """Marks for bytes up to `most`, a power of two apart."""
    step = 2.0 ** max(0, math.ceil(math.log2(most / MARKS)))
    return [step * mark for mark in range(int(most / step) + 1)]


def _pruning(advice: Advice) -> Iterator[Picture]:
    found = [entry for entry in advice.baseline.pruning if entry.scanned > 0]
    title = "Where partitions are read for nothing"
    if not found:
        yield Picture(title, "Unknown: the history records no partitions.")
        return
    areas = [(entry.table.name, _said(entry), entry.scanned, _shade(entry)) for entry in found[:AREAS]]
    listing = listings.pruning(found, LISTED)
    caption = (
        "Each table's area is what queries read of it; the stronger its colour, the larger the share of the rows read that no "
        "filter let through."
    )
    yield Picture(title, caption, charts.treemap(title, areas), listing, _SWATCHES)


def _shade(entry: TablePruning) -> int | None:
    if entry.matched_share is None:
        return None
    return sum(1 - entry.matched_share > bound for bound in SHADES)


def _said(entry: TablePruning) -> str:
    vain = percent(None if entry.matched_share is None else 1 - entry.matched_share)
    return f"{entry.table}: {count(entry.scanned)} partitions read, rows read in vain: {vain}"


def _look_back(advice: Advice) -> Iterator[Picture]:
    for found in advice.baseline.look_back:
        yield _reach(found)


def _reach(found: LookBack) -> Picture:
    title = f"How far back queries look: {found.table}"
    points = list(zip(found.days, found.shares, strict=True))
    listing = Listing(
        ("Days back", "Executions that reach further"),
        tuple((number(days), percent(share)) for days, share in points),
    )
    caption = f"By {found.column}: the share of the executions that ask for rows older than so many days."
    return Picture(title, caption, charts.curve(title, points, _days_back, percent), listing)


def _days_back(days: float) -> str:
    return f"{number(days)} d"


_PARTS: tuple[Callable[[Advice], Iterator[Picture]], ...] = (
    _latencies,
    _cached,
    _slowest,
    _pruning,
    _largest,
    _look_back,
)
