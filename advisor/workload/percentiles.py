"""Percentiles of execution times, exact, in memory that does not grow with the number of executions; and how many are recent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.normal import blaming

SHARES = (0.5, 0.95, 0.99)
AT_ONCE = 12_000_000
"""So many times are held in memory at most, and again while they are sorted."""

_VIEW = "query_history"
_KEY = "hash(STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME)"
# Text keys are several times slower than a number while the executions are counted: the statement's in its context, then the
# template's place in their order.
_CONTEXTS = f"""
CREATE OR REPLACE TABLE contexts AS
SELECT KEY, CAST(row_number() OVER () AS UINTEGER) AS CONTEXT, sum(EXECUTIONS) AS EXECUTIONS,
    coalesce(sum(EXECUTIONS) FILTER (RECENT), 0) AS RECENTLY
FROM (SELECT {_KEY} AS KEY, EXECUTIONS, RECENT FROM unit_told WHERE OUTCOME IN ('executed', 'no warehouse')) GROUP BY KEY
"""
_TIMED = f"""
CREATE OR REPLACE TEMP TABLE timed AS
SELECT KEY, CONTEXT, FINGERPRINT, CAST(dense_rank() OVER (ORDER BY FINGERPRINT) AS UINTEGER) AS TEMPLATE,
    sum(EXECUTIONS) OVER (PARTITION BY FINGERPRINT) AS TOTAL, EXECUTIONS, RECENTLY
