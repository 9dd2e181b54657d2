-- Change what history_partitioning says of SALES.web.Page Views
--
-- It is worth it.
--
-- Table      SALES.web.Page Views
-- Cut        Seen At < 2025-10-01: 90.0% of the rows, 838 GiB
-- Look-back  60 days at most in the window
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
SELECT
  CASE
    WHEN COUNT(IFF(t.table_name IN ('Page Views_HOT', 'Page Views_COLD') AND t.comment = 'Part of Page Views, history_partitioning-0123456789ab', 1, NULL)) = 2
      AND COUNT(IFF(t.table_name = 'Page Views_BEFORE_SPLIT' AND t.table_type = 'BASE TABLE', 1, NULL)) = 1 AND COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0
      THEN 'OK: an earlier run stopped amid the swap, and this one begins by taking that back'
    WHEN COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT(IFF(t.table_name IN ('Page Views_HOT', 'Page Views_COLD') AND t.comment = 'Part of Page Views, history_partitioning-0123456789ab', 1, NULL)) = 2
      AND COUNT(IFF(t.table_name = 'Page Views_BEFORE_SPLIT' AND t.table_type = 'BASE TABLE', 1, NULL)) = 1 AND COUNT_IF(t.table_name = 'Page Views' AND t.table_type = 'VIEW') > 0
      THEN 'DONE: the name stands for a view over the parts already'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND t.table_type <> 'BASE TABLE') > 0
      THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND c.data_type IS NULL) > 0
      THEN 'STOP: the column is gone, or of another type than the advice saw'
    WHEN COUNT_IF(t.table_name <> 'Page Views' AND COALESCE(t.comment, '') <> 'Part of Page Views, history_partitioning-0123456789ab') > 0
      THEN 'STOP: a name that the parts need is taken by an object that this script did not make'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
        AND cols.column_name IN ('ID', 'Seen At', 'Mail', 'NOTE', 'DAY')
    ) < 5
      THEN 'STOP: a column of the table is gone'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
    ) > 5
      THEN 'STOP: the table has more columns than the advice saw: the parts would lack them'
    WHEN MAX(IFF(t.table_name = 'Page Views', t.row_count, NULL)) NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END AS verdict
FROM SALES.INFORMATION_SCHEMA.TABLES AS t
LEFT JOIN SALES.INFORMATION_SCHEMA.COLUMNS AS c
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    AND c.column_name = 'Seen At' AND c.data_type = 'TIMESTAMP_NTZ'
WHERE t.table_schema = 'web'
  AND t.table_name IN ('Page Views', 'Page Views_HOT', 'Page Views_COLD', 'Page Views_BEFORE_SPLIT');

-- Raises an error unless the check says OK. Run the file with a client that ends at the first error (SnowSQL does so only
-- with exit_on_error=true).
EXECUTE IMMEDIATE $$
DECLARE
  not_as_seen EXCEPTION (-20001, 'STOP: the table is not as the advice saw it; run the check above for the reason');
  verdict VARCHAR;
BEGIN
SELECT
  CASE
    WHEN COUNT(IFF(t.table_name IN ('Page Views_HOT', 'Page Views_COLD') AND t.comment = 'Part of Page Views, history_partitioning-0123456789ab', 1, NULL)) = 2
      AND COUNT(IFF(t.table_name = 'Page Views_BEFORE_SPLIT' AND t.table_type = 'BASE TABLE', 1, NULL)) = 1 AND COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0
      THEN 'OK: an earlier run stopped amid the swap, and this one begins by taking that back'
    WHEN COUNT(IFF(t.table_name = 'Page Views', 1, NULL)) = 0 THEN 'STOP: the table does not exist, or this role cannot see it'
    WHEN COUNT(IFF(t.table_name IN ('Page Views_HOT', 'Page Views_COLD') AND t.comment = 'Part of Page Views, history_partitioning-0123456789ab', 1, NULL)) = 2
      AND COUNT(IFF(t.table_name = 'Page Views_BEFORE_SPLIT' AND t.table_type = 'BASE TABLE', 1, NULL)) = 1 AND COUNT_IF(t.table_name = 'Page Views' AND t.table_type = 'VIEW') > 0
      THEN 'DONE: the name stands for a view over the parts already'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND t.table_type <> 'BASE TABLE') > 0
      THEN 'STOP: the name stands for something that is not a permanent or transient table'
    WHEN COUNT_IF(t.table_name = 'Page Views' AND c.data_type IS NULL) > 0
      THEN 'STOP: the column is gone, or of another type than the advice saw'
    WHEN COUNT_IF(t.table_name <> 'Page Views' AND COALESCE(t.comment, '') <> 'Part of Page Views, history_partitioning-0123456789ab') > 0
      THEN 'STOP: a name that the parts need is taken by an object that this script did not make'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
        AND cols.column_name IN ('ID', 'Seen At', 'Mail', 'NOTE', 'DAY')
    ) < 5
      THEN 'STOP: a column of the table is gone'
    WHEN (
      SELECT COUNT(*)
      FROM SALES.INFORMATION_SCHEMA.COLUMNS AS cols
      WHERE cols.table_schema = 'web' AND cols.table_name = 'Page Views'
    ) > 5
      THEN 'STOP: the table has more columns than the advice saw: the parts would lack them'
    WHEN MAX(IFF(t.table_name = 'Page Views', t.row_count, NULL)) NOT BETWEEN 500000 AND 2000000
      THEN 'STOP: the row count left the range that the figures hold for'
    WHEN CURRENT_DATE() > TO_DATE('2026-03-02', 'YYYY-MM-DD')
      THEN 'OK, but the advice is past its date: run the advisor again first'
    ELSE 'OK'
  END INTO :verdict
