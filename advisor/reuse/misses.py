"""The account's repeated questions that ran again, by template, user and the likely reason why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from advisor.account import Account
from advisor.model import Catalog, ReadTemplate, Repeats
from advisor.platform import FOREIGN
from advisor.reuse import texts
from advisor.reuse.replay import Asked, Miss, reasons, replay

NOT_REUSED = ("hybrid", "external")
"""Tables of whose queries no result is reused: hybrid ones as documented, external ones since nothing tells when they change."""
UNTOLD = ("dynamic", "iceberg", "event", "temporary", *FOREIGN)
"""Tables whose changes the histories may not hold; a temporary one is another in each session."""


@dataclass(frozen=True)
class Missed:
    """Executions over the window that the cache didn't answer."""

    fingerprint: str
    user: str | None
    miss: Miss
    executions: int
    ms: float
    same_hour_ms: float
    """Of those that followed another asking within the same hour of the clock."""
    worst: Repeats
    """The day that took most time."""

    def plus(self, other: Missed) -> Missed:
        return replace(
            self,
            executions=self.executions + other.executions,
            ms=self.ms + other.ms,
            same_hour_ms=self.same_hour_ms + other.same_hour_ms,
            worst=max(self.worst, other.worst, key=lambda day: (day.execution_ms, day.question, day.day)),
        )


def missed(account: Account) -> tuple[Missed, ...]:
    """Those that took most time first. Questions whose tables or changes aren't known are left out."""
    questions: defaultdict[tuple[str, str], list[Repeats]] = defaultdict(list)
    for day in account.workload.repeats or ():
        questions[day.fingerprint, day.question].append(day)
    hits = _hits(account.workload.repeats or ())
    reads = {read.template.fingerprint: read for read in account.templates}
    found: dict[tuple[str, str | None, Miss], Missed] = {}
    for (fingerprint, _), days in sorted(questions.items()):
        if _unknown(reads[fingerprint], account) is not None:
            continue
        changed = _changes(reads[fingerprint], account)
        for each in _of_question(reads[fingerprint], days, changed, hits, account.catalog):
            place = each.fingerprint, each.user, each.miss
            found[place] = found[place].plus(each) if place in found else each
    return tuple(sorted(found.values(), key=lambda each: (-each.ms, each.fingerprint, each.user or "", each.miss)))


def _hits(days: Sequence[Repeats]) -> Counter[str | None]:
    """Answers from the cache by user."""
    counts: Counter[str | None] = Counter()
    for day in days:
        counts[day.user] += day.cached
    return counts


def unjudged(account: Account) -> tuple[int, float, tuple[str, ...]]:
    """Executions of repeated questions that are left out, their milliseconds, and why: those that took most time first."""
    reads = {read.template.fingerprint: read for read in account.templates}
    spent: defaultdict[str, float] = defaultdict(float)
    executions = 0
    for day in account.workload.repeats or ():
        why = _unknown(reads[day.fingerprint], account)
        if why is not None:
            executions += day.executions
            spent[why] += day.execution_ms
    return executions, sum(spent.values()), tuple(sorted(spent, key=lambda why: (-spent[why], why)))


def _unknown(read: ReadTemplate, account: Account) -> str | None:
    """Why it isn't known when the template's tables changed; None where it is known of all of them."""
    scans = set(read.reading.scans)
    if read.reading.problem is not None:
        return "their text is not understood"
    if account.changes is None:
        return "nothing records when tables are written"
    tables = [account.catalog.tables.get(name) for name in scans]
    if not scans or any(table is None or table.kind.endswith("VIEW") for table in tables):
        return "they read what the snapshot has no table of, or a materialized view"
    if any(table is not None and table.traits & set(UNTOLD) for table in tables):
        return "they read a dynamic, Iceberg, event, temporary or shared table, whose changes no history tells"
    if scans & account.replaced:
        return "they read a table that a swap, a new name or a clone fills, and no history tells when"
    return None


def _changes(read: ReadTemplate, account: Account) -> frozenset[datetime]:
    """The hours in which any table of the template changed."""
    changes = account.changes or {}
    return frozenset().union(*(changes.get(name, frozenset()) for name in set(read.reading.scans)))


def changes_of(read: ReadTemplate, account: Account) -> frozenset[datetime] | None:
    """As above; None where that isn't known of all of its tables."""
    return None if _unknown(read, account) is not None else _changes(read, account)


def _of_question(
    read: ReadTemplate,
    days: Sequence[Repeats],
    changed: frozenset[datetime],
    hits: Mapping[str | None, int],
    catalog: Catalog,
) -> list[Missed]:
    text = read.template.text
    forbidden = never_served(read, catalog)
    moment = texts.asks_moment(text)
    found = []
    for seen in replay(days, changed):
        noisy = seen.day.two_texts is not None and texts.same_question(*seen.day.two_texts)
        uncached = seen.day.user is not None and not hits[seen.day.user]
        counts = reasons(seen, Asked(forbidden, moment, noisy, uncached))
        found += [
            Missed(
                seen.day.fingerprint,
                seen.day.user,
                miss,
                count,
                count * seen.ms_each,
                seen.same_hour * seen.ms_each if miss is Miss.MOMENT else 0.0,
                seen.day,
            )
            for miss, count in counts.items()
        ]
    return found


def never_served(read: ReadTemplate, catalog: Catalog) -> bool:
    """No result of it is reused, whatever its text and its tables' writes."""
    tables = [catalog.tables[name] for name in read.reading.scans]
    return texts.never_reused(read.template.text) or any(table.traits & set(NOT_REUSED) for table in tables)
