"""What a Reading says besides its usages: scans, writes, limit, what could not be resolved or understood."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

from advisor.model import Catalog, Reading, Table, TableName
from advisor.usage import read
from tests.usage.shown import AT, CATALOG, LOWER, T, U, lines, reading, table


def names(tables: tuple[TableName, ...]) -> list[str]:
    return [str(name) for name in tables]


WRITES = [
    ("insert into u select id from t", ["DB.S.U"], []),
    ("insert into u values (1, 2, 3, 4)", ["DB.S.U"], []),
    ("insert overwrite into u select id from t", [], ["DB.S.U"]),
    ("insert all into n1 into x.n2 select * from t", ["DB.S.N1", "DB.X.N2"], []),
    ("create or replace transient table s2.n as select * from t", [], ["DB.S2.N"]),
    ("create dynamic table n target_lag = '1 day' warehouse = w as select * from t", [], ["DB.S.N"]),
    ("create table n (a int)", [], []),
    ("create view n as select * from t where a = 1", [], []),
    ("merge into t using u on t.id = u.id when matched then delete", ["DB.S.T"], []),
    ("update t set a = 1", ["DB.S.T"], []),
    ("delete from t", ["DB.S.T"], []),
    ("truncate table t", ["DB.S.T"], []),
    ("insert into x..n select id from t", ["X.PUBLIC.N"], []),
    ("delete from identifier('x..n') where a = 1", ["X.PUBLIC.N"], []),
    ("create or replace table identifier('x.s.n') as select * from t", [], ["X.S.N"]),
    ('copy into "t" from @stage', ["DB.S.t"], []),
    ("copy into @stage from t", [], []),
    ("select * from t", [], []),
]


@pytest.mark.parametrize(("text", "writes", "creates"), WRITES, ids=[text for text, *_ in WRITES])
def test_tables_written_and_created(text: str, writes: list[str], creates: list[str]) -> None:
    found = reading(text)
    assert (names(found.writes), names(found.creates), found.problem) == (writes, creates, None)


SCANS = [
    ("select * from t, u join t t2 on true", ["T", "U", "T"]),
    ("with a as (select * from u), unused as (select * from bare) select * from t, a", ["U", "T"]),
    ("with a as (select * from u) select * from a a1, a a2", ["U"]),
    ("select * from t union all select * from t", ["T", "T"]),
    ("select (select max(k) from u) from t where a in (select a from bare)", ["T", "U", "BARE"]),
    ("select * from vw, vw other", ["T", "T"]),
    ("delete from t using u where t.id = u.id", ["T", "U"]),
    ("create view n as select * from t", []),
    ("copy into @stage from (select * from t)", ["T"]),
    ("select 1", []),
]


@pytest.mark.parametrize(("text", "scans"), SCANS, ids=[text for text, _ in SCANS])
def test_each_scan_counts_once(text: str, scans: list[str]) -> None:
    assert [name.name for name in reading(text).scans] == scans


LIMITS = [
    ("select * from t limit 10", 10),
    ("select * from t order by a limit 10 offset 4000", 4010),
    ("select * from t order by a offset 5 rows fetch next 7 rows only", 12),
    ("select * from t limit 10 offset :1", 10),
    ("select top 5 * from t", 5),
    ("select * from t order by a fetch first 7 rows only", 7),
    ("(select * from t) limit 3", 3),
    ("select * from t union all (select * from u limit 2) limit 4", 4),
    ("create table n as select * from t limit 6", 6),
    ("select * from (select * from t limit 10)", None),
    ("select * from t limit ?", None),
    ("select * from t", None),
]


@pytest.mark.parametrize(("text", "limit"), LIMITS, ids=[text for text, _ in LIMITS])
def test_only_the_outermost_limit_counts(text: str, limit: int | None) -> None:
    assert reading(text).limit == limit


PROBLEMS = [
    ("select a from t where f(v:a::string[0.5]) = 1", "does not parse"),  # it does, but can't be written again
    ("select from where", "does not parse"),
    ("select 'unterminated from t", "does not parse"),
    ("select * from t {% if x %} where a = 1 {% endif %}", "does not parse"),
    ("<redacted>", "does not parse"),
    ("nonsense", "does not parse"),
    ("a = 1", "does not parse"),
    ("", "no statement"),
    ("-- only a comment", "no statement"),
    ("select 1; select 2", "several statements"),
    ("call p()", "kind of statement not read"),
    ("select * from identifier($t) where a = 1", "names a table by a variable"),
    ("select * from t, table(?) where t.a = 1", "names a table by a variable"),
    ("insert into identifier(:1) select * from t", "names a table by a variable"),
    ("select * from t, table(result_scan(last_query_id())), table(f($x))", None),
    ("\ufeffselect * from t;", None),
    ("show tables", None),
    ("alter table t cluster by (a)", None),
    ("select 'a\x00b' from t", None),
]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_problems_have_stable_words(text: str, problem: str | None) -> None:
    assert reading(text).problem == problem


UNRESOLVED = [
    ("select * from t where nothing = 1", ["NOTHING"]),
    ("select * from t where t.nothing = 1 and nobody.a = 2", ["NOBODY.A", "T.NOTHING"]),
    ("select * from bare, bare2 where flag = 1 and bare.a = 2", ["FLAG"]),
    ("select * from bare where flag = 1", []),
    ('select * from t where "a" = 1', ["a"]),
]


@pytest.mark.parametrize(("text", "unresolved"), UNRESOLVED)
def test_columns_that_nobody_owns_are_named(text: str, unresolved: list[str]) -> None:
    assert list(reading(text).unresolved) == unresolved


def test_the_only_table_of_that_name_is_taken_when_the_session_is_unknown() -> None:
    found = read("select * from t where a = 1", CATALOG, at=AT)
    assert found.scans == (T.name,)
    assert found.usages[0].table == T.name


def test_among_tables_of_one_name_none_is_guessed() -> None:
    twin = Table(TableName("DB2", "S", "T"), "BASE TABLE", None, None, T.columns)
    catalog = Catalog({T.name: T, twin.name: twin})
    assert read("select * from t", catalog, at=AT).scans == (TableName("", "", "T"),)
    assert read("select * from s.t", catalog, database="DB2", at=AT).scans == (twin.name,)


def test_unknown_tables_are_counted_with_what_is_known_of_them() -> None:
    assert reading("select * from elsewhere.x.y").scans == (TableName("ELSEWHERE", "X", "Y"),)
    assert read("select * from y", CATALOG, schema="X", at=AT).scans == (TableName("", "X", "Y"),)


def test_names_come_in_the_catalogs_case() -> None:
    assert reading('select * from "t" where "a" = 1').usages[0].table == LOWER.name
    assert reading('select * from DB."S".u where K = 1').usages[0].table == U.name


@pytest.mark.parametrize("name", ["x..t", '"X".."T"', "x . . t", "identifier('x..t')"])
def test_a_schema_that_is_left_out_between_two_dots_is_public(name: str) -> None:
    """Whatever the session's schema, and whatever its database has a schema of that name."""
    text = f"with t as (select 1 as a) select * from {name} where a = 1"
    assert reading(text).scans == (TableName("X", "PUBLIC", "T"),)