FROM (SELECT FINGERPRINT, {_KEY} AS KEY FROM kept) JOIN contexts USING (KEY)
"""
_ALL_TIMES = f"SELECT CONTEXT, unnest(TIMES) AS MS FROM unit_told JOIN contexts ON KEY = {_KEY}"
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


Found = tuple[Mapping[str | None, tuple[float, ...]], Mapping[str, int | None]]
"""Percentiles by fingerprint, those of the whole history by None; and how many executions are recent, by fingerprint."""


@dataclass(frozen=True)
class Times:
    """Times in milliseconds, each beside the number of its context, or of its template."""

    of: NDArray[np.uint32]
    ms: NDArray[np.float64]


@dataclass(frozen=True)
class Percentiles:
    """Finds percentiles in a thread, on a connection of its own: that leaves the interpreter free, and mostly a core."""

    snapshot: Snapshot
    thread: Executor | None
    """None: nothing is to run beside anything else."""
    held: list[Future[Times | None]]

    def begin(self) -> None:
        """Once `unit_told` is there."""
        if self.thread is not None:
            self.held.append(self.thread.submit(_times, self.snapshot))

    def of_templates(self) -> Callable[[], Found]:
        """Once `kept` is there: gives what waits for the percentiles, and for the counts of what is recent."""
        if self.thread is not None:
            return self.thread.submit(lambda: self._found(self.held.pop().result())).result
        found = self._found(_times(self.snapshot))
        return lambda: found

    def _found(self, times: Times | None) -> Found:
        return _of_templates(self.snapshot, times), _recent(self.snapshot)


@contextmanager
def beside(snapshot: Snapshot, settings: Settings) -> Iterator[Percentiles]:
    """What fails, or is interrupted, doesn't wait for the thread's statement."""
    if settings.threads == 1:
        yield Percentiles(snapshot, None, [])
        return
    with snapshot.connection.cursor() as connection, ThreadPoolExecutor(1) as thread:
        try:
            yield Percentiles(replace(snapshot, connection=connection), thread, [])
        except BaseException:
            thread.shutdown(wait=False, cancel_futures=True)
            connection.interrupt()
            raise


def _times(snapshot: Snapshot) -> Times | None:
    """All that have a statement, by context; None where there is no room for them. Reads `unit_told`, and makes `contexts`."""
    snapshot.rows(_VIEW, _CONTEXTS)
    [(total,)] = snapshot.rows(_VIEW, "SELECT coalesce(sum(EXECUTIONS), 0) FROM contexts")
    return _fetched(snapshot, _ALL_TIMES, "CONTEXT") if total < AT_ONCE else None


def _of_templates(snapshot: Snapshot, held: Times | None) -> Mapping[str | None, tuple[float, ...]]:
    """For each fingerprint, and for None the whole history, those percentiles of the execution time in milliseconds.

    `held`: what `_times` gave before. Reads `unit_told`, `contexts` and `kept`, and leaves `timed` behind, in which
    what began in the window's last quarter is counted.
    """
    snapshot.rows(_VIEW, _TIMED)
    names: dict[int | None, str | None] = {None: None}
    names |= dict(snapshot.rows(_VIEW, "SELECT DISTINCT TEMPLATE, FINGERPRINT FROM timed"))
    shares = _percentiles(snapshot) if held is None else _of_held(snapshot, held)
    return {names[template]: each for template, each in shares}


def _of_held(snapshot: Snapshot, held: Times) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    templates = np.zeros(1 + int(held.of.max(initial=0)), "u4")
    for context, template in snapshot.rows(_VIEW, "SELECT CONTEXT, TEMPLATE FROM timed"):
        templates[context] = template
    yield from _of_each(_least(templates)[held.of], held.ms, whole=True)


def _percentiles(snapshot: Snapshot) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    """Of as many templates at a time as there is room for. The longest, and the whole history, are counted in buckets first."""
    few = f"TOTAL <= {AT_ONCE // 2}"
    for first, last in _at_once(snapshot, few):
        which = f"{few} AND TEMPLATE BETWEEN {first} AND {last}"
        found = _fetched(snapshot, _TIMES.format(which=which), "TEMPLATE")
        yield from _of_each(_least(found.of), found.ms)
    for by, which in (("TEMPLATE", f"NOT {few}"), ("NULL", "true")):
        quantiles = ", ".join(_QUANTILE.format(share=share) for share in SHARES)
        within = " OR ".join(
            _WITHIN.format(place=place, share=share) for share in SHARES for place in ("floor", "ceil")
        )
        sql = _MANY.format(by=by, which=which, quantiles=quantiles, within=within)
        yield from ((template, tuple(shares)) for template, *shares in snapshot.rows(_VIEW, sql))


def _at_once(snapshot: Snapshot, which: str) -> Iterator[tuple[int, int]]:
    """Templates with their neighbours, by the first and the last, that have no more executions together than there is
    room for.
    """
    totals = snapshot.rows(_VIEW, f"SELECT DISTINCT TEMPLATE, TOTAL FROM timed WHERE {which} ORDER BY TEMPLATE")
    first, last, held = None, None, 0
    for template, total in totals:
        if first is not None and last is not None and held + total > AT_ONCE:
            yield first, last
            first, held = None, 0
        first, last, held = template if first is None else first, template, held + total
    if first is not None and last is not None:
        yield first, last


def _fetched(snapshot: Snapshot, sql: str, name: str) -> Times:
    with blaming(snapshot.folder / _VIEW):
        found = snapshot.connection.execute(sql).fetchnumpy()
    return Times(found[name], found["MS"])


def _least(numbers: NDArray[Any]) -> NDArray[Any]:
    """In as few bits as hold them: numbers of 16 bits are sorted many times faster."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _of_each(
    templates: NDArray[Any], times: NDArray[np.float64], whole: bool = False
) -> Iterator[tuple[int | None, tuple[float, ...]]]:
    """Of each template's times, and of them all where they are `whole`; what is of the template 0 is of none."""
    ends = np.cumsum(np.bincount(templates))
    if not len(ends) or not (counted := int(ends[-1] - ends[0])):
        return
    times = times[np.argsort(templates, kind="stable")][-counted:]
    starts = ends - ends[0]
    for template in range(1, len(ends)):
        own = times[starts[template - 1] : starts[template]]
        if len(own):
            yield template, _of(own)
    if whole:
        yield None, _of(times)


def _of(times: NDArray[np.float64]) -> tuple[float, ...]:
    """Changes their order: those that are asked for are put where they would be in order."""
    places = [(len(times) - 1) * Decimal(str(share)) for share in SHARES]
    times.partition(sorted({end for place in places for end in (math.floor(place), math.ceil(place))}))
    found = []
    for place in places:
        below, above = float(times[math.floor(place)]), float(times[math.ceil(place)])
        found.append(below + float(place % 1) * (above - below))
    return tuple(found)


def _recent(snapshot: Snapshot) -> Mapping[str, int]:
    """Executions of each template in the window's last quarter; reads the `timed` that `_of_templates` left."""
    return {name: int(count) for name, count in snapshot.rows(_VIEW, _RECENT)}
