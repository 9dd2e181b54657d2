"""A long history in units: what is kept of one changes nothing but the time that the next run takes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from advisor.model import Workload
from advisor.settings import Settings
from advisor.snapshot import open_snapshot, write_manifest
from advisor.workload import compress, kept
from advisor.workload.digests import Digest, Digester
from advisor.workload.fingerprint import canonical_aliases
from advisor.workload.texts import duckdb_sql, samples_of
from advisor.workload.units import Unit, units
from tests.snapshots import START, query, write_snapshot, write_view

DAYS = 8
A_DAY = 60
SHAPES = (
    "select a from t where b = {}",
    "select sum(x.a) as s from t x join u on x.id = u.id where x.d > '{}'",
    "insert into t select * from u where id = {}",
)


def day(number: int, hashes: bool = True) -> list[dict[str, Any]]:
    """A day's queries of a few statements, now and then answered from the result cache, failed or without a time."""
    draw = random.Random(number)
    rows = []
    for n in range(A_DAY):
        shape = draw.randrange(len(SHAPES))
        row = query(
            SHAPES[shape].format(draw.randrange(1000)),
            number * A_DAY + n,
            QUERY_TYPE="INSERT" if shape == 2 else "SELECT",
            START_TIME=START + timedelta(days=number, minutes=24 * n),
            END_TIME=START + timedelta(days=number, minutes=24 * n, seconds=5),
            EXECUTION_TIME=draw.randrange(1, 5000),
            PARTITIONS_SCANNED=draw.choice([None, *range(100)]),
            EXECUTION_STATUS=draw.choice(["SUCCESS"] * 9 + ["FAIL"]),
            WAREHOUSE_NAME=draw.choice("AB"),
            QUERY_PARAMETERIZED_HASH=f"hash{shape}{draw.randrange(2)}" if hashes else None,
        )
        if draw.randrange(10) == 0:
            row |= {"WAREHOUSE_SIZE": None, "BYTES_SCANNED": 0, "PARTITIONS_SCANNED": 0}
        rows.append(row)
    return rows


def snapshot_of(folder: Path, days: range, hashes: bool = True) -> Path:
    """One file a day."""
    write_snapshot(folder, [query("select 1")])
    (folder / "query_history.parquet").unlink()
    (folder / "query_history").mkdir()
    for number in days:
        write_view(folder / "query_history", f"{number:04d}", day(number, hashes))
    return folder


def compressed(folder: Path, cache: Path | None = None, **changes: Any) -> Workload:
    with open_snapshot(folder) as snapshot:
        return compress(snapshot, replace(Settings(), cache_folder=None if cache is None else str(cache), **changes))


def digest_files(cache: Path) -> list[Path]:
    """Those of the units, oldest first; what texts are once they are normalised is kept last."""
    return sorted((cache / kept.FOLDER).iterdir(), key=lambda path: path.stat().st_mtime_ns)[:-1]


@pytest.fixture(autouse=True)
def _long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such histories count as long."""
    monkeypatch.setattr("advisor.workload.history.EXECUTIONS_A_PART", 100)
    monkeypatch.setattr("advisor.workload.units.ROWS_A_UNIT", 1)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that digests were made of."""
    names: list[str] = []
    make = Digester.make

    def watched(self: Digester, unit: Unit, folder: Path) -> Digest:
        names.extend(path.stem for path in unit.files)
        return make(self, unit, folder)

    monkeypatch.setattr(Digester, "make", watched)
    return names


@pytest.mark.parametrize("hashes", [True, False])
def test_a_later_window_reads_only_what_is_new(tmp_path: Path, made: list[str], hashes: bool) -> None:
    first, second = snapshot_of(tmp_path / "1", range(8), hashes), snapshot_of(tmp_path / "2", range(2, 9), hashes)
    assert compressed(first, tmp_path / "cache") == compressed(first)
    assert sorted(made) == sorted([f"{number:04d}" for number in range(8)] * 2)
    made.clear()
    found = compressed(second, tmp_path / "cache")
    # The last quarter of the later window begins within a day that the cache knows: it is told anew what of it is recent.
    assert sorted(made) == ["0007", "0008"]
    made.clear()
    assert found == compressed(second, tmp_path / "cache")
    assert made == []
    assert found == compressed(second)


