-- One row per table, kind of index and day on which search optimization was maintained, from $since on and before $until.
-- Accounts have this view in two shapes: TABLE_NAME, or BASE_TABLE_NAME with the index's own name and type beside it.
SELECT
    DATABASE_NAME,
    SCHEMA_NAME,
    TABLE_NAME,
    INDEX_TYPE,
    DATE_TRUNC('day', START_TIME::TIMESTAMP_NTZ) AS START_TIME,
    SUM(CREDITS_USED) AS CREDITS_USED
FROM SNOWFLAKE.ACCOUNT_USAGE.SEARCH_OPTIMIZATION_HISTORY
WHERE START_TIME >= $since::TIMESTAMP_LTZ AND START_TIME < $until::TIMESTAMP_LTZ
GROUP BY DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, INDEX_TYPE, DATE_TRUNC('day', START_TIME::TIMESTAMP_NTZ)
