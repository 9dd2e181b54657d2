"""Before and after → what each applied recommendation brought: confirmed, not proven or regressed.

The change is recognised in the catalog, its templates are matched by fingerprint and compared with those that nothing was
done to, and what keeping it up was billed is taken off. A verdict speaks for net credits, not for time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import numpy as np

from advisor.cost import DAYS_PER_MONTH
from advisor.model import ZERO, Catalog, QueryTemplate, Range
from advisor.published import Publication, Published
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.tracking import windows
from advisor.tracking.effect import LEAST_CONTROLS, LEAST_EXECUTIONS, Drift, Treated, drift, saving, shift
from advisor.tracking.in_force import State, state
from advisor.tracking.runs import Runs
from advisor.tracking.windows import Window, controls, window

LAYOUT_KINDS = frozenset({"clustering_key", "history_partitioning"})
"""Every scan of the table feels such a change, so all its templates are judged and not only those that the advice named."""


class Verdict(StrEnum):
    CONFIRMED = "confirmed"
    NOT_PROVEN = "not proven"
    REGRESSED = "regressed"


@dataclass(frozen=True)
class TemplateOutcome:
    fingerprint: str
    executions_before: float
    executions_after: float
    ms_before: float
    """Medians."""
    ms_after: float
    partitions_before: float | None
    """Means per execution, over all tables that it reads."""
    partitions_after: float | None
    predicted_ratio: float | None
    """Partitions after over before, as the advice expected; None where it said nothing of this template."""

    @property
    def observed_ratio(self) -> float | None:
        if not self.partitions_before or self.partitions_after is None:
            return None
        return self.partitions_after / self.partitions_before


@dataclass(frozen=True)
class Outcome:
    """What became of one recommendation."""

    recommendation: Published
    state: State
    verdict: Verdict | None
    """None for a recommendation that wasn't applied."""
    reason: str
    templates: tuple[TemplateOutcome, ...] = ()
    saved: Range | None = None
    """Credits a month; low and high are one-sided 99% bounds. None where it can't be told."""
    upkeep: Range | None = None
    upkeep_observed: bool = False
    calibration: float | None = None
    """Observed over predicted saving, both at the volume of the window before; None where the verdict rests on nothing."""

    @property
    def net(self) -> Range | None:
        """Saved less upkeep; the build is spent and no longer counts."""
        return None if self.saved is None or self.upkeep is None else self.saved - self.upkeep


@dataclass(frozen=True)
class Tracking:
    before: datetime
    """The end of the window before."""
    since: datetime
    after: datetime
    drift: Drift | None
    outcomes: tuple[Outcome, ...]


def track(
    before: Snapshot,
    after: Snapshot,
    advice: Publication,
    settings: Settings,
    applied: Collection[str] = (),
    since: datetime | None = None,
) -> Tracking:
    """A verdict for each recommendation that the catalogs show as applied, and for the ids in `applied`.

    Executions of `after` count from `since` on (UTC, without a zone), by default from the end of the window before.
    """
    start = max(since or before.window_end, after.window_start)
    old, new = window(before, settings, before.window_start), window(after, settings, start)
    shown = {each.id: state(each, old.catalog, new.catalog) for each in advice.recommendations}
    states = {name: State.APPLIED if name in applied and was != State.REMADE else was for name, was in shown.items()}
    made = [each for each in advice.recommendations if states[each.id] == State.APPLIED]
    felt = [each for each in advice.recommendations if states[each.id] in (State.APPLIED, State.REMADE)]
    drifted = drift(controls(old, new, {name for each in felt for name in each.tables}))
    judge = _Judge(old, new, drifted, settings)
    outcomes = [
        judge.outcome(each, [other for other in made if other is not each], _upkeep(each, before, after, start))
        if each in made
        else Outcome(each, states[each.id], None, _unjudged(each, states[each.id], new.catalog))
        for each in advice.recommendations
    ]
    return Tracking(before.window_end, start, after.window_end, drifted, tuple(outcomes))


def _unjudged(about: Published, found: State, after: Catalog) -> str:
    if found == State.REMADE:
        created = next((t.created for t in after.tables.values() if str(t.name) in about.tables), None)
        on = "" if created is None else f" on {created:%Y-%m-%d}"
        return f"The table was made anew{on} and has no key: one that was set on the old table is lost. Set it where the table is made."
    return {
        State.NOT_APPLIED: "The catalog shows no change.",
        State.OTHERWISE: "The object was changed, but not to what was advised.",
        State.GONE: "The object stands no longer under its name.",
        State.BEFORE: "It was in force already in the window before.",
        State.UNKNOWN: "The catalog can't show a change of this kind: name it with --applied once it is made.",
    }[found]


# ---------------------------------------------------------------- one recommendation


