"""Whether a recommended change has been made, as the catalogs of two snapshots show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from advisor import keys
from advisor.model import Catalog, Table, TableName, Target
from advisor.quoting import qualified


class State(StrEnum):
    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    OTHERWISE = "changed otherwise"
    """The object changed, but not to what was advised."""
    BEFORE = "in force already before"
    UNKNOWN = "unknown"
    """A change of this kind leaves no trace in the catalog."""


class Made(Protocol):
    """A change, as a recommendation or the ledger knows it."""

    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> Target: ...
    @property
    def details(self) -> Mapping[str, object]: ...
    @property
    def apply(self) -> tuple[str, ...]: ...


def state(about: Made, before: Catalog, after: Catalog) -> State:
    """What became of a recommendation between two catalogs."""
    if about.kind == "clustering_key":
        return _key_state(about, before, after)
    if about.kind == "storage_retention":
        was, now = in_force(about, before), in_force(about, after)
        return (
            State.UNKNOWN if now is None else State.NOT_APPLIED if not now else State.BEFORE if was else State.APPLIED
        )
    made = _named(about, after)
    if not made:
        return State.UNKNOWN if not _creates(about) else State.NOT_APPLIED
    return State.APPLIED if made - _named(about, before) else State.BEFORE


def in_force(about: Made, catalog: Catalog) -> bool | None:
    """Whether the catalog shows the change; None where it can't show it."""
    if about.kind == "clustering_key":
        table = _table(about.target, catalog)
        return table is not None and _normal(table.clustering_key) == _advised(about)
    if about.kind == "storage_retention":
        return _stored_less(about, catalog)
    return bool(_named(about, catalog)) if _creates(about) else None


def _stored_less(about: Made, catalog: Catalog) -> bool | None:
    """A shorter Time Travel, a transient table, a table under the name that sets it aside."""
    table, place = _table(about.target, catalog), about.target
    if about.details.get("cause") == "unread" and place.database is not None and place.schema is not None:
        aside = TableName(place.database, place.schema, str(about.details.get("set_aside")))
        return table is None and aside in catalog.tables
    if table is None:
        return False
    if about.details.get("cause") == "transient":
        return "transient" in table.traits
    return None if table.retention_days is None else table.retention_days <= 1


def _key_state(about: Made, before: Catalog, after: Catalog) -> State:
    old, new = (_table(about.target, catalog) for catalog in (before, after))
    if new is None:
        return State.OTHERWISE
    was, now, wanted = _normal(old.clustering_key if old else ()), _normal(new.clustering_key), _advised(about)
    if now == wanted:
        return State.BEFORE if was == wanted else State.APPLIED
    return State.NOT_APPLIED if now == was else State.OTHERWISE


def _advised(about: Made) -> tuple[str, ...]:
    key = about.details.get("clustering_key")
    return _normal([str(part) for part in key]) if isinstance(key, list) else ()


def _normal(key: Sequence[str]) -> tuple[str, ...]:
    """Each expression in one form, whichever Snowflake stores it in, without blanks, quotes and letter case."""
    return tuple(re.sub(r'[\s"]', "", _form(part)).upper() for part in key)


def _form(expression: str) -> str:
    part = keys.parse(expression)
    return expression if part is None else keys.render(part)


def _table(target: Target, catalog: Catalog) -> Table | None:
    if target.database is None or target.schema is None:
        return None
    return catalog.tables.get(TableName(target.database, target.schema, target.name))


_CREATE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?(?:SECURE\s+)?(?:MATERIALIZED\s+VIEW|DYNAMIC\s+TABLE|TABLE|VIEW)\b"
)


def _creates(about: Made) -> bool:
    return any(_CREATE.match(statement.lstrip()) for statement in about.apply)


def _named(about: Made, catalog: Catalog) -> frozenset[TableName]:
    """The objects of the catalog that a statement of the recommendation creates."""
    heads = [
        _CREATE.sub("", statement.lstrip(), count=1) for statement in about.apply if _CREATE.match(statement.lstrip())
    ]
    written = ((name, qualified(name)) for name in catalog.tables.keys() | catalog.views.keys())
    return frozenset(name for name, text in written if any(text in head and _begins(head, text) for head in heads))


def _begins(head: str, name: str) -> bool:
    return re.match(rf"\s*(?:IF\s+NOT\s+EXISTS\s+)?{re.escape(name)}(?![\w$.\"])", head) is not None
