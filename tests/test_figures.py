"""Figures as sentences hold them."""

from __future__ import annotations

import pytest

from advisor.figures import listed, sizes, some
from advisor.model import Range


@pytest.mark.parametrize(("names", "said"), [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")])
def test_names_are_listed_as_one_says_them(names: list[str], said: str) -> None:
    assert listed(names) == said
    assert listed(names, "or") == said.replace("and", "or")


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Range(1, 1, 1), "1 partition"),
        (Range(2, 4, 6), "2 to 6 (expected 4) partitions"),
        (Range(1, 1, 2), "1 to 2 (expected 1) partitions"),
        (Range(0, 0, 0), "0 partitions"),
    ],
)
def test_one_of_a_thing_is_no_plural(figure: Range, said: str) -> None:
    assert some(figure, "partition") == said


def test_bytes_are_said_in_units() -> None:
    assert sizes(Range(2**20, 2**30, 2**31)) == "1 MiB to 2 GiB (expected 1 GiB)"
    assert sizes(None) == "unknown"
