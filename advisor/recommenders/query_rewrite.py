"""Query rewrites: the same question in a text that lets Snowflake skip partitions.

What it finds
-------------
Conditions on YEAR of a column, and on its day where the scans show that this doesn't prune, with the range on the bare column
that does, on tables whose rows lie in that order. Each rewritten query has been run beside the original on generated rows.
For review only, and counted as no saving: wildcards at the beginning, text compared with numbers or read as dates, joins
without a condition, UNION where UNION ALL returned the same, SELECT * of wide tables.

Why it matters
--------------
A micro-partition is skipped when the minimum and maximum of a column rule the condition out. Of a function of the column
Snowflake keeps none, so the rows' good order is of no use.

Example
-------
Before: `WHERE YEAR(ORDER_DATE) = 2026` reads 312 of 312 partitions of a table that is loaded by date.
Advice: `WHERE ORDER_DATE >= '2026-01-01' AND ORDER_DATE < '2027-01-01'`, predicted to read 90.

When not to
-----------
Where the rows don't lie in the column's order a range skips nothing either: a clustering key comes first. TO_DATE and DATE_TRUNC
usually prune as they are and are left alone unless the scans show otherwise. Columns with a time zone are left alone: their
days hang on the session. What a condition was meant to ask, a person must say.

References
----------
docs.snowflake.com: Understanding micro-partition pruning; Query insights. Zimmerer et al., "Pruning in Snowflake: Working
Smarter, Not Harder", SIGMOD 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.dialects.snowflake import Snowflake

from advisor.account import Account
from advisor.asks import asks_of
from advisor.blocks import Statement, study
from advisor.cost import DAYS_PER_MONTH, ScanPrice
from advisor.equality import Trial, difference
from advisor.figures import between, number
from advisor.model import (
    FILTERS,
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Proposed,
    Range,
    Recommendation,
    Rejection,
    Service,
    TableName,
    Target,
    TemplateEvidence,
)
from advisor.platform import masked
from advisor.profile import TableProfile
from advisor.proving import pretty, qualified
from advisor.questions import ReadTemplate
from advisor.rewrites import WIDE, Unwrapped, doubts, returns_all, union_all, unwrap
from advisor.serving import line_of, per_hour
from advisor.settings import Settings
from advisor.terms import hashes, identity, short_window, valid_until
from advisor.usage import read as read_text
from advisor.usage.names import Directory, Session
from advisor.widths import touched

CODE = "query_rewrite"

UNPRUNED = {
    "hybrid": "It is a hybrid table: it has no micro-partitions that a range could skip.",
    "temporary": "It is a temporary table, another in each session: how its rows lie isn't known.",
    "external": "It is an external table: whether a range skips any of its files needs checking.",
    "event": "It is an event table: whether a range skips any of its partitions needs checking.",
}

REVIEWED = 20
SPREAD = 1.5  # partitions predicted lie within this factor
FEWER = 0.9  # a rewrite must be predicted to read less than this part of what is read today


def propose(account: Account, settings: Settings) -> Proposed:
    """Rewrites that are proven and predicted to read less; and texts that a person should look at."""
    profiles = {p.table.name: p for p in account.profiles if p.partitions >= settings.min_partitions}
    directory = Directory.of(account.catalog)
    proposals: list[Proposal] = []
    rejections: list[Rejection] = []
    judged = 0
    for read in [each for each in account.templates if _searchable(each, profiles, settings)][
        : settings.rewritten_templates
    ]:
        session = Session(directory, read.template.database, read.template.schema)
        found = _rewrite(read, session, profiles, account, settings)
        judged += found is not None
        if isinstance(found, Proposal):
            proposals.append(found)
        elif found is not None:
            rejections.append(found)
        rejections += _reviews(read, session, profiles, account, settings)
    return Proposed(tuple(proposals), tuple(rejections[:REVIEWED]), judged)


def _searchable(read: ReadTemplate, profiles: dict[TableName, TableProfile], settings: Settings) -> bool:
    return (
        read.template.kind == "SELECT"
        and read.reading.problem is None
        and len(read.template.text) <= settings.rewritten_characters
        and any(name in profiles for name in read.reading.scans)
    )


# ---------------------------------------------------------------- rewrites that count


@dataclass(frozen=True)
class _Gain:
    profile: TableProfile
    before: float
    after: Range
    """Partitions an execution."""

    def credits(self, price: ScanPrice) -> Range:
        """What an execution saves."""
        fewest, middle, most = (self.before - each for each in (self.after.high, self.after.expected, self.after.low))
        each_ms = price.saved_ms
        ms = Range(each_ms.low * fewest, each_ms.expected * middle, each_ms.high * most)
        return per_hour(ms, price.credits_per_hour)

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the table's partitions: before, after, and the range of that."""
        scanned = (self.before, self.after.expected, self.after.low, self.after.high)
        return tuple(min(1.0, each / self.profile.partitions) for each in scanned)


