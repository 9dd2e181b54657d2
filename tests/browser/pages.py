"""The report in a browser, and everything that it does there that a reader doesn't see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Theme = Literal["light", "dark"]
LAPTOP = (1280, 800)
PHONE = (390, 844)
PAPER = (794, 1123)
"""A4 at 96 dots an inch."""


@dataclass(frozen=True)
class Opened:
    page: Page
    said: list[str] = field(default_factory=list)
    """Console messages and uncaught errors."""
    asked: list[str] = field(default_factory=list)
    """Addresses that the page asked for, itself included."""


@contextmanager
def opened(
    browser: Browser, file: Path, size: tuple[int, int] = LAPTOP, theme: Theme = "light", scripts: bool = True
) -> Iterator[Opened]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.goto(file.as_uri())
    yield found
    context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical, with the first place where."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {source} }}")  # by the debugger: the page's own policy lets no other script in
    results: dict[str, Any] = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{found['id']}: {found['help']} ({len(found['nodes'])}, first: {found['nodes'][0]['html'][:120]})"
        for found in results["violations"]
        if found["impact"] in ("serious", "critical")
    ]
