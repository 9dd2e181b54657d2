"""How a figure is printed: with its unit, to the digits that it has, and "unknown" where it is not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from advisor.model import Range, Workload

UNKNOWN = "unknown"
EXCERPT_LENGTH = 160

# Comments, then quoted names (kept), then everything that can hold a value: '…', $$…$$ and numbers, the cut-off ones too.
_VALUES = re.compile(
    r"""(?P<comment>--[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<name>"(?:[^"]|"")*(?:"|\Z)|[^\W\d][\w$]*)
      | (?P<value>'(?:[^'\\]|\\.|'')*(?:'|\Z)|\$\$.*?(?:\$\$|\Z)|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)""",
    re.DOTALL | re.VERBOSE,
)


def ratio(part: float | None, whole: float | None) -> float | None:
    """`part / whole`; None where either is unknown or there is no whole."""
    if part is None or not whole:
        return None
    return part / whole


def account_ms(workload: Workload) -> float:
    """The execution time of the whole history, that of queries left out of the templates included."""
    return workload.execution_ms.total + sum(skipped.execution_ms for skipped in workload.skipped)


def number(value: float | None) -> str:
    """Three significant digits, thousands set apart."""
    if value is None:
        return UNKNOWN
    rounded = round(float(f"{value:.3g}"), 12) + 0.0  # no -0
    if abs(rounded) >= 100:
        return f"{rounded:,.0f}"
    return f"{rounded:.3g}" if abs(rounded) >= 1e-4 or not rounded else f"{rounded:.12f}".rstrip("0")


def count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"


def many(value: int, one: str, more: str | None = None) -> str:
    """`1 query`, `2,000 queries`: `more` is the plural where it isn't `one` with an s."""
    return f"{value:,} {one if value == 1 else more or one + 's'}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """`A`, `A and B`, `A, B and C`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def percent(share: float | None) -> str:
    """A share of 0..1 in percent."""
    if share is None:
        return UNKNOWN
    if 0 < share < 0.001:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def size(value: float | None) -> str:
    """Bytes in binary units."""
    if value is None:
        return UNKNOWN
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024:
            return f"{number(value)} {unit}"
        value /= 1024
    return f"{number(value)} PiB"


def duration(milliseconds: float | None) -> str:
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 1000:
        return f"{number(milliseconds)} ms"
    seconds = milliseconds / 1000
    for unit, length in (("s", 60), ("min", 60), ("h", 24)):
        if seconds < length:
            return f"{number(seconds)} {unit}"
        seconds /= length
    return f"{number(seconds)} days"


def seconds(value: float | None) -> str:
    return duration(None if value is None else value * 1000)


def between(figure: Range | None, printed: Callable[[float], str] = number) -> str:
    """`60 to 110 (expected 85)`, each in the form that `printed` gives it."""
    if figure is None:
        return UNKNOWN
    low, expected, high = printed(figure.low), printed(figure.expected), printed(figure.high)
    return low if low == high else f"{low} to {high} (expected {expected})"


def some(figure: Range | None, one: str) -> str:
    """`1 partition`, `2 to 6 (expected 4) partitions`."""
    text = between(figure)
    return f"{text} {one}{'' if text == '1' else 's'}"


def sizes(figure: Range | None) -> str:
    """Bytes in binary units: `819 MiB to 8 GiB (expected 4 GiB)`."""
    return between(figure, size)


def expected(figure: Range | None) -> str:
    return UNKNOWN if figure is None else number(figure.expected)


def span(figure: Range | None) -> str:
    """`60 to 110`; nothing where the figure is unknown or has no range."""
    if figure is None or number(figure.low) == number(figure.high):
        return ""
    return f"{number(figure.low)} to {number(figure.high)}"


def moment(value: datetime | None) -> str:
    """To the minute, in UTC; a moment without a zone is in UTC already."""
    if value is None:
        return UNKNOWN
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def excerpt(text: str) -> str:
    """The beginning of a statement on one line, its constants replaced by `?`: they may hold personal data."""
    masked = _VALUES.sub(lambda found: {"comment": " ", "value": "?"}.get(found.lastgroup or "", found[0]), text)
    line = " ".join(masked.split())
    return line if len(line) <= EXCERPT_LENGTH else line[: EXCERPT_LENGTH - 1] + "…"


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "count": count,
    "many": many,
    "between": between,
    "expected": expected,
    "span": span,
    "percent": percent,
    "size": size,
    "sizes": sizes,
    "duration": duration,
    "moment": moment,
    "excerpt": excerpt,
}
