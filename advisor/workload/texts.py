"""The texts of `sql/`, in DuckDB's dialect, over the tables that stand for an account's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from advisor import resources

_PADDED = "CASE WHEN {0} LIKE ' %' OR {0} LIKE '% ' THEN TRIM({0}) ELSE {0} END"


@cache
def duckdb_sql(name: str, history: str = "query_history", executions: str = "executions") -> str:
    """The text of `sql/<name>.sql` in DuckDB's dialect, over these two tables of a snapshot."""
    return _duckdb(_tree(name, history, executions))


@cache
def samples_of(history: str, executions: str) -> str:
    """`sql/query_samples.sql` over executions that say how many SAMPLES are taken of theirs, and the NUMBER of their statement in
    its context: to sort numbers takes a fraction of what texts take."""
    tree = _tree("query_samples", history, executions)
    for window in tree.find_all(exp.Window):
        kept = [column for column in window.args["partition_by"] if column.name == "STRATUM"]
        window.set("partition_by", [exp.column("NUMBER"), *kept])
    return _duckdb(tree).replace("$samples", "SAMPLES")


@cache
def repeats_of(history: str, questions: str) -> str:
    """`sql/query_repeats.sql`, where only texts of what was asked again are given a TEXT_ID: of all texts it takes
    several times what the rest does. `questions` are the rows of `history`, of which texts may be unread where a hash
    tells the question.
    """
    tree = _tree("query_repeats", history, "executions")
    asked, again = (next(cte for cte in tree.ctes if cte.alias == name) for name in ("asked", "again"))
    texts = asked.this.copy()
    texts.set("expressions", [each for each in texts.expressions if each.alias_or_name in ("QUERY_ID", "TEXT_ID")])
    texts.where("QUERY_ID IN (SELECT QUERY_ID FROM repeated)", copy=False, dialect="duckdb")
    asked.this.set("expressions", [each for each in asked.this.expressions if each.alias_or_name != "TEXT_ID"])
    asked.this.set("from_", exp.From(this=exp.to_table(questions)))
    told = f"SELECT repeated.*, TEXT_ID FROM repeated JOIN ({texts.sql('duckdb')}) AS told USING (QUERY_ID)"
    again.set("this", sqlglot.parse_one(f"WITH repeated AS ({again.this.sql('duckdb')}) {told}", read="duckdb"))
    return _duckdb(tree)


@cache
def executions_of(history: str, unique: bool, named: bool = False) -> str:
    """`sql/executions.sql` over other rows, where the repeated ids of the whole history are known. Where there are none, the
    ids need not be read again. `named`: what has no hash is the statement that its TEXT_STATEMENT says."""
    tree = _executions(history, unique)
    if named:
        statement = next(column for column in tree.expressions if column.alias_or_name == "STATEMENT")
        statement.this.set("expressions", [exp.column("TEXT_STATEMENT")])
    return _duckdb(tree)


@cache
def latest_of(history: str, unique: bool) -> str:
    """The rows that these executions are of, with their EXECUTION_MS."""
    tree = _executions(history, unique)
    ms = next(column for column in tree.expressions if column.alias_or_name == "EXECUTION_MS")
    return _duckdb(tree.select("*", ms, append=False))


@cache
def columns_of_executions(names: Sequence[str]) -> tuple[str, frozenset[str]]:
    """Some columns of `sql/executions.sql`, and those of the history that they are made of."""
    made = [column for column in _executions("query_history", True).expressions if column.alias_or_name in names]
    used = frozenset(column.name for each in made for column in each.find_all(exp.Column))
    return ", ".join(map(_duckdb, made)), used


@cache
def figures_of_templates(names: Sequence[str]) -> str:
    """Some columns of `sql/query_templates.sql`: figures, summed."""
    tree = _tree("query_templates", "query_history", "executions")
    return ", ".join(_duckdb(column) for column in tree.expressions if column.alias_or_name in names)


def _executions(history: str, unique: bool) -> exp.Select:
    tree = _tree("executions", history, "executions")
    repeated, latest = tree.ctes
    if unique:
        repeated.pop()
        latest.set("this", sqlglot.parse_one(f"SELECT * FROM {history}", read="duckdb"))
    else:
        repeated.set("this", sqlglot.parse_one("SELECT * FROM temp.repeated", read="duckdb"))
    return tree


def _duckdb(tree: exp.Expr) -> str:
    # What a value begins and ends with is seen at once; DuckDB's TRIM reads all of it.
    for trim in list(tree.find_all(exp.Trim)):
        value = trim.this.sql(dialect="duckdb")
        trim.replace(sqlglot.parse_one(_PADDED.format(value), read="duckdb"))
    return tree.sql(dialect="duckdb", comments=False)


def _tree(name: str, history: str, executions: str) -> exp.Select:
    tree = sqlglot.parse_one(resources.sql(name), read="snowflake")
    if not isinstance(tree, exp.Select):
        raise TypeError(f"sql/{name}.sql is no SELECT")
    for table in list(tree.find_all(exp.Table)):
        if table.catalog:
            table.replace(exp.to_table(history))
        elif table.name == "EXECUTIONS":
            table.replace(exp.to_table(executions))
    return tree
