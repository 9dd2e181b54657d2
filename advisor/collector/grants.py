"""The least that a role needs to collect, as a script for an administrator: roles of the SNOWFLAKE database, nothing wider."""

from __future__ import annotations

import re

from advisor.collector.views import ACCOUNT_VIEWS
from advisor.quoting import identifier

OF_TABLES = (
    "Optional: reading tables, for column statistics, `prove --connection` and Snowflake's own estimators, which make the advice",
    "surer. They read the columns that queries filter, of the tables that are large enough for a key; grant it for as few as you",
    "like. Without it all runs as with --no-statistics. SYSTEM$ESTIMATE_AUTOMATIC_CLUSTERING_COSTS wants INSERT as well: leave it out.",
)
OF_WAREHOUSES = (
    "Optional: seeing which AUTO_SUSPEND is in force, for each warehouse that advice may be given on. It shows the warehouse's queries and",
    "changes nothing.",
)
WAREHOUSE_GRANT = "GRANT MONITOR ON WAREHOUSE <warehouse>"
TABLE_GRANTS = (
    "GRANT USAGE ON DATABASE <database>",
    "GRANT USAGE ON SCHEMA <database>.<schema>",
    "GRANT SELECT ON TABLE <database>.<schema>.<table>",
)


def script(role: str, warehouse: str | None) -> str:
    """The script for a role and a warehouse as one writes them in SQL: upper case unless in double quotes.

    Raises InputError for a name that Snowflake can't have.
    """
    to = f"TO ROLE {_name(role)};"
    readers = sorted({view.database_role for view in ACCOUNT_VIEWS.values()})
    lines = [
        "-- Run as a role that may grant the SNOWFLAKE database's roles. They open views of metadata, and no table's rows.",
        *(f"GRANT DATABASE ROLE SNOWFLAKE.{reader} {to}  -- {', '.join(_views(reader))}" for reader in readers),
        "-- A warehouse to ask them with; the smallest does.",
        f"GRANT USAGE ON WAREHOUSE {_name(warehouse)} {to}"
        if warehouse
        else f"-- GRANT USAGE ON WAREHOUSE <its name> {to}",
        *(f"-- {line}" for line in OF_WAREHOUSES),
        f"-- {WAREHOUSE_GRANT} {to}",
        *(f"-- {line}" for line in OF_TABLES),
        *(f"-- {statement} {to}" for statement in TABLE_GRANTS),
    ]
    return "\n".join(lines)


def _views(reader: str) -> list[str]:
    return [name.upper() for name, view in ACCOUNT_VIEWS.items() if view.database_role == reader]


def _name(written: str) -> str:
    quoted = re.fullmatch(r'"(.*)"', written, re.DOTALL)
    return identifier(quoted[1].replace('""', '"') if quoted else written.upper())
