"""Planted tables with a history: what may be set apart, and what must not be."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor.generator import generate
from advisor.generator.summary import screen
from advisor.model import Advice
from advisor.settings import Settings
from tests.recommenders.accounts import advise, columns, of, rejected, runs, times
from tests.snapshots import START, Row, table

Rows = list[dict[str, Any]]
KIND = "history_partitioning"
GIB = 2**30
COLUMNS = columns("EVENTS", ID="NUMBER", TS="TIMESTAMP_NTZ", LEVEL="TEXT")
EVENTS = table(
    "EVENTS", ROW_COUNT=7_000_000_000, BYTES=1000 * GIB, CREATED=datetime(2018, 1, 1), CLUSTERING_KEY="LINEAR(LEVEL)"
)


def lately(i: int, at: datetime) -> str:
    """The last week to the last 60 days."""
    since = at - timedelta(days=(7, 30, 60)[i % 3])
    return f"SELECT level, COUNT(*) FROM events WHERE ts >= '{since:%Y-%m-%d %H:%M:%S}' GROUP BY level"


def readers(scanned: int, total: int = 64_000) -> Rows:
    return runs(lately, times(300), "r", PARTITIONS_SCANNED=scanned, PARTITIONS_TOTAL=total)


def advice(folder: Path, history: Rows, events: Row = EVENTS, settings: Settings | None = None, **views: Any) -> Advice:
    return advise(folder, history, [events], settings, **{"columns": COLUMNS, **views})


def test_history_that_nobody_reads_of_a_table_in_time_order_is_archived(tmp_path: Path) -> None:
    found = advice(tmp_path, readers(1500))
    (archived,) = of(found, KIND)
    assert archived.details["cut"] == {"column": "TS", "boundary": "2024-10-01", "method": "lifecycle_policy"}
    assert archived.details["keep_days"] == 120
    assert "60 days back at most; the table spans 2,580" in archived.reason
    assert "they skip these partitions already: only storage is saved" in archived.reason
    assert "Time prunes already: queries that begin at a moment of TS read at most 2.3%" in rejected(found, KIND)


@pytest.mark.parametrize("read", [12, 6, 1])
def test_a_reach_is_counted_from_the_moment_that_each_sample_ran(tmp_path: Path, read: int) -> None:
    """However many of the samples are read: none reaches back further than the 60 days of its own moment."""
    (archived,) = of(advice(tmp_path, readers(1500), settings=Settings(samples_read=read)), KIND)
    days = archived.details["look_back_days"]
    assert isinstance(days, float)
    assert days <= 60.01


def test_an_archive_is_never_one_that_deletes(tmp_path: Path) -> None:
    generate(advice(tmp_path / "in", readers(1500)), tmp_path / "out")
    (script,) = (tmp_path / "out" / "scripts").glob("*history_partitioning*")
    text = script.read_text()
    assert "ARCHIVE_TIER = COOL\n  ARCHIVE_FOR_DAYS = 2147483647" in text
    assert "moment < DATEADD('day', -120, CURRENT_DATE())" in text


def test_storage_is_netted_where_its_price_is_known_and_its_break_even_said_where_not(tmp_path: Path) -> None:
    priced = Settings(storage_price_per_tib_month=23.0, price_per_credit=3.0)
    (known,) = of(advice(tmp_path / "a", readers(1500), settings=priced), KIND)
    (unknown,) = of(advice(tmp_path / "b", readers(1500)), KIND)
    assert known.benefit.credits is not None
    assert known.benefit.credits.expected == pytest.approx(0.953 * 1000 / 1024 * 23 / 3 / 2, rel=0.02)
    assert known.net_credits_per_month.expected > 0
    assert unknown.benefit.credits is None
    assert any("It pays where a TiB-month is worth more than" in warning for warning in unknown.warnings)


def test_what_has_no_price_in_credits_is_said_beside_the_total_and_not_as_a_saving(tmp_path: Path) -> None:
    found = advice(tmp_path / "in", readers(700))
    generate(found, tmp_path / "out")
    said = (
        "What 1 change brings has no price in credits, such as storage: the net holds what it takes alone.",
        "In credits alone you save",
    )
    plan, report = ((tmp_path / "out" / name).read_text() for name in ("plan.md", "report.html"))
    for text in (plan, report, screen(found, tmp_path, 200, 60, False)):
        assert all(part in text for part in said)
        assert "some serve the same queries" not in text
        assert "payback unknown" in text
        assert ".What" not in text
    assert found.totals.claimed_alone == pytest.approx(found.totals.net_credits_per_month.expected)


def updated(rows: int) -> Rows:
    """So many rows changed anywhere, every day: no order of the table would last."""
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "PUBLIC", "TABLE_NAME": "EVENTS"}
    return [{"START_TIME": at, "ROWS_ADDED": 0, "ROWS_REMOVED": 0, "ROWS_UPDATED": rows, **place} for at in times(28)]


def mixed(folder: Path, **views: Any) -> Advice:
    """Recent rows lie among old ones, and one query reads them all."""
    whole = runs(lambda i, at: "SELECT COUNT(DISTINCT level) FROM events", [START], "w", PARTITIONS_TOTAL=64_000)
    views.setdefault("table_dml_history", updated(1_000_000))
    return advice(folder, readers(64_000) + whole, {**EVENTS, "CLUSTERING_KEY": None}, **views)


def test_history_among_recent_rows_is_split_off_where_no_key_would_last(tmp_path: Path) -> None:
    (split,) = of(mixed(tmp_path), KIND)
    assert split.details["cut"] == {"column": "TS", "boundary": "2024-10-01", "method": "split"}
    assert split.net_credits_per_month.low > 0
    assert "yet read 100.0% of its 64,000 micro-partitions" in split.reason


def test_a_table_with_a_virtual_column_is_not_split(tmp_path: Path) -> None:
    kinds = [row | {"KIND": "VIRTUAL_COLUMN" if row["COLUMN_NAME"] == "LEVEL" else "COLUMN"} for row in COLUMNS]
    found = mixed(tmp_path, columns=kinds)
    assert not of(found, KIND)
    assert "LEVEL is a virtual column: whether its parts would get it too needs checking." in rejected(found, KIND)


def test_a_split_and_a_key_for_the_same_seconds_are_not_both_taken(tmp_path: Path) -> None:
    found = mixed(tmp_path, table_dml_history=updated(0))
    assert [r.kind for r in found.recommendations] == ["clustering_key"]
    assert "credits a month more" in rejected(found, KIND)


def test_a_split_checks_its_rows_before_the_swap(tmp_path: Path) -> None:
    generate(mixed(tmp_path / "in"), tmp_path / "out")
    texts = [path.read_text() for path in (tmp_path / "out" / "scripts").glob("*history_partitioning*")]
    (text,) = [text for text in texts if "UNION ALL" in text]
    steps = [
        "INSERT OVERWRITE INTO DB.PUBLIC.EVENTS_HOT",
        "HASH_AGG",
        "RENAME TO DB.PUBLIC.EVENTS_BEFORE_SPLIT",
        "CREATE VIEW DB.PUBLIC.EVENTS",
    ]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)


# ---------------------------------------------------------------- nothing is due


def test_one_reader_of_the_whole_keeps_history_out_of_the_archive(tmp_path: Path) -> None:
    whole = runs(lambda i, at: "SELECT COUNT(DISTINCT level) FROM events", times(4, 7), "w", PARTITIONS_TOTAL=64_000)
    found = advice(tmp_path, readers(1500) + whole)
    assert not of(found, KIND)
    assert "1 query template may read all of it" in rejected(found, KIND)


def test_a_table_that_is_read_from_end_to_end_is_left_whole(tmp_path: Path) -> None:
    def years(i: int, at: datetime) -> str:
        return f"SELECT COUNT(*) FROM events WHERE ts >= '{2019 + i % 5}-01-01'"

    found = advice(tmp_path, runs(years, times(100), "y", PARTITIONS_SCANNED=9000, PARTITIONS_TOTAL=64_000))
    assert not of(found, KIND)
    assert "days: nothing of it would be history" in rejected(found, KIND)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"TABLE_TYPE": "EXTERNAL TABLE"}, "PARTITION BY a column computed from METADATA$FILENAME"),
        (
            {"TABLE_TYPE": "EXTERNAL TABLE"},
            "ADD PARTITION, and let queries ask for that column beside TS. No script is written for that.",
        ),
        (
            {"IS_ICEBERG": "YES"},
            "PARTITION BY (MONTH(TS)), or DAY where a day fills files of its own, filled from this one, sets its history apart",
        ),
        ({"IS_ICEBERG": "YES"}, "check first who else reads or writes its files, and that Snowflake is its catalog"),
        ({"IS_HYBRID": "YES"}, "neither micro-partitions nor archive storage"),
        ({"IS_DYNAMIC": "YES"}, "its rows follow from its query"),
        ({"CREATED": None}, "Neither statistics of TS nor the table's creation tell"),
        ({"BYTES": 20 * GIB}, "under 50 GiB storage costs little"),
    ],
)
def test_what_the_platform_forbids_or_the_snapshot_lacks_is_said(tmp_path: Path, change: Row, said: str) -> None:
    found = advice(tmp_path, readers(1500), {**EVENTS, **change})
    assert not of(found, KIND)
    assert said in rejected(found, KIND)


def test_a_table_that_a_job_recreates_is_cut_there(tmp_path: Path) -> None:
    build = "CREATE OR REPLACE TABLE events AS SELECT * FROM staging"
    built = runs(lambda i, at: build, times(28, 3), "c", QUERY_TYPE="CREATE_TABLE_AS_SELECT")
    found = advice(tmp_path, readers(1500) + built)
    assert not of(found, KIND)
    assert "A job recreates it" in rejected(found, KIND)


def test_a_purge_of_old_rows_counts_as_a_reader_of_them(tmp_path: Path) -> None:
    purge = runs(lambda i, at: "DELETE FROM events WHERE ts < '2018-02-01'", times(2, 9), "d", QUERY_TYPE="DELETE")
    assert not of(advice(tmp_path, readers(1500) + purge), KIND)


def test_a_small_table_is_passed_over_in_silence(tmp_path: Path) -> None:
    small = {**EVENTS, "BYTES": GIB, "ROW_COUNT": 10_000}
    found = advice(tmp_path, readers(3, 60), small)
    assert KIND not in {r.kind for r in found.rejections} | {r.kind for r in found.recommendations}


def test_a_part_s_name_that_is_taken_stops_the_split(tmp_path: Path) -> None:
    taken = table("EVENTS_HOT", ROW_COUNT=1, BYTES=1)
    found = advise(tmp_path, readers(64_000), [EVENTS, taken], columns=COLUMNS)
    assert "The name DB.PUBLIC.EVENTS_HOT, which a part of it would get, is taken." in rejected(found, KIND)
