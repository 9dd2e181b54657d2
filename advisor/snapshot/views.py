"""The views a snapshot may hold: the columns read of each, and what the analysis loses without it.

Columns and types are those of SNOWFLAKE.ACCOUNT_USAGE; `column_statistics` is the advisor's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a column holds once it is normalised: the DuckDB type that it is read as."""

    TEXT = "VARCHAR"
    WHOLE = "BIGINT"
    NUMBER = "DOUBLE"
    EXACT = "DECIMAL(38, 3)"
    """Sums that must not depend on the order of the rows: milliseconds, and counts beyond 64 bits."""
    TIME = "TIMESTAMP"

    @property
    def noun(self) -> str:
        return {"VARCHAR": "text", "TIMESTAMP": "time"}.get(self.value, "number")


@dataclass(frozen=True)
class View:
    columns: Mapping[str, Kind]
    required: tuple[tuple[str, ...], ...] = ()
    """Each entry names alternatives: at least one of them must be there."""
    effect: str | None = None
    """What its absence costs the advice; None for a view that must be there or that replaces another."""


def _columns(text: str = "", whole: str = "", number: str = "", exact: str = "", time: str = "") -> Mapping[str, Kind]:
    kinds = {Kind.TEXT: text, Kind.WHOLE: whole, Kind.NUMBER: number, Kind.EXACT: exact, Kind.TIME: time}
    return MappingProxyType({name: kind for kind, names in kinds.items() for name in names.split()})


_OBJECT = (("TABLE_CATALOG",), ("TABLE_SCHEMA",), ("TABLE_NAME",))
_RECORD = (("DATABASE_NAME",), ("SCHEMA_NAME",), ("TABLE_NAME",))

VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "query_history": View(
            _columns(
                text="QUERY_ID QUERY_TEXT DATABASE_NAME SCHEMA_NAME QUERY_TYPE WAREHOUSE_SIZE EXECUTION_STATUS"
                " ERROR_CODE ERROR_MESSAGE QUERY_PARAMETERIZED_HASH QUERY_PARAMETERIZED_HASH_VERSION",
                whole="BYTES_SCANNED BYTES_READ_FROM_RESULT PARTITIONS_SCANNED PARTITIONS_TOTAL ROWS_INSERTED"
                " ROWS_UPDATED ROWS_DELETED",
                exact="TOTAL_ELAPSED_TIME EXECUTION_TIME",
                time="START_TIME END_TIME",
            ),
            (("QUERY_TEXT",), ("START_TIME",), ("EXECUTION_TIME", "TOTAL_ELAPSED_TIME")),
        ),
        "query_templates": View(
            _columns(
                text="STATEMENT PARAMETERIZED_HASH DATABASE_NAME SCHEMA_NAME QUERY_TYPE OUTCOME WAREHOUSE_SIZE",
                whole="EXECUTIONS SCAN_COUNT",
                exact="EXECUTION_MS BYTES_SCANNED BYTES_READ_FROM_RESULT PARTITIONS_SCANNED PARTITIONS_TOTAL"
                " ROWS_INSERTED ROWS_UPDATED ROWS_DELETED SCAN_SUM SCAN_MS SCAN_SQUARES SCAN_PRODUCTS",
                time="FIRST_SEEN LAST_SEEN LAST_END",
            ),
            tuple(
                (name,) for name in ["STATEMENT", "OUTCOME", "EXECUTIONS", "EXECUTION_MS", "FIRST_SEEN", "LAST_SEEN"]
            ),
        ),
        "query_samples": View(
            _columns(
                text="STATEMENT DATABASE_NAME SCHEMA_NAME OUTCOME QUERY_ID QUERY_TEXT",
                whole="PARTITIONS_SCANNED PARTITIONS_TOTAL BYTES_SCANNED WEIGHT",
                exact="EXECUTION_MS",
                time="START_TIME",
            ),
            tuple((name,) for name in ["STATEMENT", "OUTCOME", "QUERY_ID", "QUERY_TEXT", "START_TIME", "WEIGHT"]),
        ),
        "tables": View(
            _columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE IS_TRANSIENT IS_TEMPORARY IS_ICEBERG IS_DYNAMIC"
                " IS_HYBRID CLUSTERING_KEY AUTO_CLUSTERING_ON",
                whole="TABLE_ID ROW_COUNT BYTES",
                time="CREATED DELETED",
            ),
            (*_OBJECT, ("ROW_COUNT",), ("BYTES",)),
        ),
        "columns": View(
            _columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME DATA_TYPE",
                whole="TABLE_ID ORDINAL_POSITION",
                time="DELETED",
            ),
            (*_OBJECT, ("COLUMN_NAME",)),
            "columns are known only where the text of a query qualifies them, and nothing is known of their types",
        ),
        "column_statistics": View(
            _columns(
                text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME MIN_VALUE MAX_VALUE",
                whole="SAMPLED_ROWS",
                number="APPROX_DISTINCT NULL_SHARE AVG_LENGTH",
            ),
            (*_OBJECT, ("COLUMN_NAME",)),
            "distinct counts are inferred from the literals seen, so confidence is lower",
        ),
        "views": View(
            _columns(text="TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION", time="CREATED DELETED"),
            (*_OBJECT, ("VIEW_DEFINITION",)),
            "queries over views are not traced to the tables beneath",
        ),
        "table_dml_history": View(
            _columns(
                text="DATABASE_NAME SCHEMA_NAME TABLE_NAME",
                whole="ROWS_ADDED ROWS_REMOVED ROWS_UPDATED",
                time="START_TIME",
            ),
            _RECORD,
            "upkeep is judged from the writes seen in the query history alone",
        ),
        "table_query_pruning_history": View(
            _columns(
                text="DATABASE_NAME SCHEMA_NAME TABLE_NAME QUERY_PARAMETERIZED_HASH",
                whole="NUM_QUERIES PARTITIONS_SCANNED PARTITIONS_PRUNED ROWS_SCANNED ROWS_MATCHED",
                time="INTERVAL_START_TIME",
            ),
            (*_RECORD, ("QUERY_PARAMETERIZED_HASH",), ("PARTITIONS_SCANNED",), ("PARTITIONS_PRUNED",)),
            "partitions scanned of queries over several tables cannot be told apart by table",
        ),
        "automatic_clustering_history": View(
            _columns(text="DATABASE_NAME SCHEMA_NAME TABLE_NAME", number="CREDITS_USED", time="START_TIME"),
            (*_RECORD, ("CREDITS_USED",)),
            "what the clustering keys in force cost is estimated instead of observed",
        ),
    }
)
