"""When a question could be asked once between a load and its first reader, so that the reader finds the answer in the cache."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from advisor.model import Repeats
from advisor.reuse.replay import replay

HOURS = 24
APART = 2
"""Hours between the one in which the last load begins and the first reader's, at least: a load may run into the next."""


@dataclass(frozen=True)
class Warming:
    """A run at half past the hour, UTC, on the weekdays that the question is asked on."""

    hour: int
    weekdays: tuple[int, ...]
    """As cron counts them: 0 is Sunday."""
    spared: int
    """Of the window's readers, those who came first after a load."""
    ms_each: float

    def runs(self, days: float) -> float:
        """In so many days."""
        return days * len(self.weekdays) / 7


def warming(days: Sequence[Repeats], changes: Collection[datetime]) -> Warming | None:
    """Of one question; None where loads and readers aren't apart."""
    asked = {hour for day in days for hour, _ in day.hours}
    first = _first_hour(asked, {change.hour for change in changes})
    if first is None:
        return None
    seen = replay(days, frozenset(changes))
    spared = sum(min(1, each.changed) for each in seen)
    executions = sum(day.executions for day in days)
    if not spared or not executions:
        return None
    at = (first - 1) % HOURS
    weekdays = {(each.day.day.isoweekday() - (first == 0)) % 7 for each in seen if each.changed}
    return Warming(at, tuple(sorted(weekdays)), spared, sum(day.execution_ms for day in days) / executions)


def _first_hour(asked: Collection[int], changed: Collection[int]) -> int | None:
    """The first reader's hour of the day, where all readers come after the last load and before the next day's first."""
    if not changed:
        return None
    for first in sorted(asked):
        readers = [(hour - first) % HOURS for hour in asked]
        loads = [(hour - first) % HOURS for hour in changed]
        if max(readers) < min(loads) and HOURS - max(loads) >= APART:
            return first
    return None
