"""How many beginnings texts have that are written in digits: codes, hashes and other ids.

Each place of such a text holds one of ten digits, or of sixteen, and each beginning about as many rows as any other. The first
place is between those of the column's ends: ids of 62 bits begin with 0 to 3 where they are written in hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Iterable

DECIMAL, HEXADECIMAL = "0123456789", "0123456789abcdef"
TELLING = 24
"""Letters: of so many hexadecimal digits one in a hundred thousand texts has no more than the ten, and few words are spelled in a to f."""
BETWEEN = "-"
"""What ids are cut into groups by."""


def letters(texts: Iterable[str], prefix: str, ends: tuple[str, str] | None = None) -> tuple[float, float] | None:
    """How many digits begin what follows the prefix, and how many there are for each later place; None of other texts. Where
    the column's ends aren't known, the texts are taken to be drawn from all between; shorter ones may be beginnings that are
    asked for.
    """
    rests = {
        text.removeprefix(prefix) for text in {*texts, *(ends or ())} if text.startswith(prefix) and text != prefix
    }
    kind = _kind(set("".join(rests)) - set(BETWEEN))
    if kind is None or sum(map(len, rests)) < TELLING:
        return None
    longest = max(map(len, rests))
    drawn = sorted(rest for rest in rests if len(rest) == longest)
    low, high = (end.removeprefix(prefix) for end in ends) if ends else (drawn[0], drawn[-1])
    first, last = kind.find(low[:1]), kind.find(high[:1])
    if min(first, last) < 0 or not low or (ends is None and len(drawn) < 2):
        return None
    # The ends of n draws leave out 2/(n + 1) of the span.
    between = (last - first) * (1.0 if ends else (len(drawn) + 1) / (len(drawn) - 1))
    return min(float(len(kind)), between + 1), float(len(kind))


def _kind(held: set[str]) -> str | None:
    if held <= set(DECIMAL):
        return DECIMAL
    mixed = bool(held & set(DECIMAL))
    return next((kind for kind in (HEXADECIMAL, HEXADECIMAL.upper()) if mixed and held <= set(kind)), None)
