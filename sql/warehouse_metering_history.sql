-- One row per warehouse and hour in which it was billed, from $since on and before $until. What is neither attributed to
-- queries nor cloud services was idle.
SELECT
    WAREHOUSE_NAME,
    START_TIME::TIMESTAMP_NTZ AS START_TIME,
    CREDITS_USED,
    CREDITS_USED_COMPUTE,
    CREDITS_USED_CLOUD_SERVICES,
    CREDITS_ATTRIBUTED_COMPUTE_QUERIES
FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
WHERE START_TIME >= $since::TIMESTAMP_LTZ AND START_TIME < $until::TIMESTAMP_LTZ
