"""Dynamic tables: joins, rankings and distinct counts that many queries repeat, kept ready at a lag they tolerate.

What it finds
-------------
What a materialized view may not hold and queries ask for again and again: groupings over joins, DISTINCT aggregates, the latest
row of each key. Filters that differ are lifted to keys where the result can still be had from finer groups. The lag is half
the time between loads: results are as old as the last load already. Each query's text over the table is printed and has been
run beside the original on generated rows. And, the other way round, dynamic tables in force that nothing has read for half a
year, to be suspended.

Why it matters
--------------
Each run reads and joins the same tables again to return the few rows that the last load settled. A dynamic table does it once
a load; the queries read its rows.

Example
-------
Before: `SELECT C.SEGMENT, SUM(O.AMOUNT) FROM ORDERS O JOIN CUSTOMERS C ON ... GROUP BY C.SEGMENT`, 200 times a day, loads twice.
Advice: `CREATE DYNAMIC TABLE ... TARGET_LAG = '4 hours' AS SELECT C.SEGMENT, SUM(O.AMOUNT) ...`, and the query over it.

When not to
-----------
Queries must be changed to name it: Snowflake never reads it by itself. They see its sources as they were up to the lag ago.
Sources that are loaded all the time refresh it all the time, on a warehouse that you pay; where a refresh can't be
incremental it computes everything again. Not over external, hybrid, temporary or other dynamic tables, nor over tables with
policies, whose rows it would store as its owner sees them. Not over tables that a job, a task or dbt makes anew: change tracking
ends with each. Where nothing tells how often its sources are loaded or how many rows it would hold, it stays silent. One in
force is suspended only where no scan of it is recorded for half a year. Its own incremental refreshes may leave one, so
that some are missed. What the refreshes take is their queries' time on their warehouse; where no query of theirs is
recorded, it is said to be unknown.

References
----------
docs.snowflake.com: Dynamic tables; CREATE DYNAMIC TABLE; Supported queries for incremental refresh. Jindal et al., "Selecting
subexpressions to materialize at datacenter scale", VLDB 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.account import Account
from advisor.blocks import Stored, definition
from advisor.figures import between, listed, number, percent
from advisor.model import (
    Benefit,
    Cost,
    Grade,
    Proposal,
    Proposed,
    Recommendation,
    Rejection,
    TableName,
    Target,
)
from advisor.owners import patches
from advisor.quoting import identifier, qualified
from advisor.recommenders.dynamic_table.unread import CODE, dynamic_tables
from advisor.settings import Settings
from advisor.stored_results import advice as said
from advisor.stored_results.asked import Asked
from advisor.stored_results.dynamic import gather
from advisor.stored_results.proving import Rewrites, pretty
from advisor.stored_results.served import Candidate, Refused, candidates, services
from advisor.stored_results.sources import MINUTES_PER_DAY, Sources, sources
from advisor.terms import identity, short_window
from advisor.usage.names import Session

__all__ = ["CODE", "propose"]

REJECTED_EACH = 3


def propose(account: Account, settings: Settings) -> Proposed:
    """Per set of joined tables the dynamic tables that net most together; those in force that nothing reads."""
    groups: dict[str, list[Asked]] = {}
    for asked in gather(account, settings):
        if asked.worth > settings.min_net_credits_per_month:
            groups.setdefault(asked.block.source, []).append(asked)
    each = [_propose(asked, account, settings) for _, asked in sorted(groups.items())]
    idle, unpriced = dynamic_tables(account, settings)
    return Proposed(
        (*(proposal for proposed in each for proposal in proposed.proposals), *idle),
        (*(rejection for proposed in each for rejection in proposed.rejections), *unpriced),
        sum(proposed.judged for proposed in each) + len(idle) + len(unpriced),
    )


def _propose(asked: Sequence[Asked], account: Account, settings: Settings) -> Proposed:
    template = asked[0].read.template
    session = Session(account.directory, template.database, template.schema)
    read = sources(asked, account, session, settings)
    if isinstance(read, str):
        return Proposed((), (_reject(Refused(tuple(asked), None, read)),), 0)
    found, refused = candidates(asked, read)
    settling = [said.settling(candidate, read, lambda c: fault(c, read), table_name, account) for candidate in found]
    proposals = []
    for settled in settling:
        outcome, fallen = settled()
        refused += fallen
        if outcome is not None:
            proposals.append(_proposal(*outcome, read))
    refused.sort(key=lambda one: -one.worth)
    return Proposed(tuple(proposals), tuple(map(_reject, refused[:REJECTED_EACH])), len(found) + len(refused))


def fault(candidate: Candidate, read: Sources) -> str | None:
    """Why this table isn't worth it, in one sentence; None where it is."""
    written = f" ({number(read.refreshes_per_day)} {'refresh' if number(read.refreshes_per_day) == '1' else 'refreshes'} a day)"
    return said.fault(candidate, round(read.partitions), written, read.settings)


# ---------------------------------------------------------------- in words


