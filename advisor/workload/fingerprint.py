"""One fingerprint for all texts of a statement that differ in literals, comments, case, layout or aliases only.

Most of it is a chain of regular expressions that DuckDB runs over the texts (RE2: linear in the text's length, and every
quote or comment that never closes runs to the end, so no search is repeated); the aliases take Python, on the few texts that
are still distinct.

Fall together: IN and ANY lists and VALUES rows of any length, literals and their signs, comments wherever they stand, case
outside of double quotes, blanks, names that carry a date, a long number or a uuid (`events_20250101`, `e_2025_01_02`,
`x__dbt_tmp_20250101123456`, `#Tableau_23_1_`), LIMIT and other numbers.
Stay apart: `"1"` and `"2"`, `t.$1` and `t.$2`, `v:a` and `v:b`, `v[0]` and `v[1]`, `c1` and `c2`, and the ordinals of
ORDER BY and GROUP BY, since they name columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from advisor.engine_sql import literal

_STRING = r"""'(?:[^'\\]|\\(?s:.)|\\\z|'')*(?:'|\z)|\$\$(?s:.*?)(?:\$\$|\z)"""
_QUOTED = r""""[^"]*(?:"|\z)"""
_ORDINALS = r"(?i:\b(?:ORDER|GROUP)\s+BY\s+[0-9]+(?:\s*,\s*[0-9]+)*)"
_NUMBER = r"(?:\b[0-9]+(?:\.[0-9]*)?|#(?:\.[0-9]+)?)(?:[eE][+-]?[0-9]+)?\b|#"
_UUID = r"[0-9a-f]{8}[_-]?[0-9a-f]{4}[_-]?[0-9a-f]{4}[_-]?[0-9a-f]{4}[_-]?[0-9a-f]{12}"
_DATE = r"_(?:19|20)[0-9]{2}_[01][0-9](?:_[0-3][0-9])?"
_LITERAL = r"-?\?(?:::\w+)?"
_MARK = r"[,()=<>;.:!*/%|\[\]]"
_ITEM = rf"(?:{_LITERAL}|\((?:{_LITERAL},)*{_LITERAL}\))"
_ROW = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"

# Pattern and replacement, applied in this order. A comment may hold a quote and a string a comment's mark, so both are
# matched at once; what is captured is kept.
_LITERAL_STEPS = (
    (rf"({_STRING}|{_QUOTED})|--[^\n]*|//[^\n]*|/\*(?s:.*?)(?:\*/|\z)", r"\1 "),
    (rf"(?i){_UUID}", "#"),
    (rf"(?i)_[0-9a-f]{{12,}}\b|{_DATE}", "_#"),
    (r"[0-9]{6,}(?:_[0-9]+)*", "#"),
    (r"(?i)(#Tableau)_[0-9_]+", r"\1"),
    (rf"({_QUOTED}|\$[0-9]+|\[[0-9]+\]|{_ORDINALS})|{_STRING}|{_NUMBER}", r"\1?"),
    (r"""(["\]0-9])\?""", r"\1"),
    (r"(?i)\b(IN)\s*\(\s*-?\?(?:\s*,\s*-?\?)*\s*\)", r"\1 (?)"),
)
# Blanks are matched only where there is one to take away: a replacement costs more than a look.
_FORM_STEPS = (
    (r"[^\S ]\s*| \s+", " "),
    (rf"({_QUOTED})| ({_MARK}) ?|({_MARK}) ", r"\1\2\3"),
    (r"((?i:[=<>(,]|\b(?:BETWEEN|AND|OR|THEN|ELSE|LIKE|SELECT|LIMIT|WHEN|RETURN) )) ?- ?\?", r"\1?"),
    (rf"({_QUOTED})| ([+-]) ?|([+-]) ", r"\1\2\3"),
    (rf"(?i)\b(IN|ANY|ALL) ?\(({_ITEM})(?:,{_ITEM})*\)", r"\1(\2)"),
    (rf"(?i)\bVALUES ?({_ROW})(?:,{_ROW})*", r"VALUES\1"),
)

_TOKEN = re.compile(r'"(?:[^"]|"")*"?|[^\W\d][\w$]*|\S')
_NAME = re.compile(r'"|[^\W\d]')
_BEFORE_A_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "USING", "TABLE", ",", "("})
_NO_TABLE = frozenset(
    [
        "SELECT",
        "DISTINCT",
        "ALL",
        "NOT",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "AND",
        "OR",
        "ON",
        "WHERE",
        "BY",
        "HAVING",
        "QUALIFY",
        "IN",
        "LIKE",
        "IS",
        "BETWEEN",
        "EXISTS",
        "LATERAL",
        "SET",
        "VALUES",
        "UNION",
        "WITH",
        "LIMIT",
        "TOP",
        "INTERVAL",
        "PRIOR",
        "ANY",
        "SOME",
        "AS",
        "FROM",
        "JOIN",
    ]
)


