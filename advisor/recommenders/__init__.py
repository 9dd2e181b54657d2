"""The rules. One module each, named for the kind of advice it gives; its docstring is its documentation."""

from __future__ import annotations

import inspect
import re
from typing import Protocol

from advisor.account import Account
from advisor.model import Proposed
from advisor.recommenders import (
    clustering_key,
    dynamic_table,
    history_partitioning,
    materialized_view,
    query_acceleration,
    query_rewrite,
    result_cache,
    search_optimization,
    storage_retention,
    warehouse_setting,
)
from advisor.settings import Settings


class Recommender(Protocol):
    """What each module of this folder is."""

    __name__: str
    __doc__: str | None
    CODE: str
    """The kind of its recommendations; the module's own name."""

    def propose(self, account: Account, settings: Settings) -> Proposed:
        """Every change of its kind that is legal and worth it by itself, and every candidate that isn't, with the reason."""


RECOMMENDERS: tuple[Recommender, ...] = (
    clustering_key,
    materialized_view,
    dynamic_table,
    history_partitioning,
    result_cache,
    search_optimization,
    query_acceleration,
    query_rewrite,
    storage_retention,
    warehouse_setting,
)
HEADINGS = ("What it finds", "Why it matters", "Example", "When not to", "References")


def documentation(recommender: Recommender) -> dict[str, str]:
    """A recommender's docstring by heading; its first line under the empty heading."""
    text = inspect.cleandoc(recommender.__doc__ or "")
    parts = re.split(r"^(.+)\n-+$\n", text, flags=re.MULTILINE)
    return {"": parts[0].strip()} | {parts[i].strip(): parts[i + 1].strip() for i in range(1, len(parts), 2)}


def table() -> str:
    """The recommenders as a Markdown table, for the README."""
    rows = ["| kind | what it finds | when not to |", "|---|---|---|"]
    for recommender in RECOMMENDERS:
        said = documentation(recommender)
        found, silent = (" ".join(said[heading].split()) for heading in ("What it finds", "When not to"))
        rows.append(f"| `{recommender.__name__.rpartition('.')[2]}` | {found} | {silent} |")
    return "\n".join(rows)
