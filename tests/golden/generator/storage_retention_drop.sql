-- Drop what storage_retention says of SALES.web.Page Views
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
    WHEN COUNT(IFF(table_name = 'Page Views', 1, NULL)) = 0 AND COUNT(*) > 0 THEN 'DONE: it has the other name already'
    WHEN COUNT(*) > 1 THEN 'STOP: the other name is taken'
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(is_transient <> 'NO') > 0
      THEN 'STOP: the table is not permanent or transient as the advice saw it'
    WHEN MAX(row_count) <> 1000000 THEN 'STOP: the table was written since: something uses it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web'
  AND table_name IN ('Page Views', 'Page Views_UNREAD');

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(IFF(table_name = 'Page Views', 1, NULL)) = 0 AND COUNT(*) > 0 THEN 'DONE: it has the other name already'
    WHEN COUNT(*) > 1 THEN 'STOP: the other name is taken'
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(is_transient <> 'NO') > 0
      THEN 'STOP: the table is not permanent or transient as the advice saw it'
    WHEN MAX(row_count) <> 1000000 THEN 'STOP: the table was written since: something uses it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web'
  AND table_name IN ('Page Views', 'Page Views_UNREAD');
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- Under another name nothing finds it by accident, and nothing is lost.
ALTER TABLE SALES."web"."Page Views" RENAME TO SALES."web"."Page Views_UNREAD";
-- When nobody has missed it for as long as you like:
-- DROP TABLE SALES."web"."Page Views_UNREAD";


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
-- ALTER TABLE SALES."web"."Page Views_UNREAD" RENAME TO SALES."web"."Page Views";
