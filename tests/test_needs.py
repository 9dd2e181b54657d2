"""What an account is asked for after its history: the columns whose statistics would sharpen the advice."""

from __future__ import annotations

from pathlib import Path

from advisor.needs import needs
from advisor.settings import Settings
from tests.recommenders.accounts import columns, runs, times
from tests.snapshots import table, write_snapshot

SALES, ITEMS, NOTES = (
    table("SALES", ROW_COUNT=10**8, BYTES=10**10),
    table("ITEMS", ROW_COUNT=5000, BYTES=10**6),
    table("NOTES", ROW_COUNT=5000, BYTES=10**6),
)
DESCRIBED = [
    *columns("SALES", ITEM_ID="NUMBER", AMOUNT="NUMBER"),
    *columns("ITEMS", ID="NUMBER", BRAND="NUMBER", NAME="TEXT"),
    *columns("NOTES", ID="NUMBER", AUTHOR="NUMBER"),
]


def test_a_small_table_whose_filter_may_prune_a_large_one_is_asked_for_with_both_sides_of_the_join(
    tmp_path: Path,
) -> None:
    text = "SELECT COUNT(*) FROM sales JOIN items ON item_id = id WHERE brand = "
    history = runs(lambda i, at: f"{text}{i}", times(50), "j", PARTITIONS_SCANNED=600, PARTITIONS_TOTAL=600)
    history += runs(
        lambda i, at: f"SELECT * FROM notes WHERE author = {i}",
        times(50),
        "n",
        PARTITIONS_SCANNED=1,
        PARTITIONS_TOTAL=1,
    )
    write_snapshot(tmp_path, history, (SALES, ITEMS, NOTES), columns=DESCRIBED)
    asked = {each.table.name.name: [c.name for c in each.columns] for each in needs(tmp_path, Settings()).tables}
    assert asked == {"SALES": ["ITEM_ID"], "ITEMS": ["ID", "BRAND"]}


def test_a_join_with_a_table_that_nothing_filters_asks_for_nothing(tmp_path: Path) -> None:
    text = "SELECT COUNT(*) FROM sales JOIN items ON item_id = id"
    history = runs(lambda i, at: text, times(50), "j", PARTITIONS_SCANNED=600, PARTITIONS_TOTAL=600)
    write_snapshot(tmp_path, history, (SALES, ITEMS), columns=DESCRIBED)
    assert needs(tmp_path, Settings()).tables == ()
