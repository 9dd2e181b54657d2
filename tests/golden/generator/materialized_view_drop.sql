-- Drop what materialized_view says of SALES.web.Views by Day
--
-- It is worth it.
--
-- View       SALES.web.Views by Day
-- Table      SALES.web.Page Views
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
    WHEN COUNT_IF(table_type <> 'MATERIALIZED VIEW') > 0 THEN 'STOP: the name stands for something else'
    WHEN COUNT(*) = 0 THEN 'DONE: the view is gone, or this role cannot see it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web' AND table_name = 'Views by Day';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the view is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT_IF(table_type <> 'MATERIALIZED VIEW') > 0 THEN 'STOP: the name stands for something else'
    WHEN COUNT(*) = 0 THEN 'DONE: the view is gone, or this role cannot see it'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM SALES.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'web' AND table_name = 'Views by Day';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;

-- Its text as it is now. Keep it: a revert creates the view from it. Who may read it (SHOW GRANTS ON VIEW) ends with it: note that
-- down as well.
SELECT GET_DDL('VIEW', 'SALES."web"."Views by Day"', TRUE) AS definition;


-- ---------------------------------------------------------------- apply

DROP MATERIALIZED VIEW IF EXISTS SALES."web"."Views by Day";

-- ---------------------------------------------------------------- verify

-- The bill: none from the day after the drop on.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(TRY_TO_DOUBLE(credits_used::VARCHAR)) AS credits
FROM SNOWFLAKE.ACCOUNT_USAGE.MATERIALIZED_VIEW_REFRESH_HISTORY
WHERE database_name = 'SALES' AND schema_name = 'web' AND table_name = 'Views by Day'
GROUP BY 1
ORDER BY 1;

-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it. It builds the view anew,
-- which then needs its grants again.
-- CREATE MATERIALIZED VIEW SALES."web"."Views by Day" AS
-- SELECT
--   DAY
-- FROM SALES."web"."Page Views"
-- GROUP BY
--   DAY;
