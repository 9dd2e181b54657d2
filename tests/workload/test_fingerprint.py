"""Texts of one statement fall together; texts of two statements stay apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from advisor.workload import compress, fingerprint
from tests.snapshots import query, write_snapshot

SAME = {
    "blanks, case and comments": ("select a  from t -- x\nwhere b=1", "SELECT A FROM T\n WHERE /* hi */ B = 2"),
    "a comment with an apostrophe": ("select 1 -- don't\n from t", "select 1 from t"),
    "a comment's mark within a string": ("select '/* x' , 1 from t", "select 'y', 2 from t"),
    "two slashes open a comment": ("select a from t // note\n", "select a from t"),
    "dbt's JSON comment": ('/* {"app": "dbt", "id": "a-b"} */ select 1 from t', "select 2 from t"),
    "a comment behind the end": ("select a from t; -- done", "select a from t"),
    "IN lists of two lengths": ("select 1 from t where a in (1,2)", "select 1 from t where a in (3, 4, 5 ,6)"),
    "an IN list of one": ("select 1 from t where a in (1)", "select 1 from t where a in (3,4)"),
    "IN lists of strings": ("select 1 where a in ('x','it''s')", "select 1 where a in ('y\\'','b','--c')"),
    "IN lists of dates": ("select 1 where a in ('2025-01-01'::date)", "select 1 where a in ('x'::date, 'y'::date)"),
    "IN lists of pairs": ("select 1 where (a,b) in ((1,'x'),(2,'y'))", "select 1 where (a,b) in ((3,'z'))"),
    "NOT IN": ("select 1 from t where a not in (1,2)", "select 1 from t where a not in (3)"),
    "VALUES rows": ("insert into t values (1,'a'),(2,'b')", "insert into t values (3,'c')"),
    "VALUES rows with calls": ("insert into t values (1,f(2)),(2,f(3))", "insert into t values (3,f(4))"),
    "negative numbers": ("select 1 from t where a = -1", "select 1 from t where a=5"),
    "negative numbers in a list": ("select 1 from t where a in (-1, -2)", "select 1 from t where a in (3)"),
    "negative bounds": ("select 1 where a between -5 and -1", "select 1 where a between 1 and 5"),
    "decimals and exponents": ("select 1 where a>1.5e-3", "select 1 where a>2"),
    "a limit": ("select a from t limit 10", "select a from t limit 20"),
    "LIKE patterns": ("select 1 where a like 'x%'", "select 1 where a like '%y'"),
    "intervals": ("select 1 where d > dateadd(day,-7,now())", "select 1 where d > dateadd(day,-30,now())"),
    "a body in dollars": ("execute immediate $$ select 1 $$", "execute immediate $$ select 22 $$"),
    "dbt's temporary tables": (
        "create temp table a.b__dbt_tmp_20250101123456 as (select 1)",
        "create temp table a.b__dbt_tmp_20260301010101 as (select 1)",
    ),
    "a uuid in a name": (
        "select * from tmp_3f2504e0_4f89_11d3_9a0c_0305e82c3301",
        "select * from tmp_aaaaaaaa_4f89_11d3_9a0c_0305e82c3301",
    ),
    "a uuid in a quoted name": (
        'select * from "tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301"',
        'select * from "tmp-aaaa04e0-4f89-11d3-9a0c-0305e82c3301"',
    ),
    "a hash in a name": ("select * from tmp_9f86d081884c7d65", "select * from tmp_1b4f0e9851971998"),
    "a date in a name": ("select * from events_20250101", "select * from events_20250102"),
    "a date in parts": ("select * from e_2025_01_02", "select * from e_2025_11_30"),
    "Tableau's temporary tables": ('select a from "#Tableau_23_1_Filter"', 'select a from "#Tableau_7_2_Filter"'),
    "a text that was cut in a string": ("select a from t where b = 'x, y", "select a from t where b = 'z"),
    "table aliases": ("select x.a from t x", "select y.a from t y"),
    "table aliases, with AS or not in a join": (
        "select o.a, c.b from s.orders as o join s.customers as c on o.id = c.id where o.d > 1",
        "select x.a, y.b from s.orders as x join s.customers as y on x.id = y.id where x.d > 2",
    ),
    "a subquery's alias": ("select q.a from (select a from t) q", "select r.a from (select a from t) r"),
    "an alias equal to another's column": ("select a.b from t a", "select b.b from t b"),
    "an output's name": ("select sum(a) as total, b from t", "select sum(a) as s, b from t"),
}

DIFFERENT = {
    "columns": ("select c1 from t", "select c2 from t"),
    "tables": ("select a from table1", "select a from table2"),
    "quoted digits": ('select "1" from t', 'select "2" from t'),
    "the case of quoted names": ('select "a" from t', 'select "A" from t'),
    "columns of a stage": ("select t.$1 from @s t", "select t.$2 from @s t"),
    "variant paths": ("select v:a from t", "select v:b from t"),
    "elements of a variant": ("select v[0] from t", "select v[1] from t"),
    "ordinals of ORDER BY": ("select a, b from t order by 1", "select a, b from t order by 2"),
    "ordinals of GROUP BY": ("select a, b, 1 from t group by 1", "select a, b, 1 from t group by 1, 2"),
    "operators": ("select 1 from t where a < 1", "select 1 from t where a <= 1"),
    "subtraction": ("select a - 1 from t", "select a from t"),
    "a string between quoted names": ("""select "a", 'x', "b" from t""", 'select "a", "b" from t'),
    "a quote within a quoted name": ("""select "it's" from a where b='x'""", """select "it's" from c where b='x'"""),
    "a function's arguments": ("select substr(a, 1) from t", "select substr(a, 1, 2) from t"),
    "IN and NOT IN": ("select 1 from t where a in (1)", "select 1 from t where a not in (1)"),
    "two columns through one alias": ("select x.a from t x", "select x.b from t x"),
    "tables under one alias": ("select x.a from t x", "select x.a from u x"),
    "tables under their own names": ("select t.a from t", "select u.a from u"),
    "schemas": ("select x.a from x.t", "select y.a from y.t"),
    "swapped aliases": (
        "select o.a from t o join u c on o.id = c.id",
        "select c.a from t o join u c on o.id = c.id",
    ),
    "a function's schema and an alias": ("select x.f(a) from t x", "select y.f(a) from t y"),
    "types": ("select cast(a as date) from t", "select cast(a as number) from t"),
    "an output's name that is used": (
        "select a as x, b as y from t order by x",
        "select a as x, b as y from t order by y",
    ),
    "the columns that a CREATE names": (
        "create table u as select a as b from t",
        "create table u as select a as c from t",
    ),
    "common table expressions": ("with c as (select 1) select * from c", "with c as (select 1) select * from d"),
}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def canonical(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    sql = f"SELECT {fingerprint.normalised(fingerprint.without_literals('$text'))}"
    found = connection.execute(sql, {"text": text}).fetchone()
    assert found is not None
    return fingerprint.canonical_aliases(str(found[0]))


@pytest.mark.parametrize("name", SAME)
def test_falls_together(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    one, other = SAME[name]
    assert canonical(connection, one) == canonical(connection, other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_stays_apart(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    one, other = DIFFERENT[name]
    assert canonical(connection, one) != canonical(connection, other)


@pytest.fixture(scope="module")
def template_of(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Which template each text comes to, in a history whose queries carry no hash."""
    texts = sorted({text for pair in (SAME | DIFFERENT).values() for text in pair})
    folder = write_snapshot(tmp_path_factory.mktemp("pairs"), [query(text, n) for n, text in enumerate(texts)])
    with open_snapshot(folder) as snapshot:
        templates = compress(snapshot, Settings(samples_per_template=len(texts))).templates
    return {sample.text: template.fingerprint for template in templates for sample in template.samples}


