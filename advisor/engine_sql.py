"""Names and text as the embedded engine reads them in SQL; `quoting` is for what Snowflake reads."""

from __future__ import annotations


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
