"""Hard texts: each is read or given up with a reason, within its limits, and costs the others nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from advisor.errors import InputError
from advisor.model import Catalog, Reading, TableName
from advisor.settings import Settings
from advisor.usage import Request, pool, read_all
from advisor.usage.names import Directory
from tests.usage.shown import AT, CATALOG, reading, table

WHERE = "SELECT a FROM t WHERE "
MEGABYTE = 1_000_000
CUT = 100_000


def filled(text: str, length: int) -> str:
    return (text * (length // len(text) + 1))[:length]


HARD = {
    "in list of 1 MB": WHERE + "id IN (" + ",".join(str(n) for n in range(100_000, 230_000)) + ")",
    "values of 1 MB": "INSERT INTO t VALUES " + ",".join(f"({n}, 'abc{n}', {n}.5, NULL)" for n in range(25_000)),
    "500 parentheses": WHERE + "(" * 500 + "a = 1" + ")" * 500,
    "500 cases": "SELECT " + "CASE WHEN a = 1 THEN 1 ELSE " * 500 + "0" + " END" * 500 + " FROM t",
    "500 functions": WHERE + "COALESCE(" * 500 + "a" + ", 1)" * 500 + " = 1",
    "500 subqueries": "SELECT * FROM (" * 500 + "SELECT a FROM t" + ")" * 500 + " WHERE a = 1",
    "500 nested ORs": WHERE + "(a = 1 OR (b = 2 AND " * 500 + "x = 3" + "))" * 500,
    "10,000 ORs": WHERE + " OR ".join(f"a = {n}" for n in range(10_000)),
    "10,000 ANDs": WHERE + " AND ".join(f"x > {n}" for n in range(9_000)),
    "2,000 branches": " UNION ALL ".join(f"SELECT {n} AS n FROM t WHERE a = {n}" for n in range(2_000)),
    "40,000 ORs in an order": "SELECT a FROM t ORDER BY IFF(" + " OR ".join(["a = 1"] * 40_000) + ", a, b)",
    "2,000 joined": "SELECT a FROM t" + ", u" * 1_999 + " WHERE t.a = 1",
    "5,000 terms": "SELECT " + " + ".join("a" for _ in range(5_000)) + " FROM t",
    "unterminated text": "SELECT 'abc " + "x " * 40_000,
    "unterminated name": 'SELECT "abc ' + "x " * 40_000,
    "unterminated comment": "SELECT 1 /* " + "x " * 40_000,
    "unterminated body": "CREATE PROCEDURE p() RETURNS STRING AS $$ " + "x " * 40_000,
    "open brackets": "SELECT " + "[" * 90_000,
    "NUL bytes": "SELECT 'a\x00b', \x00 FROM t WHERE a = 1",
    "lone surrogate": WHERE + "m = '\ud800'",
    "garbage": "".join(chr(33 + n * 7919 % 900) for n in range(20_000)),
}
LIMITED = {
    "longer than the limit": WHERE + "m = '" + "x" * MEGABYTE + "'",
    "cut in a list": filled(WHERE + "m IN ('0123456789abcdef', '", CUT),
    "cut after a whole item": (WHERE + "a = 1 AND b IN (" + "1," * CUT)[: CUT - 1] + "1",
    "cut, yet complete": WHERE + "a = 1 /*" + " " * CUT + "*/",
}
GIVEN_UP = {
    "unterminated text": "does not parse",
    "unterminated name": "does not parse",
    "unterminated comment": "does not parse",
    "unterminated body": "does not parse",
    "open brackets": "nests too deep",
    "garbage": "does not parse",
}


def request(text: str) -> Request:
    return Request(text, "DB", "S", AT)


@pytest.fixture(scope="module")
def hard() -> dict[str, Reading]:
    # Generous, so that a busy machine changes nothing; the test of the deadline sets its own.
    settings = Settings(parse_seconds=20, truncated_at=2 * MEGABYTE)
    readings = read_all([request(text) for text in HARD.values()], CATALOG, settings)
    limited = read_all([request(text) for text in LIMITED.values()], CATALOG, Settings(parse_seconds=20))
    return dict(zip([*HARD, *LIMITED], readings + limited, strict=True))


@pytest.mark.parametrize("name", HARD)
def test_hard_texts_are_read_or_have_a_problem(name: str, hard: dict[str, Reading]) -> None:
    assert hard[name].problem == GIVEN_UP.get(name)


def test_hard_texts_keep_their_facts(hard: dict[str, Reading]) -> None:
    assert len(hard["10,000 ORs"].usages[0].values) == 10_000
    assert len(hard["2,000 branches"].scans) == 2_000
    assert len(hard["2,000 joined"].scans) == 2_000
    assert len(hard["in list of 1 MB"].usages[0].values) == 130_000
    assert hard["500 parentheses"].usages == reading(WHERE + "a = 1").usages


def test_a_long_text_is_not_parsed(hard: dict[str, Reading]) -> None:
    assert hard["longer than the limit"] == Reading((), (), problem="too long")


def test_a_text_of_the_cut_off_length_is_truncated_even_if_it_parses(hard: dict[str, Reading]) -> None:
    assert hard["cut in a list"].problem == "truncated"
    complete = hard["cut, yet complete"]
    assert complete.problem == "truncated"
    assert complete.usages == reading(WHERE + "a = 1").usages


ENDLESS = WHERE + " OR ".join(f"(a = {n} AND b > {n})" for n in range(40_000))


def test_a_statement_over_its_deadline_costs_only_itself() -> None:
    requests = [request(f"{WHERE}a = {n}") for n in range(100)]
    requests.insert(50, request(ENDLESS))
    started = time.monotonic()
    readings = read_all(requests, CATALOG, Settings(parse_seconds=0.5, parse_bytes=10**7, truncated_at=10**7))
    assert time.monotonic() - started < 15
    assert readings[50] == Reading((), (), problem="takes too long")
    others = readings[:50] + readings[51:]
    assert [one.usages[0].values for one in others] == [(n,) for n in range(100)]


def test_a_statement_that_needs_too_much_memory_costs_only_itself() -> None:
    huge = WHERE + "a IN (" + "1," * 12_000_000 + "1)"
    settings = Settings(parse_seconds=60, parse_bytes=10**8, truncated_at=10**8)
    lost, kept = read_all([request(huge), request(WHERE + "a = 1")], CATALOG, settings)
    assert lost.problem in {"ran out of memory", "crashes the reader"}
    assert kept == reading(WHERE + "a = 1")


def test_readings_are_in_order_and_equal_for_any_number_of_processes() -> None:
    texts = [f"{WHERE}a = {n % 150} AND b + {n} > 1" for n in range(700)] + ["nonsense"]
    requests = [request(text) for text in texts]
    one, three = (read_all(requests, CATALOG, Settings(threads=threads)) for threads in (1, 3))
    assert one == three
    assert list(one[:3]) == [reading(text) for text in texts[:3]]
    assert one[-1].problem == "does not parse"


def test_equal_requests_get_equal_readings() -> None:
    assert (
        read_all([request("select 1"), request(WHERE + "a = 1")] * 2, CATALOG, Settings())
        == (
            reading("select 1"),
            reading(WHERE + "a = 1"),
        )
        * 2
    )


def test_a_process_that_does_not_start_is_the_users_to_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    pool.dismiss()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(InputError, match="does not start"):
        read_all([request("select 1")], CATALOG, Settings())


def test_no_threads_is_one_thread() -> None:
    assert read_all([request(WHERE + "a = 1")], CATALOG, Settings(threads=0)) == (reading(WHERE + "a = 1"),)


def test_nothing_to_read_starts_nothing() -> None:
    assert read_all([], CATALOG, Settings()) == ()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that were started; none waits when the test begins, nor is one left."""
    pool.dismiss()
    found: list[subprocess.Popen[bytes]] = []
    spawn = pool._spawn

    def watched(line: Connection) -> subprocess.Popen[bytes]:
        found.append(spawn(line))
        return found[-1]

    monkeypatch.setattr(pool, "_spawn", watched)
    yield found
    pool.dismiss()
    assert all(process.poll() is not None for process in found)


