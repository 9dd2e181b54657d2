"""A statement's blocks: what each SELECT over base tables groups by, sums up and filters.

Names are settled first, in place: columns are spelt as the catalog stores them, aliases and ordinals in WHERE, GROUP BY, HAVING
and QUALIFY are replaced by what they stand for. From then on equal texts mean equal expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import SqlglotError

from advisor.blocks.expressions import (
    aggregates,
    conjuncts,
    context_function,
    is_pinned,
    is_range,
    lifted,
    named,
    nested_query,
    text,
)
from advisor.errors import InputError
from advisor.model import TableName
from advisor.usage.names import Session, fold
from advisor.usage.reading import BYTE_ORDER_MARK

ALIAS_DEPTH = 5


@dataclass(frozen=True)
class Condition:
    """One AND-ed part of a block's WHERE."""

    text: str
    lifted: tuple[str, ...]
    """The expressions that a stored result must keep as columns for the condition to be asked of it."""
    fixed: bool
    """No range and nothing that changes by itself: where all samples ask the same, it may be part of what is stored."""
    pinned: bool
    """It allows one value of its one lifted expression."""


@dataclass(frozen=True)
class Block:
    place: int
    """Which SELECT of the statement, in the order of the text."""
    tables: tuple[TableName, ...]
    """What it reads, one entry a scan."""
    source: str
    """Its FROM and joins as SQL, names in full: equal for blocks over the same rows."""
    keys: tuple[str, ...]
    aggregates: tuple[str, ...]
    conditions: tuple[Condition, ...]
    grouped: bool
    """Its rows are groups; False for a single row over all."""
    outputs: tuple[str, ...]
    columns: tuple[tuple[TableName, str], ...]
    """Every column that it uses."""
    obstacle: str | None = None
    """What in it no stored result can answer, as the end of a sentence."""
    windows: bool = False
    plain: bool = False
    """Neither groups nor aggregates: it hands on rows."""


@dataclass(frozen=True, eq=False)
class Statement:
    """A parsed statement with its names settled, and its blocks; `nodes[block.place]` is a block's SELECT."""

    tree: exp.Expr
    nodes: tuple[exp.Select, ...]
    blocks: tuple[Block, ...]


def study(sql: str, session: Session, stars: bool = False) -> Statement | None:
    """None for a text that is no single query, nests deeper than the stack allows, or can't be written again. `stars`: a SELECT *
    over tables is a block too, though nothing tells which columns it uses beside those of its conditions."""
    try:
        trees = [tree for tree in Snowflake().parse(sql.removeprefix(BYTE_ORDER_MARK)) if tree is not None]
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            return None
        nodes = tuple(node for node in trees[0].find_all(exp.Select, bfs=False))
        ctes = {fold(cte.args["alias"].this) for cte in trees[0].find_all(exp.CTE)}
        found = [_block(place, node, ctes, session, stars) for place, node in enumerate(nodes)]
    except (SqlglotError, RecursionError, InputError):
        return None
    return Statement(trees[0], nodes, tuple(block for block in found if block is not None))


# ---------------------------------------------------------------- one SELECT


@dataclass(frozen=True)
class _Scan:
    alias: str
    table: TableName
    columns: frozenset[str]


def _block(place: int, node: exp.Select, ctes: set[str | None], session: Session, stars: bool) -> Block | None:
    scans = _scans(node, ctes, session)
    if not scans or not _settle(node, scans, stars):
        return None
    measures = tuple(dict.fromkeys(text(found) for found in aggregates(node)))
    distinct = node.args.get("distinct") is not None
    group = node.args.get("group")
    keys = [text(key) for key in group.expressions] if group is not None else []
    if distinct and group is None and not measures:
        keys = [text(item.unalias()) for item in node.expressions]
    conditions = tuple(_condition(part) for part in conjuncts(node))
    return Block(
        place,
        tuple(scan.table for scan in scans),
        _source(node),
        tuple(dict.fromkeys(keys)),
        measures,
        conditions,
        group is not None or (distinct and not measures),
        tuple(item.output_name for item in node.expressions),
        _columns(node, scans),
        _obstacle(node) or _unreadable((*keys, *measures, *(condition.text for condition in conditions))),
        node.find(exp.Window) is not None,
        group is None and not measures and not distinct,
    )


