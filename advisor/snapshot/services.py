"""The views of storage, warehouses, services and pipelines. Each is summed to the grain that its file under `sql/` says; a
plain export of the account's view does as well, where a count that the sum adds is NULL and each row stands for one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from advisor.snapshot.kinds import RECORD, View, columns, required

_TABLE_RECORD = "DATABASE_NAME SCHEMA_NAME TABLE_NAME"

SERVICES: Mapping[str, View] = MappingProxyType(
    {
        "table_storage_metrics": View(
            columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME IS_TRANSIENT",
                whole="ID CLONE_GROUP_ID ACTIVE_BYTES TIME_TRAVEL_BYTES FAILSAFE_BYTES RETAINED_FOR_CLONE_BYTES",
                time="TABLE_CREATED TABLE_DROPPED",
            ),
            required("ID TABLE_NAME ACTIVE_BYTES"),
            "what time travel, fail-safe and clones hold of each table is unknown",
        ),
        "table_pruning_history": View(
            columns(
                text=_TABLE_RECORD,
                whole="TABLE_ID NUM_SCANS PARTITIONS_SCANNED PARTITIONS_PRUNED",
                time="START_TIME END_TIME",
            ),
            (*RECORD, ("NUM_SCANS",)),
            "which tables nothing has read for long is unknown: none is advised to be set aside",
        ),
        "column_query_pruning_history": View(
            columns(
                text=f"{_TABLE_RECORD} COLUMN_NAME VARIANT_PATH ACCESS_TYPE SEARCH_OPTIMIZATION_SUPPORTED_EXPRESSIONS",
                whole="NUM_QUERIES PARTITIONS_SCANNED PARTITIONS_PRUNED ROWS_SCANNED ROWS_MATCHED",
                exact="AGGREGATE_QUERY_EXECUTION_TIME",
                time="INTERVAL_START_TIME",
            ),
            (*RECORD, *required("COLUMN_NAME ACCESS_TYPE")),
            "how many rows a filter leaves is inferred from statistics and literals instead of recorded by column",
        ),
        "materialized_view_refresh_history": View(
            columns(text=_TABLE_RECORD, number="CREDITS_USED", time="START_TIME"),
            (*RECORD, ("CREDITS_USED",)),
            "what the materialized views in force cost is unknown",
        ),
        "search_optimization_history": View(
            columns(text=f"{_TABLE_RECORD} INDEX_TYPE", number="CREDITS_USED", time="START_TIME"),
            (*required("DATABASE_NAME SCHEMA_NAME TABLE_NAME|BASE_TABLE_NAME CREDITS_USED"),),
            "what the search optimization in force costs, and adds to a new clustering key, is unknown",
            MappingProxyType({"TABLE_NAME": "BASE_TABLE_NAME"}),
        ),
        "search_optimization_benefits": View(
            columns(
                text=_TABLE_RECORD,
                whole="NUM_SCANS PARTITIONS_SCANNED PARTITIONS_PRUNED_DEFAULT PARTITIONS_PRUNED_ADDITIONAL",
                time="START_TIME",
            ),
            (*RECORD, ("PARTITIONS_PRUNED_ADDITIONAL",)),
            "what the search optimization in force brings is unknown",
        ),
        "warehouse_metering_history": View(
            columns(
                text="WAREHOUSE_NAME",
                number="CREDITS_USED CREDITS_USED_COMPUTE CREDITS_USED_CLOUD_SERVICES CREDITS_ATTRIBUTED_COMPUTE_QUERIES",
                time="START_TIME",
            ),
            required("WAREHOUSE_NAME START_TIME CREDITS_USED_COMPUTE|CREDITS_USED"),
            "idle credits of warehouses are unknown",
        ),
        "warehouse_load_history": View(
            columns(
                text="WAREHOUSE_NAME",
                whole="INTERVALS",
                number="AVG_RUNNING AVG_QUEUED_LOAD AVG_QUEUED_PROVISIONING AVG_BLOCKED",
                time="START_TIME",
            ),
            required("WAREHOUSE_NAME START_TIME AVG_RUNNING"),
            "when warehouses were busy or queueing is known from single queries alone",
        ),
        "warehouse_events_history": View(
            columns(text="WAREHOUSE_NAME EVENT_NAME EVENT_STATE", whole="EVENTS", time="TIMESTAMP"),
            required("WAREHOUSE_NAME TIMESTAMP EVENT_NAME"),
            "how often warehouses are suspended today is unknown",
        ),
        "query_attribution_history": View(
            columns(
                text="QUERY_PARAMETERIZED_HASH WAREHOUSE_NAME QUERY_TAG",
                whole="QUERIES",
                number="CREDITS_ATTRIBUTED_COMPUTE CREDITS_USED_QUERY_ACCELERATION",
                time="START_TIME",
            ),
            required("START_TIME CREDITS_ATTRIBUTED_COMPUTE"),
            "credits of queries, the advisor's own among them, are reckoned from their time instead of attributed",
        ),
        "query_acceleration_eligible": View(
            columns(
                text="WAREHOUSE_NAME WAREHOUSE_SIZE QUERY_PARAMETERIZED_HASH QUERY_ID",
                whole="QUERIES UPPER_LIMIT_SCALE_FACTOR",
                number="ELIGIBLE_QUERY_ACCELERATION_TIME",
                time="START_TIME",
            ),
            required("WAREHOUSE_NAME ELIGIBLE_QUERY_ACCELERATION_TIME UPPER_LIMIT_SCALE_FACTOR"),
            "which queries the acceleration service could serve is unknown",
        ),
        "query_acceleration_history": View(
            columns(text="WAREHOUSE_NAME", number="CREDITS_USED", time="START_TIME"),
            required("WAREHOUSE_NAME CREDITS_USED"),
            "what the acceleration service in force costs is unknown",
        ),
        "metering_daily_history": View(
            columns(text="SERVICE_TYPE", number="CREDITS_USED CREDITS_BILLED", time="USAGE_DATE"),
            required("SERVICE_TYPE USAGE_DATE CREDITS_USED"),
            "what share of the account's credits the advice speaks for is unknown",
        ),
        "query_insights": View(
            columns(
                text="QUERY_PARAMETERIZED_HASH WAREHOUSE_NAME INSIGHT_TYPE_ID INSIGHT_TOPIC IS_OPPORTUNITY QUERY_ID MESSAGE",
                whole="QUERIES",
                exact="TOTAL_ELAPSED_TIME",
                time="START_TIME",
            ),
            required("INSIGHT_TYPE_ID QUERY_PARAMETERIZED_HASH"),
            "what Snowflake itself remarks on queries is not taken into account",
        ),
        "task_history": View(
            columns(
                text="DATABASE_NAME SCHEMA_NAME NAME STATE QUERY_PARAMETERIZED_HASH QUERY_TEXT",
                whole="RUNS",
                time="DAY QUERY_START_TIME",
            ),
            required("DATABASE_NAME SCHEMA_NAME NAME QUERY_TEXT"),
            "a table that a task recreates is told by the query history alone",
        ),
        "dynamic_table_refresh_history": View(
            columns(
                text="DATABASE_NAME SCHEMA_NAME NAME STATE REFRESH_ACTION REFRESH_TRIGGER WAREHOUSE_SIZE QUERY_ID",
                whole="TARGET_LAG_SEC REFRESHES",
                exact="EXECUTION_MS",
                time="REFRESH_START_TIME",
            ),
            required("DATABASE_NAME SCHEMA_NAME NAME REFRESH_ACTION"),
            "what the refreshes of the dynamic tables in force take is unknown",
        ),
        "object_dependencies": View(
            columns(
                text="REFERENCED_DATABASE REFERENCED_SCHEMA REFERENCED_OBJECT_NAME REFERENCED_OBJECT_DOMAIN"
                " REFERENCING_DATABASE REFERENCING_SCHEMA REFERENCING_OBJECT_NAME REFERENCING_OBJECT_DOMAIN DEPENDENCY_TYPE"
            ),
            required("REFERENCED_OBJECT_NAME REFERENCING_OBJECT_NAME"),
            "what is defined over a table is known from the texts of views alone",
        ),
        "policy_references": View(
            columns(
                text="POLICY_DB POLICY_SCHEMA POLICY_NAME POLICY_KIND POLICY_STATUS REF_DATABASE_NAME REF_SCHEMA_NAME"
                " REF_ENTITY_NAME REF_ENTITY_DOMAIN REF_COLUMN_NAME TAG_NAME"
            ),
            required("POLICY_KIND REF_DATABASE_NAME REF_SCHEMA_NAME REF_ENTITY_NAME"),
            "whether a policy forbids a materialized view of a table is unknown",
        ),
    }
)
