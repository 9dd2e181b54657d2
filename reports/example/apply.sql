-- Applies the changes of this advice, one after another: what ends first, then how tables are laid out, then what is built on
-- that, then settings. What is in force already is passed over, so the file may be run again.
--
-- It is one file for convenience: the scripts beside it hold the reasons, the figures and the checks afterwards, and you can
-- run those in this order one at a time instead. Each step first looks whether the object is as the advice saw
-- it, and raises an error where it isn't. DDL commits by itself, so the steps before that stay: run the file with a client
-- that ends at the first error (SnowSQL does so only with exit_on_error=true).
--
--   scripts/001_clustering_key_DEMO_RETAIL_PAGE_EVENTS.sql
--   scripts/002_clustering_key_DEMO_RETAIL_ORDER_LINES.sql
--   scripts/003_clustering_key_DEMO_RETAIL_STOCK_LEVELS.sql
--   scripts/004_clustering_key_DEMO_RETAIL_PAYMENTS.sql
--   scripts/005_materialized_view_DEMO_RETAIL_PAYMENTS_MV_17C7F4B9.sql
--   scripts/006_materialized_view_DEMO_RETAIL_PAYMENTS_MV_F44EA458.sql
-- Not here: scripts/007_query_rewrite_76e9fc19c1fd48f9-f273839d.sql: the change is where the query is written

-- With this parameter on, Snowflake would fold quoted names to upper case and find other objects.
ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE;


-- ---------------------------------------------------------------- scripts/001_clustering_key_DEMO_RETAIL_PAGE_EVENTS.sql

-- Cluster DEMO.RETAIL.PAGE_EVENTS by (DATE_TRUNC('MONTH', EVENT_TS), USER_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 001 for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', EVENT_TS), USER_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', EVENT_TS), USER_ID'), ' "()', ''))
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'STOP: the clustering key is not the one that the advice saw'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'PAGE_EVENTS'
        AND cols.column_name IN ('EVENT_TS', 'USER_ID')
    ) < 2
      THEN 'STOP: a column of the key is gone'
    WHEN MAX(row_count) NOT BETWEEN 699316 AND 2797266
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name = 'PAGE_EVENTS';
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
ALTER TABLE DEMO.RETAIL.PAGE_EVENTS CLUSTER BY (DATE_TRUNC('MONTH', EVENT_TS), USER_ID);
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/002_clustering_key_DEMO_RETAIL_ORDER_LINES.sql

-- Cluster DEMO.RETAIL.ORDER_LINES by (DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 002 for the reason');
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
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
ALTER TABLE DEMO.RETAIL.ORDER_LINES CLUSTER BY (DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID);
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/003_clustering_key_DEMO_RETAIL_STOCK_LEVELS.sql

-- Cluster DEMO.RETAIL.STOCK_LEVELS by (DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 003 for the reason');
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
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
ALTER TABLE DEMO.RETAIL.STOCK_LEVELS CLUSTER BY (DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID);
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/004_clustering_key_DEMO_RETAIL_PAYMENTS.sql

-- Cluster DEMO.RETAIL.PAYMENTS by (DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 004 for the reason');
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
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
ALTER TABLE DEMO.RETAIL.PAYMENTS CLUSTER BY (DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID);
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/005_materialized_view_DEMO_RETAIL_PAYMENTS_MV_17C7F4B9.sql

-- Keep DEMO.RETAIL.PAYMENTS aggregated by (MERCHANT_CODE, STATUS) in a materialized view
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 005 for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(IFF(table_name = 'PAYMENTS', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_name = 'PAYMENTS' AND table_type NOT IN ('BASE TABLE', 'EXTERNAL TABLE')) > 0
      THEN 'STOP: the name stands for something that is not a permanent, transient or external table'
    WHEN COUNT_IF(table_name = 'PAYMENTS_MV_17C7F4B9' AND table_type <> 'MATERIALIZED VIEW') > 0
      THEN 'STOP: another object has the name of the view'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'PAYMENTS'
        AND cols.column_name IN ('AMOUNT', 'MERCHANT_CODE', 'STATUS')
    ) < 3
      THEN 'STOP: a column that the view reads is gone'
    WHEN MAX(IFF(table_name = 'PAYMENTS', row_count, NULL)) NOT BETWEEN 350000 AND 1400000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN COUNT_IF(table_name = 'PAYMENTS_MV_17C7F4B9') > 0 THEN 'DONE: the view is there already'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name IN ('PAYMENTS', 'PAYMENTS_MV_17C7F4B9');
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
CREATE MATERIALIZED VIEW IF NOT EXISTS DEMO.RETAIL.PAYMENTS_MV_17C7F4B9 (
  MERCHANT_CODE, STATUS, COUNT_ROWS, SUM_AMOUNT
)
AS
SELECT
  MERCHANT_CODE,
  STATUS,
  COUNT(*) AS COUNT_ROWS,
  SUM(AMOUNT) AS SUM_AMOUNT
FROM DEMO.RETAIL.PAYMENTS
GROUP BY
  MERCHANT_CODE,
  STATUS;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/006_materialized_view_DEMO_RETAIL_PAYMENTS_MV_F44EA458.sql

-- Keep DEMO.RETAIL.PAYMENTS aggregated by (DATE_TRUNC('MONTH', PAID_AT), METHOD) in a materialized view
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice saw it; run the check in script 006 for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(IFF(table_name = 'PAYMENTS', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_name = 'PAYMENTS' AND table_type NOT IN ('BASE TABLE', 'EXTERNAL TABLE')) > 0
      THEN 'STOP: the name stands for something that is not a permanent, transient or external table'
    WHEN COUNT_IF(table_name = 'PAYMENTS_MV_F44EA458' AND table_type <> 'MATERIALIZED VIEW') > 0
      THEN 'STOP: another object has the name of the view'
    WHEN (
      SELECT COUNT(*)
      FROM DEMO.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'RETAIL' AND cols.table_name = 'PAYMENTS'
        AND cols.column_name IN ('AMOUNT', 'METHOD', 'PAID_AT')
    ) < 3
      THEN 'STOP: a column that the view reads is gone'
    WHEN MAX(IFF(table_name = 'PAYMENTS', row_count, NULL)) NOT BETWEEN 350000 AND 1400000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN COUNT_IF(table_name = 'PAYMENTS_MV_F44EA458') > 0 THEN 'DONE: the view is there already'
    WHEN CURRENT_DATE() > TO_DATE('2026-12-31', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL'
  AND table_name IN ('PAYMENTS', 'PAYMENTS_MV_F44EA458');
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
CREATE MATERIALIZED VIEW IF NOT EXISTS DEMO.RETAIL.PAYMENTS_MV_F44EA458 (
  DATE_TRUNC_MONTH_PAID_AT, METHOD, SUM_AMOUNT
)
AS
SELECT
  DATE_TRUNC('MONTH', PAID_AT) AS DATE_TRUNC_MONTH_PAID_AT,
  METHOD,
  SUM(AMOUNT) AS SUM_AMOUNT
FROM DEMO.RETAIL.PAYMENTS
GROUP BY
  DATE_TRUNC('MONTH', PAID_AT),
  METHOD;
  RETURN verdict;
END;
$$;
