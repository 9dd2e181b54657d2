"""Statements → templates: each statement's fingerprint, and why it has none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from advisor.engine_sql import literal
from advisor.model import Redefinition
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.normal import blaming
from advisor.workload import fingerprint, kept, lasting

WRITES = ("INSERT", "MULTI_TABLE_INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CREATE_TABLE_AS_SELECT", "UNLOAD")

CACHED = "answered from the result cache (likely)"
METADATA = "answered without a warehouse, from metadata"
NO_SCAN = "neither a scan nor a write (SHOW, USE, …)"

# The text that stands for a statement, less its literals: literals that the statement's own hash tells apart are gone.
_BARE = """
CREATE OR REPLACE TEMP TABLE bare AS
WITH exemplars AS MATERIALIZED (SELECT STATEMENT, min_by(QUERY_TEXT, md5(QUERY_ID)) AS TEXT FROM samples GROUP BY STATEMENT)
SELECT *, md5(BARE) AS BARE_ID FROM ({shares})
"""
# What the bare texts are once they are normalised: as an earlier run found them, and the others.
_KNOWN = """
CREATE OR REPLACE TEMP TABLE canonical AS SELECT BARE_ID, coalesce(CANONICAL, '') AS CANONICAL FROM {kept} SEMI JOIN bare USING (BARE_ID)
"""
_NOTHING = "(SELECT '' AS BARE_ID, '' AS CANONICAL)"
_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT BARE_ID, TEXT, md5(TEXT) AS TEXT_ID FROM (
    SELECT BARE_ID, {normalised} AS TEXT
    FROM (SELECT DISTINCT BARE, BARE_ID FROM bare WHERE BARE IS NOT NULL) ANTI JOIN canonical USING (BARE_ID)
)
"""
_UNNAMED = "SELECT TEXT_ID, any_value(TEXT) FROM fresh GROUP BY TEXT_ID"
_NAMED = """
INSERT INTO canonical
SELECT BARE_ID, coalesce(decode(unhex(CANONICAL)), '')  -- an empty field is read as NULL
FROM fresh JOIN read_csv({file}, columns = {{'TEXT_ID': 'VARCHAR', 'CANONICAL': 'VARCHAR'}}, header = false, delim = ',', quote = '',
    escape = '', auto_detect = false, parallel = false, max_line_size = {longest}, buffer_size = {room}) USING (TEXT_ID)
"""
A_TIME = 1_000
ROOM = 2**20
_FINGERPRINTS = """
CREATE OR REPLACE TEMP TABLE fingerprints AS
SELECT STATEMENT, CANONICAL,
    CASE regexp_extract(CANONICAL, '^(?:\\( )*([A-Z]+)', 1)
        WHEN 'WITH' THEN 'SELECT'
        WHEN 'CREATE' THEN CASE
            WHEN regexp_matches(CANONICAL, '^CREATE(?: [A-Z]+)* TABLE (?s:.)* AS (?:\\( )*(?:SELECT|WITH) ')
            THEN 'CREATE_TABLE_AS_SELECT' ELSE 'CREATE' END
        WHEN 'COPY' THEN CASE WHEN CANONICAL LIKE 'COPY INTO @%' THEN 'UNLOAD' ELSE 'COPY' END
        ELSE regexp_extract(CANONICAL, '^(?:\\( )*([A-Z]+)', 1)
    END AS KIND
FROM bare JOIN canonical USING (BARE_ID)
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

# For every connection.
_KEPT = """
CREATE OR REPLACE TABLE kept AS
SELECT DISTINCT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, FINGERPRINT FROM members WHERE REASON IS NULL
"""

# Statements that make a table anew and read nothing, or are told apart by no kind that reads.
MOST_REDEFINITIONS = 5_000
_REDEFINITIONS = f"""
CREATE OR REPLACE TEMP TABLE redefinitions AS
WITH defining AS (
    SELECT STATEMENT FROM fingerprints
    WHERE regexp_matches(CANONICAL, '^CREATE (OR (REPLACE|ALTER) )?((TRANSIENT|ICEBERG|HYBRID) )*TABLE |^ALTER TABLE (?s:.)* (SWAP WITH|RENAME TO) ')
),
texts AS (SELECT STATEMENT, min(QUERY_TEXT) AS QUERY_TEXT FROM samples SEMI JOIN defining USING (STATEMENT) GROUP BY STATEMENT)
SELECT FINGERPRINT, min(QUERY_TEXT), any_value(DATABASE_NAME), any_value(SCHEMA_NAME), sum(EXECUTIONS),
    list_sort(list_distinct(flatten(list(string_split(coalesce(PARAMETERIZED_HASH, ''), ' ')))))
FROM members JOIN texts USING (STATEMENT) WHERE REASON = '{NO_SCAN}'
GROUP BY FINGERPRINT ORDER BY sum(EXECUTIONS) DESC, FINGERPRINT LIMIT {MOST_REDEFINITIONS}
"""

# Texts are only read of those that are chosen; where one has none, one of the samples is.
_FIRSTS = """
CREATE OR REPLACE TEMP TABLE firsts AS
SELECT FINGERPRINT, min_by(QUERY_ID, ROW({order})) AS QUERY_ID
FROM {rows} AS rows JOIN {kept} AS kept
ON rows.STATEMENT = kept.STATEMENT AND rows.OUTCOME = kept.OUTCOME
    AND rows.DATABASE_NAME IS NOT DISTINCT FROM kept.DATABASE_NAME
    AND rows.SCHEMA_NAME IS NOT DISTINCT FROM kept.SCHEMA_NAME
