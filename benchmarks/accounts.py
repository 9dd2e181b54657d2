"""Accounts before and after changes whose effect is known: two snapshot folders and the advice that was followed.

Each table has one change applied, a few templates, and a truth: its queries got faster, stayed, or got slower; the account
as a whole may have drifted, in speed and in how often each template runs. Control tables are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.snapshots import START, table, write_snapshot

DAYS = 14
CONTROLS = 16
PRICE = 8.0  # credits an hour of a large warehouse
HOURS_PER_MONTH = 30 / DAYS / 3_600_000


@dataclass(frozen=True)
class Truth:
    """What happened to one table's queries."""

    scenario: str
    factor: float
    """Time after over time before, but for drift."""
    upkeep_share: float
    """Upkeep as a share of what its queries took before."""

    @property
    def verdict(self) -> str:
        net = 1 - self.factor - self.upkeep_share
        return "not proven" if net == 0 else "confirmed" if net > 0 else "regressed"


@dataclass(frozen=True)
class Account:
    before: Path
    after: Path
    advice: Path
    truths: dict[str, Truth]
    """By id of the recommendation."""


def truths(rng: np.random.Generator, scenario: str) -> Truth:
    improved = float(rng.uniform(0.1, 0.6))
    return {
        LITTLE: Truth(scenario, float(rng.uniform(0.75, 0.9)), 0.0),
        "improved": Truth(scenario, improved, float(rng.uniform(0, 0.1))),
        "unchanged": Truth(scenario, 1.0, 0.0),
        "worsened": Truth(scenario, float(rng.uniform(1.6, 4)), float(rng.uniform(0, 0.1))),
        "drifted": Truth(scenario, 1.0, 0.0),
        "improved and drifted": Truth(scenario, improved, float(rng.uniform(0, 0.1))),
    }[scenario]


LITTLE = "improved a little"
SCENARIOS = ("improved", "unchanged", "worsened", "drifted", "improved and drifted")


def account(home: Path, seed: int, drifted: bool, executions: int = 30, each: int = 2) -> Account:
    """One account in which `each` tables met with each scenario; with drift or without, as the scenario's name says."""
    rng = np.random.default_rng([11, seed, drifted, executions])
    named = [s for s in (*SCENARIOS, LITTLE) if ("drifted" in s) == drifted] + (["worsened"] if drifted else [])
    found = [truths(rng, scenario) for scenario in named for _ in range(each)]
    speed = float(rng.uniform(0.6, 1.6)) if drifted else 1.0
    world = _World(rng, executions, speed, drifted)
    for number, truth in enumerate(found):
        world.add(f"T{number:02d}", int(rng.integers(1, 4)), truth)
    for number in range(CONTROLS):
        world.add(f"C{number:02d}", 1, None)
    return world.written(home)


