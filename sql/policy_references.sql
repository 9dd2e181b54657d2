-- One row per policy and table, view or column that it is set on. A policy set through a tag names the tag.
SELECT
    POLICY_DB,
    POLICY_SCHEMA,
    POLICY_NAME,
    POLICY_KIND,
    POLICY_STATUS,
    REF_DATABASE_NAME,
    REF_SCHEMA_NAME,
    REF_ENTITY_NAME,
    REF_ENTITY_DOMAIN,
    REF_COLUMN_NAME,
    TAG_NAME
FROM SNOWFLAKE.ACCOUNT_USAGE.POLICY_REFERENCES