def without_literals(text: str) -> str:
    """The SQL expression, in DuckDB, of the texts of the SQL expression `text` less their comments and literals.

    Statements that differ in nothing else are the same text by now, so `normalised` has fewer of them to do.
    """
    return _replaced(text, _LITERAL_STEPS)


def normalised(text: str) -> str:
    """The SQL expression, in DuckDB, that normalises texts that are `without_literals`."""
    # By now only names stand in double quotes: every second piece between them is one.
    pieces = f"string_split({_replaced(text, _FORM_STEPS)}, '\"')"
    upper = f"list_transform({pieces}, lambda x, i: CASE WHEN i % 2 = 1 THEN upper(x) ELSE x END)"
    return f"trim(array_to_string({upper}, '\"'), ' ;')"


def _replaced(text: str, steps: Sequence[tuple[str, str]]) -> str:
    for pattern, replacement in steps:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)}, 'g')"
    return text


def canonical_aliases(text: str) -> str:
    """A normalised text with its aliases numbered in the order they appear, and its tokens set apart by blanks.

    A table's alias is renamed only where each of its appearances is a declaration or a qualifier, a column's only where it
    appears once and the statement is a query, so a name that means anything else stays.
    """
    tokens = ["", "", *_TOKEN.findall(text), "", "", "", ""]
    columns = _column_aliases(tokens)
    numbers: dict[str, str] = {}
    aliases = _table_aliases(tokens)
    for i, token in enumerate(tokens):
        if i in columns:
            tokens[i] = "@column"
        elif token in aliases and tokens[i - 1] != ".":
            tokens[i] = numbers.setdefault(token, f"@{len(numbers)}")
    return " ".join(token for token in tokens if token)


def _table_aliases(tokens: Sequence[str]) -> frozenset[str]:
    declared: set[str] = set()
    other: set[str] = set()
    around = zip(tokens, tokens[1:], tokens[2:], strict=False)
    qualifiers = {token for before, token, after in around if after == "." != before and _NAME.match(token)}
    for i, token in enumerate(tokens):
        if token not in qualifiers or tokens[i - 1] == ".":
            continue
        if tokens[i + 1] != ".":
            (declared if _declares(tokens, i) else other).add(token)
        elif tokens[i - 1] in _BEFORE_A_TABLE - {",", "("} or tokens[i + 3] in (".", "("):
            # A schema or a database of that name: `FROM x.t`, `x.s.t`, `x.f(…)`.
            other.add(token)
    return frozenset(declared - other)


def _declares(tokens: Sequence[str], i: int) -> bool:
    """Whether the token names the table, or the bracket, that stands before it: `FROM a.b x`, `(…) AS x`."""
    j = i - 1
    if tokens[j] == "AS":
        j -= 1
    if tokens[j] == ")":
        return True
    if tokens[j] == "?":
        j -= 1
    while tokens[j - 1] == "." and j > 2:
        j -= 2
    return _NAME.match(tokens[j]) is not None and tokens[j] not in _NO_TABLE and tokens[j - 1] in _BEFORE_A_TABLE


def _column_aliases(tokens: Sequence[str]) -> frozenset[int]:
    """Positions of names that a SELECT gives to its output and nothing refers to. A type in CAST(x AS t) ends in `)`."""
    if tokens[2] not in ("SELECT", "WITH") or "MATCH_RECOGNIZE" in tokens:
        return frozenset()
    count = Counter(tokens)
    return frozenset(
        i
        for i, token in enumerate(tokens)
        if tokens[i - 1] == "AS" and tokens[i + 1] in (",", "FROM") and count[token] == 1 and _NAME.match(token)
    )
