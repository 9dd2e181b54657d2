"""Real Snowflake SQL of every kind: what each comes to, understood or counted with its reason."""

from __future__ import annotations

import pytest

from tests.usage.shown import lines, reading

MATCH = """select * from t match_recognize (
    partition by id order by ts measures last(ts) as ended all rows per match pattern (down+ up+)
    define down as x < lag(x), up as x > lag(x))"""
UNREAD = "kind of statement not read"
BROKEN = "does not parse"

# The usages of what is understood; the problem of what is not.
KINDS: dict[str, tuple[str, list[str] | str]] = {
    "procedure in SQL": (
        "create or replace procedure p(n int) returns string language sql as $$ begin delete from t where a = :n; return 'x'; end; $$",
        [],
    ),
    "procedure in JavaScript": (
        "create procedure p() returns string language javascript as $$ var s = 'it''s'; return `select * from t where a = 1`; $$",
        [],
    ),
    "function in Python": (
        "create function f(x int) returns int language python runtime_version = '3.11' handler = 'f' as $$\ndef f(x):\n    return x  # it's\n$$",
        [],
    ),
    "anonymous block": ("begin let n := 1; delete from t where a = :n; return n; end", BROKEN),
    "anonymous procedure": (
        "with p as procedure () returns int language sql as $$ begin return 1; end $$ call p()",
        BROKEN,
    ),
    "execute immediate": ("execute immediate $$ select * from t where a = 1 $$", UNREAD),
    "call": ("call p('select', 1)", UNREAD),
    "match_recognize": (MATCH, []),
    "pivot": (
        "select * from (select id, m, x from t where a = 1) pivot (sum(x) for m in ('q1', 'q2')) as p (id, q1, q2) where id = 7",
        ["T#0.ID equality 7", "T#0.A equality 1"],
    ),
    "unpivot": ("select * from t unpivot (v for n in (a, b)) where id = 3", ["T#0.ID equality 3"]),
    "lateral flatten": (
        "select f.value:name::string from t, lateral flatten(input => v:items, outer => true) f where t.id = 5 and f.value:price > 10",
        ["T#0.ID equality 5"],
    ),
    "table flatten": (
        "select * from t, table(flatten(t.v, 'items')) f where f.index = 0 and a = 2",
        ["T#0.A equality 2"],
    ),
    "stage": (
        "select $1, t.$2:a.b from @stage/path/file.csv (file_format => 'ff', pattern => '.*[.]csv') t where t.$1 = 3",
        [],
    ),
    "copy from stage": (
        "copy into t (id, a) from (select $1, $2 from @stage/x/) file_format = (type = csv) on_error = continue",
        [],
    ),
    "copy files": ("copy files into @a from @b", BROKEN),
    "unload": (
        "copy into @stage/out from (select * from t where d > '2024-01-01') header = true",
        ["T#0.D range (2024-01-01..]"],
    ),
    "identifier of a literal": ("select * from identifier('db.s.t') where a = 1", ["T#0.A equality 1"]),
    "identifier of a variable": ("select * from identifier($name) where a = 1", "names a table by a variable"),
    "flow operator": ('show tables ->> select * from $1 where "rows" > 5', BROKEN),
    "semi-structured path": (
        "select v:a.b[0].\"C d\"::int from t where v:a.b[0].\"C d\"::int = 5 and v['k'] = 'x'",
        ["T#0.V:a.b[0].C d equality CAST(_ AS INT) 5", "T#0.V:k equality 'x'"],
    ),
    "get_path": ("select * from t where get_path(v, 'a.b') = 1", ["T#0.V:a.b equality 1"]),
    "Jinja reference": ("select * from {{ ref('t') }} where a = 1", BROKEN),
    "Jinja condition": ("select * from t where a = 1 {% if incremental %} and d > '2024-01-01' {% endif %}", BROKEN),
    "driver's place": ("select * from t where a = %s and b = %(b)s", BROKEN),
    "question mark": (
        "select * from t where a = ? and b = :1 and id = $x",
        ["T#0.A equality", "T#0.B equality", "T#0.ID equality"],
    ),
    "several statements": ("set x = 1; select * from t where a = $x", "several statements"),
    "one statement and a comment": ("select * from t where a = 1; -- the end", ["T#0.A equality 1"]),
    "NUL byte": ("select * from t where m = 'a\x00b' and a = 1", ["T#0.M equality 'a\\x00b'", "T#0.A equality 1"]),
    "NUL byte outside": ("select * from t where a = \x001", ["T#0.A join"]),
    "byte order mark": ("\ufeffselect * from t where a = 1", ["T#0.A equality 1"]),
    "zero-width space": ("select * from t\u200b where a = 1", ["T\u200b#0.A equality 1"]),
    "no-break space": ("select\xa0* from t where\xa0a = 1", ["T#0.A equality 1"]),
    "unterminated text": ("select * from t where m = 'abc", BROKEN),
    "unterminated name": ('select * from t where "m = 1', BROKEN),
    "unterminated comment": ("select * from t where a = 1 /* and so", BROKEN),
    "unterminated body": ("create procedure p() returns int as $$ begin", BROKEN),
    "cut in a list": ("select * from t where a in (1, 2,", BROKEN),
    "dynamic table": (
        "create or replace dynamic table n target_lag = '1 minute' warehouse = w as select * from t where a = 1",
        ["T#0.A equality 1"],
    ),
    "task": ("create task k warehouse = w schedule = '5 minute' as insert into t select * from u where y = 1", UNREAD),
    "time travel": ("select * from t at (timestamp => '2024-05-01'::timestamp_tz) where a = 1", ["T#0.A equality 1"]),
    "changes": (
        "select * from t changes (information => default) at (offset => -60) where a = 1",
        ["T#0.A equality 1"],
    ),
    "asof join": (
        "select * from t asof join u match_condition (t.ts >= u.y) on t.id = u.id where a = 1",
        [
            "T#0.ID join -> U.ID",
            "U#1.ID join -> T.ID",
            "T#0.TS other ~ -> U.Y",
            "U#1.Y other ~ -> T.TS",
            "T#0.A equality 1",
        ],
    ),
    "qualify": (
        "select * from t where a = 1 qualify row_number() over (partition by id order by ts desc) = 1",
        ["T#0.A equality 1"],
    ),
    "generator": ("select seq4() from table(generator(rowcount => 100)) g", []),
    "result_scan": ('select * from table(result_scan(last_query_id())) where "a" = 1', []),
    "multi-table insert": (
        "insert all when a > 5 then into u (id) else into bare select * from t where b = 1",
        ["T#0.B equality 1"],
    ),
    "merge": (
        "merge into t using u on t.id = u.id when matched and u.y = 1 then delete when not matched then insert (id) values (u.id)",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID"],
    ),
    "recursive": (
        "with recursive r as (select id, a from t where a = 1 union all select t.id, t.a from t join r on t.id = r.a) select * from r",
        ["T#0.A equality 1", "T#1.ID join -> T.A"],
    ),
    "sample": ("select * from t sample (10) seed (3) where a = 1", ["T#0.A equality 1"]),
    "select with exclude": ("select * exclude (v) rename (a as z) from t where b = 1", ["T#0.B equality 1"]),
    "higher-order function": ("select filter(v:a, x -> x:b > 1) from t where a = 1", ["T#0.A equality 1"]),
    "group by all": (
        "select a, count(*) from t where d = '2024-01-01' group by all order by all",
        ["T#0.D equality 2024-01-01", "T#0.A group"],
    ),
    "dbt comment": ('/* {"app": "dbt", "it\'s": 1} */ select * from t where a = 1', ["T#0.A equality 1"]),
    "nested dollars": ("select $$it's \"fine\"$$ from t where m = $$a'b$$", ["T#0.M equality"]),
    "backslashes": (
        "select * from t where m = 'a\\'b' and m like 'x\\\\_%' escape '\\\\'",
        ['T#0.M equality "a\'b"', "T#0.M prefix 'x_'"],
    ),
    "semantic view": ("select * from semantic_view(sv metrics m1 dimensions d1) where d1 = 1", []),
    "grant": ("grant select on table t to role r", []),
    "explain": ("explain using text select * from t where a = 1", UNREAD),
    "alter": ("alter warehouse w set warehouse_size = 'XLARGE'", UNREAD),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_its_outcome(name: str) -> None:
    text, expected = KINDS[name]
    found = reading(text)
    assert (lines(text) if found.problem is None else found.problem) == expected
