"""Keys are compared as parts: what Snowflake stores reads back as what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.keys import parse, render
from advisor.model import KeyPart


@pytest.mark.parametrize(
    ("stored", "part"),
    [
        ("TENANT_ID", KeyPart("TENANT_ID")),
        ("tenant_id", KeyPart("TENANT_ID")),
        ('"tenant"', KeyPart("tenant")),
        ("CAST(TS AS DATE)", KeyPart("TS", unit="DAY")),
        ("TO_DATE(TS)", KeyPart("TS", unit="DAY")),
        ("DATE_TRUNC('WEEK', D)", KeyPart("D", unit="WEEK")),
        ("DATE_TRUNC('month', D)", KeyPart("D", unit="MONTH")),
        ("TRUNC(N, -3)", KeyPart("N", digits=3)),
        ("SUBSTRING(C,0,4)", KeyPart("C", substring=(1, 4))),
    ],
)
def test_a_stored_expression_is_the_part_it_stands_for(stored: str, part: KeyPart) -> None:
    assert parse(stored) == part


@pytest.mark.parametrize("stored", ["A + B", "TO_NUMBER(GET_PATH(V, 'id'))", "UPPER(C)", "TRUNC(N)", "1", "'", ""])
def test_any_other_expression_is_none(stored: str) -> None:
    assert parse(stored) is None


names = st.text(
    st.characters(exclude_characters="\0", categories=["L", "N", "P", "S", "Z", "Cc", "Cf"]), min_size=1, max_size=40
)
parts = st.one_of(
    st.builds(KeyPart, names),
    st.builds(KeyPart, names, unit=st.sampled_from(["HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"])),
    st.builds(KeyPart, names, digits=st.integers(1, 12)),
    st.builds(KeyPart, names, substring=st.tuples(st.integers(1, 20), st.integers(1, 9))),
)


@given(parts)
def test_what_is_rendered_reads_back_whatever_the_name_holds(part: KeyPart) -> None:
    assert parse(render(part)) == part
