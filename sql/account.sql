-- One row: who is asked, as whom, on which warehouse, and the time there (UTC), which every slice is cut by.
SELECT
    CURRENT_ACCOUNT() AS ACCOUNT_NAME,
    CURRENT_ROLE() AS ROLE_NAME,
    CURRENT_WAREHOUSE() AS WAREHOUSE_NAME,
    SYSDATE() AS ASKED_AT
