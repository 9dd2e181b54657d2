"""What is stored for blocks: group keys, aggregates and fixed conditions, and its definition as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

from advisor.blocks.expressions import named, text
from advisor.blocks.statement import Block
from advisor.model import TableName

NAME_LENGTH = 100


@dataclass(frozen=True)
class Stored:
    """A grouping of the rows of `source`; one row of it stands for all rows that agree in the keys."""

    tables: tuple[TableName, ...]
    source: str
    keys: tuple[str, ...]
    aggregates: tuple[str, ...]
    conditions: tuple[str, ...]
    exact: bool = False
    """Its groups are those of the queries that it serves: what can't be aggregated further is read as it is."""
    whole: str | None = None
    """A SELECT that is stored as it is; `keys` then says what its rows differ by."""
    rows: bool = False
    """It holds the rows themselves, of which `keys` are the columns, and groups nothing."""
    order: tuple[str, ...] = ()
    """The expressions that it is clustered by."""


def stored(block: Block, fixed: frozenset[str], exact: bool = False) -> Stored:
    """What answers the block: its conditions that are in `fixed` become part of it, the columns of the others become keys."""
    asked = [condition for condition in block.conditions if condition.text not in fixed]
    keys = {*block.keys, *(expression for condition in asked for expression in condition.lifted)}
    measures = block.aggregates if exact else parts(block.aggregates)
    return Stored(
        block.tables, block.source, tuple(sorted(keys)), tuple(dict.fromkeys(measures)), tuple(sorted(fixed)), exact
    )


def projection(table: TableName, columns: Iterable[str], conditions: Iterable[str], order: Sequence[str]) -> Stored:
    """These columns of the table's rows that meet the conditions."""
    names = (table.database, table.schema, table.name)
    source = text(exp.Table(**dict(zip(("catalog", "db", "this"), map(named, names), strict=True))))
    keys = tuple(text(exp.Column(this=named(column))) for column in sorted(columns))
    return Stored((table,), source, keys, (), tuple(sorted(conditions)), rows=True, order=tuple(order))


def merged(blocks: Sequence[tuple[Block, frozenset[str]]]) -> Stored:
    """What answers all of these blocks of one source: conditions that they don't share become keys, as do all keys."""
    shared = frozenset.intersection(*(fixed for _, fixed in blocks))
    each = [stored(block, shared) for block, _ in blocks]
    keys = sorted({key for one in each for key in one.keys})
    measures = dict.fromkeys(measure for one in each for measure in one.aggregates)
    return replace(each[0], keys=tuple(keys), aggregates=tuple(sorted(measures)))


def parts(aggregates: Sequence[str]) -> list[str]:
    """What must be kept of each aggregate to aggregate further: AVG is kept as SUM and COUNT."""
    found: list[str] = []
    for aggregate in aggregates:
        node = parsed(aggregate)
        if isinstance(node, exp.Avg):
            found += [text(exp.Sum(this=node.this.copy())), text(exp.Count(this=node.this.copy()))]
        else:
            found.append(aggregate)
    return found


def parsed(expression: str) -> exp.Expr:
    """An expression that was printed by `text`."""
    return sqlglot.parse_one(expression, read="snowflake")


def bare(expression: str) -> str:
    """The expression without the names of the tables that its columns are of."""
    node = parsed(expression)
    for column in node.find_all(exp.Column):
        column.set("table", None)
    return text(node)


def column_names(kept: Stored) -> dict[str, str]:
    """The column of each key and aggregate: a bare column keeps its name, the others are named for what they hold."""
    names: dict[str, str] = {}
    for expression in (*kept.keys, *kept.aggregates):
        node = parsed(expression)
        own = node.name if isinstance(node, exp.Column) else _described(node)
        taken = set(names.values())
        name, number = own, 2
        while name in taken:
            name, number = f"{own}_{number}", number + 1
        names[expression] = name
    return names


def _described(node: exp.Expr) -> str:
    """SUM_PRICE, COUNT_ROWS, TO_DATE_EVENT_TS."""
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return "COUNT_ROWS"
    words = re.findall(r"[A-Za-z0-9_]+", re.sub(r"CAST\((.*) AS DATE\)", r"TO_DATE_\1", text(node)))
    name = "_".join(words).upper()[:NAME_LENGTH]
    return name if not name[:1].isdigit() else f"C_{name}"


def definition(kept: Stored) -> exp.Select:
    """The SELECT whose result is stored."""
    if kept.whole is not None:
        found = parsed(kept.whole)
        assert isinstance(found, exp.Select)
        return found
    names = column_names(kept)
    items = [_item(parsed(expression), name) for expression, name in names.items()]
    query = parsed(f"SELECT 1 FROM {kept.source}")
    assert isinstance(query, exp.Select)
    query.set("expressions", items)
    for condition in kept.conditions:
        query = query.where(parsed(condition), copy=False)
    if kept.keys and not kept.rows:
        query.set("group", exp.Group(expressions=[parsed(key) for key in kept.keys]))
    return query


def _item(node: exp.Expr, name: str) -> exp.Expr:
    plain = isinstance(node, exp.Column) and node.name == name and not node.args.get("table")
    return node if plain else exp.alias_(node, named(name))
