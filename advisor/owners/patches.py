"""A change of a table as a patch for whoever makes it, and what to mind about that: an ALTER alone would be lost."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.model import Maker, Owner
from advisor.owners import ctas, dbt

Patch = dict[str, object]
"""JSON-ready: maker, name, kind, rebuilds, file, materialized, config, patch."""


def of_key(owner: Owner, key: Sequence[str]) -> Patch:
    """What sets the key, or takes it away where there is none, in the owner's definition."""
    if owner.keeps_its_table:
        return _said(owner)
    if owner.maker is Maker.DBT:
        return _of_model(owner, "cluster_by", dbt.strings(tuple(key)) if key else None)
    if owner.statement is None:
        return _said(owner)
    return _of_statement(owner, ctas.clustered(owner.statement, ", ".join(key) or None))


def of_transient(owner: Owner) -> Patch:
    """What makes the table transient in the owner's definition."""
    if owner.maker is Maker.DBT:
        return _of_model(owner, "transient", "true")
    return _said(owner) if owner.statement is None else _of_statement(owner, ctas.transient(owner.statement))


def changeable(owner: Owner) -> bool:
    """Whether a key can be written into what the owner runs."""
    return owner.maker is Maker.DBT or (
        owner.statement is not None and ctas.clustered(owner.statement, "A") is not None
    )


def warnings(owner: Owner | None) -> tuple[str, ...]:
    """What a key means for the owner."""
    if owner is None:
        return ()
    if owner.maker is Maker.DYNAMIC_TABLE:
        return _OF_DYNAMIC
    if owner.resets:
        return (
            f"{owner.resets_it}: the script sets the key once, and the patch keeps it at the statement's next run; either alone is not enough.",
        )
    if owner.maker is not Maker.DBT:
        return (f"{owner.recreates}: the key belongs into {_where(owner)}. {_sorted(owner)}",)
    if owner.keeps_its_table:
        return lost_whole(owner, "the key is gone")
    if owner.rebuilds:
        return (
            "With cluster_by, dbt ends each build of the model with ORDER BY the key: it sorts the whole table on the model's "
            "warehouse, each time, and that is what upkeep counts here.",
            *(("No build of the model is in the history: upkeep counts one in the window.",) if owner.assumed else ()),
        )
    kind = "is incremental" if owner.model and owner.model.materialized == "incremental" else "adds to its table"
    return (
        f"The model {kind}: dbt applies cluster_by only when it builds the table whole (--full-refresh), and sorts it by the "
        f"key then. Runs that add rows leave key and order alone. So the script sets the key once, and the patch keeps it when the "
        f"table is built whole; either alone is not enough.",
    )


def _where(owner: Owner) -> str:
    return "the statement that makes that one" if owner.swaps else "its statement"


def _sorted(owner: Owner) -> str:
    """Who sorts the rows, as what upkeep counts."""
    if owner.statement is None or not ctas.filled_later(owner.statement):
        return "Snowflake then sorts what the statement writes, on the job's warehouse and with each run: that is what upkeep counts here."
    return (
        "The table is empty then: let the INSERT that fills it end with ORDER BY the key. Upkeep counts that sort with each run, on the "
        "job's warehouse; without it Automatic Clustering sorts the rows after each run, which takes more."
    )


def lost_whole(owner: Owner | None, what: str) -> tuple[str, ...]:
    """What becomes of a change that stands outside the model's definition when dbt builds the model whole; `what` says it."""
    if owner is None or owner.maker is not Maker.DBT or owner.rebuilds:
        return ()
    kind = owner.model.kind if owner.model else "model"
    if kind == "snapshot":
        return (f"{owner} adds to the table and never builds it anew: that stays, until the table is dropped by hand.",)
    does = "empties and fills" if kind == "seed" else "adds to"
    return (
        f"{owner} {does} the table, but --full-refresh makes it anew: at the next full refresh {what}. Put it into the {kind}'s "
        f"post_hook too, or run the script again then.",
    )


_OF_DYNAMIC = (
    "A dynamic table keeps the key through its refreshes, but not through CREATE OR REPLACE: put CLUSTER BY into its definition as "
    "well. Where it refreshes in full (SHOW DYNAMIC TABLES, refresh_mode), each refresh writes it anew, and keeping it in order costs "
    "more than upkeep says here.",
)


def _said(owner: Owner, config: str | None = None, patch: str | None = None) -> Patch:
    model = owner.model
    return {
        "maker": str(owner.maker),
        "name": str(owner),
        "kind": model.kind if model else None,
        "rebuilds": owner.rebuilds,
        "file": model.path if model else None,
        "materialized": model.materialized if model else None,
        "config": config,
        "patch": patch,
    }


def _of_model(owner: Owner, setting: str, value: str | None) -> Patch:
    patch = dbt.patch(owner.model, setting, value) if owner.model else None
    return _said(owner, f"{setting}={value}" if value is not None else f"without {setting}", patch)


def _of_statement(owner: Owner, changed: str | None) -> Patch:
    if changed is None or owner.statement is None:
        return _said(owner)
    return _said(owner, None, dbt.unified(owner.statement.rstrip(), changed.rstrip(), f"{owner.fingerprint}.sql"))