def _rewrite(
    read: ReadTemplate, session: Session, profiles: dict[TableName, TableProfile], account: Account, settings: Settings
) -> Proposal | Rejection | None:
    if not any(usage.wrapper and usage.role in FILTERS for usage in read.reading.usages):
        return None
    statement = study(read.template.text, session)
    changed = unwrap(statement, session, _idle(read, profiles)) if statement is not None else ()
    if statement is None or not changed or changed[0].table not in profiles:
        return None
    original = Snowflake().parse(read.template.text)[0]
    assert original is not None
    after = pretty(qualified(statement.tree, session))
    why = difference(
        Trial(original, statement.tree, {}, session, account.workload.window_end),
        settings.proof_databases,
        settings.proof_seconds,
    )
    if why is not None:
        return _reject(read, changed, f"For review: {changed[0].after} in place of {changed[0].before} {why}.")
    why = _unpruned(changed[0], profiles[changed[0].table])
    if why is not None:
        return _reject(read, changed, why)
    gain = _gain(read, after, changed[0], profiles[changed[0].table], account)
    if isinstance(gain, str):
        return _reject(read, changed, gain)
    return _proposal(read, changed, after, pretty(qualified(original, session)), gain, account, settings)


def _unpruned(changed: Unwrapped, profile: TableProfile) -> str | None:
    """Why a range may skip nothing whatever the order of the rows, as a sentence."""
    why = next((why for trait, why in UNPRUNED.items() if trait in profile.table.traits), None)
    return why or next(iter(masked(profile.table, {changed.column})), None)


def _idle(read: ReadTemplate, profiles: dict[TableName, TableProfile]) -> frozenset[TableName]:
    """The tables whose scans show that the template's conditions don't prune though the rows lie in that order."""
    loads = [
        (name, load) for name, profile in profiles.items() for load in profile.loads if load.template is read.template
    ]
    return frozenset(name for name, load in loads if load.unserved is not None and "doesn't prune" in load.unserved)


def _gain(read: ReadTemplate, after: str, changed: Unwrapped, profile: TableProfile, account: Account) -> _Gain | str:
    """What the range is predicted to read on the rows as they lie, or why that isn't known or no less, as a sentence."""
    load = next((load for load in profile.loads if load.template is read.template), None)
    width, line = profile.layout.widths.get(changed.column), line_of(changed.column, profile, account.workload)
    if width is None or line is None or load is None or load.before is None:
        return (
            f"For review: {changed.after} asks the same as {changed.before} and can prune; how the rows lie by {changed.column} "
            "isn't known, so what it would save isn't either."
        )
    template = read.template
    said = read_text(
        after, account.catalog, database=template.database, schema=template.schema, at=account.workload.window_end
    )
    usages = [u for u in said.usages if u.table == changed.table and u.column == changed.column and u.role in FILTERS]
    asks = asks_of(usages, {changed.column: line})
    reads = profile.partitions * min((touched(ask, width) for ask in asks), default=1.0)
    if reads >= load.before * FEWER:
        return f"{changed.after} is predicted to read {number(reads)} partitions, no fewer than the {number(load.before)} of today."
    return _Gain(profile, load.before, Range(reads / SPREAD, reads, min(load.before, reads * SPREAD)))


