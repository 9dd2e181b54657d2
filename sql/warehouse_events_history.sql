-- One row per warehouse, state of the event and day, from $since on and before $until: how often the warehouse was suspended. The
-- states tell of the same EVENTS: the larger count is the one to take.
SELECT
    WAREHOUSE_NAME,
    EVENT_NAME,
    EVENT_STATE,
    DATE_TRUNC('day', TIMESTAMP::TIMESTAMP_NTZ) AS TIMESTAMP,
    COUNT(*) AS EVENTS
FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_EVENTS_HISTORY
WHERE TIMESTAMP >= $since::TIMESTAMP_LTZ AND TIMESTAMP < $until::TIMESTAMP_LTZ AND EVENT_NAME = 'SUSPEND_WAREHOUSE'
GROUP BY WAREHOUSE_NAME, EVENT_NAME, EVENT_STATE, DATE_TRUNC('day', TIMESTAMP::TIMESTAMP_NTZ)
