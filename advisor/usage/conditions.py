"""From single conditions to usages: half ranges meet, alternatives of an OR are numbered, clauses are counted.

Which clauses can prune follows from one rule for readers of a Reading: **a clause of one scan can exclude a partition only
if each of its branches holds a usage that keeps order and that excludes it.** So where one alternative says nothing of the
scan (`t.a = 1 OR u.b = 2`), all usages of that clause on that scan are given `keeps_order=False`. Conditions inside an OR
that is itself nested in an alternative don't keep order either: leaving them out only makes the alternative wider.
A CTE that is referred to from several places is read once, so the conditions of the places are alternatives too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.model import ColumnUsage, Role


@dataclass(frozen=True)
class Draft:
    """A usage before it has its place: its clause and branch are not numbered yet."""

    usage: ColumnUsage
    reference: tuple[int, int] | None = None
    """Through which reference to a shared CTE it came."""
    has_low: bool = False
    has_high: bool = False
    """A RANGE bounds this side, be the bound known or not."""
    alternatives: tuple[ColumnUsage, ...] = ()
    """In place of `usage`, an OR of several: an interval for each value of a wrapped IN, a prefix for each of LIKE ANY."""


Branch = list[Draft]


@dataclass(frozen=True)
class DraftClause:
    scan: int
    branches: tuple[tuple[Draft, ...], ...]


def project(branches: list[Branch]) -> list[DraftClause]:
    """A clause's drafts by scan; a plain condition is a clause of one branch."""
    scans = list(dict.fromkeys(draft.usage.scan for branch in branches for draft in branch))
    return [_projected(scan, branches) for scan in scans]


def _projected(scan: int, branches: list[Branch]) -> DraftClause:
    own = [tuple(draft for draft in branch if draft.usage.scan == scan) for branch in branches]
    if len(own) == 1:
        return DraftClause(scan, tuple(own))
    complete = all(own)
    own = [tuple(_in_branch(draft) for draft in _met(part)) for branch in own if branch for part in _spread(branch)]
    if not complete:
        own = [tuple(weakened(draft) for draft in branch) for branch in own]
    merged = _membership(own) if complete else None
    return DraftClause(scan, ((merged,),) if merged else tuple(own))


def weakened(draft: Draft) -> Draft:
    """It can no longer decide its clause, and no other half range may complete it."""
    usage = replace(draft.usage, keeps_order=False)
    return replace(draft, usage=usage, has_low=False, has_high=False, alternatives=())


def _in_branch(draft: Draft) -> Draft:
    """A join in one alternative joins only some rows; an OR in one is nested and decides nothing."""
    if draft.usage.role is Role.JOIN:
        return replace(draft, usage=replace(draft.usage, role=Role.OTHER, keeps_order=False))
    return weakened(draft) if draft.alternatives else draft


def _spread(branch: tuple[Draft, ...]) -> list[tuple[Draft, ...]]:
    """A branch that is nothing but an OR of its own gives its alternatives to the clause."""
    if len(branch) == 1 and branch[0].alternatives:
        return [(replace(branch[0], usage=usage, alternatives=()),) for usage in branch[0].alternatives]
    return [branch]


def _membership(branches: list[tuple[Draft, ...]]) -> Draft | None:
    """One IN for an OR of equalities of one column; None for any other OR."""
    drafts = [branch[0] for branch in branches if len(branch) == 1]
    usages = [draft.usage for draft in drafts]
    if len(drafts) < len(branches) or not all(_is_equality(usage) for usage in usages):
        return None
    if len({(u.column, u.wrapper, draft.reference) for u, draft in zip(usages, drafts, strict=True)}) > 1:
        return None
    values = tuple(dict.fromkeys(value for usage in usages for value in usage.values))
    known = all(usage.values for usage in usages)
    return replace(drafts[0], usage=replace(usages[0], role=Role.MEMBERSHIP, values=values if known else ()))


def _is_equality(usage: ColumnUsage) -> bool:
    equality = usage.role in (Role.EQUALITY, Role.MEMBERSHIP) and usage.keeps_order and not usage.negated
    return equality and usage.low is None and usage.high is None


