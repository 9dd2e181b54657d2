"""The ACCOUNT_USAGE views that are read: who may read each, how late it is, and which of its columns the account has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from advisor.snapshot.views import VIEWS, Kind

SCHEMA = "SNOWFLAKE.ACCOUNT_USAGE"
NEEDED = ("query_history", "tables")


@dataclass(frozen=True)
class AccountView:
    database_role: str
    """The role of the SNOWFLAKE database that opens it."""
    latency: timedelta
    """The longest that a row takes to appear, as documented."""
    sliced: bool
    """Whether it is a history, fetched by the day; the others are fetched whole."""
    time: str | None
    """The column that says how fresh it is."""


def _hours(count: float) -> timedelta:
    return timedelta(hours=count)


ACCOUNT_VIEWS: Mapping[str, AccountView] = MappingProxyType(
    {
        "query_history": AccountView("GOVERNANCE_VIEWER", _hours(0.75), sliced=True, time="END_TIME"),
        "tables": AccountView("OBJECT_VIEWER", _hours(1.5), sliced=False, time="CREATED"),
        "columns": AccountView("OBJECT_VIEWER", _hours(1.5), sliced=False, time=None),
        "views": AccountView("OBJECT_VIEWER", _hours(1.5), sliced=False, time="CREATED"),
        "table_dml_history": AccountView("USAGE_VIEWER", _hours(6), sliced=True, time="START_TIME"),
        "table_query_pruning_history": AccountView("USAGE_VIEWER", _hours(4), sliced=True, time="INTERVAL_START_TIME"),
        "automatic_clustering_history": AccountView("USAGE_VIEWER", _hours(3), sliced=True, time="START_TIME"),
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


def absent(view: str, held: frozenset[str]) -> tuple[str, ...]:
    """The columns that the advisor reads and the account's view lacks, sorted."""
    return tuple(sorted(set(VIEWS[view].columns) - held))


def readable(view: str, held: frozenset[str]) -> bool:
    """Whether the view is there with the columns that nothing can stand in for."""
    return bool(held) and all(any(name in held for name in alternatives) for alternatives in VIEWS[view].required)


def relation(view: str, held: frozenset[str]) -> str:
    """The view as the statements name it; with NULLs for the columns that the account's view lacks, where it lacks any."""
    name = f"{SCHEMA}.{view.upper()}"
    missing = absent(view, held)
    if not missing:
        return name
    columns = [column for column in VIEWS[view].columns if column not in missing]
    columns += [f"CAST(NULL AS {_TYPES[VIEWS[view].columns[column]]}) AS {column}" for column in missing]
    return f"(SELECT {', '.join(columns)} FROM {name})"
