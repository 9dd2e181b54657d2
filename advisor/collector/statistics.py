"""Column statistics and row samples: what is asked of each table, within a budget of bytes.

A table is read once for its statistics, whole or a share of its micro-partitions (SAMPLE SYSTEM reads no others), and once
more for a uniform sample of its rows, which reads the columns whole: a cluster of rows says nothing of another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from advisor import frequent, quantiles
from advisor.collector.extracts import Extract
from advisor.collector.pool import DeniedError
from advisor.model import Column, Table, Wanted
from advisor.quoting import identifier, qualified
from advisor.snapshot import sample_file

OF_TABLES = ("column_statistics", "samples")
"""The folders of what is asked of tables themselves."""
SEED = 1
LEAST_PERCENT = 0.1
"""A smaller share of a table says too little to be worth asking for."""
FEWEST_SAMPLED, MOST_SAMPLED = 20_000, 1_000_000
SAMPLED_PER_PARTITION = 16
FEWEST_SEEN = 0.5
"""Of the rows that a table is said to have, a share smaller than this is no fair sample."""

# Compressed bytes of a value, roughly; only their ratio within a table counts.
_WIDTHS = {"BOOLEAN": 1, "DATE": 2, "NUMBER": 4, "FLOAT": 8, "TIME": 6, "TEXT": 16}
_WIDE = 64


@dataclass(frozen=True)
class Plan:
    """What is asked of one table, at what cost in bytes, estimated."""

    wanted: Wanted
    percent: float
    """Of its micro-partitions, for the statistics; 0 where none are asked for."""
    rows: int
    """How many rows are sampled; 0 for none."""
    bytes: int


def plans(wanted: Sequence[Wanted], budget_bytes: float, samples: bool) -> tuple[Plan, ...]:
    """Shares the budget out, the tables first whose queries take most time; none takes more than half of what is left, so
    that a giant leaves something to the others."""
    found = []
    left = budget_bytes
    for each in wanted:
        plan = _plan(each, left / 2, samples)
        left -= plan.bytes
        found.append(plan)
    return tuple(found)


def _plan(wanted: Wanted, most: float, samples: bool) -> Plan:
    table, whole = wanted.table, _column_bytes(wanted)
    if whole is None or not table.rows:
        return Plan(wanted, 0.0, 0, 0)
    sampled = samples and whole <= most
    percent = min(100.0, 100 * (most - whole * sampled) / max(1.0, whole))
    percent = percent if percent >= LEAST_PERCENT else 0.0
    rows = min(table.rows, MOST_SAMPLED, max(FEWEST_SAMPLED, SAMPLED_PER_PARTITION * wanted.partitions))
    return Plan(wanted, percent, rows if sampled else 0, math.ceil(whole * (percent / 100 + sampled)))


def _column_bytes(wanted: Wanted) -> float | None:
    """Bytes of the wanted columns, by their types' share of the table's; None where its size is unknown."""
    every = sum(map(_width, wanted.table.columns))
    return None if wanted.table.bytes is None else wanted.table.bytes * sum(map(_width, wanted.columns)) / every


def _width(column: Column) -> int:
    return next((width for kind, width in _WIDTHS.items() if column.data_type.startswith(kind)), _WIDE)


# ---------------------------------------------------------------- what is asked


def statistics_of(plan: Plan, good_for: timedelta) -> Extract:
    """One statement whose one row becomes a row per column; where the account won't count frequent values, or tell quantiles, one
    without both.
    """
    table, columns = plan.wanted.table, list(enumerate(plan.wanted.columns))
    measures = ["COUNT(*) AS SAMPLED_ROWS", *(m for i, column in columns for m in _measures(i, column))]
    counted = [f"{frequent.asked(_plain(column), column)} AS FREQUENT_{i}" for i, column in columns]
    numbers = [i for i, column in columns if quantiles.told(column)]
    states = [f"{quantiles.state(_plain(plan.wanted.columns[i]))} AS STATE_{i}" for i in numbers]
    shown = [measure.rpartition(" AS ")[2] for measure in (*measures, *counted)]
    shown += [f"{quantiles.estimates(f'STATE_{i}')} AS QUANTILES_{i}" for i in numbers]
    share = "" if plan.percent >= 100 else f" SAMPLE SYSTEM ({_percent(plan.percent)}) SEED ({SEED})"
    source = f"\nFROM {qualified(table.name)}{share}"

    def described(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
        (row,) = [row for batch in batches for row in batch.to_pylist()]
        _check_seen(plan, int(row["SAMPLED_ROWS"]))
        yield pa.Table.from_pylist(_described(plan, {name.upper(): value for name, value in row.items()}))

    return Extract(
        "column_statistics",
        str(table.name),
        f"column_statistics/{sample_file(table.name)}",
        f"{_select(shown)}\nFROM ({_select([*measures, *counted, *states])}{source})",
        None,
        good_for,
        described,
        _select(measures) + source,
    )


def _select(measures: Sequence[str]) -> str:
    return "SELECT\n    " + ",\n    ".join(measures)


def sample_of(plan: Plan, good_for: timedelta) -> Extract:
    """One statement whose rows become the table's sample."""
    table = plan.wanted.table
    columns = ", ".join(f"{_plain(column)} AS {identifier(column.name)}" for column in plan.wanted.columns)
    percent = min(100.0, 100 * plan.rows / max(1, table.rows or 0))
    sql = f"SELECT {columns}\nFROM {qualified(table.name)} SAMPLE BERNOULLI ({_percent(percent)}) SEED ({SEED})"
    return Extract("samples", str(table.name), f"samples/{sample_file(table.name)}", sql, None, good_for)


