-- One row per database that stands, with what it is: the account's own, imported from a share, an application's.
SELECT
    DATABASE_NAME,
    TYPE,
    DELETED::TIMESTAMP_NTZ AS DELETED
FROM SNOWFLAKE.ACCOUNT_USAGE.DATABASES
WHERE DELETED IS NULL
