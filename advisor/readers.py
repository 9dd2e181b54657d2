"""The templates of a window, by the tables that they read and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.model import Catalog, ReadTemplate, TableName


@dataclass(frozen=True)
class Templates:
    """The templates of a window, by what a table's profile asks of them."""

    readers: Mapping[TableName, Sequence[ReadTemplate]]
    """Of each table that any reads."""
    writers: Sequence[ReadTemplate]
    """Of any table."""
    unclear: Sequence[ReadTemplate]
    """Those that weren't understood, or have columns that can't be told to a table."""

    @staticmethod
    def of(templates: Sequence[ReadTemplate]) -> Templates:
        readers: dict[TableName, list[ReadTemplate]] = {}
        for read in templates:
            for name in dict.fromkeys(read.reading.scans):
                readers.setdefault(name, []).append(read)
        writers = [read for read in templates if read.reading.writes or read.reading.creates]
        return Templates(
            readers, writers, [read for read in templates if read.reading.problem or read.reading.unresolved]
        )


def reading_tables(templates: Templates, catalog: Catalog) -> tuple[TableName, ...]:
    """Tables of the catalog that any template scans, in order of name."""
    return tuple(sorted(name for name in templates.readers if name in catalog.tables))
