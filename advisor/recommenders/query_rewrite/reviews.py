"""Texts that a person should look at: what they were meant to ask, the history doesn't tell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake

from advisor.account import Account
from advisor.equality import Trial
from advisor.figures import many
from advisor.model import ReadTemplate, Rejection, TableName, Target
from advisor.profile import TableProfile
from advisor.pruning.joins import kept_by_nulls, ordered_by
from advisor.recommenders.query_rewrite.ranges import CODE
from advisor.rewrites import unions
from advisor.rewrites.studies import Studied
from advisor.settings import Settings
from advisor.usage.names import Session

WIDE = 50
"""Columns from which SELECT * is worth a look, …"""
FEW = 0.5
"""… where the other queries use less than this share of them."""
MOST_UNIONS = 3
"""Of one statement, since each is run beside the statement."""
JOINS = {
    "EXPLODING_JOIN": "gives many more rows than it reads: a condition may be missing, or a key may repeat on both sides",
    "NESTED_EXPLODING_JOIN": "gives many more rows than it reads, within another join that does: join what is unique first",
    "JOIN_WITH_NO_JOIN_CONDITION": "has no condition: every row of one side meets every row of the other",
    "INEFFICIENT_JOIN_CONDITION": "has no equality to join by: each row is compared with each",
}
"""Snowflake's own remarks, by what it calls them."""

Found = tuple[TableName, str, str]
"""Which table, what stands there, and what is said of it."""


def reviews(
    read: ReadTemplate, session: Session, profiles: dict[TableName, TableProfile], account: Account, settings: Settings
) -> list[Rejection]:
    """What is said of a template, without a saving."""
    statement = account.statement(read.template)
    if statement is None:
        return []
    found = [(doubt.table, doubt.before, doubt.said) for doubt in statement.doubts if doubt.table in profiles]
    remarks = (
        [] if any("a condition may be missing" in said for *_, said in found) else [*_remarks(read, profiles, account)]
    )
    found += [
        *remarks,
        *_nulls_first(read, profiles),
        *_wide(read, statement, profiles, account),
        *_unions(read, statement, session, profiles, account, settings),
    ]
    target = Target("query", read.template.fingerprint)
    return [
        Rejection(
            CODE, target, {"tables": [str(table)], "conditions": [{"before": before}]}, f"For review: {before} {said}."
        )
        for table, before, said in found
    ]


def _large(read: ReadTemplate, profiles: dict[TableName, TableProfile]) -> TableName:
    return next(name for name in read.reading.scans if name in profiles)


def _nulls_first(read: ReadTemplate, profiles: dict[TableName, TableProfile]) -> Iterator[Found]:
    """A top-k that Snowflake would skip partitions for, did rows without a value not come first (docs.snowflake.com: Top-K pruning)."""
    first = ordered_by(read.reading)
    if first is None or first.table not in profiles or not kept_by_nulls(first, profiles[first.table].table):
        return
    if first.column not in {column.name for column in profiles[first.table].table.columns}:
        return
    column = exp.to_identifier(first.column).sql("snowflake")
    ordered = f"ORDER BY {column}{' DESC' if first.descending else ''} LIMIT {read.reading.limit}"
    said = (
        "puts rows without a value first, so Snowflake skips partitions for the LIMIT only if the column is declared NOT NULL, which the "
        "catalog doesn't say: with NULLS LAST it can, and where no row lacks a value the answer is the same"
    )
    yield first.table, ordered, said


def _remarks(read: ReadTemplate, profiles: dict[TableName, TableProfile], account: Account) -> Iterator[Found]:
    for remark in account.facts.remarks:
        if remark.hash in read.template.hashes and remark.kind in JOINS:
            before = f"a join that Snowflake remarks on in {many(remark.queries, 'execution')}"
            yield _large(read, profiles), before, JOINS[remark.kind]


def _wide(
    read: ReadTemplate, statement: Studied, profiles: dict[TableName, TableProfile], account: Account
) -> Iterator[Found]:
    name = _large(read, profiles)
    columns = profiles[name].table.columns
    if not statement.returns_all or len(columns) < WIDE or set(read.reading.scans) != {name}:
        return
    used = _used(name, read, account)
    if used and len(used) < FEW * len(columns):
        said = f"returns all {len(columns)} columns of {name}, of which the window's other queries use {len(used)}: name those that are read"
        yield name, "SELECT *", said


def _used(name: TableName, read: ReadTemplate, account: Account) -> frozenset[str]:
    """The columns of it that other templates name."""
    others = [each for each in account.templates if name in each.reading.scans and each.template is not read.template]
    blocks = [block for other in others for block in account.blocks(other.template)]
    return frozenset(column for block in blocks for table, column in block.columns if table == name)


def _unions(
    read: ReadTemplate,
    statement: Studied,
    session: Session,
    profiles: dict[TableName, TableProfile],
    account: Account,
    settings: Settings,
) -> Iterator[Found]:
    original = Snowflake().parse(read.template.text)[0] if statement.united else None
    if original is None:
        return
    for before, changed in islice(unions(original), MOST_UNIONS):
        trial = Trial(original, changed, {}, session, account.workload.window_end)
        if account.proofs.difference(trial, settings) is None:
            said = f"returned the same as UNION ALL on {settings.proof_databases} generated databases: where no row can be in both, UNION ALL spares looking for duplicates"
            yield _large(read, profiles), before, said
