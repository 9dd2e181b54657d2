"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from advisor.snapshot import Snapshot
from advisor.snapshot.normal import blaming

SHARES = (0.5, 0.95, 0.99)
AT_ONCE = 12_000_000
"""So many times are held in memory at most, and again while they are sorted."""

_VIEW = "query_history"
_KEY = "hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME)"
# A template is its place in their order while the executions are counted: text keys are several times slower.
_TIMED = f"""
CREATE OR REPLACE TEMP TABLE timed AS
SELECT KEY, FINGERPRINT, CAST(dense_rank() OVER (ORDER BY FINGERPRINT) AS UINTEGER) AS TEMPLATE,
    sum(EXECUTIONS) OVER (PARTITION BY FINGERPRINT) AS TOTAL, EXECUTIONS, RECENTLY
FROM (SELECT FINGERPRINT, {_KEY} AS KEY FROM kept) JOIN (
    SELECT {_KEY} AS KEY, sum(EXECUTIONS) AS EXECUTIONS,
        coalesce(sum(EXECUTIONS) FILTER (RECENT), 0) AS RECENTLY
    FROM unit_told GROUP BY KEY
) USING (KEY)
"""
_TIMES = f"""
SELECT TEMPLATE, unnest(TIMES) AS MS FROM unit_told JOIN timed ON KEY = {_KEY} WHERE {{which}}
"""
# The square root is exact to the last bit, so buckets have the order of their times.
_BUCKET = "floor(8 * sqrt(greatest(MS, 0)))"
# Only the buckets that a percentile falls into are looked into.
_MANY = f"""
WITH times AS NOT MATERIALIZED (SELECT {{by}} AS TEMPLATE, {_BUCKET} AS BUCKET, MS FROM ({_TIMES})),
counted AS (SELECT TEMPLATE, BUCKET, count(*) AS N FROM times GROUP BY ALL),
ranked AS (
    SELECT TEMPLATE, BUCKET, N, CAST(sum(N) OVER (PARTITION BY TEMPLATE ORDER BY BUCKET) AS BIGINT) AS UPTO,
        CAST(sum(N) OVER (PARTITION BY TEMPLATE) AS BIGINT) - 1 AS LAST
    FROM counted
),
wanted AS (SELECT *, UPTO - N AS BEFORE FROM ranked WHERE {{within}}),
inside AS (
    SELECT wanted.TEMPLATE, wanted.BUCKET, BEFORE, LAST, MS, count(*) AS N
    FROM times JOIN wanted ON wanted.BUCKET = times.BUCKET AND wanted.TEMPLATE IS NOT DISTINCT FROM times.TEMPLATE
    GROUP BY ALL
),
placed AS (
    SELECT TEMPLATE, MS, LAST,
        BEFORE + CAST(sum(N) OVER (PARTITION BY TEMPLATE, BUCKET ORDER BY MS) AS BIGINT) AS UPTO
    FROM inside
)
SELECT TEMPLATE, {{quantiles}} FROM placed GROUP BY TEMPLATE
"""
_WITHIN = "UPTO > {place}(LAST * {share}) AND UPTO - N <= {place}(LAST * {share})"
_QUANTILE = """
min(MS) FILTER (UPTO > floor(LAST * {share})) + (min(LAST) * {share} - floor(min(LAST) * {share}))
    * (min(MS) FILTER (UPTO > ceil(LAST * {share})) - min(MS) FILTER (UPTO > floor(LAST * {share})))
"""
_RECENT = "SELECT FINGERPRINT, sum(RECENTLY) FROM timed GROUP BY FINGERPRINT"


def of_templates(snapshot: Snapshot) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    Reads `unit_told` and `kept`, and leaves `timed` behind, in which what began in the window's last quarter is counted.
    """
    snapshot.rows(_VIEW, _TIMED)
    names: dict[int | None, str | None] = {None: None}
    names |= dict(snapshot.rows(_VIEW, "SELECT DISTINCT TEMPLATE, FINGERPRINT FROM timed"))
    return {names[template]: shares for template, shares in _percentiles(snapshot)}


def _percentiles(snapshot: Snapshot) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    """Of as many templates at a time as there is room for. The longest, and a long history, are counted in buckets first."""
    [(total,)] = snapshot.rows(_VIEW, "SELECT coalesce(sum(EXECUTIONS), 0) FROM timed")
    if total < AT_ONCE:
        yield from _sorted(snapshot, "true", whole=True)
        return
    few = f"TOTAL <= {AT_ONCE // 2}"
    for first, last in _at_once(snapshot, few):
        yield from _sorted(snapshot, f"{few} AND TEMPLATE BETWEEN {first} AND {last}")
    for by, which in (("TEMPLATE", f"NOT {few}"), ("NULL", "true")):
        quantiles = ", ".join(_QUANTILE.format(share=share) for share in SHARES)
        within = " OR ".join(
            _WITHIN.format(place=place, share=share) for share in SHARES for place in ("floor", "ceil")
        )
        sql = _MANY.format(by=by, which=which, quantiles=quantiles, within=within)
        yield from ((template, tuple(shares)) for template, *shares in snapshot.rows(_VIEW, sql))


def _at_once(snapshot: Snapshot, which: str) -> Iterator[tuple[int, int]]:
    """Templates with their neighbours, by the first and the last, that have no more executions together than there is room for."""
    totals = snapshot.rows(_VIEW, f"SELECT DISTINCT TEMPLATE, TOTAL FROM timed WHERE {which} ORDER BY TEMPLATE")
    first, last, held = None, None, 0
    for template, total in totals:
        if first is not None and last is not None and held + total > AT_ONCE:
            yield first, last
            first, held = None, 0
        first, last, held = template if first is None else first, template, held + total
    if first is not None and last is not None:
        yield first, last


def _sorted(snapshot: Snapshot, which: str, whole: bool = False) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    with blaming(snapshot.folder / _VIEW):
        found = snapshot.connection.execute(_TIMES.format(which=which)).fetchnumpy()
    templates, times = found["TEMPLATE"], found["MS"]
    if not len(times):
        return
    # Numbers of 16 bits are sorted many times faster.
    order = np.argsort(templates.astype(np.min_scalar_type(templates.max())), kind="stable")
    ends = np.cumsum(np.bincount(templates))
    times = times[order]
    for template in np.unique(templates).tolist():
        own = times[ends[template - 1] : ends[template]]
        own.sort()
        yield template, _of(own)
    if whole:
        times.sort()
        yield None, _of(times)


def _of(times: NDArray[np.float64]) -> tuple[float, ...]:
    """Of sorted times."""
    found = []
    for share in SHARES:
        place = (len(times) - 1) * Decimal(str(share))
        below, above = float(times[int(place)]), float(times[math.ceil(place)])
        found.append(below + float(place % 1) * (above - below))
    return tuple(found)


def recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template in the window's last quarter; reads the `timed` that `of_templates` left."""
    return {name: int(count) for name, count in snapshot.rows(_VIEW, _RECENT)}
