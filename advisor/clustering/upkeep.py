"""Credits to put a table in order once, and to keep it so.

List prices come from the published Snowflake cluster-key quickstart, by way of Settings. What automatic clustering billed the
account goes before them: credits for each byte that it rewrote, and its bills beside what this model would have made of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from advisor.cost import DAYS_PER_MONTH, GIB
from advisor.keys import parse
from advisor.model import ZERO, Churn, Range, Table, TableHistory, Workload
from advisor.pruning.axes import family_of
from advisor.settings import Settings

OPTIMA_SINCE = datetime(2026, 9, 1)
"""Keys newly set from then on are kept by Optima clustering (Snowflake's documentation); earlier ones stay Classic."""
SORTED_REWRITE_PER_GIB = Range(0.003, 0.0059, 0.0136)
"""INSERT OVERWRITE … ORDER BY on a warehouse. The quickstart took 6.16 credits for 67,271 partitions of 16 MB; half of it for
a table that sorts in memory; at most twice that, and a pass of the service over sorted rows (1.2e-4 credits a partition)."""
UNSURE = 2.0  # a bill of the past tells one of the future within this factor, as the vendor says of its own estimates


@dataclass(frozen=True)
class Bill:
    """What automatic clustering billed for one table over the window, beside this model's figure for it."""

    engine: str
    """CLASSIC or OPTIMA."""
    credits: float
    rewritten_bytes: float | None
    modelled: Range
    """At list prices, over the same days."""


@dataclass(frozen=True)
class Prices:
    """Credits of rewriting, and how the account's bills compare with the model's."""

    rewrite_per_gib: Range
    bills: int = 0
    """Tables whose bills it rests on; 0: list prices."""
    ratio: float = 1.0
    """Billed upkeep / modelled at this price."""
    beside_per_gib: Range = ZERO
    """What the search access paths of a GiB that is rewritten take, and the materialized views over it."""


def observed(bills: Sequence[Bill], engine: str, settings: Settings) -> Prices:
    """Prices from the bills of that engine; list prices where there are none.

    Optima isn't billed by what it rewrites, so its bills tell of upkeep alone.
    """
    mine = [bill for bill in bills if bill.engine == engine and bill.credits > 0 and bill.modelled.expected > 0]
    price = Range(*settings.rewrite_credits_per_gib)
    if not mine:
        return Prices(price)
    rewriting = [(bill.credits, bill.rewritten_bytes) for bill in mine if bill.rewritten_bytes]
    dearer = 1.0
    if rewriting and engine == "CLASSIC":
        paid = sum(credits for credits, _ in rewriting) / sum(size for _, size in rewriting) * GIB
        dearer, price = paid / price.expected, Range(paid / UNSURE, paid, paid * UNSURE)
    modelled = sum(bill.modelled.expected for bill in mine) * dearer
    return Prices(price, len(mine), sum(bill.credits for bill in mine) / modelled)


def engine_of(billed: str | None, keyed: bool, now: datetime) -> str:
    """Which engine keeps, or would keep, a table's key in order: as it was billed, else by the day on which the key is set."""
    if billed is not None:
        return billed
    return "CLASSIC" if keyed or now < OPTIMA_SINCE else "OPTIMA"


def build(table_bytes: float, prices: Prices) -> Range:
    """Credits to put a table in order once, by setting the key."""
    return (prices.rewrite_per_gib + prices.beside_per_gib).scaled(table_bytes / GIB)


def sorted_build(table_bytes: float) -> Range:
    """Credits to put it in order by one sorted rewrite on a warehouse, the key set afterwards."""
    return SORTED_REWRITE_PER_GIB.scaled(table_bytes / GIB)


def upkeep(
    churn: Churn, rows: float, table_bytes: float, partitions: int, in_load_order: bool, prices: Prices, fan_in: float
) -> Range:
    """Credits a month to keep a key in order while rows arrive, change and go, as the model has it or the bills say."""
    if rows <= 0:
        return ZERO
    rewritten = _rewritten(churn, rows, partitions, in_load_order, fan_in)
    gib = DAYS_PER_MONTH * table_bytes / partitions / GIB
    found, beside = _each(rewritten, prices.rewrite_per_gib, gib), _each(rewritten, prices.beside_per_gib, gib)
    if not prices.bills:
        return found + beside
    middle = found.expected * prices.ratio
    return Range(middle / UNSURE, middle, middle * UNSURE) + beside


def _each(partitions: Range, price: Range, gib: float) -> Range:
    return Range(
        partitions.low * price.low * gib, partitions.expected * price.expected * gib, partitions.high * price.high * gib
    )


def _rewritten(churn: Churn, rows: float, partitions: int, in_load_order: bool, fan_in: float) -> Range:
    """Partitions rewritten a day.

    A row that arrives in key order is rewritten about once at most; any other is merged log_T(P/b) times on its way
    into the table's order, T the runs merged at a time and b the partitions arriving a day (tiered merging; the last
    merge adds up to T/2). Updates and deletes touch partitions anywhere: P(1 - exp(-u/P)) of them for u rows.
    """
    arriving = churn.rows_added / rows * partitions
    touched = partitions * -math.expm1(-(churn.rows_removed + churn.rows_updated) / partitions)
    if in_load_order:
        times = Range(0.0, 0.5, 1.0)
    else:
        merges = max(1.0, math.log(partitions / arriving, fan_in)) if arriving > 0 else 0.0
        times = Range(merges / 2, merges, merges + fan_in / 2)
    return times.scaled(arriving) + Range(touched / 4, touched, touched)


def billed(table: Table, history: TableHistory, workload: Workload, settings: Settings) -> Bill | None:
    """What automatic clustering billed for the table beside the model's own figure; None where either isn't known, and where the
    bills of part of the window are missing, or a key of that time and its build are all that was billed."""
    credits, churn = history.clustering_credits, history.churn
    if (
        not table.clustering_key
        or not credits
        or churn is None
        or not history.billed_throughout
        or not table.rows
        or not table.bytes
    ):
        return None
    leading = parse(table.clustering_key[0])
    column = None if leading is None else table.column(leading.column)
    # The key in force makes its columns narrow: whether rows arrive in its order, only the type suggests.
    in_order = column is not None and family_of(column.data_type, ()) in ("date", "timestamp")
    engine = engine_of(history.clustering_engine, True, workload.window_end)
    prices = observed((), engine, settings)
    partitions = max(1, round(table.bytes / settings.partition_bytes))
    month = upkeep(churn, float(table.rows), table.bytes, partitions, in_order, prices, settings.merge_fan_in)
    modelled = month.scaled(workload.days / DAYS_PER_MONTH)
    return Bill(engine, credits, history.reclustered_bytes, modelled)
