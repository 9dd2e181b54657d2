"""A column's most frequent values: what is asked for them in the scan that its other statistics take anyway, and what
is kept of the answer.

Snowflake counts them by Space-Saving (A. Metwally, D. Agrawal, A. El Abbadi, "Efficient Computation of Frequent and
Top-k Elements in Data Streams", ICDT 2005): each count is too high by at most the rows over the counters. With 10,000
counters that is a row in 10,000, for a few MiB of memory a column; Snowflake says that their number hardly changes the
time. Only values that hold several times as much are kept. The hundredth of a million values under Zipf's law still does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from advisor.model import Column

KEPT = 100
"""Values of a column."""
LETTERS = 100
"""Of a text so many are kept, of its minimum and its maximum too."""
COUNTERS = 10_000
CLEAR = 5.0
"""Times the most that a count may be too high by: of what is kept it is a fifth at most."""
FEWEST_ROWS = 10
"""A value that fewer rows hold isn't kept: it may be a person's."""
FEWEST_PARTITIONS = 10
"""Where some micro-partitions are read for all, those that hold few values each are like few draws."""

# How the values are written is told, for the session's own formats may be anything.
_WRITTEN = {
    "DATE": "TO_VARCHAR({}, 'YYYY-MM-DD')",
    "TIMESTAMP_": "TO_VARCHAR({}, 'YYYY-MM-DD HH24:MI:SS.FF6')",
    "TIME": "TO_VARCHAR({}, 'HH24:MI:SS.FF6')",
    "NUMBER": "{}",
    "FLOAT": "{}",
    "BOOLEAN": "{}",
}


def asked(value: str, column: Column) -> str:
    """What is asked of a column, given as SQL; NULL of a type that isn't known to be allowed."""
    if column.data_type.startswith("TEXT"):
        written: str | None = f"LEFT({value}, {LETTERS})"
    else:
        written = next(
            (form.format(value) for kind, form in _WRITTEN.items() if column.data_type.startswith(kind)), None
        )
    return "NULL" if written is None else f"APPROX_TOP_K({written}, {KEPT}, {COUNTERS})"


def shares(answer: Any, sampled: int, partitions: float = math.inf) -> str | None:
    """FREQUENT_VALUES of the snapshot, JSON: values with their shares of so many sampled rows, of so many partitions.

    None where nothing was answered, or what can't be read.
    """
    counts = _counts(answer)
    return None if counts is None else json.dumps(kept(counts, sampled, partitions), ensure_ascii=False)


def least_share(rows: float) -> float:
    """What a value must hold of so many rows to be kept, if they are read whole."""
    return max(CLEAR / COUNTERS, FEWEST_ROWS / max(1.0, rows))


def kept(counts: Iterable[tuple[str, float]], sampled: int, partitions: float = math.inf) -> list[tuple[str, float]]:
    """The values that clearly hold as much as their counts say, with their shares of so many sampled rows, of so many
    partitions.
    """
    least = max(least_share(sampled) * sampled, FEWEST_PARTITIONS * sampled / max(1.0, partitions))
    # What was cut to so many letters may stand for several values.
    found = [(value, n) for value, n in counts if least <= n <= sampled and len(value) < LETTERS]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return [(value, float(f"{n / sampled:.6g}")) for value, n in found[:KEPT]]


def _counts(answer: Any) -> list[tuple[str, float]] | None:
    try:
        # Numbers as they are written: of 38 digits a float keeps 16.
        pairs = json.loads(answer, parse_float=str, parse_int=str) if isinstance(answer, str | bytes) else answer
        found = [(_text(value), float(n)) for value, n in pairs if value is not None]
    except (ValueError, TypeError, RecursionError):
        return None
    return found if all(math.isfinite(n) for _, n in found) else None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
