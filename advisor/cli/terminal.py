"""What every command says on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from advisor.errors import InputError


def say(line: str) -> None:
    click.echo(line, err=True)


def progress() -> Callable[[str], None]:
    """Each stage as it begins, on a terminal only."""
    return say if sys.stderr.isatty() else lambda _: None


def written(path: Path, text: str) -> None:
    """A file that the user named, whole. Raises InputError where it can't be written."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name another file") from error
