"""Who makes a table: whoever recreates it undoes what an ALTER sets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Maker(StrEnum):
    DBT = "dbt"
    TASK = "task"
    JOB = "job"
    DYNAMIC_TABLE = "dynamic_table"


@dataclass(frozen=True)
class Task:
    """A task that ran in the window."""

    name: str
    """DATABASE.SCHEMA.NAME"""
    hash: str | None
    """The parameterized hash of its statement."""
    text: str


@dataclass(frozen=True)
class DbtModel:
    """What `manifest.json` says of a node; None where there is no manifest, or it says nothing."""

    node: str | None = None
    """`model.project.name`, or a seed's or a snapshot's, from the manifest or from a query's comment."""
    path: str | None = None
    """The file that defines it, from the project's folder."""
    code: str | None = None
    """What that file holds, without blanks at its ends."""
    materialized: str | None = None

    @property
    def kind(self) -> str:
        """ "model", "seed" or "snapshot"."""
        return next((kind for kind in ("seed", "snapshot") if (self.node or "").startswith(f"{kind}.")), "model")


@dataclass(frozen=True)
class Owner:
    maker: Maker
    rebuilds: bool
    """Each of its runs makes the table anew: what an ALTER set is lost with the next."""
    runs_per_month: float = 0.0
    """How often it makes the table anew; 0 where it doesn't."""
    assumed: bool = False
    """The history shows no run of it: one in the window is assumed."""
    fingerprint: str | None = None
    """Of the template that makes the table."""
    statement: str | None = None
    """One run of it, as it was run."""
    swaps: bool = False
    """Another table comes in its place, by SWAP WITH or under its name; `statement` makes that one."""
    resets: bool = False
    """The table stays, but a key goes that `statement`, a CREATE OR ALTER TABLE, doesn't name."""
    task: str | None = None
    """DATABASE.SCHEMA.NAME of the task that runs it."""
    model: DbtModel | None = None

    def __str__(self) -> str:
        if self.maker is Maker.DBT:
            return f"dbt's {self.model.node}" if self.model and self.model.node else "dbt"
        if self.maker is Maker.TASK:
            return f"task {self.task}"
        return "its own definition" if self.maker is Maker.DYNAMIC_TABLE else f"a job (template {self.fingerprint})"

    @property
    def keeps_its_table(self) -> bool:
        """A seed of dbt is emptied and filled, a snapshot added to: neither is built from a query with a config of its own."""
        return self.model is not None and self.model.kind != "model"

    @property
    def resets_it(self) -> str:
        """That it takes away what its definition doesn't name, as the beginning of a sentence."""
        said = f"{self} defines it by CREATE OR ALTER TABLE, which takes away a key that it doesn't name"
        return said[0].upper() + said[1:]

    @property
    def recreates(self) -> str:
        """That it recreates the table, as the beginning of a sentence."""
        does = "puts another table in its place" if self.swaps else "recreates it"
        if self.maker is Maker.JOB:
            return f"A job {does} (template {self.fingerprint})"
        said = f"{self} {does}"
        return said[0].upper() + said[1:] if self.maker is Maker.TASK else said
