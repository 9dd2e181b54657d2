-- One row per table and month of the year before $until in which it was scanned. END_TIME is the end of the last hour with a
-- scan: a month's sum is small enough for a whole year, which is what it takes to call a table unread.
SELECT
    DATABASE_NAME,
    SCHEMA_NAME,
    TABLE_NAME,
    TABLE_ID,
    DATE_TRUNC('month', START_TIME::TIMESTAMP_NTZ) AS START_TIME,
    MAX(END_TIME::TIMESTAMP_NTZ) AS END_TIME,
    SUM(NUM_SCANS) AS NUM_SCANS,
    SUM(PARTITIONS_SCANNED) AS PARTITIONS_SCANNED,
    SUM(PARTITIONS_PRUNED) AS PARTITIONS_PRUNED
FROM SNOWFLAKE.ACCOUNT_USAGE.TABLE_PRUNING_HISTORY
WHERE START_TIME >= DATEADD('day', -365, $until::TIMESTAMP_LTZ)
GROUP BY DATABASE_NAME, SCHEMA_NAME, TABLE_NAME, TABLE_ID, DATE_TRUNC('month', START_TIME::TIMESTAMP_NTZ)
