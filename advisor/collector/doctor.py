"""What a role can read, how fresh it is, and what each missing grant would unlock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from advisor.collector.collect import Account, probe
from advisor.collector.connection import Connector
from advisor.collector.extracts import Window, statement
from advisor.collector.pool import DeniedError, RefusedError, Session
from advisor.collector.views import ACCOUNT_VIEWS, absent, grant
from advisor.collector.warehouses import warehouses
from advisor.figures import many
from advisor.snapshot.views import VIEWS

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class ViewCheck:
    view: str
    rows: int | None
    """Within the last week, or altogether for a view that is no history; None where the role can't read it, or the account
    lacks it."""
    newest: datetime | None
    """UTC, without a zone."""
    lacks: tuple[str, ...]
    """Columns that the advisor could use."""
    remedy: str | None
    """The grant that opens it; None where it is open, or where the account's edition has no such view."""
    unlocks: str | None
    """What its absence costs the advice."""


@dataclass(frozen=True)
class Checkup:
    account: Account
    views: tuple[ViewCheck, ...]

    @property
    def healthy(self) -> bool:
        return self.account.warehouse is not None and all(check.remedy is None for check in self.views)


def examine(connector: Connector) -> Checkup:
    """Reads a little of each view. Raises SourceError where the account, the query history or the tables are out of reach."""
    account = probe(connector)
    session = Session(connector)
    try:
        return Checkup(account, tuple(_checks(session, account)))
    finally:
        session.close()


def _checks(session: Session, account: Account) -> Iterator[ViewCheck]:
    opened = {ACCOUNT_VIEWS[view].database_role for view in account.columns}
    for view, known in ACCOUNT_VIEWS.items():
        held = account.columns.get(view)
        if held is not None:
            yield _check(session, account, view, held)
            continue
        edition = known.enterprise and known.database_role in opened
        yield ViewCheck(view, None, None, (), None if edition else grant(view, account.role), VIEWS[view].effect)
    yield _warehouses(session, account)


def _warehouses(session: Session, account: Account) -> ViewCheck:
    asked, effect = warehouses(), VIEWS["warehouses"].effect
    try:
        rows = session.rows(asked.source, asked.sql, asked.shown)
    except RefusedError:
        remedy = f"GRANT MONITOR ON WAREHOUSE <each of them> TO ROLE {account.role}"
        return ViewCheck(asked.source, None, None, (), remedy, effect)
    return ViewCheck(asked.source, len(rows), None, (), None, effect)


def _check(session: Session, account: Account, view: str, held: frozenset[str]) -> ViewCheck:
    known, effect = ACCOUNT_VIEWS[view], VIEWS[view].effect
    text = statement(view, held, Window(account.now - RECENT, account.now))
    newest = f"MAX({known.time})" if known.time else "NULL"
    try:
        (row,) = session.rows(view, f"SELECT COUNT(*) AS FOUND, {newest} AS NEWEST\nFROM (\n{text}\n)")
    except DeniedError:
        return ViewCheck(view, None, None, (), grant(view, account.role), effect)
    return ViewCheck(view, int(row["FOUND"]), row["NEWEST"], absent(view, held), None, effect)


def lines(checkup: Checkup) -> Iterator[str]:
    """The checkup for a terminal: what is there, then what is not, with its remedy and what that would unlock."""
    account = checkup.account
    yield f"account {account.name}, role {account.role}, warehouse {account.warehouse or 'none: name one in the entry'}"
    for check in checkup.views:
        if check.rows is not None:
            newest = "" if check.newest is None else f", newest {check.newest:%Y-%m-%d %H:%M} UTC"
            lacks = f", without {', '.join(check.lacks)}" if check.lacks else ""
            yield f"ok       {check.view.upper()}: {check.rows:,} rows{newest}{lacks}"
    for check in checkup.views:
        if check.rows is None and check.remedy is None:
            yield f"absent   {check.view.upper()}: accounts below the Enterprise edition have no such view"
    for check in checkup.views:
        if check.remedy is not None:
            yield f"missing  {check.view.upper()}: {check.unlocks}"
            yield f"         {check.remedy}"
    yield (
        "not checked: SELECT on your tables, which column statistics, `prove --connection` and Snowflake's estimators need, and MONITOR on "
        "each warehouse, without which its AUTO_SUSPEND isn't seen; `advisor grants` prints both"
    )
    yield _verdict(checkup)


def _verdict(checkup: Checkup) -> str:
    missing = sum(check.remedy is not None for check in checkup.views)
    faults = [
        *(["the connection names no warehouse"] if checkup.account.warehouse is None else []),
        *([f"{many(missing, 'view')} can't be read: the grants are above"] if missing else []),
    ]
    return f"to fix: {'; '.join(faults)}" if faults else "nothing to fix"
