"""Changes of different kinds that serve the same template never both claim its time: over every pair of kinds that meet on one."""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from advisor.account import Account, read_account
from advisor.analyzer import propose
from advisor.cost import DAYS_PER_MONTH, MS_PER_HOUR, rate
from advisor.model import Proposal
from advisor.selection import choose, settle
from advisor.selection.problem import Problem
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.accounts import columns, runs, times
from tests.snapshots import START, Row, table, write_snapshot

SETTINGS = Settings(credits_per_second_saved=0.002, proof_databases=24)
TYPES = {"ID": "NUMBER", "TENANT": "NUMBER", "TS": "TIMESTAMP_NTZ", "LEVEL": "TEXT", "AMOUNT": "NUMBER"}
PARTITIONS = 20_000
EVENTS = table("EVENTS", ROW_COUNT=4_000_000_000, BYTES=320 * 10**9)
LOGS = {**EVENTS, "TABLE_NAME": "LOGS"}
"""The same in the order of time."""
LEVELS = table("LEVELS", ROW_COUNT=5, BYTES=5000)
PLACE = {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "PUBLIC", "TABLE_NAME": "EVENTS"}
DISTINCT = {
    "ID": (4_000_000_000, "1", "4000000000"),
    "TENANT": (100_000, "1", "100000"),
    "TS": (2_000_000_000, "2018-01-01", "2025-01-28"),
    "LEVEL": (5, "a", "e"),
}
KNOWN = [
    {**PLACE, "COLUMN_NAME": name, "APPROX_DISTINCT": count, "MIN_VALUE": low, "MAX_VALUE": high, "NULL_SHARE": 0.0}
    for name, (count, low, high) in DISTINCT.items()
]
WRITES = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "EVENTS", "START_TIME": START}
QUIET = [{**WRITES, "ROWS_ADDED": 28_000, "ROWS_REMOVED": 0, "ROWS_UPDATED": 0}]
QUESTIONS = {
    "look up": "SELECT id, amount FROM events WHERE tenant = {}",
    "one": "SELECT amount, ts FROM events WHERE id = {}",
    "year": "SELECT level, SUM(amount) FROM logs WHERE YEAR(ts) = 2024 GROUP BY level -- {}",
    "sums": "SELECT tenant, SUM(amount) FROM events WHERE tenant < {}0 GROUP BY tenant",
    "level": "SELECT level, SUM(amount) FROM events WHERE level = 'a' GROUP BY level -- {}",
    "lately": "SELECT level, COUNT(*) FROM events WHERE ts >= '2024-12-{:02}' GROUP BY level",
    "joined": "SELECT l.name, COUNT(DISTINCT e.level) FROM events e JOIN levels l ON l.level = e.level GROUP BY l.name -- {}",
}


def _question(text: str, number: int, _: object) -> str:
    return text.format(number % 28 + 1)


def history() -> list[Row]:
    figures = {"PARTITIONS_SCANNED": PARTITIONS, "PARTITIONS_TOTAL": PARTITIONS, "EXECUTION_TIME": 60_000}
    found: list[dict[str, Any]] = []
    for i, (name, text) in enumerate(QUESTIONS.items()):
        found += runs(
            partial(_question, text),
            times(560, i),
            name,
            QUERY_PARAMETERIZED_HASH=name,
            WAREHOUSE_NAME="WH",
            **figures,
        )
    pruned = {**figures, "PARTITIONS_SCANNED": 12, "EXECUTION_TIME": 900}
    days = runs(
        lambda i, _: f"SELECT id FROM logs WHERE ts >= '2025-01-{i % 28 + 1:02}'", times(560, 9), "days", **pruned
    )
    loads = runs(lambda *_: "INSERT INTO events SELECT * FROM landed", times(28, 3), "load", QUERY_TYPE="INSERT")
    return [*found, *days, *loads]


def views() -> dict[str, Any]:
    eligible = {"WAREHOUSE_NAME": "WH", "WAREHOUSE_SIZE": "Large", "UPPER_LIMIT_SCALE_FACTOR": 8, "QUERIES": 560}
    return {
        "columns": [
            *columns("EVENTS", **TYPES),
            *columns("LOGS", **TYPES),
            *columns("LEVELS", LEVEL="TEXT", NAME="TEXT"),
        ],
        "column_statistics": [
            *KNOWN,
            *({**known, "TABLE_NAME": "LOGS"} for known in KNOWN),
            *({**KNOWN[3], "TABLE_NAME": "LEVELS", "COLUMN_NAME": name} for name in ("LEVEL", "NAME")),
        ],
        "table_dml_history": [
            *QUIET,
            {**QUIET[0], "TABLE_NAME": "LOGS"},
            {**QUIET[0], "TABLE_NAME": "LEVELS", "ROWS_ADDED": 0},
        ],
        "query_acceleration_eligible": [
            {**eligible, "START_TIME": START, "QUERY_PARAMETERIZED_HASH": name, "QUERY_ID": f"{name}-0"}
            | {"ELIGIBLE_QUERY_ACCELERATION_TIME": 560 * 30.0}
            for name in QUESTIONS
        ],
    }


