"""What proofs came to and was kept: found again only where it is what a proof would say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlglot

from advisor import equality
from advisor.equality import Proofs, Trial, difference, engine, verdicts
from advisor.equality.verdicts import FILE, MARK
from advisor.settings import Settings
from advisor.usage.names import Directory, Session
from tests.usage.shown import AT, CATALOG

SESSION = Session(Directory.of(CATALOG), "DB", "S")
SAME = ("SELECT a FROM t WHERE a = 3", "SELECT t.a FROM t WHERE 3 = t.a")
OTHER = ("SELECT a FROM t WHERE a = 3", "SELECT a FROM t WHERE a = 3 OR a IS NULL")
CLOCK = ("SELECT a FROM t WHERE ts > CURRENT_DATE", "SELECT a FROM t WHERE CURRENT_DATE < ts")
ENDLESS = f"SELECT COUNT(*) FROM {', '.join(f't t{i}' for i in range(40))} WHERE t0.a + t39.a > LENGTH(t20.b)"
PAIRS = (SAME, OTHER, CLOCK)


def trial(pair: Sequence[str], at: datetime = AT) -> Trial:
    original, rewritten = (sqlglot.parse_one(sql, read="snowflake") for sql in pair)
    return Trial(original, rewritten, {}, SESSION, at)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The original of each proof that was run, once for each kind of numbers."""
    seen: list[str] = []
    run = engine.run

    def watched(queries, *others):  # type: ignore[no-untyped-def]
        seen.append(queries.alone[0])
        return run(queries, *others)

    monkeypatch.setattr(equality, "run", watched)
    return seen


def kept_in(folder: Path) -> Settings:
    return Settings(proof_databases=20, cache_folder=str(folder))


def said(settings: Settings) -> list[str | None]:
    return [difference(trial(pair), settings) for pair in PAIRS]


def test_a_second_run_proves_nothing_and_says_the_same(tmp_path: Path, ran: list[str]) -> None:
    first = said(kept_in(tmp_path / "new" / "cache"))
    assert [why is None for why in first] == [True, False, True]
    assert len(ran) == 6
    assert said(kept_in(tmp_path / "new" / "cache")) == first == said(Settings(proof_databases=20))
    assert len(ran) == 12  # with those of the run without a cache


def test_another_constant_and_another_number_of_databases_are_proven_anew(tmp_path: Path, ran: list[str]) -> None:
    said(kept_in(tmp_path))
    ran.clear()
    assert difference(trial([sql.replace("3", "4") for sql in SAME]), kept_in(tmp_path)) is None
    assert difference(trial(SAME), replace(kept_in(tmp_path), proof_databases=40)) is None
    assert len(ran) == 4


def test_only_what_asks_for_the_clock_is_proven_again_at_another_time(tmp_path: Path, ran: list[str]) -> None:
    said(kept_in(tmp_path))
    ran.clear()
    for pair in PAIRS:
        difference(trial(pair, AT + timedelta(days=7)), kept_in(tmp_path))
    assert len(ran) == 2
    assert all("TS" in sql.upper() for sql in ran)


def test_another_version_of_the_prover_proves_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[str]
) -> None:
    said(kept_in(tmp_path))
    ran.clear()
    monkeypatch.setattr(verdicts, "_version", lambda: "another")
    said(kept_in(tmp_path))
    assert len(ran) == 6


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "folder"])
def test_a_damaged_file_is_rebuilt_and_never_believed(tmp_path: Path, damage: str, ran: list[str]) -> None:
    first = said(kept_in(tmp_path))
    file = tmp_path / FILE
    data = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        # A verdict that says "not proven", turned into one that says "proven".
        flipped = data.replace(b'"differs', b'"Differs')
        assert flipped != data
        file.write_bytes({"cut": data[:-9], "flipped": flipped, "empty": b"", "foreign": MARK + b"{}"}[damage])
    ran.clear()
    assert said(kept_in(tmp_path)) == first
    assert len(ran) == 6
    if damage != "folder":
        assert said(kept_in(tmp_path)) == first
        assert len(ran) == 6


def test_what_took_too_long_is_tried_again(tmp_path: Path, ran: list[str]) -> None:
    settings = replace(kept_in(tmp_path), proof_databases=200, proof_seconds=0.05)
    for _ in range(2):
        assert difference(trial([ENDLESS, ENDLESS]), settings) is not None
    assert len(ran) == 4
    assert not (tmp_path / FILE).exists()


def test_an_interrupted_proof_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Future[object], timeout: float | None = None) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        difference(trial([ENDLESS, ENDLESS]), Settings(threads=2, proof_seconds=60.0))
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("volatile", ["RANDOM() > 0", "UUID_STRING() <> 'x'", "CURRENT_USER() <> 'x'"])
def test_what_may_say_something_else_when_run_again_is_not_kept(tmp_path: Path, volatile: str, ran: list[str]) -> None:
    sql = f"SELECT a FROM t WHERE {volatile}"
    for _ in range(2):
        difference(trial([sql, sql]), kept_in(tmp_path))
    assert len(ran) == 4
    assert not (tmp_path / FILE).exists()


def test_a_run_proves_equal_rewrites_once(ran: list[str]) -> None:
    proofs, settings = Proofs(), Settings(proof_databases=20)
    for pair, found in ((SAME, True), (OTHER, False)):
        assert [proofs.difference(trial(pair), settings) is None for _ in range(2)] == [found, found]
    assert len(ran) == 4, "both kinds of numbers, of both pairs"
    volatile = "SELECT a FROM t WHERE RANDOM() > 0"
    for _ in range(2):
        proofs.difference(trial([volatile, volatile]), settings)
    assert len(ran) == 8, "what says something else when it is run again is run again"


def test_the_oldest_verdict_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    monkeypatch.setattr(verdicts, "MOST", 2)
    said(kept_in(tmp_path))
    ran.clear()
    difference(trial(CLOCK), kept_in(tmp_path))
    difference(trial(OTHER), kept_in(tmp_path))
    assert ran == []
    difference(trial(SAME), kept_in(tmp_path))
    assert len(ran) == 2


def test_a_folder_that_cannot_be_written_to_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert said(kept_in(tmp_path / "file" / "cache")) == said(Settings(proof_databases=20))


def test_a_proof_does_not_wait_for_pandas() -> None:
    proof = (
        "import sys; from tests.equality.test_verdicts import SAME, difference, trial; from advisor.settings import Settings; "
        "print(difference(trial(SAME), Settings(proof_databases=40)), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", proof], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["None", "False"], done.stderr