OTHER = Catalog({TableName("DB", "S", "T"): table("T", B="NUMBER")}, {})


def read_one(text: str = WHERE + "a = 1", catalog: Catalog = CATALOG) -> Reading:
    (found,) = read_all([request(text)], catalog, Settings(parse_seconds=60, parse_bytes=10**8, truncated_at=10**8))
    return found


def test_a_process_is_kept_for_the_next_call_and_reads_by_that_ones_catalog(
    started: list[subprocess.Popen[bytes]],
) -> None:
    for catalog in (CATALOG, CATALOG, OTHER, CATALOG):
        assert read_one(catalog=catalog) == reading(WHERE + "a = 1", catalog=catalog)
    assert reading(WHERE + "a = 1", catalog=OTHER) != reading(WHERE + "a = 1")
    assert len(started) == 1


def test_one_process_is_kept_of_several_and_none_after_many_requests(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "FEW", 300)
    read_all([request(f"{WHERE}a + {n} > 1") for n in range(300)], CATALOG, Settings(threads=2))
    assert [process.poll() is None for process in started].count(True) == 1
    read_all([request(f"{WHERE}a + {n} > 1") for n in range(302)], CATALOG, Settings(threads=1))  # one is read first
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_a_kept_process_that_has_ended_is_replaced(started: list[subprocess.Popen[bytes]]) -> None:
    for catalog in (CATALOG, OTHER):
        read_one(catalog=CATALOG)
        started[-1].kill()
        started[-1].wait()
        assert read_one(catalog=catalog) == reading(WHERE + "a = 1", catalog=catalog)
    assert len(started) == 3


def test_a_process_that_a_statement_left_short_of_memory_takes_no_other_catalog(
    started: list[subprocess.Popen[bytes]],
) -> None:
    long = WHERE + "id IN (" + ",".join(map(str, range(130_000))) + ")"
    assert len(read_one(long).usages[0].values) == 130_000
    assert read_one(catalog=OTHER) == reading(WHERE + "a = 1", catalog=OTHER)
    assert len(started) == 2


def test_a_process_that_failed_is_not_kept(started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(TypeError), pool._worker(Directory.of(CATALOG), 1.0):
        raise TypeError
    assert read_one() == reading(WHERE + "a = 1")
    assert len(started) == 2


def test_a_forked_process_starts_its_own(started: list[subprocess.Popen[bytes]]) -> None:
    read_one()
    child = os.fork()
    if not child:
        os._exit(len(pool._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read_one() == reading(WHERE + "a = 1")
    assert len(started) == 1
