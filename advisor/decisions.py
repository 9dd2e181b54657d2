"""What people have decided about recommendations: the `[[decisions]]` of `advisor.toml`.

[[decisions]]
id = "clustering_key-0123456789ab"
state = "snoozed"                     # accepted, dismissed or snoozed
reason = "after the migration"
author = "Ann"
until = 2026-12-31                    # optional: from the next day on it is advice like any other
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from advisor.model import Decision

STATES = ("accepted", "dismissed", "snoozed")
_ID = re.compile(r"[a-z_]+-[0-9a-f]{8,}")
_NEEDED = ("id", "state", "reason", "author")


def read(value: object) -> tuple[Decision, ...]:
    """The decisions that a setting holds. Raises TypeError and ValueError, each saying which decision can't be used."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, Mapping) for each in value):
        raise TypeError("it is a list of tables: [[decisions]]")
    found = tuple(_decision(each) for each in value)
    twice = {each.id for each in found if sum(other.id == each.id for other in found) > 1}
    if twice:
        raise ValueError(f"{min(twice)} is decided twice")
    return found


def _decision(given: Mapping[str, object]) -> Decision:
    name = given.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ValueError(f"{name!r} is not the id of a recommendation")
    unknown = given.keys() - {*_NEEDED, "until"}
    if unknown:
        raise ValueError(f"{name} has an unknown key {min(unknown)}")
    texts = {key: given.get(key) for key in _NEEDED}
    missing = [key for key, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if missing:
        raise ValueError(f"{name} lacks its {missing[0]}")
    if texts["state"] not in STATES:
        raise ValueError(f"the state of {name} is {texts['state']!r}, not one of {', '.join(STATES)}")
    until = given.get("until")
    if until is not None and (isinstance(until, datetime) or not isinstance(until, date)):
        raise ValueError(f"{name} has an until that is no date, such as 2026-12-31")
    if texts["state"] == "snoozed" and until is None:
        raise ValueError(f"{name} is snoozed without an until")
    return Decision(name, str(texts["state"]), str(texts["reason"]), str(texts["author"]), until)


def in_force(decisions: Iterable[Decision], ids: Iterable[str], day: date) -> tuple[Decision, ...]:
    """Those about these recommendations that hold on that day, in order of id."""
    known = frozenset(ids)
    held = (each for each in decisions if each.id in known and (each.until is None or each.until >= day))
    return tuple(sorted(held, key=lambda each: each.id))


def without_effect(decisions: Iterable[Decision], ids: Iterable[str], day: date) -> tuple[str, ...]:
    """A sentence for each that changes nothing on that day: it has ended, or no such advice is given. In order of id."""
    known = frozenset(ids)
    said = []
    for each in sorted(decisions, key=lambda each: each.id):
        if each.id not in known:
            said.append(f"{each.id} ({each.state} by {each.author}) is not advised now: applied, rejected, or mistyped")
        elif each.until is not None and each.until < day:
            said.append(f"{each.id} ({each.state} by {each.author}) ended on {each.until}: it is advice like any other")
    return tuple(said)
