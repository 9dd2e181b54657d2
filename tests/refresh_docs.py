"""Writes what comes from the code of `docs/` and the README: `python -m tests.refresh_docs`, then read the diff.

One page a command from its help, one page a kind from its recommender's docstring, the index of both, and README's table
of kinds.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
from tabulate import tabulate

from advisor.cli import cli
from advisor.recommenders import HEADINGS, RECOMMENDERS, Recommender, documentation, table

README = Path(__file__).parents[1] / "README.md"
DOCS = README.parent / "docs"
_TABLE_OF_KINDS = re.compile(r"^\| kind \| what it finds .*?(?=\n\n)", re.MULTILINE | re.DOTALL)
MADE = "<!-- Made from the code by `python -m tests.refresh_docs`. -->"


def pages() -> dict[str, str]:
    """What each generated page must hold, by its path under `docs/`."""
    commands = {f"commands/{name}.md": _command(name, command) for name, command in sorted(cli.commands.items())}
    kinds = {f"kinds/{_kind(module)}.md": _recommender(module) for module in RECOMMENDERS}
    return {"README.md": _index()} | commands | kinds


def _index() -> str:
    commands = [
        (f"[`advisor {name}`](commands/{name}.md)", c.get_short_help_str(200))
        for name, c in sorted(cli.commands.items())
    ]
    kinds = [(f"[`{_kind(module)}`](kinds/{_kind(module)}.md)", documentation(module)[""]) for module in RECOMMENDERS]
    return _page(
        "Documentation",
        "New here? [Ten minutes from the demo to a pull request](walk.md). What comes out of it: "
        "[the demo's own report](../reports/example/plan.md). How good it is: "
        "[figures](figures.md). Why things are as they are: [decisions](adr/).",
        "## Commands",
        _table(("command", "what it does"), commands),
        "## Kinds of advice",
        _table(("kind", "what it is"), kinds),
    )


# ---------------------------------------------------------------- commands


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, parent=click.Context(cli, info_name="advisor"))
    options = [
        _option(parameter, context) for parameter in command.get_params(context) if isinstance(parameter, click.Option)
    ]
    arguments = [p.make_metavar(context) for p in command.get_params(context) if isinstance(p, click.Argument)]
    usage = " ".join(("advisor", name, "[OPTIONS]", *arguments))
    return _page(
        f"advisor {name}",
        f"    {usage}",
        _help(command.help or ""),
        "## Options",
        _table(("option", "what it does"), options),
    )


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None, f"{option.name} has no help"
    return f"`{record[0].replace('|', '/')}`", record[1].replace("|", "\\|").replace("<", "\\<")


def _help(text: str) -> str:
    """A command's help as Markdown: what click is told not to wrap is a block of code."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(_block(part) if part.startswith("\b") else " ".join(part.split()) for part in paragraphs)


def _block(paragraph: str) -> str:
    lines = paragraph.removeprefix("\b").strip("\n").split("\n")
    if len(lines) == 1:
        return lines[0].strip()
    head = [lines.pop(0), ""] if re.fullmatch(r"[A-Z]\w+.*:", lines[0]) else []
    return "\n".join([*head, *(f"    {line.strip()}" for line in lines)])


# ---------------------------------------------------------------- kinds


def _kind(recommender: Recommender) -> str:
    return recommender.__name__.rpartition(".")[2]


def _recommender(recommender: Recommender) -> str:
    said, kind = documentation(recommender), _kind(recommender)
    sections = [f"## {heading}\n\n{said[heading]}" for heading in HEADINGS]
    made = f"[templates/scripts/{kind}.sql.j2](../../templates/scripts/{kind}.sql.j2)"
    return _page(
        kind,
        said[""],
        *sections,
        f"## Its script\n\nEvery script comes from {made}: preconditions, apply, verify, revert.",
    )


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((MADE, f"# {title}", *parts)) + "\n"


def _table(headers: tuple[str, ...], rows: list[tuple[str, str]]) -> str:
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def refresh() -> None:
    texts = pages()
    for folder in ("commands", "kinds"):
        (DOCS / folder).mkdir(parents=True, exist_ok=True)
        for orphan in (path for path in (DOCS / folder).iterdir() if f"{folder}/{path.name}" not in texts):
            orphan.unlink()
    for path, text in texts.items():
        (DOCS / path).write_bytes(text.encode())
    readme = README.read_text(encoding="utf-8")
    README.write_text(_TABLE_OF_KINDS.sub(lambda _: table().rstrip("\n"), readme), encoding="utf-8")


if __name__ == "__main__":
    refresh()