def _proposal(candidate: Candidate, rewrites: Rewrites, read: Sources) -> Proposal:
    return Proposal(
        _recommendation(candidate, rewrites, read),
        None,
        f"a dynamic table by {said.keys(candidate.kept)}",
        said.brief(candidate.kept),
        services(candidate),
    )


def _recommendation(candidate: Candidate, rewrites: Rewrites, read: Sources) -> Recommendation:
    kept, name = candidate.kept, table_name(candidate.kept)
    names = list(dict.fromkeys(kept.tables))
    return Recommendation(
        id=identity(CODE, *map(str, names), pretty(definition(kept))),
        kind=CODE,
        action="create",
        target=Target.table(name),
        title=f"Keep {' joined to '.join(map(str, names))} by {said.keys(kept)} in a dynamic table",
        reason=_reason(candidate, read),
        details=_details(candidate, rewrites, read),
        benefit=Benefit(partitions_scanned=candidate.partitions, credits=candidate.credits),
        cost=Cost(candidate.keeping.build, candidate.keeping.upkeep, candidate.size.bytes),
        net_credits_per_month=candidate.net,
        confidence=said.confidence(candidate, read.account, read.settings),
        grade=Grade.ESTIMATED,
        templates=tuple(said.evidence(candidate, read.partitions)),
        edition="standard",
        privileges=(
            f"CREATE DYNAMIC TABLE on schema {identifier(name.database)}.{identifier(name.schema)}",
            *(f"SELECT on {qualified(source)}" for source in names),
            f"USAGE on warehouse {identifier(read.settings.refresh_warehouse)}",
        ),
        warnings=tuple(_warnings(candidate, read)),
    )


def lag_text(minutes: int) -> str:
    """As TARGET_LAG takes it."""
    for unit, length in (("day", MINUTES_PER_DAY), ("hour", 60), ("minute", 1)):
        if minutes % length == 0:
            return f"{minutes // length} {unit}{'s' if minutes > length else ''}"
    raise ValueError(minutes)


def _reason(candidate: Candidate, read: Sources) -> str:
    rhythm = (
        f"loaded {number(read.loads_per_day)} times a day, so results are up to {number(24 / read.loads_per_day)} hours old today"
        if read.loads_per_day
        else "not written in the whole window"
    )
    return (
        f"{said.asking(candidate, read.account)} for the same rows of {listed([*dict.fromkeys(map(str, candidate.kept.tables))])}, "
        f"reading {number(candidate.mean_read)} micro-partitions each time; the sources are {rhythm}. A table that lags behind "
        f"them by {lag_text(read.lag)} at most holds {between(candidate.size.rows)} rows "
        f"({percent(candidate.size.rows.expected / read.rows)} of the largest source). That saves {between(candidate.credits)} "
        f"credits a month; refreshing takes {between(candidate.keeping.upkeep)} a month and the build "
        f"{between(candidate.keeping.build)} once. The queries must be changed to name it."
    )


def _details(candidate: Candidate, rewrites: Rewrites, read: Sources) -> dict[str, object]:
    return said.details(candidate, rewrites, read.account, read.settings) | {
        "target_lag": lag_text(read.lag),
        "warehouse": read.settings.refresh_warehouse,
        "loads_per_day": read.loads_per_day,
        "sources": [
            {
                "database": profile.table.name.database,
                "schema": profile.table.name.schema,
                "name": profile.table.name.name,
                "rows": profile.table.rows,
            }
            for profile in read.profiles
        ],
        "partitions": round(read.partitions),
    }


def _warnings(candidate: Candidate, read: Sources) -> Iterator[str]:
    yield (
        "It is no drop-in: Snowflake never reads it in place of its sources, so each query must be changed to name it, and sees "
        f"the sources as they were up to {lag_text(read.lag)} ago."
    )
    yield from short_window(read.account.workload, read.settings)
    if not read.account.catalog.policies_known:
        yield (
            "The snapshot has no policy_references: look for row access and masking policies on the sources first, since it "
            "stores what its owner sees."
        )
    yield (
        f"{read.settings.refresh_warehouse} stands for the warehouse that refreshes it (setting refresh_warehouse): name yours."
    )
    yield (
        "REFRESH_MODE = INCREMENTAL is asked for: where Snowflake says that the query can't be refreshed so, creating it fails, "
        "and each refresh would compute everything again, at the high end of what is stated."
    )
    for profile in read.profiles:
        yield from patches.lost_whole(
            profile.owner, "change tracking on it is off and the dynamic table stops refreshing"
        )
    yield from said.averages(candidate)


def table_name(kept: Stored) -> TableName:
    return said.stored_name(kept, "DT")


def _reject(refused: Refused) -> Rejection:
    tables = tuple(dict.fromkeys(refused.asked[0].block.tables))
    details = {"tables": [str(name) for name in tables]} if refused.kept is None else said.brief(refused.kept)
    return Rejection(CODE, Target.table(tables[0]), details, refused.reason)
