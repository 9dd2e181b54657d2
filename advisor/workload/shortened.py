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

TRIED = f"""
SELECT *, regexp_replace(OPENED, '{_NUMBER}', '0', 'g') AS ZEROED
FROM (SELECT *, regexp_replace(QUERY_TEXT, '{_OPENING}', '/**/') AS OPENED FROM {{rows}})
"""
SHORT = f"""CASE WHEN contains(OPENED, '"') OR regexp_matches(ZEROED, '{_COUNTS}') THEN QUERY_TEXT ELSE ZEROED END"""
SHORTENED = f"""
SELECT * EXCLUDE (QUERY_TEXT, OPENED, ZEROED),
    CASE WHEN trim(coalesce({_HASH}, '')) = '' THEN hash({SHORT}) END AS TEXT_ID,
    CASE WHEN QUERY_TEXT IS NULL OR QUERY_TEXT IN ('', '<redacted>') THEN QUERY_TEXT ELSE 'unread' END AS QUERY_TEXT
FROM ({TRIED})
"""
_STATEMENT = columns_of_executions(("STATEMENT",))[0]
# The ids' hashes are known to differ; but those of rows without an id, which then have one text, though one of them may have a
# hash. No text is held.
NAMED = f"""
CREATE OR REPLACE TEMP TABLE named AS
SELECT DISTINCT TEXT_ID, {_STATEMENT}
FROM (
    SELECT TEXT_ID, rows.QUERY_TEXT, NULL::VARCHAR AS {_HASH}, NULL::VARCHAR AS {_HASH}_VERSION
    FROM {{rows}} AS rows JOIN (
        SELECT TEXT_ID, min(hash(QUERY_ID)) AS ID_HASH FROM {{shortened}} WHERE TEXT_ID IS NOT NULL GROUP BY TEXT_ID
    ) AS first ON first.ID_HASH = hash(rows.QUERY_ID)
    WHERE trim(coalesce(rows.{_HASH}, '')) = ''
)
"""
TOLD = """
SELECT shortened.*, named.STATEMENT AS TEXT_STATEMENT FROM {shortened} AS shortened LEFT JOIN named USING (TEXT_ID)
"""
