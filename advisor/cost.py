"""Credits: what a partition of a scan takes.

Milliseconds a partition come from the history's own slopes. Building and upkeep are in `advisor/clustering/upkeep.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.model import QueryTemplate, Range, WarehouseUse, Workload
from advisor.settings import Settings, normal_size

DAYS_PER_MONTH = 30.0
MS_PER_HOUR = 3_600_000
GIB = 2.0**30
TIB = 2.0**40
# Scanning and filtering take over half of processing time ("Pruning in Snowflake", SIGMOD 2025): the part of the time per
# partition that one partition more is taken to cost where the history shows no slope.
SCAN_SHARE = 0.5
STEEPEST = 2.0  # times the slope expected


@dataclass(frozen=True)
class ScanPrice:
    """What a partition of a scan takes in one template's executions."""

    saved_ms: Range
    """For each partition that it no longer reads: no more than its even part of the template's whole time."""
    added_ms: Range
    """For each partition that it reads more than today."""
    credits_per_hour: float


def milliseconds_per_partition(workload: Workload) -> Mapping[str, float]:
    """Per warehouse size, how much longer an execution takes for each partition more, all else equal.

    The slope is taken within templates (each about its own means) and pooled over them, so that heavy templates which
    also scan much don't pass for a price. Where the history shows no rising slope it is `SCAN_SHARE` of the time that
    all executions took per partition; a size whose executions scanned nothing is left out.
    """
    uses: dict[str, list[WarehouseUse]] = {}
    for template in workload.templates:
        for use in template.warehouses:
            if use.partitions_scanned:
                uses.setdefault(normal_size(use.size), []).append(use)
    return {size: _slope(found) for size, found in sorted(uses.items())}


def _slope(uses: Sequence[WarehouseUse]) -> float:
    even = sum(use.execution_ms for use in uses) / sum(use.partitions_scanned or 0 for use in uses)
    measured = [(use.scan_sxx, use.scan_sxy) for use in uses if use.scan_sxx is not None and use.scan_sxy is not None]
    sxx, sxy = sum(pair[0] for pair in measured), sum(pair[1] for pair in measured)
    if sxx <= 0 or sxy <= 0:
        return SCAN_SHARE * even
    # Steeper than that and a query without a scan would take less than no time: noise where partitions hardly vary.
    return min(sxy / sxx, even)


def scan_price(template: QueryTemplate, slopes: Mapping[str, float], settings: Settings) -> ScanPrice | None:
    """None where the history records no partitions for the template."""
    if not template.partitions_scanned:
        return None
    uses = [use for use in template.warehouses if normal_size(use.size) in slopes]
    executions = sum(use.executions for use in uses)
    even = template.execution_ms.total / template.partitions_scanned
    slope = sum(slopes[normal_size(use.size)] * use.executions for use in uses) / executions
    rate = sum(settings.price(use.size) * use.executions for use in uses) / executions
    expected = min(slope, even)
    return ScanPrice(Range(expected / 2, expected, even), Range(slope / 2, slope, slope * STEEPEST), rate)


def dearest(most: NDArray[np.float64], slopes: NDArray[np.float64], spared: NDArray[np.bool_]) -> float:
    """How many times its slope a partition may take at most: no execution takes longer for its partitions than it takes
    in all, `most` for each of them, so a slope that all templates share isn't steeper than the steepest of those spared
    some can be. Never under 1, what is expected.
    """
    known = spared & (slopes > 0)
    return min(STEEPEST, max(1.0, float((most[known] / slopes[known]).max()))) if known.any() else STEEPEST


def rate(template: QueryTemplate, settings: Settings) -> float:
    """Credits an hour of the warehouses that the template runs on, on average over its executions."""
    executions = sum(use.executions for use in template.warehouses)
    if not executions:
        return settings.price(None)
    return sum(settings.price(use.size) * use.executions for use in template.warehouses) / executions


def storage(size: float, settings: Settings) -> float | None:
    """Credits a month that storing so many bytes is worth; None where the settings hold no prices."""
    if settings.storage_price_per_tib_month is None or not settings.price_per_credit:
        return None
    return size / TIB * settings.storage_price_per_tib_month / settings.price_per_credit


def rewrite(size: float, settings: Settings) -> Range:
    """Credits to write so many bytes anew, at list prices."""
    return Range(*settings.rewrite_credits_per_gib).scaled(size / GIB)
