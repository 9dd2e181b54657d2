"""A statement's blocks: what each SELECT over base tables groups by, sums up and filters.

Names are settled first, in place: columns are spelt as the catalog stores them, aliases and ordinals in WHERE, GROUP BY, HAVING
and QUALIFY are replaced by what they stand for. From then on equal texts mean equal expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    nested_query,
    text,
)
from advisor.blocks.names import columns_of, scans_of, settle
from advisor.errors import InputError
from advisor.model import TableName
from advisor.usage.names import Session, fold
from advisor.usage.reading import BYTE_ORDER_MARK


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

    @property
    def starred(self) -> bool:
        """Any of its SELECTs lists a *."""
        return any(isinstance(item, exp.Star) for node in self.nodes for item in node.expressions)


def study(sql: str, session: Session, stars: bool = False) -> Statement | None:
    """None for a text that is no single query, nests deeper than the stack allows, or can't be written again. SELECT *
    of one table names its columns; `stars`: it stays, over any number of tables, and nothing tells which columns it
    uses beside those of its conditions.
    """
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


def _block(place: int, node: exp.Select, ctes: set[str | None], session: Session, stars: bool) -> Block | None:
    scans = scans_of(node, ctes, session)
    if not scans or not settle(node, scans, stars):
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
        columns_of(node, scans),
        _obstacle(node) or _unreadable((*keys, *measures, *(condition.text for condition in conditions))),
        node.find(exp.Window) is not None,
        group is None and not measures and not distinct,
    )


def _source(node: exp.Select) -> str:
    joins = [text(join) for join in node.args.get("joins") or ()]
    return " ".join((text(node.args["from_"].this), *joins))


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
    try:
        Snowflake().parse(";".join(expressions))
    except SqlglotError:
        return "uses an expression that can't be written again"
    return None