@pytest.mark.parametrize("hashes", [True, False])
def test_of_what_is_kept_only_what_is_recent_is_told_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashes: bool
) -> None:
    first, second = snapshot_of(tmp_path / "1", range(8), hashes), snapshot_of(tmp_path / "2", range(2, 9), hashes)
    compressed(first, tmp_path / "cache")
    written: dict[str, set[str]] = {}
    write = Digester._write

    def watched(self: Digester, name: str, sql: str, folder: Path) -> None:
        written.setdefault(folder.name, set()).add(name)
        write(self, name, sql, folder)

    monkeypatch.setattr(Digester, "_write", watched)
    found = compressed(second, tmp_path / "cache")
    assert written["5"] == {"told"}, "the last quarter begins within it, all else holds"
    assert written.keys() == {"5", "6"}
    assert {"told", "samples"} <= written["6"], "the new one is made as a whole"
    assert found == compressed(second)


def test_units_add_up_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = snapshot_of(tmp_path, range(DAYS))
    apart = compressed(folder)
    monkeypatch.setattr("advisor.workload.history.EXECUTIONS_A_PART", 10_000)
    together = compressed(folder)

    def figures(workload: Workload) -> Workload:
        bare = (replace(t, samples=(), text="", example_query_id="") for t in workload.templates)
        return replace(workload, templates=tuple(bare))

    assert figures(apart) == figures(together)
    assert {len(template.samples) for template in apart.templates} <= {23, 24}


def test_times_that_there_is_no_room_for_give_the_same_percentiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = snapshot_of(tmp_path, range(DAYS))
    roomy = compressed(folder)
    shorter, longest = (sorted(template.executions for template in roomy.templates)[n] for n in (0, -1))
    monkeypatch.setattr("advisor.workload.percentiles.AT_ONCE", shorter + longest)
    assert sum(template.executions for template in roomy.templates) > shorter + longest
    assert shorter <= (shorter + longest) // 2 < longest
    assert compressed(folder) == roomy


@pytest.mark.parametrize("offered", [0, 10_000])
def test_three_of_four_templates_are_shown_by_the_text_of_the_week_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: int
) -> None:
    """Each execution has constants of its own. What is least by a hash would be the same in 23 of 37."""
    monkeypatch.setattr("advisor.workload.history.IN_PARTS", (1,))
    monkeypatch.setattr("advisor.workload.history.EXECUTIONS_OFFERED", offered)
    shown = [
        {t.fingerprint: t.text for t in compressed(_daily(tmp_path / str(first), range(first, first + 30))).templates}
        for first in (0, 7, 35)
    ]
    assert [len(each) for each in shown] == [80] * 3
    same = [sum(text == other[name] for name, text in shown[0].items()) for other in shown[1:]]
    assert 56 <= same[0] <= 66  # 60 but for chance
    assert same[1] == 0


def test_a_redacted_text_stands_for_no_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.workload.history.EXECUTIONS_A_PART", 10_000)
    rows = [query(f"select a from t where b = {n}", n, QUERY_PARAMETERIZED_HASH="h") for n in range(60)]
    first = compressed(write_snapshot(tmp_path / "all", rows)).templates[0]
    hidden = [row | {"QUERY_TEXT": "<redacted>"} if row["QUERY_ID"] == first.example_query_id else row for row in rows]
    other = compressed(write_snapshot(tmp_path / "one", hidden)).templates[0]
    assert other.executions == 60
    assert other.example_query_id != first.example_query_id
    assert other.text in {row["QUERY_TEXT"] for row in rows if row["QUERY_ID"] == other.example_query_id}


