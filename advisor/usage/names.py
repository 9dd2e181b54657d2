"""Names as Snowflake resolves them: unquoted ones fold to upper case, short ones are completed by the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from advisor.model import Catalog, TableName


def fold(node: object) -> str | None:
    """The stored spelling of an identifier; None for a part that is not there.

    >>> fold(exp.to_identifier("Id")), fold(exp.to_identifier("Id", quoted=True))
    ('ID', 'Id')
    """
    if isinstance(node, exp.Identifier):
        return str(node.this) if node.args.get("quoted") else str(node.this).upper()
    if isinstance(node, exp.Parameter):
        return f"${node.name}"
    if isinstance(node, exp.Expr):
        return node.name.upper() or None
    return None


def parts(node: exp.Table) -> list[str]:
    """Of a table's name as it is written, one to three. Between two dots (`DB..T`) stands PUBLIC, whatever the session's schema."""
    name, schema, database = (fold(node.args.get(part)) for part in ("this", "db", "catalog"))
    if database is not None and schema is None:
        schema = "PUBLIC"
    return [part for part in (database, schema, name) if part is not None]


@dataclass(frozen=True)
class Directory:
    """What the reader needs of a Catalog: columns with their types, and views' texts. Small enough to hand to a process."""

    tables: Mapping[TableName, tuple[tuple[str, str], ...]]
    views: Mapping[TableName, str]
    asked: set[str] = field(default_factory=set, compare=False)
    """The objects' own names, without schema and database, that were looked for."""

    @staticmethod
    def of(catalog: Catalog) -> Directory:
        tables = {
            name: tuple((column.name, column.data_type.upper()) for column in table.columns)
            for name, table in catalog.tables.items()
        }
        return Directory(tables, dict(catalog.views))

    def part(self, names: Iterable[str]) -> Directory:
        """What is known of the tables and views of these own names, in whichever schema."""
        found = [table for name in names for table in self._by_name.get(name, ())]
        return Directory(
            {table: self.tables[table] for table in found if table in self.tables},
            {table: self.views[table] for table in found if table in self.views},
        )

    @cached_property
    def _by_name(self) -> dict[str, list[TableName]]:
        index: dict[str, list[TableName]] = {}
        for name in sorted({*self.tables, *self.views}):
            index.setdefault(name.name, []).append(name)
        return index

    @cached_property
    def _known(self) -> dict[str, str]:
        return {}

    @cached_property
    def _types(self) -> dict[TableName, dict[str, str]]:
        return {}

    def columns(self, table: TableName) -> Mapping[str, str] | None:
        """Types by column name, in ordinal order; None when the table or its columns are not known."""
        self.asked.add(table.name)
        if table not in self._types:
            self._types[table] = dict(self.tables.get(table, ()))
        return self._types[table] or None

    def view(self, name: TableName) -> str | None:
        """The text of the view of that name, if it is one."""
        self.asked.add(name.name)
        return self.views.get(name)

    def view_texts(self) -> Iterator[str]:
        """Of all views that bear one of the names in `asked`."""
        for name in self.asked:
            yield from (self.views[table] for table in self._by_name.get(name, ()) if table in self.views)

    def known_as(self, name: str) -> str:
        """All that can be known of the tables and views of that name, in whichever schema: equal texts, equal answers."""
        if name not in self._known:
            found = self._by_name.get(name, ())
            self._known[name] = repr([(table, self.tables.get(table), self.views.get(table)) for table in found])
        return self._known[name]

    def resolve(self, name: str, schema: str | None, database: str | None) -> TableName:
        """The table that this name means; a part that neither the text nor the catalog gives is ""."""
        self.asked.add(name)
        exact = TableName(database or "", schema or "", name)
        if database and schema:
            return exact
        fitting = [
            table
            for table in self._by_name.get(name, ())
            if database in (None, table.database) and schema in (None, table.schema)
        ]
        return fitting[0] if len(fitting) == 1 else exact


@dataclass(frozen=True)
class Session:
    """What completes a short name: the directory and the session's current database and schema."""

    directory: Directory
    database: str | None
    schema: str | None

    def table(self, node: exp.Table) -> TableName:
        return self.named(parts(node))

    def named(self, given: list[str]) -> TableName:
        """From one to three parts, the last the table's own name."""
        database, schema, name = [None, None, *given][-3:]
        return self.directory.resolve(
            name or "", self.schema if schema is None else schema, self.database if database is None else database
        )