FROM SALES.INFORMATION_SCHEMA.TABLES AS t
LEFT JOIN SALES.INFORMATION_SCHEMA.COLUMNS AS c
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    AND c.column_name = 'Seen At' AND c.data_type = 'TIMESTAMP_NTZ'
WHERE t.table_schema = 'web'
  AND t.table_name IN ('Page Views', 'Page Views_HOT', 'Page Views_COLD', 'Page Views_BEFORE_SPLIT');
  IF (verdict NOT LIKE 'OK%') THEN
    RAISE not_as_seen;
  END IF;
  RETURN verdict;
END;
$$;


-- ---------------------------------------------------------------- apply

-- Stage 1, the parts. The file may be run again wherever it stopped: a swap that was begun is taken back first, and a part that
-- was begun is written anew, whole. Writers must stand still from here to the end of stage 3.
ALTER TABLE IF EXISTS SALES."web"."Page Views_BEFORE_SPLIT" RENAME TO SALES."web"."Page Views";
-- Who may read and write it: the view needs the same grants to read, Page Views_HOT those to write. They stay on the old table.
SHOW GRANTS ON TABLE SALES."web"."Page Views";

-- What would be set apart, counted: compare it with the share above.
SELECT
  COUNT(*) AS all_rows,
  COUNT(IFF("Seen At" < '2025-10-01'::TIMESTAMP_NTZ, 1, NULL)) AS cold_rows,
  MIN("Seen At") AS first_moment,
  MAX("Seen At") AS last_moment
FROM SALES."web"."Page Views";

CREATE TABLE IF NOT EXISTS SALES."web"."Page Views_COLD" LIKE SALES."web"."Page Views" COMMENT = 'Part of Page Views, history_partitioning-0123456789ab';
CREATE TABLE IF NOT EXISTS SALES."web"."Page Views_HOT" LIKE SALES."web"."Page Views" COMMENT = 'Part of Page Views, history_partitioning-0123456789ab';
INSERT OVERWRITE INTO SALES."web"."Page Views_COLD" (ID, "Seen At", "Mail", NOTE, DAY)
SELECT
  ID,
  "Seen At",
  "Mail",
  NOTE,
  DAY
FROM SALES."web"."Page Views"
WHERE "Seen At" < '2025-10-01'::TIMESTAMP_NTZ
ORDER BY "Seen At";
INSERT OVERWRITE INTO SALES."web"."Page Views_HOT" (ID, "Seen At", "Mail", NOTE, DAY)
SELECT
  ID,
  "Seen At",
  "Mail",
  NOTE,
  DAY
FROM SALES."web"."Page Views"
WHERE "Seen At" >= '2025-10-01'::TIMESTAMP_NTZ OR "Seen At" IS NULL
ORDER BY "Seen At";

-- Stage 2, the proof: as many rows, and the same ones, in the parts as in the table. It raises an error otherwise: rows were
-- written meanwhile; run the file again.
EXECUTE IMMEDIATE $$
DECLARE
  rows_differ EXCEPTION (-20002, 'STOP: the parts do not hold the rows of the table; run the file again while nothing writes');
  same BOOLEAN;
BEGIN
  SELECT whole.n = halves.n AND whole.h = halves.h INTO :same
  FROM (SELECT COUNT(*) AS n, HASH_AGG(ID, "Seen At", "Mail", NOTE, DAY) AS h FROM SALES."web"."Page Views") AS whole
  CROSS JOIN (
    SELECT COUNT(*) AS n, HASH_AGG(ID, "Seen At", "Mail", NOTE, DAY) AS h
    FROM (SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_HOT" UNION ALL SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_COLD")
  ) AS halves;
  IF (NOT same) THEN
    RAISE rows_differ;
  END IF;
  RETURN 'OK';
END;
$$;

