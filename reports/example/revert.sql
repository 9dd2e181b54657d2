-- Takes back the changes of apply.sql, the last one first. What was never applied, or was taken back already, is passed over.
--
-- It is one file for convenience: the scripts beside it hold the reasons, the figures and the checks afterwards, and you can
-- run those in this order one at a time instead. Each step first looks whether the object is as the advice left
-- it, and raises an error where it isn't. DDL commits by itself, so the steps before that stay: run the file with a client
-- that ends at the first error (SnowSQL does so only with exit_on_error=true).
--
--   scripts/006_materialized_view_DEMO_RETAIL_PAYMENTS_MV_F44EA458.sql
--   scripts/005_materialized_view_DEMO_RETAIL_PAYMENTS_MV_17C7F4B9.sql
--   scripts/004_clustering_key_DEMO_RETAIL_PAYMENTS.sql
--   scripts/003_clustering_key_DEMO_RETAIL_STOCK_LEVELS.sql
--   scripts/002_clustering_key_DEMO_RETAIL_ORDER_LINES.sql
--   scripts/001_clustering_key_DEMO_RETAIL_PAGE_EVENTS.sql
-- Not here: scripts/007_query_rewrite_76e9fc19c1fd48f9-f273839d.sql: the change is where the query is written

-- With this parameter on, Snowflake would fold quoted names to upper case and find other objects.
ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE;


-- ---------------------------------------------------------------- scripts/006_materialized_view_DEMO_RETAIL_PAYMENTS_MV_F44EA458.sql

-- Keep DEMO.RETAIL.PAYMENTS aggregated by (DATE_TRUNC('MONTH', PAID_AT), METHOD) in a materialized view
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'DONE: the view is gone, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'MATERIALIZED VIEW') > 0 THEN 'STOP: another object has the name of the view'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL' AND table_name = 'PAYMENTS_MV_F44EA458';
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
DROP MATERIALIZED VIEW IF EXISTS DEMO.RETAIL.PAYMENTS_MV_F44EA458;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/005_materialized_view_DEMO_RETAIL_PAYMENTS_MV_17C7F4B9.sql

-- Keep DEMO.RETAIL.PAYMENTS aggregated by (MERCHANT_CODE, STATUS) in a materialized view
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'DONE: the view is gone, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'MATERIALIZED VIEW') > 0 THEN 'STOP: another object has the name of the view'
    ELSE 'OK'
  END INTO :verdict
FROM DEMO.INFORMATION_SCHEMA.TABLES
WHERE table_schema = 'RETAIL' AND table_name = 'PAYMENTS_MV_17C7F4B9';
  IF (verdict LIKE 'STOP%') THEN
    RAISE not_as_seen;
  END IF;
  IF (verdict LIKE 'DONE%') THEN
    RETURN verdict;
  END IF;
DROP MATERIALIZED VIEW IF EXISTS DEMO.RETAIL.PAYMENTS_MV_17C7F4B9;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/004_clustering_key_DEMO_RETAIL_PAYMENTS.sql

-- Cluster DEMO.RETAIL.PAYMENTS by (DATE_TRUNC('MONTH', PAID_AT), CUSTOMER_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', PAID_AT), CUSTOMER_ID'), ' "()', ''))
      THEN 'STOP: the clustering key is not the one that the advice set'
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
ALTER TABLE DEMO.RETAIL.PAYMENTS DROP CLUSTERING KEY;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/003_clustering_key_DEMO_RETAIL_STOCK_LEVELS.sql

-- Cluster DEMO.RETAIL.STOCK_LEVELS by (DATE_TRUNC('MONTH', STOCK_DATE), PRODUCT_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', STOCK_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'STOP: the clustering key is not the one that the advice set'
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
ALTER TABLE DEMO.RETAIL.STOCK_LEVELS DROP CLUSTERING KEY;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/002_clustering_key_DEMO_RETAIL_ORDER_LINES.sql

-- Cluster DEMO.RETAIL.ORDER_LINES by (DATE_TRUNC('QUARTER', ORDER_DATE), PRODUCT_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''QUARTER'', ORDER_DATE), PRODUCT_ID'), ' "()', ''))
      THEN 'STOP: the clustering key is not the one that the advice set'
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
ALTER TABLE DEMO.RETAIL.ORDER_LINES DROP CLUSTERING KEY;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- scripts/001_clustering_key_DEMO_RETAIL_PAGE_EVENTS.sql

-- Cluster DEMO.RETAIL.PAGE_EVENTS by (DATE_TRUNC('MONTH', EVENT_TS), USER_ID)
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: not as the advice left it; run this SELECT without its INTO for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(*) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT_IF(table_type <> 'BASE TABLE') > 0 THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) = ''
      THEN 'DONE: the clustering key is the one that this would set'
    WHEN NOT MAX(TRANSLATE(UPPER(COALESCE(clustering_key, '')), ' "()', '')) IN (TRANSLATE(UPPER('DATE_TRUNC(''MONTH'', EVENT_TS), USER_ID'), ' "()', ''), TRANSLATE(UPPER('LINEARDATE_TRUNC(''MONTH'', EVENT_TS), USER_ID'), ' "()', ''))
      THEN 'STOP: the clustering key is not the one that the advice set'
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
ALTER TABLE DEMO.RETAIL.PAGE_EVENTS DROP CLUSTERING KEY;
  RETURN verdict;
END;
$$;
