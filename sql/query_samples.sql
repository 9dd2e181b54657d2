-- One row per sample: at most $samples executions of each statement, session context and outcome, with their texts.
-- The executions are cut into $samples strata of equal size by the partitions that they scanned, and one is taken of each, by
-- the hash of its id. WEIGHT is how many executions it stands for.
WITH strata AS (
    SELECT
        *,
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
        STRATUM,
        MIN_BY(QUERY_ID, MD5(QUERY_ID)) AS QUERY_ID,
        COUNT(*) AS WEIGHT
    FROM strata
    GROUP BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME, STRATUM
)
SELECT
    chosen.STATEMENT,
    chosen.DATABASE_NAME,
    chosen.SCHEMA_NAME,
    chosen.OUTCOME,
    chosen.QUERY_ID,
    MIN(history.QUERY_TEXT) AS QUERY_TEXT,
    MIN(EXECUTIONS.START_TIME) AS START_TIME,
    MIN(EXECUTIONS.EXECUTION_MS) AS EXECUTION_MS,
    MIN(EXECUTIONS.PARTITIONS_SCANNED) AS PARTITIONS_SCANNED,
    MIN(EXECUTIONS.PARTITIONS_TOTAL) AS PARTITIONS_TOTAL,
    MIN(EXECUTIONS.BYTES_SCANNED) AS BYTES_SCANNED,
    MIN(chosen.WEIGHT) AS WEIGHT
FROM chosen
JOIN EXECUTIONS ON EXECUTIONS.QUERY_ID = chosen.QUERY_ID
JOIN SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY AS history ON history.QUERY_ID = chosen.QUERY_ID
WHERE history.QUERY_TEXT IS NOT NULL
GROUP BY chosen.STATEMENT, chosen.DATABASE_NAME, chosen.SCHEMA_NAME, chosen.OUTCOME, chosen.QUERY_ID