def _scans(node: exp.Select, ctes: set[str | None], session: Session) -> list[_Scan] | None:
    """The base tables that it reads; None where it reads anything else."""
    start = node.args.get("from_")
    if start is None or node.args.get("laterals") or any(node.args.get(p) for p in ("connect", "match", "into")):
        return None
    sources = [start.this, *(join.this for join in node.args.get("joins") or ())]
    found: list[_Scan] = []
    for source in sources:
        scan = _scan(source, ctes, session)
        if scan is None or any(scan.alias == other.alias for other in found):
            return None
        found.append(scan)
    return found


def _scan(node: exp.Expr, ctes: set[str | None], session: Session) -> _Scan | None:
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        return None
    if any(
        node.args.get(part)
        for part in ("joins", "pivots", "sample", "when", "version", "changes", "hints", "rows_from")
    ):
        return None
    if not node.args.get("db") and fold(node.this) in ctes:
        return None
    table = session.table(node)
    columns = session.directory.columns(table)
    alias = node.args.get("alias")
    if columns is None or table in session.directory.views or (alias is not None and alias.args.get("columns")):
        return None
    name = fold(alias.this) if alias is not None else table.name
    for part, value in (("this", table.name), ("db", table.schema), ("catalog", table.database)):
        node.set(part, named(value))
    return _Scan(name or table.name, table, frozenset(columns))


def _source(node: exp.Select) -> str:
    joins = [text(join) for join in node.args.get("joins") or ()]
    return " ".join((text(node.args["from_"].this), *joins))


# ---------------------------------------------------------------- names


def _settle(node: exp.Select, scans: list[_Scan], stars: bool) -> bool:
    """Spell every column in full; False where one is not a column of these tables."""
    starred = [item for item in node.expressions if item.find(exp.Star) and not _counts(item)]
    if starred and not (stars and all(isinstance(item, exp.Star) for item in starred)):
        return False
    joined = len(scans) > 1
    aliases = {fold(item.args["alias"]): item.this for item in node.expressions if isinstance(item, exp.Alias)}
    _number_groups(node)
    for part in ("where", "group", "having", "qualify"):
        clause = node.args.get(part)
        for _ in range(ALIAS_DEPTH):
            if clause is None or not _expand(clause, aliases, scans):
                break
    for column in _own_columns(node):
        if _is_output(column, aliases):
            continue
        owner = _owner(column, scans)
        if owner is None:
            return False
        column.set("this", named(fold(column.this) or ""))
        column.set("table", named(owner.alias) if joined else None)
        column.set("db", None)
        column.set("catalog", None)
    _plain_counts(node)
    _settle_sources(node, scans)
    return True


def _settle_sources(node: exp.Select, scans: list[_Scan]) -> None:
    """Aliases stay where there is more than one source to tell apart."""
    joins = node.args.get("joins") or ()
    for scan, source in zip(scans, [node.args["from_"].this, *(join.this for join in joins)], strict=True):
        own = scan.alias == scan.table.name
        source.set("alias", None if own or not joins else exp.TableAlias(this=named(scan.alias)))
    for join in joins:
        join.set("using", [named(fold(column) or "") for column in join.args.get("using") or ()] or None)


def _counts(item: exp.Expr) -> bool:
    return all(isinstance(star.parent, exp.Count) for star in item.find_all(exp.Star))


