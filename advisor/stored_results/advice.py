"""What the advice to store a result says, whatever Snowflake calls the object that holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from advisor.account import Account
from advisor.blocks import Stored, column_names, definition
from advisor.figures import between, number
from advisor.model import ZERO, Range, TableName, TemplateEvidence
from advisor.quoting import identifier
from advisor.settings import Settings
from advisor.stored_results.asked import Asked
from advisor.stored_results.proving import Rewrites, begin, pretty
from advisor.stored_results.served import Assessor, Candidate, Refused
from advisor.terms import hashes, valid_until

NAME_LENGTH = 180

Fault = Callable[[Candidate], str | None]
Outcome = tuple[tuple[Candidate, Rewrites] | None, list[Refused]]
"""The candidate with those of its members whose rewrites are proven, while it is worth it; and what fell away."""


def settling(
    candidate: Candidate, assessor: Assessor, fault: Fault, name: Callable[[Stored], TableName], account: Account
) -> Callable[[], Outcome]:
    """What says, once it is asked, what becomes of the candidate; the proofs that this takes are begun at once."""
    why = fault(candidate)
    if why is not None:
        return lambda: (None, [Refused(candidate.members, candidate.kept, why)])

    def begun(left: Candidate) -> Callable[[], Rewrites]:
        served = [(asked.read.template, asked.block) for asked in left.members]
        return begin(served, left.kept, name(left.kept), account, assessor.settings)

    first = begun(candidate)

    def settled() -> Outcome:
        """Those whose rewrites are refused fall away, and the rest is judged anew, until none is refused or it isn't worth it."""
        left, rewrites, fallen = candidate, first(), list[Refused]()
        while rewrites.refused:
            fallen += _refused(left, rewrites)
            members = [asked for asked in left.members if asked.fingerprint not in rewrites.refused]
            judged = assessor.judge(members) if members else None
            if not isinstance(judged, Candidate):
                return None, fallen
            why = fault(judged)
            if why is not None:
                return None, [*fallen, Refused(judged.members, judged.kept, why)]
            left, rewrites = judged, begun(judged)()
        return (left, rewrites), fallen

    return settled


def _refused(candidate: Candidate, rewrites: Rewrites) -> list[Refused]:
    return [
        Refused((a,), candidate.kept, f"The rewrite of template {a.fingerprint} {rewrites.refused[a.fingerprint]}.")
        for a in candidate.members
        if a.fingerprint in rewrites.refused
    ]


def fault(candidate: Candidate, partitions: int, written: str, settings: Settings) -> str | None:
    """Why it isn't worth it, in one sentence; None where it is. `written` is said of its upkeep."""
    keeping, read = candidate.keeping, candidate.partitions
    if candidate.mean_read < min(settings.stored_scan_share * partitions, settings.stored_scan):
        return (
            f"Its queries read {number(candidate.mean_read)} of {partitions:,} micro-partitions already: storing their results "
            f"is more to look after than it saves."
        )
    if read.after.high >= read.before:
        return (
            f"Its queries read {number(read.before)} partitions a month and would read {between(read.after)} instead."
        )
    if candidate.net.expected <= settings.min_net_credits_per_month:
        return (
            f"It saves {between(candidate.credits)} credits a month but refreshing it takes {between(keeping.upkeep)} and "
            f"building it {between(keeping.build)} once{written}."
        )
    if candidate.credits.low < keeping.upkeep.expected:
        return (
            f"It would probably pay, but not surely: refreshing it takes {between(keeping.upkeep)} credits a month and may "
            f"exceed what it saves, {between(candidate.credits)}."
        )
    return None


def stored_name(kept: Stored, mark: str) -> TableName:
    """Beside its first table, and the same from run to run for the same definition."""
    base = kept.tables[0]
    written = "\n".join((pretty(definition(kept)), *kept.order))
    digest = hashlib.sha256(written.encode()).hexdigest()[:8].upper()
    return TableName(base.database, base.schema, f"{base.name[:NAME_LENGTH]}_{mark}_{digest}")


def keys(kept: Stored) -> str:
    return f"({', '.join(kept.keys)})" if kept.keys else "nothing, as a single row"


def brief(kept: Stored) -> dict[str, object]:
    order: dict[str, object] = {"cluster_by": list(kept.order)} if kept.order else {}
    return order | {
        "tables": [str(name) for name in dict.fromkeys(kept.tables)],
        "keys": list(kept.keys),
        "aggregates": list(kept.aggregates),
        "definition": pretty(definition(kept)),
    }


def details(candidate: Candidate, rewrites: Rewrites, account: Account, settings: Settings) -> dict[str, object]:
    kept, size = candidate.kept, candidate.size
    served = {asked.fingerprint: asked.read.template for asked in candidate.members}
    columns = kept.aggregates if kept.whole is not None else column_names(kept).values()
    return brief(kept) | {
        "columns": [identifier(name) for name in columns],
        "rewrites": [
            {"fingerprint": fingerprint, "original": rewrite.original, "query": rewrite.query}
            for fingerprint, rewrite in sorted(rewrites.proven.items())
        ],
        "proven_on_databases": settings.proof_databases,
        "groups": {"low": size.rows.low, "expected": size.rows.expected, "high": size.rows.high},
        "valid_until": valid_until(account.workload, settings),
        "hashes": hashes(served.values()),
    }


def evidence(candidate: Candidate, partitions: float) -> Iterator[TemplateEvidence]:
    """Shares of its tables' partitions that each template reads, before and after."""
    seen: dict[str, tuple[Asked, float, Range]] = {}
    for asked, after in zip(candidate.members, candidate.reads, strict=True):
        _, before, later = seen.get(asked.fingerprint, (asked, 0.0, ZERO))
        seen[asked.fingerprint] = (asked, before + asked.before, later + after)
    for asked, before, later in seen.values():
        scanned = (before, later.expected, later.low, later.high)
        template, shares = asked.read.template, (min(1.0, read / partitions) for read in scanned)
        yield TemplateEvidence(template.fingerprint, template.executions, template.example_query_id, *shares)


def asking(candidate: Candidate, account: Account) -> str:
    """`2 query templates ask 28.9 times a day`."""
    templates = {asked.fingerprint: asked.read.template.executions for asked in candidate.members}
    daily = number(sum(templates.values()) / account.workload.days)
    many = f"{len(templates)} query templates ask" if len(templates) > 1 else "One query template asks"
    return f"{many} {daily} times a day"


def confidence(candidate: Candidate, account: Account, settings: Settings) -> str:
    short = account.workload.days < settings.min_window_days
    return "low" if candidate.net.low <= 0 or candidate.keeping.assumed_churn or short else "medium"


def averages(candidate: Candidate) -> Iterator[str]:
    if candidate.kept.rows:
        return
    if any("AVG" in aggregate for asked in candidate.members for aggregate in asked.block.aggregates):
        yield "AVG is had as SUM divided by COUNT: its last decimal may be rounded in another way."
