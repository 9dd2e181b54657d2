"""The materialized views in force, each with the table that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from advisor.blocks.expressions import table_named
from advisor.errors import InputError
from advisor.model import Catalog, TableName
from advisor.quoting import qualified
from advisor.usage.names import Directory, Session
from advisor.usage.syntax import view_definition


@dataclass(frozen=True)
class Standing:
    base: TableName
    statement: exp.Create
    """What creates it anew."""


def standing(name: TableName, catalog: Catalog, directory: Directory) -> Standing | None:
    """The view of that name; None where it isn't one, or where what it is over can't be told or written."""
    table, text = catalog.tables.get(name), catalog.views.get(name)
    known = table is not None and table.kind == "MATERIALIZED VIEW" and text is not None and quotable(name)
    tree = view_definition(text or "") if known else None
    sources = list(tree.expression.find_all(exp.Table)) if isinstance(tree, exp.Create) else []
    if not isinstance(tree, exp.Create) or len(sources) != 1:
        return None
    session = Session(directory, name.database, name.schema)
    base = session.table(sources[0])
    schema = tree.this if isinstance(tree.this, exp.Schema) else None
    (schema.this if schema is not None else tree.this).replace(table_named(name))
    sources[0].replace(exp.Table(**table_named(base).args | {"alias": sources[0].args.get("alias")}))
    tree.set("replace", None)
    # Snowflake takes COPY GRANTS beside OR REPLACE alone, and sqlglot writes no database and schema before it.
    if properties := tree.args.get("properties"):
        kept = [each for each in properties.expressions if not isinstance(each, exp.CopyGrantsProperty)]
        properties.set("expressions", kept)
    return Standing(base, tree) if base in catalog.tables and quotable(base) else None


@dataclass(frozen=True)
class Views:
    over: Mapping[TableName, tuple[TableName, ...]]
    """By table the views over it, in order of name."""
    untold: tuple[TableName, ...]
    """Those whose definition isn't known, or can't be read: they may be over any table."""


def standing_views(catalog: Catalog) -> Views:
    """All of the account, as far as the catalog has them."""
    names = sorted(name for name, table in catalog.tables.items() if table.kind == "MATERIALIZED VIEW")
    over: dict[TableName, tuple[TableName, ...]] = {}
    untold: list[TableName] = []
    if names:
        directory = Directory.of(catalog)
        for name in names:
            view = standing(name, catalog, directory)
            if view is None:
                untold.append(name)
            else:
                over[view.base] = (*over.get(view.base, ()), name)
    return Views(over, tuple(untold))


def quotable(name: TableName) -> bool:
    try:
        qualified(name)
    except InputError:
        return False
    return True
