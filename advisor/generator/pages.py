"""What people read: `plan.md` for the DBA, `report.html` for everyone else; both show the same figures.

Each environment escapes whatever it prints unless a filter has marked it as safe, so no name needs a thought of its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from tabulate import tabulate

from advisor import figures
from advisor.generator import listings
from advisor.generator.cards import cards, net_scale
from advisor.generator.gallery import gallery, plan_gallery
from advisor.generator.headline import break_even, headline
from advisor.generator.listings import Listing
from advisor.generator.scripts import Script
from advisor.model import Advice
from advisor.quoting import comment
from advisor.resources import folder

# What starts or ends something in GitHub's Markdown: inside a line (an underscore only at a word's edge), as an automatic
# link, and at the start of a line.
_MARKDOWN = re.compile(
    r"""[\\`*\[\]<>|~&@$] | (?<![^\W_])_ | _(?![^\W_])
      | :(?=//) | (?<!:)/(?=/) | (?<=www)\.
      | \A[-+=\#](?!\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_LIST_ITEM = re.compile(r"\A(\d{1,9})([.)])(?=\s|\Z)", re.ASCII)
_BACKTICKS = re.compile("`+")
_SOURCES = ("style.css", "script.js")
SLOWEST_IN_REPORT = 200


def plan(advice: Advice, scripts: Sequence[Script | None]) -> str:
    """The text of `plan.md`."""
    template = _markdown_environment().get_template("plan.md.j2")
    return template.render(advice=advice, scripts=scripts, listings=listings, head=headline(advice))


def report(advice: Advice, scripts: Sequence[Script | None]) -> str:
    """The text of `report.html`: one file that loads nothing. Its own style sheet and script are the only ones that its
    content security policy lets through, by their hashes."""
    style, script = (Markup((folder("templates") / "report" / name).read_text(encoding="utf-8")) for name in _SOURCES)
    return (
        _html_environment()
        .get_template("report.html.j2")
        .render(
            advice=advice,
            listings=listings,
            head=headline(advice),
            cards=cards(advice, scripts),
            scale=net_scale(advice),
            plan_pictures=plan_gallery(advice),
            pictures=gallery(advice),
            slowest=listings.slowest(advice, SLOWEST_IN_REPORT),
            style=style,
            script=script,
        )
    )


def markdown(value: object) -> Markup:
    """`value` as it reads, on one line: nothing in it is markup."""
    if isinstance(value, Markup):
        return value
    line = comment(str(value)).lstrip(" ")  # four spaces would begin a block of code
    return Markup(_LIST_ITEM.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\g<0>", line)))


def table(listing: Listing) -> Markup:
    """A Markdown table of escaped cells, and a line for the rows that it leaves out."""
    cells = [[str(markdown(cell)) for cell in row] for row in listing.rows]
    text = tabulate(cells, headers=listing.headers, tablefmt="github", disable_numparse=True)
    more = f"\n\n… and {listing.left_out:,} more in `advice.json`." if listing.left_out else ""
    return Markup(text + more)


def fence(statements: Iterable[str]) -> Markup:
    """Statements as a block of SQL that none of them can end."""
    return _fenced("\n".join(f"{statement};" for statement in statements), "sql")


def fence_diff(diff: str) -> Markup:
    """A diff as a block that it can't end."""
    return _fenced(diff, "diff")


def _fenced(content: str, language: str) -> Markup:
    text = "\n".join(map(comment, content.split("\n")))
    ticks = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return Markup(f"{ticks}{language}\n{text}\n{ticks}")


def link(path: str) -> Markup:
    """A Markdown link to a file of the output folder, whose path holds letters, digits, `_`, `-`, `.` and `/` only."""
    return Markup(f"[`{path}`]({path})")


# ---------------------------------------------------------------- HTML


def source_hash(source: str) -> Markup:
    """What a content security policy calls an inline style sheet or script."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'")


def lines(text: str) -> Markup:
    """A text of several lines, escaped, with what doesn't show made visible."""
    return Markup("\n").join(comment(line) for line in text.split("\n"))


def exact(text: str) -> bool:
    """Whether `lines` shows the very text, so that it may be copied from the page."""
    return "\n".join(comment(line) for line in text.split("\n")) == text


def statements(texts: Iterable[str]) -> str:
    return "\n\n".join(f"{text};" for text in texts) or "-- nothing"


def _visible(value: object) -> object:
    return value if isinstance(value, Markup) else comment(str(value))


@cache
def _markdown_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        undefined=StrictUndefined,
        autoescape=True,  # so that a macro's result counts as escaped; `finalize` leaves nothing for HTML's rules to do
        finalize=markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= figures.FILTERS | {
        "table": table,
        "fence": fence,
        "fence_diff": fence_diff,
        "link": link,
        "break_even": break_even,
    }
    return environment


@cache
def _html_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= figures.FILTERS | {
        "source_hash": source_hash,
        "lines": lines,
        "exact": exact,
        "statements": statements,
    }
    return environment
