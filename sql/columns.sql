-- One row per column that stands. A recreated table leaves its predecessor's columns behind: TABLE_ID tells them apart.
SELECT
    TABLE_CATALOG,
    TABLE_SCHEMA,
    TABLE_NAME,
    TABLE_ID,
    COLUMN_NAME,
    ORDINAL_POSITION,
    DATA_TYPE,
    IS_NULLABLE,
    KIND,
    DELETED::TIMESTAMP_NTZ AS DELETED
FROM SNOWFLAKE.ACCOUNT_USAGE.COLUMNS
WHERE DELETED IS NULL
