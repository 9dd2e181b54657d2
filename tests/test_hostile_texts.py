"""Whatever text comes from the account, the plan and the report show it and do nothing else with it.

(A browser opens the same report in tests/browser, the terminal shows the same advice in test_summary.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from advisor.generator.pages import plan, report
from advisor.generator.scripts import Script, scripts
from advisor.model import Advice
from tests.shown_advices import HOSTILE, hostile

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.fixture(scope="module")
def written() -> str:
    return plan(hostile(), scripts(hostile()))


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like").parse(text):
        yield token
        yield from token.children or ()


def test_the_plan_holds_no_html_no_image_and_no_link_but_to_its_own_files(written: str) -> None:
    kinds = {token.type for token in tokens(written)}
    assert not kinds & {"html_block", "html_inline", "image"}
    links = {str(token.attrs["href"]) for token in tokens(written) if token.type == "link_open"}
    assert links == {"apply.sql", "revert.sql", *(script.path for script in scripts(hostile()) if script)}


def test_the_plan_has_its_own_headings_and_no_others(written: str) -> None:
    parsed = MarkdownIt("gfm-like").parse(written)
    headings = [parsed[i + 1].content for i, token in enumerate(parsed) if token.type == "heading_open"]
    assert len(headings) == 9
    assert sum(HOSTILE[:20] in heading.replace("\\", "") for heading in headings) == 2


@pytest.mark.parametrize("page", [plan, report])
def test_nothing_invisible_is_left_on_a_page(page: Callable[[Advice, Sequence[Script | None]], str]) -> None:
    text = page(hostile(), scripts(hostile()))
    assert {c for c in text if unicodedata.category(c) in INVISIBLE} == {"\n"}
    assert "<U+202E>" in text.replace("\\", "") or "&lt;U+202E&gt;" in text