def _met(drafts: tuple[Draft, ...]) -> list[Draft]:
    """AND-ed half ranges of one column under one wrapper, joined where one bounds below and the other above."""
    found: list[Draft] = []
    halves: dict[tuple[object, ...], list[int]] = {}
    for draft in drafts:
        half = draft.has_low != draft.has_high
        waiting = halves.get(_place(draft, sought_low=not draft.has_low), []) if half else []
        if waiting:
            place = waiting.pop(0)
            found[place] = _both(found[place], draft)
            continue
        if half:
            halves.setdefault(_place(draft, sought_low=draft.has_low), []).append(len(found))
        found.append(draft)
    return found


def _place(draft: Draft, sought_low: bool) -> tuple[object, ...]:
    usage = draft.usage
    return usage.scan, usage.column, usage.wrapper, usage.keeps_order, draft.reference, sought_low


def _both(one: Draft, other: Draft) -> Draft:
    below, above = (one.usage, other.usage) if one.has_low else (other.usage, one.usage)
    usage = replace(
        one.usage,
        low=below.low,
        low_included=below.low_included,
        high=above.high,
        high_included=above.high_included,
    )
    return replace(one, usage=usage, has_low=True, has_high=True)


def number(clauses: list[DraftClause], references: dict[int, int]) -> list[ColumnUsage]:
    """All usages of a statement's conditions, clauses counted from 0. `references`: how many each shared CTE has."""
    plain = [c for c in clauses if len(c.branches) == 1 and not any(draft.reference for draft in c.branches[0])]
    split = [clause for clause in clauses if len(clause.branches) > 1 and not _referred(clause)]
    met = {id(draft): draft for draft in _met(tuple(draft for clause in plain for draft in clause.branches[0]))}
    usages: list[ColumnUsage] = []
    following = 0
    ordered = [*([[draft]] for draft in met.values()), *(list(map(list, clause.branches)) for clause in split)]
    ordered += _shared([clause for clause in clauses if _referred(clause)], references)
    for branches in ordered:
        numbered = _numbered(branches, following)
        following += any(usage.role is not Role.JOIN for usage in numbered)
        usages += numbered
    return usages


def _referred(clause: DraftClause) -> bool:
    return any(draft.reference for branch in clause.branches for draft in branch)


def _numbered(branches: list[list[Draft]], clause: int) -> list[ColumnUsage]:
    if len(branches) == 1 and branches[0][0].alternatives:
        usages = branches[0][0].alternatives
        return [replace(usage, clause=clause, branch=branch) for branch, usage in enumerate(usages)]
    if len(branches) == 1:
        usages = tuple(draft.usage for draft in branches[0])
        return [usage if usage.role is Role.JOIN else replace(usage, clause=clause) for usage in usages]
    return [
        replace(draft.usage, clause=clause, branch=b, required=False)
        for b, branch in enumerate(branches)
        for draft in branch
    ]


def _shared(clauses: list[DraftClause], references: dict[int, int]) -> list[list[list[Draft]]]:
    """Conditions put on a CTE from several places: its scan needs what any of the places asks for, so they are an OR."""
    groups: dict[tuple[int, int], dict[int, list[Draft]]] = {}
    for clause in clauses:
        split = len(clause.branches) > 1
        for draft in (draft for branch in clause.branches for draft in branch if draft.reference is not None):
            cte, place = draft.reference or (0, 0)
            kept = weakened(draft) if split else _in_branch(draft) if draft.alternatives else draft
            groups.setdefault((clause.scan, cte), {}).setdefault(place, []).append(kept)
    found: list[list[list[Draft]]] = []
    for (_, cte), places in groups.items():
        branches = [_met(tuple(drafts)) for _, drafts in sorted(places.items())]
        joins = [[draft] for branch in branches for draft in branch if draft.usage.role is Role.JOIN]
        found += [[join] for join in joins]
        branches = [[draft for draft in branch if draft.usage.role is not Role.JOIN] for branch in branches]
        branches = [branch for branch in branches if branch]
        if branches:
            full = len(branches) == references[cte]
            found.append(branches if full else [[weakened(draft) for draft in branch] for branch in branches])
    return found
