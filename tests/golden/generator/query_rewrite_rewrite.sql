-- Ask DAY of SALES.PUBLIC.ORDERS by range in template aa11bb22
--
-- SALES.PUBLIC.ORDERS is filtered by TENANT_ID and ORDERED_AT in 40 queries a day but reads 90% of its
-- partitions.
--
-- Template   aa11bb22
-- Tables     SALES.PUBLIC.ORDERS
-- Net        44.1 to 102 (expected 74.8) credits a month
-- Evidence   estimated, confidence medium; the rewrite returned what the original returns on 24 generated databases
-- Window     2026-01-01 00:00 UTC to 2026-01-31 00:00 UTC
-- Valid      until 2026-03-02: when you read this later, run the advisor again first
-- Executions 1,200, 91.0% -> 3.5% of the table's partitions, for example query 01b2-0001
-- Executions 30, unknown -> unknown of the table's partitions, for example query unknown
-- Instead of YEAR(DAY) = 2026
-- ask        DAY >= '2026-01-01' AND DAY < '2027-01-01'
-- Warning: Loads arrive every hour: automatic clustering will run as often.


-- ---------------------------------------------------------------- before

-- SELECT
--   COUNT(*)
-- FROM SALES.PUBLIC.ORDERS
-- WHERE
--   YEAR(DAY) = 2026;


-- ---------------------------------------------------------------- apply

-- There is no statement to run: change the text where the query is written, in a dashboard, a job or an application.
-- SELECT
--   COUNT(*)
-- FROM SALES.PUBLIC.ORDERS
-- WHERE
--   DAY >= '2026-01-01' AND DAY < '2027-01-01';


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
  COUNT(*)
FROM SALES.PUBLIC.ORDERS
WHERE
  YEAR(DAY) = 2026
) AS answers
) AS asked
CROSS JOIN (
SELECT COUNT(*) AS row_count, HASH_AGG(*) AS row_hash FROM (
SELECT
  COUNT(*)
FROM SALES.PUBLIC.ORDERS
WHERE
  DAY >= '2026-01-01' AND DAY < '2027-01-01'
) AS answers
) AS instead;
-- noqa: enable=all

-- Where it is FALSE: rows of the original that the rewritten query lacks. Put the two the other way round for those that it adds.
-- noqa: disable=all
(
SELECT
  COUNT(*)
FROM SALES.PUBLIC.ORDERS
WHERE
  YEAR(DAY) = 2026
)
EXCEPT
(
SELECT
  COUNT(*)
FROM SALES.PUBLIC.ORDERS
WHERE
  DAY >= '2026-01-01' AND DAY < '2027-01-01'
);
-- noqa: enable=all

-- The plan: partitionsAssigned against partitionsTotal, compiled only.
-- noqa: disable=all
EXPLAIN USING TEXT
SELECT
  COUNT(*)
FROM SALES.PUBLIC.ORDERS
WHERE
  DAY >= '2026-01-01' AND DAY < '2027-01-01';
-- noqa: enable=all


-- ---------------------------------------------------------------- revert

-- Put the old text back where the query is written.
