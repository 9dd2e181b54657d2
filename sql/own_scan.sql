-- One row: what a finished statement of this session scanned, as the account shows it at once.
SELECT BYTES_SCANNED
FROM TABLE(SNOWFLAKE.INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION(RESULT_LIMIT => 1000))
WHERE QUERY_ID = $query
