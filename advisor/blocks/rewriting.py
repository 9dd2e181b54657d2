"""A statement over what is stored: one of its SELECTs reads the stored result in place of the tables."""

from __future__ import annotations

from sqlglot import exp

from advisor.blocks.expressions import conjuncts, named, table_named, text
from advisor.blocks.statement import Block, Statement
from advisor.blocks.stored import Stored, column_names, parts
from advisor.model import TableName
from advisor.quoting import LONGEST_NAME


class NotServedError(Exception):
    """The stored result lacks something that the block asks; the message says what."""


def rewritten(statement: Statement, block: Block, kept: Stored, name: TableName) -> exp.Expr:
    """The statement with that block read from `name`. Changes the statement: study the text anew for another rewrite.

    Raises NotServedError where `kept` can't answer the block.
    """
    node = statement.nodes[block.place]
    if kept.whole is not None:
        return _read_whole(statement, node, name)
    if kept.rows:
        return _read_rows(statement, node, kept, name)
    names = column_names(kept)
    labels = [_label(item) for item in node.expressions]
    _drop_fixed(node, kept)
    for part in ("expressions", "where", "group", "having", "qualify", "order"):
        value = node.args.get(part)
        for inner in list(value) if isinstance(value, list) else [value]:
            if isinstance(inner, exp.Expr):
                _serve(inner, _Serving(kept, names, block.grouped, _aliases(node) if part == "order" else frozenset()))
    for item, label in zip(list(node.expressions), labels, strict=True):
        if label is not None and item.alias_or_name != label:
            item.replace(exp.alias_(item.copy(), named(label)))
    node.args["from_"].this.replace(table_named(name))
    node.set("joins", None)
    return statement.tree


def _read_whole(statement: Statement, node: exp.Select, name: TableName) -> exp.Expr:
    """ORDER BY and LIMIT stay with the query; they may name outputs only."""
    outputs = [item.alias_or_name for item in node.expressions]
    order = node.args.get("order")
    for column in order.find_all(exp.Column) if order is not None else ():
        if column.name not in outputs and column.name.upper() not in outputs:
            raise NotServedError(f"it is ordered by {text(column)}, which it doesn't return")
        column.set("table", None)
    for part in ("where", "group", "having", "qualify", "distinct", "joins"):
        node.set(part, None)
    node.set("expressions", [exp.Column(this=named(output)) for output in outputs])
    node.args["from_"].this.replace(table_named(name))
    return statement.tree


def _read_rows(statement: Statement, node: exp.Select, kept: Stored, name: TableName) -> exp.Expr:
    """The table's scan is one of the stored rows; all else stays, the conditions too."""
    (table,) = kept.tables
    sources = [node.args["from_"].this, *(join.this for join in node.args.get("joins") or ())]
    mine = [each for each in sources if TableName(each.catalog, each.db, each.name) == table]
    if len(mine) != 1:
        raise NotServedError(f"it reads {table} {len(mine)} times")
    read = table_named(name)
    if len(sources) > 1:
        read.set("alias", exp.TableAlias(this=named(mine[0].alias_or_name)))
    mine[0].replace(read)
    return statement.tree


class _Serving:
    """What takes the place of the block's expressions."""

    def __init__(self, kept: Stored, names: dict[str, str], grouped: bool, outputs: frozenset[str]) -> None:
        self.kept, self.names, self.grouped, self.outputs = kept, names, grouped, outputs
        self.keys = frozenset(kept.keys)

    def column(self, expression: str) -> exp.Column:
        return exp.Column(this=named(self.names[expression]))

    def read(self, aggregate: exp.Expr) -> exp.Expr:
        """The aggregate over the stored groups. COUNT of no rows is 0, and the sum of no counts is NULL."""
        written = text(aggregate)
        counts = isinstance(aggregate, (exp.Count, exp.CountIf))
        kept = [written] if self.kept.exact else parts([written])
        if any(part not in self.names for part in kept):
            raise NotServedError(f"it lacks {written}")
        if isinstance(aggregate.this, exp.Distinct) and not self.kept.exact:
            raise NotServedError(f"{written} can't be taken from finer groups")
        if self.kept.exact or isinstance(aggregate, exp.Max):
            whole: exp.Expr = exp.Max(this=self.column(written))
        elif isinstance(aggregate, exp.Min):
            whole = exp.Min(this=self.column(written))
        elif isinstance(aggregate, exp.Avg):
            total, count = (exp.Sum(this=self.column(part)) for part in kept)
            zero = exp.Literal.number(0)
            ratio = exp.Div(this=total, expression=exp.Nullif(this=count, expression=zero))
            return exp.Paren(this=ratio) if isinstance(aggregate.parent, exp.Binary) else ratio
        elif isinstance(aggregate, exp.Sum) or counts:
            whole = exp.Sum(this=self.column(written))
        else:
            raise NotServedError(f"{written} can't be taken from finer groups")
        return exp.Coalesce(this=whole, expressions=[exp.Literal.number(0)]) if counts and not self.grouped else whole


def _serve(node: exp.Expr, serving: _Serving) -> None:
    """Replace keys and aggregates beneath the node; raises NotServedError for a column that is left."""
    if isinstance(node, exp.Alias):
        _serve(node.this, serving)
        return
    if isinstance(node, exp.Column) and node.name in serving.outputs and not node.args.get("table"):
        return
    if isinstance(node, exp.Condition) and text(node) in serving.keys:
        node.replace(serving.column(text(node)))
        return
    if isinstance(node, exp.Column):
        raise NotServedError(f"it lacks {text(node)}")
    if isinstance(node, exp.AggFunc) and not _is_windowed(node):
        node.replace(serving.read(node))
        return
    for child in list(node.iter_expressions()):
        _serve(child, serving)


def _is_windowed(node: exp.Expr) -> bool:
    """It is a window's own function, which aggregates nothing by itself."""
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.RespectNulls)):
        parent = parent.parent
    return isinstance(parent, exp.Window) and node.arg_key == "this"


def _drop_fixed(node: exp.Select, kept: Stored) -> None:
    asked = [part for part in conjuncts(node) if text(part) not in kept.conditions]
    if len(asked) != len(conjuncts(node)):
        node.set("where", exp.Where(this=exp.and_(*asked)) if asked else None)


def _label(item: exp.Expr) -> str | None:
    """The output's name; None where it has an alias that stays, or is an expression too long for an alias."""
    if isinstance(item, exp.Alias):
        return None
    label = item.name if isinstance(item, exp.Column) else text(item).upper()
    return label if len(label) <= LONGEST_NAME else None


def _aliases(node: exp.Select) -> frozenset[str]:
    aliases = [item.alias for item in node.expressions if isinstance(item, exp.Alias)]
    return frozenset([*aliases, *map(str.upper, aliases)])
