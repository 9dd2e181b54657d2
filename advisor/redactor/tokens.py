"""The tokens that stand for names and values: they keep order, equality and the class of the length, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property

from advisor.redactor.words import vocabulary

_BARE = re.compile(r"[A-Z_][A-Z0-9_$]*")
# Parts of a name that two runs of a job tell apart (as advisor.fingerprint has them): what is left is the name's stem.
_CHANGING = re.compile(
    r"[0-9a-fA-F]{8}[_-]?[0-9a-fA-F]{4}[_-]?[0-9a-fA-F]{4}[_-]?[0-9a-fA-F]{4}[_-]?[0-9a-fA-F]{12}"
    r"|_[0-9a-fA-F]{12,}\b|_(?:19|20)[0-9]{2}_[01][0-9](?:_[0-3][0-9])?|[0-9]{6,}(?:_[0-9]+)*"
)
_TIME = re.compile(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d{0,17})(\.\d{1,9})?")
_CLASSES = (4, 8, 16, 32, 64, 128, 256, 1024, 4096)
_LENGTHS = ((0, b"numbers", 10**9), (10**10, b"long numbers", 10**14), (10**14, b"longest numbers", 10**18))
"""By the least number of each: what its shift is drawn with, and the least that it may be. More would leave a float of small
numbers no room to tell them apart."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Names:
    """By name in its stored case, its token. Words of SQL stand for themselves.

    Tokens are in the names' order. Names that differ in a date or a run's number only share a stem, as they must to be
    one table to the fingerprint: these are in order among themselves, and stand together where the first of them would.
    """

    def __init__(self, names: Iterable[str]) -> None:
        hidden = {name for name in names if not kept(name)}
        stems = list(dict.fromkeys(_CHANGING.sub("#", name) for name in sorted(hidden)))
        width = len(str(len(stems)))
        self._stems = {stem: f"N{rank:0{width}d}" for rank, stem in enumerate(stems)}
        self._ranks = {name: rank for rank, name in enumerate(sorted(hidden))}

    def token(self, name: str) -> str:
        """Needs quotes where the name does."""
        if kept(name):
            return name
        stem = _CHANGING.sub("#", name)
        bare = self._stems[stem] + (f"_{self._ranks[name]:08d}" if stem != name else "")
        return bare if _BARE.fullmatch(name) else f"{bare}q"


def kept(name: str) -> bool:
    """Whether a name says no more than SQL's own words do."""
    return name in vocabulary() or not name or name == "*"


class Values:
    """Tokens of texts and numbers. Times stay as they are: their calendar decides what prunes."""

    def __init__(self, texts: Collection[str], prefixes: Collection[str], key: bytes) -> None:
        self._key = key
        self._prefixes = sorted({prefix for prefix in prefixes if prefix})
        segments: dict[str, set[str]] = {}
        for text in {*texts, *self._prefixes}:
            for node, segment in self._cut(text):
                segments.setdefault(node, set()).add(segment)
        self._ranks = {
            node: {segment: (rank, len(found)) for rank, segment in enumerate(sorted(found))}
            for node, found in segments.items()
        }

    @cached_property
    def shifts(self) -> Mapping[int, int]:
        """From which size of number on what is added, so that order stays, and differences within one length do.

        Longer numbers are moved by as much as themselves, or how they begin would stay to be read; and each length by an amount
        of its own, or an id that surely begins at 1 would tell what was added to phone and card numbers.
        """
        return {least: self._drawn(label, floor) for least, label, floor in _LENGTHS}

    def _drawn(self, label: bytes, floor: int) -> int:
        """Of `floor` to ten times that."""
        return floor + int.from_bytes(hmac.digest(self._key, label, "sha256")[:8], "big") % (9 * floor)

    def text(self, text: str) -> str:
        """A text's token: each prefix that a query asks for is a part of its own, so what began with it still does."""
        parts = [self._segment(node, segment) for node, segment in self._cut(text)]
        token = "".join(parts)
        length = next((size for size in _CLASSES if len(text) <= size), _CLASSES[-1])
        return token if text in self._prefixes else token.ljust(length, "a")

    def value(self, text: str) -> str:
        """The token of what a column may hold, as text."""
        if plain(text):
            return text
        return self.number(text) if _NUMBER.fullmatch(text) else self.text(text)

    def number(self, text: str) -> str:
        try:
            return format(self._shifted(Decimal(text)), "f")
        except InvalidOperation:
            return self.digits(text)

    def _shifted(self, value: Decimal) -> Decimal:
        least = max(least for least in self.shifts if abs(value) >= least)
        return value - self.shifts[least] if least and value < 0 else value + self.shifts[least]

    def digits(self, text: str) -> str:
        """As many digits, of which equal ones stand for equal ones."""
        mixed = int.from_bytes(hmac.digest(self._key, text.encode(), "sha256"), "big")
        drawn = (str(mixed // 10**i % 9 + 1) for i in range(len(text)))
        return "".join(next(drawn) if letter.isdigit() else letter for letter in text)

    def _cut(self, text: str) -> list[tuple[str, str]]:
        """The text cut after each prefix that it begins with: where each part begins, and the part."""
        cuts = [prefix for prefix in self._of(text) if prefix != text]
        ends = ["", *cuts, text]
        return [(ends[i], ends[i + 1][len(ends[i]) :]) for i in range(len(ends) - 1)]

    def _of(self, text: str) -> list[str]:
        found: list[str] = []
        for length in self._lengths:
            if length < len(text) and self._has(text[:length]):
                found.append(text[:length])
        return found

    @cached_property
    def _lengths(self) -> list[int]:
        return sorted({len(prefix) for prefix in self._prefixes})

    def _has(self, prefix: str) -> bool:
        at = bisect_left(self._prefixes, prefix)
        return at < len(self._prefixes) and self._prefixes[at] == prefix

    def _segment(self, node: str, segment: str) -> str:
        rank, count = self._ranks[node][segment]
        width = 1
        while 24**width < count:
            width += 1
        return "".join(_LETTERS[1 + rank // 24**i % 24] for i in reversed(range(width)))


def plain(text: str) -> bool:
    """Whether a value is a time, a truth value, or nothing."""
    return not text or text.lower() in ("true", "false", "null") or _TIME.fullmatch(text) is not None


def keyed(text: str, key: bytes) -> str:
    """A digest that tells texts apart, and tells nobody without the key what they were."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def derived_key(parts: Iterable[str]) -> bytes:
    """A key from the snapshot itself: the same snapshot is redacted alike each time."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
