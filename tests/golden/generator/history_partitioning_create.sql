-- Create what history_partitioning says of SALES.web.Page Views
--
-- It is worth it.
--
-- Table      SALES.web.Page Views
-- Cut        Seen At < 2025-10-01: 90.0% of the rows, 838 GiB
-- Look-back  60 days at most in the window
-- Net        1 to 4 (expected 2) credits a month
-- Build      0.5 credits, once
-- Upkeep     0.1 credits a month
-- Evidence   estimated, confidence medium
-- Window     2026-01-01 00:00 UTC to 2026-01-31 00:00 UTC
-- Valid      until 2026-03-02: when you read this later, run the advisor again first
-- Needs      enterprise edition, OWNERSHIP on what it changes
--
-- Templates that it concerns:
--   aa11bb22  1,200 executions, for example query 01b2-0001
-- Warning: Mind the gap.


-- ---------------------------------------------------------------- preconditions

-- With this parameter on, Snowflake would fold the quoted names below to upper case and find other objects.
ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE;

-- Says OK, DONE where there is nothing left to do, or STOP and why.
-- noqa: disable=all
SHOW STORAGE LIFECYCLE POLICIES LIKE 'Page Views\\_ARCHIVE' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND t.table_type <> 'BASE TABLE') > 0
      THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND c.data_type IS NULL) > 0
      THEN 'STOP: the column is gone, or of another type than the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM TABLE(SALES.INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => 'SALES."web"."Page Views"', REF_ENTITY_DOMAIN => 'TABLE')) AS refs
      WHERE refs.policy_schema = 'web' AND refs.policy_name = 'Page Views_ARCHIVE'
    ) > 0
      THEN 'DONE: the policy is on the table already'
    WHEN (
      SELECT COUNT(*)
      FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) AS shown
      WHERE shown."name" = 'Page Views_ARCHIVE' AND COALESCE(shown."comment", '') <> 'Part of Page Views, history_partitioning-0123456789ab, rows older than 123 days'
    ) > 0
      THEN 'STOP: another policy has the name that this one needs, and what it does with the rows is not known'
    WHEN MAX(IFF(t.table_name = 'Page Views', t.row_count, NULL)) NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM SALES.INFORMATION_SCHEMA.TABLES AS t
LEFT JOIN SALES.INFORMATION_SCHEMA.COLUMNS AS c
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    AND c.column_name = 'Seen At' AND c.data_type = 'TIMESTAMP_NTZ'
WHERE t.table_schema = 'web'
  AND t.table_name = 'Page Views';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
-- noqa: disable=all
SHOW STORAGE LIFECYCLE POLICIES LIKE 'Page Views\\_ARCHIVE' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND t.table_type <> 'BASE TABLE') > 0
      THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND c.data_type IS NULL) > 0
      THEN 'STOP: the column is gone, or of another type than the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM TABLE(SALES.INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => 'SALES."web"."Page Views"', REF_ENTITY_DOMAIN => 'TABLE')) AS refs
      WHERE refs.policy_schema = 'web' AND refs.policy_name = 'Page Views_ARCHIVE'
    ) > 0
      THEN 'DONE: the policy is on the table already'
    WHEN (
      SELECT COUNT(*)
      FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) AS shown
      WHERE shown."name" = 'Page Views_ARCHIVE' AND COALESCE(shown."comment", '') <> 'Part of Page Views, history_partitioning-0123456789ab, rows older than 123 days'
    ) > 0
      THEN 'STOP: another policy has the name that this one needs, and what it does with the rows is not known'
    WHEN MAX(IFF(t.table_name = 'Page Views', t.row_count, NULL)) NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM SALES.INFORMATION_SCHEMA.TABLES AS t
LEFT JOIN SALES.INFORMATION_SCHEMA.COLUMNS AS c
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    AND c.column_name = 'Seen At' AND c.data_type = 'TIMESTAMP_NTZ'
WHERE t.table_schema = 'web'
  AND t.table_name = 'Page Views';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;

