-- Cluster DEMO.RETAIL.PAYMENTS by (DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID)
--
-- 6 query templates filter it by CUSTOMER_ID and PAID_AT 26.1 times a day, reading 47.3% of its 310
-- micro-partitions; in this order 23.7% are expected to be read. That saves 0.00103 to 0.00345 (expected
-- 0.00221) credits a month; upkeep takes 0 a month and the build 0.0000724 to 0.000845 (expected 0.000155) once.
--
-- Table      DEMO.RETAIL.PAYMENTS
-- Size       700,000 rows in 310 micro-partitions
-- Key now    none
-- Key then   DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID
-- Net        0.000959 to 0.00344 (expected 0.0022) credits a month
-- Build      0.0000724 to 0.000845 (expected 0.000155) credits, once
-- Upkeep     0 credits a month
-- Evidence   measured, confidence high
-- Window     2026-11-17 04:58 UTC to 2026-12-01 04:48 UTC
-- Valid      until 2026-12-31: when you read this later, run the advisor again first
-- Needs      standard edition, OWNERSHIP on table DEMO.RETAIL.PAYMENTS, USAGE on database DEMO and schema DEMO.RETAIL
--
-- Share of the table's partitions that a query reads, before and after:
--   f7b49cce9ab07ba5  100 executions, 100.0% -> 20.4%, for example query 5b42965d-1d3d-404f-8946-4218b44d5df0
--   3ac082ba8e80e7a6  70 executions, 10.8% -> 2.3%, for example query 8d9a8bd6-4abd-424c-ae18-9b16b31fc5f8
--   64be33efac046a43  30 executions, 21.4% -> 20.3%, for example query 21997a33-08a1-456e-86db-1d8a969d8fdf
--   10b5567b31d2a0af  35 executions, 3.7% -> 4.1%, for example query c5098c67-e669-4397-9014-18742c04da5b
--   ea4194162b6f70f8  120 executions, 3.1% -> 3.1%, for example query 20a11cdb-fbd6-4244-bed6-c08215ab19b2
--   and 6 more in advice.json
-- Not helped by this:
--   c33fe07ff7f53a9a  filters in a form that doesn't prune: it reads nearly all although the rows lie in that order
-- Warning: These templates will read more than today: c55ad77fa847cd27 (9.7 → 10.7 partitions an execution).
-- Warning: The history names no warehouse size: its time is priced as XSMALL, 1 credit an hour.
-- Warning: Optima clustering keeps keys set from September 2026 on and bills what is ingested, at a rate that
-- isn't published: build and upkeep are priced as Classic clustering's.
-- Warning: One sorted rewrite (INSERT OVERWRITE … ORDER BY the key) before the key is set is priced at 0.0000724
-- to 0.000328 (expected 0.000142) credits instead of 0.0000724 to 0.000845 (expected 0.000155): first see what
-- streams and materialized views hang on the table.
-- Warning: Rewritten partitions stay in Time Travel and Fail-safe, and the table's cached results end.
-- This comes from the demo: its tables and figures are the embedded engine's, not a Snowflake account's.


-- ---------------------------------------------------------------- preconditions

-- Says OK, DONE, or STOP and why. Keys are compared without spaces, quotes, brackets and letter case.
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'PAYMENTS'
        AND cols.column_name IN ('CUSTOMER_ID', 'PAID_AT')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 350000 AND 1400000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'PAYMENTS';

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
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'PAYMENTS'
        AND cols.column_name IN ('CUSTOMER_ID', 'PAID_AT')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 350000 AND 1400000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'PAYMENTS';
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- Snowflake starts automatic clustering by itself and bills it as a serverless service: there is no warehouse to choose.
-- Rewritten partitions stay in Time Travel and Fail-safe for their time, and cached results on the table end.
ALTER TABLE DEMO.RETAIL.PAYMENTS CLUSTER BY (DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID);

-- A sorted rewrite before the ALTER may build the order cheaper, on a warehouse of your choice. It rewrites all rows at once:
-- storage doubles for the time of Time Travel and Fail-safe, streams see every row as changed, and materialized views
-- and search access paths on the table are built anew. Writers must stand still meanwhile.
-- INSERT OVERWRITE INTO DEMO.RETAIL.PAYMENTS SELECT * FROM DEMO.RETAIL.PAYMENTS ORDER BY DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID;


-- ---------------------------------------------------------------- verify

-- The layout: average_depth falls toward 1 as clustering proceeds.
SELECT SYSTEM$CLUSTERING_INFORMATION('DEMO.RETAIL.PAYMENTS', '(DATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID)') AS layout;

-- The queries: partitions scanned by the same templates in the advice's window and over the last 7 days. Read it a week after
-- the change; QUERY_HISTORY is up to 45 minutes late, and counts all tables that a query reads.
SELECT
  query_parameterized_hash,
  IFF(start_time <= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ, 'before', 'after') AS period,
  COUNT(*) AS executions,
  SUM(partitions_scanned) / NULLIF(SUM(partitions_total), 0) AS partitions_scanned_share,
  AVG(execution_time) AS mean_execution_ms
FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
WHERE query_parameterized_hash IN ('001d1f9389cd5adf14e6dc35c65560ab', '016b93900a2f201b1bba5df56a8a93d5', '04e351a6efbc7789192213187a86e1f1', '0a7f78e459eaa183ee17d7b00e14d0e5', '111f2c0242c7ddcc18fd42d9caba907d', '1342f97cec273f2aa1b60146ee8cc879', '2e231121d2cba471798ad178846fa669', '2eb84d307d8f58a0676874b9f1bf37b7', '472eaae196983998a0ccdc39e62ff7d6', '5d625311f1aa1f01666003a10eb39771', '62457b1405b1264847c6bf614da56b96', 'a311f118adaa4f4c7bf2d5c6ba7c0635', 'b064e0b6ae235dc147f55d7f5cc119e6', 'bdd19d6a85121622db92675d2c2d9f24', 'c4079f65942ba70544006f04b12d73ca', 'f7a497245cc9d2b124bf9d066ec53ecc', 'ff89e4c788657355c9da0e0dec2f7704')
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
  AND table_name = 'PAYMENTS'
  AND start_time >= '2026-12-01 04:48:00 +0000'::TIMESTAMP_TZ
GROUP BY 1
ORDER BY 1;


-- ---------------------------------------------------------------- revert

-- Commented out, so that running this file whole does not undo it. The key goes back; the order of the data stays as it is
-- until later writes dilute it.
-- ALTER TABLE DEMO.RETAIL.PAYMENTS DROP CLUSTERING KEY;
