-- Ask ORDER_DATE of DEMO.RETAIL.ORDER_LINES by range in template 76e9fc19c1fd48f9
--
-- It asks DATE_TRUNC('MONTH', ORDER_DATE) = '2025-12-01', which usually prunes and by its scans doesn't, though
-- the rows lie in that order, and reads 336 of 338 micro-partitions each time; ORDER_DATE >= '2025-12-01' AND
-- ORDER_DATE < '2026-01-01' asks the same and is predicted to read 21.4 to 48.1 (expected 32.1). That saves
-- 0.000096 to 0.00139 (expected 0.000203) credits a month.
--
-- Template   76e9fc19c1fd48f9
-- Tables     DEMO.RETAIL.ORDER_LINES
-- Net        0.000096 to 0.00139 (expected 0.000203) credits a month
-- Evidence   estimated, confidence medium; the rewrite returned what the original returns on 200 generated databases
-- Window     2026-11-17 04:58 UTC to 2026-12-01 04:48 UTC
-- Valid      until 2026-12-31: when you read this later, run the advisor again first
-- Executions 8, 99.3% -> 9.5% of the table's partitions, for example query 14c7e6d0-2116-45b1-8ff7-2d29d0dfd10c
-- Instead of DATE_TRUNC('MONTH', ORDER_DATE) = '2025-12-01'
-- ask        ORDER_DATE >= '2025-12-01' AND ORDER_DATE < '2026-01-01'
-- Warning: The text is changed where it is written: in a dashboard, a job or an application. No statement here
-- changes anything.
-- This comes from the demo: its tables and figures are the embedded engine's, not a Snowflake account's.


-- ---------------------------------------------------------------- before

-- SELECT
--   SUM(price)
-- FROM DEMO.RETAIL.ORDER_LINES
-- WHERE
--   DATE_TRUNC('MONTH', order_date) = '2025-12-01';


-- ---------------------------------------------------------------- apply

-- There is no statement to run: change the text where the query is written, in a dashboard, a job or an application.
-- SELECT
--   SUM(PRICE)
-- FROM DEMO.RETAIL.ORDER_LINES
-- WHERE
--   ORDER_DATE >= '2025-12-01' AND ORDER_DATE < '2026-01-01';


-- ---------------------------------------------------------------- verify

-- The answers: same_rows is TRUE where the rewritten query returns each row of the original as many times as that does, and no
-- other. LIMIT may cut ties in another way.
-- noqa: disable=all
SELECT
  asked.row_count AS rows_of_the_original,
  instead.row_count AS rows_of_the_rewrite,
  asked.row_count = instead.row_count AND asked.row_hash = instead.row_hash AS same_rows
FROM (
SELECT COUNT(*) AS row_count, HASH_AGG(*) AS row_hash FROM (
SELECT
  SUM(price)
FROM DEMO.RETAIL.ORDER_LINES
WHERE
  DATE_TRUNC('MONTH', order_date) = '2025-12-01'
) AS answers
) AS asked
CROSS JOIN (
SELECT COUNT(*) AS row_count, HASH_AGG(*) AS row_hash FROM (
SELECT
  SUM(PRICE)
FROM DEMO.RETAIL.ORDER_LINES
WHERE
  ORDER_DATE >= '2025-12-01' AND ORDER_DATE < '2026-01-01'
) AS answers
) AS instead;
-- noqa: enable=all

-- Where it is FALSE: rows of the original that the rewritten query lacks. Put the two the other way round for those that it adds.
-- noqa: disable=all
(
SELECT
  SUM(price)
FROM DEMO.RETAIL.ORDER_LINES
WHERE
  DATE_TRUNC('MONTH', order_date) = '2025-12-01'
)
EXCEPT
(
SELECT
  SUM(PRICE)
FROM DEMO.RETAIL.ORDER_LINES
WHERE
  ORDER_DATE >= '2025-12-01' AND ORDER_DATE < '2026-01-01'
);
-- noqa: enable=all

-- The plan: partitionsAssigned against partitionsTotal, compiled only.
-- noqa: disable=all
EXPLAIN USING TEXT
SELECT
  SUM(PRICE)
FROM DEMO.RETAIL.ORDER_LINES
WHERE
  ORDER_DATE >= '2025-12-01' AND ORDER_DATE < '2026-01-01';
-- noqa: enable=all


-- ---------------------------------------------------------------- revert

-- Put the old text back where the query is written.
