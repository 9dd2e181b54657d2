-- One row per sample: at most $samples executions of each statement, session context and outcome, with their texts; none
-- whose text is missing or redacted.
-- The executions are cut into $samples strata of equal size by the partitions that they scanned, and one is taken of each, by
-- the hash of its id. WEIGHT is how many executions it stands for.
WITH strata AS (
    SELECT
        *,
        MD5(QUERY_ID) AS SHUFFLE,
        NTILE($samples) OVER (
            PARTITION BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME
            ORDER BY PARTITIONS_SCANNED, MD5(QUERY_ID)
        ) AS STRATUM
    FROM EXECUTIONS
    WHERE OUTCOME IN ('executed', 'no warehouse')
),
chosen AS (
    SELECT
        STATEMENT,
        DATABASE_NAME,
        SCHEMA_NAME,
        OUTCOME,
        QUERY_ID,
        START_TIME,
        EXECUTION_MS,
        PARTITIONS_SCANNED,
        PARTITIONS_TOTAL,
        BYTES_SCANNED,
        COUNT(*) OVER (PARTITION BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, STRATUM) AS WEIGHT
    FROM strata
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, STRATUM ORDER BY SHUFFLE
    ) = 1
),
texts AS (
    SELECT QUERY_ID, MIN(QUERY_TEXT) AS QUERY_TEXT
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE QUERY_ID IN (SELECT QUERY_ID FROM chosen) AND QUERY_TEXT NOT IN ('', '<redacted>')
    GROUP BY QUERY_ID
)
SELECT chosen.*, texts.QUERY_TEXT
FROM chosen
JOIN texts ON texts.QUERY_ID = chosen.QUERY_ID
