"""What every command says on stderr, and what the terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from advisor.errors import InputError

LOG_SIZE = (1000, 100)


def say(line: str) -> None:
    click.echo(line, err=True)


def progress() -> Callable[[str], None]:
    """Each stage as it begins, on a terminal only."""
    return say if sys.stderr.isatty() else lambda _: None


def coloured() -> bool:
    """Colours are for a terminal that can show them, unless its user wants none: no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_size() -> tuple[int, int]:
    """Columns and lines; a file has as many as are needed."""
    size = shutil.get_terminal_size()
    return (size.columns, size.lines) if sys.stdout.isatty() else LOG_SIZE


def written(path: Path, text: str) -> None:
    """A file that the user named, whole. Raises InputError where it can't be written."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name another file") from error
