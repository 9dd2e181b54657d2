"""What each template scans of one table today."""

from __future__ import annotations

from advisor.model import TableHistory, TableScans


def scans(name: str, read: int) -> TableScans:
    return TableScans(name, 2, read, 100 - read, None, None)


def test_what_is_recorded_of_a_templates_hashes_is_found_whatever_their_order_and_each_once() -> None:
    one, other, third = scans("a", 10), scans("b", 20), scans("c", 30)
    history = TableHistory(scans=(one, other, third, scans("a", 5)))
    assert history.scans_by(("c", "a")) == [third, one, scans("a", 5)]
    assert history.scans_by(("b", "b")) == [other], "a hash that is named twice is no two scans"
    assert history.scans_by(("unknown",)) == []
    assert TableHistory().scans_by(("a",)) == []
