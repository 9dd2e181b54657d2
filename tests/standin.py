"""A Snowflake account as far as DuckDB can be one: tables, views and rows are real; what only Snowflake has is noted in a catalog.

`run` takes one statement as the scripts hold it. What DuckDB can't run as it stands is run by its inside (the SELECT of a view,
the columns of a key, the predicate of a policy), and the rest is noted where the checks look for it, as Snowflake would show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from advisor.model import TableName
from advisor.quoting import qualified
from tests import account_usage
from tests.scripting import Block, block_of, execute

Rows = list[tuple[Any, ...]]

FACTS = """
CREATE TABLE facts (
  database VARCHAR, schema VARCHAR, name VARCHAR, table_type VARCHAR, clustering_key VARCHAR DEFAULT '', is_dynamic VARCHAR DEFAULT 'NO',
  is_transient VARCHAR DEFAULT 'NO', scheduling_state VARCHAR DEFAULT 'ACTIVE', retention_time INTEGER DEFAULT 1, search_optimization VARCHAR DEFAULT 'OFF', policy VARCHAR
);
CREATE TABLE warehouses (
  "name" VARCHAR, "type" VARCHAR DEFAULT 'STANDARD', "auto_suspend" INTEGER DEFAULT 600, "enable_query_acceleration" VARCHAR DEFAULT 'false'
);
CREATE TABLE tasks ("name" VARCHAR, "schedule" VARCHAR, "state" VARCHAR, "definition" VARCHAR, "comment" VARCHAR);
CREATE TABLE policies ("name" VARCHAR, "comment" VARCHAR);
CREATE TABLE parameters ("name" VARCHAR, "user" VARCHAR, "value" VARCHAR);
"""
TABLES = """
(SELECT o.schema AS table_schema, o.name AS table_name, COALESCE(f.table_type, o.kind) AS table_type, o.rows AS row_count,
    o.comment, f.* EXCLUDE (database, schema, name, table_type, search_optimization, policy, scheduling_state), 0 AS bytes, f.search_optimization, f.policy, f.scheduling_state
FROM (
  SELECT database_name AS database, schema_name AS schema, table_name AS name, 'BASE TABLE' AS kind, estimated_size AS rows, comment FROM duckdb_tables()
  UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', NULL, comment FROM duckdb_views() WHERE NOT internal
) AS o
LEFT JOIN memory.main.facts AS f ON (o.database, o.schema, o.name) = (f.database, f.schema, f.name)
WHERE o.database = {database})
"""
COLUMNS = """
(SELECT schema_name AS table_schema, table_name, column_name,
    CASE data_type WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' WHEN 'VARCHAR' THEN 'TEXT' ELSE data_type END AS data_type
FROM duckdb_columns() WHERE database_name = {database})
"""
OF_TABLE = "(database_name, schema_name, table_name) = (?, ?, ?)"
PLACE = "(database, schema, name) = (?, ?, ?)"
EMPTY = "(SELECT * FROM memory.main.warehouses WHERE FALSE)"
POLICIES = """
(SELECT 'STORAGE_LIFECYCLE_POLICY' AS policy_kind, NULL AS ref_column_name, schema AS policy_schema, policy AS policy_name
FROM memory.main.facts WHERE policy IS NOT NULL)
"""
SHOWN_TABLES = """
(SELECT table_name AS "name", 'TABLE' AS "kind", row_count AS "rows", search_optimization AS "search_optimization", 'N' AS "is_external",
    'N' AS "is_hybrid" FROM {tables} AS t WHERE table_schema = {schema} AND table_type = 'BASE TABLE')
"""
SHOWN_DYNAMIC = """
(SELECT table_name AS "name", scheduling_state AS "scheduling_state" FROM {tables} AS t WHERE table_schema = {schema} AND is_dynamic = 'YES')
"""


class NotRunError(Exception):
    """The statement, or a part of it, that only Snowflake runs."""


def _name(text: str) -> exp.Table:
    return exp.to_table(text, dialect="snowflake")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@cache
def _usage() -> str:
    """The views of ACCOUNT_USAGE, in DuckDB's SQL."""
    return "; ".join(sqlglot.transpile("; ".join(account_usage.statements()), read="snowflake", write="duckdb"))


