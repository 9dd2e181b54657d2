"""Snowflake → snapshot folder. Runs the statements of `sql/` and nothing else; all of them only read.

extracts     what to ask, and the file that each answer becomes
connection   a named entry of connections.toml, opened
pool         a few statements at a time, each fetched whole or asked again
parts        an answer as a Parquet file that says what it answers
folder       the snapshot, built beside the old one and put in its place
"""

from advisor.errors import InputError

try:
    import pyarrow  # noqa: F401
except ImportError as error:
    raise InputError("the collector needs more packages; pip install 'advisor[snowflake]'") from error

from advisor.collector.collect import Collected, collect
from advisor.collector.connection import Connector

__all__ = ["Collected", "Connector", "collect"]