def test_samples_by_number_are_those_by_statement_and_context() -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE part AS SELECT *, dense_rank() OVER (ORDER BY STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME) AS NUMBER, 3 AS SAMPLES
            FROM (
                SELECT 's' || i % 7 AS STATEMENT, CASE WHEN i % 3 > 0 THEN 'd' || i % 3 END AS DATABASE_NAME, 'p' AS SCHEMA_NAME,
                    CASE i % 4 WHEN 0 THEN 'no warehouse' ELSE 'executed' END AS OUTCOME, 'id' || i AS QUERY_ID, now() AS START_TIME,
                    i AS EXECUTION_MS, nullif(i % 11, 5) AS PARTITIONS_SCANNED, 11 AS PARTITIONS_TOTAL, i AS BYTES_SCANNED
                FROM range(600) AS numbers(i)
            );
            CREATE TABLE written AS SELECT QUERY_ID, 'select ' || EXECUTION_MS AS QUERY_TEXT FROM part
        """)
        plain = duckdb_sql("query_samples", history="written", executions="part").replace("$samples", "3")
        found = connection.execute(f"{samples_of('written', 'part')} ORDER BY chosen.QUERY_ID").fetchall()
        assert found == connection.execute(f"{plain} ORDER BY chosen.QUERY_ID").fetchall()
        assert len(found) > 100


def _daily(folder: Path, days: range) -> Path:
    """80 statements, each executed once a day."""
    snapshot_of(folder, range(0))
    for number in days:
        rows = [
            query(f"select column_{n} from t where id = {number}", 80 * number + n) | {"START_TIME": at, "END_TIME": at}
            for n in range(80)
            for at in [START + timedelta(days=number, minutes=18 * n)]
        ]
        write_view(folder / "query_history", f"{number:04d}", rows)
    return folder


def test_most_samples_are_those_of_the_week_before(tmp_path: Path) -> None:
    first, second = (
        compressed(snapshot_of(tmp_path / str(n), range(n, n + 30)), samples_per_template=40) for n in (0, 7)
    )
    texts = [{sample.text for template in w.templates for sample in template.samples} for w in (first, second)]
    assert len(texts[0] & texts[1]) > len(texts[1]) / 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "folder", "forged", "fewer"])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, made: list[str], damage: str) -> None:
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    found = compressed(folder, cache)
    made.clear()
    path = digest_files(cache)[0]
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        forged = b'{"since": 1, "span": [1, 2], "sizes": [-4]}\n' + b"PAR1" * 9
        content = {
            "cut": data[:4000],
            "flipped": data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
            "empty": b"",
            "foreign": b"PAR1" * 99,
            "forged": kept.MARK + sha256(forged).digest() + forged,
            "fewer": kept.MARK + sha256(b"{}").digest() + b"{}",
        }
        path.write_bytes(content[damage])
    assert compressed(folder, cache) == found
    assert len(made) == 1
    if damage != "folder":
        made.clear()
        assert compressed(folder, cache) == found
        assert made == []


def test_a_file_s_content_is_what_it_is_known_by(tmp_path: Path, made: list[str]) -> None:
    """Not its name, its size nor its time."""
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    compressed(folder, cache)
    one, other = folder / "query_history" / "0000.parquet", folder / "query_history" / "0001.parquet"
    data = one.read_bytes(), other.read_bytes()
    one.write_bytes(data[1])
    other.write_bytes(data[0])
    made.clear()
    compressed(folder, cache)
    assert made == []
    write_view(folder / "query_history", "0000", [row | {"EXECUTION_TIME": 7} for row in day(1)])
    assert compressed(folder, cache) == compressed(folder)
    assert made[0] == "0000"


def test_what_is_asked_is_what_a_digest_is_known_by(tmp_path: Path, made: list[str]) -> None:
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    compressed(folder, cache)
    made.clear()
    compressed(folder, cache, samples_per_template=3)
    assert len(made) == DAYS


def test_a_manifest_s_digests_are_believed_once_they_are_checked(tmp_path: Path, made: list[str]) -> None:
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    compressed(folder, cache)
    write_manifest(folder, "export")
    made.clear()
    compressed(folder, cache)
    assert made == []


@pytest.mark.parametrize("at_once", [10**6, 50])
def test_an_id_that_two_files_hold_counts_once(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However many ids there is room to compare."""
    monkeypatch.setattr("advisor.workload.ids.AT_ONCE", at_once)
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    whole = compressed(folder, cache)
    twice = [row | {"END_TIME": row["START_TIME"]} for row in day(2)[:5]]
    write_view(folder / "query_history", "0009", twice)
    made.clear()
    again = compressed(folder, cache)
    assert (again.queries, again.execution_ms) == (whole.queries, whole.execution_ms)
    assert again == compressed(folder)
    assert made == [*(f"{number:04d}" for number in range(DAYS)), "0009"] * 2


