-- Cluster DEMO.RETAIL.STOCK_LEVELS by (DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID)
--
-- 2 query templates filter it by PRODUCT_ID 11.4 times a day, reading >99.9% of its 313 micro-partitions; in
-- this order 10.3% are expected to be read. That saves 0.00138 to 0.00328 (expected 0.00304) credits a month;
-- upkeep takes 0 to 0.0000352 (expected 0.00000322) a month and the build 0.0000549 to 0.00064 (expected
-- 0.000117) once.
--
-- Table      DEMO.RETAIL.STOCK_LEVELS
-- Size       709,800 rows in 313 micro-partitions
-- Key now    none
-- Key then   DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID
-- Net        0.00129 to 0.00327 (expected 0.00303) credits a month
-- Build      0.0000549 to 0.00064 (expected 0.000117) credits, once
-- Upkeep     0 to 0.0000352 (expected 0.00000322) credits a month
-- Evidence   measured, confidence high
-- Window     2026-11-17 04:58 UTC to 2026-12-01 04:48 UTC
-- Valid      until 2026-12-31: when you read this later, run the advisor again first
-- Needs      standard edition, OWNERSHIP on table DEMO.RETAIL.STOCK_LEVELS, USAGE on database DEMO and schema DEMO.RETAIL
--
-- Share of the table's partitions that a query reads, before and after:
--   3bc8a18b07786168  100 executions, 100.0% -> 10.5%, for example query eaf3618b-bfab-407f-ac2e-5f71cbef5df8
--   b4d8c19c91df065b  60 executions, 99.9% -> 10.0%, for example query e27c3e95-3a15-4310-90ec-29fabf64b6fc
--   028c0a7b2505eee2  110 executions, 2.4% -> 5.4%, for example query b16701c3-fd26-40e8-941a-cb5463ab70e4
--   f8ab377ab5348fd0  60 executions, 0.3% -> 5.4%, for example query a609744c-1ae1-4484-b437-6f67717a94cf
--   095a0f3a3099c3e3  60 executions, 41.8% -> 46.4%, for example query 6eb1f73a-f5f6-4eb2-bd5a-d8b4082da825
--   and 2 more in advice.json
-- Warning: These templates will read more than today: 095a0f3a3099c3e3 (131 → 145 partitions an execution),
-- 028c0a7b2505eee2 (7.37 → 17 partitions an execution), e6346c8445ce20ba (21.7 → 36 partitions an execution),
-- f8ab377ab5348fd0 (1 → 17 partitions an execution), 98bb84c5e7e7f75a (1 → 17 partitions an execution).
-- Warning: The history names no warehouse size: its time is priced as XSMALL, 1 credit an hour.
-- Warning: Optima clustering keeps keys set from September 2026 on and bills what is ingested, at a rate that
-- isn't published: build and upkeep are priced as Classic clustering's.
-- Warning: One sorted rewrite (INSERT OVERWRITE … ORDER BY the key) before the key is set is priced at 0.0000549
-- to 0.000249 (expected 0.000108) credits instead of 0.0000549 to 0.00064 (expected 0.000117): first see what
-- streams and materialized views hang on the table.
-- Warning: Rewritten partitions stay in Time Travel and Fail-safe, and the table's cached results end.
-- This comes from the demo: its tables and figures are the embedded engine's, not a Snowflake account's.


-- ---------------------------------------------------------------- preconditions

-- Says OK, DONE, or STOP and why. Keys are compared without spaces, quotes, brackets and letter case.
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'STOCK_LEVELS'
        AND cols.column_name IN ('PRODUCT_ID', 'STOCK_DATE')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 354900 AND 1419600
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'STOCK_LEVELS';

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
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'STOCK_LEVELS'
        AND cols.column_name IN ('PRODUCT_ID', 'STOCK_DATE')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 354900 AND 1419600
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'STOCK_LEVELS';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- Snowflake starts automatic clustering by itself and bills it as a serverless service: there is no warehouse to choose.
-- Rewritten partitions stay in Time Travel and Fail-safe for their time, and cached results on the table end.
ALTER TABLE DEMO.RETAIL.STOCK_LEVELS CLUSTER BY (DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID);

-- A sorted rewrite before the ALTER may build the order cheaper, on a warehouse of your choice. It rewrites all rows at once:
-- storage doubles for the time of Time Travel and Fail-safe, streams see every row as changed, and materialized views
-- and search access paths on the table are built anew. Writers must stand still meanwhile.
-- INSERT OVERWRITE INTO DEMO.RETAIL.STOCK_LEVELS SELECT * FROM DEMO.RETAIL.STOCK_LEVELS ORDER BY DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID;


-- ---------------------------------------------------------------- verify

-- The layout: average_depth falls toward 1 as clustering proceeds.
SELECT SYSTEM$CLUSTERING_INFORMATION('DEMO.RETAIL.STOCK_LEVELS', '(DATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID)') AS layout;

-- The queries: partitions scanned by the same templates in the advice's window and over the last 7 days. Read it a week after
-- the change; QUERY_HISTORY is up to 45 minutes late, and counts all tables that a query reads.
SELECT
  query_parameterized_hash,
  IFF(start_time <= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ, 'before', 'after') AS period,
  COUNT(*) AS executions,
  SUM(partitions_scanned) / NULLIF(SUM(partitions_total), 0) AS partitions_scanned_share,
  AVG(execution_time) AS mean_execution_ms
FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
WHERE query_parameterized_hash IN ('03465f09975a8d8b3b72cffafe7a2ce5', '03cad340103da489e3df017467ac42c2', '044dccc2beddc828e2387970f3aee625', '04997abba0f62d19431922e67e865cc2', '0ad070d884755a3d018fc169c14149e0', '0ad3df86a78a7ba44a026ecbc252cf05', '5207cc0df1b030e7f19d0a7f2f9ea800', '8b20472d7dbd0f6ec8f9455dd71989d2', '90931f6583cf7a6ee3d0809ef077782b', 'dbe8e67a12883e2bf5e9764b98dc834a', 'fe346c4de39710bed3aad64b4906b9fc')
  AND UPPER(execution_status) = 'SUCCESS'
  AND (
    start_time BETWEEN '2026-11-17 04:58:35 +0000'::TIMESTAMP_TZ AND '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ
    OR start_time >= DATEADD('day', -7, CURRENT_TIMESTAMP())
  )
GROUP BY 1, 2
ORDER BY 1, 2 DESC;

-- The bill: what automatic clustering charged for this table since the advice's window ended.
SELECT
  DATE_TRUNC('DAY', start_time) AS day,
  SUM(credits_used) AS credits,
  SUM(num_bytes_reclustered) AS bytes_reclustered
FROM SNOWFLAKE.ACCOUNT_USAGE.AUTOMATIC_CLUSTERING_HISTORY
WHERE database_name = 'DEMO'
  AND schema_name = 'RETAIL'
  AND table_name = 'STOCK_LEVELS'
  AND start_time >= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;


-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it. The key goes back; the order of the data stays as it is
-- until later writes dilute it.
-- ALTER TABLE DEMO.RETAIL.STOCK_LEVELS DROP CLUSTERING KEY;
