"""Forms of conditions: what a comparison with constants says of the bare column, once its wrapper is known."""

from __future__ import annotations

import re
from dataclasses import replace

from advisor.model import ColumnUsage, Role, Value
from advisor.usage import constants
from advisor.usage.conditions import Draft
from advisor.usage.constants import TEXT, VARIANT
from advisor.usage.steps import Same, Span
from advisor.usage.wrappers import Wrapping

WILDCARD = re.compile(r"(?<!\\)[%_]")


def _comparable(wrap: Wrapping, value: Value) -> bool:
    """False where Snowflake casts the column to compare: text with a number, a date or a boolean."""
    return wrap.result != TEXT or isinstance(value, str)


def equality(usage: ColumnUsage, wrap: Wrapping, value: Value | None) -> Draft:
    usage = replace(usage, role=Role.EQUALITY)
    if value is None:
        return Draft(usage)
    if not wrap.keeps_order or not _comparable(wrap, value):
        typed = constants.coerce(value, wrap.result)
        return Draft(replace(usage, keeps_order=False, values=() if typed is None else (typed,)))
    if wrap.prefix:
        return text_match(usage, wrap, (str(value),), True)
    return Draft(_spanned(usage, wrap.span(Span(value, value))))


def _spanned(usage: ColumnUsage, span: Span) -> ColumnUsage:
    if span.low is not None and span.low == span.high and span.low_included and span.high_included:
        return replace(usage, values=(span.low,))
    return _bounded(usage, span)


def _bounded(usage: ColumnUsage, span: Span) -> ColumnUsage:
    return replace(
        usage,
        low=span.low,
        high=span.high,
        low_included=span.low_included,
        high_included=span.high_included,
    )


def half_range(usage: ColumnUsage, wrap: Wrapping, operator: str, value: Value | None) -> Draft:
    included = operator.endswith("=")
    low = operator.startswith(">")
    usage = replace(usage, role=Role.RANGE)
    if value is not None and not _comparable(wrap, value):
        usage = replace(usage, keeps_order=False)
    if value is not None:
        span = Span(low=value, low_included=included) if low else Span(high=value, high_included=included)
        usage = _bounded(usage, wrap.span(span) if wrap.keeps_order else _plainly(span, wrap))
    return Draft(usage, has_low=low, has_high=not low)


def _plainly(span: Span, wrap: Wrapping) -> Span:
    """Under a wrapper that loses order the bounds are the result's own, as written."""
    low, high = constants.coerce(span.low, wrap.result), constants.coerce(span.high, wrap.result)
    return replace(span, low=low, high=high)


def membership(usage: ColumnUsage, wrap: Wrapping, values: tuple[Value, ...]) -> Draft:
    usage = replace(usage, role=Role.MEMBERSHIP)
    if not all(_comparable(wrap, value) for value in values):
        usage = replace(usage, keeps_order=False)
    if wrap.prefix:
        return text_match(usage, wrap, tuple(map(str, values)), True)
    if all(isinstance(step, Same) for step in wrap.steps or ()):
        typed = (constants.coerce(value, wrap.result) for value in values)
        return Draft(replace(usage, values=tuple(value for value in typed if value is not None)))
    spans = tuple(wrap.span(Span(value, value)) for value in dict.fromkeys(values))
    points = tuple(span.low for span in spans if span.low is not None and span.low == span.high)
    if len(points) == len(spans) and all(span.low_included and span.high_included for span in spans):
        return Draft(replace(usage, values=points))
    return Draft(usage, alternatives=tuple(_bounded(usage, span) for span in spans))


def text_match(usage: ColumnUsage, wrap: Wrapping, texts: tuple[str, ...], prefix: bool) -> Draft:
    """Several prefixes are alternatives of each other; several contained texts no minimum and maximum can tell apart."""
    ordered = prefix and usage.keeps_order and wrap.column in (None, TEXT, VARIANT)
    usage = replace(usage, role=Role.PREFIX if prefix else Role.CONTAINS, keeps_order=ordered)
    if ordered and len(texts) > 1:
        return Draft(usage, alternatives=tuple(replace(usage, values=(text,)) for text in texts))
    return Draft(replace(usage, values=texts))


def pattern(usage: ColumnUsage, wrap: Wrapping, patterns: tuple[str, ...], folded: bool) -> Draft:
    """LIKE: an equality without wildcards, a prefix where text comes before the first, else anything in the middle."""
    wild = [WILDCARD.search(pattern) for pattern in patterns]
    if folded or not patterns or any(match is not None and match.start() == 0 for match in wild):
        return text_match(usage, wrap, tuple(map(bare_text, patterns)), False)
    if any(wild):
        heads = (pattern[: match.start()] if match else pattern for pattern, match in zip(patterns, wild, strict=True))
        return text_match(usage, wrap, tuple(map(_unescaped, heads)), True)
    texts = tuple(map(_unescaped, patterns))
    return equality(usage, wrap, texts[0]) if len(texts) == 1 else membership(usage, wrap, texts)


def bare_text(pattern: str) -> str:
    return _unescaped(WILDCARD.sub("", pattern))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([%_\\])", r"\1", text)