def test_files_of_other_columns_are_read_together(tmp_path: Path, made: list[str]) -> None:
    folder = snapshot_of(tmp_path / "history", range(DAYS))
    write_view(folder / "query_history", "0000", [row | {"ROWS_INSERTED": 3} for row in day(0)])
    with open_snapshot(folder) as snapshot:
        assert len(units(snapshot, 0)) == 1
    assert sum(t.rows_inserted or 0 for t in compressed(folder, tmp_path / "cache").templates) > 0


def test_small_files_are_put_together_alike_in_each_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.workload.units.ROWS_A_UNIT", 3 * A_DAY)
    found = []
    for first in (0, 5):
        with open_snapshot(snapshot_of(tmp_path / str(first), range(first, first + 40))) as snapshot:
            found.append([[path.stem for path in unit.files] for unit in units(snapshot, 0)])
    assert 40 / 8 <= len(found[0]) <= 40 / 2
    assert sum(unit in found[0] for unit in found[1]) >= len(found[1]) / 2


def test_a_folder_that_cannot_be_written_to_changes_nothing(tmp_path: Path) -> None:
    folder = snapshot_of(tmp_path / "history", range(DAYS))
    (tmp_path / "file").write_text("")
    assert compressed(folder, tmp_path / "file") == compressed(folder)


def test_a_text_that_is_known_is_not_named_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []

    def watched(text: str) -> str:
        named.append(text)
        return canonical_aliases(text)

    monkeypatch.setattr("advisor.workload.fingerprint.canonical_aliases", watched)
    first, second = snapshot_of(tmp_path / "1", range(8)), snapshot_of(tmp_path / "2", range(8))
    found = compressed(first, tmp_path / "cache")
    assert len(named) == len(SHAPES)
    named.clear()
    new = [row | {"QUERY_TEXT": "select max(b) from t", "QUERY_PARAMETERIZED_HASH": "new"} for row in day(8)]
    write_view(second / "query_history", "0008", new)
    later = compressed(second, tmp_path / "cache")
    assert named == ["SELECT MAX(B)FROM T"]
    assert {t.fingerprint for t in found.templates} < {t.fingerprint for t in later.templates}
    assert later == compressed(second)


def test_what_was_of_no_use_for_longest_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = snapshot_of(tmp_path / "history", range(DAYS)), tmp_path / "cache"
    compressed(folder, cache)
    found = sorted((cache / kept.FOLDER).iterdir(), key=lambda path: path.stat().st_mtime_ns)
    monkeypatch.setattr(kept, "MOST_BYTES", sum(path.stat().st_size for path in found[-2:]))
    kept.drop_old(cache)
    assert sorted((cache / kept.FOLDER).iterdir()) == sorted(found[-2:])
