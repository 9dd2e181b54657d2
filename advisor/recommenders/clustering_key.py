"""Clustering keys: create one, change one, drop one.

What it finds
-------------
Tables whose micro-partitions are read in vain because the rows that queries ask for lie scattered, and the key of one to
three expressions under which the account's own queries would read the fewest. Dates are cut to days, weeks, months or
quarters, numbers to tens and hundreds, text to the part after a shared prefix, wherever that serves as well as the bare
column. A key that no query uses and that still costs upkeep is dropped.

Why it matters
--------------
Snowflake skips a micro-partition when the minimum and maximum it keeps of a column rule the condition out. A table in
the wrong order has no such luck: each query reads, and pays for, most of it.

Example
-------
Before: `SELECT ... FROM ORDERS WHERE TENANT_ID = 7 AND ORDER_TS >= '2026-05-01'` reads 291 of 312 partitions.
Advice: `ALTER TABLE ORDERS CLUSTER BY (TENANT_ID, TO_DATE(ORDER_TS))`; the same query is predicted to read 4 to 9.

When not to
-----------
Tables under 100 micro-partitions have nothing to skip. Tables rewritten all the time pay more to stay in order than
their queries save. Tables that load in the order they are asked are pruned already. Tables that a job recreates lose
the key with each run: set it in the job. Conditions inside UPPER, MOD or behind a leading wildcard gain nothing.

References
----------
docs.snowflake.com: Clustering keys & clustered tables; Strategies for selecting clustering keys. Zimmerer et al.,
"Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025. Snowflake quickstart "Cluster key selection".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

from advisor import cost
from advisor.axes import Axis
from advisor.estimate import Estimate, Judge
from advisor.keys import parse
from advisor.model import KeyPart
from advisor.profile import TableProfile
from advisor.settings import Settings

CODE = "clustering_key"

COLUMNS_TRIED = 6
PAIRS_EXTENDED = 6
UNCLUSTERABLE_TYPES = ("VARIANT", "OBJECT", "ARRAY", "GEOGRAPHY", "GEOMETRY", "VECTOR", "BINARY")
FORBIDDEN_TRAITS = ("external", "hybrid", "temporary", "event")
CLASSIC_TEXT_BYTES = 5  # Classic clustering orders text by its first 5 bytes only


def obstacle(profile: TableProfile, settings: Settings) -> str | None:
    """Why the table as such can't have a key, or can't gain by one; None where it can."""
    table = profile.table
    forbidden = [trait for trait in FORBIDDEN_TRAITS if trait in table.traits]
    if forbidden or table.kind != "BASE TABLE":
        return f"Snowflake allows no clustering key on {forbidden[0] if forbidden else table.kind.lower()} tables."
    if profile.partitions < settings.min_partitions:
        return (
            f"It has {profile.partitions:,} micro-partitions; under {settings.min_partitions} there is nothing to skip."
        )
    if profile.recreated_by is not None:
        return f"A job recreates it (template {profile.recreated_by}): a key set here is lost with its next run."
    if not any(load.asks for load in profile.loads):
        whys = sorted({load.unserved for load in profile.loads if load.unserved})
        return f"No query filters it in a way that a key can serve: {'; '.join(whys) or 'none reads it'}."
    if all(load.before is None for load in profile.loads):
        return "The history records no partitions scanned for its queries."
    return None


def candidates(
    profile: TableProfile, prices: Mapping[str, cost.ScanPrice | None], settings: Settings, days: float
) -> tuple[Estimate, ...]:
    """The best key for each order of columns worth trying, most net credits first.

    `prices` go by fingerprint; `days` is the window's length.
    """
    judge = Judge.of(profile, prices, settings, days)
    rungs = {column: ladder(profile, column) for column in _columns(judge)}
    singles = [(part,) for parts in rungs.values() for part in parts]
    pairs = [
        (first, second)
        for one, other in permutations(rungs, 2)
        for first in rungs[one]
        for second in rungs[other]
        if profile.layout.axes[one].buckets(first) < profile.partitions
    ]
    best = _best_per_columns(judge, [*singles, *pairs])
    if settings.max_key_columns >= 3:
        leaders = sorted((key for key in best if len(key) == 2), key=lambda key: -judge.quick_net(key))[:PAIRS_EXTENDED]
        triples = [
            (*pair, third)
            for pair in leaders
            for column, parts in rungs.items()
            for third in parts
            if column not in {part.column for part in pair}
        ]
        best += _best_per_columns(judge, triples)
    judged = [judge.estimate(key) for key in best if len(key) <= settings.max_key_columns]
    return tuple(sorted(judged, key=lambda c: (-c.net.expected, len(c.key), c.key)))


def present(profile: TableProfile) -> tuple[KeyPart, ...] | None:
    """The key in force as KeyParts; None when it has an expression that the model doesn't know."""
    parts = [parse(expression) for expression in profile.table.clustering_key]
    return None if None in parts else tuple(part for part in parts if part is not None)


def unused(profile: TableProfile) -> bool:
    """There is a key, all of it understood, and no query filters, joins, groups or orders by any of its columns."""
    key = present(profile)
    return bool(key) and not any(part.column in profile.used_columns for part in key or ())


# ---------------------------------------------------------------- which keys are thinkable


def ladder(profile: TableProfile, column: str) -> tuple[KeyPart, ...]:
    """The column bare and in every coarser form that keeps its order and still tells at least two groups apart."""
    described = profile.table.column(column)
    if described is not None and described.data_type.upper().startswith(UNCLUSTERABLE_TYPES):
        return ()
    axis = profile.layout.axes[column]
    coarse = [part for part in _coarser(axis) if 2 <= axis.buckets(part) < axis.distinct]
    fine = [] if _too_fine(axis) and coarse else [KeyPart(column)]
    return (*fine, *coarse)


def _too_fine(axis: Axis) -> bool:
    """A bare timestamp is as good as unique; bare text with a long shared prefix looks all the same to Classic."""
    return axis.family == "timestamp" or (axis.family == "text" and len(axis.prefix) >= CLASSIC_TEXT_BYTES)


def _coarser(axis: Axis) -> Iterable[KeyPart]:
    if axis.is_time:
        units = ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER")
        return [
            KeyPart(axis.column, unit=unit) for unit in units if axis.family == "timestamp" or unit not in units[:2]
        ]
    if axis.family == "number":
        return [
            KeyPart(axis.column, digits=digits) for digits in range(1, max(1, math.ceil(math.log10(axis.span + 1))))
        ]
    if axis.family == "text" and axis.prefix:
        return [KeyPart(axis.column, substring=(len(axis.prefix) + 1, length)) for length in range(1, 6)]
    return []


def _columns(judge: Judge) -> list[str]:
    """The columns asked for, those first whose conditions could save the most."""
    worth: dict[str, float] = {}
    layout = judge.profile.layout
    for question in layout.questions:
        for ask in question.asks:
            gain = judge.worth[question.load] * question.weight * (1 - min(1.0, ask.share))
            worth[ask.column] = worth.get(ask.column, 0.0) + gain
    return sorted(worth, key=lambda column: (-worth[column], column))[:COLUMNS_TRIED]


def _best_per_columns(judge: Judge, keys: Sequence[tuple[KeyPart, ...]]) -> list[tuple[KeyPart, ...]]:
    best: dict[tuple[str, ...], tuple[float, tuple[KeyPart, ...]]] = {}
    for key in sorted(keys):
        columns = tuple(part.column for part in key)
        net = judge.quick_net(key)
        if columns not in best or net > best[columns][0]:
            best[columns] = (net, key)
    return [key for _, key in best.values()]
