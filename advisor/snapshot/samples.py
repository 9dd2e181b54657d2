"""`samples/<DATABASE>.<SCHEMA>.<TABLE>.parquet`: uniform samples of tables' rows, each part of a name percent-encoded
where a file name can't hold it (a dot is %2E)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from advisor.engine_sql import literal, quoted
from advisor.model import TableName
from advisor.pruning.axes import Axis
from advisor.pruning.sample import Sample
from advisor.snapshot.folder import Snapshot
from advisor.snapshot.manifest import NAME as MANIFEST
from advisor.snapshot.manifest import read_manifest, write_manifest
from advisor.snapshot.normal import blaming

Floats = NDArray[np.float64]


def sample_file(name: TableName) -> str:
    """The file's name for a table's sample."""
    return (
        ".".join(quote(part, safe=" $").replace(".", "%2E") for part in (name.database, name.schema, name.name))
        + ".parquet"
    )


def row_sample(
    snapshot: Snapshot, name: TableName, axes: Mapping[str, Axis], folder: Path | None = None
) -> Sample | None:
    """The columns that `axes` lays out, as positions; None where `folder`, the snapshot's own by default, has no sample of
    the table.

    The rows' order in the file doesn't matter. Raises InputError for a file that can't be read.
    """
    path = find_sample(folder or snapshot.folder / "samples", name)
    if path is None or not axes:
        return None
    # A connection of its own: two may be read at the same time. And no parameter, for which DuckDB would import pandas.
    with blaming(path), snapshot.connection.cursor() as connection:
        rows = f"FROM read_parquet({literal(str(path))})"
        held = {column[0] for column in connection.execute(f"SELECT * {rows} LIMIT 0").description or ()}
        lines = [line for column, line in sorted(axes.items()) if column in held]
        if not lines:
            return None
        selected = ", ".join(f"{_position(line)} AS c{i}" for i, line in enumerate(lines))
        found = connection.execute(f"SELECT {selected} {rows}").fetchnumpy()
    columns = [_laid_out(line, found[f"c{i}"]) for i, line in enumerate(lines)]
    order = np.lexsort(columns)
    return Sample({line.column: values[order] for line, values in zip(lines, columns, strict=True)})


def add_samples(folder: Path, samples: Path) -> None:
    """Puts the files of a folder of samples into the snapshot's own, and into its manifest where it has one."""
    target = folder / "samples"
    target.mkdir(exist_ok=True)
    known = read_manifest(folder) if (folder / MANIFEST).is_file() else None
    for file in sorted(samples.glob("*.parquet")):
        shutil.copyfile(file, target / file.name)
    if known is not None:
        write_manifest(folder, known.source, known.notes, known.account, known.taken_at)


def _position(line: Axis) -> str:
    column = quoted(line.column)
    if line.family == "text":
        return f"CAST({column} AS VARCHAR)"
    return f"epoch(CAST({column} AS TIMESTAMP)) / 86400" if line.is_time else f"CAST({column} AS DOUBLE)"


def _laid_out(line: Axis, values: np.ma.MaskedArray[Any, Any] | NDArray[Any]) -> Floats:
    """Positions of a fetched column; NULLs, which DuckDB masks, are NaN."""
    if line.family == "text":
        texts = np.ma.getdata(values)
        positions = {text: line.position(text) for text in set(texts)}
        found = np.array([positions[text] for text in texts], dtype=float)
        return np.where(np.ma.getmaskarray(values), np.nan, found)
    return np.ma.filled(np.ma.asarray(values).astype(float), np.nan)


def find_sample(folder: Path, name: TableName) -> Path | None:
    """The file of a table's sample in a folder of samples, however its name is encoded; None where there is none."""
    wanted = (name.database, name.schema, name.name)
    found = (path for path in sorted(folder.glob("*.parquet")) if tuple(map(unquote, path.stem.split("."))) == wanted)
    return next(found, None)
