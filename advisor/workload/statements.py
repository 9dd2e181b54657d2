"""Statements → templates: each statement's fingerprint, and why it has none."""

from __future__ import annotations

from advisor import fingerprint
from advisor.snapshot import Snapshot

WRITES = ("INSERT", "MULTI_TABLE_INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CREATE_TABLE_AS_SELECT", "UNLOAD")

CACHED = "answered from the result cache (likely)"
METADATA = "answered without a warehouse, from metadata"
NO_SCAN = "neither a scan nor a write (SHOW, USE, …)"

# The text that stands for a statement, normalised: literals that the statement's own hash tells apart are gone.
_FINGERPRINTS = """
CREATE OR REPLACE TEMP TABLE fingerprints AS
WITH exemplars AS (SELECT STATEMENT, min_by(QUERY_TEXT, md5(QUERY_ID)) AS TEXT FROM samples GROUP BY STATEMENT),
bare AS MATERIALIZED (SELECT STATEMENT, {without_literals} AS BARE FROM exemplars),
normal AS MATERIALIZED (SELECT BARE, {normalised} AS TEXT FROM (SELECT DISTINCT BARE FROM bare)),
canonical AS MATERIALIZED (
    SELECT TEXT, canonical_aliases(TEXT) AS CANONICAL FROM (SELECT DISTINCT TEXT FROM normal)
)
SELECT STATEMENT, CANONICAL,
    CASE regexp_extract(CANONICAL, '^(?:\\( )*([A-Z]+)', 1)
        WHEN 'WITH' THEN 'SELECT'
        WHEN 'CREATE' THEN CASE
            WHEN regexp_matches(CANONICAL, '^CREATE(?: [A-Z]+)* TABLE (?s:.)* AS (?:\\( )*(?:SELECT|WITH) ')
            THEN 'CREATE_TABLE_AS_SELECT' ELSE 'CREATE' END
        WHEN 'COPY' THEN CASE WHEN CANONICAL LIKE 'COPY INTO @%' THEN 'UNLOAD' ELSE 'COPY' END
        ELSE regexp_extract(CANONICAL, '^(?:\\( )*([A-Z]+)', 1)
    END AS KIND
FROM bare JOIN normal USING (BARE) JOIN canonical USING (TEXT)
"""

_MEMBERS = f"""
CREATE OR REPLACE TEMP TABLE members AS
WITH sampled AS (SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME FROM samples),
contexts AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, min(min(QUERY_TYPE)) OVER (PARTITION BY STATEMENT) AS TYPE
    FROM statements GROUP BY STATEMENT, DATABASE_NAME, SCHEMA_NAME
),
-- Once for all warehouses and outcomes that it ran with: the text is long.
named AS MATERIALIZED (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, coalesce(TYPE, KIND, 'UNKNOWN') AS TYPE, CANONICAL IS NULL AS UNSEEN,
        substr(md5(concat_ws(chr(31), CANONICAL, coalesce(DATABASE_NAME, chr(30)), coalesce(SCHEMA_NAME, chr(30)))), 1, 16)
            AS FINGERPRINT
    FROM contexts LEFT JOIN fingerprints USING (STATEMENT)
),
known AS (
    SELECT statements.* REPLACE (TYPE AS QUERY_TYPE), FINGERPRINT, UNSEEN OR sampled.OUTCOME IS NULL AS TEXTLESS,
        (SELECT bool_or(WAREHOUSE_SIZE IS NOT NULL) FROM statements) AS SIZES_KNOWN
    FROM statements JOIN named
    ON statements.STATEMENT IS NOT DISTINCT FROM named.STATEMENT
        AND statements.DATABASE_NAME IS NOT DISTINCT FROM named.DATABASE_NAME
        AND statements.SCHEMA_NAME IS NOT DISTINCT FROM named.SCHEMA_NAME
    LEFT JOIN sampled
    ON statements.STATEMENT = sampled.STATEMENT AND statements.OUTCOME = sampled.OUTCOME
        AND statements.DATABASE_NAME IS NOT DISTINCT FROM sampled.DATABASE_NAME
        AND statements.SCHEMA_NAME IS NOT DISTINCT FROM sampled.SCHEMA_NAME
),
computed AS (
    SELECT FINGERPRINT, bool_or(coalesce(PARTITIONS_SCANNED, BYTES_SCANNED, 0) > 0) AS SCANS
    FROM known WHERE OUTCOME = 'executed' GROUP BY FINGERPRINT
)
SELECT known.*, CASE
    WHEN OUTCOME NOT IN ('executed', 'no warehouse') THEN OUTCOME
    WHEN TEXTLESS THEN 'text missing or redacted'
    WHEN QUERY_TYPE NOT IN ('SELECT', {", ".join(repr(kind) for kind in WRITES)}) THEN '{NO_SCAN}'
    WHEN OUTCOME = 'executed' OR NOT SIZES_KNOWN OR QUERY_TYPE <> 'SELECT' THEN NULL
    WHEN coalesce(SCANS, false) OR BYTES_READ_FROM_RESULT > 0 THEN '{CACHED}'
    ELSE '{METADATA}'
END AS REASON
FROM known LEFT JOIN computed USING (FINGERPRINT)
"""

