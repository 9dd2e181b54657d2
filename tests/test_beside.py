"""What is worked out in a process beside this one: the same answers, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType

import pytest

from advisor import beside
from advisor.account import read_account
from advisor.analyzer import analyze
from advisor.beside import Begun, Beside
from advisor.clustering import search as key_search
from advisor.clustering.search import KeySearch
from advisor.equality import Proofs, difference
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import Snapshot, open_snapshot
from advisor.workload import latencies, percentiles
from tests.equality import test_verdicts
from tests.equality.test_verdicts import trial
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, loads, runs
from tests.recommenders.test_materialized_view import KNOWN, by_region, of_a_region
from tests.snapshots import table, write_snapshot

OWN = os.getpid()
ENDLESS = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range * b.range % 7 = 9"


def where() -> int:
    return os.getpid()


def slow(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def ends(own: int) -> int:
    """Kills the process that it runs in, but not that one."""
    if os.getpid() != own:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def fails() -> int:
    raise ArithmeticError("of no use anywhere")


def sizes(mapping: MappingProxyType[str, float]) -> int:
    return len(mapping)


def stood() -> Beside:
    """With its process ready and idle."""
    found = Beside()
    found.begin(where).result()
    begun = found.begin(slow, 0.0)
    while not begun._answer.done():
        time.sleep(0.01)
    return found


def elsewhere(work: Beside, *asked: object) -> Begun[int]:
    """Work that is given time to be begun by the process."""
    begun: Begun[int] = work.begin(*asked)  # type: ignore[arg-type]
    while begun._free.acquire(blocking=False):
        begun._free.release()
        time.sleep(0.001)
    return begun


def test_work_is_done_in_another_process_and_mappings_that_cannot_be_changed_are_sent() -> None:
    with stood() as work:
        assert elsewhere(work, where).result() != OWN
        assert elsewhere(work, sizes, MappingProxyType({"XSMALL": 1.0})).result() == 1


def test_who_waits_does_what_nobody_has_begun() -> None:
    with Beside() as work:
        first, second = work.begin(where), work.begin(where)
        assert second.result() == first.result() == OWN, "the process takes longer to start than this"


def test_work_that_ended_its_process_is_done_here_and_so_is_all_after_it() -> None:
    with stood() as work:
        assert elsewhere(work, ends, OWN).result() == OWN
        assert elsewhere(work, where).result() == OWN


def test_what_cannot_be_sent_is_done_here() -> None:
    with stood() as work:
        assert elsewhere(work, len, [lambda: 0]).result() == 1


def test_a_process_that_does_not_start_costs_nothing_but_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(module: str, line: Connection) -> None:
        raise OSError(module)

    monkeypatch.setattr(beside, "spawn", refused)
    with Beside() as work:
        assert elsewhere(work, where).result() == OWN


def test_what_fails_fails_here_with_its_error() -> None:
    with stood() as work, pytest.raises(ArithmeticError, match="of no use"):
        elsewhere(work, fails).result()


def test_on_leaving_nothing_is_waited_for_and_no_process_is_left() -> None:
    work = stood()
    assert work._process is not None
    process = work._process._process
    started = time.monotonic()
    with work:
        elsewhere(work, slow, 60.0)
        queued = work.begin(slow, 60.0)
    assert time.monotonic() - started < 5
    assert process.poll() is not None
    assert not queued._answer.done()


def test_the_process_starts_ahead_where_so_many_texts_are_sure_to_ask_enough() -> None:
    with Beside() as work:
        KeySearch(work).expect(key_search.PAYS)
        assert within(60, lambda: work.stands)
    with Beside() as work:
        KeySearch(work).expect(key_search.PAYS - 1)
        assert not work._driver._threads


def test_each_sample_of_a_template_is_a_text_that_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected: list[int] = []
    monkeypatch.setattr(KeySearch, "expect", lambda _, texts: expected.append(texts))
    history = runs(by_customer, 400, 2000) + loads(100_000)
    with open_snapshot(write_snapshot(tmp_path, history, (ORDERS,), columns=columns("ORDERS")), Settings()) as snapshot:
        account = read_account(snapshot, Settings(), lambda *_: None)
    each = [len(template.samples) for template in account.workload.templates]
    assert max(each) > 1
    assert expected == [sum(max(1, samples) for samples in each)]


def test_a_thread_does_what_will_be_asked_for() -> None:
    begun = Begun(where)
    with Beside(process=False) as thread:
        thread.hasten(begun)
        assert begun._answer.result(timeout=60) == OWN


def halves_sent(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each half of a proof that a process was given whether its numbers are whole ones."""
    sent: list[bool] = []
    ask = beside._Process.ask

    def watched(process, function, arguments):  # type: ignore[no-untyped-def]
        found = ask(process, function, arguments)
        sent.append(arguments[2])
        return found

    monkeypatch.setattr(beside._Process, "ask", watched)
    return sent


def test_a_proof_that_is_begun_is_run_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with stood() as work:
        sent = halves_sent(monkeypatch)
        asked = Proofs(work).begin(trial(test_verdicts.OTHER), Settings(proof_databases=40)).why
        assert within(30, lambda: len(sent) == 2), "both halves are done, and nobody has asked"
        assert "differs" in str(asked())
    assert sent == [False, True]


def test_a_begun_proof_that_nobody_asks_for_is_given_up_wherever_it_runs() -> None:
    started = time.monotonic()
    with stood() as work:
        work._end()
        work._stands = True
        Proofs(work).begin(trial([test_verdicts.ENDLESS, test_verdicts.ENDLESS]), Settings(proof_seconds=60.0))
        assert within(10, lambda: any(thread.name.startswith("proof") for thread in threading.enumerate()))
    assert time.monotonic() - started < 30


