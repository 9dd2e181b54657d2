"""The flow: snapshot → account → proposals → settled advice."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

from advisor import inputs
from advisor.account import Account, Say, read_account
from advisor.backtest import Parts, back_test, layouts
from advisor.baseline import baseline
from advisor.beside import Beside
from advisor.clustering.search import KeySearch
from advisor.decisions import in_force
from advisor.model import Advice, Catalog, Coverage, Proposed, QueryTemplate, Reading, Skipped, ViewMissing
from advisor.platform import in_edition
from advisor.processes import COLLECTED_AFTER
from advisor.recommenders import RECOMMENDERS, clustering_key, materialized_view
from advisor.selection import settle
from advisor.settings import Settings
from advisor.snapshot import Snapshot, info, missing_views
from advisor.stored_results import asked
from advisor.tracking.calibration import Calibration, calibrated
from advisor.what_if import heard

LARGEST_TABLES = 20


def analyze(
    snapshot: Snapshot, settings: Settings, say: Say = lambda *_: None, lessons: Mapping[str, Calibration] | None = None
) -> Advice:
    """All that the snapshot says should change; equal snapshots, settings and lessons give equal advice.

    `say` is told each stage as it begins, for a terminal. `lessons` are what tracked changes taught, by kind.
    """
    with _few_collections(), Beside() as process, Beside(process=False) as thread:
        account = read_account(snapshot, settings, say, KeySearch(process if settings.threads > 1 else None))
        with account.latencies.hastened(thread) if settings.threads > 1 else nullcontext():
            parts = Parts.of(snapshot, account, settings)
            proposed = propose(account, settings, parts, thread)
            say("settling the changes that are best together")
            return advise(snapshot, account, calibrated(proposed, lessons or {}), settings, parts)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Nearly all that is read stays in use to the end: looking through it for garbage took a third of the time, and doing so
    once afterwards half of the time that writing takes."""
    usual = gc.get_threshold()
    gc.set_threshold(*COLLECTED_AFTER)
    try:
        yield
    finally:
        # All that is new counts as old, without being looked through; what somebody else has frozen stays so.
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*usual)


def propose(
    account: Account, settings: Settings, parts: Parts | None = None, thread: Beside | None = None
) -> tuple[Proposed, ...]:
    """What each recommender says of the account, in their order, Snowflake's own estimates heard.

    While views are thought of, which leaves a core idle, `thread` prepares the `parts` of the back-test, of the tables
    that the first, which proposes keys, would lay out anew: the process beside searches for their keys meanwhile. And
    while the others propose, it proves the views' rewrites.
    """

    def told(said: Proposed) -> Proposed:
        return heard(in_edition(said, settings), account.answers, settings)

    asked.begin(account, settings)
    keys = told(clustering_key.propose(account, settings))
    if parts is not None and thread is not None and settings.threads > 1:
        parts.begin(layouts(keys.proposals), thread, settings)
    views = materialized_view.begin(account, settings)
    others = [each for each in RECOMMENDERS if each.CODE not in (clustering_key.CODE, materialized_view.CODE)]
    found = {clustering_key.CODE: keys} | {each.CODE: told(each.propose(account, settings)) for each in others}
    found[materialized_view.CODE] = told(views())
    account.forget()
    return tuple(found[each.CODE] for each in RECOMMENDERS)


def advise(
    snapshot: Snapshot, account: Account, proposed: Sequence[Proposed], settings: Settings, parts: Parts | None = None
) -> Advice:
    """What should change in an account that has been read, the proposals settled. `parts` of its window may be prepared
    already.
    """
    tested = back_test(parts or Parts.of(snapshot, account, settings), account, proposed, settings)
    settled = settle(tested.survivors, settings)
    tables = sorted(account.catalog.tables.values(), key=lambda table: (-(table.bytes or 0), table.name))
    return Advice(
        info(snapshot),
        _coverage(account, missing_views(snapshot)),
        account.workload,
        tuple(tables[:LARGEST_TABLES]),
        settled.recommendations,
        (
            *(rejection for each in proposed for rejection in each.rejections),
            *tested.rejections,
            *settled.rejections,
        ),
        sum(each.judged for each in proposed),
        settled.totals,
        tested.result,
        inputs.record(settings, account),
        baseline(account),
        in_force(settings.decisions, (each.id for each in settled.recommendations), snapshot.window_end.date()),
    )


# ---------------------------------------------------------------- coverage


def _coverage(account: Account, missing: tuple[ViewMissing, ...]) -> Coverage:
    workload = account.workload
    problems: dict[str, list[QueryTemplate]] = {}
    for read in account.templates:
        why = _not_understood(read.reading, account.catalog)
        if why is not None:
            problems.setdefault(why, []).append(read.template)
    unread = [
        Skipped(why, sum(t.executions for t in found), sum(t.execution_ms.total for t in found))
        for why, found in sorted(problems.items())
    ]
    spent = sum(template.execution_ms.total for template in workload.templates)
    lost = sum(entry.execution_ms for entry in unread)
    total = spent + sum(entry.execution_ms for entry in workload.skipped)
    return Coverage(
        workload.queries,
        len(workload.templates),
        sum(read.reading.problem is None for read in account.templates),
        max(0.0, min(1.0, (spent - lost) / total)) if total else 0.0,
        missing,
        (*workload.skipped, *unread),
    )


def _not_understood(reading: Reading, known: Catalog) -> str | None:
    if reading.problem is not None:
        return reading.problem
    if any(name not in known.tables for name in reading.scans):
        return "reads a table that is not in the snapshot"
    return "has columns that can't be told to a table" if reading.unresolved else None
