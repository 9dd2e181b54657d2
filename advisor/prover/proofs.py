"""Candidates on a sample of their table's rows: what each template scans, predicted beside measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.clustering.estimate import Estimate, evidence
from advisor.clustering.judge import Flags, Judge
from advisor.figures import many, ratio
from advisor.model import TableName
from advisor.prover.conditions import Condition
from advisor.prover.ground import Ground, Key, ground, held
from advisor.prover.replays import Replay, Statement, as_weighed, columns_asked, replays, scanned
from advisor.pruning.sample import ROWS_PER_PARTITION

WORK = 400_000_000
"""Partitions times conditions held against each other for one table: what a few seconds allow."""


@dataclass(frozen=True)
class TemplateProof:
    """Partitions that an execution scans."""

    fingerprint: str
    executions: int
    before: float | None
    predicted: float
    measured: float

    @property
    def ratio(self) -> float:
        """Measured against predicted; one partition is the least that a scan reads."""
        return max(1.0, self.measured) / max(1.0, self.predicted)


@dataclass(frozen=True)
class Results:
    """Scans whose rows were looked for in the whole sample, and in the partitions that are kept of the sorted one."""

    scans: int
    by_own_text: int
    """Those looked for with the WHERE of their text; the others with the conditions that were read from it."""
    differing: int


@dataclass(frozen=True)
class Proof:
    """One key of one table, measured."""

    table: TableName
    key: Key
    partitions: int
    sampled_rows: int
    statements: int
    """Sampled executions that were replayed."""
    predicted_from: str
    """What the prediction rests on: sample, statistics or history."""
    predicted: Estimate
    measured: Estimate
    templates: tuple[TemplateProof, ...]
    """Most executions' partitions first."""
    unmeasured: tuple[str, ...]
    """Fingerprints of templates that the sample can't tell anything of: the prediction stands for them."""
    results: Results | None
    """None where they weren't compared."""

    def within(self, factor: float) -> float | None:
        """The share of the measured templates' executions that were predicted within this factor; None without any."""
        near = sum(row.executions for row in self.templates if 1 / factor <= row.ratio <= factor)
        return ratio(near, sum(row.executions for row in self.templates))


@dataclass(frozen=True)
class Proving:
    """The keys of one table to measure, and on what."""

    predicting: Judge
    """As the advice was made."""
    measuring: Judge
    """With the sample, which makes its ranges narrower."""
    statements: tuple[Statement, ...]
    sample: Path
    keys: tuple[Key, ...]
    """The most wanted first."""
    compared: frozenset[Key]
    """Those whose results are compared too."""

    @property
    def table(self) -> TableName:
        return self.measuring.profile.table.name


def obstacle(proving: Proving) -> str | None:
    """Why nothing can be measured of this table, in a sentence; None where it can."""
    columns, rows = held(proving.sample)
    partitions = proving.measuring.profile.partitions
    if rows < ROWS_PER_PARTITION * partitions:
        return (
            f"its sample of {many(rows, 'row')} is too small for {many(partitions, 'partition')}: "
            f"{ROWS_PER_PARTITION} rows a partition are the least"
        )
    if not proving.statements:
        return "no sampled execution asks anything that a minimum and a maximum can decide"
    reasons = [_unprovable(key, proving, columns) for key in proving.keys]
    return reasons[0] if None not in reasons else None


def _unprovable(key: Key, proving: Proving, columns: Collection[str]) -> str | None:
    for part in key:
        if part.column not in proving.measuring.profile.layout.axes:
            return f"no query filters {part.column}: a key on it serves none"
        if part.column not in columns:
            return f"its sample lacks the column {part.column}"
    return None


def prove(proving: Proving) -> tuple[Proof, ...]:
    """A proof of each key that the sample has the columns of, of as many as `WORK` allows. Raises InputError for a
    sample that can't be read.
    """
    profile, settings = proving.measuring.profile, proving.measuring.settings
    columns, _ = held(proving.sample)
    wanted = [key for key in proving.keys if _unprovable(key, proving, columns) is None]
    asked = sorted(columns_asked(proving.table, proving.statements) & set(columns))
    others = sorted({part.column for key in wanted for part in key} - set(asked))
    partitions, rows = profile.partitions, float(profile.table.rows or 0)
    expressions = tuple(dict.fromkeys(part for key in wanted for part in key))
    with ground(proving.sample, (*asked, *others), len(asked), expressions, partitions, rows, settings) as on:
        found = as_weighed(replays(proving.table, proving.statements, on), profile.layout.questions)
        conditions = list(dict.fromkeys(each.condition for each in found if each.condition is not None))
        keys = wanted[: max(1, WORK // max(1, partitions * len(conditions)))]
        # Sorting so few rows keeps one core of the engine's busy; the prediction has the other.
        with ThreadPoolExecutor(max_workers=1) as beside:
            predicting = beside.submit(lambda: [proving.predicting.estimate(key) for key in keys])
            counts = on.counts(keys, conditions)
            results = _results(on, found, [key for key in keys if key in proving.compared])
            predicted = predicting.result()
        return tuple(
            _proof(proving, each, on.sample.rows, found, dict(zip(conditions, row, strict=True)), results.get(each.key))
            for each, row in zip(predicted, counts.tolist(), strict=True)
        )


def _proof(
    proving: Proving,
    predicted: Estimate,
    sampled_rows: int,
    found: Sequence[Replay],
    counts: Mapping[Condition, int],
    results: Results | None,
) -> Proof:
    judge, key = proving.measuring, predicted.key
    loads = judge.profile.loads
    told = scanned(len(loads), found, counts)
    known = np.isfinite(told) & _tellable(judge)
    after = np.where(known, told, predicted.after)
    rows = [
        TemplateProof(
            load.template.fingerprint, load.template.executions, load.before, float(predicted.after[i]), float(after[i])
        )
        for i, load in enumerate(loads)
        if known[i]
    ]
    return Proof(
        proving.table,
        key,
        judge.profile.partitions,
        sampled_rows,
        len(proving.statements),
        evidence(proving.predicting.profile.layout),
        predicted,
        judge.judged(key, after),
        tuple(sorted(rows, key=lambda row: (-row.executions * (row.before or 0), row.fingerprint))),
        tuple(sorted(loads[i].template.fingerprint for i in np.flatnonzero(judge.asks & ~judge.fixed & ~known))),
        results,
    )


def _tellable(judge: Judge) -> Flags:
    """The loads whose scans follow from their literals; what a join or a top-k skips while it runs, a sample can't tell."""
    layout = judge.profile.layout
    implied = {question.load for question in layout.questions if any(ask.derived for ask in question.asks)}
    written = np.array([load not in implied for load in range(layout.loads)], dtype=bool)
    return np.asarray(judge.asks & ~judge.fixed & written)


def _results(on: Ground, found: Sequence[Replay], keys: Sequence[Key]) -> dict[Key, Results]:
    """Each distinct scan's rows in the sample as it came, against those in the partitions kept under each key."""
    scans = list(dict.fromkeys((each.condition, each.own) for each in found if each.condition is not None))
    filters = [own or asked.rows for asked, own in scans]
    before = on.digests("rows", filters) if keys else []
    compared = {}
    for key in keys:
        on.keep(key)
        after = on.digests(
            "kept", [f"({one}) AND {asked.zones}" for one, (asked, _) in zip(filters, scans, strict=True)]
        )
        differing = sum(old != new for old, new in zip(before, after, strict=True))
        compared[key] = Results(len(scans), sum(own is not None for _, own in scans), differing)
    return compared