def within(seconds: float, met: Callable[[], bool]) -> bool:
    last = time.monotonic() + seconds
    while not met() and time.monotonic() < last:
        time.sleep(0.01)
    return met()


def test_half_of_a_proof_is_run_in_a_process_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(proof_databases=40)
    pairs = test_verdicts.SAME, test_verdicts.OTHER
    alone = [difference(trial(pair), settings) for pair in pairs]
    with stood() as work:
        assert [why is None for why in alone] == [True, False]
        sent = halves_sent(monkeypatch)
        assert [difference(trial(pair), settings, work) for pair in pairs] == alone
    assert sent == [False, False], "the databases whose numbers may have decimals"
    assert difference(trial(test_verdicts.SAME), settings, Beside()) is None
    assert len(sent) == 2, "a process isn't started for it"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes that run tests side by side ignore Ctrl-C."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.mark.usefixtures("interruptible")
def test_a_proof_that_is_interrupted_is_not_waited_for_wherever_it_runs() -> None:
    endless = trial([test_verdicts.ENDLESS, test_verdicts.ENDLESS])
    with stood() as work:
        started = time.monotonic()
        timer = threading.Timer(1.0, os.kill, (OWN, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            difference(endless, Settings(threads=2, proof_seconds=60.0), work)
    assert time.monotonic() - started < 20


def test_half_of_a_proof_whose_process_ends_is_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(process, function, arguments):  # type: ignore[no-untyped-def]
        raise EOFError

    with stood() as work:
        monkeypatch.setattr(beside._Process, "ask", ended)
        assert difference(trial(test_verdicts.SAME), Settings(proof_databases=40), work) is None
        assert not work.stands


def look_up_endlessly(snapshot: Snapshot) -> None:
    with Beside(process=False) as thread, latencies.Latencies(snapshot).hastened(thread):
        time.sleep(0.5)
        raise KeyboardInterrupt


def find_endlessly(snapshot: Snapshot) -> None:
    with percentiles.beside(snapshot, Settings(threads=2)) as times:
        assert times.thread is not None
        times.thread.submit(times.snapshot.connection.execute, ENDLESS)
        time.sleep(0.5)
        raise KeyboardInterrupt


def test_what_fails_after_the_look_up_fails_with_its_own_error(tmp_path: Path) -> None:
    def fail(snapshot: Snapshot) -> None:
        found = latencies.Latencies(snapshot)
        with Beside(process=False) as thread, found.hastened(thread):
            assert len(found.result()) > 0
            raise ArithmeticError

    folder = write_snapshot(tmp_path, runs(by_week, 5, 10), [ORDERS])
    with open_snapshot(folder) as snapshot, pytest.raises(ArithmeticError):
        fail(snapshot)


@pytest.mark.parametrize("work", [look_up_endlessly, find_endlessly])
def test_a_thread_s_statement_is_given_up_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Snapshot], None]
) -> None:
    monkeypatch.setattr(latencies, "_LATENCIES", ENDLESS)
    started = time.monotonic()
    with open_snapshot(write_snapshot(tmp_path, runs(by_week, 5, 10), [ORDERS])) as snapshot:
        with pytest.raises(KeyboardInterrupt):
            work(snapshot)
        assert time.monotonic() - started < 20


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a process is asked to do: even small accounts' keys are searched for there, and it is given time to begin."""
    found: list[str] = []
    ask, begin = beside._Process.ask, KeySearch.begin

    def watched(process, function, arguments):  # type: ignore[no-untyped-def]
        found.append(function.__name__)
        return ask(process, function, arguments)

    def awaited(search, *arguments):  # type: ignore[no-untyped-def]
        begun, before = len(search._begun), len(found)
        begin(search, *arguments)
        deadline = time.monotonic() + 60
        while len(search._begun) > begun and len(found) == before and time.monotonic() < deadline:
            time.sleep(0.01)

    monkeypatch.setattr(beside._Process, "ask", watched)
    monkeypatch.setattr(KeySearch, "begin", awaited)
    monkeypatch.setattr(key_search, "PAYS", 1)
    return found


def test_views_proven_in_a_process_are_the_same_to_the_byte_as_without(tmp_path: Path, asked: list[str]) -> None:
    history = runs(by_region, 400, 2000) + runs(of_a_region, 400, 2000, start=7) + loads(100_000)
    tables = ORDERS, table("STAGING")
    folder = write_snapshot(tmp_path / "snapshot", history, tables, columns=columns("ORDERS"), column_statistics=KNOWN)
    written, proven = [], []
    for threads in (2, 1):
        settings = Settings(threads=threads)
        with open_snapshot(folder, settings) as snapshot:
            advice = analyze(snapshot, settings)
            generate(advice, tmp_path / "out")
        assert "materialized_view" in {each.kind for each in advice.recommendations}
        written.append((tmp_path / "out" / "advice.json").read_bytes())
        proven.append(asked.count("run"))
    assert written[0] == written[1]
    assert proven[0] == proven[1] >= 2, "halves of the proofs, and only beside"


def test_the_advice_is_the_same_to_the_byte_with_and_without_a_process(tmp_path: Path, asked: list[str]) -> None:
    history = runs(by_customer, 400, 2000) + runs(by_week, 56, 40, start=7) + loads(100_000)
    folder = write_snapshot(tmp_path / "snapshot", history, (ORDERS,), columns=columns("ORDERS"))
    written = []
    for threads in (2, 1):
        settings = Settings(threads=threads)
        with open_snapshot(folder, settings) as snapshot:
            generate(analyze(snapshot, settings), tmp_path / "out")
        written.append((tmp_path / "out" / "advice.json").read_bytes())
        assert asked == ["candidates", "candidates"], "of the whole window and of its earlier part, and only beside"
    assert written[0] == written[1]
