"""The script that proves a key on a clone in the account; it is printed for a person to run, never run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from advisor.account import Account
from advisor.generator.scripts import environment
from advisor.model import QueryTemplate, Recommendation, TableName
from advisor.prover.settled import table_of
from advisor.usage.names import Session

TEMPLATES = 5
DEPTH = 2
MINUTES = 120


@dataclass(frozen=True)
class Plan:
    """One statement to explain, on the table and on its clone."""

    fingerprint: str
    executions: int
    predicted: float
    """Partitions of the table."""
    before: str
    after: str


def script(recommendation: Recommendation, account: Account) -> str:
    """The text for one recommended key: clone, cluster, wait, explain the top templates on both, drop."""
    return rendered(recommendation, _plans(recommendation, account))


def rendered(recommendation: Recommendation, plans: Sequence[Plan]) -> str:
    return (
        environment()
        .get_template("prove_on_clone.sql.j2")
        .render(
            recommendation=recommendation,
            table=table_of(recommendation.target),
            clone=clone_of(recommendation),
            key=recommendation.details["clustering_key"],
            plans=plans,
            depth=DEPTH,
            minutes=MINUTES,
        )
    )


def clone_of(recommendation: Recommendation) -> TableName:
    """Beside the table, under a name that is the same from run to run and that nobody else gives."""
    table = table_of(recommendation.target)
    digest = hashlib.sha256(recommendation.id.encode()).hexdigest()[:12].upper()
    return TableName(table.database, table.schema, f"ADVISOR_PROOF_{digest}")


def _plans(recommendation: Recommendation, account: Account) -> list[Plan]:
    """Of the templates that gain or lose most, those whose statement names the table."""
    table, clone = table_of(recommendation.target), clone_of(recommendation)
    partitions = recommendation.details["partitions"]
    assert isinstance(partitions, int)
    templates = {template.fingerprint: template for template in account.workload.templates}
    directory = account.directory
    found = []
    for evidence in recommendation.templates:
        template = templates[evidence.fingerprint]
        texts = renamed(_text(template), Session(directory, template.database, template.schema), table, clone)
        if texts is not None and evidence.after is not None:
            found.append(Plan(evidence.fingerprint, evidence.executions, evidence.after * partitions, *texts))
    return found[:TEMPLATES]


def _text(template: QueryTemplate) -> str:
    return template.samples[0].text if template.samples else template.text


def renamed(text: str, session: Session, table: TableName, clone: TableName) -> tuple[str, str] | None:
    """The query with every known table named in full, and the same of the clone; None for what is no query that names the
    table itself."""
    try:
        trees = sqlglot.parse(text, read="snowflake")
    except (SqlglotError, RecursionError, AttributeError, LookupError, TypeError, ValueError):
        # sqlglot's own slips on malformed texts.
        return None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return None
    tree = trees[0]
    inner = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    named = [
        node for node in tree.find_all(exp.Table) if node.args.get("db") is not None or node.name.upper() not in inner
    ]
    mine = [node for node in named if _spell(node, session) == table]
    if not mine:
        return None
    before = tree.sql(dialect="snowflake", comments=False)
    for node in mine:
        _name(node, clone)
    return before, tree.sql(dialect="snowflake", comments=False)


def _spell(node: exp.Table, session: Session) -> TableName | None:
    """Names a known table or view in full, its former name kept as its alias; None for what is not known."""
    if not isinstance(node.this, exp.Identifier):
        return None
    name = session.table(node)
    if name not in session.directory.tables and name not in session.directory.views:
        return None
    if not node.alias:
        node.set("alias", exp.TableAlias(this=node.this.copy()))
    _name(node, name)
    return name


def _name(node: exp.Table, name: TableName) -> None:
    for part, text in (("this", name.name), ("db", name.schema), ("catalog", name.database)):
        node.set(part, exp.to_identifier(text, quoted=True))