GROUP BY FINGERPRINT
"""
_REPRESENTATIVES = """
CREATE OR REPLACE TEMP TABLE representatives AS
SELECT FINGERPRINT, QUERY_ID, min(QUERY_TEXT) AS QUERY_TEXT FROM firsts JOIN candidate_texts USING (QUERY_ID) GROUP BY ALL
"""
_OTHERS = """
INSERT INTO representatives
SELECT FINGERPRINT, QUERY_ID, min(QUERY_TEXT)
FROM firsts JOIN samples USING (QUERY_ID) GROUP BY ALL
"""

TABLES = ("bare", "canonical", "fresh", "fingerprints", "members", "kept", "firsts", "representatives", "redefinitions")

# From here on the template is the statement.
_OF_TEMPLATES = """
CREATE OR REPLACE TEMP TABLE samples AS
SELECT rows.* REPLACE (FINGERPRINT AS STATEMENT)
FROM samples AS rows JOIN kept
ON rows.STATEMENT = kept.STATEMENT AND rows.OUTCOME = kept.OUTCOME
    AND rows.DATABASE_NAME IS NOT DISTINCT FROM kept.DATABASE_NAME
    AND rows.SCHEMA_NAME IS NOT DISTINCT FROM kept.SCHEMA_NAME
"""


def classify(snapshot: Snapshot, view: str, settings: Settings) -> None:
    """Gives each of the `statements` its template, or the reason why it has none; `samples` become those of templates.

    Makes the tables `members`, every statement with its FINGERPRINT and REASON, `kept`, those that have a template,
    `representatives`, a text of each template, and `redefinitions`, of those that have none.
    """
    # Few rows are one thread's work to DuckDB, but these are slow ones.
    threads = max(1, settings.threads)
    bare = f"SELECT STATEMENT, {fingerprint.without_literals('TEXT')} AS BARE FROM exemplars WHERE hash(STATEMENT) % {threads}"
    shares = " UNION ALL ".join(f"{bare} = {share}" for share in range(threads))
    snapshot.rows(view, _BARE.format(shares=shares))
    _canonical(snapshot, view, None if settings.cache_folder is None else Path(settings.cache_folder))
    order = lasting.order(snapshot)
    rest = "(FROM kept ANTI JOIN representatives USING (FINGERPRINT))"
    represented = (
        *(_FIRSTS.format(order=order, rows="candidates", kept="kept"), _REPRESENTATIVES),
        *(_FIRSTS.format(order=order, rows="samples", kept=rest), _OTHERS),
    )
    for table in (_FINGERPRINTS, _MEMBERS, _KEPT, _REDEFINITIONS, *represented, _OF_TEMPLATES):
        snapshot.rows(view, table)


def _canonical(snapshot: Snapshot, view: str, cache: Path | None) -> None:
    """Makes the table `canonical`: what this version of the code makes of each bare text."""
    fresh = _FRESH.format(normalised=fingerprint.normalised("BARE"))
    code = fingerprint.normalised("BARE"), Path(fingerprint.__file__).read_text(encoding="utf-8"), duckdb.__version__
    key = hashlib.sha256("\0".join(code).encode()).hexdigest()
    earlier = None if cache is None else kept.content(cache, key)
    file = snapshot.scratch / "canonical"
    if earlier is not None:
        file.write_bytes(earlier)
    source = _NOTHING if earlier is None else f"read_parquet({literal(str(file))})"
    snapshot.rows(view, _KNOWN.format(kept=source))
    snapshot.rows(view, fresh)
    if _name(snapshot, view) and cache is not None:
        snapshot.rows(view, f"COPY canonical TO {literal(str(file))} (FORMAT parquet)")
        kept.put(cache, key, file.read_bytes())


def _name(snapshot: Snapshot, view: str) -> int:
    """Adds the texts that are `fresh` to `canonical`, with their aliases numbered; gives how many.

    As hexadecimal digits in a file: for a function of Python's, or strings of its, DuckDB would import pandas.
    """
    file, longest = snapshot.scratch / "named", 0
    with file.open("w", encoding="ascii") as out, blaming(snapshot.folder / view):
        texts = snapshot.connection.execute(_UNNAMED)
        while some := texts.fetchmany(A_TIME):
            lines = [f"{name},{fingerprint.canonical_aliases(text).encode().hex()}\n" for name, text in some]
            longest = max(longest, *map(len, lines))
            out.writelines(lines)
    if not longest:
        return 0
    return int(
        snapshot.rows(view, _NAMED.format(file=literal(str(file)), longest=longest + 1, room=2 * longest + ROOM))[0][0]
    )


def redefinitions(snapshot: Snapshot, view: str) -> tuple[Redefinition, ...]:
    """The most frequent first."""
    return tuple(
        Redefinition(name, text, database, schema, int(executions), tuple(filter(None, hashes)))
        for name, text, database, schema, executions, hashes in snapshot.rows(view, "FROM redefinitions")
    )