def _measures(number: int, column: Column) -> Iterator[str]:
    value = _plain(column)
    text = column.data_type.startswith("TEXT")
    yield f"APPROX_COUNT_DISTINCT({value}) AS DISTINCT_{number}"
    yield f"COUNT({value}) AS KNOWN_{number}"
    for name, end in (("LEAST", "MIN"), ("MOST", "MAX")):
        yield (
            f"LEFT({end}({value}), {frequent.LETTERS}) AS {name}_{number}"
            if text
            else f"{end}({value}) AS {name}_{number}"
        )
    yield f"AVG(LENGTH({value})) AS LENGTH_{number}" if text else f"CAST(NULL AS FLOAT) AS LENGTH_{number}"


def _plain(column: Column) -> str:
    """The column as a type that has a minimum; times in UTC, without a zone."""
    name = identifier(column.name)
    if column.data_type == "BOOLEAN":
        return f"CASE WHEN {name} THEN 1 WHEN NOT {name} THEN 0 END"
    if column.data_type in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
        return f"CONVERT_TIMEZONE('UTC', {name})::TIMESTAMP_NTZ"
    return name


def _percent(share: float) -> str:
    return f"{share:.6f}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------- what comes back


def _described(plan: Plan, row: dict[str, Any]) -> list[dict[str, Any]]:
    """A row of `column_statistics` per column."""
    table, sampled = plan.wanted.table, int(row["SAMPLED_ROWS"])
    partitions = math.inf if plan.percent >= 100 else plan.wanted.partitions * plan.percent / 100
    place = {"TABLE_CATALOG": table.name.database, "TABLE_SCHEMA": table.name.schema, "TABLE_NAME": table.name.name}
    return [
        {
            **place,
            "COLUMN_NAME": column.name,
            "APPROX_DISTINCT": scaled_distinct(float(row[f"DISTINCT_{i}"]), sampled, _rows(table, plan, sampled)),
            "MIN_VALUE": _text(row[f"LEAST_{i}"]),
            "MAX_VALUE": _text(row[f"MOST_{i}"]),
            "NULL_SHARE": 1 - int(row[f"KNOWN_{i}"]) / sampled if sampled else None,
            "AVG_LENGTH": None if row[f"LENGTH_{i}"] is None else float(row[f"LENGTH_{i}"]),
            "SAMPLED_ROWS": sampled,
            "FREQUENT_VALUES": frequent.shares(row.get(f"FREQUENT_{i}"), sampled, partitions),
            "QUANTILES": quantiles.pairs(row.get(f"QUANTILES_{i}"), int(row[f"KNOWN_{i}"])),
        }
        for i, column in enumerate(plan.wanted.columns)
    ]


def _check_seen(plan: Plan, sampled: int) -> None:
    """A policy that the role can't see may hide rows: few of them would pass for the table's."""
    table = plan.wanted.table
    expected = (table.rows or 0) * plan.percent / 100
    if sampled < FEWEST_SEEN * expected:
        raise DeniedError(f"{table.name}: the role sees {sampled:,} rows where about {expected:,.0f} are")


def _rows(table: Table, plan: Plan, sampled: int) -> int:
    return sampled if plan.percent >= 100 else max(sampled, table.rows or 0)


def scaled_distinct(distinct: float, sampled: int, rows: int) -> float:
    """The distinct values of all rows from those of a sample: D of which n draws, each as likely, show D(1 - exp(-n/D)).

    Where nearly every sampled value is another one, so is every row's. A sample of whole partitions shows fewer values of a
    column that the table is ordered by than so many rows at random would: for it this is a lower bound.
    """
    if sampled >= rows or distinct <= 0:
        return min(distinct, float(rows))
    if distinct >= 0.98 * sampled:
        return rows * min(1.0, distinct / sampled)
    low, high = distinct, float(rows)
    for _ in range(60):
        middle = (low + high) / 2
        seen = middle * -math.expm1(-sampled / middle)
        low, high = (middle, high) if seen < distinct else (low, middle)
    return high


def _text(value: Any) -> str | None:
    """As Snowflake prints it, times in UTC."""
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return plain.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)
