-- One row per query: QUERY_HISTORY without repeated rows, with the statement that the query is an execution of and what
-- became of it. The other statements of the history read it as EXECUTIONS. QUERY_TEXT stays behind: it is most of the bytes.
--
-- QUERY_HISTORY may hold a QUERY_ID twice; the latest END_TIME is the true one. An id that starts with ~ was made up for a
-- row without one, so it proves no repetition. The ids' hashes are grouped rather than the ids: they take a third of the
-- memory, and ids of one hash are told apart below.
--
-- STATEMENT is Snowflake's parameterized hash with its version (hashes of two versions do not compare). Without a hash it is
-- the hash of the text in which each comment, string and number, and the literals of an IN list together, are one mark; quoted
-- names, $1, v[0] and the ordinals of ORDER BY and GROUP BY stand. A hash says which statement it was even where the text is redacted.
--
-- Snowflake marks no cached result. A query that ran on no warehouse and scanned nothing was answered from the result cache
-- or from metadata.
WITH repeated AS (
    SELECT HASH(QUERY_ID) AS ID_HASH
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE NOT STARTSWITH(QUERY_ID, '~')
    GROUP BY HASH(QUERY_ID)
    HAVING COUNT(*) > 1
),
latest AS (
    SELECT *
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE HASH(QUERY_ID) NOT IN (SELECT ID_HASH FROM repeated)
    UNION ALL
    SELECT *
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE HASH(QUERY_ID) IN (SELECT ID_HASH FROM repeated)
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY QUERY_ID
        ORDER BY END_TIME DESC NULLS LAST, START_TIME DESC NULLS LAST, EXECUTION_TIME DESC NULLS LAST,
            TOTAL_ELAPSED_TIME DESC NULLS LAST, PARTITIONS_SCANNED DESC NULLS LAST, QUERY_TEXT
    ) = 1
)
SELECT
    QUERY_ID,
    COALESCE(
        NULLIF(TRIM(QUERY_PARAMETERIZED_HASH), '') || ':' || COALESCE(QUERY_PARAMETERIZED_HASH_VERSION, ''),
        'text:' || MD5(REGEXP_REPLACE(
            REGEXP_REPLACE(
                QUERY_TEXT,
                $$("[^"]*("|$)|[$][0-9]+|\[[0-9]+\]|\b([oO][rR][dD][eE][rR]|[gG][rR][oO][uU][pP])(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)+[bB][yY](\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)+[0-9]+(\s*,\s*[0-9]+)*)|'([^'\\]|\\(.|\n|$)|'')*('|$)|[$][$]([^$]|[$][^$])*([$][$]|[$]?$)|\b[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?\b|--[^\n]*|//[^\n]*|/[*]([^*]|[*]+[^*/])*([*]+/|[*]*$)$$,
                '\\1?'
            ),
            $$\b([iI][nN])\s*[(]\s*-?[?](\s*,\s*-?[?])*\s*[)]$$,
            '\\1 (?)'
        ))
    ) AS STATEMENT,
    NULLIF(TRIM(QUERY_PARAMETERIZED_HASH), '') AS PARAMETERIZED_HASH,
    DATABASE_NAME,
    SCHEMA_NAME,
    NULLIF(NULLIF(UPPER(TRIM(QUERY_TYPE)), ''), 'UNKNOWN') AS QUERY_TYPE,
    WAREHOUSE_NAME,
    WAREHOUSE_SIZE,
    CASE
        WHEN START_TIME IS NULL THEN 'start time missing'
        WHEN UPPER(EXECUTION_STATUS) <> 'SUCCESS'
            OR (EXECUTION_STATUS IS NULL AND (ERROR_CODE IS NOT NULL OR ERROR_MESSAGE IS NOT NULL))
            THEN CASE
                WHEN UPPER(EXECUTION_STATUS) IN ('RUNNING', 'QUEUED', 'BLOCKED', 'RESUMING_WAREHOUSE') THEN 'still running'
                WHEN TO_VARCHAR(ERROR_CODE) IN ('630', '000630') THEN 'timed out'
                WHEN ERROR_MESSAGE ILIKE '%cancel%' THEN 'cancelled'
                ELSE 'failed'
            END
        WHEN COALESCE(QUERY_TEXT, '') IN ('', '<redacted>') AND NULLIF(TRIM(QUERY_PARAMETERIZED_HASH), '') IS NULL
            THEN 'text missing or redacted'
        WHEN COALESCE(EXECUTION_TIME, TOTAL_ELAPSED_TIME) IS NULL THEN 'execution time missing'
        WHEN WAREHOUSE_SIZE IS NULL AND COALESCE(BYTES_SCANNED, 0) = 0 AND COALESCE(PARTITIONS_SCANNED, 0) = 0 THEN 'no warehouse'
        ELSE 'executed'
    END AS OUTCOME,
    START_TIME,
    END_TIME,
    COALESCE(EXECUTION_TIME, TOTAL_ELAPSED_TIME) AS EXECUTION_MS,
    QUEUED_OVERLOAD_TIME,
    BYTES_SCANNED,
    BYTES_READ_FROM_RESULT,
    BYTES_SPILLED_TO_LOCAL_STORAGE,
    BYTES_SPILLED_TO_REMOTE_STORAGE,
    PARTITIONS_SCANNED,
    PARTITIONS_TOTAL,
    ROWS_INSERTED,
    ROWS_UPDATED,
    ROWS_DELETED
FROM latest
