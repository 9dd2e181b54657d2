"""Query rewrites: the same question in a text that lets Snowflake skip partitions.

What it finds
-------------
Conditions on a date's year or month, on its text (TO_CHAR) and on its distance from today (DATEDIFF), and on its day or
truncated date where the scans show that these don't prune, with the range of the bare column that does, on tables whose
rows lie in that order; and, where the scans show it, conditions on a column that a constant moves (`DATEADD(day, 7, D)
> x`, `N + 1 > 10`), solved for the column. In WHERE, in a join's ON, in HAVING where it asks of a group's key; in
queries, and in what INSERT, CREATE TABLE … AS and MERGE take their rows from. Each rewritten query has been run beside
the original on generated rows. For review only, and counted as no saving: wildcards at the beginning, the greatest
first of a column that may lack values (`ORDER BY D DESC LIMIT 10` without NULLS LAST), text compared
with numbers or dates and the other way round, joins without a condition, joins that Snowflake remarks on, UNION where
UNION ALL returned the same, in a CTE or subquery too, SELECT * of wide tables of which other queries use few columns.

Why it matters
--------------
A micro-partition is skipped when the minimum and maximum of a column rule the condition out. Of a function of the column
Snowflake keeps none, so the rows' good order is of no use.

Example
-------
Before: `WHERE YEAR(ORDER_DATE) = 2026` reads 312 of 312 partitions of a table that is loaded by date.
Advice: `WHERE ORDER_DATE >= '2026-01-01' AND ORDER_DATE < '2027-01-01'`, predicted to read 90.

When not to
-----------
Where the rows don't lie in the column's order a range skips nothing either: a clustering key comes first. TO_DATE and DATE_TRUNC
usually prune as they are and are left alone unless the scans show otherwise. Columns with a time zone are left alone: their
days hang on the session, and so do the days that begin a week. What isn't exact isn't solved: months, floating-point
numbers, divisions. Where `N + 1` would overflow, the original fails and the range doesn't. What a condition was meant
to ask, a person must say.

References
----------
docs.snowflake.com: Understanding micro-partition pruning; Query insights. Zimmerer et al., "Pruning in Snowflake: Working
Smarter, Not Harder", SIGMOD 2025.
"""

from __future__ import annotations

from advisor.account import Account
from advisor.model import Proposal, Proposed, ReadTemplate, Rejection, TableName
from advisor.profile import TableProfile
from advisor.recommenders.query_rewrite.ranges import CODE, rewrite
from advisor.recommenders.query_rewrite.reviews import reviews
from advisor.rewrites import KINDS
from advisor.settings import Settings
from advisor.usage.names import Session

__all__ = ["CODE", "propose"]

REVIEWED = 20


def propose(account: Account, settings: Settings) -> Proposed:
    """Rewrites that are proven and predicted to read less; and texts that a person should look at."""
    profiles = {p.table.name: p for p in account.profiles if p.partitions >= settings.min_partitions}
    proposals: list[Proposal] = []
    rejections: list[Rejection] = []
    judged = 0
    for read in [each for each in account.templates if _searchable(each, profiles, settings)][
        : settings.rewritten_templates
    ]:
        session = Session(account.directory, read.template.database, read.template.schema)
        found = rewrite(read, session, profiles, account, settings)
        judged += found is not None
        if isinstance(found, Proposal):
            proposals.append(found)
        elif found is not None:
            rejections.append(found)
        rejections += reviews(read, session, profiles, account, settings)
    return Proposed(tuple(proposals), tuple(rejections[:REVIEWED]), judged)


def _searchable(read: ReadTemplate, profiles: dict[TableName, TableProfile], settings: Settings) -> bool:
    return (
        read.template.kind in KINDS
        and read.reading.problem is None
        and len(read.template.text) <= settings.rewritten_characters
        and any(name in profiles for name in read.reading.scans)
    )
