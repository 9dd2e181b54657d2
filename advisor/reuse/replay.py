"""Which executions the result cache could have answered, and why it didn't: the history replayed hour by hour.

A result is reused for 24 hours, and as long as the data beneath stays as it is. Within an hour in which a table changed, each
execution is taken to have followed a change of its own, so what counts as an unchanged repeat surely was one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from advisor.model import Repeats

HOUR = timedelta(hours=1)
KEPT = timedelta(hours=24)
"""How long Snowflake keeps a result that nobody asks for again."""


class Miss(StrEnum):
    """Why an execution wasn't answered from the result cache."""

    FIRST = "nobody had asked it before"
    EXPIRED = "its last result was older than 24 hours"
    CHANGED = "the data had changed since"
    PLATFORM = "it reads a table whose results Snowflake does not reuse"
    MOMENT = "its text asks for the present moment"
    TEXT = "its text differs in case, blanks or comments"
    ROLE = "it was asked under another role"
    SETTING = "the result cache seems to be off for its user"
    UNEXPLAINED = "the history does not say why"


@dataclass(frozen=True)
class Repeated:
    """The executions of one question on one day by what the result cache could have done for them."""

    day: Repeats
    first: int
    expired: int
    changed: int
    unchanged: int
    """Nothing had changed: only text, role or setting can have kept them from the cache."""
    same_hour: int
    """Those of `unchanged` that followed another asking within the same hour of the clock."""
    stretches: int
    """Runs of askings between two changes: in each, every text has to be run once."""

    @property
    def ms_each(self) -> float:
        return self.day.execution_ms / self.day.executions if self.day.executions else 0.0


def replay(days: Sequence[Repeats], changes: frozenset[datetime]) -> tuple[Repeated, ...]:
    """One question's days, in order. `changes`: the hours in which any of its tables changed."""
    found: list[Repeated] = []
    last: datetime | None = None
    for day in sorted(days, key=lambda day: day.day):
        found.append(_replayed(day, last, changes))
        last = day.last if last is None else max(last, day.last)
    return tuple(found)


def _replayed(day: Repeats, last: datetime | None, changes: frozenset[datetime]) -> Repeated:
    seen = Repeated(day, 0, 0, 0, 0, 0, 0)
    for hour, executions in day.hours:
        at = day.day + hour * HOUR
        seen = _asked(seen, at, executions, last, changes)
        last = max(at + HOUR, last) if last is not None else at + HOUR
    return seen


def _asked(seen: Repeated, at: datetime, times: int, last: datetime | None, changes: frozenset[datetime]) -> Repeated:
    """After `times` executions in the hour that begins at `at`; the question was asked last before `last`."""
    if at in changes:
        return replace(seen, changed=seen.changed + times, stretches=seen.stretches + 1)
    again = replace(seen, unchanged=seen.unchanged + times - 1, same_hour=seen.same_hour + times - 1)
    if last is None:
        return replace(again, first=again.first + 1, stretches=again.stretches + 1)
    if at - last > KEPT:
        return replace(again, expired=again.expired + 1, stretches=again.stretches + 1)
    if any(hour in changes for hour in _hours(last, at)):
        return replace(again, changed=again.changed + 1, stretches=again.stretches + 1)
    return replace(again, unchanged=again.unchanged + 1, stretches=max(1, again.stretches))


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    """The hours of the clock from the one before `since` up to `until`."""
    hour = (since - HOUR).replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield hour
        hour += HOUR


@dataclass(frozen=True)
class Asked:
    """What else is known of a question, beyond when it was asked."""

    forbidden: bool
    """It reads a hybrid or an external table, or calls what Snowflake never reuses."""
    moment: bool
    """Its text asks for the present moment."""
    noisy: bool
    """Its texts differ in case, blanks and comments indeed, and in nothing else."""
    uncached_user: bool
    """Its one user got no answer from the cache in the whole window."""


def reasons(seen: Repeated, asked: Asked) -> dict[Miss, int]:
    """The day's executions by the likely reason why the cache didn't answer; they add up to all that ran."""
    counts = {Miss.FIRST: seen.first, Miss.EXPIRED: seen.expired, Miss.CHANGED: seen.changed}
    return {miss: count for miss, count in (counts | _unserved(seen, asked)).items() if count}


def _unserved(seen: Repeated, asked: Asked) -> dict[Miss, int]:
    """The unchanged repeats: each text, and each role, needs one run of its own between two changes."""
    left = seen.unchanged
    if asked.forbidden or asked.moment:
        return {Miss.PLATFORM if asked.forbidden else Miss.MOMENT: left}
    text = min(left, (seen.day.texts - 1) * seen.stretches) if asked.noisy else 0
    role = min(left - text, (seen.day.roles - 1) * seen.stretches)
    rest = Miss.SETTING if asked.uncached_user else Miss.UNEXPLAINED
    return {Miss.TEXT: text, Miss.ROLE: role, rest: left - text - role}
