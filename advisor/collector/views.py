"""The ACCOUNT_USAGE views that are read: who may read each, how late it is, and which of its columns the account has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from advisor.errors import SourceError
from advisor.snapshot.views import VIEWS, Kind

SCHEMA = "SNOWFLAKE.ACCOUNT_USAGE"
NEEDED = ("query_history", "tables")


@dataclass(frozen=True)
class AccountView:
    database_role: str
    """The role of the SNOWFLAKE database that opens it."""
    latency: timedelta
    """The longest that a row takes to appear, as documented."""
    days: int | None
    """How many days of a history are fetched at a time; None for what is fetched whole."""
    time: str | None
    """The column that says how fresh it is."""
    made: frozenset[str] = frozenset()
    """Columns of the snapshot that the statement makes of others."""
    enterprise: bool = False
    """Whether only accounts of the Enterprise edition, or a higher one, have it."""


def _of(
    role: str, hours: float, days: int | None, time: str | None, made: str = "", enterprise: bool = False
) -> AccountView:
    return AccountView(f"{role}_VIEWER", timedelta(hours=hours), days, time, frozenset(made.split()), enterprise)


ACCOUNT_VIEWS: Mapping[str, AccountView] = MappingProxyType(
    {
        "query_history": _of("GOVERNANCE", 0.75, 1, "END_TIME"),
        "tables": _of("OBJECT", 1.5, None, "CREATED"),
        "columns": _of("OBJECT", 1.5, None, None),
        "databases": _of("OBJECT", 3, None, None),
        "views": _of("OBJECT", 1.5, None, "CREATED"),
        "object_dependencies": _of("OBJECT", 3, None, None),
        "policy_references": _of("GOVERNANCE", 2, None, None),
        "table_storage_metrics": _of("USAGE", 1.5, None, "TABLE_CREATED"),
        "table_dml_history": _of("USAGE", 6, 1, "START_TIME"),
        "table_query_pruning_history": _of("USAGE", 4, 1, "INTERVAL_START_TIME"),
        "column_query_pruning_history": _of("USAGE", 4, 7, "INTERVAL_START_TIME"),
        "table_pruning_history": _of("USAGE", 6, None, "END_TIME"),
        "automatic_clustering_history": _of("USAGE", 3, 7, "START_TIME"),
        "materialized_view_refresh_history": _of("USAGE", 3, 7, "START_TIME", enterprise=True),
        "search_optimization_history": _of("USAGE", 3, 7, "START_TIME", enterprise=True),
        "search_optimization_benefits": _of("USAGE", 6, 7, "START_TIME", enterprise=True),
        "query_acceleration_history": _of("USAGE", 3, 7, "START_TIME", enterprise=True),
        "query_acceleration_eligible": _of("GOVERNANCE", 3, 7, "START_TIME", "QUERIES"),
        "query_insights": _of("GOVERNANCE", 1.5, 7, "START_TIME", "QUERIES"),
        "dynamic_table_refresh_history": _of(
            "USAGE", 3, 7, "REFRESH_START_TIME", "REFRESHES WAREHOUSE_SIZE EXECUTION_MS"
        ),
        "task_history": _of("USAGE", 0.75, 7, "QUERY_START_TIME", "RUNS DAY"),
        "query_attribution_history": _of("USAGE", 8, 7, "START_TIME", "QUERIES"),
        "warehouse_metering_history": _of("USAGE", 6, 7, "START_TIME"),
        "warehouse_load_history": _of("USAGE", 3, 7, "START_TIME", "INTERVALS"),
        "warehouse_events_history": _of("USAGE", 3, 7, "TIMESTAMP", "EVENTS"),
        "metering_daily_history": _of("USAGE", 3, 7, "USAGE_DATE"),
    }
)

_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.WHOLE: "NUMBER",
    Kind.EXACT: "NUMBER",
    Kind.NUMBER: "FLOAT",
    Kind.TIME: "TIMESTAMP_LTZ",
}


def grant(view: str, role: str) -> str:
    """The statement that lets the role read the view."""
    return f"GRANT DATABASE ROLE SNOWFLAKE.{ACCOUNT_VIEWS[view].database_role} TO ROLE {role}"


def refused(view: str, role: str, why: str) -> SourceError:
    """The end of a run that can't do without the view."""
    return SourceError(f"cannot read ACCOUNT_USAGE.{view.upper()}: {why}; as an administrator: {grant(view, role)}")


def read(view: str) -> Mapping[str, Kind]:
    """The columns of the account's view that its statement reads."""
    made = ACCOUNT_VIEWS[view].made
    return {name: kind for name, kind in VIEWS[view].columns.items() if name not in made}


def absent(view: str, held: frozenset[str]) -> tuple[str, ...]:
    """The columns that the advisor reads and the account's view lacks, under any name, sorted."""
    once = VIEWS[view].once
    return tuple(sorted(name for name in read(view) if name not in held and once.get(name) not in held))


def readable(view: str, held: frozenset[str]) -> bool:
    """Whether the view is there with the columns that nothing can stand in for."""
    return bool(held) and all(any(name in held for name in alternatives) for alternatives in VIEWS[view].required)


def relation(view: str, held: frozenset[str]) -> str:
    """The view as the statements name it: each column under its present name, NULL where the account's view lacks it."""
    name = f"{SCHEMA}.{view.upper()}"
    columns = read(view)
    if held.issuperset(columns):
        return name
    return f"(SELECT {', '.join(_column(view, column, held) for column in columns)} FROM {name})"


def _column(view: str, column: str, held: frozenset[str]) -> str:
    if column in held:
        return column
    once = VIEWS[view].once.get(column)
    if once in held:
        return f"{once} AS {column}"
    return f"CAST(NULL AS {_TYPES[read(view)[column]]}) AS {column}"