_KEPT = """
CREATE OR REPLACE TEMP TABLE kept AS
SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, FINGERPRINT FROM members WHERE REASON IS NULL
"""

# Statements that make a table anew and read nothing, or are told apart by no kind that reads.
MOST_REDEFINITIONS = 5_000
_REDEFINITIONS = f"""
CREATE OR REPLACE TEMP TABLE redefinitions AS
WITH defining AS (
    SELECT STATEMENT FROM fingerprints
    WHERE regexp_matches(CANONICAL, '^CREATE (OR REPLACE )?(TRANSIENT )?TABLE |^ALTER TABLE (?s:.)* (SWAP WITH|RENAME TO) ')
),
texts AS (SELECT STATEMENT, min(QUERY_TEXT) AS QUERY_TEXT FROM samples SEMI JOIN defining USING (STATEMENT) GROUP BY STATEMENT)
SELECT FINGERPRINT, min(QUERY_TEXT), any_value(DATABASE_NAME), any_value(SCHEMA_NAME), sum(EXECUTIONS),
    list_sort(list_distinct(flatten(list(string_split(coalesce(PARAMETERIZED_HASH, ''), ' ')))))
FROM members JOIN texts USING (STATEMENT) WHERE REASON = '{NO_SCAN}'
GROUP BY FINGERPRINT ORDER BY sum(EXECUTIONS) DESC, FINGERPRINT LIMIT {MOST_REDEFINITIONS}
"""

# From here on the template is the statement.
_OF_TEMPLATES = """
CREATE OR REPLACE TEMP TABLE samples AS
SELECT rows.* REPLACE (FINGERPRINT AS STATEMENT)
FROM samples AS rows JOIN kept
ON rows.STATEMENT = kept.STATEMENT AND rows.OUTCOME = kept.OUTCOME
    AND rows.DATABASE_NAME IS NOT DISTINCT FROM kept.DATABASE_NAME
    AND rows.SCHEMA_NAME IS NOT DISTINCT FROM kept.SCHEMA_NAME
"""


def classify(snapshot: Snapshot, view: str) -> None:
    """Gives each of the `statements` its template, or the reason why it has none; `samples` become those of templates.

    Makes the tables `members`, every statement with its FINGERPRINT and REASON, `kept`, those that have a template, and
    `redefinitions`, of those that have none.
    """
    steps = {"without_literals": fingerprint.without_literals("TEXT"), "normalised": fingerprint.normalised("BARE")}
    snapshot.rows(view, _FINGERPRINTS.format(**steps))
    for table in (_MEMBERS, _KEPT, _REDEFINITIONS, _OF_TEMPLATES):
        snapshot.rows(view, table)