def test_hostile_names_resolve() -> None:
    name = 'x";DROP TABLE y--'
    hostile = table(name, **{"a*/": "NUMBER"})
    quoted = name.replace('"', '""')
    found = reading(f'select * from "{quoted}" where "a*/" = 1', Catalog({hostile.name: hostile}))
    assert [(usage.table, usage.column) for usage in found.usages] == [(hostile.name, "a*/")]


def test_a_view_of_itself_is_a_problem_and_no_endless_loop() -> None:
    assert reading("select * from self").problem == "too many views in views"


def test_a_view_without_usable_text_is_a_scan_of_its_own() -> None:
    view = TableName("DB", "S", "BROKEN")
    catalog = Catalog(CATALOG.tables, {view: "create view broken as sel ect"})
    assert reading("select * from broken where broken.a = 1", catalog).scans == (view,)


def test_doubling_ctes_stay_linear() -> None:
    ctes = ", ".join(f"c{i} as (select a from c{i - 1} union all select a from c{i - 1})" for i in range(1, 60))
    assert lines(f"with c0 as (select * from t), {ctes} select * from c59 where a = 1") == ["T#0.A equality ~ 1"]


def test_doubling_aliases_stay_linear() -> None:
    items = ", ".join(f"a{i - 1} + a{i - 1} as a{i}" for i in range(1, 60))
    assert len(lines(f"select a as a0, {items} from t where a59 > 3")) == 1


def test_the_moment_of_the_query_is_utc() -> None:
    east = datetime(2024, 5, 8, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    text = "select * from t where d = current_date"
    assert read(text, CATALOG, database="DB", schema="S", at=east).usages[0].values == (east.astimezone(UTC).date(),)


ODD = [
    "select * from t where ts > '2024-01-01'::date + interval '99999999999999 days'",
    "select * from t where date_trunc('year', d) > '9999-12-31' and d + 9999999 < '9000-01-01'",
    "select * from t where trunc(x, -99) = 1 and x::number(10, 999) = 1 and round(x, 2) > 1e400 and x > 1e308 * 10",
    "select * from t where d = to_date('1', '%Y%Y%') and d = 'no date' and ts = dateadd(year, 99999, current_date)",
    "select * from t where x = 1 / 0 and d = date_from_parts(2024, 13, 45) and left(m, -1) = 'a'",
    "select * from t order by 99 limit 1.5",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_constants_claim_no_value(text: str) -> None:
    found = reading(text)
    assert found.problem is None
    assert found.limit is None
    assert all(value == value and value not in (float("inf"),) for usage in found.usages for value in usage.values)


def test_a_failed_reading_claims_nothing() -> None:
    failed = reading("select from where")
    blank = {field.name: field.default for field in fields(Reading)} | {"scans": (), "usages": ()}
    assert {name: getattr(failed, name) for name in blank} == blank | {"problem": "does not parse"}
