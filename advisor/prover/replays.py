"""The statements to replay on a table's sample: each scan of each sampled execution, with its own literals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.account import Account, request
from advisor.model import FILTERS, Reading, TableName
from advisor.profile import TableProfile
from advisor.prover.conditions import Condition, condition
from advisor.prover.ground import Ground
from advisor.prover.texts import own_filter
from advisor.pruning.asks import Question
from advisor.pruning.closed_form import Floats
from advisor.settings import Settings
from advisor.usage import moves, read_all


@dataclass(frozen=True)
class Statement:
    """A sampled execution of one of the profile's loads, as read."""

    load: int
    text: str
    reading: Reading


@dataclass(frozen=True)
class Replay:
    """One scan of the table by one statement."""

    load: int
    weight: float
    """Its part of the load's scans: each of n statements has a weight of 1/n where the prediction gives it no other."""
    condition: Condition | None
    """None where the sample can't tell what it scans."""
    own: str | None
    """The statement's own WHERE, where it is simple enough and the engine runs it."""


def statements(profile: TableProfile, account: Account, settings: Settings) -> tuple[Statement, ...]:
    """The sampled executions of every load that asks, as many as `Settings.samples_read` allows."""
    asked = [
        (load, sample.text, request(each.template, sample.text, account.workload, sample))
        for load, each in enumerate(profile.loads)
        if each.asks
        for sample in each.template.samples
    ][: settings.samples_read]
    readings = read_all([one for _, _, one in asked], account.catalog, settings)
    return tuple(
        Statement(load, text, reading)
        for (load, text, _), reading in zip(asked, readings, strict=True)
        if reading.problem is None and profile.table.name in reading.scans
    )


def columns_asked(table: TableName, found: Sequence[Statement]) -> set[str]:
    return {
        usage.column for one in found for usage in one.reading.usages if usage.table == table and usage.role in FILTERS
    }


def replays(table: TableName, found: Sequence[Statement], on: Ground) -> tuple[Replay, ...]:
    """Every scan of the table in these statements; a condition that the engine refuses is one that the sample can't tell."""
    counts: dict[int, int] = {}
    for one in found:
        counts[one.load] = counts.get(one.load, 0) + 1
    scans = [
        Replay(one.load, 1 / counts[one.load], asked, _own(one, on))
        for one in found
        for asked in _conditions(table, one.reading, on.telling)
    ]
    refused = on.refused([each.condition.rows for each in scans if each.condition is not None])
    refused |= on.refused([each.own for each in scans if each.own is not None])
    return tuple(
        replace(
            each,
            condition=None if each.condition is None or each.condition.rows in refused else each.condition,
            own=None if each.own in refused else each.own,
        )
        for each in scans
    )


def as_weighed(found: Sequence[Replay], questions: Sequence[Question]) -> tuple[Replay, ...]:
    """Each with the weight that the prediction gives its text (advisor/pruning/weighing.py), where both have the same scans
    of a load.
    """
    weights: dict[int, list[float]] = {}
    for question in questions:
        weights.setdefault(question.load, []).append(math.nan if question.together else question.weight)
    scans: dict[int, int] = {}
    for each in found:
        scans[each.load] = scans.get(each.load, 0) + 1
    same = {
        load: iter(mine)
        for load, mine in weights.items()
        if len(mine) == scans.get(load) and not any(map(math.isnan, mine))
    }
    return tuple(replace(each, weight=next(same[each.load])) if each.load in same else each for each in found)


def _conditions(table: TableName, reading: Reading, zoned: Mapping[str, int]) -> list[Condition | None]:
    return [
        condition([usage for usage in reading.usages if usage.scan == scan and usage.table == table], zoned)
        for scan, name in enumerate(reading.scans)
        if name == table
    ]


def _own(statement: Statement, on: Ground) -> str | None:
    moving = moves(statement.text)
    return None if moving else own_filter(statement.text, on.numbers)


def scanned(loads: int, found: Sequence[Replay], counts: Mapping[Condition, int]) -> Floats:
    """Partitions per execution of each load; NaN where the sample can't tell.

    A value that no sampled row has still lies somewhere: a scan reads one partition at least.
    """
    total = np.zeros(loads)
    for each in found:
        total[each.load] += each.weight * max(1, counts[each.condition]) if each.condition is not None else np.nan
    told = {each.load for each in found}
    return np.array([total[load] if load in told else np.nan for load in range(loads)])
