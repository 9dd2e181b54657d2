"""Blocks of statements and their rewrites: what is found, what is stored, and 200 generated databases for each rewrite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from advisor.blocks import Block, Stored, column_names, definition, merged, projection, stored, study
from advisor.blocks.legality import view_obstacle
from advisor.equality import Trial, difference
from advisor.equality.engine import ENGINE, _all_at_once, _create, _one_by_one
from advisor.equality.queries import Queries
from advisor.model import Catalog, Column, Table, TableName
from advisor.settings import Settings
from advisor.stored_results.proving import own_part, rewrite
from advisor.usage.names import Directory, Session
from tests.usage.oracle import Benchmark, snowflake

DATABASES = 200
SECONDS = 120.0
AT = datetime(2024, 5, 17, 9, 30)
NAME = TableName("DB", "S", "KEPT")
EU = TableName("DB", "S", "EU")


def table(name: str, **columns: str) -> Table:
    found = tuple(Column(column.upper(), kind, i) for i, (column, kind) in enumerate(columns.items(), 1))
    return Table(TableName("DB", "S", name), "BASE TABLE", 1000, 1000, found)


SALES = table(
    "SALES",
    id="NUMBER",
    customer_id="NUMBER",
    region="TEXT",
    day="DATE",
    ts="TIMESTAMP_NTZ",
    amount="NUMBER",
    weight="FLOAT",
    returned="BOOLEAN",
)
CUSTOMERS = table("CUSTOMERS", customer_id="NUMBER", segment="TEXT", since="DATE")
SESSION = Session(Directory.of(Catalog({one.name: one for one in (SALES, CUSTOMERS)})), "DB", "S")
TYPES = {column.name: column.data_type for column in (*CUSTOMERS.columns, *SALES.columns)}


def blocks(sql: str, session: Session = SESSION) -> tuple[Block, ...]:
    statement = study(sql, session)
    assert statement is not None
    return statement.blocks


def fixed(block: Block) -> frozenset[str]:
    return frozenset(condition.text for condition in block.conditions if condition.fixed)


def proven(sql: str, kept: Stored, served: list[Block], session: Session = SESSION) -> str | None:
    tree = rewrite(sql, served, kept, NAME, session)
    if isinstance(tree, str):
        return tree
    original = sqlglot.parse_one(sql, read="snowflake")
    return difference(
        Trial(original, tree, {NAME: definition(kept)}, session, AT),
        Settings(proof_databases=DATABASES, proof_seconds=SECONDS),
    )


GROUPED = [
    "SELECT region, SUM(amount), COUNT(*), MIN(day), MAX(ts) FROM sales WHERE day >= '2024-03-01' GROUP BY region",
    "SELECT COUNT(*), COUNT(amount), SUM(amount), AVG(amount), COUNT_IF(returned) FROM sales WHERE region = 'EU'",
    "SELECT TO_DATE(ts) AS d, AVG(weight) FROM sales WHERE region IN ('EU', 'US') AND day BETWEEN '2024-01-01' AND '2024-06-30' GROUP BY d",
    "SELECT region r, SUM(IFF(returned, amount, 0)) back FROM sales GROUP BY 1 HAVING COUNT(1) > 1 ORDER BY back DESC LIMIT 3",
    "SELECT DISTINCT region, day FROM sales WHERE NOT returned",
    "SELECT YEAR(day), MONTH(day), SUM(amount) / COUNT(*) FROM sales WHERE DATE_TRUNC('month', day) = '2024-05-01' GROUP BY ALL",
    "WITH s AS (SELECT region, customer_id, SUM(amount) AS total FROM sales GROUP BY 1, 2) SELECT region, MAX(total) FROM s GROUP BY region",
    "SELECT c.segment, s.total FROM customers c LEFT JOIN (SELECT customer_id, SUM(amount) total FROM sales GROUP BY 1) s USING (customer_id)",
    "SELECT region, COUNT(*) n FROM sales GROUP BY region UNION ALL SELECT 'all', COUNT(*) FROM sales",
    "SELECT day, SUM(SUM(amount)) OVER (ORDER BY day) FROM sales WHERE region LIKE 'E%' GROUP BY day",
    "SELECT region FROM sales WHERE amount IS NULL OR amount > 5 GROUP BY region ORDER BY COUNT(*)",
    "SELECT MAX(amount) FROM sales WHERE day >= CURRENT_DATE - 7",
    "SELECT UPPER(region) AS u, MIN(amount) FROM sales WHERE u <> 'EU' GROUP BY u QUALIFY ROW_NUMBER() OVER (ORDER BY MIN(amount), u) <= 2",
    "SELECT CASE WHEN amount > 10 THEN 'high' ELSE 'low' END AS band, COUNT(*) FROM sales GROUP BY band",
    "SELECT x.region FROM (SELECT region, AVG(amount) a FROM sales GROUP BY region ORDER BY a DESC NULLS LAST LIMIT 4) x WHERE x.a > 1",
    "WITH t AS (SELECT region, SUM(amount) s FROM sales GROUP BY 1 ORDER BY SUM(amount) DESC, 1 LIMIT 5 OFFSET 1) SELECT region FROM t",
]
JOINED = [
    "SELECT c.segment, SUM(s.amount), AVG(s.weight) FROM sales s JOIN customers c ON c.customer_id = s.customer_id WHERE c.segment = 'A' GROUP BY c.segment",
    "SELECT segment, COUNT(*) FROM sales LEFT JOIN customers USING (customer_id) WHERE since >= '2020-01-01' GROUP BY segment",
    "SELECT COUNT(*) FROM sales a JOIN sales b ON a.customer_id = b.customer_id AND a.day < b.day WHERE a.region = 'EU'",
]
PROJECTED = [
    "SELECT id, amount FROM sales WHERE customer_id = 7 AND region = 'EU'",
    "SELECT * FROM sales s WHERE s.region = 'EU' ORDER BY 2, 1",
    "SELECT s.id, c.segment FROM sales s LEFT JOIN customers c ON c.customer_id = s.customer_id WHERE s.region = 'EU' AND s.day > '2024-01-01'",
    "SELECT c.segment, s.id FROM customers c LEFT JOIN sales s ON s.customer_id = c.customer_id WHERE s.region = 'EU'",
    "SELECT sales.id, segment FROM customers RIGHT JOIN sales USING (customer_id) WHERE region = 'EU'",
    "WITH x AS (SELECT id, amount FROM sales WHERE region = 'EU') SELECT SUM(amount) FROM x WHERE id > 3",
    "SELECT day, COUNT(DISTINCT id) FROM sales WHERE region = 'EU' GROUP BY day HAVING COUNT(*) > 1",
    "SELECT id, RANK() OVER (PARTITION BY day ORDER BY amount) FROM sales WHERE region = 'EU' QUALIFY ROW_NUMBER() OVER (ORDER BY id, amount) < 4",
]
EXACT = [
    "SELECT region, COUNT(DISTINCT customer_id) FROM sales WHERE day = '2024-05-01' GROUP BY region",
    "SELECT COUNT(DISTINCT customer_id), MEDIAN(amount) FROM sales WHERE region = 'EU'",
    "SELECT c.segment, COUNT(DISTINCT s.region) FROM sales s JOIN customers c USING (customer_id) WHERE s.day = '2024-05-01' GROUP BY 1",
]


@pytest.mark.parametrize("sql", GROUPED + JOINED)
def test_filters_lifted_to_keys_leave_the_answer_as_it_is(sql: str) -> None:
    found = [block for block in blocks(sql) if not block.plain and "SALES" in block.source]
    assert found
    for block in found:
        assert proven(sql, stored(block, frozenset()), [block]) is None


@pytest.mark.parametrize("times", [1, 30])
def test_an_output_keeps_its_name_unless_none_can_be_as_long(times: int) -> None:
    sql = f"SELECT SUM(IFF(returned, {' + '.join(['amount'] * times)}, 0)) FROM sales GROUP BY region"
    (block,) = blocks(sql)
    tree = rewrite(sql, [block], stored(block, frozenset()), NAME, SESSION)
    assert isinstance(tree, exp.Select)
    assert isinstance(tree.expressions[0], exp.Alias) == (times == 1)


@pytest.mark.parametrize(
    "sql",
    [sql for sql in GROUPED + JOINED if "= 'EU'" in sql or "LIKE" in sql or "NOT returned" in sql or "= 'A'" in sql],
)
def test_fixed_filters_may_be_stored(sql: str) -> None:
    (block,) = blocks(sql)
    assert fixed(block)
    assert proven(sql, stored(block, fixed(block)), [block]) is None


@pytest.mark.parametrize("sql", EXACT)
def test_groups_that_are_the_very_groups_keep_any_aggregate(sql: str) -> None:
    (block,) = blocks(sql)
    assert proven(sql, stored(block, frozenset(), exact=True), [block]) is None


@pytest.mark.parametrize("conditions", [(), ("REGION = 'EU'",)], ids=["all rows", "few rows"])
@pytest.mark.parametrize("sql", PROJECTED)
def test_rows_kept_as_they_are_leave_the_answer_as_it_is(sql: str, conditions: tuple[str, ...]) -> None:
    found = [block for block in blocks(sql) if SALES.name in block.tables]
    columns = {column for block in found for owner, column in block.columns if owner == SALES.name}
    kept = projection(SALES.name, columns, conditions, ())
    assert legal(definition(kept))
    assert proven(sql, kept, found) is None


def test_a_proof_over_stored_rows_rests_on_the_columns_that_its_own_query_reads() -> None:
    sql = "SELECT id, region FROM sales WHERE day = '2024-05-01'"
    few, many = (
        projection(SALES.name, columns, ("REGION = 'EU'",), ("DAY",))
        for columns in (("DAY", "ID", "REGION"), ("AMOUNT", "DAY", "ID", "REGION", "TS"))
    )
    assert own_part(blocks(sql), few) == own_part(blocks(sql), many) == few
    grouped = stored(blocks("SELECT region, SUM(amount) FROM sales GROUP BY region")[0], frozenset())
    assert own_part(blocks("SELECT COUNT(*) FROM sales"), grouped) == grouped


def test_rows_that_a_query_asks_for_beside_others_are_not_enough() -> None:
    sql = "SELECT c.segment, s.id FROM customers c LEFT JOIN sales s ON s.customer_id = c.customer_id WHERE s.region = 'EU' OR s.id IS NULL"
    kept = projection(SALES.name, ("CUSTOMER_ID", "ID", "REGION"), ("REGION = 'EU'",), ())
    said = proven(sql, kept, list(blocks(sql)))
    assert said is not None
    assert said.startswith("differs from the original")


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT s.region, COUNT(*) FROM sales s JOIN customers c USING (customer_id) GROUP BY 1", None),
        ("SELECT COUNT(*) FROM sales a JOIN sales b ON a.id = b.id", None),
        ("SELECT region, COUNT(*) FROM eu GROUP BY region", None),
        ("SELECT f.value, COUNT(*) FROM sales, LATERAL FLATTEN(region) f GROUP BY 1", None),
        ("SELECT region, SUM(score(amount)) FROM sales GROUP BY region", None),
        ("SELECT region, SUM(SUM(amount)) OVER () FROM sales GROUP BY region", "REGION, SUM(AMOUNT)"),
        ("SELECT region, SUM(amount) FROM sales GROUP BY region HAVING SUM(amount) > 1", "REGION, SUM(AMOUNT)"),
        ("SELECT region, SUM(amount) FROM sales GROUP BY 1 ORDER BY 2 LIMIT 3", "REGION, SUM(AMOUNT)"),
        ("SELECT SUM(amount) FROM sales GROUP BY region", "REGION, SUM(AMOUNT)"),
        ("SELECT region, SUM(amount) FROM sales GROUP BY GROUPING SETS ((region), ())", None),
        ("SELECT region, SUM(amount) FROM sales GROUP BY CUBE (region)", None),
        ("SELECT SUM(amount) FROM sales WHERE id IN (SELECT customer_id FROM customers)", None),
        ("SELECT COUNT(*) FROM sales EXCEPT SELECT 1", "COUNT(*)"),
        ("SELECT DISTINCT region FROM sales", "REGION"),
        ("SELECT region, COUNT(DISTINCT id) FROM sales GROUP BY region", None),
        ("SELECT region, MODE(id) FROM sales GROUP BY region", None),
        ("SELECT region, LISTAGG(id) FROM sales GROUP BY region", None),
        ("SELECT day < CURRENT_DATE AS old, COUNT(*) FROM sales GROUP BY 1", None),
        ("SELECT COUNT(*) FROM sales WHERE day >= CURRENT_DATE - 7", "DAY, COUNT(*)"),
        ("SELECT TO_TIMESTAMP(region), COUNT(*) FROM sales GROUP BY 1", None),
        ("SELECT DATE_TRUNC('week', day), COUNT(*) FROM sales GROUP BY 1", None),
        ("SELECT DATE_TRUNC('month', day) m, COUNT(*) FROM sales GROUP BY m", "DATE_TRUNC('MONTH', DAY), COUNT(*)"),
        ("SELECT COUNT(*) FROM sales AT (OFFSET => -60)", None),
        ("SELECT COUNT(*) FROM sales SAMPLE (10)", None),
        ("SELECT SUM(1)", None),
        ("WITH x AS (SELECT region, MAX(day) FROM sales GROUP BY 1) SELECT * FROM x", "REGION, MAX(DAY)"),
        ("SELECT region, AVG(amount), MIN(ts) FROM sales GROUP BY 1", "REGION, SUM(AMOUNT), COUNT(AMOUNT), MIN(TS)"),
    ],
)
def test_every_limit_of_a_materialized_view_is_kept(sql: str, kept: str | None) -> None:
    """Section by section of Snowflake's list: what is left of each statement in a view's definition, or that nothing is."""
    held = []
    for block in blocks(sql, Session(Directory(SESSION.directory.tables, {EU: "SELECT region FROM sales"}), "DB", "S")):
        one = stored(block, frozenset())
        if not block.plain and block.obstacle is None and view_obstacle(one, TYPES) is None:
            held.append(", ".join((*one.keys, *one.aggregates)))
            assert legal(definition(one))
    assert held == ([] if kept is None else [kept])


def test_names_that_snowflake_keeps_for_itself_are_no_columns_of_a_view() -> None:
    kept = projection(SALES.name, ("ID", "METADATA$ACTION"), (), ())
    assert "a name that Snowflake reserves" in str(view_obstacle(kept, {"ID": "NUMBER", "METADATA$ACTION": "TEXT"}))


def test_one_stored_result_serves_all_that_it_was_merged_from() -> None:
    served = [(sql, block) for sql in GROUPED[:6] for block in blocks(sql)]
    both = merged([(block, frozenset()) for _, block in served])
    assert set(both.keys) >= {"REGION", "DAY", "TO_DATE(TS)"}
    assert "AVG(AMOUNT)" not in both.aggregates
    for sql, block in served:
        assert proven(sql, both, [block]) is None


def test_two_blocks_of_one_statement_are_rewritten_together() -> None:
    sql = GROUPED[8]
    served = list(blocks(sql))
    assert proven(sql, merged([(block, frozenset()) for block in served]), served) is None


# ---------------------------------------------------------------- the harness can say no


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("SELECT COUNT(*) FROM sales", "SELECT SUM(n) FROM db.s.kept"),
        (
            "SELECT region, AVG(amount) FROM sales GROUP BY region",
            "SELECT region, AVG(a) FROM db.s.kept GROUP BY region",
        ),
        (
            "SELECT region, SUM(amount) FROM sales GROUP BY region",
            "SELECT region, SUM(s) FROM db.s.kept WHERE region IS NOT NULL GROUP BY region",
        ),
        (
            "SELECT region, COUNT(DISTINCT customer_id) FROM sales GROUP BY 1",
            "SELECT region, SUM(d) FROM db.s.kept GROUP BY 1",
        ),
        (
            "SELECT region, MAX(amount) m FROM sales GROUP BY region ORDER BY m",
            "SELECT region, MAX(m) m FROM db.s.kept GROUP BY region ORDER BY region",
        ),
        (
            "SELECT SUM(amount) FROM sales WHERE day > '2024-05-01'",
            "SELECT SUM(s) FROM db.s.kept WHERE day >= '2024-05-01'",
        ),
    ],
    ids=["no rows", "mean of means", "NULL group", "distinct added up", "other order", "the day itself"],
)
def test_a_wrong_rewrite_differs(sql: str, instead: str) -> None:
    kept = sqlglot.parse_one(
        "SELECT region, day, COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS a, MAX(amount) AS m,"
        " COUNT(DISTINCT customer_id) AS d FROM db.s.sales GROUP BY region, day",
        read="snowflake",
    )
    names = {**SESSION.directory.tables, NAME: (("REGION", "TEXT"), ("DAY", "DATE"))}
    session = Session(Directory(names, {}), "DB", "S")
    trees = [sqlglot.parse_one(text, read="snowflake") for text in (sql, instead)]
    said = difference(
        Trial(trees[0], trees[1], {NAME: kept}, session, AT), Settings(proof_databases=DATABASES, proof_seconds=SECONDS)
    )
    assert said is not None
    assert said.startswith("differs from the original: the row")


@pytest.mark.parametrize("sql", GROUPED + JOINED + EXACT)
def test_all_databases_at_once_answer_as_they_do_one_by_one(sql: str) -> None:
    tree = sqlglot.parse_one(sql, read="snowflake")
    queries = Queries.of(Trial(tree, tree, {}, SESSION, AT))
    with duckdb.connect(config=dict(ENGINE)) as engine:
        _create(engine, queries, range(0, 24, 2), whole=False)
        at_once = _all_at_once(engine, queries.together[0])
        alone = _one_by_one(engine, queries, queries.alone[0], range(0, 24, 2))
    assert at_once == {number: found for number, found in alone.items() if found}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT score(amount) FROM sales", "could not be proven: Catalog Error"),
        ("SELECT SUM(amount) FROM sales WHERE 1 = 2", "could not be proven: it returned no rows"),
        ("SELECT * FROM TABLE(FLATTEN(x))", "could not be proven"),
        (
            "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n FROM r",
            "could not be proven: it is recursive",
        ),
        ("SELECT * FROM nowhere", "could not be proven: the columns of DB.S.NOWHERE are not known"),
        ("SELECT content FROM read_text('/etc/hostname')", "could not be proven"),
    ],
)
def test_what_cannot_be_run_is_not_believed(sql: str, said: str) -> None:
    trees = [sqlglot.parse_one(sql, read="snowflake") for _ in range(2)]
    found = difference(Trial(trees[0], trees[1], {}, SESSION, AT), Settings(proof_databases=20))
    assert found is not None
    assert found.startswith(said)


def test_a_query_that_would_run_for_ever_is_given_up() -> None:
    sql = (
        "SELECT COUNT(*) FROM "
        + ", ".join(f"sales s{i}" for i in range(9))
        + " WHERE s0.id + s8.id > REPEAT('1', 3)::NUMBER"
    )
    trees = [sqlglot.parse_one(sql, read="snowflake") for _ in range(2)]
    assert difference(Trial(trees[0], trees[1], {}, SESSION, AT), Settings(proof_seconds=0.05)) is not None


# ---------------------------------------------------------------- what is found


def test_averages_are_kept_as_sums_and_counts_and_counts_of_a_constant_as_counts_of_rows() -> None:
    (block,) = blocks("SELECT region, AVG(amount), COUNT(1) FROM sales GROUP BY region")
    kept = stored(block, frozenset())
    assert kept.aggregates == ("SUM(AMOUNT)", "COUNT(AMOUNT)", "COUNT(*)")
    assert list(column_names(kept).values()) == ["REGION", "SUM_AMOUNT", "COUNT_AMOUNT", "COUNT_ROWS"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT region FROM sales s WHERE EXISTS (SELECT 1 FROM customers c WHERE c.customer_id = s.customer_id) GROUP BY 1",
        "SELECT region, SUM(amount) FROM sales GROUP BY CUBE (region)",
        "SELECT region, SUM(amount) FROM sales GROUP BY GROUPING SETS ((region), ())",
    ],
)
def test_some_blocks_have_an_obstacle(sql: str) -> None:
    assert any(block.obstacle for block in blocks(sql) if "SALES" in block.source)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(amount) FROM sales SAMPLE (10)",
        "SELECT SUM(amount) FROM sales AT (OFFSET => -60)",
        "SELECT SUM(nothing) FROM sales",
        "SELECT SUM(customer_id) FROM sales, customers",
        "SELECT * FROM sales PIVOT (SUM(amount) FOR region IN ('EU', 'US'))",
        "WITH sales AS (SELECT 1 AS amount) SELECT SUM(amount) FROM sales",
    ],
)
def test_what_reads_more_than_plain_tables_has_no_block(sql: str) -> None:
    assert not [block for block in blocks(sql) if not block.plain and block.obstacle is None]


@pytest.mark.parametrize("sql", ["DELETE FROM sales", "SELECT 1; SELECT 2", "SELECT FROM FROM", "("])
def test_what_is_no_single_query_has_no_statement(sql: str) -> None:
    assert study(sql, SESSION) is None


# ---------------------------------------------------------------- the TPC queries


@pytest.fixture(scope="module", params=["tpch", "tpcds"])
def benchmark(request: pytest.FixtureRequest) -> Iterator[Benchmark]:
    found = Benchmark.load(request.param)
    yield found
    found.connection.close()


def legal(tree: exp.Expr) -> bool:
    """An independent reading of Snowflake's limits: what the documentation forbids in a materialized view."""
    forbidden = (
        exp.Join,
        exp.Subquery,
        exp.Having,
        exp.Order,
        exp.Limit,
        exp.Window,
        exp.SetOperation,
        exp.CTE,
        exp.Anonymous,
        exp.Qualify,
    )
    group = tree.args.get("group")
    keys = {key.sql() for key in group.expressions} if group is not None else set()
    shown = {item.unalias().sql() for item in tree.selects} if isinstance(tree, exp.Select) else set()
    allowed = (exp.Sum, exp.Count, exp.CountIf, exp.Min, exp.Max)
    return (
        isinstance(tree, exp.Select)
        and len(list(tree.find_all(exp.Table))) == 1
        and all(table.catalog and table.db for table in tree.find_all(exp.Table))
        and bool(tree.selects)
        and not list(tree.find_all(*forbidden))
        and tree.find(exp.Distinct) is None
        and all(isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
        and all(isinstance(function, allowed) for function in tree.find_all(exp.AggFunc))
        and keys <= shown
    )


def test_every_view_of_the_tpc_queries_is_legal_and_every_rewrite_proven_or_refused(benchmark: Benchmark) -> None:
    catalog = benchmark.catalog()
    session = Session(Directory.of(catalog), "DB", "S")
    kinds = {
        name: {column.name: column.data_type for column in found.columns} for name, found in catalog.tables.items()
    }
    seen = served = 0
    for _, text in benchmark.queries():
        sql = snowflake(text)
        for block in blocks(sql, session):
            if block.plain or block.obstacle or len(block.tables) > 1:
                continue
            kept = stored(block, frozenset())
            if view_obstacle(kept, kinds[block.tables[0]]) is None:
                seen += 1
                created = sqlglot.parse_one(definition(kept).sql("snowflake"), read="snowflake")
                assert legal(created), created.sql()
                said = proven(sql, kept, [block], session=session)
                # Few of the generated rows get through joins of eight tables: those rewrites stay unproven.
                assert said is None or said.startswith("could not be proven"), said
                served += said is None
    assert seen >= 3
    assert served >= {"tpch": 1, "tpcds": 0}[benchmark.name]


def test_every_view_of_a_tpc_querys_rows_is_legal_and_its_rewrites_proven_or_refused(benchmark: Benchmark) -> None:
    catalog = benchmark.catalog()
    session = Session(Directory.of(catalog), "DB", "S")
    seen = served = 0
    for _, text in benchmark.queries():
        sql = snowflake(text)
        for block in blocks(sql, session):
            for table in sorted(set(block.tables)):
                columns = {column for owner, column in block.columns if owner == table}
                kinds = {column.name: column.data_type for column in catalog.tables[table].columns}
                kept = projection(table, columns, (), ())
                if block.obstacle or block.tables.count(table) > 1 or not columns or view_obstacle(kept, kinds):
                    continue
                seen += 1
                created = sqlglot.parse_one(definition(kept).sql("snowflake"), read="snowflake")
                assert legal(created), created.sql()
                assert {column.name for column in created.find_all(exp.Column)} == columns
                # What the generated rows hardly ever get through, as in most of TPC-DS, takes longest and proves nothing.
                if benchmark.name == "tpch" and len(block.tables) == 1:
                    tree = rewrite(sql, [block], kept, NAME, session)
                    assert isinstance(tree, exp.Expr)
                    original = sqlglot.parse_one(sql, read="snowflake")
                    said = difference(
                        Trial(original, tree, {NAME: definition(kept)}, session, AT),
                        Settings(proof_databases=24, proof_seconds=SECONDS),
                    )
                    assert said is None or said.startswith("could not be proven"), said
                    served += said is None
    assert seen >= 40
    assert served >= {"tpch": 2, "tpcds": 0}[benchmark.name]