MEETING = {
    ("clustering_key", "dynamic_table"),
    ("clustering_key", "history_partitioning"),
    ("clustering_key", "materialized_view"),
    ("clustering_key", "query_acceleration"),
    ("clustering_key", "result_cache"),
    ("clustering_key", "search_optimization"),
    ("dynamic_table", "query_acceleration"),
    ("dynamic_table", "result_cache"),
    ("history_partitioning", "query_acceleration"),
    ("materialized_view", "query_acceleration"),
    ("materialized_view", "query_rewrite"),
    ("materialized_view", "result_cache"),
    ("query_acceleration", "query_rewrite"),
    ("query_acceleration", "result_cache"),
    ("query_acceleration", "search_optimization"),
}
"""Kinds that are proposed for one template of the planted account."""


@cache
def planted() -> tuple[Account, tuple[Proposal, ...]]:
    with TemporaryDirectory() as folder:
        written = write_snapshot(Path(folder), history(), [EVENTS, LOGS, LEVELS], **views())
        with open_snapshot(written, SETTINGS) as snapshot:
            account = read_account(snapshot, SETTINGS, lambda *_: None)
            proposed = propose(account, SETTINGS)
    return account, tuple(proposal for each in proposed for proposal in each.proposals)


def credits_a_month(account: Account) -> dict[str, float]:
    """All that each template's time takes, by fingerprint."""
    month = DAYS_PER_MONTH / account.workload.days / MS_PER_HOUR
    return {t.fingerprint: t.execution_ms.total * month * rate(t, SETTINGS) for t in account.workload.templates}


def claims(problem: Problem, chosen: frozenset[int], fingerprint: str) -> float:
    """What the choice claims of a template; each scan, or the whole, is claimed once."""
    used = problem.used(fingerprint, chosen)
    tables = Counter(service.table for _, service in used)
    assert max(tables.values(), default=1) == 1
    assert None not in tables or len(tables) == 1
    # What a second is worth to the user beyond its credits is no time of the template.
    priced = [s.saved.expected for i, s in used if problem.proposals[i].recommendation.kind != "query_acceleration"]
    return sum(priced)


def test_no_change_claims_more_than_all_the_time_of_a_template() -> None:
    account, proposals = planted()
    most = credits_a_month(account)
    for proposal in proposals:
        problem = Problem.of([proposal], 0.0, None, None)
        for service in proposal.services:
            assert claims(problem, frozenset({0}), service.fingerprint) <= most[service.fingerprint] * 1.000001


def test_two_kinds_that_meet_on_a_template_never_both_claim_its_time() -> None:
    account, proposals = planted()
    most, met = credits_a_month(account), set()
    for one, other in combinations(proposals, 2):
        kinds = tuple(sorted((one.recommendation.kind, other.recommendation.kind)))
        both = {s.fingerprint for s in one.services} & {s.fingerprint for s in other.services}
        if kinds[0] == kinds[1] or not both:
            continue
        met.add(kinds)
        problem = Problem.of([one, other], 0.0, None, None)
        for fingerprint in both:
            every = frozenset(range(2)) if problem.allowed({0, 1}) else choose(problem)[0]
            claimed = claims(problem, every, fingerprint)
            alone = [claims(problem, frozenset({i}), fingerprint) for i in range(2)]
            assert claimed <= most[fingerprint] * 1.000001
            # On one table the better of both serves it; a join's tables may be served by one each.
            assert claimed <= max(*alone, sum(alone) if _apart(problem, fingerprint) else 0.0) + 1e-9
    assert met >= MEETING


def _apart(problem: Problem, fingerprint: str) -> bool:
    tables = [service.table for _, service in problem.offers[fingerprint]]
    return None not in tables and len(set(tables)) > 1


def test_the_advice_as_a_whole_claims_no_template_twice() -> None:
    account, proposals = planted()
    most = credits_a_month(account)
    problem = Problem.of(proposals, SETTINGS.min_net_credits_per_month, None, None)
    chosen, exact = choose(problem)
    assert exact
    claimed = {fingerprint: claims(problem, chosen, fingerprint) for fingerprint in problem.offers}
    assert all(claimed[fingerprint] <= most[fingerprint] * 1.000001 for fingerprint in claimed)
    settled = settle(proposals, SETTINGS)
    alone = sum(p.recommendation.net_credits_per_month.expected for p in proposals)
    assert settled.totals.net_credits_per_month.expected < alone
    assert len({r.kind for r in settled.recommendations}) > 2
