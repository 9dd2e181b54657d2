"""The only place that quotes: names, string literals, comments and file names for the SQL that the advisor writes.

Source of the rules: Snowflake's identifier syntax, string constants and reserved keywords pages.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import unicodedata
from datetime import UTC, datetime

from advisor.errors import InputError
from advisor.model import TableName

_KEYWORDS = """
    ACCOUNT ALL ALTER AND ANY AS ASC BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS CURRENT
    CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DELETE DESC DISTINCT DROP ELSE EXISTS FALSE FOLLOWING
    FOR FROM FULL GRANT GROUP GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT
    LIKE LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER ORGANIZATION OUTER QUALIFY REGEXP REVOKE RIGHT RLIKE
    ROW ROWS SAMPLE SCHEMA SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE
    USING VALUES VIEW WHEN WHENEVER WHERE WINDOW WITH
"""
RESERVED = frozenset(_KEYWORDS.split())
"""Snowflake's reserved and limited keywords."""

# Not reserved, but words of the grammar in places where the scripts put a name.
_AMBIGUOUS = """
    ASOF BEGIN CLUSTER DATE DECLARE END EXCEPT EXECUTE FETCH IDENTIFIER IF INFORMATION_SCHEMA INTERVAL LIMIT LINEAR
    MATCH_RECOGNIZE OFFSET OVER PIVOT TIME TIMESTAMP TOP UNPIVOT WITHIN
"""
_QUOTED = RESERVED | frozenset(_AMBIGUOUS.split())

# A quoted name, a string, or what may not stand outside them: a statement's end, a comment, a quote without its partner.
_TOKENS = re.compile(
    r"""(?P<quoted>"(?:[^"]|"")*"|'(?:[^'\\]|\\.|'')*')|(?P<alien>;|--|/[*/]|\$\$|["'\\\0])|[()]""", re.DOTALL
)

_BARE = re.compile(r"[A-Z_][A-Z0-9_$]*", re.ASCII)
LONGEST_NAME = 255  # characters
_FILE_SAFE = re.compile(r"[A-Z0-9_]+", re.ASCII)
_FILE_PART_LENGTH = 40

# Control, format (bidi, zero width), surrogate, unassigned, line and paragraph separators: nothing of it shows.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
# What must be looked at: all of a report's characters go through here, and nearly all of them are plain ASCII.
_UNUSUAL = re.compile(r"[^ -~]")
_ESCAPED = re.compile(r"[^ -~]|['\\]")
_JINJA_ESCAPED = re.compile(r"[^ -~]|[\\\"{}]")


def identifier(name: str) -> str:
    """`name`, spelt exactly as Snowflake stores it, as an identifier: bare only where that means the same name.

    Raises InputError for a name that no Snowflake object can have.
    """
    if not name or "\0" in name:
        raise InputError(f"cannot write SQL for an object named {name!r}: Snowflake allows no such name; leave it out")
    # A bare A$$B is one name to Snowflake, but clients that split scripts see the start of a $$ string.
    if _BARE.fullmatch(name) and name not in _QUOTED and "$$" not in name:
        return name
    return '"' + name.replace('"', '""') + '"'


def beside(name: str, ending: str) -> str:
    """The name of what is made beside `name`: with the ending, and short enough for a name; two long names don't share one.

    >>> beside("ORDERS", "_COLD")
    'ORDERS_COLD'
    """
    if len(name) + len(ending) <= LONGEST_NAME:
        return name + ending
    digest = _digest(name)
    return f"{name[: LONGEST_NAME - len(digest) - len(ending) - 1]}_{digest}{ending}"


def qualified(name: TableName) -> str:
    """`DATABASE.SCHEMA.NAME`, each part quoted where it must be."""
    return ".".join(identifier(part) for part in (name.database, name.schema, name.name))


def expression(text: str) -> str:
    """`text`, an expression of a key as the catalog holds it, unchanged.

    Raises InputError where it could be more than one expression: a snapshot is a file that anyone can have written.
    """
    depth = 0
    for token in _TOKENS.finditer(text):
        if token.lastgroup == "alien":
            raise InputError(f"cannot write SQL with the key expression {text!r}: it is no single expression")
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            break
    if depth or not text.strip():
        raise InputError(f"cannot write SQL with the key expression {text!r}: its brackets do not pair")
    return text


def literal(text: str) -> str:
    """A string constant that evaluates to `text`; what doesn't show is written as an escape, so a reviewer sees it."""
    return "'" + _ESCAPED.sub(_escaped, text) + "'"


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in "'\\":
        return character * 2
    # Snowflake's \u takes four digits, so an invisible character beyond the BMP stays as it is.
    if _shows(character) or ord(character) > 0xFFFF:
        return character
    return f"\\u{ord(character):04x}"


def pattern(text: str) -> str:
    """A string constant that matches `text` alone, for LIKE."""
    return literal(re.sub(r"([\\_%])", r"\\\1", text))


def comment(text: str) -> str:
    """`text` on one line, for the inside of a `--` comment: what doesn't show, or would end the line, stands as `<U+000A>`."""
    return _UNUSUAL.sub(_told, text)


def _told(found: re.Match[str]) -> str:
    return found[0] if _shows(found[0]) else f"<U+{ord(found[0]):04X}>"


def comment_lines(text: str, width: int = 110) -> str:
    """`text` as whole `--` comment lines of about `width` characters."""
    lines = textwrap.wrap(comment(text), width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"-- {line}" for line in lines) or "--"


def commented_out(statement: str) -> str:
    """`statement` and a semicolon as `--` comment lines: taking the dashes away gives it back.

    Where it holds characters that a comment can't keep as they are, a line says so.
    """
    lines = f"{statement};".split("\n")
    shown = "\n".join(f"-- {comment(line)}" for line in lines)
    if any(comment(line) != line for line in lines):
        shown += "\n-- (A name here holds characters that do not show: take this statement from advice.json.)"
    return shown


def without_blanks(statement: str) -> str:
    """What REGEXP_REPLACE(…, '\\s+', '') leaves of it."""
    return re.sub(r"\s+", "", statement, flags=re.ASCII)


def jinja_string(text: str) -> str:
    """A string of a Jinja expression that evaluates to `text`; what doesn't show is written as an escape."""
    return '"' + _JINJA_ESCAPED.sub(_jinja_escaped, text) + '"'


def _jinja_escaped(found: re.Match[str]) -> str:
    character = found[0]
    # Braces could end the expression for a reader that doesn't know its strings.
    if character in "{}" or not _shows(character):
        return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
    return f"\\{character}" if character in '"\\' else character


def timestamp(moment: datetime) -> str:
    """A TIMESTAMP_TZ constant in UTC; a moment without a zone is in UTC already."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"'{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000'::TIMESTAMP_TZ"


def dollar_quoted(block: str) -> str:
    """`block` as a string constant, its lines kept: `$$…$$` where that is possible, because it reads as it is."""
    if "$$" not in block:
        return f"$${block}$$"
    return "'" + "\n".join(literal(line)[1:-1] for line in block.split("\n")) + "'"


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def file_part(name: str) -> str:
    """A short part of a file name; two names share one on no file system, whatever their letter case and characters."""
    if _FILE_SAFE.fullmatch(name) and len(name) <= _FILE_PART_LENGTH:
        return name
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[: _FILE_PART_LENGTH - 9]
    return f"{plain}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
