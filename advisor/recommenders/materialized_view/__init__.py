"""Materialized views: aggregations, few rows or a second order that many queries ask for, kept ready by Snowflake.

What it finds
-------------
Groupings of one table that queries ask for again and again, at the top of a statement, in a CTE, in a subquery or beside a join,
and the view of few rows that answers several of them: their keys and aggregates together, the columns of filters that differ
lifted to keys, AVG kept as SUM and COUNT. Each query's text over the view is printed and has been run beside the original
on generated rows. Projections: the few rows that conditions leave which never change, where the history records how few; and the
columns that look-ups use in a second order, clustered by what the table itself isn't. And views in force whose
refreshes took more than all that their table's queries can have been spared: to drop.

Why it matters
--------------
An aggregation reads every row of its table to return a handful. The view holds the handful: Snowflake keeps it up to date and
reads it by itself where a query's groups, or its rows, can be had from it. A table has one order; a view of it may have another.

Example
-------
Before: `SELECT REGION, SUM(AMOUNT) FROM ORDERS WHERE DAY >= '2026-05-01' GROUP BY REGION` reads 312 partitions each time.
Advice: `CREATE MATERIALIZED VIEW ... AS SELECT DAY, REGION, SUM(AMOUNT) AS SUM_AMOUNT FROM ORDERS GROUP BY DAY, REGION`: the
same question reads one.

When not to
-----------
Tables under 100 micro-partitions are read quickly as they are. A view with nearly as many rows as its table saves nothing,
however few its columns: a micro-partition stores them apart, and a scan reads those that it needs. A second order is
dear to keep: what moves a row in the table moves it in the view, so it isn't advised beside a new key of the table, nor
where a key or search optimization serves the same look-ups for less; and where a view in force over the same table
takes more to refresh than the new one would save, none. A table that is rewritten all the time, reloaded or reclustered
makes its view do the same, on serverless compute. Tables that a job recreates leave an invalid view behind. Row access
policies, masked columns, joins, window functions, DISTINCT aggregates and whatever hangs on a session parameter are not
allowed. Standard edition has no materialized views.

References
----------
docs.snowflake.com: Working with materialized views; CREATE MATERIALIZED VIEW. Agrawal, Chaudhuri and Narasayya, "Automated
selection of materialized views and indexes", VLDB 2000. Harinarayan et al., "Implementing data cubes efficiently", SIGMOD 1996.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from advisor.account import Account
from advisor.figures import between, number
from advisor.model import Proposal, Proposed, Rejection, TableName
from advisor.recommenders.materialized_view import groupings, projections
from advisor.recommenders.materialized_view.words import CODE
from advisor.services import unneeded
from advisor.services.endings import REFRESHES
from advisor.settings import Settings
from advisor.stored_results import asked
from advisor.stored_results.projections import gather
from advisor.terms import monthly

__all__ = ["CODE", "begin", "propose"]


def propose(account: Account, settings: Settings) -> Proposed:
    """Per table the views that net most together, and those in force that cost more than they can bring."""
    return begin(account, settings)()


def begin(account: Account, settings: Settings) -> Callable[[], Proposed]:
    """What proposes them once it is asked; the proofs that this takes are begun at once."""
    large = [profile for profile in account.profiles if profile.partitions >= settings.min_partitions]
    grouped, scanned = asked.gather(account, large, settings), gather(account, large, settings)
    begun = [
        (
            groupings.begin(profile, grouped[profile.table.name], account, settings),
            projections.begin(profile, scanned[profile.table.name], account, settings),
        )
        for profile in large
    ]
    return lambda: _propose([*_each(begun)], account, settings)


def _propose(each: Sequence[Proposed], account: Account, settings: Settings) -> Proposed:
    drops, dearest = unneeded.views(account, settings), unneeded.dearest(account)
    judged = [(new, _outspent(new, dearest, account)) for proposed in each for new in proposed.proposals]
    return Proposed(
        (*drops, *(new for new, why in judged if why is None)),
        (*(why for _, why in judged if why is not None), *(no for proposed in each for no in proposed.rejections)),
        len(drops) + sum(proposed.judged for proposed in each),
    )


def _outspent(
    new: Proposal, dearest: Mapping[TableName, tuple[TableName, float]], account: Account
) -> Rejection | None:
    """Where keeping a view in force over the same table takes more than the new one would save, whatever its own estimate says:
    the same writes refresh both."""
    about, saved = new.recommendation, new.recommendation.benefit.credits
    tables = [name for name in dearest if new.brief["tables"] == [str(name)]]
    if not tables or saved is None:
        return None
    view, spent = dearest[tables[0]]
    taken = spent * monthly(account.workload) / account.facts.covered.get(REFRESHES, 1.0)
    if taken <= saved.expected:
        return None
    upkeep = between(about.cost.upkeep_credits_per_month)
    why = (
        f"It would save {between(saved)} credits a month. Its refreshes are estimated at {upkeep}, but those of {view}, which the same "
        f"writes refresh, took {number(taken)}."
    )
    return Rejection(CODE, about.target, new.brief, why)


def _each(begun: Iterable[tuple[Callable[[], Proposed], Callable[[], Proposed]]]) -> Iterator[Proposed]:
    """By table what is said of views of its groups, and of its rows."""
    for of_groups, of_rows in begun:
        found, rows = of_groups(), of_rows()
        yield found
        # What forbids a view of the table is said once.
        said = {rejection.reason for rejection in found.rejections}
        left = tuple(each for each in rows.rejections if each.reason not in said)
        yield Proposed(rows.proposals, left, rows.judged)
