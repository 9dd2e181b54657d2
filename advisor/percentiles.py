"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from advisor.snapshot import Snapshot

SHARES = (0.5, 0.95, 0.99)
AT_ONCE = 8_000_000
"""So many times are sorted in memory at most."""

_VIEW = "query_history"
# A template is one number while the executions are counted: text keys are several times slower.
_TIMED = """
CREATE OR REPLACE TEMP TABLE timed AS
SELECT KEY, hash(FINGERPRINT) AS TEMPLATE, sum(EXECUTIONS) OVER (PARTITION BY FINGERPRINT) AS TOTAL, RECENTLY
FROM kept JOIN (
    SELECT hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME) AS KEY, sum(EXECUTIONS) AS EXECUTIONS,
        coalesce(sum(EXECUTIONS) FILTER (RECENT), 0) AS RECENTLY
    FROM unit_told GROUP BY KEY
) AS told ON told.KEY = hash(kept.STATEMENT, kept.DATABASE_NAME, kept.SCHEMA_NAME, kept.OUTCOME)
"""
_TIMES = """
FROM unit_told JOIN timed ON KEY = hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME) WHERE {which}
"""
_FEW = f"""
WITH sorted AS (SELECT TEMPLATE, list_sort(flatten(list(TIMES))) AS MS {_TIMES} GROUP BY TEMPLATE),
placed AS (SELECT *, len(MS) - 1 AS LAST FROM sorted)
SELECT TEMPLATE, [{{quantiles}}] FROM placed
"""
_BETWEEN = """
MS[1 + CAST(floor(LAST * {share}) AS BIGINT)] + (LAST * {share} - floor(LAST * {share}))
    * (MS[1 + CAST(ceil(LAST * {share}) AS BIGINT)] - MS[1 + CAST(floor(LAST * {share}) AS BIGINT)])
"""
_NAMES = "SELECT DISTINCT hash(FINGERPRINT), FINGERPRINT FROM kept"
# The square root is exact to the last bit, so buckets have the order of their times.
_BUCKET = "floor(8 * sqrt(greatest(MS, 0)))"
# Only the buckets that a percentile falls into are looked into.
_MANY = f"""
WITH times AS (SELECT {{by}} AS TEMPLATE, {_BUCKET} AS BUCKET, MS FROM (SELECT TEMPLATE, unnest(TIMES) AS MS {_TIMES})),
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
SELECT TEMPLATE, [{{quantiles}}] FROM placed GROUP BY TEMPLATE
"""
_WITHIN = "UPTO > {place}(LAST * {share}) AND UPTO - N <= {place}(LAST * {share})"
_QUANTILE = """
min(MS) FILTER (UPTO > floor(LAST * {share})) + (min(LAST) * {share} - floor(min(LAST) * {share}))
    * (min(MS) FILTER (UPTO > ceil(LAST * {share})) - min(MS) FILTER (UPTO > floor(LAST * {share})))
"""
_RECENT = "SELECT TEMPLATE, sum(RECENTLY) FROM timed GROUP BY TEMPLATE"


def of_templates(snapshot: Snapshot) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    Reads `unit_told` and `kept`, and leaves `timed` behind, in which what began in the window's last quarter is counted.
    """
    snapshot.rows(_VIEW, _TIMED)
    names: dict[int | None, str | None] = {None: None, **dict(snapshot.rows(_VIEW, _NAMES))}
    return {
        names[template]: tuple(shares) for sql in _queries(snapshot) for template, shares in snapshot.rows(_VIEW, sql)
    }


def _queries(snapshot: Snapshot) -> Iterator[str]:
    """Their times are sorted, as many templates at a time as there is room for, but the longest and the whole history are too
    long for that."""
    between, quantiles = (", ".join(text.format(share=share) for share in SHARES) for text in (_BETWEEN, _QUANTILE))
    within = " OR ".join(_WITHIN.format(place=place, share=share) for share in SHARES for place in ("floor", "ceil"))
    few = f"TOTAL <= {AT_ONCE // 4}"
    [(total,)] = snapshot.rows(
        _VIEW,
        f"SELECT coalesce(sum(N), 0) FROM (SELECT any_value(TOTAL) AS N FROM timed WHERE {few} GROUP BY TEMPLATE)",
    )
    passes = 1 + int(total) // AT_ONCE
    for number in range(passes):
        yield _FEW.format(which=f"{few} AND TEMPLATE % {passes} = {number}", quantiles=between)
    for by, which in (("TEMPLATE", f"NOT {few}"), ("NULL", "true")):
        yield _MANY.format(by=by, which=which, quantiles=quantiles, within=within)


def recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template in the window's last quarter; reads the `timed` that `of_templates` left."""
    names = dict(snapshot.rows(_VIEW, _NAMES))
    return {names[template]: int(count) for template, count in snapshot.rows(_VIEW, _RECENT)}
