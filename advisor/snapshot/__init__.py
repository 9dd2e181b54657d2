"""Snapshot ⇄ folder: what was read of an account at one moment, as Parquet or CSV files. Knows no Snowflake connection."""

from advisor.snapshot.catalog import catalog, histories, key_expressions
from advisor.snapshot.changes import changes
from advisor.snapshot.facts import facts
from advisor.snapshot.folder import Snapshot, open_snapshot
from advisor.snapshot.info import info, missing_views
from advisor.snapshot.manifest import write_manifest
from advisor.snapshot.samples import add_samples, find_sample, row_sample, sample_file

__all__ = [
    "Snapshot",
    "add_samples",
    "catalog",
    "changes",
    "facts",
    "find_sample",
    "histories",
    "info",
    "key_expressions",
    "missing_views",
    "open_snapshot",
    "row_sample",
    "sample_file",
    "write_manifest",
]
