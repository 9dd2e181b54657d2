"""Tables that nothing reads, as far as templates and recorded scans tell."""

from __future__ import annotations

from datetime import timedelta

from advisor.account import Account
from advisor.figures import moment
from advisor.model import Table
from advisor.settings import Settings


def unread(table: Table, account: Account, settings: Settings) -> bool:
    """No template of the window reads or writes it, and no scan is recorded for long enough."""
    facts, end = account.facts, account.workload.window_end
    if facts.last_scans is None or facts.scanned_since is None:
        return False
    since = end - timedelta(days=settings.unread_days)
    last = facts.last_scans.get(table.name)
    known = facts.scanned_since <= since and (table.created is not None and table.created <= since)
    used = any(table.name in (*read.reading.scans, *read.reading.writes) for read in account.templates)
    named = any(
        read.reading.problem is not None and table.name.name.upper() in read.template.text.upper()
        for read in account.templates
    )
    return known and (last is None or last < since) and not used and not named


def last_scan(table: Table, account: Account) -> str:
    """When it was scanned last, as the beginning of a sentence; for a table that is unread."""
    last = (account.facts.last_scans or {}).get(table.name)
    if last is not None:
        return f"It was scanned last on {moment(last)}"
    return f"No scan of it is recorded since {moment(account.facts.scanned_since)}"
