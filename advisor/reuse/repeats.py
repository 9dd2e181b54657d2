"""Questions that were asked again, and the hours in which statements wrote: what the result cache is judged by.

Both come from the tables that `workload.compress` makes of a snapshot: a question belongs to its statement's template.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from advisor.model import Repeats
from advisor.snapshot import Snapshot

_REPEATS = """
SELECT r.QUESTION, k.FINGERPRINT, r.DAY, r.USER_NAME, r.EXECUTIONS, coalesce(r.CACHED, 0), coalesce(r.EXECUTION_MS, 0), coalesce(r.HOURS, ''),
    coalesce(r.TEXTS, 1), coalesce(r.ROLES, 1), r.FIRST_SEEN, r.LAST_SEEN, r.QUERY_ID, r.ONE_TEXT, r.OTHER_TEXT
FROM repeats AS r
JOIN (SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, FINGERPRINT FROM kept) AS k
ON r.STATEMENT = k.STATEMENT AND r.DATABASE_NAME IS NOT DISTINCT FROM k.DATABASE_NAME
    AND r.SCHEMA_NAME IS NOT DISTINCT FROM k.SCHEMA_NAME
WHERE r.EXECUTIONS > 0 AND r.FIRST_SEEN IS NOT NULL AND r.LAST_SEEN IS NOT NULL
ORDER BY ALL
"""

_WRITES = """
SELECT DISTINCT m.FINGERPRINT, unnest([date_trunc('hour', e.START_TIME), date_trunc('hour', coalesce(e.END_TIME, e.START_TIME))])
FROM executions AS e
JOIN (SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, FINGERPRINT FROM members WHERE REASON IS NULL AND QUERY_TYPE <> 'SELECT') AS m
ON e.STATEMENT = m.STATEMENT AND e.DATABASE_NAME IS NOT DISTINCT FROM m.DATABASE_NAME
    AND e.SCHEMA_NAME IS NOT DISTINCT FROM m.SCHEMA_NAME
WHERE e.OUTCOME = 'executed' OR e.OUTCOME = 'no warehouse'
"""


def of_templates(snapshot: Snapshot, view: str) -> tuple[Repeats, ...]:
    """Those of the questions that have a template."""
    return tuple(_repeats(row) for row in snapshot.rows(view, _REPEATS))


def writes(snapshot: Snapshot) -> Mapping[str, frozenset[datetime]]:
    """By template that writes: the hours in which it ran. Only a history of single queries tells them."""
    found: defaultdict[str, set[datetime]] = defaultdict(set)
    for fingerprint, hour in snapshot.rows("query_history", _WRITES):
        found[fingerprint].add(hour)
    return {fingerprint: frozenset(hours) for fingerprint, hours in sorted(found.items())}


def _repeats(row: tuple[Any, ...]) -> Repeats:
    question, fingerprint, day, user, executions, cached, ms, hours, texts, roles, first, last, query_id, one, other = (
        row
    )
    pairs = tuple((int(hour), int(count)) for hour, _, count in (part.partition(":") for part in hours.split()))
    return Repeats(
        question=question,
        fingerprint=fingerprint,
        day=day,
        user=user,
        executions=int(executions),
        cached=int(cached),
        execution_ms=float(ms),
        hours=pairs,
        texts=int(texts),
        roles=int(roles),
        first=first,
        last=last,
        query_id=query_id,
        two_texts=None if one is None or other is None or one == other else (one, other),
    )
