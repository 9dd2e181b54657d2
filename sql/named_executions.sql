-- One row per execution of the statements in $named.
SELECT *
FROM EXECUTIONS
WHERE STATEMENT IN ($named)
