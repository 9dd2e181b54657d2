"""Texts that differ in constants alone: what one says, with the other's constants, is what the other would be read to say."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.model import Catalog, Reading
from advisor.settings import Settings
from advisor.usage import Request, pool, read_all
from advisor.usage.cache import Shaped
from advisor.usage.moulds import cut, shape
from advisor.usage.names import Directory
from advisor.usage.reading import answer
from advisor.usage.trees import Parser
from tests.usage.oracle import Benchmark, snowflake
from tests.usage.shown import AT, CATALOG
from tests.usage.test_constructs import CASES
from tests.usage.test_trees import varied

OTHERS = {
    "i": ("0", "1", "7", "12", "2026", "007", "99999999999999999999"),
    "d": ("0.5", "1.0", "2.50", "7.25"),
    "s": ("'a'", "'B'", "''", "' x '", "'a%'", "'_b'", "'2026-02-30'", "'--'", "'/*'", "'é'", "'or'"),
    "n": ("'0'", "'12'", "'007'", "'99999999999999999999'"),
    "D": ("'2026-01-31'", "'1999-12-31'", "'0001-01-01'", "'9999-12-31'"),
    "M": ("'2026-01-31 00:00:00'", "'1999-12-31 00:00:00'"),
    "T": ("'2026-01-31 10:30:00'", "'1999-12-31 23:59:59'"),
}


def kin(text: str, seed: int) -> str:
    """The text with its constants exchanged for others of their sort, mostly equal ones alike, and some left as they are."""
    chosen = random.Random(seed)
    alike = chosen.random() < 0.7
    known: dict[str, str] = {}

    def other(old: re.Match[str]) -> str:
        found = chosen.choice((old[0], *OTHERS.get(shape([old[0]]), (old[0],))))
        return known.setdefault(old[0], found) if alike else found

    return re.sub(r"'[^'\\]*'|(?<![\w.$])[0-9]+(?:\.[0-9]+)?(?![\w.$])", other, text)


def read(text: str, catalog: Catalog = CATALOG) -> Reading:
    return answer(Directory.of(catalog), request(text), Parser()).reading


def request(text: str) -> Request:
    return Request(text, "DB", "S", AT)


def filled(text: str, other: str, catalog: Catalog = CATALOG) -> Reading | None:
    """What `other` says by the mould of `text`; None where it doesn't fit."""
    one, another = Shaped.of(request(text)), Shaped.of(request(other))
    found = answer(Directory.of(catalog), request(text), Parser())
    return found.mould.filled(found.reading, another.runs) if found.mould and one.key == another.key else None


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_every_construct_says_by_a_mould_what_it_would_be_read_to_say(text: str) -> None:
    for seed in range(6):
        for other in (kin(text, seed), varied(text, seed)):
            found = filled(text, other)
            assert found is None or found == read(other)


@pytest.mark.parametrize("name", ["tpch", "tpcds"])
def test_the_benchmarks_queries_say_by_a_mould_what_they_would_be_read_to_say(name: str) -> None:
    benchmark = Benchmark.load(name)
    catalog, texts, came = benchmark.catalog(), [snowflake(text) for _, text in benchmark.queries()], 0
    benchmark.connection.close()
    for text in texts:
        found = answer(Directory.of(catalog), request(text), Parser()).mould
        between, runs = cut(text)
        for seed in range(2) if found is not None else ():
            assert found is not None
            kept = dict(found.fixed)
            others = [kept.get(i, kin(run, seed * 100 + runs.index(run))) for i, run in enumerate(runs)]
            other = "".join(piece + run for piece, run in zip(between, [*others, ""], strict=True))
            said = filled(text, other, catalog)
            assert said is None or said == read(other, catalog)
            came += said is not None and bool(found.slots)
    assert came >= (5 if name == "tpch" else 20)


