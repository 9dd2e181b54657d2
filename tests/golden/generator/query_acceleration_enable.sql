-- Enable what query_acceleration says of Report WH
--
-- It is worth it.
--
-- Warehouse  Report WH
-- Cap        5.2 credits a month for the queries of the window, at scale factor 8
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
    WHEN COUNT_IF("enable_query_acceleration" = 'true') > 0 THEN 'DONE: query acceleration is on already'
    WHEN COUNT_IF("type" = 'ADAPTIVE') > 0 THEN 'STOP: it is an adaptive warehouse'
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
    WHEN COUNT_IF("enable_query_acceleration" = 'true') > 0 THEN 'DONE: query acceleration is on already'
    WHEN COUNT_IF("type" = 'ADAPTIVE') > 0 THEN 'STOP: it is an adaptive warehouse'
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

ALTER WAREHOUSE "Report WH" SET ENABLE_QUERY_ACCELERATION = TRUE QUERY_ACCELERATION_MAX_SCALE_FACTOR = 8;

-- ---------------------------------------------------------------- verify

-- The bill, by day.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(credits_used) AS credits
FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_ACCELERATION_HISTORY
WHERE warehouse_name = 'Report WH'
  AND start_time >= '2026-01-31 00:00:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;

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

-- Commented out, so that running this file whole does not undo it. The scale factor stays, and has no effect while acceleration is
-- off; what it was before SHOW WAREHOUSES above tells, as query_acceleration_max_scale_factor.
-- ALTER WAREHOUSE "Report WH" SET ENABLE_QUERY_ACCELERATION = FALSE;
