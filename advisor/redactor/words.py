"""A statement as tokens, each with what it is: a word of SQL itself, a name, a value, or nothing that could tell a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from sqlglot.dialects.snowflake import Snowflake

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<string>'(?:[^'\\]|\\.|'')*(?:'|\Z)|\$\$.*?(?:\$\$|\Z))
      | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
      | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))
      | (?P<word>[^\W\d][\w$]*|\d[\w$]*)
      | (?P<parameter>\$\d+)
      | (?P<operator><=|>=|<>|!=|::|:=|->>|->|=>|\|\||.)""",
    re.DOTALL | re.VERBOSE,
)
# What sqlglot's tables of words lack: units, session functions, words of DDL and of Snowflake's own clauses.
_MORE = """
    YEAR YEARS YY YYYY QUARTER QUARTERS QTR MONTH MONTHS MM MON WEEK WEEKS WW WEEKISO DAY DAYS DD D DAYOFWEEK DAYOFWEEKISO DAYOFYEAR
    DAYOFMONTH YEAROFWEEK HOUR HOURS HH MINUTE MINUTES MI SECOND SECONDS SS MILLISECOND MICROSECOND NANOSECOND EPOCH_SECOND
    GETDATE SYSDATE SYSTIMESTAMP LOCALTIME LOCALTIMESTAMP NOW CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURRENT_ROLE
    CURRENT_WAREHOUSE CURRENT_DATABASE CURRENT_SCHEMA CURRENT_ACCOUNT CURRENT_SESSION IDENTIFIER TABLE RESULT_SCAN LAST_QUERY_ID
    FLATTEN INPUT OUTER PATH MODE RECURSIVE INDEX KEY VALUE THIS SEQ TOP SAMPLE BERNOULLI SYSTEM SEED REPEATABLE BLOCK ROWS AT BEFORE
    OFFSET TIMESTAMP STATEMENT STREAM CHANGES LINEAR CLUSTER CLUSTERING MATERIALIZED SECURE DYNAMIC TARGET_LAG WAREHOUSE TRANSIENT
    HYBRID EXTERNAL ICEBERG STAGE FILE_FORMAT TYPE COMMENT TAG MASKING POLICY AGGREGATION RETURNS LANGUAGE JAVASCRIPT PYTHON
    SQL IMMUTABLE VOLATILE CALLER OWNER STRICT HANDLER ANONYMOUS RESULTSET CURSOR EXCEPTION LET RETURN IF ELSEIF LOOP WHILE REPEAT
    UNTIL BREAK CONTINUE CLONE COPY GRANTS OVERWRITE MATCHED NOT MERGE TRUNCATE UNDROP SHOW DESCRIBE DESC EXPLAIN CALL USE ROLE
    TRUE FALSE NULL NULLS FIRST LAST WITHIN IGNORE RESPECT PIVOT UNPIVOT MEASURES PATTERN DEFINE ONE PER MATCH EQUALITY SUBSTRING
    GEO SEARCH OPTIMIZATION ADD SUSPEND RESUME RECLUSTER SWAP RENAME TO PARALLEL FORCE PURGE ON_ERROR SKIP_FILE CSV JSON PARQUET AVRO
"""
UNITS = frozenset(_MORE.split()[:41])


class Sort(Enum):
    KEPT = auto()
    """Words of SQL, operators, blanks, parameters, small numbers that are no values."""
    COMMENT = auto()
    NAME = auto()
    TEXT = auto()
    NUMBER = auto()
    """A number compared with a column, its sign included."""
    DIGITS = auto()
    """Any other long number."""
    PATTERN = auto()
    """What LIKE matches with."""


@dataclass(frozen=True)
class Token:
    sort: Sort
    text: str
    """As it stands in the statement; NUMBER with its sign."""


_COMPARISONS = frozenset({"=", "<", ">", "<=", ">=", "<>", "!="})
_FORMAT = re.compile(r"(?:YYYY|YY|MM|MON|DD|DY|HH24|HH12|HH|MI|SS|FF\d?|TZH|TZM|AM|PM|T|Z|[-/:., ]|\")+")
_LIKES = frozenset({"LIKE", "ILIKE", "ANY", "RLIKE"})
_NUMERIC = frozenset(
    {
        "TRUNC",
        "TRUNCATE",
        "ROUND",
        "FLOOR",
        "CEIL",
        "CAST",
        "TRY_CAST",
        "TO_NUMBER",
        "COALESCE",
        "NVL",
        "IFNULL",
        "ANY",
        "ALL",
    }
)
_LONG = 5  # digits from which on a number that is no value could tell something


