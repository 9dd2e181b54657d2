"""The demo's tables on disk: TPC-H retail data from a generator that needs no network, and what TPC-H lacks.

Every table is written as Parquet in the order in which its rows arrived. Rows that arrive within the demo's window go to
a staging table, from which the workload loads them day by day.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from advisor.demo.tables import (
    CATEGORIES,
    FIRST_DAY,
    LAST_DAY,
    MACROS,
    MERCHANTS,
    TABLES,
    TENANTS,
    WAREHOUSES,
    DemoTable,
    Sizes,
)
from advisor.errors import InputError


@dataclass(frozen=True)
class Made:
    """One table's rows on disk, in order of arrival."""

    table: DemoTable
    parquet: Path
    rows: int
    arrivals: Path | None
    """What arrives within the window, with the column `arrived_on`."""

    @property
    def rows_per_block(self) -> int:
        return -(-self.rows // self.table.blocks)


def make(folder: Path, scale: float, progress: Callable[[str], None]) -> tuple[Made, ...]:
    """Writes all tables of that scale into `folder` (created). Raises InputError where the TPC-H generator is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = Sizes(scale)
    _tpch(folder / "tpch", sizes.factor)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for parquet in sorted((folder / "tpch").glob("*.parquet")):
            connection.execute(f"CREATE VIEW {parquet.stem} AS SELECT * FROM read_parquet('{parquet}')")
        connection.execute(MACROS.replace("{categories}", str(list(CATEGORIES))))
        made = tuple(_write(connection, table, sizes, folder, progress) for table in TABLES)
    shutil.rmtree(folder / "tpch")
    return made


def _write(
    connection: duckdb.DuckDBPyConnection, table: DemoTable, sizes: Sizes, folder: Path, progress: Callable[[str], None]
) -> Made:
    query = table.query.format(
        customers=sizes.customers, products=sizes.products, events=sizes.events, payments=sizes.payments,
        stock_per_day=sizes.stock_per_day, audits=sizes.audits, carts=sizes.carts,
        tenants=TENANTS, merchants=MERCHANTS, warehouses=WAREHOUSES,
    )  # fmt: skip
    # A total order: rows that arrive in the same second must not depend on which thread produced them.
    connection.execute(f"CREATE TEMP TABLE made AS SELECT arrived, * EXCLUDE (arrived) FROM ({query}) ORDER BY ALL")
    parquet = folder / f"{table.name}.parquet"
    rows = _copy(connection, f"SELECT * EXCLUDE (arrived) FROM made WHERE arrived < '{FIRST_DAY}'", parquet)
    arrivals = folder / f"{table.name}_arrivals.parquet" if table.staged else None
    if arrivals:
        later = f"arrived >= '{FIRST_DAY}' AND arrived < '{LAST_DAY + timedelta(days=1)}'"
        _copy(connection, f"SELECT * EXCLUDE (arrived), arrived::DATE AS arrived_on FROM made WHERE {later}", arrivals)
    connection.execute("DROP TABLE made")
    progress(f"{table.name}: {rows:,} rows")
    return Made(table, parquet, rows, arrivals)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, parquet: Path) -> int:
    row = connection.execute(f"COPY ({query}) TO '{parquet}' (FORMAT parquet)").fetchone()
    assert row is not None
    return int(row[0])


def _tpch(folder: Path, factor: float) -> None:
    program = shutil.which("tpchgen-cli") or str(Path(sysconfig.get_path("scripts")) / "tpchgen-cli")
    command = [
        program,
        "parquet",
        "--scale-factor",
        str(factor),
        "--output-dir",
        str(folder),
        "--quiet",
        "--no-progress",
    ]
    command += ["--tables", "lineitem,orders,customer,part,nation,region"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError("the demo's data generator is missing: pip install 'advisor[demo]'") from error
    except subprocess.CalledProcessError as error:
        raise InputError(f"the demo's data generator failed on {folder}: {error.stderr.strip()}") from error
