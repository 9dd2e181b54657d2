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
    REMADE = "made anew without it"
    """The table is another one under the same name, without a key: what an ALTER had set is lost."""
    GONE = "gone"
    """The object itself stands no longer."""
    UNKNOWN = "unknown"
    """A change of this kind leaves no trace in the catalog."""


class Made(Protocol):
    """A change, as a recommendation or the ledger knows it."""

    @property
    def kind(self) -> str: ...
    @property
    def action(self) -> str: ...
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
    was, now = in_force(about, before), in_force(about, after)
    if now is None:
        return State.UNKNOWN
    if now:
        return State.BEFORE if was else State.APPLIED
    gone = about.kind == "storage_retention" and _table(about.target, after) is None
    return State.GONE if gone else State.NOT_APPLIED


def in_force(about: Made, catalog: Catalog) -> bool | None:
    """Whether the catalog shows the change; None where it can't show it."""
    if about.kind == "clustering_key":
        table = _table(about.target, catalog)
        return table is not None and _normal(table.clustering_key) == _advised(about)
    if about.kind == "storage_retention":
        return _stored_less(about, catalog)
    if about.kind == "materialized_view" and about.action == "drop":
        return _name(about.target) not in catalog.tables.keys() | catalog.views.keys()
    return _all_stand(about, catalog)


def _stored_less(about: Made, catalog: Catalog) -> bool | None:
    """A shorter Time Travel, a transient table; a table that was set aside, or dropped after that."""
    table = _table(about.target, catalog)
    if about.details.get("cause") == "unread":
        return table is None
    if table is None:
        return False
    if about.details.get("cause") == "transient":
        return "transient" in table.traits
    return None if table.retention_days is None else table.retention_days <= 1


def _key_state(about: Made, before: Catalog, after: Catalog) -> State:
    old, new = (_table(about.target, catalog) for catalog in (before, after))
    if new is None:
        return State.GONE
    was, now, wanted = _normal(old.clustering_key if old else ()), _normal(new.clustering_key), _advised(about)
    if now == wanted:
        return State.BEFORE if was == wanted else State.APPLIED
    if not now and old is not None and _remade(old, new):
        return State.REMADE
    return State.NOT_APPLIED if now == was else State.OTHERWISE


def _remade(old: Table, new: Table) -> bool:
    if None not in (old.id, new.id):
        return old.id != new.id
    return None not in (old.created, new.created) and old.created != new.created


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
    name = _name(target)
    return None if name is None else catalog.tables.get(name)


def _name(target: Target) -> TableName | None:
    if target.database is None or target.schema is None:
        return None
    return TableName(target.database, target.schema, target.name)


_CREATE = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?(?:SECURE\s+)?(MATERIALIZED\s+VIEW|DYNAMIC\s+TABLE|TABLE|VIEW)\b"
    r"\s*(?:IF\s+NOT\s+EXISTS\s+)?"
)


def _all_stand(about: Made, catalog: Catalog) -> bool | None:
    """Whether all that the recommendation's statements create is there; None where they create nothing that a catalog shows."""
    made = [(found[1], statement[found.end() :]) for statement in about.apply if (found := _CREATE.match(statement))]
    if not made:
        return None
    written = {qualified(name): name for name in catalog.tables.keys() | catalog.views.keys()}
    return all(_stands(sort, head, catalog, written) for sort, head in made)


def _stands(sort: str, head: str, catalog: Catalog, written: Mapping[str, TableName]) -> bool:
    """A view that takes the name of a table, as one over its parts does, stands once no table bears that name."""
    names = [name for text, name in written.items() if _begins(head, text)]
    if sort == "VIEW":
        return all(name not in catalog.tables or catalog.tables[name].kind == "VIEW" for name in names)
    return bool(names)


def _begins(head: str, name: str) -> bool:
    return head.startswith(name) and re.match(r"[\w$.\"]", head[len(name) :]) is None