@cache
def vocabulary() -> frozenset[str]:
    """Words that belong to SQL: they stay as they are, as names too."""
    keywords = (word for phrase in Snowflake.Tokenizer.KEYWORDS for word in phrase.split() if word[:1].isalpha())
    return frozenset((*map(str.upper, keywords), *map(str.upper, Snowflake.Parser.FUNCTIONS), *_MORE.split()))


def tokens(text: str) -> Iterator[Token]:
    """The whole of a text, cut-off and broken ones too: joined, the tokens' texts give it back."""
    found = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(text)]
    solid = [i for i, (kind, _) in enumerate(found) if kind not in ("space", "comment")]
    statement = _Statement([found[i] for i in solid])
    place = {i: n for n, i in enumerate(solid)}
    skipped: set[int] = set()
    for i, (kind, piece) in enumerate(found):
        if i in skipped:
            continue
        if kind in ("space", "comment"):
            yield Token(Sort.COMMENT if kind == "comment" else Sort.KEPT, piece)
        elif piece == "-" and statement.is_sign(place[i]):
            value = solid[place[i] + 1]
            skipped |= set(range(i + 1, value + 1))
            yield Token(Sort.NUMBER, "-" + found[value][1])
        else:
            yield Token(statement.sort(place[i]), piece)


class _Statement:
    """The tokens that mean something, and which bracket each stands in."""

    def __init__(self, words: list[tuple[str, str]]) -> None:
        self.words = words
        self.bracket: list[int | None] = []
        """The bracket that is open at each place; at a closing one, its partner."""
        stack: list[int] = []
        for i, (_, piece) in enumerate(words):
            self.bracket.append(stack[-1] if stack else None)
            if piece == "(":
                stack.append(i)
            elif piece == ")" and stack:
                stack.pop()

    def word(self, at: int) -> str:
        return self.words[at][1].upper() if 0 <= at < len(self.words) else ""

    def sort(self, at: int) -> Sort:
        kind, piece = self.words[at]
        if kind == "string":
            return Sort.PATTERN if {self.word(at - 1), self.word(at - 2)} & _LIKES else self._string(at, piece)
        if kind == "quoted":
            return Sort.NAME
        if kind == "word":
            return Sort.KEPT if piece.upper() in vocabulary() else Sort.NAME
        if kind != "number":
            return Sort.KEPT
        if self.is_value(at):
            return Sort.NUMBER
        return Sort.DIGITS if sum(letter.isdigit() for letter in piece) >= _LONG else Sort.KEPT

    def _string(self, at: int, piece: str) -> Sort:
        """Units and formats, where they stand as arguments, are words of SQL."""
        inside, before = piece.strip("'$"), self.word(at - 1)
        unit = inside.upper() in UNITS and before in ("(", ",")
        interval = before == "INTERVAL" and re.fullmatch(r"[+-]?\d{1,4}(\s*[A-Za-z]{1,12})?", inside)
        return Sort.KEPT if unit or interval or (before == "," and _FORMAT.fullmatch(inside)) else Sort.TEXT

    def is_sign(self, at: int) -> bool:
        """A minus that belongs to a value: `> -5`, `IN (-1, -2)`, `BETWEEN -5 AND -3`."""
        return at + 1 < len(self.words) and self.words[at + 1][0] == "number" and at > 0 and self.is_value(at)

    def is_value(self, at: int) -> bool:
        """Whether what stands there is compared with a column, by itself."""
        before, after = self.word(at - 1), self.word(at + 1)
        if before in _COMPARISONS or before == "BETWEEN":
            return self._of_column(at - 2)
        if before == "AND":
            start = next((i for i in range(at - 2, at - 6, -1) if self.word(i) == "BETWEEN"), None)
            return start is not None and self._of_column(start - 1)
        opened = self.bracket[at]
        if before in ("(", ",") and opened:
            return self.word(opened - 1) in ("IN", "VALUES")
        return after in _COMPARISONS and before in ("WHERE", "AND", "OR", "ON", "(", "NOT")

    def _of_column(self, at: int) -> bool:
        """Whether a comparison's other side is a column, bare or in a function that keeps its numbers."""
        if at < 0:
            return False
        kind, piece = self.words[at]
        if piece.upper() == "NOT":
            return self._of_column(at - 1)
        if piece == ")":
            opened = self.bracket[at]
            return bool(opened) and self.word((opened or 0) - 1) in _NUMERIC
        return kind in ("quoted", "parameter", "word")
