"""What the advisor is told of a world: the history of three weeks, and as much of the data as the kind of evidence allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from advisor import cost
from advisor.model import (
    Distribution,
    Execution,
    QueryTemplate,
    ReadTemplate,
    TableHistory,
    TableName,
    TableScans,
    WarehouseUse,
    Workload,
)
from advisor.profile import TableProfile, profile
from advisor.pruning.axes import Axis
from advisor.pruning.sample import Sample
from advisor.pruning.table_axes import Sampled
from advisor.readers import Templates
from advisor.settings import Settings
from benchmarks.columns import DAY_US, Floats
from benchmarks.worlds.cases import WINDOW_DAYS, Case, Rows
from benchmarks.worlds.truth import Executed, Truth

EVIDENCE = ("history", "statistics", "sample")
SAMPLED = 0.01  # of the rows
WHOLE = 100_000  # rows: a smaller table is sampled whole
MS_PER_PARTITION, MS_FIXED = 20.0, 100.0
WAREHOUSE = "Large"


@dataclass(frozen=True)
class Told:
    profile: TableProfile
    workload: Workload
    settings: Settings

    @property
    def prices(self) -> Mapping[str, cost.ScanPrice | None]:
        slopes = cost.milliseconds_per_partition(self.workload)
        return {t.fingerprint: cost.scan_price(t, slopes, self.settings) for t in self.workload.templates}


def told(
    case: Case, executed: Sequence[Executed], truths: Mapping[str, Truth], seed: int, evidence: str
) -> dict[str, Told]:
    """Per table: its profile as the advisor would make it from that evidence."""
    settings = Settings()
    scanned = {name: truth.per_template(truth.loaded()) for name, truth in truths.items()}
    every = np.sum([np.zeros(len(case.templates)), *scanned.values()], axis=0)
    runs = np.sum([np.zeros(len(executed)), *(truth.loaded() for truth in truths.values())], axis=0)
    samples = _samples(executed, runs, seed)
    small = {rows.table_name for rows in case.tables if rows.name not in truths}
    read = {
        id(one): round(n) + sum(name in small for name in one.reading.scans)
        for one, n in zip(executed, runs, strict=True)
    }
    templates = [_read(case, number, samples, float(every[number]), read) for number in range(len(case.templates))]
    workload = workload_of([read.template for read in templates], case.now)
    tables = {rows.table_name: rows.described(evidence != "history") for rows in case.tables}
    partitions = {rows.table_name: rows.partitions for rows in case.tables}
    whole = np.ones(len(case.templates))
    recorded = {
        rows.table_name: TableHistory(rows.churn, _scans(rows, executed, scanned.get(rows.name, whole), templates))
        for rows in case.tables
    }
    found = {}
    for name in truths:
        rows = next(each for each in case.tables if each.name == name)
        history = recorded[rows.table_name]
        sampled = _sampled(case, seed) if evidence == "sample" else _no_sample
        made = profile(
            tables[rows.table_name], partitions, Templates.of(templates), history, workload, sampled, tables, recorded
        )
        found[name] = Told(made, workload, settings)
    return found


def _samples(executed: Sequence[Executed], scanned: Floats, seed: int) -> list[Executed]:
    """The executions whose texts are read, as the advisor takes them: of each template one from each of so many strata of equal
    size by the partitions scanned."""
    rng = np.random.default_rng([13, seed])
    found = []
    for number in sorted({one.template for one in executed}):
        mine = np.array([i for i, one in enumerate(executed) if one.template == number])
        strata = np.array_split(
            mine[np.lexsort((rng.random(len(mine)), scanned[mine]))], Settings().samples_per_template
        )
        found += sorted(int(rng.choice(stratum)) for stratum in strata if len(stratum))
    return [executed[i] for i in found]


def _read(
    case: Case, number: int, samples: Sequence[Executed], scanned: float, read: Mapping[int, int]
) -> ReadTemplate:
    mine = [one for one in samples if one.template == number]
    template = template_of(number, case.templates[number].executions, mine, scanned, [read[id(one)] for one in mine])
    return ReadTemplate(template, mine[0].reading, tuple(one.reading for one in mine), template.samples)


def template_of(
    number: int, n: int, mine: Sequence[Executed], scanned: float, read: Sequence[int | None]
) -> QueryTemplate:
    ms = MS_FIXED + scanned * MS_PER_PARTITION
    use = WarehouseUse(WAREHOUSE, n, ms * n, round(scanned * n), None, None)
    times = Distribution(ms * n, ms, ms, ms, ms)
    samples = tuple(
        Execution(None, one.text, one.started, ms, partitions, None, None)
        for one, partitions in zip(mine, read, strict=True)
    )
    return QueryTemplate(
        f"{number:016x}", mine[0].text, "SELECT", None, None, n, None, mine[0].started, mine[-1].started, n / WINDOW_DAYS,
        times, None, round(scanned * n), None, None, None, None, (use,), (f"hash{number}",), samples,
    )  # fmt: skip


def _scans(
    rows: Rows, executed: Sequence[Executed], scanned: Floats, templates: Sequence[ReadTemplate]
) -> tuple[TableScans, ...]:
    """The pruning history: partitions scanned and rows matched by the table's own filters, per template."""
    found = []
    for number, read in enumerate(templates):
        mine = [m for one in executed if one.template == number for m in one.matched if m[0] == rows.name]
        if mine:
            n, total = read.template.executions, rows.partitions
            there = sum(rows_there for _, rows_there, _ in mine) / len(mine)
            matched = sum(passing for _, _, passing in mine) / len(mine)
            read_rows = round(scanned[number] * n * there / total)
            found.append(
                TableScans(
                    f"hash{number}",
                    n,
                    round(scanned[number] * n),
                    round((total - scanned[number]) * n),
                    read_rows,
                    round(matched * n),
                )
            )
    return tuple(found)


def workload_of(templates: Sequence[QueryTemplate], end: datetime) -> Workload:
    none = Distribution(0, None, None, None, None)
    start = end - timedelta(days=WINDOW_DAYS)
    return Workload(start, end, 0, none, None, None, None, None, tuple(templates), ())


def _no_sample(name: TableName, axes: Mapping[str, Axis]) -> Sample | None:
    return None


def _sampled(case: Case, seed: int) -> Sampled:
    """Of each table at random; of a small one, all rows."""
    by_name = {rows.table_name: rows for rows in case.tables}

    def sample(name: TableName, axes: Mapping[str, Axis]) -> Sample:
        rows = by_name[name]
        wanted = rows.count if rows.count < WHOLE else round(rows.count * SAMPLED)
        picked = np.random.default_rng([9, seed]).choice(rows.count, wanted, replace=False)
        return Sample(
            {column: _laid_out(rows, axis, picked) for column, axis in axes.items() if column in rows.columns}
        )

    return sample


def _laid_out(rows: Rows, axis: Axis, picked: np.ndarray) -> Floats:
    column = rows.columns[axis.column]
    values: Floats = column.values[picked]
    if column.family == "timestamp":
        return values / DAY_US
    if column.family != "text":
        return values
    positions: Floats = np.array([axis.position(text) for text in column.texts], dtype=float)
    return np.where(np.isnan(values), np.nan, positions[np.nan_to_num(values).astype(int)])
