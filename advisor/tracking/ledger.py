"""The ledger: what became of each recommendation, week by week, in one small file that is committed with the reports.

A line is an event and a JSON object: `id`, `on` (the last day of the history that showed it), `event`, and what belongs to it.
Lines stand in order of id and day, so two branches that learned different things merge without a conflict.

    advised → accepted or dismissed → applied → confirmed, not proven or regressed → reverted
    advised → withdrawn: a later history no longer supports it
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.destinations import written
from advisor.errors import InputError
from advisor.model import Decision, Target
from advisor.published import Published

if TYPE_CHECKING:
    from advisor.tracking.tracker import Tracking

EVENTS = (
    "advised",
    "accepted",
    "dismissed",
    "withdrawn",
    "applied",
    "confirmed",
    "not proven",
    "regressed",
    "reverted",
)
"""In the order in which those of one day are told."""
_REMEMBERED = ("cause", "clustering_key")
"""What of a recommendation's details its change is recognised by."""
WAITING = frozenset({"advised", "accepted", "dismissed"})
STANDING = frozenset({"applied", "confirmed", "not proven", "regressed"})
OVER = frozenset({"withdrawn", "reverted"})
"""After these the same recommendation is news again."""


@dataclass(frozen=True)
class Entry:
    id: str
    on: date
    event: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready. `advised` keeps what the change is, a verdict what was predicted and observed."""


@dataclass(frozen=True)
class Change:
    """What an `advised` entry remembers, enough to see in a catalog whether it was made."""

    kind: str
    action: str
    target: Target
    details: Mapping[str, object]
    apply: tuple[str, ...]


def read(path: Path) -> tuple[Entry, ...]:
    """The ledger's entries in order; none where there is no file yet. Raises InputError for a line that is no entry."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the ledger {path}: {error}") from error
    return ordered(_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Replaces the file whole. Raises InputError where it can't be written."""
    written(path, "".join(_line(entry) + "\n" for entry in ordered(entries)))


def ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each entry once, in order of id, day and the course that a life takes."""
    once = {_line(entry): entry for entry in entries}
    return tuple(sorted(once.values(), key=lambda e: (e.id, e.on, EVENTS.index(e.event), _line(e))))


def latest(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The last event of each recommendation."""
    return {entry.id: entry for entry in ordered(entries)}


def known(entries: Sequence[Entry]) -> frozenset[str]:
    """Ids that are no news: told before and neither withdrawn nor reverted since."""
    return frozenset(name for name, entry in latest(entries).items() if entry.event not in OVER)


def change(entries: Sequence[Entry], name: str) -> Change | None:
    """What the recommendation was when it was last advised."""
    told = [entry for entry in entries if entry.id == name and entry.event == "advised"]
    if not told:
        return None
    facts = told[-1].facts
    details = {name: facts[name] for name in _REMEMBERED if name in facts}
    return Change(facts["kind"], facts["action"], Target(**facts["target"]), details, tuple(facts["apply"]))


def advised(
    entries: Sequence[Entry],
    recommendations: Sequence[Published],
    on: date,
    in_force: Callable[[Change], bool | None],
    decisions: Sequence[Decision] = (),
) -> tuple[Entry, ...]:
    """The ledger after a run: what is new is advised; what is no longer advised was applied or is withdrawn; what stood
    and stands no longer was reverted; what was decided in `advisor.toml` is noted. The same run twice adds nothing."""
    last, made = latest(entries), {each.id: each for each in recommendations}
    added = [
        Entry(name, on, "advised", _facts(each))
        for name, each in made.items()
        if name not in last or last[name].event in OVER
    ]
    for name, entry in last.items():
        about = change(entries, name)
        if name in made or about is None:
            continue
        shown = in_force(about)
        if entry.event in WAITING:
            added.append(Entry(name, on, "applied" if shown else "withdrawn"))
        elif entry.event in STANDING and shown is False:
            added.append(Entry(name, on, "reverted"))
    return _decided(ordered((*entries, *added)), decisions, on)


def _decided(entries: tuple[Entry, ...], decisions: Sequence[Decision], on: date) -> tuple[Entry, ...]:
    """Notes each decision that the ledger doesn't show yet; a snooze is none, it only waits."""
    last = latest(entries)
    news = (
        Entry(each.id, on, each.state, {"note": each.reason, "author": each.author})
        for each in decisions
        if each.state in WAITING and each.id in last and last[each.id].event in WAITING - {each.state}
    )
    return ordered((*entries, *news))


def tracked(entries: Sequence[Entry], found: Tracking) -> tuple[Entry, ...]:
    """The ledger after `advisor track`: each verdict, and the application that it rests on where that wasn't told yet."""
    last, on = latest(entries), found.after.date()
    added = []
    for outcome in found.outcomes:
        about = outcome.recommendation
        if outcome.verdict is None:
            continue
        if about.id not in last:
            added.append(Entry(about.id, found.before.date(), "advised", _facts(about)))
        if about.id not in last or last[about.id].event not in STANDING:
            added.append(Entry(about.id, found.since.date(), "applied"))
        facts = {
            "kind": about.kind,
            "predicted_credits_per_month": None if about.benefit.credits is None else about.benefit.credits.expected,
            "observed_credits_per_month": None if outcome.saved is None else _short(outcome.saved.expected),
            "observed_over_predicted": None if outcome.calibration is None else _short(outcome.calibration),
        }
        added.append(Entry(about.id, on, str(outcome.verdict), facts))
    return ordered((*entries, *added))


def _facts(about: Published) -> dict[str, Any]:
    target = about.target
    facts: dict[str, Any] = {
        "kind": about.kind,
        "action": about.action,
        "target": {"type": target.type, "database": target.database, "schema": target.schema, "name": target.name},
        "net_credits_per_month": about.net.expected,
        "apply": list(about.apply),
    }
    return facts | {name: about.details[name] for name in _REMEMBERED if name in about.details}


def _line(entry: Entry) -> str:
    content = {"id": entry.id, "on": entry.on.isoformat(), "event": entry.event, **dict(sorted(entry.facts.items()))}
    return json.dumps(content, ensure_ascii=True, allow_nan=False)


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        content = json.loads(line)
        name, on, event = content.pop("id"), date.fromisoformat(content.pop("on")), content.pop("event")
        if not isinstance(name, str) or event not in EVENTS:
            raise ValueError(f"no event {event!r}")
        if event == "advised":
            Target(**content["target"])
            (content["kind"], content["action"], tuple(content["apply"]))
        return Entry(name, on, event, content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}, line {number} is no ledger entry ({error}); mend it or take the line out") from error


def _short(value: float) -> float:
    return float(f"{value:.4g}") + 0.0
