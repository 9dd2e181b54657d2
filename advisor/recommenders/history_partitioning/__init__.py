"""Historical data: set apart what no query reads any more.

What it finds
-------------
Tables whose queries all begin at a recent moment while the table goes back for years, from the lower bounds of their own
conditions against the moment they ran. Where the old rows slow those queries down, a hot and a cold table behind a UNION ALL
view whose branches prune; where nobody reads them, a storage lifecycle policy that moves them to archive storage.

Why it matters
--------------
Snowflake has no partitions to drop. Rows that nobody reads are stored at the full price, and in a table that isn't ordered by
time every query wades through them.

Example
-------
LOG_EVENTS holds seven years in 2 TiB; its queries ask for the last 90 days. Advice: a policy that archives what is older than
135 days, at the COOL tier, kept for good.

When not to
-----------
Where time prunes already, a split brings nothing: it is said so. Where any query reads the table from its beginning,
nothing is archived, for archived rows can't be queried. Reports that run less often than the window is long don't show
in it. A table that a job recreates is cut in the job, and one that dbt makes in its model: the next run would collide
with a view in its place. External and Iceberg tables are partitioned where they are defined: no script is written, and
what to check for one is said. A table with a virtual column isn't split: whether its parts would get it too needs checking.

References
----------
docs.snowflake.com: Storage lifecycle policies; CREATE STORAGE LIFECYCLE POLICY (ARCHIVE_FOR_DAYS ends in deletion);
Understanding micro-partitions. Zimmerer et al., "Pruning in Snowflake: Working Smarter, Not Harder", SIGMOD 2025.
"""

from __future__ import annotations

from collections.abc import Mapping

from advisor import history
from advisor.account import Account
from advisor.figures import number, percent
from advisor.history import Cut
from advisor.lookback import look_backs
from advisor.model import Proposal, Proposed, ReadTemplate, Rejection
from advisor.profile import TableProfile
from advisor.recommenders.history_partitioning.archive import policy
from advisor.recommenders.history_partitioning.hot_and_cold import split
from advisor.recommenders.history_partitioning.shared import CODE, reject
from advisor.settings import Settings

__all__ = ["CODE", "propose"]


def propose(account: Account, settings: Settings) -> Proposed:
    """At most a split and a policy for each table that holds history."""
    templates = {read.template.fingerprint: read for read in account.templates}
    each = [_propose(profile, templates, account, settings) for profile in account.profiles]
    return Proposed(
        tuple(proposal for proposed in each for proposal in proposed.proposals),
        tuple(rejection for proposed in each for rejection in proposed.rejections),
        sum(proposed.judged for proposed in each),
    )


def _propose(
    profile: TableProfile, templates: Mapping[str, ReadTemplate], account: Account, settings: Settings
) -> Proposed:
    """Silent where the table is small or no query bounds a time column of it."""
    table = profile.table
    looks = look_backs(profile, templates, account.workload)
    if not looks or not table.rows or not table.bytes or profile.partitions < settings.min_partitions:
        return Proposed((), (), 0)
    cut = history.cut_of(profile, looks[0], account.workload, settings)
    why = history.obstacle(cut, settings)
    if why is not None:
        return Proposed((), (reject(cut, "split", why),), 1)
    if cut.cold < settings.min_cold_share:
        why = (
            f"Its queries reach back up to {number(cut.look.days)} days by {cut.column} and it spans "
            f"{number(cut.look.age_days)} days: {_only(cut.cold)} of it would be history."
        )
        return Proposed((), (reject(cut, "split", why),), 1)
    return _both(cut, account, settings)


def _only(share: float) -> str:
    text = percent(share)
    return "nothing" if text == percent(0.0) else f"only {text}"


def _both(cut: Cut, account: Account, settings: Settings) -> Proposed:
    """The split and the policy, each taken or left for a reason of its own."""
    outcomes = [split(cut, account, settings), policy(cut, account, settings)]
    return Proposed(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Proposal)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Rejection)),
        len(outcomes),
    )