@pytest.mark.parametrize("name", SAME | DIFFERENT)
def test_the_coarse_key_of_texts_without_a_hash_merges_nothing_more(template_of: Mapping[str, str], name: str) -> None:
    """Only one text of each key is fingerprinted, so whatever the key merges stays merged."""
    one, other = (SAME | DIFFERENT)[name]
    assert (template_of[one] == template_of[other]) == (name in SAME)


HOSTILE = ["'a' /*", "'", '"', "$", "/*", "--", "'\\", "in (1,", "(", "a.b ", "values (1),(", "1_", "- ?", "f("]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_of_full_length_costs_little(connection: duckdb.DuckDBPyConnection, piece: str) -> None:
    """A search that starts again at each piece takes minutes on such a text."""
    text = "select x from t where " + piece * (100_000 // len(piece))
    started = time.process_time()
    canonical(connection, text)
    assert time.process_time() - started < 3


def test_hostile_texts_without_a_hash_cost_little(tmp_path: Path) -> None:
    texts = ["select x from t where " + piece * (100_000 // len(piece)) for piece in HOSTILE]
    folder = write_snapshot(tmp_path, [query(text, number) for number, text in enumerate(texts)])
    started = time.process_time()
    with open_snapshot(folder) as snapshot:
        found = compress(snapshot, Settings())
    assert time.process_time() - started < 15
    assert found.queries == len(HOSTILE)
