"""Which execution stands for a template: one that mostly still does in a later window.

An execution leaves a window of 30 days after 30 days. Whichever is least by some hash is replaced sooner, when a lesser one comes: in
23 of 37 weeks it is the same a week later. So time is cut into periods, each template's at a place of its own, and the first execution
after a cut stands for it until the window has the next: it is the same in three weeks of four, whatever was chosen before.
"""

from __future__ import annotations

from advisor.snapshot import Snapshot

WEEK_MICROSECONDS = 7 * 86_400_000_000


def order(snapshot: Snapshot) -> str:
    """The SQL that a template's executions are ordered by, the one that stands for it first.

    The period is the longest of 1, 2, 4, 8, … weeks that the window has: then it mostly holds a cut, and doesn't change with its length.
    """
    weeks = (snapshot.window_end - snapshot.window_start).days // 7
    period = WEEK_MICROSECONDS << max(1, weeks).bit_length() - 1
    place = f"CAST(md5_number_lower(FINGERPRINT) % {period} AS BIGINT)"
    return f"(epoch_us(START_TIME) + {place}) % {period}, md5(QUERY_ID), QUERY_ID"
