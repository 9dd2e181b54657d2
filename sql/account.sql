-- One row: who is asked, as whom, on which warehouse, and the time there (UTC), which every slice is cut by.
SELECT
    CURRENT_ACCOUNT() AS ACCOUNT,
    CURRENT_ROLE() AS ROLE,
    CURRENT_WAREHOUSE() AS WAREHOUSE,
    SYSDATE() AS NOW