-- Stage 3, the swap. From here the name stands for a view, and writers must name Page Views_HOT.
ALTER TABLE SALES."web"."Page Views" RENAME TO SALES."web"."Page Views_BEFORE_SPLIT";
CREATE VIEW SALES."web"."Page Views" (ID, "Seen At", "Mail", NOTE, DAY) AS
SELECT
  ID,
  "Seen At",
  "Mail",
  NOTE,
  DAY
FROM SALES."web"."Page Views_HOT"
WHERE "Seen At" >= '2025-10-01'::TIMESTAMP_NTZ OR "Seen At" IS NULL
UNION ALL
SELECT
  ID,
  "Seen At",
  "Mail",
  NOTE,
  DAY
FROM SALES."web"."Page Views_COLD"
WHERE "Seen At" < '2025-10-01'::TIMESTAMP_NTZ;

-- Stage 4, when all is well for as long as you like: the old table still takes its storage.
-- DROP TABLE SALES."web"."Page Views_BEFORE_SPLIT";


-- ---------------------------------------------------------------- verify

-- The parts, and the view over them.
SELECT
  'hot' AS part,
  COUNT(*) AS row_count,
  MIN("Seen At") AS first_moment
FROM SALES."web"."Page Views_HOT"
UNION ALL
SELECT
  'cold' AS part,
  COUNT(*) AS row_count,
  MIN("Seen At") AS first_moment
FROM SALES."web"."Page Views_COLD"
UNION ALL
SELECT
  'view' AS part,
  COUNT(*) AS row_count,
  MIN("Seen At") AS first_moment
FROM SALES."web"."Page Views";

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
-- First the rows that were written since go back, then the names. It may be run again wherever it stopped.
-- EXECUTE IMMEDIATE $$
-- DECLARE
--   not_as_seen EXCEPTION (-20001, 'STOP: the split is not as the advice left it; run the SELECT in here, without its INTO, for the reason');
--   verdict VARCHAR;
-- BEGIN
-- SELECT
--   CASE
--     WHEN COUNT(IFF(table_name = 'Page Views_BEFORE_SPLIT', 1, NULL)) = 0 AND COUNT_IF(table_name = 'Page Views' AND table_type = 'BASE TABLE') > 0
--       THEN 'DONE: the table has its name'
--     WHEN NOT (COUNT(IFF(table_name IN ('Page Views_HOT', 'Page Views_COLD') AND comment = 'Part of Page Views, history_partitioning-0123456789ab', 1, NULL)) = 2
--       AND COUNT(IFF(table_name = 'Page Views_BEFORE_SPLIT' AND table_type = 'BASE TABLE', 1, NULL)) = 1)
--       THEN 'STOP: a part is missing, or this script did not make it'
--     WHEN COUNT_IF(table_name = 'Page Views' AND table_type <> 'VIEW') > 0
--       THEN 'STOP: the name stands for something that is not the view'
--     ELSE 'OK'
--   END INTO :verdict
-- FROM SALES.INFORMATION_SCHEMA.TABLES
-- WHERE table_schema = 'web'
--   AND table_name IN ('Page Views', 'Page Views_HOT', 'Page Views_COLD', 'Page Views_BEFORE_SPLIT');
--   IF (verdict NOT LIKE 'OK%') THEN
--     RAISE not_as_seen;
--   END IF;
--   RETURN verdict;
-- END;
-- $$;
-- INSERT OVERWRITE INTO SALES."web"."Page Views_BEFORE_SPLIT" (ID, "Seen At", "Mail", NOTE, DAY) SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_HOT" UNION ALL SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_COLD";
-- EXECUTE IMMEDIATE $$
-- DECLARE
--   rows_differ EXCEPTION (-20002, 'STOP: the parts do not hold the rows of the table; run this again while nothing writes');
--   same BOOLEAN;
-- BEGIN
--   SELECT whole.n = halves.n AND whole.h = halves.h INTO :same
--   FROM (SELECT COUNT(*) AS n, HASH_AGG(ID, "Seen At", "Mail", NOTE, DAY) AS h FROM SALES."web"."Page Views_BEFORE_SPLIT") AS whole
--   CROSS JOIN (
--     SELECT COUNT(*) AS n, HASH_AGG(ID, "Seen At", "Mail", NOTE, DAY) AS h
--     FROM (SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_HOT" UNION ALL SELECT ID, "Seen At", "Mail", NOTE, DAY FROM SALES."web"."Page Views_COLD")
--   ) AS halves;
--   IF (NOT same) THEN
--     RAISE rows_differ;
--   END IF;
--   RETURN 'OK';
-- END;
-- $$;
-- DROP VIEW IF EXISTS SALES."web"."Page Views";
-- ALTER TABLE SALES."web"."Page Views_BEFORE_SPLIT" RENAME TO SALES."web"."Page Views";
-- The parts still take their storage. When all is well:
-- DROP TABLE SALES."web"."Page Views_HOT";
-- DROP TABLE SALES."web"."Page Views_COLD";
