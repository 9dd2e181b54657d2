"""One construct a line: a statement, and the usages that it comes to. The notation is that of `shown.lines`."""

import pytest

from tests.usage.shown import lines

CASES: list[tuple[str, list[str]]] = [
    # Comparisons with constants.
    ("select * from t where a = 1 and 2 = b", ["T#0.A equality 1", "T#0.B equality 2"]),
    ("select * from t where a > 1 and a <= 5", ["T#0.A range (1..5]"]),
    ("select * from t where 5 > a and x >= 1.5", ["T#0.A range [..5)", "T#0.X range [1.5..]"]),
    ("select * from t where d between '2024-01-01' and current_date", ["T#0.D range [2024-01-01..2024-05-07]"]),
    (
        "select * from t where a in (1, 2, null) and a not in (3) and b <> 4",
        ["T#0.A membership 1 2", "T#0.A not other ~ 3", "T#0.B not other ~ 4"],
    ),
    ("select * from t where not (a > 3 or b < 2)", ["T#0.A range [..3]", "T#0.B range [2..]"]),
    ("select * from t where not (a between 1 and 3)", ["T#0.A not other ~"]),
    (
        "select * from t where a = -1 and m = 'a' || 'b' and x = 2 * 3",
        ["T#0.A equality -1", "T#0.M equality 'ab'", "T#0.X equality 6"],
    ),
    ("select * from t where d >= ? and ts < :x and a = $y", ["T#0.D range", "T#0.TS range", "T#0.A equality"]),
    ("select * from t where m = 5 and x = '5'", ["T#0.M equality ~ '5'", "T#0.X equality 5"]),
    (
        "select * from t where (a, b) in ((1, 2), (3, 4)) and (x, id) = (5, 6)",
        ["T#0.A membership 1 3", "T#0.B membership 2 4", "T#0.X equality 5", "T#0.ID equality 6"],
    ),
    ("select * from t where equal_null(a, 1) and b is not distinct from 2", ["T#0.A equality 1", "T#0.B equality 2"]),
    # The clock, and arithmetic on it, at 2024-05-07 12:30.
    (
        "select * from t where d = current_date and ts > current_timestamp()",
        ["T#0.D equality 2024-05-07", "T#0.TS range (2024-05-07T12:30..]"],
    ),
    (
        "select * from t where d >= current_date - 7 and ts >= dateadd(day, -7, getdate())",
        ["T#0.D range [2024-04-30..]", "T#0.TS range [2024-04-30T12:30..]"],
    ),
    (
        "select * from t where ts >= date_trunc('month', current_timestamp) and d > last_day(current_date)",
        ["T#0.TS range [2024-05-01T00:00..]", "T#0.D range (2024-05-31..]"],
    ),
    (
        "select * from t where ts < '2024-01-31'::date + interval '1 month' and d = to_date('20240102', 'YYYYMMDD')",
        ["T#0.TS range [..2024-02-29T00:00)", "T#0.D equality 2024-01-02"],
    ),
    (
        "select * from t where d = date_from_parts(2024, 1, 3) and ts = to_timestamp_ntz('2024-01-01 10:00:00')",
        ["T#0.D equality 2024-01-03", "T#0.TS equality 2024-01-01T10:00"],
    ),
    # Texts.
    (
        "select * from t where m like 'ab%' and m like '%zz%' and m not like 'q%' and m like 'plain'",
        ["T#0.M prefix 'ab'", "T#0.M contains ~ 'zz'", "T#0.M not other ~ 'q'", "T#0.M equality 'plain'"],
    ),
    (
        "select * from t where m like any ('a%', 'b%') and m ilike any ('x%', 'y%')",
        ["T#0.M prefix 'a' 0/0", "T#0.M prefix 'b' 0/1", "T#0.M contains ~ 'x' 'y'"],
    ),
    (
        "select * from t where startswith(m, 'q') and contains(m, 'z') and endswith(m, 'e') and m like 'a\\\\_b%'",
        ["T#0.M prefix 'q'", "T#0.M contains ~ 'z'", "T#0.M other ~ ENDSWITH(_, 'e')", "T#0.M prefix 'a_b'"],
    ),
    (
        "select * from t where regexp_like(m, 'x.*') and length(m) > 3",
        ["T#0.M other ~ REGEXP_LIKE(_, 'x.*')", "T#0.M range ~ LENGTH(_) (3..]"],
    ),
    # Null tests and truths.
    ("select * from t where m is not null and d is null", ["T#0.M not null_test", "T#0.D null_test"]),
    (
        "select * from bare where bare.flag and not bare.other",
        ["BARE#0.FLAG equality True", "BARE#0.OTHER equality False"],
    ),
    ("select * from t where iff(a = 1, true, false)", ["T#0.A other ~ IFF(_ = 1, TRUE, FALSE)"]),
    # Wrappers that keep order, seen from the bare column.
    (
        "select * from t where ts::date = '2024-01-01'",
        ["T#0.TS equality CAST(_ AS DATE) [2024-01-01T00:00..2024-01-02T00:00)"],
    ),
    (
        "select * from t where to_date(ts) between '2024-01-01' and '2024-01-31'",
        ["T#0.TS range TO_DATE(_) [2024-01-01T00:00..2024-02-01T00:00)"],
    ),
    (
        "select * from t where date_trunc('month', ts) = '2024-05-01'",
        ["T#0.TS equality DATE_TRUNC('MONTH', _) [2024-05-01T00:00..2024-06-01T00:00)"],
    ),
    (
        "select * from t where date_trunc('week', d) >= '2024-05-06' and date_trunc('quarter', d) < '2024-07-01'",
        ["T#0.D range DATE_TRUNC('WEEK', _) [2024-05-06..]", "T#0.D range DATE_TRUNC('QUARTER', _) [..2024-07-01)"],
    ),
    (
        "select * from t where date(ts) in ('2024-01-01', '2024-03-01')",
        [
            "T#0.TS membership TO_DATE(_) [2024-01-01T00:00..2024-01-02T00:00) 0/0",
            "T#0.TS membership TO_DATE(_) [2024-03-01T00:00..2024-03-02T00:00) 0/1",
        ],
    ),
    (
        "select * from t where trunc(x, -2) = 300 and floor(a) > 3 and ceil(b) <= 2",
        ["T#0.X equality TRUNC(_, -2) [300..400)", "T#0.A range FLOOR(_) [4..]", "T#0.B range CEIL(_) [..2]"],
    ),
    (
        "select * from t where trunc(x) = 0 and round(a, -1) = -10",
        ["T#0.X equality TRUNC(_) (-1..1)", "T#0.A equality ROUND(_, -1) (-15..-5]"],
    ),
    (
        "select * from t where x::number(10, 2) >= 1 and x::float < 3",
        ["T#0.X range CAST(_ AS DECIMAL(10, 2)) [0.995..]", "T#0.X range CAST(_ AS DOUBLE) [..3)"],
    ),
    (
        "select * from t where a + 1 > 5 and b - 2 = 0 and d + 7 >= '2024-01-08'",
        ["T#0.A range _ + 1 (4..]", "T#0.B equality _ - 2 2", "T#0.D range _ + 7 [2024-01-01..]"],
    ),
    (
        "select * from t where dateadd(month, 1, d) >= '2024-05-15' and ts - interval '1 day' < '2024-05-02'",
        ["T#0.D range DATEADD(MONTH, 1, _) [2024-04-15..]", "T#0.TS range _ - INTERVAL '1 DAY' [..2024-05-03T00:00)"],
    ),
    (
        "select * from t where left(m, 2) = 'ab' and substr(m, 1, 3) in ('abc', 'abd')",
        [
            "T#0.M prefix LEFT(_, 2) 'ab'",
            "T#0.M prefix SUBSTRING(_, 1, 3) 'abc' 1/0",
            "T#0.M prefix SUBSTRING(_, 1, 3) 'abd' 1/1",
        ],
    ),
    (
        "select * from t where d::timestamp_ntz >= '2024-01-01 12:00:00'::timestamp_ntz",
        ["T#0.D range CAST(_ AS TIMESTAMPNTZ) (2024-01-01..]"],
    ),
    # Wrappers that lose it.
    (
        "select * from t where upper(m) = 'X' and mod(a, 3) = 1 and coalesce(b, 1) = 1",
        ["T#0.M equality ~ UPPER(_) 'X'", "T#0.A equality ~ _ % 3 1", "T#0.B equality ~ COALESCE(_, 1) 1"],
    ),
    (
        "select * from t where year(ts) = 2024 and to_char(ts, 'YYYY-MM') = '2024-01'",
        ["T#0.TS equality ~ YEAR(_) 2024", "T#0.TS equality ~ TO_CHAR(_, 'YYYY-MM') '2024-01'"],
    ),
    (
        "select * from t where m::date = '2024-01-01' and m::int > 3 and ts::varchar like '2024%'",
        [
            "T#0.M equality ~ CAST(_ AS DATE) '2024-01-01'",
            "T#0.M range ~ CAST(_ AS INT) (3..]",
            "T#0.TS prefix ~ CAST(_ AS VARCHAR) '2024'",
        ],
    ),
    (
        "select * from t where substr(m, 2, 3) = 'abc' and 5 - a > 3",
        ["T#0.M equality ~ SUBSTRING(_, 2, 3) 'abc'", "T#0.A range ~ 5 - _ (3..]"],
    ),
    (
        "select * from t where coalesce(a, b) = 1 and a + b > 3 and a = b",
        [
            "T#0.A other ~ COALESCE(_, B)",
            "T#0.B other ~ COALESCE(A, _)",
            "T#0.A other ~ _ + B",
            "T#0.B other ~ A + _",
            "T#0.A other ~",
            "T#0.B other ~",
        ],
    ),
    # Alternatives.
    ("select * from t where a = 1 or a = 2 or a in (3, 4)", ["T#0.A membership 1 2 3 4"]),
    ("select * from t where a = 1 or b > 2", ["T#0.A equality 1 0/0", "T#0.B range (2..] 0/1"]),
    (
        "select * from t where (d >= '2024-01-01' and d < '2024-02-01') or (d >= '2024-03-01' and d < '2024-04-01')",
        ["T#0.D range [2024-01-01..2024-02-01) 0/0", "T#0.D range [2024-03-01..2024-04-01) 0/1"],
    ),
    (
        "select * from t where m like any ('a%', 'b%') or to_date(ts) in ('2024-01-01', '2024-03-01')",
        [
            "T#0.M prefix 'a' 0/0",
            "T#0.M prefix 'b' 0/1",
            "T#0.TS membership TO_DATE(_) [2024-01-01T00:00..2024-01-02T00:00) 0/2",
            "T#0.TS membership TO_DATE(_) [2024-03-01T00:00..2024-03-02T00:00) 0/3",
        ],
    ),
    (
        "select * from t where (m like any ('a%', 'b%') and a = 1) or a = 2",
        ["T#0.M prefix ~ 0/0", "T#0.A equality 1 0/0", "T#0.A equality 2 0/1"],
    ),
    (
        "select * from t join u on t.id = u.id where a = 1 or k = 3",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.A equality ~ 1", "U#1.K equality ~ 3"],
    ),
    (
        "select * from t, u where (t.id = u.id and a = 1 and k = 2) or (t.id = u.id and a = 2 and k = 3)",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.A membership 1 2", "U#1.K membership 2 3"],
    ),
    (
        "select * from t where (a = 1 and (b = 2 or x = 3)) or a = 5",
        ["T#0.A equality 1 0/0", "T#0.B equality ~ 2 0/0", "T#0.X equality ~ 3 0/0", "T#0.A equality 5 0/1"],
    ),
    (
        "select * from t where a in (select k from u where y = 1) or b = 2",
        ["U#1.K other ~ -> T.A", "U#1.Y equality 1", "T#0.A other ~ -> U.K 2/0", "T#0.B equality 2 2/1"],
    ),
    # Joins.
    (
        "select * from t t1 join t t2 on t1.id = t2.x and t1.d < t2.d",
        ["T#0.ID join -> T.X", "T#1.X join -> T.ID", "T#0.D other ~ -> T.D", "T#1.D other ~ -> T.D"],
    ),
    (
        "select * from t join u using (id) where id = 7",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.ID equality 7"],
    ),
    ("select * from t natural join u where a = 7", ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.A equality 7"]),
    (
        "select * from t left join u on t.id = u.id and k = 1 and a = 2 where y = 3 and u.id is null",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "U#1.K equality 1", "U#1.Y equality 3"],
    ),
    (
        "select * from t right join u on t.id = u.id and t.a = 1 and u.k = 2",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.A equality 1"],
    ),
    (
        "select * from t full join u on t.id = u.id and t.a = 1 where t.b = 3",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.B equality 3"],
    ),
    (
        "select * from t asof join u match_condition(t.x >= u.y) on t.id = u.id",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.X other ~ -> U.Y", "U#1.Y other ~ -> T.X"],
    ),
    (
        "select * from (t join u on t.id = u.id) join (select * from t where a = 1) w on w.id = u.id",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#2.ID join -> U.ID", "T#2.A equality 1"],
    ),
    (
        "select * from t join u on date_trunc('day', t.ts) = u.k",
        ["T#0.TS join DATE_TRUNC('DAY', _) -> U.K", "U#1.K join -> T.TS"],
    ),
    # Semi joins, anti joins, other subqueries.
    (
        "select * from t where id in (select id from u where k = 1)",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "U#1.K equality 1"],
    ),
    ("select * from t where id not in (select a2 from u)", ["T#0.ID not join -> U.A2", "U#1.A2 not join -> T.ID"]),
    (
        "select * from t where exists (select 1 from u where u.id = t.id and y = 2)",
        ["U#1.ID join -> T.ID", "T#0.ID join -> U.ID", "U#1.Y equality 2"],
    ),
    (
        "select * from t where not exists (select 1 from u where u.id = t.id)",
        ["U#1.ID not join -> T.ID", "T#0.ID not join -> U.ID"],
    ),
    (
        "select * from t where (id, a) in (select id, k from u)",
        ["T#0.ID join -> U.ID", "T#0.A join -> U.K", "U#1.ID join -> T.ID", "U#1.K join -> T.A"],
    ),
    (
        "select * from t where a > (select max(k) from u where u.id = t.id)",
        ["T#0.A other ~", "U#1.ID join -> T.ID", "T#0.ID join -> U.ID"],
    ),
    # Subqueries, CTEs, views: conditions move down, unless an aggregate, a window or a LIMIT stands between.
    (
        "with c as (select id, a as q, date_trunc('day', ts) dd from t) select * from c where q = 1 and dd >= '2024-01-01'",
        ["T#0.A equality 1", "T#0.TS range DATE_TRUNC('DAY', _) [2024-01-01T00:00..]"],
    ),
    ("with c (p, q) as (select a, b from t), e as (select * from c) select * from e where q = 1", ["T#0.B equality 1"]),
    (
        "with c as (select * from t) select * from c c1 join c c2 on c1.id = c2.id where c1.a = 1 and c2.a = 2",
        ["T#0.ID join -> T.ID", "T#0.A equality 1 0/0", "T#0.A equality 2 0/1"],
    ),
    (
        "with c as (select * from t) select * from c c1 join c c2 on c1.id = c2.x where c1.a = 1",
        ["T#0.ID join -> T.X", "T#0.X join -> T.ID", "T#0.A equality ~ 1"],
    ),
    (
        "with recursive r as (select id, a from t where b = 1 union all select u.id, r.a from u join r on u.k = r.id) select * from r where a = 2",
        ["T#0.B equality 1", "U#1.K join -> T.ID"],
    ),
    (
        "select * from (select a, count(*) n from t group by a) where a = 1 and n > 3",
        ["T#0.A equality 1", "T#0.A group"],
    ),
    (
        "select * from (select id, a, row_number() over (partition by id order by d) rn from t) where rn = 1 and id = 3 and a = 4",
        ["T#0.ID equality 3"],
    ),
    ("select * from (select * from t limit 10) where a = 1", []),
    (
        "select * from (select id, a z from t union all select id, y from u) where z = 1",
        ["T#0.A equality 1", "U#1.Y equality 1"],
    ),
    ("select * from (select * exclude (a) rename (b as bb) from t) where bb = 1", ["T#0.B equality 1"]),
    (
        "select * from vw where z = 1 and dd = '2024-03-03'",
        ["T#0.A equality 1", "T#0.TS equality TO_DATE(_) [2024-03-03T00:00..2024-03-04T00:00)", "T#0.B equality 3"],
    ),
    ("select * from named where two = '2024-01-01' and one = 1", ["T#0.D equality 2024-01-01", "T#0.ID equality 1"]),
    # Aliases: the source's column before the select list's.
    ("select upper(m) as m from t where m = 'x'", ["T#0.M equality 'x'"]),
    ("select a + 1 as aa, aa * 2 as a4 from t where aa > 5", ["T#0.A range _ + 1 (4..]"]),
    # HAVING, QUALIFY, GROUP BY, ORDER BY.
    (
        "select b, sum(a) s from t group by b having b = 3 and sum(a) > 4 order by s, b",
        ["T#0.B equality 3", "T#0.B group", "T#0.B order"],
    ),
    (
        "select * from t qualify row_number() over (partition by id order by d) = 1 and id = 3 and a = 4",
        ["T#0.ID equality 3"],
    ),
    (
        "select date_trunc('month', ts) mm, count(*) from t group by all order by 1",
        ["T#0.TS group DATE_TRUNC('MONTH', _)", "T#0.TS order DATE_TRUNC('MONTH', _)"],
    ),
    (
        "select a, b from t group by rollup (a, b), x order by d desc",
        ["T#0.A group", "T#0.B group", "T#0.X group", "T#0.D order desc"],
    ),
    (
        "select case when a = 1 then 0 end from t group by case when a = 1 then 0 end",
        ["T#0.A group ~ CASE WHEN _ = 1 THEN 0 END"],
    ),
    ("select a from t union select k from u order by a", ["T#0.A order", "U#1.K order"]),
    ("select b, a as z from t union select id, k from u order by 2", ["T#0.A order", "U#1.K order"]),
    # Semi-structured data.
    (
        "select * from (select parse_json(m) as p from t) where p:b = 5",
        ["T#0.M equality ~ GET_PATH(PARSE_JSON(_), 'b') 5"],
    ),
    (
        "select * from t where v:a.b::string = 'x' and v['k'][0] = 3 and get_path(v, 'p.q') > 2",
        ["T#0.V:a.b equality CAST(_ AS VARCHAR) 'x'", "T#0.V:k[0] equality 3", "T#0.V:p.q range (2..]"],
    ),
    (
        "select * from (select v:a as p from t) where p:b::number >= 5",
        ["T#0.V:a.b range CAST(_ AS DECIMAL(38, 0)) [5..]"],
    ),
    (
        "select f.value:n from t, lateral flatten(input => t.v:items) f where f.value:q::int > 5 and d = '2024-01-01'",
        ["T#0.D equality 2024-01-01"],
    ),
    ("select 1 from t, table(flatten(t.v)) f where f.key = 'x' and a = 1", ["T#0.A equality 1"]),
    # Names.
    (
        "with t as (select a from t union all select k from u) select * from t where a = 1",
        ["T#0.A equality 1", "U#1.K equality 1"],
    ),
    (
        "select * from s.t join s2.t on s.t.id = s2.t.id where s2.t.z = 1",
        ["T#0.ID join -> T.ID", "T#1.ID join -> T.ID", "T#1.Z equality 1"],
    ),
    ('select * from "t" where "a" = 1', ["t#0.a equality 1"]),
    ("select * from db.s.T as x where X.a = 1", ["T#0.A equality 1"]),
    ("select * from identifier('db.s.t') where a = 1", ["T#0.A equality 1"]),
    ("select * from table('t') where a = 1", ["T#0.A equality 1"]),
    # Other sources.
    ("select * from (values (1, 2)) v (p, q) join t on t.id = v.p where a = 1", ["T#0.ID join", "T#0.A equality 1"]),
    ("select * from t pivot (sum(x) for m in ('j', 'f')) as p where d = '2024-01-01'", ["T#0.D equality 2024-01-01"]),
    (
        "select * from (select id, m, x from t where a = 1) pivot (sum(x) for m in ('j', 'f')) as p where id = 3",
        ["T#0.ID equality 3", "T#0.A equality 1"],
    ),
    ("select * from u unpivot (val for nm in (k, y)) where id = 1 and val > 3", ["U#0.ID equality 1"]),
    ("select * from t at (offset => -60) where a = 1", ["T#0.A equality 1"]),
    (
        "select * from t, lateral (select * from u where u.id = t.id and k = 1) z where z.y = 3",
        ["U#1.Y equality 3", "U#1.ID join -> T.ID", "T#0.ID join -> U.ID", "U#1.K equality 1"],
    ),
    # Writes.
    (
        "merge into t using u on t.id = u.id and t.d >= current_date - 3 and u.k = 1 when matched then update set t.a = u.k when not matched then insert (a) values (1)",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.D range [2024-05-04..]"],
    ),
    (
        "update t set a = u.k from u where t.id = u.id and t.b = 1",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "T#0.B equality 1"],
    ),
    (
        "delete from t using u where t.id = u.id and k = 1",
        ["T#0.ID join -> U.ID", "U#1.ID join -> T.ID", "U#1.K equality 1"],
    ),
    ("insert into u select id from t where a = 1", ["T#0.A equality 1"]),
    ("create table n as (with c as (select * from t) select * from c where a = 1)", ["T#0.A equality 1"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_usages(text: str, expected: list[str]) -> None:
    assert lines(text) == expected
