"""The pages that come from the code say what the code says, and every link in them leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.refresh_docs import DOCS, pages


@pytest.mark.parametrize("path", sorted(pages()))
def test_a_page_that_is_made_from_the_code_is_as_the_code(path: str) -> None:
    assert (DOCS / path).read_bytes().decode() == pages()[path], "if this is meant: python -m tests.refresh_docs"


def test_there_is_no_page_of_a_command_or_kind_that_is_gone() -> None:
    found = {
        path.relative_to(DOCS).as_posix() for folder in ("commands", "kinds") for path in (DOCS / folder).iterdir()
    }
    assert found == {path for path in pages() if "/" in path}


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
