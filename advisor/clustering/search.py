"""The search for the candidate keys of an account's tables: each is made once, beside what else is done where that pays."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from advisor.beside import Begun, Beside
from advisor.clustering import verdict
from advisor.clustering.candidates import candidates
from advisor.clustering.estimate import Estimate
from advisor.cost import ScanPrice
from advisor.model import TableName
from advisor.profile import TableProfile
from advisor.settings import Settings

Prices = Mapping[str, ScanPrice | None]

PAYS = 4_000
"""Questions that are asked of tables, from which on searching them takes longer than a process takes to start."""


@dataclass(frozen=True)
class KeySearch:
    beside: Beside | None = None
    """Where searches may be made; None: here alone."""
    _waiting: list[tuple[TableProfile, Prices, Settings, float]] = field(default_factory=list)
    """Until they are worth a process."""
    _begun: dict[TableName, tuple[TableProfile, Settings, Begun[tuple[Estimate, ...]]]] = field(default_factory=dict)
    _one: threading.Lock = field(default_factory=threading.Lock)
    """Two threads make the profiles of a back-test's tables, and begin their searches."""
    _found: dict[TableName, tuple[TableProfile, Settings, tuple[Estimate, ...]]] = field(default_factory=dict)

    def expect(self, texts: int) -> None:
        """Profiles made of so many texts will come: where these ask enough the process starts meanwhile."""
        if self.beside is not None and texts >= PAYS:
            self.beside.start()

    def begin(self, profile: TableProfile, prices: Prices, settings: Settings, days: float) -> None:
        """The table's keys will be asked for, if it may have one."""
        if self.beside is None or verdict.obstacle(profile, settings) is not None:
            return
        with self._one:
            self._waiting.append((profile, prices, settings, days))
            if self._begun or sum(len(each.layout.questions) for each, *_ in self._waiting) >= PAYS:
                for each in self._waiting:
                    self._begun[each[0].table.name] = each[0], each[2], self._handed(self.beside, *each)
                self._waiting.clear()

    def _handed(
        self, beside: Beside, profile: TableProfile, prices: Prices, settings: Settings, days: float
    ) -> Begun[tuple[Estimate, ...]]:
        own = {load.template.fingerprint: prices[load.template.fingerprint] for load in profile.loads}
        return beside.begin(candidates, _slim(profile), own, settings, days)

    def keys(self, profile: TableProfile, prices: Prices, settings: Settings, days: float) -> tuple[Estimate, ...]:
        """Most net credits first. All searches are begun before any is asked for: whoever asks first makes those that
        nobody has begun, the last first, while the process makes the first.
        """
        name = profile.table.name
        known = self._found.get(name)
        if known is None or known[0] is not profile or known[1] is not settings:
            begun = self._begun.pop(name, None)
            if begun is None or begun[0] is not profile or begun[1] is not settings:
                found = candidates(profile, prices, settings, days)
            else:
                for _, _, other in reversed(self._begun.values()):
                    other.do()
                found = begun[2].result()
            known = self._found[name] = profile, settings, found
        return known[2]


def _slim(profile: TableProfile) -> TableProfile:
    """Without the texts, of which a search looks at none."""
    loads = tuple(replace(load, template=replace(load.template, text="", samples=())) for load in profile.loads)
    return replace(profile, loads=loads)