-- What would be set apart, counted: compare it with the share above.
SELECT
  COUNT(*) AS all_rows,
  COUNT(IFF("Seen At" < '2025-10-01'::TIMESTAMP_NTZ, 1, NULL)) AS cold_rows,
  MIN("Seen At") AS first_moment,
  MAX("Seen At") AS last_moment
FROM SALES."web"."Page Views";


-- ---------------------------------------------------------------- apply

-- Rows older than 123 days go to archive storage, COOL tier, and stay there: ARCHIVE_FOR_DAYS is its maximum,
-- since archived rows are deleted when it ends. Without a tier the policy would delete them at once: leave both as they are.
-- noqa: disable=all
CREATE STORAGE LIFECYCLE POLICY IF NOT EXISTS SALES."web"."Page Views_ARCHIVE"
  AS (moment TIMESTAMP_NTZ)
  RETURNS BOOLEAN -> moment < DATEADD('day', -123, CURRENT_DATE())
  ARCHIVE_TIER = COOL
  ARCHIVE_FOR_DAYS = 2147483647
  COMMENT = 'Part of Page Views, history_partitioning-0123456789ab, rows older than 123 days';
-- noqa: enable=all

-- Snowflake runs it within minutes, then daily.
ALTER TABLE SALES."web"."Page Views" ADD STORAGE LIFECYCLE POLICY SALES."web"."Page Views_ARCHIVE" ON ("Seen At");

-- ---------------------------------------------------------------- verify

-- The policy's runs.
SELECT
  policy_name,
  state,
  start_time,
  end_time,
  execution_result
FROM SNOWFLAKE.ACCOUNT_USAGE.STORAGE_LIFECYCLE_POLICY_HISTORY
WHERE ref_entity_db = 'SALES'
  AND ref_entity_schema = 'web'
  AND ref_entity_name = 'Page Views'
ORDER BY start_time DESC;
-- What remains at hand. Archived rows stay in Time Travel and Fail-safe for their time before storage falls.
SELECT
  COUNT(*) AS rows_at_hand,
  MIN("Seen At") AS first_moment
FROM SALES."web"."Page Views";

-- The queries: the same templates in the advice's window and over the last 7 days. QUERY_HISTORY is up to 45 minutes late.
SELECT
  query_parameterized_hash,
  IFF(start_time <= '2026-01-31 00:00:00 +0000'::TIMESTAMP_TZ, 'before', 'after') AS period,
  COUNT(*) AS executions,
  COUNT(IFF(warehouse_size IS NULL AND COALESCE(bytes_scanned, 0) = 0, 1, NULL)) AS likely_from_the_cache,
  SUM(partitions_scanned) / NULLIF(SUM(partitions_total), 0) AS partitions_scanned_share,
  AVG(execution_time) AS mean_execution_ms
FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
WHERE query_parameterized_hash IN ('0a1b2c3d')
  AND UPPER(execution_status) = 'SUCCESS'
  AND (
    start_time BETWEEN '2026-01-01 00:00:00 +0000'::TIMESTAMP_TZ AND '2026-01-31 00:00:00 +0000'::TIMESTAMP_TZ
    OR start_time >= DATEADD('day', -7, CURRENT_TIMESTAMP())
  )
GROUP BY 1, 2
ORDER BY 1, 2 DESC;

-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it.
-- The policy ends; archived rows stay archived. The table that holds them again is for you to insert from, and to drop. Reading them
-- back is billed by what is read: narrow the condition to the rows that are wanted.
-- ALTER TABLE SALES."web"."Page Views" DROP STORAGE LIFECYCLE POLICY;
-- CREATE TABLE IF NOT EXISTS SALES."web"."Page Views_RESTORED" FROM ARCHIVE OF SALES."web"."Page Views" WHERE "Seen At" IS NOT NULL;
-- DROP STORAGE LIFECYCLE POLICY IF EXISTS SALES."web"."Page Views_ARCHIVE";
