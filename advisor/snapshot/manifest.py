"""`manifest.json`: who made a snapshot, and the rows and the sha256 of each of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from advisor.engine_sql import literal
from advisor.errors import InputError

NAME = "manifest.json"
SOURCES = ("snowflake", "export", "demo")
_AGAIN = "export it again, or delete manifest.json to go without"


@dataclass(frozen=True)
class FileRecord:
    """What the manifest says of one file; None is not checked."""

    rows: int | None
    sha256: str | None


@dataclass(frozen=True)
class Manifest:
    source: str = "export"
    account: str | None = None
    taken_at: datetime | None = None
    """UTC, without a zone."""
    notes: tuple[str, ...] = ()
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    """By path within the folder, with forward slashes."""


def read_manifest(folder: Path) -> Manifest:
    """The folder's manifest, checked against its files; a default one when there is none. Raises InputError."""
    path = folder / NAME
    if not path.is_file():
        return Manifest()
    try:
        manifest = _parsed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        detail = " ".join(str(error).split())
        raise InputError(f"cannot read {path}: {detail}; mend it, or delete it to go without") from error
    records = {folder / name: record for name, record in sorted(manifest.files.items())}
    for file, record in records.items():
        _check_content(file, record)
    for file, rows in _counted(list(records)).items():
        if records[file].rows not in (None, rows):
            raise InputError(f"{file} holds {rows} rows where manifest.json says {records[file].rows}; {_AGAIN}")
    return manifest


def write_manifest(
    folder: Path,
    source: str,
    notes: Sequence[str] = (),
    account: str | None = None,
    taken_at: datetime | None = None,
) -> None:
    """Writes `manifest.json` for the Parquet and CSV files that stand in the folder. `taken_at` is UTC, without a zone."""
    paths = sorted(path for pattern in ("**/*.parquet", "**/*.csv") for path in folder.glob(pattern))
    rows = row_counts(paths)
    content = {
        "source": source,
        "account": account,
        "taken_at": None if taken_at is None else taken_at.isoformat(),
        "notes": list(notes),
        "files": {p.relative_to(folder).as_posix(): {"rows": rows[p], "sha256": sha256(p)} for p in paths},
    }
    (folder / NAME).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def row_counts(paths: Sequence[Path]) -> dict[Path, int]:
    """Rows of Parquet and CSV files. Raises duckdb.Error where one cannot be read."""
    columnar = [path for path in paths if path.suffix.lower() == ".parquet"]
    # Counting needs no room, and by default DuckDB would make some in the working directory.
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        counts: dict[Path, int] = {}
        if columnar:
            names = ", ".join(literal(str(path)) for path in columnar)
            found = connection.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata([{names}])").fetchall()
            counts = {Path(name): int(rows) for name, rows in found}
        for path in (path for path in paths if path not in counts):
            found = connection.execute(f"SELECT count(*) FROM {scan([path])}").fetchall()
            counts[path] = int(found[0][0])
    return counts


def scan(paths: Sequence[Path]) -> str:
    """The DuckDB table function that reads files of one kind; CSV comes as text throughout."""
    names = ", ".join(literal(str(path)) for path in paths)
    if paths[0].suffix.lower() == ".csv":
        # Room for a text of a million characters, each quote of it doubled. Snowflake unloads a null as \N.
        return (
            f"read_csv([{names}], header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"',"
            f" nullstr = ['', '\\N'], union_by_name = true, max_line_size = 4000000, buffer_size = 8000000)"
        )
    return read_parquet(f"[{names}]")


def read_parquet(files: str) -> str:
    """The same of Parquet files, which the SQL expression `files` lists."""
    return f"read_parquet({files}, union_by_name = true, binary_as_string = true)"


def _parsed(content: Mapping[str, object]) -> Manifest:
    source = content.get("source", "export")
    files, notes, account = content.get("files", {}), content.get("notes", []), content.get("account")
    if not isinstance(files, dict) or not isinstance(notes, list):
        raise TypeError("`files` must be an object and `notes` a list")
    return Manifest(
        source=str(source) if source in SOURCES else "export",
        account=None if account is None else str(account),
        taken_at=_time(content.get("taken_at")),
        notes=tuple(str(note) for note in notes),
        files={str(name): _record(record) for name, record in files.items()},
    )


def _record(content: Mapping[str, object]) -> FileRecord:
    rows, digest = content.get("rows"), content.get("sha256")
    return FileRecord(None if rows is None else int(str(rows)), None if digest is None else str(digest).lower())


def _time(text: object) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(str(text))
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def _check_content(path: Path, record: FileRecord) -> None:
    if not path.is_file():
        raise InputError(f"{path} is listed in manifest.json but is not there; {_AGAIN}")
    if record.sha256 not in (None, sha256(path)):
        raise InputError(f"{path} does not match its sha256 in manifest.json; {_AGAIN}")


def _counted(paths: Sequence[Path]) -> dict[Path, int]:
    """Rows per file, all asked for at once: a folder may hold hundreds. Raises InputError that names the unreadable one."""
    try:
        return row_counts(paths)
    except duckdb.Error as error:
        if len(paths) > 1:
            return {path: rows for each in paths for path, rows in _counted([each]).items()}
        raise InputError(f"cannot read {paths[0]}: {first_line(error)}; {_AGAIN}") from error


def first_line(error: BaseException) -> str:
    """An error's message as one line, without the advice that DuckDB appends below."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
