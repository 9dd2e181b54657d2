-- One row per warehouse that the role may see: what SHOW WAREHOUSES, asked right before, says of it.
SELECT *
FROM TABLE(RESULT_SCAN($shown))
