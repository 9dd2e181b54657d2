"""How large report.html gets, how long it takes to write, and how long Chromium takes to open it.

    python -m benchmarks.report

From 500 recommendations of twenty templates each and 5,000 templates; medians of five. Goals: under 5 MB, under 2 s.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright
from tabulate import tabulate

from advisor.generator.pages import report
from advisor.generator.scripts import scripts
from advisor.model import Advice
from tests.browser.conftest import FLAGS
from tests.shown_advices import busy, large

RUNS = 5
LOADED = "() => { const t = performance.getEntriesByType('navigation')[0]; return [t.domContentLoadedEventEnd, t.loadEventEnd]; }"


def main() -> None:
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Chromium is not installed: make browser")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        rows = [
            _row(name, advice, browser, Path(folder))
            for name, advice in (("6 changes", busy()), ("500 changes", large()))
        ]
        browser.close()
    headers = (
        "report",
        "size, MB",
        "written, s",
        "scripts done, s",
        "loaded, s",
        "first card shown, s",
        "processor, s",
    )
    print(tabulate(rows, headers=headers, floatfmt=".2f"))


def _row(name: str, advice: Advice, browser: Browser, folder: Path) -> tuple[str | float, ...]:
    written = scripts(advice)
    started = time.perf_counter()
    text = report(advice, written)
    took = time.perf_counter() - started
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    opened = [_open(browser, file) for _ in range(RUNS)]
    return name, len(text.encode()) / 1e6, took, *(median(times) for times in zip(*opened, strict=True))


def _open(browser: Browser, file: Path) -> tuple[float, float, float, float]:
    """Seconds until the page's script has run, until everything is loaded, until a card can be seen, and those for which
    the page's thread really had a processor, whatever else the machine did."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    started = time.perf_counter()
    page.goto(file.as_uri())
    page.locator(".card").first.wait_for(state="visible")
    shown = time.perf_counter() - started
    scripts_done, loaded = page.evaluate(LOADED)
    measured = {entry["name"]: entry["value"] for entry in metrics.send("Performance.getMetrics")["metrics"]}
    page.close()
    return scripts_done / 1000, loaded / 1000, shown, measured["TaskDuration"]


if __name__ == "__main__":
    main()
