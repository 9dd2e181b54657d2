"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.snapshot import Snapshot
from advisor.workload.counted import KEY

SHARES = (0.5, 0.95, 0.99)

# A template is one number while the executions are counted: text keys are several times slower.
_KEYS = f"(SELECT {KEY} AS KEY, hash(FINGERPRINT) AS TEMPLATE FROM kept)"
_NAMES = "SELECT DISTINCT hash(FINGERPRINT), FINGERPRINT FROM kept"
# The square root is exact to the last bit, so buckets have the order of their times.
_BUCKET = "floor(8 * sqrt(greatest(MS, 0)))"
_BUCKETS = f"""
CREATE OR REPLACE TEMP TABLE buckets AS
SELECT TEMPLATE, {_BUCKET} AS BUCKET, sum(N) AS N, sum(N) FILTER (RECENT) AS RECENT
FROM unit_times JOIN {_KEYS} USING (KEY) GROUP BY ALL
"""
# Only the buckets that a percentile falls into are looked into: sorting all times took longer than all else together.
_QUANTILES = f"""
WITH counted AS (SELECT {{by}} AS TEMPLATE, BUCKET, CAST(sum(N) AS BIGINT) AS N FROM buckets GROUP BY ALL),
ranked AS (
    SELECT TEMPLATE, BUCKET, N, CAST(sum(N) OVER (PARTITION BY TEMPLATE ORDER BY BUCKET) AS BIGINT) AS UPTO,
        CAST(sum(N) OVER (PARTITION BY TEMPLATE) AS BIGINT) - 1 AS LAST
    FROM counted
),
wanted AS (SELECT *, UPTO - N AS BEFORE FROM ranked WHERE {{within}}),
inside AS (
    SELECT wanted.TEMPLATE, wanted.BUCKET, BEFORE, LAST, MS, CAST(sum(times.N) AS BIGINT) AS N
    FROM (SELECT *, {_BUCKET} AS BUCKET FROM unit_times JOIN {_KEYS} USING (KEY)) AS times JOIN wanted
    ON wanted.BUCKET = times.BUCKET {{same}}
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
_RECENT = "SELECT TEMPLATE, coalesce(sum(RECENT), 0) FROM buckets GROUP BY TEMPLATE"


def of_templates(snapshot: Snapshot) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    Reads `unit_times` and `kept`, and leaves `buckets` behind, in which what began in the window's last quarter is counted.
    """
    snapshot.rows("query_history", _BUCKETS)
    quantiles = ", ".join(_QUANTILE.format(share=share) for share in SHARES)
    within = " OR ".join(_WITHIN.format(place=place, share=share) for share in SHARES for place in ("floor", "ceil"))
    names: dict[int | None, str | None] = {None: None, **dict(snapshot.rows("query_history", _NAMES))}
    found: dict[str | None, list[float]] = {}
    for by, same in (("TEMPLATE", "AND wanted.TEMPLATE = times.TEMPLATE"), ("NULL", "")):
        sql = _QUANTILES.format(by=by, same=same, quantiles=quantiles, within=within)
        found |= {names[template]: shares for template, *shares in snapshot.rows("query_history", sql)}
    return {name: tuple(shares) for name, shares in found.items()}


def recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template in the window's last quarter; reads the `buckets` that `of_templates` left."""
    names = dict(snapshot.rows("query_history", _NAMES))
    return {names[template]: int(count) for template, count in snapshot.rows("query_history", _RECENT)}
