-- One row per execution of the statements that a slice is sampled from: about $statements of them, in each session context and
-- outcome. Half of the chances go by the time that they took, half are alike; where there are few, all are.
-- The statements are laid end to end in an order that differs from day to day, each as long as its chance, and those are
-- taken that $statements evenly spaced marks fall upon.
WITH statements AS (
    SELECT
        STATEMENT,
        DATABASE_NAME,
        SCHEMA_NAME,
        OUTCOME,
        MIN(MD5(QUERY_ID)) AS SHUFFLE,
        COALESCE(SUM(EXECUTION_MS), 0) + 1 AS MS
    FROM EXECUTIONS
    WHERE OUTCOME IN ('executed', 'no warehouse')
    GROUP BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME
),
laid AS (
    SELECT
        *,
        SUM(MS) OVER (ORDER BY SHUFFLE ROWS UNBOUNDED PRECEDING) / SUM(MS) OVER ()
            + ROW_NUMBER() OVER (ORDER BY SHUFFLE) / COUNT(*) OVER () AS UPTO
    FROM statements
),
chosen AS (
    SELECT STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME
    FROM laid
    QUALIFY FLOOR(UPTO * $statements / 2) > FLOOR(COALESCE(LAG(UPTO) OVER (ORDER BY SHUFFLE), 0) * $statements / 2)
)
SELECT EXECUTIONS.*
FROM EXECUTIONS
JOIN chosen ON chosen.STATEMENT = EXECUTIONS.STATEMENT AND chosen.OUTCOME = EXECUTIONS.OUTCOME
    AND EQUAL_NULL(chosen.DATABASE_NAME, EXECUTIONS.DATABASE_NAME)
    AND EQUAL_NULL(chosen.SCHEMA_NAME, EXECUTIONS.SCHEMA_NAME)
