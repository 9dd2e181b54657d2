-- Create what search_optimization says of SALES.web.Page Views
--
-- It is worth it.
--
-- Table      SALES.web.Page Views
-- Size       1,000,000 rows in 2,000 micro-partitions
-- Paths      EQUALITY(ID, "Mail"), SUBSTRING(NOTE)
-- Storage    unknown
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
SHOW TABLES LIKE 'Page Views' IN SCHEMA SALES."web";
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF("is_external" = 'Y' OR "is_hybrid" = 'Y' OR "kind" NOT IN ('TABLE', 'TRANSIENT')) > 0
      THEN 'STOP: the name stands for a table that can have no search optimization'
    WHEN COUNT_IF("search_optimization" = 'ON') > 0 THEN 'DONE: the table has search optimization already'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
        AND cols.column_name IN ('ID', 'Mail', 'NOTE')
    ) < 3
      THEN 'STOP: a column to search is gone'
    WHEN MAX("rows") NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Page Views';

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SHOW TABLES LIKE 'Page Views' IN SCHEMA SALES."web";
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF("is_external" = 'Y' OR "is_hybrid" = 'Y' OR "kind" NOT IN ('TABLE', 'TRANSIENT')) > 0
      THEN 'STOP: the name stands for a table that can have no search optimization'
    WHEN COUNT_IF("search_optimization" = 'ON') > 0 THEN 'DONE: the table has search optimization already'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
        AND cols.column_name IN ('ID', 'Mail', 'NOTE')
    ) < 3
      THEN 'STOP: a column to search is gone'
    WHEN MAX("rows") NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))
WHERE "name" = 'Page Views';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;

-- Snowflake's own estimate of build, storage and maintenance: 20 seconds to 10 minutes on a warehouse of any size. Compare it
-- with the figures above, and go on where it agrees.
SELECT SYSTEM$ESTIMATE_SEARCH_OPTIMIZATION_COSTS('SALES."web"."Page Views"', 'EQUALITY(ID, "Mail")') AS estimate;
SELECT SYSTEM$ESTIMATE_SEARCH_OPTIMIZATION_COSTS('SALES."web"."Page Views"', 'SUBSTRING(NOTE)') AS estimate;


-- ---------------------------------------------------------------- apply

-- Snowflake builds the paths in the background and bills them as a serverless service.
-- noqa: disable=all
ALTER TABLE SALES."web"."Page Views" ADD SEARCH OPTIMIZATION ON EQUALITY(ID, "Mail"), SUBSTRING(NOTE);
-- noqa: enable=all


-- ---------------------------------------------------------------- verify

-- What it saves: partitions pruned beyond what the table's order prunes, since the advice's window ended. Up to 6 hours late.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(num_scans) AS scans,
  SUM(partitions_scanned) AS partitions_scanned,
  SUM(partitions_pruned_additional) AS partitions_pruned_additional
FROM SNOWFLAKE.ACCOUNT_USAGE.SEARCH_OPTIMIZATION_BENEFITS
WHERE database_name = 'SALES'
  AND schema_name = 'web'
  AND table_name = 'Page Views'
  AND start_time >= '2026-01-31 00:00:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;

-- The bill. Accounts with the newer shape of this view name the table in BASE_TABLE_NAME.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(credits_used) AS credits
FROM SNOWFLAKE.ACCOUNT_USAGE.SEARCH_OPTIMIZATION_HISTORY
WHERE database_name = 'SALES'
  AND schema_name = 'web'
  AND table_name = 'Page Views'
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

-- Commented out, so that running this file whole does not undo it.
-- ALTER TABLE SALES."web"."Page Views" DROP SEARCH OPTIMIZATION ON EQUALITY(ID, "Mail"), SUBSTRING(NOTE);