def _number_groups(node: exp.Select) -> None:
    """GROUP BY 2 and GROUP BY ALL become the expressions that they mean."""
    group = node.args.get("group")
    if group is None:
        return
    if group.args.get("all") is True and not group.expressions:
        items = [item.unalias() for item in node.expressions]
        keys = [item for item in items if item.find(exp.AggFunc, exp.Window) is None]
        group.set("all", None)
        group.set("expressions", [key.copy() for key in keys])
        return
    for key in list(group.expressions):
        if isinstance(key, exp.Literal) and not key.is_string and key.name.isdecimal():
            place = int(key.name) - 1
            if 0 <= place < len(node.expressions):
                key.replace(node.expressions[place].unalias().copy())


def _expand(clause: exp.Expr, aliases: dict[str | None, exp.Expr], scans: list[_Scan]) -> bool:
    """Replace references to the select list's aliases; a source's column of that name goes before."""
    found = False
    for column in list(clause.find_all(exp.Column)):
        name = fold(column.this)
        if column.args.get("table") or name not in aliases or any(name in scan.columns for scan in scans):
            continue
        column.replace(
            exp.paren(aliases[name].copy()) if isinstance(aliases[name], exp.Binary) else aliases[name].copy()
        )
        found = True
    return found


def _is_output(column: exp.Column, aliases: dict[str | None, exp.Expr]) -> bool:
    """In ORDER BY a bare alias means the output."""
    order = column.find_ancestor(exp.Order, exp.Select)
    outer = isinstance(order, exp.Order) and isinstance(order.parent, exp.Select)
    return outer and not column.args.get("table") and fold(column.this) in aliases


def _own_columns(node: exp.Select) -> Iterator[exp.Column]:
    """The columns of the SELECT itself; those of queries nested in it belong to these."""
    stack: list[exp.Expr] = list(node.iter_expressions())
    while stack:
        inner = stack.pop()
        if isinstance(inner, exp.Query):
            continue
        if isinstance(inner, exp.Column):
            yield inner
        else:
            stack.extend(inner.iter_expressions())


def _owner(column: exp.Column, scans: list[_Scan]) -> _Scan | None:
    name, qualifier = fold(column.this), fold(column.args.get("table"))
    if qualifier is not None:
        return next((scan for scan in scans if scan.alias == qualifier and name in scan.columns), None)
    owners = [scan for scan in scans if name in scan.columns]
    return owners[0] if len(owners) == 1 else None


def _plain_counts(node: exp.Select) -> None:
    """COUNT(1) counts rows, as COUNT(*) does."""
    for count in node.find_all(exp.Count):
        if isinstance(count.this, exp.Literal) and not count.expressions:
            count.set("this", exp.Star())


def _columns(node: exp.Select, scans: list[_Scan]) -> tuple[tuple[TableName, str], ...]:
    found: dict[tuple[TableName, str], None] = {}
    for column in _own_columns(node):
        owner = _owner(column, scans)
        if owner is not None:
            found[owner.table, fold(column.this) or ""] = None
    return tuple(sorted(found))


# ---------------------------------------------------------------- conditions and obstacles


def _condition(node: exp.Expr) -> Condition:
    fixed = not is_range(node) and context_function(node) is None and nested_query(node) is None
    return Condition(text(node), lifted(node), fixed, is_pinned(node))


def _obstacle(node: exp.Select) -> str | None:
    if nested_query(node) is not None:
        return "holds a query inside its expressions"
    group = node.args.get("group")
    if group is not None and (
        any(group.args.get(part) for part in ("rollup", "cube", "grouping_sets", "totals"))
        or group.find(exp.Rollup, exp.Cube, exp.GroupingSets)
    ):
        return "groups by ROLLUP, CUBE or GROUPING SETS"
    if node.find(exp.Filter, exp.WithinGroup):
        return "aggregates with FILTER or WITHIN GROUP"
    return None


def _unreadable(expressions: tuple[str, ...]) -> str | None:
    """What is stored is written from these texts: they must read as they were printed."""
    for expression in expressions:
        try:
            sqlglot.parse_one(expression, read="snowflake")
        except SqlglotError:
            return "uses an expression that can't be written again"
    return None
