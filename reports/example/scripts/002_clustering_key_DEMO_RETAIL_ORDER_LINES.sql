-- Cluster DEMO.RETAIL.ORDER_LINES by (DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID)
--
-- 3 query templates filter it by PRODUCT_ID 19.3 times a day, reading 99.5% of its 338 micro-partitions; in this
-- order 48.9% are expected to be read. That saves 0.00138 to 0.00475 (expected 0.00313) credits a month; upkeep
-- takes 0 to 0.0000417 (expected 0.00000381) a month and the build 0.000126 to 0.00147 (expected 0.000269) once.
--
-- Table      DEMO.RETAIL.ORDER_LINES
-- Size       1,178,122 rows in 338 micro-partitions
-- Key now    none
-- Key then   DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID
-- Net        0.00122 to 0.00474 (expected 0.0031) credits a month
-- Build      0.000126 to 0.00147 (expected 0.000269) credits, once
-- Upkeep     0 to 0.0000417 (expected 0.00000381) credits a month
-- Evidence   measured, confidence high
-- Window     2026-11-17 04:58 UTC to 2026-12-01 04:48 UTC
-- Valid      until 2026-12-31: when you read this later, run the advisor again first
-- Needs      standard edition, OWNERSHIP on table DEMO.RETAIL.ORDER_LINES, USAGE on database DEMO and schema DEMO.RETAIL
--
-- Share of the table's partitions that a query reads, before and after:
--   8c092d4ced402730  100 executions, 99.7% -> 6.6%, for example query 26edacc0-2abb-4942-9f81-24cee1ba99a6
--   2c1f56d9ebbec94a  50 executions, 100.0% -> 18.9%, for example query 7efb07b2-93da-4632-83ba-0c0e6f4d3cbf
--   aa0ee7b09c11667c  140 executions, 10.0% -> 15.0%, for example query 36a71f20-d53d-4657-8413-05d957e899e3
--   c35016eba8b9ff58  80 executions, 19.1% -> 25.6%, for example query f880bc11-5906-4538-86a5-b967d82c3341
--   0180bae6f268ec59  50 executions, 18.9% -> 25.2%, for example query 95040170-88f6-4178-86fb-d6ff26b05288
--   and 9 more in advice.json
-- Not helped by this:
--   76e9fc19c1fd48f9  filters in a form that doesn't prune: it reads nearly all although the rows lie in that order
--   996e649577e867a6  reads it without a filter
--   f235d33abc8561d1  reads it without a filter
-- Warning: These templates will read more than today: aa0ee7b09c11667c (33.8 → 50.7 partitions an execution),
-- c35016eba8b9ff58 (64.6 → 86.5 partitions an execution), 0180bae6f268ec59 (63.9 → 85.3 partitions an
-- execution), 76fca2d441e8038f (62.9 → 76.3 partitions an execution), fbc87e3c00ace296 (15.8 → 23 partitions an
-- execution), 981cdea92f7f19b8 (6.85 → 23 partitions an execution), 933735a6b501ba31 (33.5 → 51.9 partitions an
-- execution), e628089ff472477f (15.5 → 23 partitions an execution), a7776b781d5d2d59 (26.2 → 51.2 partitions an
-- execution), 963308d28a45d07c (15.7 → 23 partitions an execution).
-- Warning: The history names no warehouse size: its time is priced as XSMALL, 1 credit an hour.
-- Warning: Optima clustering keeps keys set from September 2026 on and bills what is ingested, at a rate that
-- isn't published: build and upkeep are priced as Classic clustering's.
-- Warning: One sorted rewrite (INSERT OVERWRITE … ORDER BY the key) before the key is set is priced at 0.000126
-- to 0.000572 (expected 0.000248) credits instead of 0.000126 to 0.00147 (expected 0.000269): first see what
-- streams and materialized views hang on the table.
-- Warning: Rewritten partitions stay in Time Travel and Fail-safe, and the table's cached results end.
-- This comes from the demo: its tables and figures are the embedded engine's, not a Snowflake account's.


-- ---------------------------------------------------------------- preconditions

-- Says OK, DONE, or STOP and why. Keys are compared without spaces, quotes, brackets and letter case.
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'ORDER_LINES'
        AND cols.column_name IN ('ORDER_DATE', 'PRODUCT_ID')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 589061 AND 2356244
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'ORDER_LINES';

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
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'ORDER_LINES'
        AND cols.column_name IN ('ORDER_DATE', 'PRODUCT_ID')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 589061 AND 2356244
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'ORDER_LINES';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- Snowflake starts automatic clustering by itself and bills it as a serverless service: there is no warehouse to choose.
-- Rewritten partitions stay in Time Travel and Fail-safe for their time, and cached results on the table end.
ALTER TABLE DEMO.RETAIL.ORDER_LINES CLUSTER BY (DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID);

-- A sorted rewrite before the ALTER may build the order cheaper, on a warehouse of your choice. It rewrites all rows at once:
-- storage doubles for the time of Time Travel and Fail-safe, streams see every row as changed, and materialized views
-- and search access paths on the table are built anew. Writers must stand still meanwhile.
-- INSERT OVERWRITE INTO DEMO.RETAIL.ORDER_LINES SELECT * FROM DEMO.RETAIL.ORDER_LINES ORDER BY DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID;


-- ---------------------------------------------------------------- verify

-- The layout: average_depth falls toward 1 as clustering proceeds.
SELECT SYSTEM$CLUSTERING_INFORMATION('DEMO.RETAIL.ORDER_LINES', '(DATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID)') AS layout;

-- The queries: partitions scanned by the same templates in the advice's window and over the last 7 days. Read it a week after
-- the change; QUERY_HISTORY is up to 45 minutes late, and counts all tables that a query reads.
SELECT
  query_parameterized_hash,
  IFF(start_time <= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ, 'before', 'after') AS period,
  COUNT(*) AS executions,
  SUM(partitions_scanned) / NULLIF(SUM(partitions_total), 0) AS partitions_scanned_share,
  AVG(execution_time) AS mean_execution_ms
FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
WHERE query_parameterized_hash IN ('0042925c53833e02acf1af92098eed8d', '024ef8cfc182522bd5016a99b68a6357', '0431c57c3582bc5b3856eb95c85710fd', '05e55c61675c6b05c74d6dcd4852566b', '06e74c42b2c652531f084783806cd0cd', '0809850c23dcef424a971b718e2c0f74', '0a2006f0dc12d34ee2f41b46b358396b', '168454e4923f9e23eb7e0573e66b0dae', '2297c647db8f6b79840833918b18fb08', '258b2b54418b7f56b4b0d59b60d3b69f', '2a30c24126bc99f511230fbeddc23aac', '2cb1c2a1f7cafc0453322538ffe3447b', '3d40b8ccfd2b3548e19b6da6e042f2cd', '3ee1b9a60d02916554ffa00f3dad2cf4', '767c74f73c93b4c73f7cdd5cf1fac75e', 'b3e2717fa37beb0e43d28de00a9d63b1', 'c1333b0ad1eff7cc8d1d8d8e45d7e320', 'd3c555c6b28b31a774f517b10c26b3e8', 'de02f71802ce9018a7807235ae1ba511', 'ece9c3cbd614bdf4a482b808523b02b6', 'ed75dc9819f7e558c2c1912923c44f10', 'efbf431ce2084446acee8c9ddf66d4ed')
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
  AND table_name = 'ORDER_LINES'
  AND start_time >= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;


-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it. The key goes back; the order of the data stays as it is
-- until later writes dilute it.
-- ALTER TABLE DEMO.RETAIL.ORDER_LINES DROP CLUSTERING KEY;
