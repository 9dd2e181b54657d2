"""What people read: `plan.md` for the DBA, `report.html` for everyone else; both show the same figures.

Each environment escapes whatever it prints unless a filter has marked it as safe, so no name needs a thought of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from operator import add

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from tabulate import tabulate

from advisor.generator import figures
from advisor.generator.scripts import Script
from advisor.model import ZERO, Advice, Range
from advisor.quoting import comment
from advisor.resources import folder

_ROWS = 10

# What starts or ends something in GitHub's Markdown, also as an automatic link; an underscore inside a word does not.
_MARKDOWN = re.compile(
    r"""[\\`*\[\]<>|~&@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|\A[-+=#]|(?<=\A\d)[.)]|(?<=\A\d\d)[.)]""",
    re.IGNORECASE,
)


def plan(advice: Advice, scripts: Sequence[Script | None]) -> str:
    """The text of `plan.md`."""
    return _render(_markdown_environment(), "plan.md.j2", advice, scripts)


def report(advice: Advice, scripts: Sequence[Script | None]) -> str:
    """The text of `report.html`: one file, nothing to load, no scripts."""
    return _render(_html_environment(), "report.html.j2", advice, scripts)


def _render(environment: Environment, template: str, advice: Advice, scripts: Sequence[Script | None]) -> str:
    return environment.get_template(template).render(
        advice=advice,
        pairs=list(zip(advice.recommendations, scripts, strict=True)),
        net=total(recommendation.net_credits_per_month for recommendation in advice.recommendations),
        build=total(recommendation.cost.build_credits for recommendation in advice.recommendations),
        upkeep=total(recommendation.cost.upkeep_credits_per_month for recommendation in advice.recommendations),
        ratio=figures.ratio,
        rows=_ROWS,
    )


def total(ranges: Iterable[Range | None]) -> Range | None:
    """The sum; None where a part of it is unknown."""
    known = list(ranges)
    return None if None in known else reduce(add, (figure for figure in known if figure), ZERO)


def markdown(value: object) -> Markup:
    """`value` as it reads, on one line: nothing in it is markup."""
    if isinstance(value, Markup):
        return value
    return Markup(_MARKDOWN.sub(r"\\\g<0>", comment(str(value))))


def table(rows: Iterable[Sequence[object]], headers: Sequence[str]) -> Markup:
    """A Markdown table of escaped cells."""
    cells = [[str(markdown(cell)) for cell in row] for row in rows]
    return Markup(tabulate(cells, headers=headers, tablefmt="github", disable_numparse=True))


def _visible(value: object) -> object:
    return value if isinstance(value, Markup) else comment(str(value))


@cache
def _markdown_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        undefined=StrictUndefined,
        autoescape=False,
        finalize=markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= figures.FILTERS | {"table": table}
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
    environment.filters |= figures.FILTERS
    return environment
