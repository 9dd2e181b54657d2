"""Texts that keep Snowflake from skipping partitions, and the same questions in a form that doesn't.

Only what can be proven on generated rows counts as a saving; what hangs on what was meant is for a person to review.
"""

from advisor.rewrites.doubts import Doubt, doubts
from advisor.rewrites.ranges import Unwrapped, unwrap
from advisor.rewrites.sources import KINDS, Source, source_of
from advisor.rewrites.whole import returns_all, unions

__all__ = ["KINDS", "Doubt", "Source", "Unwrapped", "doubts", "returns_all", "source_of", "unions", "unwrap"]
