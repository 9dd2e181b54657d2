"""Takes the screenshots of the example's report: `python -m tests.browser.refresh_screenshots`, then look at them."""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.pages import LAPTOP, PAPER, PHONE, Theme, opened
from tests.refresh_example import EXAMPLE, PICTURES

THEMES: tuple[Theme, ...] = ("light", "dark")
SIZES = {"laptop": (LAPTOP[0], 1600), "phone": PHONE, "print": PAPER}
PARTS = {"card": ".card", "charts": "#today"}


def take(browser: Browser, width: str, theme: Theme) -> None:
    with opened(browser, EXAMPLE / "report.html", SIZES[width], theme) as found:
        if width == "print":
            found.page.emulate_media(media="print")
        found.page.screenshot(path=PICTURES / f"{width}-{theme}.png")
        for name, selector in PARTS.items():
            found.page.evaluate("selector => document.querySelector(selector).scrollIntoView()", selector)
            found.page.wait_for_timeout(200)  # what was off the screen is painted when it comes near
            found.page.screenshot(path=PICTURES / f"{width}-{theme}-{name}.png")


def main() -> None:
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Chromium is not installed: make browser")
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        for width in SIZES:
            for theme in THEMES:
                take(browser, width, theme)
        browser.close()


if __name__ == "__main__":
    main()