@dataclass(frozen=True)
class _Judge:
    old: Window
    new: Window
    drift: Drift | None
    settings: Settings

    def outcome(self, about: Published, others: Sequence[Published], billed: Range | None) -> Outcome:
        names = self._concerned(about)
        templates = tuple(self._template(name, about) for name in sorted(names))
        base = Outcome(about, State.APPLIED, Verdict.NOT_PROVEN, "", templates)
        shared = [each.id for each in others if names & self._concerned(each)]
        if shared:
            return replace(base, reason=f"Its templates also feel {', '.join(shared)}: the two can't be told apart.")
        if self.drift is None:
            return replace(base, reason=f"Fewer than {LEAST_CONTROLS} templates were left alone, so drift is unknown.")
        treated = self._treated(names)
        if not treated and not (about.action == "drop" and billed):
            return replace(base, reason=f"No template of it ran {LEAST_EXECUTIONS} times in both windows.")
        saved = saving(treated, self.drift) if treated else ZERO
        found = replace(
            base,
            saved=saved,
            upkeep=billed or about.cost.upkeep_credits_per_month,
            upkeep_observed=billed is not None,
            calibration=self._ratio(about, names),
        )
        verdict, reason = _settled(found)
        return replace(found, verdict=verdict, reason=reason)

    def _concerned(self, about: Published) -> frozenset[str]:
        """The templates that feel it and ran in both windows."""
        both = self.old.runs.keys() & self.new.runs.keys()
        named = {each.fingerprint for each in about.templates}
        tables = frozenset(about.tables)
        if about.kind in LAYOUT_KINDS or not named:
            named |= {name for name, touched in self.new.touched.items() if touched & tables}
        return frozenset(named & both)

    def _treated(self, names: Collection[str]) -> list[Treated]:
        moves = ((name, shift(self.old.runs[name], self.new.runs[name])) for name in sorted(names))
        return [Treated(move, self._credits(name, self.new)) for name, move in moves if move is not None]

    def _credits(self, name: str, volume: Window) -> float:
        """Credits a month of a template's executions in `volume`, at the time per execution of the window before."""
        rate = _credits_per_hour(self.old.templates[name], self.settings)
        monthly = volume.runs[name].executions / volume.days * DAYS_PER_MONTH
        return monthly * float(self.old.runs[name].ms.mean()) / 3_600_000 * rate

    def _ratio(self, about: Published, names: Collection[str]) -> float | None:
        """Observed over predicted at the volume and without the drift of the window before."""
        predicted = about.benefit.credits
        if predicted is None or predicted.expected <= 0 or self.drift is None:
            return None
        level = self.drift.common.value
        moves = ((name, shift(self.old.runs[name], self.new.runs[name])) for name in sorted(names))
        saved = [self._credits(name, self.old) * (1 - np.exp(m.value - level)) for name, m in moves if m is not None]
        return float(sum(saved)) / predicted.expected

    def _template(self, name: str, about: Published) -> TemplateOutcome:
        old, new = self.old.runs[name], self.new.runs[name]
        said = next((each for each in about.templates if each.fingerprint == name), None)
        predicted = said.after / said.before if said and said.before and said.after is not None else None
        return TemplateOutcome(
            name,
            old.executions,
            new.executions,
            float(np.median(old.ms)),
            float(np.median(new.ms)),
            _mean(old),
            _mean(new),
            predicted,
        )


def _settled(found: Outcome) -> tuple[Verdict, str]:
    saved, net = found.saved, found.net
    assert saved is not None
    if saved.high < 0:
        return Verdict.REGRESSED, "Its queries take longer."
    if net is None:
        return Verdict.NOT_PROVEN, "What its upkeep takes is not known."
    if net.low > 0:
        return Verdict.CONFIRMED, "It saves more than its upkeep takes."
    if net.high < 0:
        return Verdict.REGRESSED, "Its upkeep takes more than it saves."
    return Verdict.NOT_PROVEN, "What it nets lies within the noise of these windows."


def _mean(runs: Runs) -> float | None:
    known = runs.partitions[~np.isnan(runs.partitions)]
    return float(known.mean()) if len(known) else None


def _credits_per_hour(template: QueryTemplate, settings: Settings) -> float:
    ms = sum(use.execution_ms for use in template.warehouses)
    if not ms:
        return settings.price(None)
    return sum(settings.price(use.size) * use.execution_ms for use in template.warehouses) / ms


def _upkeep(about: Published, before: Snapshot, after: Snapshot, since: datetime) -> Range | None:
    """Credits a month that upkeep takes more than it took before, from the later half of the window after: the build
    comes first. None where the snapshot after doesn't hold the bill; all of it is new where the one before doesn't."""
    later = windows.billed(about, after, since + (after.window_end - since) / 2)
    if later is None:
        return None
    more = later - (windows.billed(about, before, before.window_start) or 0.0)
    return Range(more, more, more)
