"""What judges a table's keys: candidate → estimate.

Partitions come from the pruning model, milliseconds a partition from the history's own slopes, credits from prices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from advisor import cost
from advisor.clustering import upkeep
from advisor.clustering.estimate import Estimate, evidence
from advisor.clustering.upkeep import Prices
from advisor.model import ZERO, Change, Churn, KeyPart, Range
from advisor.profile import TableProfile
from advisor.pruning.closed_form import Floats
from advisor.pruning.counting import count
from advisor.pruning.intervals import Scans, bounds
from advisor.pruning.layout import Layout
from advisor.pruning.prediction import predict
from advisor.pruning.widths import UNSORTED
from advisor.services import paths
from advisor.settings import Settings

Flags = NDArray[np.bool_]

LAGGING_DEPTH = 2.0  # overlapping partitions while automatic clustering lags behind the writes: the pessimistic case
ROUNDING = 1e-9  # of what is summed: sums of thousands of terms in another order differ by less
SORTED_DEPTH = 1.0  # of a table that nothing is written to, once it is in order


@dataclass(frozen=True)
class Judge:
    """One table's loads as arrays, and the prices of what they scan. Partitions are per execution, `monthly` executions."""

    profile: TableProfile
    settings: Settings
    days: float
    before: Floats
    monthly: Floats
    saved_ms: tuple[Floats, Floats, Floats]
    added_ms: tuple[Floats, Floats, Floats]
    """Milliseconds a partition: low, expected, high."""
    rates: Floats
    """Credits an hour."""
    asks: Flags
    fixed: Flags
    """The load scans the same whatever the key: its LIMIT stops it, or nothing is known of it."""

    @staticmethod
    def of(
        profile: TableProfile, prices: Mapping[str, cost.ScanPrice | None], settings: Settings, days: float
    ) -> Judge:
        loads = profile.loads
        priced = [prices[load.template.fingerprint] for load in loads]
        return Judge(
            profile,
            settings,
            days,
            np.array([load.before or 0.0 for load in loads]),
            np.array([load.template.executions / days * cost.DAYS_PER_MONTH for load in loads]),
            _columns([p.saved_ms if p else ZERO for p in priced]),
            _columns([p.added_ms if p else ZERO for p in priced]),
            np.array([p.credits_per_hour if p else 0.0 for p in priced]),
            np.array([load.asks for load in loads]),
            np.array([load.limited or load.before is None for load in loads]),
        )

    @cached_property
    def prices(self) -> Prices:
        """What rewriting takes with the engine that keeps, or would keep, this table in order, its search access paths and the
        views over it included."""
        prices = upkeep.observed(self.profile.bills, self.profile.engine, self.settings)
        beside = (self.paths + self.views).scaled(cost.GIB / (self.profile.table.bytes or math.inf))
        return replace(prices, beside_per_gib=beside)

    @cached_property
    def paths(self) -> Range:
        """Credits, once: a rewrite of the table builds its search access paths anew."""
        return paths.built_anew(self.profile, self.settings)

    @cached_property
    def views(self) -> Range:
        """Credits, once: a rewrite of the table has the materialized views over it refreshed."""
        scanned = self.before * self.monthly
        read = float((scanned * self.saved_ms[1] * self.rates).sum()) / cost.MS_PER_HOUR
        each = read / (float(scanned.sum()) or math.inf)
        return paths.refreshed(self.profile, each, self.days, self.settings)

    @cached_property
    def at_stake(self) -> Floats:
        """Credits a month between reading all of the table in each scan and none: what a load pays for today, or is spared."""
        scanned = np.where(self.fixed, 0.0, self.before)
        spared = np.where(self.fixed, 0.0, np.maximum(0, self.profile.partitions - self.before))
        return (scanned * self.saved_ms[1] + spared * self.added_ms[1]) * self.monthly * self.rates / cost.MS_PER_HOUR

    def _saved(self, after: Floats, which: int, factor: Floats, dearest: float = cost.STEEPEST) -> Floats:
        """Milliseconds a month × factor that each load saves, at the low, expected or high price of a partition; one that is
        added takes so many times the expected one at most."""
        fewer = self.before - after
        added = np.minimum(self.added_ms[which], self.added_ms[1] * dearest)
        return fewer * np.where(fewer > 0, self.saved_ms[which], added) * self.monthly * factor

    def after(self, key: Sequence[KeyPart], depth: float = 1.0) -> Floats:
        """Partitions that each load scans per execution under the key.

        What prunes a load without conditions of its own (a join, a top-k) follows the present order of the rows: it
        stays under a key that keeps this order and is taken to end under any other.
        """
        return self._settled(key, predict(self.profile.layout, key, depth))

    def counted(self, key: Sequence[KeyPart]) -> Floats:
        """The same, counted on the row sample where there is one."""
        return self._settled(key, count(self.profile.layout, key))

    def _settled(self, key: Sequence[KeyPart], scanned: Floats) -> Floats:
        unasked = self.before if _keeps_load_order(self.profile.layout, key) else np.maximum(self.before, scanned)
        return np.where(self.fixed, self.before, np.where(self.asks, scanned, unasked))

    @cached_property
    def quick_nets(self) -> dict[tuple[tuple[KeyPart, ...], bool], float]:
        """What `quick_net` has found so far: a search ranks the same keys several times."""
        return {}

    def quick_net(self, key: tuple[KeyPart, ...], counted: bool = False) -> float:
        """Expected net credits a month, for ranking many keys: by the closed form, or counted on the sample."""
        if (key, counted) not in self.quick_nets:
            after = self.counted(key) if counted else self.after(key)
            saved = float(self._saved(after, 1, self.rates).sum()) / cost.MS_PER_HOUR
            keeping, _ = self.upkeep(key)
            self.quick_nets[key, counted] = saved - keeping.expected
        return self.quick_nets[key, counted]

    def may_pay(self, key: tuple[KeyPart, ...]) -> bool:
        """Whether the key nets what a change must bring, or little less: if not, to judge it in full would only find that."""
        keeping, _ = self.upkeep(key)
        build = self.build.expected / self.settings.payback_months
        net = self.quick_net(key, self.profile.layout.sample is not None) - build
        summed = float(self.at_stake.sum()) + keeping.expected + build
        return net > self.settings.min_net_credits_per_month - summed * ROUNDING

    @cached_property
    def build(self) -> Range:
        """Credits, once, by setting a key."""
        if self.profile.recreated_by is not None:
            return ZERO
        return upkeep.build(float(self.profile.table.bytes or 0), self.prices)

    def upkeep(self, key: Sequence[KeyPart]) -> tuple[Range, bool]:
        """Credits a month, over what the key in force takes; and whether the table's writes had to be assumed."""
        return self.upkeeps[_keeps_load_order(self.profile.layout, key)]

    @cached_property
    def upkeeps(self) -> Mapping[bool, tuple[Range, bool]]:
        """By whether the key keeps the order of loading."""
        return {ordered: self._upkeep(ordered) for ordered in (False, True)}

    def _upkeep(self, ordered: bool) -> tuple[Range, bool]:
        table, churn = self.profile.table, self.profile.churn
        # No key is judged for a table of unknown size.
        assert table.rows is not None
        assert table.bytes is not None
        rows = float(table.rows)
        assumed = churn is None
        if self.profile.recreated_by is not None:
            # Each run of its owner sorts it whole, on the owner's warehouse.
            sorting = upkeep.sorted_build(table.bytes).scaled(self.profile.recreated_by.runs_per_month)
            return (Range(0, 0, sorting.high) if table.clustering_key else sorting), False
        written = churn or Churn(rows / cost.DAYS_PER_MONTH, 0, 0)
        partitions, fan_in = self.profile.partitions, self.settings.merge_fan_in
        full = upkeep.upkeep(written, rows, table.bytes, partitions, ordered, self.prices, fan_in)
        if table.clustering_key:
            return Range(0, 0, full.high), assumed
        return (Range(0, full.expected / 2, full.high) if assumed else full), assumed

    def estimate(self, key: tuple[KeyPart, ...]) -> Estimate:
        return self.judged(key, self.counted(key))

    def judged(self, key: tuple[KeyPart, ...], after: Floats) -> Estimate:
        """What the key brings when each load scans so many partitions, however that was come by."""
        # Of two dozen texts that read the same the mean is it but for rounding, which is no saving.
        after = np.where(np.isclose(after, self.before, rtol=ROUNDING, atol=0), self.before, after)
        scans = self.scans(key, after)
        credits = self._range(scans, self.rates / cost.MS_PER_HOUR)
        keeping, assumed = self.upkeep(key)
        size = float(self.profile.table.bytes or 0)
        net = credits - keeping - self.build.scaled(1 / self.settings.payback_months)
        partitions, each = self._partitions(scans), self.profile.partition_bytes
        return Estimate(
            key,
            after,
            scans.low,
            scans.high,
            partitions,
            None if each is None else Change(partitions.before * each, partitions.after.scaled(each)),
            self._seconds(scans),
            credits,
            self._each(scans),
            self.build,
            upkeep.sorted_build(size) + self.paths + self.views,
            self.paths,
            self.views,
            keeping,
            net,
            assumed,
            self.prices,
            self._otherwise(key),
        )

    def _otherwise(self, key: Sequence[KeyPart]) -> float | None:
        weaker = self.profile.layout.weaker
        if weaker is None or any(part.column not in weaker.axes for part in key):
            return None
        return float((self._settled(key, predict(weaker, key)) * self.monthly).sum())

    def scans(self, key: Sequence[KeyPart], after: Floats) -> Scans:
        """What each load scans under the key, with its range, where so much is expected."""
        layout, known = self.profile.layout, evidence(self.profile.layout)
        together = np.minimum(np.maximum(layout.partitions, after), after * self._lag(key))
        low, high = bounds(layout, key, known, after, together)
        if layout.apart is not None:
            together = np.maximum(together, self._settled(key, predict(layout.apart, key)))
        unsure = self.asks & ~self.fixed
        low, high, together = (np.where(unsure, each, after) for each in (low, np.maximum(high, together), together))
        return Scans(known, low, after, high, together)

    def _lag(self, key: Sequence[KeyPart]) -> Floats:
        """By how much each load scans more while the key's order is behind the writes, where there are any."""
        written = self.profile.churn is None or self.profile.churn != Churn(0, 0, 0)
        depth = LAGGING_DEPTH if written else SORTED_DEPTH
        return np.asarray(np.maximum(1, self.after(key, depth) / np.maximum(1, self.after(key))))

    def _range(self, scans: Scans, factor: Floats) -> Range:
        """What is saved a month: milliseconds × factor, under every price of a partition.

        The price is common to all loads: one that is added is at most as dear as those spared can be (docs/adr/0023).
        """
        dearest = cost.dearest(self.saved_ms[2], self.added_ms[1], self.before > scans.expected)
        saved = [scans.total(partial(self._saved, which=which, factor=factor, dearest=dearest)) for which in range(3)]
        return Range(min(least for _, _, least in saved), saved[1][1], max(most for most, _, _ in saved))

    def _each(self, scans: Scans) -> tuple[Floats, Floats, Floats]:
        """Credits a month that each load saves, between its most partitions at the low price and its fewest at the high."""
        factor, ends = self.rates / cost.MS_PER_HOUR, (scans.high, scans.expected, scans.low)
        worst, middle, best = (self._saved(scanned, which, factor) for which, scanned in enumerate(ends))
        return np.minimum(worst, middle), middle, np.maximum(best, middle)

    def _partitions(self, scans: Scans) -> Change:
        low, expected, high = scans.total(lambda scanned: scanned * self.monthly)
        return Change(float((self.before * self.monthly).sum()), Range(max(0.0, low), expected, high))

    def _seconds(self, scans: Scans) -> Change:
        saved = self._range(scans, np.full(len(self.before), 1 / 1000))
        return Change(self.spent, Range(self.spent, self.spent, self.spent) - saved)

    @cached_property
    def spent(self) -> float:
        """Seconds a month that the loads' executions take today."""
        times = [load.template.execution_ms.total / load.template.executions / 1000 for load in self.profile.loads]
        return float((np.array(times) * self.monthly).sum())


def _keeps_load_order(layout: Layout, key: Sequence[KeyPart]) -> bool:
    return layout.widths.get(key[0].column, 1.0) < UNSORTED


def _columns(ranges: Sequence[Range]) -> tuple[Floats, Floats, Floats]:
    return (
        np.array([figure.low for figure in ranges]),
        np.array([figure.expected for figure in ranges]),
        np.array([figure.high for figure in ranges]),
    )