TERMS = st.sampled_from(
    [
        "a = {i}", "a > {i}", "a <= {d}", "{i} < b", "a between {i} and {i}", "a in ({i}, {i})", "a in ({i})", "m = {s}", "m in ({s}, {s})",
        "m like {s}", "a <> {i}", "d >= {D}", "d < {D}", "ts < {T}", "ts >= {M}", "ts = {D}", "d = {T}", "m >= {D}", "a = {s}", "a = {n}", "m in ({n}, {n})", "d = {n}", "m = {i}",
        "a + {i} > {i}", "upper(m) = {s}", "to_date(ts) = {D}", "left(m, 2) >= {s}", "case when a > {i} then 1 else 0 end = {i}",
        "v:x = {i}", "v:y::date > {D}", "a = {i} or a = {i}", "not (a > {i} and m = {s})", "a = (select max(b) from t where b < {i})",
    ]
)  # fmt: skip
HEADS = (
    "select sum(case when a > {i} then b else {i} end) from t where ",
    "with c as (select a, b, m, d, ts, v from t where b = {i}) select * from c join c as e on c.a = e.a where c.b < {i} and e.b > {i} and exists "
    "(select 1 from t where ",
    "select * from (select a, b, m, d, ts, v, a > {i} as flag from t) where flag = true and ",
    "select a, count(*) from t /* run {i} */ group by a having count(*) > {i} and max(b) < {i} union all select a, b from t where ",
)


@given(st.sampled_from(HEADS), st.lists(TERMS, min_size=1, max_size=4), st.integers(0, 10**6))
def test_whatever_conditions_stand_together(head: str, terms: list[str], seed: int) -> None:
    chosen = random.Random(seed)
    text = head + " and ".join(f"({term})" for term in terms) + (")" if head.count("(") > head.count(")") else "")
    first, *others = (
        re.sub(r"\{(\w)\}", lambda sort: chosen.choice(OTHERS[sort[1]]), text) if n < 2 else kin(text, n)
        for n in range(2)
    )
    for other in (*others, *(kin(first, n) for n in range(3))):
        found = filled(first, other)
        assert found is None or found == read(other)


FITS = "/* run 12 */ select sum(case when a > 5 then b else 0 end) from t where a >= 77 and m in ('x', 'y') and d < '2026-03-01' -- 3"


def test_a_text_with_other_constants_fits() -> None:
    other = "/* run 8 */ select sum(case when a > 6 then b else 0 end) from t where a >= 9 and m in ('z', 'u', 'v') and d < '2025-04-05' -- 4"
    found = filled(FITS, other)
    assert found is not None
    assert found == read(other)
    assert {usage.values for usage in found.usages} > {("z", "u", "v")}


def test_conditions_that_become_one_are_one() -> None:
    """A condition on one of two places of a CTE."""
    text = "with c as (select * from t) select * from c as x join c as y on x.a = y.a where x.b > {} and x.b > {}"
    assert len(read(text.format(1, 2)).usages) == len(read(text.format(2, 2)).usages) + 1
    assert filled(text.format(1, 2), text.format(2, 2)) in (None, read(text.format(2, 2)))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (
            "select a from t where a = 1 or a = 2",
            "select a from t where a = 1 or a = 3",
        ),  # alternatives are taken together
        ("select a from t where m like 'a'", "select a from t where m like 'a%'"),  # a pattern is another condition
        ("select a from t where left(m, 9) >= 'a'", "select a from t where left(m, 9) >= 'b'"),  # a function may cut it
        ("select a from t where a = 1", "select a from t where a = 1.5"),
        (
            "select sum(case when a > 1 or a > 2 then 1 end) from t where b = 2",
            "select sum(case when a > 1 or a > 3 then 1 end) from t where b = 3",
        ),
        ("select count(a > 1), count(b > 2) from t", "select count(a > 1), count(b > 1) from t"),
        ("select iff(a > 1, b, 0) from t", "select iff(a > 1, 2, b, 0) from t"),
        ("select a from t where m = 'a'", "select a from t where m = '12'"),
        ("select a from t where d = 'a'", "select a from t where d = '2026-01-01'"),
        ("select a from t limit 1", "select a from t limit 2"),
        ("select a from t -- 1, 2\nwhere b = 1", "select a from t -- 1,\n 2\nwhere b = 1"),
        ("select a from t -- 1, 2\nwhere b = 1", "select a from t -- 1,\r2\nwhere b = 1"),
    ],
)
def test_what_may_be_read_otherwise_is_read(text: str, other: str) -> None:
    assert filled(text, other) is None


def test_of_many_texts_alike_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    read_ = pool._read

    def watched(due, *others):  # type: ignore[no-untyped-def]
        seen.extend(request.text for request in due)
        return read_(due, *others)

    monkeypatch.setattr(pool, "_read", watched)
    texts = [f"select a from t where a = {n} and m = 'x{n}' -- run {n + 100}" for n in range(30)]
    found = read_all([request(text) for text in texts], CATALOG, Settings(threads=1))
    assert seen == texts[:1]
    assert list(found) == [read(text) for text in texts]