def _proposal(
    read: ReadTemplate,
    changed: Sequence[Unwrapped],
    after: str,
    original: str,
    gain: _Gain,
    account: Account,
    settings: Settings,
) -> Proposal | Rejection:
    template, table = read.template, changed[0].table
    price = account.prices[template.fingerprint]
    if price is None:
        return _reject(read, changed, "For review: the history records no partitions for it, so no saving either.")
    monthly = template.executions / account.workload.days * DAYS_PER_MONTH
    saved = gain.credits(price).scaled(monthly)
    short = account.workload.days < settings.min_window_days
    recommendation = Recommendation(
        id=identity(CODE, template.fingerprint, changed[0].column),
        kind=CODE,
        action="rewrite",
        target=Target("query", template.fingerprint),
        title=f"Ask {changed[0].column} of {table} by range in template {template.fingerprint}",
        reason=(
            f"It asks {changed[0].before}, of which no partition keeps a minimum and maximum, and reads {number(gain.before)} of "
            f"{gain.profile.partitions:,} micro-partitions each time; {changed[0].after} asks the same and is predicted to read "
            f"{between(gain.after)}. That saves {between(saved)} credits a month."
        ),
        details=_details(read, changed, settings, account) | {"original": original, "query": after},
        benefit=Benefit(Change(gain.before * monthly, gain.after.scaled(monthly)), credits=saved),
        cost=Cost(ZERO, ZERO),
        net_credits_per_month=saved,
        confidence="low" if short else "medium",
        grade=Grade.ESTIMATED,
        templates=(
            TemplateEvidence(template.fingerprint, template.executions, template.example_query_id, *gain.shares),
        ),
        edition="standard",
        privileges=(),
        warnings=(
            *short_window(account.workload, settings),
            "The text is changed where it is written: in a dashboard, a job or an application. No statement here changes anything.",
        ),
    )
    return Proposal(
        recommendation,
        None,
        f"a range on {changed[0].column}",
        _brief(changed),
        (Service(template.fingerprint, table, saved),),
    )


def _brief(changed: Sequence[Unwrapped]) -> dict[str, object]:
    return {
        "tables": sorted({str(one.table) for one in changed}),
        "conditions": [{"before": one.before, "after": one.after} for one in changed],
    }


def _details(
    read: ReadTemplate, changed: Sequence[Unwrapped], settings: Settings, account: Account
) -> dict[str, object]:
    return _brief(changed) | {
        "fingerprint": read.template.fingerprint,
        "proven_on_databases": settings.proof_databases,
        "valid_until": valid_until(account.workload, settings),
        "hashes": hashes([read.template]),
    }


def _reject(read: ReadTemplate, changed: Sequence[Unwrapped], reason: str) -> Rejection:
    return Rejection(CODE, Target("query", read.template.fingerprint), _brief(changed), reason)


# ---------------------------------------------------------------- for review


def _reviews(
    read: ReadTemplate, session: Session, profiles: dict[TableName, TableProfile], account: Account, settings: Settings
) -> list[Rejection]:
    statement = study(read.template.text, session)
    if statement is None:
        return []
    found = [
        (str(doubt.table), doubt.before, doubt.said) for doubt in doubts(statement, session) if doubt.table in profiles
    ]
    found += _whole_statement(read, statement, session, profiles, account, settings)
    target = Target("query", read.template.fingerprint)
    return [
        Rejection(
            CODE, target, {"tables": [table], "conditions": [{"before": before}]}, f"For review: {before} {said}."
        )
        for table, before, said in found
    ]


def _whole_statement(
    read: ReadTemplate,
    statement: Statement,
    session: Session,
    profiles: dict[TableName, TableProfile],
    account: Account,
    settings: Settings,
) -> list[tuple[str, str, str]]:
    name = next(name for name in read.reading.scans if name in profiles)
    columns = len(profiles[name].table.columns)
    if returns_all(statement.tree) and columns >= WIDE and set(read.reading.scans) == {name}:
        return [(str(name), "SELECT *", f"returns all {columns} columns of {name}: name those that are read")]
    if union_all(statement.tree) is None:
        return []
    original = Snowflake().parse(read.template.text)[0]
    changed = union_all(original) if original is not None else None
    if original is None or changed is None:
        return []
    trial = Trial(original, changed, {}, session, account.workload.window_end)
    if difference(trial, settings.proof_databases, settings.proof_seconds) is not None:
        return []
    said = f"returned the same as UNION ALL on {settings.proof_databases} generated databases: where no row can be in both, UNION ALL spares looking for duplicates"
    return [(str(name), "UNION", said)]
