-- One row per warehouse size (NULL: ran on none): the statements of this user that carry the tag $tag and ended from $since on,
-- as the account shows them at once; ACCOUNT_USAGE shows them, and their credits, hours later.
SELECT
    WAREHOUSE_SIZE,
    COUNT(*) AS STATEMENTS,
    SUM(EXECUTION_TIME) AS EXECUTION_MS,
    SUM(BYTES_SCANNED) AS BYTES_SCANNED
FROM TABLE(SNOWFLAKE.INFORMATION_SCHEMA.QUERY_HISTORY_BY_USER(
    END_TIME_RANGE_START => $since::TIMESTAMP_LTZ, RESULT_LIMIT => 10000
))
WHERE QUERY_TAG = $tag
GROUP BY WAREHOUSE_SIZE
