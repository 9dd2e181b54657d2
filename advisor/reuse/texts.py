"""What the result cache sees of a statement's text, without understanding it: its words, and the functions that bar reuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

# Comments; strings and quoted names, which keep their case; words; any other character but blanks.
_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<exact>'(?:[^'\\]|\\.|'')*(?:'|\Z)|\$\$.*?(?:\$\$|\Z)|"(?:[^"]|"")*(?:"|\Z))
      | (?P<word>[^\W\d][\w$]*|\d+(?:\.\d+)?)
      | (?P<mark>\S)""",
    re.DOTALL | re.VERBOSE,
)

NEVER_REUSED = frozenset({"UUID_STRING", "RANDOM", "RANDSTR"})
"""Functions that docs.snowflake.com names as barring reuse ("Using Persisted Query Results")."""
_BARE_MOMENTS = frozenset({"CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "SYSTIMESTAMP"})
_CALLED_MOMENTS = frozenset({"GETDATE", "SYSDATE", "NOW"})
_SAME_DAY = frozenset({"CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "GETDATE", "NOW", "SYSTIMESTAMP"})
"""Those whose date is CURRENT_DATE: the session's own day, which SYSDATE's is not."""
_WHOLE_DAYS = frozenset(
    {"'DAY'", "'WEEK'", "'MONTH'", "'QUARTER'", "'YEAR'", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)
TODAY = "CURRENT_DATE()"


@dataclass(frozen=True)
class Token:
    text: str
    """Words in upper case."""
    start: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """The text less its comments and blanks."""
    return tuple(
        Token(found[0].upper() if found.lastgroup == "word" else found[0], found.start(), found.end())
        for found in _TOKENS.finditer(text)
        if found.lastgroup != "comment"
    )


def same_question(one: str, other: str) -> bool:
    """The texts differ in case, blanks and comments alone, and do differ."""
    return one != other and [t.text for t in tokens(one)] == [t.text for t in tokens(other)]


def uncommented(text: str) -> str:
    """The text less its comments and the blanks before them: what they say may differ each time, and one text must not."""
    comments = [found for found in _TOKENS.finditer(text) if found.lastgroup == "comment"]
    for comment in reversed(comments):
        text = f"{text[: comment.start()].rstrip()} {text[comment.end() :].lstrip(' ')}"
    return text.strip()


def never_reused(text: str) -> bool:
    return any(name in NEVER_REUSED for name in _called(tokens(text)))


def asks_moment(text: str) -> bool:
    """The text has another value each time: it calls CURRENT_TIMESTAMP or one of its kin. (A day's CURRENT_DATE is one.)"""
    return bool(_moments(tokens(text)))


def _called(found: tuple[Token, ...]) -> list[str]:
    return [token.text for token, after in pairwise(found) if after.text == "("]


@dataclass(frozen=True)
class _Moment:
    """A call of the clock: the tokens `first` up to `last`, both included."""

    name: str
    first: int
    last: int


def _moments(found: tuple[Token, ...]) -> list[_Moment]:
    words = [token.text for token in found]
    moments = []
    for i, word in enumerate(words):
        called = words[i + 1 : i + 2] == ["("]
        if words[i - 1 : i] == ["."] or not (word in _BARE_MOMENTS or (word in _CALLED_MOMENTS and called)):
            continue
        last = i if not called else i + 2 if words[i + 2 : i + 3] == [")"] else i + 3
        moments.append(_Moment(word, i, last))
    return moments


def day_text(text: str) -> str | None:
    """The text with CURRENT_DATE() for each call of the clock whose value is cut to a whole day anyway; None where one isn't."""
    found = tokens(text)
    words = [token.text for token in found]
    spans = []
    for moment in _moments(found):
        span = _day_span(words, moment)
        if span is None:
            return None
        spans.append((found[span[0]].start, found[span[1]].end, TODAY))
    return _replaced(text, spans) if spans else None


def _day_span(words: list[str], moment: _Moment) -> tuple[int, int] | None:
    """The tokens, first and last, that CURRENT_DATE() can stand for."""
    first, last = moment.first, moment.last
    before, after = words[max(0, first - 2) : first], words[last + 1 : last + 4]
    if moment.name not in _SAME_DAY:
        return None
    if after == [":", ":", "DATE"]:
        return first, last + 3
    if before in (["TO_DATE", "("], ["DATE", "("]) and after[:1] == [")"]:
        return first - 2, last + 1
    if before == ["CAST", "("] and after == ["AS", "DATE", ")"]:
        return first - 2, last + 3
    truncated = [word.upper() for word in words[max(0, first - 4) : first]]
    if truncated[:2] == ["DATE_TRUNC", "("] and truncated[2] in _WHOLE_DAYS and truncated[3:] == [","]:
        return first, last
    return None


def hour_text(text: str, at: datetime) -> str | None:
    """The text with a constant for each call of the clock: the hour in which it ran. None where a call gives a time of day."""
    found = tokens(text)
    spans = []
    for moment in _moments(found):
        if moment.name in ("CURRENT_TIME", "LOCALTIME"):
            return None
        zone = " +0000'::TIMESTAMP_LTZ" if moment.name != "SYSDATE" else "'::TIMESTAMP_NTZ"
        spans.append((found[moment.first].start, found[moment.last].end, f"'{at:%Y-%m-%d %H}:00:00{zone}"))
    return _replaced(text, spans) if spans else None


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    for start, end, instead in reversed(spans):
        text = text[:start] + instead + text[end:]
    return text
