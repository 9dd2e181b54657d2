"""`advisor prove`: candidates sorted for real before anything is applied, what they scan predicted beside measured.

A uniform sample of a table's rows keeps the table's number of partitions, each with fewer rows. The embedded engine sorts it
by a candidate key's own expressions, and holds the literals of the templates' sampled executions against the least and
greatest value of each partition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.account import Account
from advisor.clustering.judge import Judge
from advisor.errors import InputError
from advisor.model import Proposed, TableName
from advisor.profile import TableProfile
from advisor.prover.ground import Key
from advisor.prover.proofs import Proof, Proving, Results, obstacle
from advisor.prover.proofs import prove as prove_table
from advisor.prover.replays import statements
from advisor.prover.settled import key_of, proven, table_of, why_withdrawn
from advisor.recommenders import clustering_key
from advisor.settings import Settings
from advisor.snapshot import Snapshot, find_sample, row_sample

__all__ = ["Proof", "Proven", "Results", "Wanted", "key_of", "prove", "table_of", "wanted", "why_withdrawn"]

COMPARED = 3


@dataclass(frozen=True)
class Wanted:
    """The keys of one table to prove, those that are proposed first."""

    table: TableName
    keys: tuple[Key, ...]
    compared: frozenset[Key]
    """Those whose results are compared too: the best of the proposed ones, and one that was asked for."""


@dataclass(frozen=True)
class Proven:
    proposed: tuple[Proposed, ...]
    proofs: tuple[Proof, ...]
    unproven: tuple[tuple[TableName, str], ...]
    """Tables of which nothing could be measured, and why."""


def wanted(proposed: Sequence[Proposed], table: str | None = None, key: Key = ()) -> tuple[Wanted, ...]:
    """Every clustering key that is proposed or rejected, by table; only `table`'s, only `key` where they are given.

    Raises InputError where that leaves nothing.
    """
    found: dict[TableName, dict[Key, bool]] = {}
    entries = [
        (p.recommendation.kind, p.recommendation.target, p.brief, True) for each in proposed for p in each.proposals
    ]
    entries += [(r.kind, r.target, r.details, False) for each in proposed for r in each.rejections]
    for kind, target, details, good in entries:
        if kind == clustering_key.CODE and key_of(details):
            found.setdefault(table_of(target), {}).setdefault(key_of(details), good)
    chosen = {name: keys for name, keys in sorted(found.items()) if table in (None, str(name), name.name)}
    if table is not None and not chosen:
        known = ", ".join(map(str, sorted(found)))
        raise InputError(f"no candidate key is known of {table}; there are some of: {known or 'no table'}")
    if key and len(chosen) != 1:
        raise InputError("say with --table DATABASE.SCHEMA.NAME which table's key to prove")
    return tuple(
        Wanted(name, (key,), frozenset((key,)))
        if key
        else Wanted(name, tuple(keys), frozenset([one for one, good in keys.items() if good][:COMPARED]))
        for name, keys in chosen.items()
    )


def prove(
    snapshot: Snapshot,
    account: Account,
    proposed: Sequence[Proposed],
    folder: Path,
    chosen: Sequence[Wanted],
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
) -> Proven:
    """Measures the chosen keys on the samples in `folder`, and gives the proposals as they show them."""
    profiles = {each.table.name: each for each in account.profiles}
    found = Proven(tuple(proposed), (), ())
    for each in chosen:
        say(f"sorting the sample of {each.table}")
        profile = profiles[each.table]
        sample = find_sample(folder, each.table)
        proving = None if sample is None else _proving(snapshot, account, profile, each, sample, settings)
        why = "there is no sample of its rows" if proving is None else obstacle(proving)
        if proving is None or why is not None:
            found = replace(found, unproven=(*found.unproven, (each.table, why or "")))
        else:
            found = _with(found, proving, account)
    return found


def _proving(
    snapshot: Snapshot, account: Account, profile: TableProfile, each: Wanted, sample: Path, settings: Settings
) -> Proving:
    layout = profile.layout
    if layout.sample is None:
        layout = replace(layout, sample=row_sample(snapshot, each.table, layout.axes, sample.parent))
    predicting, measuring = (
        Judge.of(one, account.prices, settings, account.workload.days)
        for one in (profile, replace(profile, layout=layout))
    )
    asked = statements(profile, account, settings)
    return Proving(predicting, measuring, asked, sample, each.keys, each.compared)


def _with(found: Proven, proving: Proving, account: Account) -> Proven:
    """What is found so far, and one table more."""
    proofs = prove_table(proving)
    by_key = {proof.key: proof for proof in proofs}
    proposed = tuple(proven(one, proving, by_key, account) if _speaks_of_keys(one) else one for one in found.proposed)
    return Proven(proposed, (*found.proofs, *proofs), found.unproven)


def _speaks_of_keys(proposed: Proposed) -> bool:
    kinds = {proposal.recommendation.kind for proposal in proposed.proposals} | {r.kind for r in proposed.rejections}
    return clustering_key.CODE in kinds
