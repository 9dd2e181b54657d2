"""The demo's last step: the recommended keys on copies of its tables, predicted partitions beside measured ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.keys import parse
from advisor.model import Advice, KeyPart, Recommendation, TableName


@dataclass(frozen=True)
class Row:
    """One template on one table; partitions are means per execution over its samples."""

    table: TableName
    fingerprint: str
    executions: int
    before: float
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """The q-error: how many times too much or too little was predicted, at least 1."""
        low, high = sorted((max(1.0, self.predicted), max(1.0, self.measured)))
        return high / low


def run(home: Path, advice: Advice, say: Callable[[str], None]) -> tuple[Row, ...]:
    """Copies and sorts each table that is to get a key, and asks the engine what the templates' samples scan there."""
    from advisor.demo import verify

    advised = {_name(r): r for r in advice.recommendations if r.kind == "clustering_key" and r.action != "drop"}
    samples = {
        name: sorted({s.text for t in advice.workload.templates if t.fingerprint in _served(r) for s in t.samples})
        for name, r in advised.items()
    }
    measured = verify(home, {name: _key(r) for name, r in advised.items()}, samples, say)
    scanned = {(m.table, m.text): m for m in measured}
    rows = []
    for name, recommendation in sorted(advised.items()):
        partitions = recommendation.details["partitions"]
        assert isinstance(partitions, int)
        for evidence in recommendation.templates:
            template = next(t for t in advice.workload.templates if t.fingerprint == evidence.fingerprint)
            found = [scanned[name, s.text] for s in template.samples if (name, s.text) in scanned]
            if found and evidence.after is not None:
                before = sum(m.before for m in found) / len(found)
                after = sum(m.after for m in found) / len(found)
                rows.append(
                    Row(name, evidence.fingerprint, evidence.executions, before, evidence.after * partitions, after)
                )
    return tuple(rows)


def within(rows: Sequence[Row], factor: float) -> float:
    """The share of executions whose prediction is off by no more than that factor; there must be a row at least."""
    return sum(row.executions for row in rows if row.error <= factor) / sum(row.executions for row in rows)


def _name(recommendation: Recommendation) -> TableName:
    target = recommendation.target
    return TableName(target.database or "", target.schema or "", target.name)


def _served(recommendation: Recommendation) -> set[str]:
    return {evidence.fingerprint for evidence in recommendation.templates}


def _key(recommendation: Recommendation) -> tuple[KeyPart, ...]:
    expressions = recommendation.details["clustering_key"]
    assert isinstance(expressions, list)
    parts = [parse(expression) for expression in expressions]
    return tuple(part for part in parts if part is not None)
