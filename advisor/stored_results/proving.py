"""The templates of a stored result rewritten over it, each rewrite run beside its original."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.dialects.snowflake import Snowflake

from advisor.account import Account
from advisor.blocks import Block, NotServedError, Stored, definition, projection, rewritten, study
from advisor.blocks.expressions import named
from advisor.equality import Trial
from advisor.model import QueryTemplate, TableName
from advisor.quoting import literal
from advisor.settings import Settings
from advisor.stored_results import proven
from advisor.stored_results.proven import Proven, Rewrite
from advisor.usage.names import Session, fold


@dataclass(frozen=True)
class Rewrites:
    """By fingerprint: the rewrites that are proven, and why another couldn't be had."""

    proven: Mapping[str, Rewrite]
    refused: Mapping[str, str]


def begin(
    asked: Sequence[tuple[QueryTemplate, Block]], kept: Stored, name: TableName, account: Account, settings: Settings
) -> Callable[[], Rewrites]:
    """Each template's blocks read from `name`; the statement must return on generated rows what it returns today. What the answer
    takes is begun at once."""
    templates = {template.fingerprint: template for template, _ in asked}
    begun = {
        fingerprint: _begun(
            template, [block for one, block in asked if one.fingerprint == fingerprint], kept, name, account, settings
        )
        for fingerprint, template in templates.items()
    }

    def rewrites() -> Rewrites:
        said = {fingerprint: found() for fingerprint, found in begun.items()}
        written = {fingerprint: each for fingerprint, each in said.items() if isinstance(each, Proven)}
        return Rewrites(
            {fingerprint: each.rewrite for fingerprint, each in written.items() if each.why is None},
            {fingerprint: each for fingerprint, each in said.items() if isinstance(each, str)}
            | {fingerprint: each.why for fingerprint, each in written.items() if each.why is not None},
        )

    return rewrites


def _begun(
    template: QueryTemplate,
    blocks: Sequence[Block],
    kept: Stored,
    name: TableName,
    account: Account,
    settings: Settings,
) -> Callable[[], Proven | str]:
    """What says, once it is asked, what became of one template's rewrite, or why none can be written."""
    own, session = own_part(blocks, kept), Session(account.directory, template.database, template.schema)
    key = proven.key(template, blocks, own, name, settings)
    found = None if key is None else account.proven.find(key)
    if found is not None:
        return lambda: found
    session.directory.asked.clear()
    tree = rewrite(template.text, blocks, own, name, session)
    if isinstance(tree, str):
        return lambda: tree
    original = Snowflake().parse(template.text)[0]
    assert original is not None
    trial = Trial(original, tree, {name: definition(own)}, session, account.workload.window_end)
    proof = account.proofs.begin(trial, settings)
    texts = Rewrite(pretty(qualified(original, session)), pretty(qualified(tree, session)))
    names = tuple(sorted(session.directory.asked))

    def said() -> Proven:
        new = Proven(texts, proof.why(), names)
        if key is not None and proof.lasts():
            account.proven.keep(key, new)
        return new

    return said


def own_part(blocks: Sequence[Block], kept: Stored) -> Stored:
    """Of stored rows the columns that the blocks read: those that others read change nothing for them, so that what was found
    holds whichever templates come and go beside them."""
    if not kept.rows:
        return kept
    (table,) = kept.tables
    columns = {column for block in blocks for owner, column in block.columns if owner == table}
    return projection(table, columns, kept.conditions, kept.order)


def rewrite(text: str, blocks: Sequence[Block], kept: Stored, name: TableName, session: Session) -> exp.Expr | str:
    """The statement's tree over the stored result, or why there is none."""
    statement = study(text, session)
    if statement is None:
        return "could not be read again"
    try:
        for block in blocks:
            rewritten(statement, block, kept, name)
    except NotServedError as error:
        return f"isn't possible: {error}"
    except RecursionError:
        return "isn't possible: it nests too deep"
    return statement.tree


def qualified(tree: exp.Expr, session: Session) -> exp.Expr:
    """The tree with the names of its tables in full, so that it means the same in every session. Changes the tree."""
    ctes = {fold(cte.args["alias"].this) for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and (
            table.args.get("db") is not None or fold(table.this) not in ctes
        ):
            name = session.table(table)
            for part, value in (("this", name.name), ("db", name.schema), ("catalog", name.database)):
                if value:
                    table.set(part, named(value))
    return tree


def pretty(tree: exp.Expr) -> str:
    """As SQL for review: what doesn't show in a constant is written as an escape."""
    written = tree.sql(dialect="snowflake", comments=False, pretty=True)
    strings = [token for token in sqlglot.tokenize(written, read="snowflake") if token.token_type is TokenType.STRING]
    for token in reversed(strings):
        written = written[: token.start] + literal(token.text) + written[token.end + 1 :]
    return written
