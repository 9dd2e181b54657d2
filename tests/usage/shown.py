"""A small catalog, and usages as one line of text each."""

from __future__ import annotations

from datetime import datetime

from advisor.model import Catalog, Column, ColumnUsage, Reading, Table, TableName, Value
from advisor.usage import read

AT = datetime(2024, 5, 7, 12, 30)


def table(name: str, **types: str) -> Table:
    columns = tuple(Column(column, data_type, place) for place, (column, data_type) in enumerate(types.items(), 1))
    return Table(TableName("DB", "S", name), "BASE TABLE", None, None, columns)


T = table("T", ID="NUMBER", A="NUMBER", B="NUMBER", D="DATE", TS="TIMESTAMP_NTZ", V="VARIANT", X="NUMBER", M="TEXT")
U = table("U", ID="NUMBER", K="NUMBER", Y="NUMBER", A2="NUMBER")
LOWER = table("t", a="NUMBER")
BARE = table("BARE")
VIEWS = {
    TableName("DB", "S", "VW"): "create view vw as select id, a as z, to_date(ts) dd from t where b = 3",
    TableName("DB", "S", "NAMED"): "create or replace view named (one, two) as select id, d from s.t",
    TableName("DB", "S", "SELF"): "select * from self",
}
CATALOG = Catalog({t.name: t for t in (T, U, LOWER, BARE)}, VIEWS)


def reading(text: str, catalog: Catalog = CATALOG) -> Reading:
    return read(text, catalog, database="DB", schema="S", at=AT)


def lines(text: str) -> list[str]:
    """`TABLE#scan.COLUMN role [wrapper] [values or interval]`; `~`: order isn't kept; `c/b`: clause and branch of an OR;
    `desc`: the greatest come first."""
    return [line(usage) for usage in reading(text).usages]


def line(usage: ColumnUsage) -> str:
    parts = [
        f"{usage.table.name}#{usage.scan}.{usage.column}",
        "not" if usage.negated else "",
        f"{usage.role}{' desc' if usage.descending else ''}",
        "" if usage.keeps_order else "~",
        usage.wrapper or "",
        " ".join(map(_value, usage.values)),
        _interval(usage),
        f"-> {usage.partner[0].name}.{usage.partner[1]}" if usage.partner else "",
        "" if usage.branch is None else f"{usage.clause}/{usage.branch}",
    ]
    return " ".join(part for part in parts if part)


def _interval(usage: ColumnUsage) -> str:
    if usage.low is None and usage.high is None:
        return ""
    left, right = "[" if usage.low_included else "(", "]" if usage.high_included else ")"
    low, high = ("" if bound is None else _value(bound) for bound in (usage.low, usage.high))
    return f"{left}{low}..{high}{right}"


def _value(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return repr(value) if isinstance(value, (str, float)) else str(value)
