"""Questions that were asked again, where the snapshot tells: from the tables that `workload.compress` makes."""

from __future__ import annotations

from functools import partial

import duckdb

from advisor.errors import InputError
from advisor.model import Repeats
from advisor.reuse import repeats
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.workload.digests import ALL_KINDS
from advisor.workload.texts import repeats_of


def asked_again(snapshot: Snapshot, settings: Settings, view: str) -> tuple[Repeats, ...] | str:
    """The reason where the snapshot doesn't tell, or holds too much to look."""
    run = partial(snapshot.rows, view)
    if view == "query_history":
        if reason := _searched(snapshot, settings):
            return reason
    elif "query_repeats" in snapshot.present:
        run("CREATE OR REPLACE TEMP TABLE repeats AS FROM query_repeats")
    else:
        return "the snapshot holds the history as templates, without query_repeats; advisor collect brings both"
    return repeats.of_templates(snapshot, view)


def _searched(snapshot: Snapshot, settings: Settings) -> str | None:
    """Makes the table `repeats` of single executions; gives the reason why it couldn't."""
    view = "query_history"
    run = partial(snapshot.rows, view)
    executions = run("SELECT coalesce(sum(EXECUTIONS), 0) FROM statements")[0][0]
    if executions > settings.repeats_read:
        return (
            f"the history holds {executions:,} single executions, more than the setting repeats_read ({settings.repeats_read:,}) lets be "
            f"searched; advisor collect has the account search them"
        )
    run(f"CREATE OR REPLACE TEMP VIEW askings AS {ALL_KINDS.format(rows=view, hash='QUERY_HASH')}")
    try:
        asked = {"questions": settings.questions_per_day}
        run(f"CREATE OR REPLACE TEMP TABLE repeats AS {repeats_of(view, 'askings')}", asked)
    except InputError as error:
        # Near the limit one run finds room and the next doesn't: to go on without would change the advice from run to run.
        if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
            raise
        raise InputError(
            f"out of memory while {executions:,} executions are searched for questions that were asked again; raise the setting "
            f"memory_limit ({settings.memory_limit}), or go without by a lower repeats_read"
        ) from error
    return None
