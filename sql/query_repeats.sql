-- One row per question, session context and day on which it began, where it was asked more than once: at most $questions of a
-- day, those that took most time. A question is Snowflake's query hash, which tells constants apart but neither case, white
-- space nor comments; TEXTS counts the texts that it was asked in, which the result cache does tell apart, and two of them
-- stand beside it. Without a hash a question is its text less blanks, comments and the case of what stands outside of quotes.
-- USER_NAME is who asked it, where one user alone did.
--
-- EXECUTIONS ran on a warehouse; CACHED did not, so they were answered from the result cache or from metadata. REPEATS are the
-- executions that followed another asking on the same day, GAP_SECONDS after it in all. HOURS says in which hours (UTC) it was
-- executed how often: `8:12 9:30`. FIRST_SEEN and LAST_SEEN join one day to the next.
WITH asked AS (
    SELECT
        QUERY_ID,
        MIN(COALESCE(
            NULLIF(TRIM(QUERY_HASH), '') || ':' || COALESCE(QUERY_HASH_VERSION, ''),
            'text:' || MD5(UPPER(REGEXP_REPLACE(
                QUERY_TEXT,
                $$('([^'\\]|\\(.|\n|$)|'')*('|$)|"[^"]*("|$)|[$][$]([^$]|[$][^$])*([$][$]|[$]?$))|--[^\n]*|//[^\n]*|/[*]([^*]|[*]+[^*/])*([*]+/|[*]*$)|\s+$$,
                '\\1'
            )) || REGEXP_REPLACE(
                QUERY_TEXT,
                $$('([^'\\]|\\(.|\n|$)|'')*('|$)|"[^"]*("|$)|[$][$]([^$]|[$][^$])*([$][$]|[$]?$))|--[^\n]*|//[^\n]*|/[*]([^*]|[*]+[^*/])*([*]+/|[*]*$)|[^-'"$/]+|.$$,
                '\\1'
            ))
        )) AS QUESTION,
        MIN(ROLE_NAME) AS ROLE_NAME,
        MIN(USER_NAME) AS USER_NAME,
        MIN(MD5(QUERY_TEXT)) AS TEXT_ID
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE COALESCE(NULLIF(UPPER(TRIM(QUERY_TYPE)), ''), 'SELECT') = 'SELECT'
    GROUP BY QUERY_ID
),
again AS (
    SELECT *
    FROM asked
    WHERE QUESTION IN (SELECT QUESTION FROM asked GROUP BY QUESTION HAVING COUNT(*) > 1)
),
runs AS (
    SELECT
        again.QUESTION,
        again.ROLE_NAME,
        again.USER_NAME,
        again.TEXT_ID,
        EXECUTIONS.*,
        DATE_TRUNC('day', EXECUTIONS.START_TIME) AS DAY,
        HOUR(EXECUTIONS.START_TIME) AS STARTED,
        CASE WHEN EXECUTIONS.OUTCOME = 'executed' THEN EXECUTIONS.EXECUTION_MS END AS RAN_MS
    FROM EXECUTIONS
    JOIN again ON again.QUERY_ID = EXECUTIONS.QUERY_ID
    WHERE EXECUTIONS.OUTCOME IN ('executed', 'no warehouse') 
),
spaced AS (
    SELECT
        *,
        DATEDIFF('second', LAG(START_TIME) OVER (
            PARTITION BY QUESTION, DATABASE_NAME, SCHEMA_NAME, DAY ORDER BY START_TIME, QUERY_ID
        ), START_TIME) AS GAP,
        COUNT(RAN_MS) OVER (PARTITION BY QUESTION, DATABASE_NAME, SCHEMA_NAME, DAY, STARTED) AS IN_HOUR,
        ROW_NUMBER() OVER (
            PARTITION BY QUESTION, DATABASE_NAME, SCHEMA_NAME, DAY, STARTED ORDER BY START_TIME, QUERY_ID
        ) AS NTH_IN_HOUR
    FROM runs
),
questions AS (
    SELECT
        QUESTION,
        MIN(STATEMENT) AS STATEMENT,
        MIN(PARAMETERIZED_HASH) AS PARAMETERIZED_HASH,
        DATABASE_NAME,
        SCHEMA_NAME,
        DAY,
        COUNT(RAN_MS) AS EXECUTIONS,
        COUNT(*) - COUNT(RAN_MS) AS CACHED,
        COALESCE(SUM(RAN_MS), 0) AS EXECUTION_MS,
        SUM(CASE WHEN RAN_MS IS NOT NULL THEN BYTES_SCANNED END) AS BYTES_SCANNED,
        COUNT(CASE WHEN RAN_MS IS NOT NULL THEN GAP END) AS REPEATS,
        COALESCE(SUM(CASE WHEN GAP IS NOT NULL THEN RAN_MS END), 0) AS REPEAT_MS,
        SUM(CASE WHEN RAN_MS IS NOT NULL THEN GAP END) AS GAP_SECONDS,
        NULLIF(LISTAGG(
            CASE WHEN NTH_IN_HOUR = 1 AND IN_HOUR > 0 THEN CAST(STARTED AS VARCHAR) || ':' || CAST(IN_HOUR AS VARCHAR) END, ' '
        ) WITHIN GROUP (ORDER BY STARTED), '') AS HOURS,
        COUNT(DISTINCT TEXT_ID) AS TEXTS,
        COUNT(DISTINCT ROLE_NAME) AS ROLES,
        COUNT(DISTINCT WAREHOUSE_NAME) AS WAREHOUSES,
        CASE WHEN COUNT(DISTINCT USER_NAME) = 1 THEN MIN(USER_NAME) END AS USER_NAME,
        MIN(START_TIME) AS FIRST_SEEN,
        MAX(START_TIME) AS LAST_SEEN,
        MIN(CASE WHEN RAN_MS IS NOT NULL THEN QUERY_ID END) AS QUERY_ID,
        MIN_BY(QUERY_ID, TEXT_ID) AS ONE_ID,
        MAX_BY(QUERY_ID, TEXT_ID) AS OTHER_ID
    FROM spaced
    GROUP BY QUESTION, DATABASE_NAME, SCHEMA_NAME, DAY
    HAVING COUNT(*) > 1
),
worst AS (
    SELECT *
    FROM questions
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY DAY ORDER BY EXECUTION_MS DESC, QUESTION, DATABASE_NAME, SCHEMA_NAME
    ) <= $questions
),
texts AS (
    SELECT QUERY_ID, MIN(QUERY_TEXT) AS QUERY_TEXT
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE QUERY_ID IN (
        SELECT ONE_ID FROM worst WHERE TEXTS > 1 UNION ALL SELECT OTHER_ID FROM worst WHERE TEXTS > 1
    )
    GROUP BY QUERY_ID
)
SELECT
    worst.QUESTION,
    worst.STATEMENT,
    worst.PARAMETERIZED_HASH,
    worst.DATABASE_NAME,
    worst.SCHEMA_NAME,
    worst.DAY,
    worst.EXECUTIONS,
    worst.CACHED,
    worst.EXECUTION_MS,
    worst.BYTES_SCANNED,
    worst.REPEATS,
    worst.REPEAT_MS,
    worst.GAP_SECONDS,
    worst.HOURS,
    worst.TEXTS,
    worst.ROLES,
    worst.WAREHOUSES,
    worst.USER_NAME,
    worst.FIRST_SEEN,
    worst.LAST_SEEN,
    worst.QUERY_ID,
    one.QUERY_TEXT AS ONE_TEXT,
    other.QUERY_TEXT AS OTHER_TEXT
FROM worst
LEFT JOIN texts AS one ON one.QUERY_ID = worst.ONE_ID AND worst.TEXTS > 1
LEFT JOIN texts AS other ON other.QUERY_ID = worst.OTHER_ID AND worst.TEXTS > 1
