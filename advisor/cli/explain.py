"""`advisor explain`: a kind of advice, or one recommendation's reasoning."""

from __future__ import annotations

from pathlib import Path

import click

HELP = """Explain a kind of advice, a recommendation, or what is said of an object.

NAME is a kind (clustering_key), the id of a recommendation (clustering_key-1a2b3c4d5e6f), or a table as DATABASE.SCHEMA.NAME.

\b
Example:
  advisor explain clustering_key-1a2b3c4d5e6f --advice reports/2026-11-22
"""


@click.command(help=HELP, short_help="Explain a kind of advice or a recommendation.")
@click.argument("name")
@click.option(
    "--advice",
    type=click.Path(path_type=Path),
    help="Output folder of `advisor analyze`.  [default: the latest in reports/]",
)
def explain(name: str, advice: Path | None) -> None:
    from advisor import explainer
    from advisor.published import latest, read

    if name in explainer.kinds():
        click.echo(explainer.documentation(name))
        return
    if advice is None and "-" not in name and "." not in name:
        raise explainer.unknown(name, None)
    published = read(advice or latest())
    found = published.recommendation(name)
    text = explainer.reasoning(published, found) if found else explainer.about_object(published, name)
    if text is None:
        raise explainer.unknown(name, published)
    click.echo(text)
