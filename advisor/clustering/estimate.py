"""What a clustering key would bring and cost."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.clustering.upkeep import Prices
from advisor.model import Change, KeyPart, Range
from advisor.profile import TableProfile
from advisor.pruning.closed_form import Floats
from advisor.pruning.layout import Layout

DISPUTED = 1.5


@dataclass(frozen=True)
class Estimate:
    """A key and what it would bring; the arrays go by `TableProfile.loads`, in partitions per execution."""

    key: tuple[KeyPart, ...]
    after: Floats
    after_low: Floats
    after_high: Floats
    """The range that each load's `after` is expected to lie in."""
    partitions: Change
    bytes: Change | None
    seconds: Change
    credits: Range
    """Saved a month."""
    credits_by_load: tuple[Floats, Floats, Floats]
    """The same by load: low, expected, high."""
    build: Range
    """Credits, once, by setting the key."""
    sorted_build: Range
    """Credits, once, by a sorted rewrite on a warehouse before the key is set."""
    paths: Range
    """Credits of either build that the table's search access paths take, which are built anew with it."""
    views: Range
    """Credits of either build that the materialized views over the table take, which are refreshed with it."""
    upkeep: Range
    """Credits a month."""
    net: Range
    """Credits a month, the build spread over `Settings.payback_months`."""
    assumed_churn: bool
    """The table's writes aren't recorded: upkeep assumes up to a full turnover a month."""
    prices: Prices
    otherwise: float | None
    """Partitions a month by the next weaker evidence (a sample's statistics, statistics' history); None without one."""

    @property
    def disputed(self) -> bool:
        """Two kinds of evidence differ on it by more than half."""
        if self.otherwise is None:
            return False
        one, other = max(1.0, self.partitions.after.expected), max(1.0, self.otherwise)
        return max(one, other) > DISPUTED * min(one, other)

    @property
    def credits_each(self) -> tuple[Range, ...]:
        """`credits_by_load` as ranges."""
        return tuple(map(Range, *(each.tolist() for each in self.credits_by_load)))

    def gains(self, profile: TableProfile) -> list[float]:
        """Partitions a window that each load no longer reads; negative where it reads more."""
        return [
            0.0 if load.before is None else (load.before - float(after)) * load.template.executions
            for load, after in zip(profile.loads, self.after, strict=True)
        ]


def evidence(layout: Layout) -> str:
    """What the predictions rest on: a sample of the rows, statistics of all columns asked, or the history alone."""
    if layout.sample is not None:
        return "sample"
    return "statistics" if all(axis.known for axis in layout.axes.values()) else "history"
