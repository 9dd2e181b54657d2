"""Credits: what a partition scan takes, what rewriting a table takes, what keeping it in order takes.

Constants come from the published Snowflake cluster-key quickstart and from Settings; what the account itself shows
(milliseconds a partition per warehouse size, credits billed by automatic clustering) goes before them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from advisor.model import ZERO, Churn, QueryTemplate, Range, Workload
from advisor.settings import Settings, normal_size

DAYS_PER_MONTH = 30.0
GIB = 2.0**30
# Scanning and filtering take over half of processing time ("Pruning in Snowflake", SIGMOD 2025): what a partition is
# taken to cost, as a share of all time spent per partition, where the history shows no slope.
SCAN_SHARE = Range(0.25, 0.5, 1.0)


@dataclass(frozen=True)
class ScanPrice:
    """What one template's execution saves for each partition of a table that it no longer scans."""

    milliseconds: Range
    credits_per_hour: float

    @property
    def credits(self) -> Range:
        return self.milliseconds.scaled(self.credits_per_hour / 3_600_000)


def milliseconds_per_partition(workload: Workload) -> Mapping[str, float | None]:
    """Per warehouse size, how much longer an execution takes for each partition more, all else equal.

    The slope is taken within templates (each about its own means) and pooled over them, so that heavy templates which
    also scan much don't pass for a price. None where the history shows no rising slope.
    """
    sums: dict[str, tuple[float, float]] = {}
    for template in workload.templates:
        for use in template.warehouses:
            if use.scan_sxx is not None and use.scan_sxy is not None:
                sxx, sxy = sums.get(normal_size(use.size), (0.0, 0.0))
                sums[normal_size(use.size)] = (sxx + use.scan_sxx, sxy + use.scan_sxy)
    return {size: sxy / sxx if sxx > 0 and sxy > 0 else None for size, (sxx, sxy) in sorted(sums.items())}


def scan_price(template: QueryTemplate, slopes: Mapping[str, float | None], settings: Settings) -> ScanPrice | None:
    """None where the history records no partitions for the template.

    No partition can save more than its even part of the template's whole time.
    """
    if not template.partitions_scanned:
        return None
    even = template.execution_ms.total / template.partitions_scanned
    executions = sum(use.executions for use in template.warehouses)
    if not executions:
        return ScanPrice(SCAN_SHARE.scaled(even), settings.price(None))
    known = [(slopes.get(normal_size(use.size)), use.executions) for use in template.warehouses]
    slope = sum((s or 0) * n for s, n in known) / sum(n for _, n in known)
    rate = sum(settings.price(use.size) * use.executions for use in template.warehouses) / executions
    if not all(s for s, _ in known):
        return ScanPrice(SCAN_SHARE.scaled(even), rate)
    expected = min(slope, even)
    return ScanPrice(Range(expected / 2, expected, even), rate)


def build(table_bytes: float, settings: Settings) -> Range:
    """Credits to put a table in order once."""
    return Range(*settings.rewrite_credits_per_gib).scaled(table_bytes / GIB)


def upkeep(
    churn: Churn, rows: float, table_bytes: float, partitions: int, in_load_order: bool, settings: Settings
) -> Range:
    """Credits a month to keep a key in order while rows arrive, change and go.

    A row that arrives in key order is rewritten about once at most; any other is merged log_T(P/b) times on its way
    into the table's order, T the runs merged at a time and b the partitions arriving a day (tiered merging; the last
    merge adds up to T/2). Updates and deletes touch partitions anywhere: P(1 - exp(-u/P)) of them for u rows.
    """
    if rows <= 0:
        return ZERO
    arriving = churn.rows_added / rows * partitions
    touched = partitions * -math.expm1(-(churn.rows_removed + churn.rows_updated) / partitions)
    if in_load_order:
        times = Range(0.0, 0.5, 1.0)
    else:
        fan_in = settings.merge_fan_in
        merges = max(1.0, math.log(partitions / arriving, fan_in)) if arriving > 0 else 0.0
        times = Range(merges / 2, merges, merges + fan_in / 2)
    rewritten = times.scaled(arriving) + Range(touched / 4, touched, touched)
    low, expected, high = settings.rewrite_credits_per_gib
    gib = DAYS_PER_MONTH * table_bytes / partitions / GIB
    return Range(rewritten.low * low * gib, rewritten.expected * expected * gib, rewritten.high * high * gib)
