"""What was learned of statements and kept: found again only where it is what a reading would say."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from advisor.model import Catalog, Reading, TableName
from advisor.settings import Settings
from advisor.usage import Request, pool, read_all
from advisor.usage.cache import FILE, MARK
from tests.usage.shown import AT, CATALOG, table
from tests.usage.test_constructs import CASES

TEXTS = [text for text, _ in CASES] + ["nonsense", "select * from t where ts > current_date - 7"]
REQUESTS = [Request(text, "DB", "S", AT) for text in TEXTS]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were read by a process."""
    seen: list[str] = []
    drive = pool._drive

    def watched(waiting, directory, seconds):  # type: ignore[no-untyped-def]
        seen.extend(request.text for request in waiting)
        return drive(waiting, directory, seconds)

    monkeypatch.setattr(pool, "_drive", watched)
    return seen


def read_with(folder: Path, requests: list[Request] = REQUESTS, catalog: Catalog = CATALOG) -> tuple[Reading, ...]:
    return read_all(requests, catalog, Settings(cache_folder=str(folder), threads=1))


def without(requests: list[Request] = REQUESTS, catalog: Catalog = CATALOG) -> tuple[Reading, ...]:
    return read_all(requests, catalog, Settings(threads=1))


def test_a_second_run_reads_nothing_and_finds_the_same(tmp_path: Path, read: list[str]) -> None:
    first = read_with(tmp_path / "new" / "cache")
    assert len(set(read)) == len(set(TEXTS))
    read.clear()
    assert read_with(tmp_path / "new" / "cache") == first == without()
    assert sorted(set(read)) == sorted(set(TEXTS))  # those of the run without a cache


def test_only_what_is_new_is_read(tmp_path: Path, read: list[str]) -> None:
    read_with(tmp_path)
    read.clear()
    more = [*REQUESTS, Request("select id from t where a = 77", "DB", "S", AT)]
    assert len(read_with(tmp_path, more)) == len(more)
    assert read == ["select id from t where a = 77"]


def test_what_a_changed_table_has_to_do_with_is_read_again(tmp_path: Path, read: list[str]) -> None:
    read_with(tmp_path)
    read.clear()
    name = TableName("DB", "S", "U")
    changed = Catalog({**CATALOG.tables, name: replace(table("U", ID="NUMBER"), name=name)}, CATALOG.views)
    found = read_with(tmp_path, catalog=changed)
    again = set(read)
    read.clear()
    assert found == without(catalog=changed)
    assert "select * from t where ts > current_date - 7" not in again
    assert all("u" in text.lower() for text in again)
    assert again


def test_a_table_of_the_same_name_elsewhere_is_a_change(tmp_path: Path) -> None:
    request = [Request("select * from t where a = 1", None, None, AT)]
    read_with(tmp_path, request)
    name = TableName("DB", "OTHER", "T")
    more = Catalog({**CATALOG.tables, name: replace(table("T", A="NUMBER"), name=name)}, CATALOG.views)
    assert read_with(tmp_path, request, more) == without(request, more)


def test_only_a_statement_that_asks_for_the_time_is_read_again_at_another(tmp_path: Path, read: list[str]) -> None:
    read_with(tmp_path)
    read.clear()
    later = [replace(request, at=AT + timedelta(days=7)) for request in REQUESTS]
    found = read_with(tmp_path, later)
    again = set(read)
    assert found == without(later)
    assert "select * from t where ts > current_date - 7" in again
    assert all(any(word in text.upper() for word in ("CURRENT_", "GETDATE", "SYSDATE", "V")) for text in again)


def test_another_version_of_the_reader_reads_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    read_with(tmp_path)
    read.clear()
    monkeypatch.setattr("advisor.usage.cache._version", lambda: "another")
    read_with(tmp_path)
    assert set(read) == set(TEXTS)


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "folder", "evil", "other"])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, damage: str, read: list[str]) -> None:
    read_with(tmp_path)
    file = tmp_path / FILE
    data = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "evil":
        content = pickle.dumps((1, {"a": Evil(tmp_path / "touched")}))
        file.write_bytes(MARK + sha256(content).digest() + content)
    elif damage == "other":
        content = pickle.dumps((1, {"a": ("names", 1), "b": 7}))
        file.write_bytes(MARK + sha256(content).digest() + content)
    else:
        flipped = data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
        file.write_bytes({"cut": data[:4000], "flipped": flipped, "empty": b"", "foreign": b"PAR1" * 99}[damage])
    read.clear()
    assert read_with(tmp_path) == without()
    assert set(read) == set(TEXTS)
    assert not (tmp_path / "touched").exists()
    if damage != "folder":
        read.clear()
        read_with(tmp_path)
        assert read == []


def test_what_another_machine_may_manage_is_not_kept(tmp_path: Path, read: list[str]) -> None:
    endless = "select a from t where " + " or ".join(f"(a = {n} and b > {n})" for n in range(40_000))
    settings = Settings(cache_folder=str(tmp_path), parse_seconds=0.3, parse_bytes=10**7, truncated_at=10**7)
    for _ in range(2):
        (found,) = read_all([Request(endless, "DB", "S", AT)], CATALOG, settings)
        assert found.problem == "takes too long"
    assert read == [endless, endless]


def test_a_folder_that_cannot_be_written_to_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read_with(tmp_path / "file" / "cache") == without()
