-- Change what storage_retention says of SALES.web.Page Views
--
-- It is worth it.
--
-- Table      SALES.web.Page Views
-- Frees      unknown
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
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(is_transient <> 'NO') > 0
      THEN 'STOP: the table is not permanent or transient as the advice saw it'
    WHEN COUNT_IF(retention_time = 1) > 0 THEN 'DONE: the retention is the one that this would set'
    WHEN COUNT_IF(retention_time <> 30) > 0 THEN 'STOP: the retention is not the one that the advice saw'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web'
  AND table_name = 'Page Views';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(is_transient <> 'NO') > 0
      THEN 'STOP: the table is not permanent or transient as the advice saw it'
    WHEN COUNT_IF(retention_time = 1) > 0 THEN 'DONE: the retention is the one that this would set'
    WHEN COUNT_IF(retention_time <> 30) > 0 THEN 'STOP: the retention is not the one that the advice saw'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web'
  AND table_name = 'Page Views';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;

-- Where the days come from: the level is TABLE where they are set on the table itself. Where it is another, they are inherited:
-- note that down, it is what a revert goes back to.
-- noqa: disable=all
SHOW PARAMETERS LIKE 'DATA_RETENTION_TIME_IN_DAYS' IN TABLE SALES."web"."Page Views";
-- noqa: enable=all

-- ---------------------------------------------------------------- apply

ALTER TABLE SALES."web"."Page Views" SET DATA_RETENTION_TIME_IN_DAYS = 1;

-- ---------------------------------------------------------------- verify

-- What is stored of it, version by version. Up to 90 minutes late; Fail-safe empties over seven days.
SELECT
  id,
  is_transient,
  active_bytes,
  time_travel_bytes,
  failsafe_bytes,
  retained_for_clone_bytes,
  table_dropped
FROM SNOWFLAKE.ACCOUNT_USAGE.TABLE_STORAGE_METRICS
WHERE table_catalog = 'SALES'
  AND table_schema = 'web'
  AND table_name IN ('Page Views', 'Page Views_UNREAD')
ORDER BY table_created DESC;

-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it.
-- What has left Time Travel meanwhile does not come back. Where the days were inherited, run this in its place:
--   ALTER TABLE SALES."web"."Page Views" UNSET DATA_RETENTION_TIME_IN_DAYS;
-- ALTER TABLE SALES."web"."Page Views" SET DATA_RETENTION_TIME_IN_DAYS = 30;
