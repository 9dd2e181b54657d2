"""A real browser: Debian's Chromium, driven by Playwright. `make test-browser` installs both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# No sandbox: CI runs as root. The rest keeps the browser from calling home by itself.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NEEDED = "BROWSER_TESTS"
"""Set by `make test-browser`: a missing browser is then a failure."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        missing("Chromium is not installed")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        missing("Playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def missing(what: str) -> None:
    if os.environ.get(NEEDED):
        pytest.fail(f"{what}: `make test-browser` should have installed it")
    pytest.skip(f"{what}: `make test-browser` installs it")
