"""Strategies for names and texts that try to get out of where they are written."""

from __future__ import annotations

from hypothesis import strategies as st

_FRAGMENTS = [
    '"', "'", "`", "\n", "\r\n", "\r", "\t", "*/", "/*", ";", "$$", "--", "//", "\\", "\\u000a", "|", "{{", "}}", "{% if %}", "(", ")",
    ", ", "\u2028", "\u2029", "\x85", "\u202e", "\u2066", "\u200b", "\U000e0041", "é", "Ω", "💥", "<b>", "</pre>", "&amp;", "[x](http://y.z)",
    "www.x.org", "a@b.c", "# ", "- ", "1. ", "```", "~~", "$", "DROP TABLE T", "SELECT", "TABLE", "select", "ORDERS", "orders", " ", "_", "%s",
]  # fmt: skip

_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")

TEXTS = st.lists(st.sampled_from(_FRAGMENTS) | st.text(_CHARACTERS, max_size=5), max_size=12).map("".join)

NAMES = TEXTS.filter(bool).map(lambda name: name[:255]) | st.just("x" * 255) | st.just('"' * 255)
"""What Snowflake takes as a name: 1 to 255 characters, any but NUL."""