class _World:
    def __init__(self, rng: np.random.Generator, executions: int, speed: float, drifted: bool) -> None:
        self.rng, self.executions, self.speed, self.drifted = rng, executions, speed, drifted
        self.before: list[dict[str, Any]] = []
        self.after: list[dict[str, Any]] = []
        self.bills: list[dict[str, Any]] = []
        self.truths: dict[str, Truth] = {}
        self.tables: list[tuple[str, bool]] = []

    def add(self, name: str, templates: int, truth: Truth | None) -> None:
        """One table's queries in both windows. A template's own drift is a tenth either way; times are lognormal, and one
        run in thirty takes ten times as long."""
        took = 0.0
        for number in range(templates):
            text = f"SELECT COUNT(*) FROM {name} WHERE K{number} = "
            median, spread = float(self.rng.lognormal(9, 1)), float(self.rng.uniform(0.2, 0.7))
            own = float(np.exp(self.rng.normal(0, 0.1))) if self.drifted else 1.0
            times = self.rng.uniform(0.7, 2.5) if self.drifted else 1.0
            effect = self.speed * own * (truth.factor if truth else 1.0)
            old = self._times(median, spread, self.executions)
            new = self._times(median * effect, spread, max(self.executions, int(self.executions * times)))
            took += float(np.mean(old)) * len(new) * self.speed * PRICE * HOURS_PER_MONTH
            self.before += self._rows(text, old, 0, 900)
            self.after += self._rows(text, new, DAYS, 900 if truth is None else 900 * min(1.0, truth.factor))
        self.tables.append((name, truth is not None))
        if truth is not None:
            self.truths[f"clustering_key-{len(self.truths):08x}"] = truth
            self.bills += self._billed(name, took * truth.upkeep_share)

    def _times(self, median: float, spread: float, executions: int) -> np.ndarray:
        slow = np.where(self.rng.random(executions) < 1 / 30, 10.0, 1.0)
        return np.maximum(1, self.rng.lognormal(np.log(median), spread, executions) * slow)

    def _rows(self, text: str, times: Sequence[float] | np.ndarray, day: int, scanned: float) -> list[dict[str, Any]]:
        offsets = np.sort(self.rng.uniform(0, DAYS * 86_400, len(times)))
        return [
            {
                "QUERY_ID": f"{text[21:]}{day}-{i}",
                "QUERY_TEXT": f"{text}{i}",
                "DATABASE_NAME": "DB",
                "SCHEMA_NAME": "PUBLIC",
                "QUERY_TYPE": "SELECT",
                "WAREHOUSE_SIZE": "Large",
                "EXECUTION_STATUS": "SUCCESS",
                "START_TIME": START + timedelta(days=day, seconds=float(offset)),
                "END_TIME": START + timedelta(days=day, seconds=float(offset) + ms / 1000),
                "EXECUTION_TIME": round(ms),
                "PARTITIONS_SCANNED": round(scanned),
                "PARTITIONS_TOTAL": 1000,
                "BYTES_SCANNED": round(scanned) * 16_000_000,
            }
            for i, (offset, ms) in enumerate(zip(offsets, times, strict=True))
        ]

    def _billed(self, name: str, monthly: float) -> list[dict[str, Any]]:
        """Every day alike, and on the first the build, ten days' worth."""
        place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": name}
        return [
            {
                **place,
                "START_TIME": START + timedelta(days=DAYS + day),
                "CREDITS_USED": monthly / 30 * (10 if day == 0 else 1),
            }
            for day in range(DAYS)
        ]

    def written(self, home: Path) -> Account:
        bare = [table(name) for name, _ in self.tables]
        keyed = [table(name, CLUSTERING_KEY="LINEAR(K0)" if changed else None) for name, changed in self.tables]
        empty = {**self.bills[0], "CREDITS_USED": 0.0, "START_TIME": START}
        write_snapshot(home / "before", self.before, bare, automatic_clustering_history=[empty])
        write_snapshot(home / "after", self.after, keyed, automatic_clustering_history=self.bills)
        (home / "advice.json").write_text(json.dumps(self._advice()))
        return Account(home / "before", home / "after", home / "advice.json", self.truths)

    def _advice(self) -> dict[str, Any]:
        changed = [name for name, was in self.tables if was]
        return {
            "schema": 1,
            "snapshot": {
                "source": "export",
                "window_start": "2025-01-01T00:00:00Z",
                "window_end": "2025-01-15T00:00:00Z",
            },
            "coverage": {"queries": 0, "templates": 0, "execution_time_understood_share": 1, "views_missing": []},
            "baseline": {},
            "recommendations": [
                recommended(identity, name) for identity, name in zip(self.truths, changed, strict=True)
            ],
            "rejections": [],
        }


def recommended(identity: str, name: str) -> dict[str, Any]:
    """An entry of advice.json for a clustering key on K0 of that table."""
    return {
        "id": identity,
        "kind": "clustering_key",
        "action": "create",
        "target": {"type": "table", "database": "DB", "schema": "PUBLIC", "name": name},
        "title": f"Cluster {name} by (K0)",
        "reason": "",
        "details": {"clustering_key": ["K0"], "tables": [f"DB.PUBLIC.{name}"]},
        "benefit": {"credits": {"low": 1, "expected": 2, "high": 3}},
        "cost": {},
        "net_credits_per_month": {"low": 1, "expected": 2, "high": 3},
        "confidence": "medium",
        "evidence": {"grade": "estimated", "templates": []},
        "requires": {"edition": "standard", "privileges": []},
        "statements": {
            "apply": [f"ALTER TABLE DB.PUBLIC.{name} CLUSTER BY (K0)"],
            "verify": [],
            "revert": [f"ALTER TABLE DB.PUBLIC.{name} DROP CLUSTERING KEY"],
        },
        "script": None,
        "warnings": [],
    }