class Account:
    def __init__(self) -> None:
        self.engine = duckdb.connect(config={"threads": 1})
        self.engine.execute(FACTS)
        self._schema("SNOWFLAKE", "ACCOUNT_USAGE")
        self.engine.execute(_usage())
        self.shown = ""
        """What RESULT_SCAN(LAST_QUERY_ID()) reads."""
        self.ran: list[str] = []
        """Statements that changed something, in order."""
        self.how = ""
        """How much of the last statement ran here."""

    def table(self, name: TableName, columns: str, rows: str, **facts: Any) -> None:
        """A table with `columns` as DuckDB writes them, filled from the query `rows`."""
        self._schema(name.database, name.schema)
        self.engine.execute(f"CREATE TABLE {self.spell(name)} ({columns})")
        self.engine.execute(f"INSERT INTO {self.spell(name)} {rows}")
        self.note(name, **facts)

    def _schema(self, database: str, schema: str) -> None:
        self.engine.execute(f"ATTACH IF NOT EXISTS ':memory:' AS \"{database}\"")
        self.engine.execute(f'CREATE SCHEMA IF NOT EXISTS "{database}"."{schema}"')

    @staticmethod
    def spell(name: TableName) -> str:
        """For DuckDB and for Snowflake."""
        return qualified(name)

    def note(self, name: TableName, **facts: Any) -> None:
        """What Snowflake's catalog says of an object."""
        place = [name.database, name.schema, name.name]
        if not self.engine.execute(f"SELECT 1 FROM memory.main.facts WHERE {PLACE}", place).fetchall():
            self.engine.execute("INSERT INTO memory.main.facts (database, schema, name) VALUES (?, ?, ?)", place)
        for fact, value in facts.items():
            self.engine.execute(f"UPDATE memory.main.facts SET {fact} = ? WHERE {PLACE}", [value, *place])

    def kind(self, name: TableName) -> str | None:
        """TABLE_TYPE of what has that name; None where nothing has."""
        tables = TABLES.format(database=_text(name.database))
        sql = f"SELECT table_type FROM {tables} WHERE (table_schema, table_name) = (?, ?)"
        found = self.engine.execute(sql, [name.schema, name.name]).fetchall()
        return str(found[0][0]) if found else None

    # ------------------------------------------------------------ statements

    def run(self, statement: str) -> Rows:
        """Raises NotRunError where only Snowflake runs it, the block's own exception where it raises one."""
        block = block_of(statement)
        if block is not None:
            return self._block(block)
        for pattern, act, how in ACTS:
            found = re.fullmatch(pattern, statement, re.DOTALL)
            if found is not None:
                act(self, *found.groups())
                self.how = how
                self.ran += [statement] if act not in (_show, _set, _look) else []
                return []
        (tree,) = sqlglot.parse(statement, read="snowflake")
        if isinstance(tree, exp.Command) or tree is None:
            raise NotRunError(" ".join(statement.split()[:3]))
        answer = self.rows(tree)
        self.how = "ran"
        self.ran += [] if isinstance(tree, exp.Query) else [statement]
        return answer

    def rows(self, tree: exp.Expr) -> Rows:
        return list(self.engine.execute(self.translated(tree)).fetchall())

    def query(self, statement: str) -> Rows:
        return self.rows(sqlglot.parse_one(statement, read="snowflake"))

    def _block(self, block: Block) -> Rows:
        loop = next((step for step in block.steps if step.startswith("LOOP")), None)
        if loop is not None:
            raise NotRunError(f"the block waits: {' '.join(loop.split())[:60]}")
        answer = execute(block, self.query, self.run)
        self.how = "inside: its statements, one by one"
        return [(answer,)]

    def translated(self, tree: exp.Expr) -> str:
        """As DuckDB's SQL, over the catalog's stand-ins."""
        tree = tree.copy()
        for name, source in list(self._sources(tree)):
            stand_in = sqlglot.parse_one(f"SELECT * FROM {source}", read="duckdb").find(exp.Subquery)
            assert stand_in is not None
            stand_in.set("alias", exp.TableAlias(this=exp.to_identifier(name.alias or "source")))
            name.replace(stand_in)
        # Snowflake's is NULL where no row satisfies it.
        for call in list(tree.find_all(exp.CountIf)):
            call.replace(exp.Nullif(this=call.copy(), expression=exp.Literal.number(0)))
        # One number for the rows of a table, whatever their order.
        for hash in list(tree.find_all(exp.HashAgg)):
            listed = ", ".join(each.sql("duckdb") for each in (hash.this, *hash.expressions))
            if isinstance(hash.this, exp.Star):
                inside = hash.find_ancestor(exp.Select)
                assert inside is not None
                listed = inside.args["from_"].this.alias
            hash.replace(sqlglot.parse_one(f"COALESCE(SUM(HASH({listed})), 0)", read="duckdb"))
        return tree.sql("duckdb")

    def _sources(self, tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
        for table in tree.find_all(exp.Table):
            if table.db == "INFORMATION_SCHEMA" and table.name in ("TABLES", "COLUMNS"):
                yield table, {"TABLES": TABLES, "COLUMNS": COLUMNS}[table.name].format(database=_text(table.catalog))
        for call in tree.find_all(exp.TableFromRows):
            inside = call.sql("snowflake")
            if "RESULT_SCAN(LAST_QUERY_ID())" in inside:
                yield call, self.shown or EMPTY
            elif "POLICY_REFERENCES(" in inside:
                yield call, POLICIES


# ---------------------------------------------------------------- what only Snowflake has


def _place(name: str) -> TableName:
    table = _name(name)
    return TableName(table.catalog, table.db, table.name)


def _sql(name: str) -> str:
    return _name(name).sql("duckdb", identify=True)


def _cluster(account: Account, _: str, name: str, key: str) -> None:
    tree = sqlglot.parse_one(f"SELECT {key} FROM {name} LIMIT 0", read="snowflake")
    account.rows(tree)
    account.note(_place(name), clustering_key=f"LINEAR({key})")


def _uncluster(account: Account, _: str, name: str) -> None:
    account.note(_place(name), clustering_key="")


def _retain(account: Account, name: str, days: str) -> None:
    account.rows(sqlglot.parse_one(f"SELECT 1 FROM {name} LIMIT 0", read="snowflake"))
    account.note(_place(name), retention_time=int(days))


def _search(account: Account, name: str, clauses: str | None) -> None:
    for column in sqlglot.parse_one(f"SELECT {clauses or '1'}", read="snowflake").find_all(exp.Column):
        account.rows(sqlglot.parse_one(f"SELECT {column.sql('snowflake')} FROM {name} LIMIT 0", read="snowflake"))
    account.note(_place(name), search_optimization="ON")


def _unsearch(account: Account, name: str, _: str | None) -> None:
    account.note(_place(name), search_optimization="OFF")


def _rename(account: Account, exists: str | None, name: str, to: str) -> None:
    place, new = _place(name), _place(to)
    if exists and account.kind(place) is None:
        return
    assert (place.database, place.schema) == (new.database, new.schema)
    account.engine.execute(f'ALTER TABLE {_sql(name)} RENAME TO "{new.name}"')
    renamed = [new.name, place.database, place.schema, place.name]
    account.engine.execute(f"UPDATE memory.main.facts SET name = ? WHERE {PLACE}", renamed)


def _like(account: Account, name: str, source: str, comment: str) -> None:
    account.engine.execute(f"CREATE TABLE IF NOT EXISTS {_sql(name)} AS FROM {_sql(source)} LIMIT 0")
    account.engine.execute(f"COMMENT ON TABLE {_sql(name)} IS {comment}")
    account.note(_place(name))


def _overwrite(account: Account, name: str, rest: str) -> None:
    """Into a table of its own first: DuckDB goes on counting rows that were deleted."""
    place, sql = _place(name), account.engine.execute
    comments = sql(f"SELECT comment FROM duckdb_tables() WHERE {OF_TABLE}", [place.database, place.schema, place.name])
    comment = next((comment for (comment,) in comments.fetchall()), None)
    new = Account.spell(TableName(place.database, place.schema, "NEW ROWS"))
    sql(f"CREATE TABLE {new} AS FROM {_sql(name)} LIMIT 0")
    account.rows(sqlglot.parse_one(f"INSERT INTO {new} {rest}", read="snowflake"))
    sql(f"CREATE OR REPLACE TABLE {_sql(name)} AS FROM {new}")
    sql(f"DROP TABLE {new}")
    sql(f"COMMENT ON TABLE {_sql(name)} IS {'NULL' if comment is None else _text(comment)}")


def _stored(account: Account, kind: str, exists: str | None, name: str, columns: str | None, definition: str) -> None:
    if exists and account.kind(_place(name)) is not None:
        return
    inner = account.translated(sqlglot.parse_one(definition, read="snowflake"))
    if kind == "DYNAMIC TABLE":
        account.engine.execute(f"CREATE TABLE {_sql(name)} AS {inner}")
        account.note(_place(name), is_dynamic="YES")
        return
    listed = sqlglot.parse_one(f"SELECT {columns}", read="snowflake").expressions if columns else []
    names = f" ({', '.join(c.sql('duckdb') for c in listed)})" if listed else ""
    account.engine.execute(f"CREATE VIEW {_sql(name)}{names} AS {inner}")
    account.note(_place(name), table_type="MATERIALIZED VIEW")


def _unstore(account: Account, kind: str, name: str) -> None:
    word, place = "TABLE" if kind == "DYNAMIC TABLE" else "VIEW", _place(name)
    account.engine.execute(f"DROP {word} IF EXISTS {_sql(name)}")
    account.engine.execute(f"DELETE FROM memory.main.facts WHERE {PLACE}", [place.database, place.schema, place.name])


def _policy(account: Account, name: str, argument: str, kind: str, predicate: str, comment: str) -> None:
    cast = f"SELECT {predicate} FROM (SELECT CAST(NULL AS {kind}) AS {argument}) AS row"
    account.rows(sqlglot.parse_one(cast, read="snowflake"))
    _unpolicy(account, name)
    account.engine.execute(f"INSERT INTO memory.main.policies VALUES ({_text(_place(name).name)}, {comment})")


def _unpolicy(account: Account, name: str) -> None:
    account.engine.execute('DELETE FROM memory.main.policies WHERE "name" = ?', [_place(name).name])


def _attach(account: Account, name: str, policy: str, column: str) -> None:
    account.rows(sqlglot.parse_one(f"SELECT {column} FROM {name} LIMIT 0", read="snowflake"))
    account.note(_place(name), policy=_place(policy).name)


def _detach(account: Account, name: str) -> None:
    account.note(_place(name), policy=None)


def _restore(account: Account, name: str, source: str, condition: str) -> None:
    """As where nothing has been archived yet."""
    account.rows(sqlglot.parse_one(f"SELECT 1 FROM {source} WHERE {condition} LIMIT 0", read="snowflake"))
    account.engine.execute(f"CREATE TABLE IF NOT EXISTS {_sql(name)} AS FROM {_sql(source)} LIMIT 0")


def _warehouse(account: Account, name: str, settings: str) -> None:
    columns = {"ENABLE_QUERY_ACCELERATION": "enable_query_acceleration", "AUTO_SUSPEND": "auto_suspend"}
    for setting, value in re.findall(r"(\w+) = (\w+)", settings):
        if setting in columns:
            plain = value.lower() if value in ("TRUE", "FALSE") else int(value)
            account.engine.execute(f'UPDATE memory.main.warehouses SET "{columns[setting]}" = ? WHERE "name" = ?', [plain, _name(name).name])  # fmt: skip


def _user(account: Account, name: str, parameter: str, value: str) -> None:
    given = [value.lower(), _name(name).name, parameter]
    account.engine.execute('UPDATE memory.main.parameters SET "value" = ? WHERE "user" = ? AND "name" = ?', given)


def _explain(account: Account, query: str) -> None:
    account.engine.execute(f"EXPLAIN {account.translated(sqlglot.parse_one(query, read='snowflake'))}")


def _clone(account: Account, name: str, source: str) -> None:
    account.engine.execute(f"CREATE TABLE {_sql(name)} AS FROM {_sql(source)}")
    account.note(_place(name), is_transient="YES")


def _job(account: Account, _: str | None, name: str, key: str | None, query: str) -> None:
    account.engine.execute(
        f"CREATE OR REPLACE TABLE {_sql(name)} AS {account.translated(sqlglot.parse_one(query, read='snowflake'))}"
    )
    if key is not None:
        _cluster(account, "", name, key)


def _task(account: Account, name: str, _: str, schedule: str, comment: str, text: str) -> None:
    account.rows(sqlglot.parse_one(text, read="snowflake"))
    if not account.engine.execute('SELECT 1 FROM memory.main.tasks WHERE "name" = ?', [_name(name).name]).fetchall():
        given = [_name(name).name, schedule, "suspended", text, comment]
        account.engine.execute("INSERT INTO memory.main.tasks VALUES (?, ?, ?, ?, ?)", given)


def _refreshing(account: Account, name: str, change: str) -> None:
    account.note(_place(name), scheduling_state={"SUSPEND": "SUSPENDED", "RESUME": "ACTIVE"}[change])


def _resume(account: Account, name: str) -> None:
    account.engine.execute("""UPDATE memory.main.tasks SET "state" = 'started' WHERE "name" = ?""", [_name(name).name])


def _untask(account: Account, name: str) -> None:
    account.engine.execute('DELETE FROM memory.main.tasks WHERE "name" = ?', [_name(name).name])


def _show(account: Account, what: str, pattern: str, where: str | None) -> None:
    if what == "PARAMETERS":
        account.shown = f'(SELECT * FROM memory.main.parameters WHERE "user" = {_text(_name((where or "").removeprefix(" FOR USER ")).name)})'
    elif what == "WAREHOUSES":
        account.shown = "(SELECT * FROM memory.main.warehouses)"
    elif what == "TASKS":
        account.shown = "(SELECT * FROM memory.main.tasks)"
    elif what == "STORAGE LIFECYCLE POLICIES":
        account.shown = "(SELECT * FROM memory.main.policies)"
    elif what in ("TABLES", "DYNAMIC TABLES"):
        place = _name((where or "").removeprefix(" IN SCHEMA "))
        tables = TABLES.format(database=_text(place.db))
        shown = SHOWN_TABLES if what == "TABLES" else SHOWN_DYNAMIC
        account.shown = shown.format(tables=tables, schema=_text(place.name))
    else:
        raise NotRunError(f"SHOW {what}")


def _look(account: Account, _: str, name: str) -> None:
    account.rows(sqlglot.parse_one(f"SELECT 1 FROM {name} LIMIT 0", read="snowflake"))


def _set(account: Account, _: str) -> None:
    """DuckDB's session has no such parameter: its names are what they are."""


NAME = r'((?:"(?:[^"]|"")*"|[\w$]+)(?:\.(?:"(?:[^"]|"")*"|[\w$]+))*)'
LITERAL = r"('(?:[^'\\]|\\.|'')*')"
Act = Callable[..., None]
ACTS: tuple[tuple[str, Act, str], ...] = (
    (rf"ALTER (DYNAMIC TABLE|TABLE) {NAME} CLUSTER BY \((.*)\)", _cluster, "inside: the key's expressions"),
    (rf"ALTER (DYNAMIC TABLE|TABLE) {NAME} DROP CLUSTERING KEY", _uncluster, "not run: DuckDB has no clustering keys"),
    (rf"ALTER DYNAMIC TABLE {NAME} (SUSPEND|RESUME)", _refreshing, "not run: DuckDB refreshes no tables"),
    (rf"ALTER TABLE {NAME} SET DATA_RETENTION_TIME_IN_DAYS = (\d+)", _retain, "inside: its table"),
    (rf"ALTER TABLE {NAME} ADD SEARCH OPTIMIZATION(?: ON (.*))?", _search, "inside: the columns to search"),
    (rf"ALTER TABLE {NAME} DROP SEARCH OPTIMIZATION(?: ON (.*))?", _unsearch, "not run: DuckDB has no search optimization"),
    (rf"ALTER TABLE (IF EXISTS )?{NAME} RENAME TO {NAME}", _rename, "ran"),
    (rf"CREATE TABLE IF NOT EXISTS {NAME} LIKE {NAME} COMMENT = {LITERAL}", _like, "ran"),
    (rf"INSERT OVERWRITE INTO {NAME} (.*)", _overwrite, "ran"),
    (rf"CREATE (MATERIALIZED VIEW) (IF NOT EXISTS )?{NAME}(?: \((.*?)\n\))?\s+AS\s+(.*)", _stored, "inside: its SELECT"),
    (rf"CREATE (DYNAMIC TABLE) (IF NOT EXISTS )?{NAME}(\s\bNEVER)?\s+TARGET_LAG.*?\nAS\n(.*)", _stored, "inside: its SELECT"),
    (rf"DROP (MATERIALIZED VIEW|DYNAMIC TABLE) IF EXISTS {NAME}", _unstore, "ran, as the drop of a plain view or table"),
    (rf"CREATE STORAGE LIFECYCLE POLICY IF NOT EXISTS {NAME}\s+AS \((\w+) (\w+)\)\s+RETURNS BOOLEAN -> (.*?)\s+ARCHIVE_TIER.*\s+COMMENT = {LITERAL}", _policy, "inside: its predicate"),
    (rf"DROP STORAGE LIFECYCLE POLICY IF EXISTS {NAME}", _unpolicy, "not run: DuckDB has no storage lifecycle policies"),
    (rf"ALTER TABLE {NAME} ADD STORAGE LIFECYCLE POLICY {NAME} ON \((.*)\)", _attach, "inside: its column"),
    (rf"ALTER TABLE {NAME} DROP STORAGE LIFECYCLE POLICY", _detach, "not run: DuckDB has no storage lifecycle policies"),
    (rf"CREATE TABLE IF NOT EXISTS {NAME} FROM ARCHIVE OF {NAME} WHERE (.*)", _restore, "inside: its condition"),
    (r"EXPLAIN USING TEXT\s+(.*)", _explain, "inside: the plan of its query"),
    (rf"CREATE TRANSIENT TABLE {NAME} CLONE {NAME}", _clone, "ran, as a copy"),
    (rf"CREATE OR REPLACE (TRANSIENT )?TABLE {NAME}(?: CLUSTER BY \((.*?)\))? AS (SELECT .*)", _job, "ran, the key's expressions apart"),
    (rf"CREATE TASK IF NOT EXISTS {NAME}\s+WAREHOUSE = (\S+)\s+SCHEDULE = '([^']*)'\s+COMMENT = '([^']*)'\nAS\n(.*)", _task, "inside: its query"),
    (rf"ALTER TASK {NAME} RESUME", _resume, "not run: DuckDB has no tasks"),
    (rf"DROP TASK IF EXISTS {NAME}", _untask, "not run: DuckDB has no tasks"),
    (rf"ALTER WAREHOUSE {NAME} SET (.*)", _warehouse, "not run: DuckDB has no warehouses"),
    (rf"ALTER USER {NAME} SET (\w+) = (\w+)", _user, "not run: DuckDB's users have no parameters"),
    (rf"SHOW (\w+|DYNAMIC TABLES|MATERIALIZED VIEWS|STORAGE LIFECYCLE POLICIES) LIKE {LITERAL}(.*)", _show, "not run: DuckDB's SHOW is another"),
    (rf"(SHOW GRANTS|DESCRIBE SEARCH OPTIMIZATION) ON (?:TABLE )?{NAME}", _look, "inside: its table"),
    (r"(ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE)", _set, "not run: DuckDB has no such parameter"),
)  # fmt: skip
