-- Change what warehouse_setting says of Report WH
--
-- It is worth it.
--
-- Warehouse  Report WH
-- Idle       190 credits a month today; with this setting it is suspended 1,440 times a month
-- Today      AUTO_SUSPEND = 600
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
SHOW WAREHOUSES LIKE 'Report WH';
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the warehouse does not exist, or this role cannot see it'
    WHEN COUNT_IF("type" = 'ADAPTIVE') > 0 THEN 'STOP: it is an adaptive warehouse'
    WHEN COUNT_IF("auto_suspend" > 0 AND "auto_suspend" <= 300) > 0
      THEN 'DONE: it is suspended as soon already'
    WHEN COUNT(IFF(COALESCE("auto_suspend", 0) = 600, 1, NULL)) = 0
      THEN 'STOP: its AUTO_SUSPEND is not the one that the advice saw'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Report WH';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the warehouse is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SHOW WAREHOUSES LIKE 'Report WH';
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the warehouse does not exist, or this role cannot see it'
    WHEN COUNT_IF("type" = 'ADAPTIVE') > 0 THEN 'STOP: it is an adaptive warehouse'
    WHEN COUNT_IF("auto_suspend" > 0 AND "auto_suspend" <= 300) > 0
      THEN 'DONE: it is suspended as soon already'
    WHEN COUNT(IFF(COALESCE("auto_suspend", 0) = 600, 1, NULL)) = 0
      THEN 'STOP: its AUTO_SUSPEND is not the one that the advice saw'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Report WH';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

ALTER WAREHOUSE "Report WH" SET AUTO_SUSPEND = 300;

-- ---------------------------------------------------------------- verify

-- What it is billed for, and how much of that for no query, by day. Up to 6 hours late.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(credits_used_compute) AS credits,
  SUM(credits_used_compute - credits_attributed_compute_queries) AS idle_credits
FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
WHERE warehouse_name = 'Report WH'
  AND start_time >= '2026-01-01 00:00:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;

-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it.
-- ALTER WAREHOUSE "Report WH" SET AUTO_SUSPEND = 600;
