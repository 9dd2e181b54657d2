"""Texts without a hash, named once for all that differ in their numbers alone.

What tells a text's statement (`sql/executions.sql`) takes long, and a number is one mark to it. So its numbers are made 0
first, and only what is still distinct is named. That is left where a number may count for more: in double quotes, after a
dollar or an opening bracket, and among the ordinals of an ORDER BY or a GROUP BY.
"""

from __future__ import annotations

from advisor.workload.texts import columns_of_executions

# One mark too, and where dbt puts what tells its runs apart.
_OPENING = r"^/[*]([^*]|[*]+[^*/])*[*]+/"
_NUMBER = r"\b[0-9]+\b"
_COUNTS = r"[$]0|\[0|[bB][yY]\s*([0-9]|--|/[*])"
_HASH = "QUERY_PARAMETERIZED_HASH"
_UNHASHED = f"trim(coalesce({_HASH}, '')) = ''"

OPENED = f"SELECT *, regexp_replace(QUERY_TEXT, '{_OPENING}', '/**/') AS OPENED FROM {{rows}}"
ZEROED = f"""CASE WHEN contains(OPENED, '"') THEN QUERY_TEXT ELSE regexp_replace(OPENED, '{_NUMBER}', '0', 'g') END"""
COUNTED = f"""NOT contains(OPENED, '"') AND regexp_matches({ZEROED}, '{_COUNTS}')"""
"""Whether a number counts in what is named alike, so that each text must be named: of its texts any one tells."""

SHORTENED = f"""
SELECT * EXCLUDE (QUERY_TEXT, OPENED),
    CASE WHEN {_UNHASHED} THEN hash({ZEROED}) END AS ZEROED_ID,
    CASE WHEN {_UNHASHED} THEN hash(QUERY_TEXT) END AS TEXT_ID,
    CASE WHEN QUERY_TEXT IS NULL OR QUERY_TEXT IN ('', '<redacted>') THEN QUERY_TEXT ELSE 'unread' END AS QUERY_TEXT
FROM ({OPENED})
"""
NAMES = """
CREATE OR REPLACE TABLE zeroed_names (ZEROED_ID UBIGINT, STATEMENT VARCHAR, COUNTED BOOLEAN);
CREATE OR REPLACE TABLE text_names (TEXT_ID UBIGINT, STATEMENT VARCHAR)
"""
"""Of all units, which may name one twice, and by two texts, which are of one statement unless it is COUNTED."""
_STATEMENT = columns_of_executions(("STATEMENT",))[0]
# The ids' hashes are known to differ; but those of rows without an id, which then have one text, though one of them may have a
# hash. No text is held.
_FIRST = f"""
SELECT {{id}}, rows.QUERY_TEXT, NULL::VARCHAR AS {_HASH}, NULL::VARCHAR AS {_HASH}_VERSION
FROM {{rows}} AS rows JOIN (
    SELECT {{id}}, min(hash(QUERY_ID)) AS ID_HASH FROM {{{{shortened}}}} WHERE {{id}} IS NOT NULL {{which}} GROUP BY {{id}}
) AS first ON first.ID_HASH = hash(rows.QUERY_ID)
WHERE trim(coalesce(rows.{_HASH}, '')) = ''
"""


def _first(name: str, which: str) -> str:
    return OPENED.format(rows=f"({_FIRST.format(id=name, which=which, rows='{rows}')})")


NAMED = f"""
INSERT INTO zeroed_names SELECT DISTINCT ZEROED_ID, {_STATEMENT}, {COUNTED}
FROM ({_first("ZEROED_ID", "AND ZEROED_ID NOT IN (SELECT ZEROED_ID FROM zeroed_names)")})
"""
_EACH = "ZEROED_ID IN (SELECT ZEROED_ID FROM zeroed_names WHERE COUNTED)"
ANY_EACH = f"SELECT 1 FROM {{shortened}} WHERE {_EACH} LIMIT 1"
NAMED_EACH = f"""
INSERT INTO text_names SELECT DISTINCT TEXT_ID, {_STATEMENT}
FROM ({_first("TEXT_ID", f"AND {_EACH} AND TEXT_ID NOT IN (SELECT TEXT_ID FROM text_names)")})
"""
TOLD = """
SELECT shortened.*, CASE WHEN COUNTED THEN text_names.STATEMENT ELSE zeroed_names.STATEMENT END AS TEXT_STATEMENT
FROM {shortened} AS shortened
LEFT JOIN (
    SELECT ZEROED_ID, COUNTED, min(STATEMENT) AS STATEMENT FROM zeroed_names GROUP BY ALL
) AS zeroed_names USING (ZEROED_ID)
LEFT JOIN (SELECT DISTINCT * FROM text_names) AS text_names ON COUNTED AND text_names.TEXT_ID = shortened.TEXT_ID
"""
ALL = SHORTENED, NAMED, NAMED_EACH, TOLD
"""All that is asked to name a unit's texts."""
