-- One row per execution, as HASHED has it, with the statement that its text says. A parameterized hash tells apart what differs in
-- the length of an IN list, in an argument of a function or in a pattern, so that a statement may have one for each of its
-- executions. NAMED are the executions whose texts stand for their hashes; PARAMETERIZED_HASH lists a statement's, parted by
-- blanks.
WITH names AS (
    SELECT HASHED.STATEMENT AS HASH, HASHED.PARAMETERIZED_HASH, NAMED.STATEMENT
    FROM NAMED
    JOIN HASHED ON HASHED.QUERY_ID = NAMED.QUERY_ID
),
lists AS (
    SELECT STATEMENT, LISTAGG(DISTINCT PARAMETERIZED_HASH, ' ') WITHIN GROUP (ORDER BY PARAMETERIZED_HASH) AS HASHES
    FROM names
    GROUP BY STATEMENT
)
SELECT
    HASHED.* EXCLUDE (STATEMENT, PARAMETERIZED_HASH),
    COALESCE(names.STATEMENT, HASHED.STATEMENT) AS STATEMENT,
    COALESCE(lists.HASHES, HASHED.PARAMETERIZED_HASH) AS PARAMETERIZED_HASH
FROM HASHED
LEFT JOIN names ON names.HASH = HASHED.STATEMENT
LEFT JOIN lists ON lists.STATEMENT = names.STATEMENT
