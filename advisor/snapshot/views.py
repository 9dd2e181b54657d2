"""The views a snapshot may hold: the columns read of each, and what the analysis loses without it.

Columns and types are those of SNOWFLAKE.ACCOUNT_USAGE; `column_statistics`, `warehouses` (SHOW WAREHOUSES) and `what_if`, the
answers of Snowflake's estimators, are the advisor's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from advisor.snapshot.kinds import RECORD, TABLE, Kind, View, columns, required
from advisor.snapshot.services import SERVICES

__all__ = ["VIEWS", "Kind", "View"]

VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "query_history": View(
            columns(
                text="QUERY_ID QUERY_TEXT DATABASE_NAME SCHEMA_NAME QUERY_TYPE USER_NAME ROLE_NAME WAREHOUSE_NAME WAREHOUSE_SIZE"
                " EXECUTION_STATUS ERROR_CODE ERROR_MESSAGE QUERY_HASH QUERY_HASH_VERSION QUERY_PARAMETERIZED_HASH"
                " QUERY_PARAMETERIZED_HASH_VERSION",
                whole="BYTES_SCANNED BYTES_READ_FROM_RESULT BYTES_SPILLED_TO_LOCAL_STORAGE BYTES_SPILLED_TO_REMOTE_STORAGE"
                " PARTITIONS_SCANNED PARTITIONS_TOTAL ROWS_INSERTED ROWS_UPDATED ROWS_DELETED",
                exact="TOTAL_ELAPSED_TIME EXECUTION_TIME QUEUED_OVERLOAD_TIME",
                time="START_TIME END_TIME",
            ),
            required("QUERY_TEXT START_TIME EXECUTION_TIME|TOTAL_ELAPSED_TIME"),
        ),
        "query_templates": View(
            columns(
                text="STATEMENT PARAMETERIZED_HASH DATABASE_NAME SCHEMA_NAME QUERY_TYPE OUTCOME WAREHOUSE_SIZE",
                whole="EXECUTIONS SCAN_COUNT",
                exact="EXECUTION_MS BYTES_SCANNED BYTES_READ_FROM_RESULT BYTES_SPILLED_TO_LOCAL_STORAGE"
                " BYTES_SPILLED_TO_REMOTE_STORAGE QUEUED_OVERLOAD_TIME PARTITIONS_SCANNED PARTITIONS_TOTAL ROWS_INSERTED"
                " ROWS_UPDATED ROWS_DELETED SCAN_SUM SCAN_MS SCAN_SQUARES SCAN_PRODUCTS",
                time="FIRST_SEEN LAST_SEEN LAST_END",
            ),
            required("STATEMENT OUTCOME EXECUTIONS EXECUTION_MS FIRST_SEEN LAST_SEEN"),
        ),
        "query_samples": View(
            columns(
                text="STATEMENT DATABASE_NAME SCHEMA_NAME OUTCOME QUERY_ID QUERY_TEXT",
                whole="PARTITIONS_SCANNED PARTITIONS_TOTAL BYTES_SCANNED WEIGHT",
                exact="EXECUTION_MS",
                time="START_TIME",
            ),
            required("STATEMENT OUTCOME QUERY_ID QUERY_TEXT START_TIME WEIGHT"),
        ),
        "query_repeats": View(
            columns(
                text="QUESTION STATEMENT PARAMETERIZED_HASH DATABASE_NAME SCHEMA_NAME USER_NAME HOURS QUERY_ID ONE_TEXT OTHER_TEXT",
                whole="EXECUTIONS CACHED REPEATS GAP_SECONDS TEXTS ROLES WAREHOUSES",
                exact="EXECUTION_MS REPEAT_MS BYTES_SCANNED",
                time="DAY FIRST_SEEN LAST_SEEN",
            ),
            required("QUESTION STATEMENT DAY EXECUTIONS CACHED EXECUTION_MS REPEATS REPEAT_MS"),
            "which questions were asked again is unknown, so nothing is advised for the result cache",
        ),
        "warehouse_loads": View(
            columns(
                text="WAREHOUSE_NAME WAREHOUSE_SIZE",
                whole="EXECUTIONS TIMED_OUT",
                exact="EXECUTION_MS BYTES_SPILLED_TO_REMOTE_STORAGE QUEUED_OVERLOAD_TIME TIMED_OUT_MS",
            ),
            required("WAREHOUSE_NAME EXECUTIONS EXECUTION_MS"),
        ),
        "warehouse_gaps": View(
            columns(
                text="WAREHOUSE_NAME",
                whole="STOPS_60 STOPS_300 STOPS_600",
                exact="IDLE_MS_60 IDLE_MS_300 IDLE_MS_600",
                time="FIRST_START LAST_END",
            ),
            required(
                "WAREHOUSE_NAME FIRST_START LAST_END IDLE_MS_60 IDLE_MS_300 IDLE_MS_600 STOPS_60 STOPS_300 STOPS_600"
            ),
        ),
        "warehouses": View(
            columns(text="WAREHOUSE_NAME WAREHOUSE_TYPE WAREHOUSE_SIZE", whole="AUTO_SUSPEND"),
            required("WAREHOUSE_NAME|NAME AUTO_SUSPEND"),
            "the AUTO_SUSPEND in force is unknown, so that a revert can't name it",
            MappingProxyType({"WAREHOUSE_NAME": "NAME", "WAREHOUSE_TYPE": "TYPE", "WAREHOUSE_SIZE": "SIZE"}),
        ),
        "tables": View(
            columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE IS_TRANSIENT IS_TEMPORARY IS_ICEBERG IS_DYNAMIC"
                " IS_HYBRID CLUSTERING_KEY AUTO_CLUSTERING_ON",
                whole="TABLE_ID ROW_COUNT BYTES RETENTION_TIME",
                time="CREATED DELETED LAST_ALTERED LAST_DDL",
            ),
            (*TABLE, ("ROW_COUNT",), ("BYTES",)),
        ),
        "databases": View(
            columns(text="DATABASE_NAME TYPE", time="DELETED"),
            required("DATABASE_NAME TYPE"),
            "tables of imported databases, which nobody here can alter, can't be told from the account's own",
        ),
        "columns": View(
            columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME DATA_TYPE IS_NULLABLE KIND",
                whole="TABLE_ID ORDINAL_POSITION",
                time="DELETED",
            ),
            (*TABLE, ("COLUMN_NAME",)),
            "columns are known only where the text of a query qualifies them, and nothing is known of their types",
        ),
        "column_statistics": View(
            columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME MIN_VALUE MAX_VALUE",
                whole="SAMPLED_ROWS",
                number="APPROX_DISTINCT NULL_SHARE AVG_LENGTH",
                shares="FREQUENT_VALUES QUANTILES",
            ),
            (*TABLE, ("COLUMN_NAME",)),
            "distinct counts are inferred from the literals seen, so confidence is lower",
        ),
        "views": View(
            columns(text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION", time="CREATED DELETED"),
            (*TABLE, ("VIEW_DEFINITION",)),
            "queries over views are not traced to the tables beneath",
        ),
        "table_dml_history": View(
            columns(
                text="DATABASE_NAME SCHEMA_NAME TABLE_NAME",
                whole="ROWS_ADDED ROWS_REMOVED ROWS_UPDATED",
                time="START_TIME",
            ),
            RECORD,
            "upkeep is judged from the writes seen in the query history alone",
        ),
        "table_query_pruning_history": View(
            columns(
                text="DATABASE_NAME SCHEMA_NAME TABLE_NAME QUERY_PARAMETERIZED_HASH",
                whole="NUM_QUERIES PARTITIONS_SCANNED PARTITIONS_PRUNED ROWS_SCANNED ROWS_MATCHED",
                time="INTERVAL_START_TIME",
            ),
            (*RECORD, ("QUERY_PARAMETERIZED_HASH",), ("PARTITIONS_SCANNED",), ("PARTITIONS_PRUNED",)),
            "partitions scanned of queries over several tables cannot be told apart by table",
        ),
        "automatic_clustering_history": View(
            columns(
                text="DATABASE_NAME SCHEMA_NAME TABLE_NAME VERSION",
                whole="NUM_BYTES_RECLUSTERED NUM_ROWS_RECLUSTERED",
                number="CREDITS_USED",
                time="START_TIME",
            ),
            (*RECORD, ("CREDITS_USED",)),
            "what the clustering keys in force cost is estimated instead of observed",
        ),
        "what_if": View(
            columns(text="CALL TABLE_CATALOG TABLE_SCHEMA TABLE_NAME ARGUMENT ANSWER"),
            required("CALL TABLE_CATALOG TABLE_SCHEMA TABLE_NAME ARGUMENT ANSWER"),
        ),
        **SERVICES,
    }
)
