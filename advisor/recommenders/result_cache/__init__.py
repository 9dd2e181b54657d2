"""Result cache: let the answer that is there already be used.

What it finds
-------------
Questions that were asked again while their data stood still and yet ran again, by replaying the history hour by hour against
the tables' writes; and the likely reason: texts that differ in case, blanks or comments; CURRENT_TIMESTAMP and its kin; a user
for whom the cache seems off. Each comes with its time and the smallest change that would let the cache answer. Where a
daily load makes the first reader wait, a task that asks first, once a second of waiting has a value.

Why it matters
--------------
Snowflake keeps each result for a day, and answers the same text from it at once, without a warehouse. It compares texts to the
letter: a comment with a request's number makes every one of them a new question.

Example
-------
A dashboard asks `select ... /* req 4711 */` 600 times a day. Advice: put the number into QUERY_TAG and send one text; 580 of the
600 runs end.

When not to
-----------
Repeats that follow a write must run: they are counted, and said; asking first moves their wait and saves no credits. A
user that measures performance has the cache off for good reason. What a session sets for itself, the history doesn't
show: such reasons are called likely. Hybrid and external tables have no reusable results. Where no history tells when
tables were written, nothing is advised.

References
----------
docs.snowflake.com: Using Persisted Query Results; USE_CACHED_RESULT.
"""

from __future__ import annotations

from advisor.account import Account
from advisor.model import Proposal, Proposed, Rejection
from advisor.recommenders.result_cache.one_text import of_texts
from advisor.recommenders.result_cache.schedules import of_loads
from advisor.recommenders.result_cache.shared import CODE
from advisor.recommenders.result_cache.unremedied import not_judged, without_remedy
from advisor.recommenders.result_cache.users import of_users
from advisor.reuse.misses import missed
from advisor.settings import Settings
from advisor.terms import monthly

__all__ = ["CODE", "propose"]


def propose(account: Account, settings: Settings) -> Proposed:
    """One change for each text, each call of the clock and each user that keeps answers from being reused, and for each question
    whose first reader after a load waits."""
    found = missed(account)
    least = settings.min_repeat_seconds * 1000 / monthly(account.workload)
    reads = {read.template.fingerprint: read for read in account.templates}
    warmed = of_loads(found, reads, account, settings, least)
    proposals = [
        *of_texts(found, reads, account, settings, least),
        *of_users(found, reads, account, settings, least),
        *(outcome for outcome in warmed.values() if isinstance(outcome, Proposal)),
    ]
    rejections = [
        *(outcome for outcome in warmed.values() if isinstance(outcome, Rejection)),
        *without_remedy(found, reads, account, settings, least, warmed),
        *not_judged(account, least),
    ]
    return Proposed(tuple(proposals), tuple(rejections), len(proposals) + len(rejections))
