"""`advisor diff`: what changed between two runs' advice, and why."""

from __future__ import annotations

from pathlib import Path

import click

HELP = """Say which advice is new, gone or changed between two runs, and which of their inputs tells why.

OLD and NEW are output folders of `advisor analyze`, or their advice.json. Figures that moved by less than a tenth count as
the same. Nothing is printed for Markdown where nothing differs.

\b
Example:
  advisor diff reports/2026-11-15 reports/2026-11-22 > comment.md
"""


@click.command(help=HELP, short_help="Say what changed between two runs' advice.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="A pull request's comment, or for programs.",
)
def diff(old: Path, new: Path, form: str) -> None:
    from advisor.differ import compare
    from advisor.generator.difference import as_json, as_markdown
    from advisor.published import read

    difference = compare(read(old), read(new))
    click.echo((as_json if form == "json" else as_markdown)(difference), nl=False)
    if not difference:
        click.echo("no difference", err=True)
