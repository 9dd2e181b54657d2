"""The names of one SELECT: which base tables it reads, and its columns, aliases and ordinals spelt as what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from advisor.blocks.expressions import named
from advisor.model import TableName
from advisor.usage.names import Session, fold

ALIAS_DEPTH = 5


@dataclass(frozen=True)
class Scan:
    alias: str
    table: TableName
    columns: Mapping[str, str]
    """Types by name, in ordinal order."""


def scans_of(node: exp.Select, ctes: set[str | None], session: Session) -> list[Scan] | None:
    """The base tables that it reads; None where it reads anything else."""
    start = node.args.get("from_")
    if start is None or node.args.get("laterals") or any(node.args.get(p) for p in ("connect", "match", "into")):
        return None
    joins = node.args.get("joins") or ()
    if any(join.args.get("method") for join in joins):
        return None  # NATURAL joins by whatever columns both sides have
    sources = [start.this, *(join.this for join in joins)]
    found: list[Scan] = []
    for source in sources:
        scan = _scan(source, ctes, session)
        if scan is None or any(scan.alias == other.alias for other in found):
            return None
        found.append(scan)
    return found


def _scan(node: exp.Expr, ctes: set[str | None], session: Session) -> Scan | None:
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        return None
    if any(
        node.args.get(part)
        for part in ("joins", "pivots", "sample", "when", "version", "changes", "hints", "rows_from")
    ):
        return None
    if node.args.get("db") is None and fold(node.this) in ctes:
        return None
    table = session.table(node)
    columns = session.directory.columns(table)
    alias = node.args.get("alias")
    if columns is None or table in session.directory.views or (alias is not None and alias.args.get("columns")):
        return None
    name = fold(alias.this) if alias is not None else table.name
    for part, value in (("this", table.name), ("db", table.schema), ("catalog", table.database)):
        node.set(part, named(value))
    return Scan(name or table.name, table, columns)


def settle(node: exp.Select, scans: list[Scan], stars: bool = False) -> bool:
    """Spell every column in full; False where one is not a column of these tables. `stars`: SELECT * stays as it is."""
    if not stars:
        _spell_star(node, scans)
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


def _settle_sources(node: exp.Select, scans: list[Scan]) -> None:
    """Aliases stay where there is more than one source to tell apart."""
    joins = node.args.get("joins") or ()
    for scan, source in zip(scans, [node.args["from_"].this, *(join.this for join in joins)], strict=True):
        own = scan.alias == scan.table.name
        source.set("alias", None if own or not joins else exp.TableAlias(this=named(scan.alias)))
    for join in joins:
        join.set("using", [named(fold(column) or "") for column in join.args.get("using") or ()] or None)


def _spell_star(node: exp.Select, scans: list[Scan]) -> None:
    """`SELECT *` of one table names its columns."""
    for item in list(node.expressions):
        if len(scans) == 1 and isinstance(item, exp.Star) and not any(item.args.values()):
            columns = [exp.Column(this=named(name)) for name in scans[0].columns]
            at = node.expressions.index(item)
            node.set("expressions", [*node.expressions[:at], *columns, *node.expressions[at + 1 :]])


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


def _expand(clause: exp.Expr, aliases: dict[str | None, exp.Expr], scans: list[Scan]) -> bool:
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


def _owner(column: exp.Column, scans: list[Scan]) -> Scan | None:
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


def columns_of(node: exp.Select, scans: list[Scan]) -> tuple[tuple[TableName, str], ...]:
    found: dict[tuple[TableName, str], None] = {}
    for column in _own_columns(node):
        owner = _owner(column, scans)
        if owner is not None:
            found[owner.table, fold(column.this) or ""] = None
    shared = {fold(column) for join in node.args.get("joins") or () for column in join.args.get("using") or ()}
    found |= {(scan.table, name): None for scan in scans for name in scan.columns if name in shared}
    return tuple(sorted(found))
