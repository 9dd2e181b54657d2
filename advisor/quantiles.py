"""A column's quantiles: what is asked for them in the scan that its other statistics take anyway, and what is kept of the answer.

Snowflake keeps a t-digest of the values (T. Dunning, O. Ertl, "Computing extremely accurate quantiles using t-digests", 2019),
whose state is made once and tells any number of quantiles. Numbers alone are asked for them: texts have none, and times come
about evenly.
"""

from __future__ import annotations

import json
import math
from typing import Any

from advisor.model import Column

LEVELS = (0.01, 0.02, *(step / 20 for step in range(1, 20)), 0.98, 0.99)
"""Shares of a column's values, of which each quantile is the largest."""
FEWEST_ROWS = 1_000
"""Of fewer a hundredth may be a person's."""
DIGITS = 12
DECIMALS = 9
"""Of a quantile so many are kept, which is more than a digest tells; numbers of no more decimals stay numbers when they are hidden."""


def told(column: Column) -> bool:
    """It is of a type that has quantiles."""
    return column.data_type.startswith(("NUMBER", "FLOAT"))


def state(value: str) -> str:
    """What is asked of a column, given as SQL."""
    return f"APPROX_PERCENTILE_ACCUMULATE({value})"


def estimates(name: str) -> str:
    """The quantiles that a state of that name tells, as SQL."""
    return f"ARRAY_CONSTRUCT({', '.join(f'APPROX_PERCENTILE_ESTIMATE({name}, {level:g})' for level in LEVELS)})"


def pairs(answer: Any, rows: int) -> str | None:
    """QUANTILES of the snapshot, JSON: values with the shares of the column's values that are no larger.

    None where nothing was answered, or what can't be read, or of too few rows.
    """
    try:
        answered = json.loads(answer) if isinstance(answer, str | bytes) else answer
        found = [round(float(f"{float(value):.{DIGITS}g}"), DECIMALS) for value in answered]
    except (ValueError, TypeError, RecursionError):
        return None
    if rows < FEWEST_ROWS or len(found) != len(LEVELS) or not all(map(math.isfinite, found)):
        return None
    return json.dumps(list(zip(found, LEVELS, strict=True)))
