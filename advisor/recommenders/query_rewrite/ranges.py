"""Conditions on a function of a date that a range of the date asks as well: what the range is predicted to spare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from sqlglot.dialects.snowflake import Snowflake

from advisor.account import Account
from advisor.blocks import study
from advisor.cost import DAYS_PER_MONTH, ScanPrice
from advisor.equality import Trial
from advisor.figures import between, number
from advisor.model import (
    FILTERS,
    ZERO,
    Benefit,
    Change,
    Cost,
    Grade,
    Proposal,
    Range,
    ReadTemplate,
    Recommendation,
    Rejection,
    Service,
    TableName,
    Target,
    TemplateEvidence,
)
from advisor.platform import masked
from advisor.profile import UNPRUNED, TableProfile
from advisor.pruning.asks import asks_of
from advisor.pruning.axes import Axis
from advisor.pruning.widths import touched
from advisor.rewrites import Unwrapped, source_of, unwrap
from advisor.settings import Settings
from advisor.stored_results.proving import pretty, qualified
from advisor.stored_results.serving import line_of, per_hour
from advisor.terms import hashes, identity, short_window, valid_until
from advisor.usage import read as read_text
from advisor.usage.names import Session

CODE = "query_rewrite"

NO_PARTITIONS = {
    "hybrid": "It is a hybrid table: it has no micro-partitions that a range could skip.",
    "temporary": "It is a temporary table, another in each session: how its rows lie isn't known.",
    "external": "It is an external table: whether a range skips any of its files needs checking.",
    "event": "It is an event table: whether a range skips any of its partitions needs checking.",
}

SPREAD = 1.5  # partitions predicted lie within this factor
FEWER = 0.9  # a rewrite must be predicted to read less than this part of what is read today


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


def rewrite(
    read: ReadTemplate, session: Session, profiles: dict[TableName, TableProfile], account: Account, settings: Settings
) -> Proposal | Rejection | None:
    if not any(usage.wrapper and usage.role in FILTERS for usage in read.reading.usages):
        return None
    source = source_of(read.template.text)
    statement = study(source.query, session, stars=True) if source is not None else None
    changed = unwrap(statement, session, _idle(read, profiles)) if statement is not None else ()
    if source is None or statement is None or not changed or changed[0].table not in profiles:
        return None
    original = Snowflake().parse(source.query)[0]
    assert original is not None
    after = pretty(qualified(statement.tree, session))
    trial = Trial(original, statement.tree, {}, session, account.workload.window_end)
    why = account.proofs.difference(trial, settings)
    if why is not None:
        return _reject(read, changed, f"For review: {changed[0].after} in place of {changed[0].before} {why}.")
    why = _unpruned(changed[0], profiles[changed[0].table])
    if why is not None:
        return _reject(read, changed, why)
    gain = _gain(read, changed[0], profiles[changed[0].table], account)
    if isinstance(gain, str):
        return _reject(read, changed, gain)
    texts = {"original": pretty(qualified(original, session)), "query": after, "source_of": source.of}
    return _proposal(read, changed, texts, gain, account, settings)


def _unpruned(changed: Unwrapped, profile: TableProfile) -> str | None:
    """Why a range may skip nothing whatever the order of the rows, as a sentence."""
    why = next((why for trait, why in NO_PARTITIONS.items() if trait in profile.table.traits), None)
    return why or next(iter(masked(profile.table, {changed.column})), None)


def _idle(read: ReadTemplate, profiles: dict[TableName, TableProfile]) -> frozenset[TableName]:
    """The tables whose scans show that the template's conditions don't prune though the rows lie in that order."""
    loads = [
        (name, load) for name, profile in profiles.items() for load in profile.loads if load.template is read.template
    ]
    return frozenset(name for name, load in loads if load.unserved == UNPRUNED)


def _gain(read: ReadTemplate, changed: Unwrapped, profile: TableProfile, account: Account) -> _Gain | str:
    """What the range is predicted to read on the rows as they lie, or why that isn't known or no less, as a sentence."""
    load = next((load for load in profile.loads if load.template is read.template), None)
    width, line = profile.layout.widths.get(changed.column), line_of(changed.column, profile, account.workload)
    if width is None or line is None or load is None or load.before is None:
        return (
            f"For review: {changed.after} asks the same as {changed.before} and can prune; how the rows lie by {changed.column} "
            "isn't known, so what it would save isn't either."
        )
    each = [_touched(text, at, changed, line, width, read, account) for text, at in _asked(read, account)]
    reads = profile.partitions * fmean(each)
    if reads >= load.before * FEWER:
        return f"{changed.after} is predicted to read {number(reads)} partitions, no fewer than the {number(load.before)} of today."
    return _Gain(profile, load.before, Range(reads / SPREAD, reads, min(load.before, reads * SPREAD)))


def _asked(read: ReadTemplate, account: Account) -> list[tuple[str, datetime]]:
    """The template's samples with the moment of each; its representative at the window's end where it has none."""
    samples = [(sample.text, sample.started) for sample in read.template.samples]
    return samples or [(read.template.text, account.workload.window_end)]


def _touched(
    text: str, at: datetime, changed: Unwrapped, line: Axis, width: float, read: ReadTemplate, account: Account
) -> float:
    """The share of the partitions that an execution reads by the range in its text; all where it can't be asked so."""
    template = read.template
    session = Session(account.directory, template.database, template.schema)
    source = source_of(text)
    statement = study(source.query, session, stars=True) if source is not None else None
    if statement is None or not unwrap(statement, session, frozenset({changed.table})):
        return 1.0
    after = pretty(qualified(statement.tree, session))
    said = read_text(after, account.catalog, database=template.database, schema=template.schema, at=at)
    usages = [u for u in said.usages if u.table == changed.table and u.column == changed.column and u.role in FILTERS]
    return min((touched(ask, width) for ask in asks_of(usages, {changed.column: line})), default=1.0)


def _proposal(
    read: ReadTemplate,
    changed: Sequence[Unwrapped],
    texts: Mapping[str, object],
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
            f"{_asker(texts)} asks {changed[0].before}, {_why(changed[0])}, and reads {number(gain.before)} of {gain.profile.partitions:,} "
            f"micro-partitions each time; {changed[0].after} asks the same and is predicted to read "
            f"{between(gain.after)}. That saves {between(saved)} credits a month."
        ),
        details={**_details(read, changed, settings, account), **texts},
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


def _asker(texts: Mapping[str, object]) -> str:
    return "It" if texts["source_of"] is None else f"The query that its {texts['source_of']} takes rows from"


def _why(changed: Unwrapped) -> str:
    if changed.shifted:
        return "of which its scans skip nothing, though the rows lie in that order"
    if changed.usual:
        return "which usually prunes and by its scans doesn't, though the rows lie in that order"
    return "of which no partition keeps a minimum and maximum"


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
