-- Disable what dynamic_table says of SALES.web.Daily Views
--
-- It is worth it.
--
-- Table      SALES.web.Daily Views
-- Refreshes  720 a month that have something to do
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
SHOW DYNAMIC TABLES LIKE 'Daily Views' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the dynamic table does not exist, or this role cannot see it'
    WHEN COUNT_IF("scheduling_state" = 'SUSPENDED') > 0 THEN 'DONE: it is suspended already'
    WHEN (
      SELECT COUNT(*) FROM SNOWFLAKE.ACCOUNT_USAGE.TABLE_PRUNING_HISTORY AS scans
      WHERE scans.database_name = 'SALES' AND scans.schema_name = 'web'
        AND scans.table_name = 'Daily Views' AND scans.num_scans > 0
        AND scans.start_time >= DATEADD('day', -30, CURRENT_TIMESTAMP())
    ) > 0
      THEN 'STOP: it was scanned in the last 30 days: something reads it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Daily Views';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the dynamic table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
-- noqa: disable=all
SHOW DYNAMIC TABLES LIKE 'Daily Views' IN SCHEMA SALES."web";
-- noqa: enable=all
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the dynamic table does not exist, or this role cannot see it'
    WHEN COUNT_IF("scheduling_state" = 'SUSPENDED') > 0 THEN 'DONE: it is suspended already'
    WHEN (
      SELECT COUNT(*) FROM SNOWFLAKE.ACCOUNT_USAGE.TABLE_PRUNING_HISTORY AS scans
      WHERE scans.database_name = 'SALES' AND scans.schema_name = 'web'
        AND scans.table_name = 'Daily Views' AND scans.num_scans > 0
        AND scans.start_time >= DATEADD('day', -30, CURRENT_TIMESTAMP())
    ) > 0
      THEN 'STOP: it was scanned in the last 30 days: something reads it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Daily Views';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- It keeps its rows, and answers queries, as they are now.
-- noqa: disable=all
ALTER DYNAMIC TABLE SALES."web"."Daily Views" SUSPEND;
-- noqa: enable=all
-- When nobody has missed it for as long as you like. Keep its text first: nothing else brings it back once UNDROP no longer can.
SELECT GET_DDL('DYNAMIC_TABLE', 'SALES."web"."Daily Views"', TRUE) AS definition;
-- DROP DYNAMIC TABLE IF EXISTS SALES."web"."Daily Views";


-- ---------------------------------------------------------------- verify

-- The refreshes: none from now on.
SELECT
  DATE_TRUNC('DAY', refresh_start_time) AS day,
  refresh_action,
  COUNT(*) AS refreshes,
  SUM(DATEDIFF('second', refresh_start_time, refresh_end_time)) AS seconds
FROM SNOWFLAKE.ACCOUNT_USAGE.DYNAMIC_TABLE_REFRESH_HISTORY
WHERE database_name = 'SALES' AND schema_name = 'web' AND name = 'Daily Views'
GROUP BY 1, 2
ORDER BY 1, 2;

-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it. The first refresh makes up for all that was missed; after longer than
-- its sources' Time Travel reaches back, the table has to be built anew.
-- ALTER DYNAMIC TABLE SALES."web"."Daily Views" RESUME;
