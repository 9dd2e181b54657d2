-- Create what result_cache says of aa11bb22
--
-- It is worth it.
--
-- Query      aa11bb22
-- Cache      answers 12.5% of the account's queries today (likely: Snowflake marks no cached result)
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
SHOW TASKS LIKE 'WARM\\_AA11BB22' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN (
      SELECT COUNT(*) FROM SALES.INFORMATION_SCHEMA.TABLES AS t
      WHERE t.table_schema = 'web' AND t.table_name = 'Page Views'
    ) = 0
      THEN 'STOP: the table Page Views does not exist, or this role cannot see it'
    WHEN COUNT_IF(
        "schedule" <> 'USING CRON 30 7 * * 1,2,3,4,5 UTC'
        OR COALESCE("comment", '') <> 'Warms the result cache (0123456789abcdef)'
        OR REGEXP_REPLACE(COALESCE("definition", ''), '\\s+', '') <> 'SELECTcount(*)FROMSALES."web"."PageViews"WHEREnote=''/home'''
      ) > 0
      THEN 'STOP: the task of this name is another one'
    WHEN COUNT_IF("state" = 'started') > 0 THEN 'DONE: the task runs already'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'WARM_AA11BB22';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the task is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
-- noqa: disable=all
SHOW TASKS LIKE 'WARM\\_AA11BB22' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN (
      SELECT COUNT(*) FROM SALES.INFORMATION_SCHEMA.TABLES AS t
      WHERE t.table_schema = 'web' AND t.table_name = 'Page Views'
    ) = 0
      THEN 'STOP: the table Page Views does not exist, or this role cannot see it'
    WHEN COUNT_IF(
        "schedule" <> 'USING CRON 30 7 * * 1,2,3,4,5 UTC'
        OR COALESCE("comment", '') <> 'Warms the result cache (0123456789abcdef)'
        OR REGEXP_REPLACE(COALESCE("definition", ''), '\\s+', '') <> 'SELECTcount(*)FROMSALES."web"."PageViews"WHEREnote=''/home'''
      ) > 0
      THEN 'STOP: the task of this name is another one'
    WHEN COUNT_IF("state" = 'started') > 0 THEN 'DONE: the task runs already'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'WARM_AA11BB22';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- The text below is the readers' own, to the letter: a blank more and the cache takes it for another question.
-- noqa: disable=all
CREATE TASK IF NOT EXISTS SALES."web".WARM_AA11BB22
  WAREHOUSE = COMPUTE_WH
  SCHEDULE = 'USING CRON 30 7 * * 1,2,3,4,5 UTC'
  COMMENT = 'Warms the result cache (0123456789abcdef)'
AS
SELECT count(*)  FROM SALES."web"."Page Views" WHERE note = '/home';
ALTER TASK SALES."web".WARM_AA11BB22 RESUME;
-- noqa: enable=all

-- ---------------------------------------------------------------- verify

-- The same templates in the advice's window and over the last 7 days: more of them answered from the cache. A rewritten text
-- may get a hash of its own. The task's own runs are among the executions: it serves where the day's first reader is answered from the cache.
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
-- DROP TASK IF EXISTS SALES."web".WARM_AA11BB22;
