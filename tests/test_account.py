"""Which texts of which templates are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.account import read_account
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, by_customer, by_week, columns, loads, runs
from tests.snapshots import write_snapshot


def scanned(folder: Path, settings: Settings) -> list[list[int | None]]:
    """Per template that filters the table, those that take most time first: partitions that its texts read scanned."""
    heavy = [{**row, "PARTITIONS_SCANNED": 1000 + i} for i, row in enumerate(runs(by_customer, 240, 2000))]
    light = runs(by_week, 120, 1000, start=7)
    write_snapshot(folder, history=[*heavy, *light, *loads(100_000)], tables=[ORDERS], columns=columns("ORDERS"))
    with open_snapshot(folder, settings) as snapshot:
        templates = read_account(snapshot, settings, lambda *_: None).templates
    return [[one.partitions_scanned for one in read.ran] for read in templates if read.template.kind == "SELECT"]


@pytest.mark.parametrize(("read", "texts"), [(48, (24, 24)), (30, (18, 12)), (24, (12, 12)), (12, (12, 0))])
def test_half_of_each_templates_texts_are_read_before_the_other_half(
    tmp_path: Path, read: int, texts: tuple[int, int]
) -> None:
    heavy, light = scanned(tmp_path, Settings(samples_read=read))
    assert (len(heavy), len(light)) == texts


def test_a_half_is_spread_over_what_the_executions_scanned(tmp_path: Path) -> None:
    heavy, _ = scanned(tmp_path, Settings(samples_read=24))
    ordered = sorted(n for n in heavy if n is not None)
    assert len(ordered) == 12
    for i, n in enumerate(ordered):
        assert 1000 + 20 * i <= n < 1020 + 20 * i, "one of each twelfth"
