-- One row per dynamic table, what its refreshes did, their cause, state and day, and the size of the warehouse that ran them, from $since
-- on and before $until. EXECUTION_MS is how long their queries ran; NULL where QUERY_HISTORY, which may hold a QUERY_ID twice, has none.
WITH refreshes AS (
    SELECT DATABASE_NAME, SCHEMA_NAME, NAME, STATE, REFRESH_ACTION, REFRESH_TRIGGER, REFRESH_START_TIME, TARGET_LAG_SEC, QUERY_ID
    FROM SNOWFLAKE.ACCOUNT_USAGE.DYNAMIC_TABLE_REFRESH_HISTORY
    WHERE REFRESH_START_TIME >= $since::TIMESTAMP_LTZ AND REFRESH_START_TIME < $until::TIMESTAMP_LTZ
),
ran AS (
    SELECT QUERY_ID, MAX(WAREHOUSE_SIZE) AS WAREHOUSE_SIZE, MAX(EXECUTION_TIME) AS EXECUTION_TIME
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE QUERY_ID IN (SELECT QUERY_ID FROM refreshes)
        AND START_TIME >= DATEADD('day', -1, $since::TIMESTAMP_LTZ) AND START_TIME < DATEADD('day', 1, $until::TIMESTAMP_LTZ)
    GROUP BY QUERY_ID
)
SELECT
    refreshes.DATABASE_NAME,
    refreshes.SCHEMA_NAME,
    refreshes.NAME,
    refreshes.STATE,
    refreshes.REFRESH_ACTION,
    refreshes.REFRESH_TRIGGER,
    ran.WAREHOUSE_SIZE,
    DATE_TRUNC('day', refreshes.REFRESH_START_TIME::TIMESTAMP_NTZ) AS REFRESH_START_TIME,
    MAX(refreshes.TARGET_LAG_SEC) AS TARGET_LAG_SEC,
    COUNT(*) AS REFRESHES,
    MIN(refreshes.QUERY_ID) AS QUERY_ID,
    SUM(ran.EXECUTION_TIME) AS EXECUTION_MS
FROM refreshes
LEFT JOIN ran ON ran.QUERY_ID = refreshes.QUERY_ID
GROUP BY refreshes.DATABASE_NAME, refreshes.SCHEMA_NAME, refreshes.NAME, refreshes.STATE, refreshes.REFRESH_ACTION,
    refreshes.REFRESH_TRIGGER, ran.WAREHOUSE_SIZE, DATE_TRUNC('day', refreshes.REFRESH_START_TIME::TIMESTAMP_NTZ)
