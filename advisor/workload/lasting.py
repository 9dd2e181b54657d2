"""Which execution stands for a template: one that mostly still does in a later window.

An execution leaves a window of 30 days after 30 days. One that is least by some hash stands for less long, since a
lesser one comes in between: a week later it is the same in 23 cases of 37. So time is cut into periods, for each
template elsewhere, and the first execution after a cut stands for it until the window has that of the next: the same in
three cases of four, whatever was chosen before.
"""

from __future__ import annotations

from advisor.snapshot import Snapshot

WEEK_MICROSECONDS = 7 * 86_400_000_000


def order(snapshot: Snapshot) -> str:
    """The SQL that a template's executions are ordered by, the one that stands for it first.

    The period is the longest of 1, 2, 4, 8, … weeks that the window has: then it mostly holds a cut, and doesn't change
    with its length.
    """
    weeks = (snapshot.window_end - snapshot.window_start).days // 7
    period = WEEK_MICROSECONDS << max(1, weeks).bit_length() - 1
    place = f"CAST(md5_number_lower(FINGERPRINT) % {period} AS BIGINT)"
    return f"(epoch_us(START_TIME) + {place}) % {period}, QUERY_ID"
